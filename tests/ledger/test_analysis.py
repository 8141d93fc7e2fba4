"""Are the questions of pages answered off sums and indices, in a ledger that was migrated too?"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.fresh import fresh

from codesession.ledger import SqliteLedger, opening
from codesession.ledger.days import DAY_MS, known_until
from codesession.ledger.totals import differences
from codesession.model import Attempt, CallState, Cost, Evidence, Outcome, Scope, Usage
from codesession.model.analysis import CallOrder, CallQuery, SessionOrder, SessionQuery, Span, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codesession.model.ports import Reader

COARSE = ("stretch", "day_model", "day_agent", "project")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with calls on three days."""
    path = tmp_path / "l.db"
    with closing(fresh(path)) as ledger, ledger.writing() as tx:
        session = tx.begin_session(Scope("/here"), "work", 1)
        for day in range(3):
            for nanos in (1, None, 100):
                made = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0, agent="a", customer="c")
                priced = None if nanos is None else Cost(nanos, "table")
                tx.record(made, Outcome(Usage(input=2), request_id="r"), priced, day * DAY_MS, day * DAY_MS)
        tx.end_session(session.id, DAY_MS)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def counted(connection: sqlite3.Connection, table: str) -> int:
    (calls,) = connection.execute(f"SELECT coalesce(sum(calls), 0) FROM {table}").fetchone()
    return int(calls)


# --- the days that are over ---


def test_calls_of_the_last_day_are_not_summed_up_yet(connection: sqlite3.Connection) -> None:
    assert known_until(connection) == 2 * DAY_MS
    assert [counted(connection, table) for table in COARSE] == [3 * 6, 6, 6, 6]
    assert counted(connection, "quarter_hour") == 9


def test_a_call_of_the_far_future_does_not_make_today_a_day_that_is_over(
    path: Path, connection: sqlite3.Connection
) -> None:
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        made = Attempt(1, "p", "m", "e", streamed=False, request_bytes=0)
        for at in (4_102_444_800_000, 3 * DAY_MS, 4_102_444_800_000):  # 2100-01-01
            tx.record(made, Outcome(Usage(input=2)), None, at, at)
    until_ms = known_until(connection)
    assert until_ms is not None
    assert 20_000 * DAY_MS < until_ms < 40_000 * DAY_MS
    assert differences(connection) == []
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as reader:
        assert sum(spent.calls for spent in reader.spent().values()) == 12
        assert [spent.calls for spent in reader.spent_between([3 * DAY_MS, 4 * DAY_MS, 4_102_531_200_000])] == [1, 2]


@pytest.mark.parametrize("table", COARSE)
def test_sums_of_days_that_were_tampered_with_are_found_and_mended(path: Path, table: str) -> None:
    with closing(SqliteLedger(path)) as ledger:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE {table} SET cost_nanos = cost_nanos + 1")
        (sentence,) = ledger.check().totals
        assert f"rows of {table} do not equal" in sentence
        ledger.rebuild_totals()
        assert ledger.check().totals == []


@pytest.mark.parametrize(
    ("tampering", "table"),
    [
        ("UPDATE session SET tokens = 5", "session"),
        ("INSERT INTO project_file VALUES ('/here', 'a', 1, 1, 1, 1, 0, 0)", "project_file"),
    ],
)
def test_what_sessions_and_files_come_to_is_checked_and_mended(path: Path, tampering: str, table: str) -> None:
    with closing(SqliteLedger(path)) as ledger:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(tampering)
        (sentence,) = ledger.check().totals
        assert f"rows of {table} do not equal" in sentence
        ledger.rebuild_totals()
        assert ledger.check().totals == []


# --- a ledger of before ---


def test_a_ledger_of_the_fourth_schema_gets_its_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, earlier = tmp_path / "l.db", tmp_path / "migrations"
    earlier.mkdir()
    for number in range(1, 5):
        (file,) = opening.MIGRATIONS.glob(f"000{number}_*.sql")
        shutil.copy(file, earlier)
    with monkeypatch.context() as then:
        then.setattr(opening, "MIGRATIONS", earlier)
        then.setattr(opening, "SCHEMA", 4)
        SqliteLedger(path).close()
    script = (earlier / "0002_totals.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO session (name, directory, started_ms, ended_ms, files) VALUES ('old', ?, ?, ?, 2)",
            [("/here", 1, 5001), ("/there", DAY_MS, None)],
        )
        connection.executemany(
            "INSERT INTO file_change (session_id, path, change, timestamp_ms) VALUES (?, ?, ?, 7)",
            [(1, "a", "created"), (1, "a", "modified"), (1, "b", "created"), (2, "a", "deleted")],
        )
        connection.executemany(
            "INSERT INTO call (session_id, state, provider, model, endpoint, streamed, started_ms, ended_ms, "
            "cost_nanos, evidence, agent, input, output) VALUES (?, ?, 'p', 'm', 'e', 0, ?, ?, ?, ?, 'bot', ?, 5)",
            [
                (1, "settled", 5, 6, 40, "measured", 10),
                (1, "released", 5, 6, None, None, None),
                (2, "settled", DAY_MS, DAY_MS, 7, "measured", 10),
                (None, "settled", 9 * DAY_MS, 9 * DAY_MS, None, "estimated", 10),
            ],
        )
        for table, filling in re.findall(
            r"^INSERT INTO (session_model|quarter_hour)\n(.*?);", script, re.DOTALL | re.MULTILINE
        ):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info ({table})")]
            known = names[: 21 if table == "quarter_hour" else len(names)]  # the others are younger, and 0
            connection.execute(f"INSERT INTO {table} ({', '.join(known)}) {filling}")
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.check().totals == []
        with closing(sqlite3.connect(path)) as connection:
            assert known_until(connection) == 9 * DAY_MS
            assert [counted(connection, table) for table in COARSE] == [6, 2, 2, 2]
        with ledger.reading() as reader:
            assert [(spent.calls, spent.cost_nanos) for _, spent in reader.agents()] == [(3, 47)]
            assert [
                session.directory for session, _ in reader.find_sessions(SessionQuery(order=SessionOrder.COST)).rows
            ] == ["/here", "/there"]
            assert [(spot.path, spot.changes, spot.sessions) for spot in reader.hotspots(9)] == [
                ("a", 2, 1),
                ("b", 1, 1),
                ("a", 1, 1),
            ]
            assert reader.work() == Work(2, 1, 5, 4, 0)
            assert len(reader.find_calls(CallQuery(agent="bot")).rows) == 4


# --- how they are answered ---

SPAN = Span(DAY_MS - 900_000, 2 * DAY_MS)
QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "spent": lambda reader: reader.spent(SPAN),
    "spent-by-model": lambda reader: reader.spent_by_model(),
    "agents": lambda reader: reader.agents(SPAN),
    "spent-between": lambda reader: reader.spent_between([0, DAY_MS, 5 * DAY_MS]),
    "sessions-between": lambda reader: reader.sessions_between([0, DAY_MS, 5 * DAY_MS]),
    "work": lambda reader: reader.work(SPAN),
    "projects": lambda reader: reader.projects(),
    "hotspots": lambda reader: reader.hotspots(5),
    "week": lambda reader: reader.week([(SPAN, 0)]),
    "names": lambda reader: reader.names(),
    "version": lambda reader: reader.version(),
    "began": lambda reader: reader.began_ms(),
    "held": lambda reader: reader.held_calls(5),
}
ASKED: dict[str, dict[str, Any]] = {
    "all": {},
    "span": {"started": SPAN},
    "session": {"session_id": 1},
    "model": {"model": "m"},
    "provider": {"provider": "p"},
    "agent": {"agent": "a"},
    "customer": {"customer": "c"},
    "evidence": {"evidence": Evidence.ESTIMATED},
    "held": {"state": CallState.HELD},
    "lost": {"state": CallState.LOST},
    "unpriced": {"is_unpriced": True},
    "request": {"search": "r"},
    "two": {"agent": "a", "model": "m", "started": SPAN},
}
QUESTIONS |= {
    f"calls-{name}-{order}": lambda reader, asked=asked, order=order: reader.find_calls(  # type: ignore[misc]
        CallQuery(**asked, order=order)
    )
    for name, asked in ASKED.items()
    for order in CallOrder
}


def plans(path: Path, question: Callable[[Reader], object]) -> list[str]:
    """How SQLite goes about each statement of a question."""
    asked: list[str] = []
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as reader:
        reader._connection.set_trace_callback(asked.append)  # noqa: SLF001 - it is SQLite that is asked
        question(reader)
        reader._connection.set_trace_callback(None)  # noqa: SLF001
    steps: list[str] = []
    with closing(sqlite3.connect(path)) as connection:
        for sql in asked:
            if sql.lstrip().startswith(("SELECT", "WITH")):
                found = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
                # what is called a call then is the rows of a subquery
                steps += [step for step in found if step != "SCAN call" or "CO-ROUTINE call" not in found]
    return steps


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_every_call(path: Path, name: str) -> None:
    steps = plans(path, QUESTIONS[name])
    assert steps or name == "version"
    rows = re.compile(r"^SCAN (call|quarter_hour|file_change|git_commit)\b(?!.* USING (COVERING )?INDEX)")
    assert [step for step in steps if rows.match(step)] == []


@pytest.mark.parametrize("order", list(SessionOrder))
def test_many_sessions_are_not_sorted_but_walked_in_their_order(path: Path, order: SessionOrder) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "WITH RECURSIVE one (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM one WHERE number < 2100) "
            "INSERT INTO session (name, directory, started_ms, ended_ms) SELECT 'x', '/x', number, number FROM one"
        )
    steps = plans(path, lambda reader: reader.find_sessions(SessionQuery(order=order)))
    assert [step for step in steps if step.startswith("SCAN session") and "INDEX" not in step] == []
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps
