"""Does a reset delete everything, after a copy, and only when nobody is at work?"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_contract import another_process, line_of
from tests.ledger.test_condition import HEALTHY, fill, flipped

from codesession.errors import DatabaseError, InvalidInput
from codesession.ledger import SqliteLedger
from codesession.ledger.upkeep import Contents
from codesession.model import (
    Account,
    Budget,
    Event,
    EventKind,
    Mandate,
    Refusal,
    Rule,
    Scope,
    ScopeKind,
    Window,
)
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = Contents(0, 0, 0, 0, 0, cost_nanos=0, unpriced=0, budgets=2, mandates=1)
THERE_IS = replace(NOTHING, sessions=1, calls=30, files=1, commits=1, annotations=1, cost_nanos=2100)
OURS = {"migration", "sqlite_sequence", "budget", "mandate"}
"""The tables that a reset leaves rows in."""
DAILY = Budget(ScopeKind.ALL, "", Window.DAY, 10)


def filled(path: Path) -> Path:
    """A ledger with a row in every table."""
    fill(path)
    with closing(SqliteLedger(path)) as ledger, ledger.writing() as tx:
        tx.annotate(1, "half way", 1)
        owner_id = tx.add_owner(os.getpid(), 1)
        standing = tx.open_account(Account(tx.set_budget(DAILY), "", None, 0, None))
        tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 10))
        tx.set_budget(Budget(ScopeKind.SESSION, "1", Window.SESSION, 10))
        tx.set_mandate(Mandate(ScopeKind.ALL, "", ("gpt-*",)))
        tx.set_switch(Switch(1, SwitchState.STOPPED, 1))
        tx.add_event(Event(EventKind.REFUSED, 1, session_id=1, call_id=1))
        tx.ask(Refusal(Rule.BUDGET, "No.", "Wait.", standing=standing), 1, "m", owner_id, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO takeover VALUES (1, '/old.db', '/old.db', 1, 0, 0, 0, 0, 0)")
        connection.execute("INSERT INTO takeover_problem VALUES (1, 1, 'ai_usage 17', 'Infinity')")
        connection.execute("INSERT INTO file_mark VALUES (1, 'a', 1, 1)")
        connection.execute("INSERT INTO session_hardware VALUES (1, 'RTX 4090', 0, 0, 0)")
        connection.execute("INSERT INTO repricing VALUES (1, 1, 1, NULL, NULL, 5, 'genai-prices', 'unpriced')")
        connection.execute("INSERT INTO receipt VALUES ('key', 'digest', 1, '[]', '[]')")
        for table in ("stretch", "day_model", "day_agent", "project"):  # of days that are over
            columns = connection.execute(f"PRAGMA table_info ({table})").fetchall()
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('1' * len(columns))})")
    return path


def rows(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables}


def test_a_reset_leaves_no_row_of_anything_recorded(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    assert {name for name, count in rows(path).items() if not count} == set(), "fill each table above"
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.contents() == THERE_IS
        assert ledger.reset(None) == THERE_IS
        assert ledger.contents() == NOTHING
    assert {name for name, count in rows(path).items() if count} == OURS


def test_settings_outlive_a_reset_but_those_of_one_session(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as ledger:
        with ledger.reading() as reader:
            budgets, mandates = reader.budgets(), reader.mandates()
        ledger.reset(None)
        with ledger.writing() as tx:
            assert tx.budgets() == [budget for budget in budgets if budget.scope != "session:1"]
            assert tx.mandates() == mandates
            (daily,) = [budget for budget in tx.budgets() if budget.window is Window.DAY]
            assert tx.open_account(Account(daily, "", None, 0, None)).spent_nanos == 0


def test_limits_go_too_when_that_is_wanted_but_those_of_a_projects_file(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    of_file = replace(DAILY, directory="/work")
    with closing(SqliteLedger(path)) as ledger:
        with ledger.writing() as tx:
            tx.set_budget(of_file)
        assert ledger.reset(None, with_limits=True) == THERE_IS
        assert ledger.contents() == replace(NOTHING, budgets=0, mandates=0)
        with ledger.reading() as reader:
            assert [(budget.scope, budget.directory) for budget in reader.budgets()] == [("all", "/work")]


def test_what_was_deleted_is_in_the_copy_and_not_in_the_file(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    before = path.stat().st_size
    with closing(SqliteLedger(path)) as ledger:
        ledger.reset(tmp_path / "b.db")
        assert (tmp_path / "l.db-wal").stat().st_size == 0
    assert b"claude-x" not in path.read_bytes()
    assert path.stat().st_size < before
    with closing(SqliteLedger(tmp_path / "b.db")) as copy:
        assert copy.contents() == THERE_IS


def test_sessions_are_counted_from_one_again_and_owners_never(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as ledger:
        with ledger.writing() as tx:
            last = tx.add_owner(os.getpid(), 1)
        ledger.reset(None)
        with ledger.writing() as tx:
            assert tx.begin_session(Scope("/here"), "anew", 5).id == 1
            assert tx.add_owner(os.getpid(), 5) == last + 1
        assert ledger.check().totals == []


def test_an_empty_ledger_can_be_reset(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "l.db")) as ledger:
        assert ledger.reset(None) == replace(NOTHING, budgets=0, mandates=0)


OWNER = """
from pathlib import Path
from codesession.ledger import SqliteLedger
ledger = SqliteLedger(Path(PATH))
print(ledger.claim(1), flush=True)
sys.stdin.readline()
"""


def test_nothing_is_deleted_while_a_run_or_a_proxy_lives(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as ledger:
        with another_process(OWNER.replace("PATH", repr(str(path)))) as process:
            line_of(process)
            with pytest.raises(InvalidInput, match=rf"process {process.pid}\): end it first") as caught:
                ledger.reset(tmp_path / "b.db")
            assert caught.value.extra == {"pid": process.pid}
        assert ledger.check() == HEALTHY
        assert not (tmp_path / "b.db").exists()
        assert ledger.reset(None).calls == 30  # it has ended


def test_nothing_is_deleted_that_could_not_be_copied(tmp_path: Path) -> None:
    path = fill(tmp_path / "l.db")
    (tmp_path / "b.db").write_text("mine")
    with closing(SqliteLedger(path)) as ledger:
        with pytest.raises(InvalidInput, match="exists already"):
            ledger.reset(tmp_path / "b.db")
        assert ledger.check() == HEALTHY


@pytest.mark.parametrize("backup", [None, "b.db"])
def test_a_damaged_ledger_is_not_reset(tmp_path: Path, backup: str | None) -> None:
    path = fill(tmp_path / "l.db")
    flipped(path)
    before = path.read_bytes()
    with (
        closing(SqliteLedger(path)) as ledger,
        pytest.raises(DatabaseError, match="damaged; move it away and restore a backup"),
    ):
        ledger.reset(tmp_path / backup if backup else None)
    assert path.read_bytes() == before


def test_a_program_that_is_reading_keeps_the_space_and_not_the_rows(tmp_path: Path) -> None:
    path = filled(tmp_path / "l.db")
    with closing(SqliteLedger(path)) as reader, reader.reading() as tx:
        assert tx.session(1)
        with closing(SqliteLedger(path, wait_s=0.01)) as ledger:
            assert ledger.reset(None) == THERE_IS
            assert ledger.contents() == NOTHING
        assert tx.session(1)  # of the moment it began
