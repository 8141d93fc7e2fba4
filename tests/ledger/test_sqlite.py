"""Does the SQLite ledger do what every ledger must, and does its file refuse nonsense from anybody?"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.analysis_contract import AnalysisContract
from tests.contract.budget_contract import BudgetContract
from tests.contract.ledger_contract import HERE, LedgerContract
from tests.contract.repricing_contract import RepricingContract
from tests.contract.switch_contract import SwitchContract
from tests.ledger.fresh import fresh

from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger
from codesession.ledger.reader import SqliteReader
from codesession.model import Attempt, CallState, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Session


class TestSqliteLedger(AnalysisContract, LedgerContract, BudgetContract, RepricingContract, SwitchContract):
    def make(self, place: Path, *, wait_s: float = 10.0) -> SqliteLedger:
        return fresh(place / "sessions.db", wait_s=wait_s)

    def source(self, place: Path) -> str:
        return (
            "from pathlib import Path\nfrom codesession.ledger import SqliteLedger\n"
            f"ledger = SqliteLedger(Path({str(place / 'sessions.db')!r}))\n"
        )


def test_check_and_act_of_begin_session_are_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, rival = fresh(tmp_path / "l.db"), fresh(tmp_path / "l.db", wait_s=0)
    real = SqliteReader.active_session

    def check_while_a_rival_tries(self: SqliteReader, directory: str) -> Session | None:
        monkeypatch.undo()  # the rival uses the real check
        with pytest.raises(DatabaseError, match="another program is writing"), rival.writing() as tx:
            tx.begin_session(HERE, "rival", 1000)
        return real(self, directory)

    monkeypatch.setattr(SqliteReader, "active_session", check_while_a_rival_tries)
    with first.writing() as tx:
        session = tx.begin_session(HERE, "first", 1000)
    with rival.reading() as reader:
        assert reader.active_sessions() == [session]
    first.close()
    rival.close()


def test_what_waits_for_a_writer_gets_its_turn(tmp_path: Path) -> None:
    from threading import Event, Thread

    first, second = fresh(tmp_path / "l.db"), fresh(tmp_path / "l.db", wait_s=30)
    has_begun, order = Event(), list[str]()

    def wait_and_write() -> None:
        has_begun.set()
        with second.writing() as tx:
            order.append("second")
            tx.begin_session(Scope("/b"), "second", 1)

    with first.writing() as tx:
        thread = Thread(target=wait_and_write)
        thread.start()
        assert has_begun.wait(30)
        tx.begin_session(HERE, "first", 1)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    first.close()
    second.close()


def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    ledger = fresh(tmp_path / "l.db")
    ledger.close()
    with pytest.raises(DatabaseError, match=r"closed database\.$"), ledger.reading():
        raise AssertionError("it is closed")


def test_a_transaction_inside_a_transaction_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    ledger = fresh(tmp_path / "l.db")
    with ledger.writing() as tx:
        tx.begin_session(HERE, "outer", 1)
        with pytest.raises(DatabaseError), ledger.writing():
            raise AssertionError("nested")
    with ledger.reading() as reader:
        assert len(reader.active_sessions()) == 1
    ledger.close()


def test_a_transaction_that_the_database_has_ended_itself_raises_what_ended_it(tmp_path: Path) -> None:
    ledger = fresh(tmp_path / "l.db")

    def end_it(tx: object) -> None:
        tx._connection.execute("ROLLBACK")  # type: ignore[attr-defined]  # noqa: SLF001 - as a full disk does
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(DatabaseError, match="disk is full"), ledger.writing() as tx:
        end_it(tx)
    ledger.close()


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)], ids=["normal", "full"])
def test_durability_is_what_was_asked_for(tmp_path: Path, *, durable: bool, level: int) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", durable=durable)
    connection = ledger._connection  # noqa: SLF001 - a setting of the connection, seen nowhere else
    assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    ledger.close()


# --- the file refuses nonsense, whoever writes it ---

CALL: dict[str, Any] = {
    "session_id": 1,
    "owner_id": 1,
    "state": "settled",
    "provider": "anthropic",
    "model": "m",
    "endpoint": "messages",
    "streamed": 0,
    "started_ms": 1,
    "ended_ms": 2,
    "hold_nanos": 3,
    "cost_nanos": 3,
    "evidence": "measured",
    "input": 1,
}
HELD: dict[str, Any] = {"state": "held", "ended_ms": None, "cost_nanos": None, "evidence": None}
SESSION: dict[str, Any] = {"name": "x", "directory": "/elsewhere", "started_ms": 1}
FILE: dict[str, Any] = {"session_id": 1, "path": "a", "change": "created", "timestamp_ms": 1}

NONSENSE = {
    "money-below-zero": ("call", {**CALL, "cost_nanos": -1}),
    "money-as-float": ("call", {**CALL, "cost_nanos": 0.5}),
    "money-as-words": ("call", {**CALL, "cost_nanos": "much"}),
    "infinite-money": ("call", {**CALL, "cost_nanos": float("inf")}),
    "hold-below-zero": ("call", {**CALL, "hold_nanos": -1}),
    "fewer-than-no-tokens": ("call", {**CALL, "output": -1}),
    "half-a-token": ("call", {**CALL, "input": 1.5}),
    "fewer-than-no-searches": ("call", {**CALL, "web_searches": -1}),
    "unknown-state": ("call", {**CALL, "state": "gone"}),
    "unknown-evidence": ("call", {**CALL, "evidence": "guessed"}),
    "unknown-cut": ("call", {**CALL, "cut": "somebody"}),
    "half-streamed": ("call", {**CALL, "streamed": 2}),
    "settled-without-evidence": ("call", {**CALL, "evidence": None}),
    "lost-without-evidence": ("call", {**CALL, "state": "lost", "evidence": None}),
    "released-with-evidence": ("call", {**CALL, "state": "released"}),
    "held-with-evidence": ("call", {**CALL, **HELD, "evidence": "measured"}),
    "held-and-ended": ("call", {**CALL, **HELD, "ended_ms": 2}),
    "settled-and-not-ended": ("call", {**CALL, "ended_ms": None}),
    "held-by-nobody": ("call", {**CALL, **HELD, "owner_id": None}),
    "call-of-no-session": ("call", {**CALL, "session_id": 99}),
    "call-of-no-owner": ("call", {**CALL, "owner_id": 99}),
    "call-without-model": ("call", {**CALL, "model": None}),
    "session-without-name": ("session", {**SESSION, "name": ""}),
    "session-that-ends-before-it-begins": ("session", {**SESSION, "ended_ms": 0}),
    "session-half-in-the-background": ("session", {**SESSION, "background": 2}),
    "session-at-no-time": ("session", {**SESSION, "started_ms": "noon"}),
    "second-active-session": ("session", {**SESSION, "directory": HERE.directory}),
    "owner-without-process": ("owner", {"pid": 0, "started_ms": 1}),
    "unknown-change": ("file_change", {**FILE, "change": "touched"}),
    "file-of-no-session": ("file_change", {**FILE, "session_id": 99}),
    "mark-twice": ("file_mark", {"session_id": 1, "path": "marked"}),
    "commit-twice": ("git_commit", {"session_id": 1, "hash": "abc", "message": "", "timestamp_ms": 1}),
    "remark-of-no-session": ("annotation", {"session_id": 99, "message": "", "timestamp_ms": 1}),
}


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names, values = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", tuple(row.values()))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The file as another tool sees it, with a session and an owner."""
    path = tmp_path_factory.mktemp("plain") / "l.db"
    ledger = fresh(path)
    with ledger.writing() as tx:
        tx.begin_session(HERE, "work", 1)
        tx.add_owner(1, 1)
    ledger.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = ON")
    insert(connection, "file_mark", {"session_id": 1, "path": "marked"})
    insert(connection, "git_commit", {"session_id": 1, "hash": "abc", "message": "", "timestamp_ms": 1})
    connection.commit()
    yield connection
    connection.close()


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_refused_even_from_another_tool(plain: sqlite3.Connection, case: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(plain, *NONSENSE[case])
    plain.rollback()


def test_the_rows_the_nonsense_was_made_from_are_accepted(plain: sqlite3.Connection) -> None:
    for table, row in (("call", CALL), ("call", {**CALL, **HELD}), ("session", SESSION), ("file_change", FILE)):
        insert(plain, table, row)
    insert(plain, "call", {**CALL, "state": "released", "evidence": None, "cost_nanos": None})
    plain.rollback()


def test_every_table_is_strict(plain: sqlite3.Connection) -> None:
    tables = plain.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall()
    loose = [name for name, strict in tables if not strict and not name.startswith("sqlite_")]
    assert loose == []


def test_a_session_that_is_deleted_takes_all_of_it_along(tmp_path: Path) -> None:
    ledger = fresh(tmp_path / "l.db")
    with ledger.writing() as tx:
        session = tx.begin_session(HERE, "work", 1)
        owner_id = tx.add_owner(1, 1)
        tx.annotate(session.id, "note", 1)
        call_id = tx.hold(Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1), 1, owner_id, 1)
        found = tx.call(call_id)
        assert found
        assert found.state is CallState.HELD
        ledger._connection.execute("DELETE FROM session")  # noqa: SLF001 - as a purge will do
        assert (tx.annotations(session.id), tx.call(call_id)) == ([], None)
    ledger.close()
