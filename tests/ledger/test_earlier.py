"""Does everything in a database of an earlier tool survive, and is what cannot be kept as it was told?"""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.examples import each
from tests.ledger.earlier_tools import (
    BEGAN,
    BEGAN_MS,
    CALL,
    COSTHQ_4,
    DOCUMENTED,
    SESSION,
    earlier_database,
)

from codesession.ledger import SqliteLedger
from codesession.ledger.earlier.values import unquoted
from codesession.model import Call, Evidence, Session, Takeover, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from codesession.ledger.reader import SqliteReader

ACTIVE = {"status": "active", "end_time": None, "duration": None}
MINUTE_MS = 60_000


class Taken:
    """A ledger just taken over, to be asked."""

    def __init__(self, tx: SqliteReader) -> None:
        self.tx = tx

    @property
    def takeover(self) -> Takeover:
        (takeover,) = self.tx.takeovers()
        return takeover

    @property
    def problems(self) -> dict[str, str]:
        """Sentences by place."""
        return dict(self.takeover.problems)

    def session(self, session_id: int = 1) -> Session:
        found = self.tx.session(session_id)
        assert found
        return found

    def call(self, call_id: int = 1) -> Call:
        found = self.tx.call(call_id)
        assert found
        return found


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Any]:
    """Takes a database with the rows given over."""
    opened = []

    def take(rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, **known: Any) -> Taken:
        path = earlier_database(tmp_path / "sessions.db", rows or {}, **known)
        ledger = SqliteLedger(path)
        reading = ledger.reading()
        opened.append((ledger, reading))
        assert ledger.was_taken_over
        return Taken(reading.__enter__())

    yield take
    for ledger, reading in opened:
        reading.__exit__(None, None, None)
        check(ledger)
        ledger.close()


def check(ledger: SqliteLedger) -> None:
    """The ledger keeps every rule that its schema has; it was filled without asking for them."""
    condition = ledger.check()
    assert (condition.references, condition.totals, condition.scopes, condition.values) == ([], [], [], [])
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# --- ordinary rows ---

ROWS: dict[str, list[dict[str, Any]]] = {
    "sessions": [
        {
            "ai_cost": 0.0215,
            "ai_tokens": 2000,
            "files_changed": 2,
            "commits": 1,
            "notes": "done",
            "start_git_head": "ab",
        },
        {**ACTIVE, "name": "Other", "working_directory": "/outside", "git_root": None},
    ],
    "ai_usage": [
        {"agent_name": "Claude Code"},
        {"tokens": 500, "prompt_tokens": None, "completion_tokens": None, "cost": 0.011},
        {"session_id": 2, "cost": None},
    ],
    "file_changes": [{}, {"file_path": "b c.py", "change_type": "deleted"}],
    "commits": [{}],
    "session_notes": [{}, {"session_id": 2, "message": "second"}],
}


def test_every_session_and_what_belongs_to_it_is_taken_over(taken: Any) -> None:
    there = taken(ROWS)
    assert there.session() == Session(
        1, "Fix login", "/repo", "/repo", None, "ab", BEGAN_MS, BEGAN_MS + 847_000, "done"
    )
    assert there.session(2) == Session(2, "Other", "/outside", None, None, None, BEGAN_MS, None, None)
    call = there.call()
    assert (call.session_id, call.provider, call.model, call.agent) == (
        1,
        "anthropic",
        "claude-sonnet-4",
        "Claude Code",
    )
    assert (call.cost_nanos, call.price_source, call.evidence) == (10_500_000, "imported", Evidence.IMPORTED)
    assert (call.usage, call.started_ms) == (Usage(input=1000, output=500), BEGAN_MS - 11_042 + MINUTE_MS)
    assert there.call(2).usage == Usage(unsplit=500)
    assert (there.call(3).cost_nanos, there.call(3).is_unpriced) == (None, True)
    assert [(file.path, file.change) for file in there.tx.files(1)] == [("a.py", "created"), ("b c.py", "deleted")]
    assert [(commit.hash, commit.message) for commit in there.tx.commits(1)] == [("0123456789abcdef", "Fix it")]
    assert [note.message for note in there.tx.annotations(2)] == ["second"]
    totals = there.tx.totals(1)
    assert (totals.calls, totals.tokens, totals.cost_nanos, totals.files, totals.commits) == (2, 2000, 21_500_000, 2, 1)
    takeover = there.takeover
    assert (takeover.sessions, takeover.calls, takeover.files, takeover.commits, takeover.annotations) == (
        2,
        3,
        2,
        1,
        2,
    )
    assert takeover.source.endswith("sessions.db")
    assert takeover.kept == f"{takeover.source}.earlier"
    assert takeover.problems == (("sessions 2", "ai_tokens was 0, its calls come to 1,500: the calls count"),)


def test_the_published_names_read_as_the_tables_did(tmp_path: Path) -> None:
    begun_below = {**ROWS["sessions"][0], "working_directory": "/repo/src"}
    rows = {**ROWS, "sessions": [begun_below], "ai_usage": [*ROWS["ai_usage"][:2]]}
    rows["ai_usage"] = [{**call, "duration_seconds": 12.5} for call in rows["ai_usage"]]
    path = earlier_database(tmp_path / "sessions.db", {**rows, "session_notes": [{}, {"message": ""}]}, schema=COSTHQ_4)
    before = everything(path)
    SqliteLedger(path).close()
    assert everything(path, before) == before


def test_the_first_documented_form_reads_as_it_did(tmp_path: Path) -> None:
    path = earlier_database(tmp_path / "sessions.db", {}, schema=DOCUMENTED)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO sessions VALUES (7, 'Fix', '2026-03-02T14:30:00.000Z', '2026-03-02T14:44:00.000Z', 14, 0, 0, "
            "'ok', 'completed')"
        )
        connection.execute("INSERT INTO ai_usage VALUES (3, 7, 'p', 'm', 1500, 0.25, '2026-03-02T14:31:00.000Z')")
        connection.commit()
    before = everything(path)
    SqliteLedger(path).close()
    assert everything(path, before) == before


def everything(path: Path, columns_of: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every row of the published tables, as columns by name; `columns_of` another answer tells which columns."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for table in ("sessions", "ai_usage", "file_changes", "commits", "session_notes"):
            if columns_of is not None and table not in columns_of:
                continue
            try:
                rows = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            except sqlite3.OperationalError:  # the first form had no such table
                continue
            wanted = columns_of[table][0].keys() if columns_of and columns_of[table] else None
            found[table] = [{name: row[name] for name in wanted or row.keys()} for row in rows]
    return found


# --- odd values ---


@pytest.mark.parametrize(
    ("cost", "nanos", "said"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param(math.inf, None, "cost is infinite", id="infinite"),
        pytest.param(-0.5, None, "cost -0.5 cannot be true", id="negative"),
        pytest.param(1e7, None, "cannot be true", id="absurd"),
        pytest.param("free", None, "cost 'free' is not an amount of money", id="text"),
        pytest.param(b"\x00", None, "is not an amount", id="bytes"),
        pytest.param(0.0, 0, None, id="zero"),
        pytest.param(3, 3_000_000_000, None, id="whole"),
        pytest.param(0.1 + 0.2, 300_000_000, None, id="a-sum-of-floats"),
        pytest.param(2.5e-9, 2, None, id="half-to-even-down"),
        pytest.param(3.5e-9, 4, None, id="half-to-even-up"),
        pytest.param(0.5299712415, 529_971_242, None, id="half-as-it-is-written"),
        pytest.param(123_456.789123456789, 123_456_789_123_457, None, id="a-fortune"),
    ],
)
def test_a_cost_is_kept_to_the_nano_dollar_or_unknown(taken: Any, cost: Any, nanos: int | None, said: str) -> None:
    there = taken({"sessions": [{"ai_cost": None, "ai_tokens": None}], "ai_usage": [{"cost": cost}]})
    call = there.call()
    assert (call.cost_nanos, call.usage) == (nanos, Usage(input=1000, output=500))
    assert call.price_source == (None if nanos is None else "imported")
    if said:
        assert said in there.problems["ai_usage 1"]
    else:
        assert there.problems == {}


@pytest.mark.parametrize(
    ("tokens", "prompt", "completion", "usage", "said"),
    [
        pytest.param(15000.5, None, None, None, "tokens 15000.5 is not a number that can be true", id="fraction"),
        pytest.param(1e20, None, None, None, "1e+20", id="absurd"),
        pytest.param(-5, None, None, None, "tokens -5", id="negative"),
        pytest.param("many", None, None, None, "tokens 'many'", id="text"),
        pytest.param(None, None, None, None, None, id="none"),
        pytest.param(0, None, None, Usage(), None, id="zero"),
        pytest.param(None, 10, 5, Usage(input=10, output=5), None, id="parts-only"),
        pytest.param(1e20, 10, 5, Usage(input=10, output=5), "tokens 1e+20", id="parts-are-right"),
        pytest.param(20, 10, 5, Usage(input=10, output=5, unsplit=5), None, id="more-than-its-parts"),
        pytest.param(10, 10, 5, Usage(input=10, output=5), "less than the 15 of its parts", id="less-than-its-parts"),
        pytest.param(15, 10, None, Usage(input=10, unsplit=5), None, id="one-part"),
        pytest.param(15, -1, 5, Usage(output=5, unsplit=10), "prompt_tokens -1", id="a-part-that-cannot-be"),
        pytest.param(1e20, 1e20, 1e20, None, "1e+20", id="nothing-that-can-be"),
    ],
)
def test_tokens_are_counted_once_or_unknown(
    taken: Any, tokens: Any, prompt: Any, completion: Any, usage: Usage | None, said: str | None
) -> None:
    call = {"tokens": tokens, "prompt_tokens": prompt, "completion_tokens": completion}
    there = taken({"sessions": [{"ai_cost": None, "ai_tokens": None}], "ai_usage": [call]}, strict=False)
    assert there.call().usage == usage
    if said:
        assert said in " ".join(what for _, what in there.takeover.problems)
    else:
        assert there.problems == {}


def test_whole_tokens_that_were_stored_as_real_are_whole(tmp_path: Path) -> None:
    schema = DOCUMENTED.replace("tokens INTEGER", "tokens REAL")
    path = earlier_database(tmp_path / "sessions.db", {}, schema=schema)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO sessions (id, description, started_at) VALUES (1, 'x', ?)", (BEGAN,))
        connection.execute("INSERT INTO ai_usage VALUES (1, 1, 'p', 'm', 15000, 1, ?)", (BEGAN,))
        connection.commit()
    with closing(SqliteLedger(path)) as ledger, ledger.reading() as tx:
        assert tx.totals(1).tokens == 15000


@pytest.mark.parametrize(
    ("written", "read_ms", "is_odd"),
    [
        pytest.param("2026-03-02T14:30:11.042Z", BEGAN_MS, False, id="iso"),
        pytest.param("2026-03-02 14:30:11", BEGAN_MS - 42, False, id="sqlite"),
        pytest.param("2026-03-02T16:30:11.042+02:00", BEGAN_MS, False, id="offset"),
        pytest.param("yesterday", None, True, id="words"),
        pytest.param("", None, True, id="nothing"),
        pytest.param(None, None, True, id="null"),
        pytest.param("0001-01-01T00:00:00Z", None, True, id="before-computers"),
        pytest.param(1772461811, None, True, id="a-number"),
    ],
)
def test_a_time_is_read_or_that_of_its_session(taken: Any, written: Any, read_ms: int | None, is_odd: bool) -> None:  # noqa: FBT001
    there = taken({"sessions": [{"ai_tokens": None}], "ai_usage": [{"timestamp": written, "cost": 0}]}, strict=False)
    assert there.call().started_ms == (BEGAN_MS if read_ms is None else read_ms)
    assert ("ai_usage 1" in there.problems) == is_odd


def test_a_beginning_that_cannot_be_read_is_that_of_a_neighbour(taken: Any) -> None:
    end = "2026-03-02T15:00:00Z"
    there = taken(
        {"sessions": [{}, {**ACTIVE, "start_time": "?", "git_root": None}, {"start_time": "?", "end_time": end}]}
    )
    assert there.session(2).started_ms == BEGAN_MS
    assert there.session(3).started_ms == there.session(3).ended_ms == BEGAN_MS - 11_042 + 30 * MINUTE_MS
    assert there.problems.keys() == {"sessions 2", "sessions 3"}


def test_odd_sessions_are_kept(taken: Any) -> None:
    there = taken(
        {
            "sessions": [
                {"name": None},
                {"name": " "},
                {"name": "\0"},
                {"end_time": "2026-03-02T14:00:00Z"},
                {"end_time": "?"},
                {"end_time": None, "duration": 60},
                {"end_time": None, "duration": None},
                {"working_directory": None, "git_root": None, "name": b"caf\xe9"},
                {"files_changed": -1, "commits": "x", "notes": ""},
            ],
            "session_notes": [{"session_id": 7, "message": ""}],
        },
        strict=False,
    )
    assert {there.session(number).name for number in (1, 2, 3)} == {"(no name)"}
    assert there.session(4).ended_ms == BEGAN_MS
    assert there.session(5).ended_ms == BEGAN_MS + 847_000
    assert there.session(6).ended_ms == BEGAN_MS + 60_000
    assert there.session(7).ended_ms == BEGAN_MS - 11_042 + 4 * MINUTE_MS
    assert (there.session(8).name, there.session(8).directory) == ("caf\ufffd", "")
    assert there.session(9).notes == ""
    assert [note.message for note in there.tx.annotations(7)] == [""]
    problems = there.problems
    assert problems.keys() == {f"sessions {number}" for number in (1, 2, 3, 4, 7, 8, 9)}
    assert "ended before it began" in problems["sessions 4"]


def test_of_several_active_sessions_of_a_scope_the_newest_stays_active(taken: Any) -> None:
    there = taken(
        {
            "sessions": [
                {**ACTIVE, "ai_tokens": None},
                {**ACTIVE, "start_time": "2026-03-03T00:00:00Z"},
                ACTIVE,
                {**ACTIVE, "git_root": "/other"},
            ],
            "ai_usage": [{"cost": 0}],
        }
    )
    assert [session.id for session in there.tx.active_sessions()] == [2, 4]
    assert there.session(1).ended_ms == there.call(1).started_ms
    assert there.session(3).ended_ms == BEGAN_MS
    assert there.problems.keys() == {"sessions 1", "sessions 3"}


def test_rows_without_a_session_get_one(taken: Any) -> None:
    there = taken(
        {
            "ai_usage": [
                {"session_id": 9},
                {"session_id": 9, "timestamp": "2026-03-02T15:00:00Z"},
                {"session_id": None},
            ],
            "session_notes": [{"session_id": 9, "timestamp": BEGAN}],
        },
        strict=False,
    )
    lost = there.session(9)
    assert lost.name == "Session 9 (missing in the earlier database)"
    assert (lost.started_ms, lost.ended_ms) == (BEGAN_MS, BEGAN_MS - 11_042 + 30 * MINUTE_MS)
    assert there.tx.totals(9).cost_nanos == 21_000_000
    (nameless,) = (session for session, _ in there.tx.sessions(9) if session.id != 9)
    assert nameless.name == "Session (missing in the earlier database)"
    assert there.tx.totals(nameless.id).calls == 1
    assert there.problems.keys() == {"sessions 9", "sessions None"}
    assert there.takeover.sessions == 0


def test_money_that_stood_only_beside_a_session_is_not_lost(taken: Any) -> None:
    there = taken({"sessions": [{"ai_cost": 1.5, "ai_tokens": 3000}, {"ai_cost": math.inf, "ai_tokens": 7}, {}]})
    totals = there.tx.totals(1)
    assert (totals.calls, totals.cost_nanos, totals.tokens) == (1, 1_500_000_000, 3000)
    assert (there.tx.totals(2).unpriced, there.tx.totals(2).tokens, there.tx.totals(3).calls) == (1, 7, 0)
    (call,) = there.tx.calls(1)
    assert (call.provider, call.model, call.usage) == ("unknown", "unknown", Usage(unsplit=3000))
    assert "$1.5 and 3,000 tokens and no calls" in there.problems["sessions 1"]


def test_the_calls_count_where_the_sums_beside_the_session_say_otherwise(taken: Any) -> None:
    rounded = {"ai_cost": 0.0210000001, "ai_tokens": 3000}
    there = taken(
        {"sessions": [{"ai_cost": 9, "ai_tokens": 1500}, rounded], "ai_usage": [{}, *[{"session_id": 2}] * 2]}
    )
    assert there.tx.totals(1).cost_nanos == 10_500_000
    assert there.problems == {"sessions 1": "ai_cost was $9, its calls come to $0.0105: the calls count"}


def test_numbers_of_files_and_commits_without_rows_are_kept(taken: Any) -> None:
    there = taken({"sessions": [{"files_changed": 8, "commits": 2}], "file_changes": [{}, {"file_path": "b"}]})
    totals = there.tx.totals(1)
    assert (totals.files, totals.commits) == (8, 2)


def test_odd_files_and_commits_are_kept(taken: Any) -> None:
    there = taken(
        {
            "sessions": [{}],
            "file_changes": [
                {"file_path": '"caf\\303\\251.txt"', "change_type": "added"},
                {"file_path": "old\tnew", "change_type": "renamed"},
                {"file_path": "x", "change_type": "exploded"},
                {"file_path": b"caf\xe9", "change_type": None},
            ],
            "commits": [{}, {"message": "again"}, {"hash": "ff", "message": None}],
        },
        strict=False,
    )
    assert [(file.path, file.change.value) for file in there.tx.files(1)] == [
        ("café.txt", "created"),
        ("old\tnew", "modified"),
        ("x", "modified"),
        ("caf\ufffd", "modified"),
    ]
    assert [(commit.hash, commit.message) for commit in there.tx.commits(1)] == [
        ("0123456789abcdef", "Fix it"),
        ("ff", ""),
    ]
    assert there.problems.keys() == {"file_changes 3", "file_changes 4", "commits 2"}


def test_what_a_call_does_not_say_is_unknown(taken: Any) -> None:
    call = {"provider": None, "model": "", "agent_name": "", "duration_seconds": "long"}
    there = taken({"sessions": [{"ai_tokens": None}], "ai_usage": [call]}, schema=COSTHQ_4, strict=False)
    found = there.call()
    assert (found.provider, found.model, found.agent, found.ended_ms) == ("unknown", "unknown", None, found.started_ms)
    assert len(there.takeover.problems) == 4  # the cost beside the session is another


@pytest.mark.parametrize(
    ("quoted", "path"),
    [
        (r'"a\tb"', "a\tb"),
        (r'"a\"b\\c"', 'a"b\\c'),
        (r'"caf\351"', r"caf\xe9"),
        ('"', '"'),
        ('""', '""'),
        (r'"a\qb"', r'"a\qb"'),
        ('"a"b"', '"a"b"'),
        ("plain", "plain"),
    ],
)
def test_a_path_that_git_quoted_is_unquoted(quoted: str, path: str) -> None:
    assert unquoted(quoted) == path


# --- laws ---

ODD = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.sampled_from(["", "active", "completed", BEGAN, "2026-03-02 10:00:00", "created", '"a\\tb"', "\0"]),
)
SESSION_IDS = st.sampled_from([1, 1, 1, 2, 9, None, "x", 2.5])


def rows_of(columns: Sequence[str], owner: bool) -> Any:  # noqa: FBT001
    odd = dict.fromkeys(columns, ODD)
    return st.lists(st.fixed_dictionaries({"session_id": SESSION_IDS, **odd} if owner else odd), max_size=3)


@pytest.mark.no_cover  # its many examples go where other tests go line by line
@settings(each(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sessions=rows_of(["name", "start_time", "end_time", "duration", "working_directory", "git_root", "start_git_head",
                      "files_changed", "commits", "ai_cost", "ai_tokens", "notes", "status"], owner=False),
    calls=rows_of(["provider", "model", "tokens", "prompt_tokens", "completion_tokens", "cost", "timestamp",
                   "agent_name", "duration_seconds"], owner=True),
    files=rows_of(["file_path", "change_type", "timestamp"], owner=True),
    commits=rows_of(["hash", "message", "timestamp"], owner=True),
    notes=rows_of(["message", "timestamp"], owner=True),
)  # fmt: skip
def test_whatever_stands_in_the_old_rows_the_ledger_is_whole_and_has_them_all(
    tmp_path_factory: pytest.TempPathFactory, sessions: Any, calls: Any, files: Any, commits: Any, notes: Any
) -> None:
    rows = {"sessions": sessions, "ai_usage": calls, "file_changes": files, "commits": commits, "session_notes": notes}
    schema = (
        COSTHQ_4.replace("TEXT", "BLOB").replace(" INTEGER,", " BLOB,").replace("REAL", "BLOB")
    )  # keeps what it gets
    place = tmp_path_factory.mktemp("odd")
    path = earlier_database(place / "sessions.db", rows, schema=schema, strict=False)
    with closing(SqliteLedger(path)) as ledger:
        check(ledger)
        contents = ledger.contents()
        assert contents.sessions >= len(sessions)
        assert contents.calls >= len(calls)
        assert (contents.files, contents.annotations) == (len(files), len(notes))
        with ledger.reading() as tx:
            (takeover,) = tx.takeovers()
            assert (takeover.sessions, takeover.calls) == (len(sessions), len(calls))
            for session, _ in tx.sessions(None):
                assert session.name
                tx.calls(session.id)
                tx.files(session.id)


def test_the_rows_of_these_tests_are_ordinary(taken: Any) -> None:
    there = taken({"sessions": [{"ai_cost": CALL["cost"], "ai_tokens": CALL["tokens"]}], "ai_usage": [{}]})
    assert there.problems == {}
    assert there.session().name == SESSION["name"]
