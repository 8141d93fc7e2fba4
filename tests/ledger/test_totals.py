"""Are the sums that are kept the sums of the calls, by quarter of an hour and everything else they are kept by?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.fresh import fresh

from codesession.ledger import SqliteLedger
from codesession.ledger.totals import QUARTER_MS, add_call, differences, rebuild, take_call_away
from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with calls on both sides of a quarter hour, of two agents and customers, one of no session."""
    path = tmp_path / "l.db"
    with closing(fresh(path)) as ledger, ledger.writing() as tx:
        session = tx.begin_session(Scope("/here"), "work", 1)
        for at, agent, customer, cost, session_id in (
            (QUARTER_MS - 1, "a", None, 1, session.id),
            (QUARTER_MS, "a", None, 10, session.id),
            (QUARTER_MS + 1, "a", None, 100, session.id),
            (QUARTER_MS + 1, "b", "acme", 1000, session.id),
            (QUARTER_MS + 1, "b", "acme", None, None),
        ):
            made = Attempt(session_id, "p", "m", "e", streamed=False, request_bytes=0, agent=agent, customer=customer)
            priced = None if cost is None else Cost(cost, "table")
            tx.record(made, Outcome(Usage(input=2, output=1, unsplit=3)), priced, at, at)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def rows(connection: sqlite3.Connection, question: str) -> list[tuple[Any, ...]]:
    return connection.execute(question).fetchall()


def test_a_call_counts_in_the_quarter_hour_in_which_it_began(connection: sqlite3.Connection) -> None:
    kept = rows(
        connection,
        "SELECT started_ms, directory, agent, customer, evidence, calls, unpriced, cost_nanos, input, output, unsplit "
        "FROM quarter_hour ORDER BY started_ms, cost_nanos DESC, agent",
    )
    assert kept == [
        (0, "/here", "a", "", "measured", 1, 0, 1, 2, 1, 3),
        (QUARTER_MS, "/here", "b", "acme", "measured", 1, 0, 1000, 2, 1, 3),
        (QUARTER_MS, "/here", "a", "", "measured", 2, 0, 110, 4, 2, 6),
        (QUARTER_MS, "", "b", "acme", "measured", 1, 1, 0, 2, 1, 3),
    ]


def test_what_is_kept_equals_what_is_counted_anew(connection: sqlite3.Connection) -> None:
    tables = ("session_model", "quarter_hour", "session_hardware")
    kept = [sorted(rows(connection, f"SELECT * FROM {table}")) for table in tables]
    assert differences(connection) == []
    rebuild(connection)
    assert [sorted(rows(connection, f"SELECT * FROM {table}")) for table in tables] == kept


_MORE = """
    INSERT INTO quarter_hour (started_ms, directory, provider, model, agent, customer, evidence, calls, unpriced,
        cost_nanos, input, cache_read, cache_write, cache_write_1h, input_audio, cache_read_audio, output, reasoning,
        output_audio, web_searches, unsplit)
    SELECT started_ms + 1, directory, provider, model, agent, customer, evidence, calls, unpriced, cost_nanos, input,
        cache_read, cache_write, cache_write_1h, input_audio, cache_read_audio, output, reasoning, output_audio,
        web_searches, unsplit
    FROM quarter_hour WHERE started_ms = 0
"""


@pytest.mark.parametrize(
    ("tampering", "table"),
    [
        ("UPDATE session_model SET cost_nanos = cost_nanos + 1", "session_model"),
        ("DELETE FROM session_model", "session_model"),
        ("UPDATE quarter_hour SET calls = 7 WHERE agent = 'b'", "quarter_hour"),
        (_MORE, "quarter_hour"),
    ],
    ids=["a-sum-changed", "sums-gone", "a-count-changed", "a-row-that-was-never"],
)
def test_sums_that_were_tampered_with_are_found_and_mended(
    connection: sqlite3.Connection, tampering: str, table: str
) -> None:
    connection.execute(tampering)
    (sentence,) = differences(connection)
    assert f"rows of {table} do not equal" in sentence
    rebuild(connection)
    assert differences(connection) == []


def test_a_call_that_was_changed_behind_our_back_is_found(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE call SET cost_nanos = 5 WHERE id = 1")
    assert len(differences(connection)) == 2


def test_time_on_own_hardware_is_summed_by_what_it_ran_on(path: Path, connection: sqlite3.Connection) -> None:
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        here = Attempt(1, "ollama", "m", "chat", streamed=True, request_bytes=0, terms=Terms(is_local=True))
        for cost, took_ms in ((Cost(7, "local", "RTX 4090"), 1500), (Cost(5, "local", "RTX 4090"), 500), (None, 20)):
            tx.record(here, Outcome(Usage(input=1)), cost, 10, 10 + took_ms)
    kept = rows(connection, "SELECT session_id, hardware, calls, took_ms, cost_nanos FROM session_hardware")
    assert kept == [(1, "", 1, 20, 0), (1, "RTX 4090", 2, 2000, 12)]
    assert differences(connection) == []
    rebuild(connection)
    assert rows(connection, "SELECT session_id, hardware, calls, took_ms, cost_nanos FROM session_hardware") == kept


def test_a_call_taken_away_and_added_again_counts_as_it_now_is(connection: sqlite3.Connection) -> None:
    take_call_away(connection, 1)
    connection.execute("UPDATE call SET cost_nanos = 5 WHERE id = 1")
    add_call(connection, 1)
    assert differences(connection) == []


def test_a_call_of_which_nothing_was_billed_is_in_no_quarter_hour(path: Path, connection: sqlite3.Connection) -> None:
    before = rows(connection, "SELECT count(*), sum(calls) FROM quarter_hour")
    with closing(SqliteLedger(path)) as ledger:
        owner_id = ledger.claim(1)
        with ledger.writing() as tx:
            asked = Attempt(1, "p", "m", "e", streamed=False, request_bytes=0)
            tx.release(tx.hold(asked, None, owner_id, 5), 529, 6)
            tx.settle(tx.hold(asked, None, owner_id, 5), Outcome(Usage(input=1), Evidence.REPORTED), None, 6)
            tx.hold(asked, None, owner_id, 5)
    ((count, calls),) = rows(connection, "SELECT count(*), sum(calls) FROM quarter_hour")
    assert [(count - 1, calls - 1)] == before
    assert rows(connection, "SELECT calls, failed FROM session_model") == [(5, 1)]
    assert differences(connection) == []
