"""Are accounts found out when they were tampered with, mended, and looked up without reading every call?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.ledger.accounts import (
    AMOUNTS,
    FOREVER_MS,
    Key,
    add,
    added,
    differing,
    open_account,
    recount,
    refill,
    sums,
)
from codesession.model import Attempt, Budget, Cost, Mode, Outcome, Scope, ScopeKind, Usage, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CALLS = 2000
OF_ONE = 5


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with thousands of calls in one session, and five in another, one of them held."""
    path = tmp_path_factory.mktemp("accounts") / "l.db"
    with closing(fresh(path)) as ledger, ledger.writing() as tx:
        owner_id = tx.add_owner(1, 1)
        for directory, calls in (("/big", CALLS), ("/small", OF_ONE - 1)):
            session = tx.begin_session(Scope(directory), "work", 1)
            asked = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=0)
            for at in range(calls):
                tx.record(asked, Outcome(Usage(output=1)), Cost(1, "table"), at, at)
        tx.hold(asked, 100, owner_id, 7, 30)
        tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 10**9, Mode.BLOCK))
    return path


@pytest.fixture
def connection(filled: Path) -> Iterator[sqlite3.Connection]:
    """What is written in a test is rolled back."""
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM account").fetchone()  # the schema has been read
        yield connection
        connection.execute("ROLLBACK")


def key(session_id: int) -> Key:
    return 1, "session", "", session_id, "", 0, FOREVER_MS


def steps(connection: sqlite3.Connection, act: Callable[[], object]) -> int:
    """How many steps of SQLite's machine that takes, to ten."""
    count = 0

    def one_more() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(one_more, 10)
    try:
        act()
    finally:
        connection.set_progress_handler(None, 0)
    return 10 * count


def amounts(connection: sqlite3.Connection, session_id: int) -> dict[str, int]:
    return dict(zip(AMOUNTS, sums(connection, key(session_id)), strict=True))


def test_an_account_of_a_session_is_opened_by_its_calls_alone(connection: sqlite3.Connection) -> None:
    assert steps(connection, lambda: open_account(connection, key(2))) < 2000
    assert steps(connection, lambda: open_account(connection, key(1))) > 2000  # it has so many
    assert amounts(connection, 2) == {**dict.fromkeys(AMOUNTS, 0), "measured_nanos": OF_ONE - 1, "held_nanos": 30}


def test_counting_a_call_reads_no_other(connection: sqlite3.Connection) -> None:
    for session_id in (1, 2):
        open_account(connection, key(session_id))
    (held,) = connection.execute("SELECT id FROM call WHERE state = 'held'").fetchone()
    before = added(connection, held)
    assert steps(connection, lambda: added(connection, held)) < 2000
    connection.execute("UPDATE call SET hold_nanos = 77, expected_nanos = 77 WHERE id = ?", (held,))
    assert len(differing(connection)) == 1
    assert steps(connection, lambda: recount(connection, held, before)) < 2000
    assert differing(connection) == []


def test_counting_a_call_does_not_look_at_accounts_of_others(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO budget VALUES (9, 'customer', '*', 'day', 1, 'warn', 0, 80, 0, NULL, '')")
    (held,) = connection.execute("SELECT id FROM call WHERE state = 'held'").fetchone()
    open_account(connection, key(2))
    before = steps(connection, lambda: add(connection, held))
    connection.executemany(
        "INSERT INTO account (budget_id, kind, subject, session_id, directory, began_ms, ends_ms) "
        "VALUES (9, 'customer', ?, 0, '', 0, 1)",
        [(f"customer {number}",) for number in range(2000)],
    )
    assert steps(connection, lambda: add(connection, held)) <= before + 500


def test_without_any_account_nothing_is_looked_for(connection: sqlite3.Connection) -> None:
    assert steps(connection, lambda: add(connection, 1)) < 100
    assert add(connection, 1) == []


@pytest.mark.parametrize("column", AMOUNTS)
def test_an_account_that_was_tampered_with_is_found_and_mended(connection: sqlite3.Connection, column: str) -> None:
    for session_id in (1, 2):
        open_account(connection, key(session_id))
    connection.execute(f"UPDATE account SET {column} = {column} + 1, extra_nanos = 5 WHERE session_id = 2")
    assert differing(connection) == ["1 rows of account do not equal the calls they sum up."]
    refill(connection)
    assert differing(connection) == []
    assert connection.execute("SELECT extra_nanos FROM account WHERE session_id = 2").fetchone() == (5,)


def test_a_call_that_was_changed_behind_our_back_is_found(connection: sqlite3.Connection) -> None:
    open_account(connection, key(2))
    connection.execute("UPDATE call SET cost_nanos = 9 WHERE session_id = 2 AND state = 'settled'")
    assert len(differing(connection)) == 1


def test_rebuilding_the_sums_mends_accounts_too(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with closing(fresh(path)) as ledger:
        with ledger.writing() as tx:
            tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 5))
        with closing(sqlite3.connect(path)) as connection, connection:
            open_account(connection, (1, "all", "", 0, "", 0, FOREVER_MS))
            connection.execute("UPDATE account SET held_nanos = 5")
        assert ledger.check().totals == ["1 rows of account do not equal the calls they sum up."]
        ledger.rebuild_totals()
        assert ledger.check().totals == []
