"""Is it known how long which hardware of the user's own worked, in a session, in all, and in one run?"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.model import Attempt, Cost, HardwareTotals, Outcome, Scope, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger

MINE = Cost(7, "local (RTX 4090)", "RTX 4090")
RENTED = Cost(5, "local (cloud-h100)", "cloud-h100")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        yield ledger


def begin(ledger: SqliteLedger, directory: str) -> int:
    with ledger.writing() as tx:
        return tx.begin_session(Scope(directory), "work", 1000).id


def attempt(session_id: int | None, *, is_local: bool = True) -> Attempt:
    terms = Terms(is_local=is_local)
    return Attempt(session_id, "ollama", "m", "chat", streamed=True, request_bytes=0, terms=terms)


def spend(ledger: SqliteLedger, session_id: int, cost: Cost | None, took_ms: int, *, is_local: bool = True) -> None:
    with ledger.writing() as tx:
        tx.record(attempt(session_id, is_local=is_local), Outcome(Usage(input=1)), cost, 2000, 2000 + took_ms)


def test_what_worked_longest_comes_first_and_only_own_hardware_counts(ledger: SqliteLedger) -> None:
    session_id = begin(ledger, "/a")
    for cost, took_ms in ((MINE, 1500), (MINE, 500), (RENTED, 3000), (None, 20)):
        spend(ledger, session_id, cost, took_ms)
    spend(ledger, session_id, Cost(9, "table"), 9000, is_local=False)
    with ledger.reading() as tx:
        assert tx.hardware(session_id) == [
            HardwareTotals("cloud-h100", 1, 3000, 5),
            HardwareTotals("RTX 4090", 2, 2000, 14),
            HardwareTotals("", 1, 20, 0),
        ]


def test_all_sessions_together_and_for_statistics_those_that_have_ended(ledger: SqliteLedger) -> None:
    ended, active = begin(ledger, "/a"), begin(ledger, "/b")
    spend(ledger, ended, MINE, 1500)
    spend(ledger, active, MINE, 4000)
    with ledger.writing() as tx:
        tx.end_session(ended, 9000)
    with ledger.reading() as tx:
        assert tx.hardware() == [HardwareTotals("RTX 4090", 2, 5500, 14)]
        assert tx.hardware(active) == [HardwareTotals("RTX 4090", 1, 4000, 7)]
        assert tx.statistics().hardware == (HardwareTotals("RTX 4090", 1, 1500, 7),)


def test_without_local_calls_there_is_none(ledger: SqliteLedger) -> None:
    session_id = begin(ledger, "/a")
    spend(ledger, session_id, Cost(9, "table"), 9000, is_local=False)
    with ledger.reading() as tx:
        assert tx.hardware() == tx.hardware(session_id) == tx.hardware(session_id, 1) == []
        assert tx.statistics().hardware == ()


def test_of_a_run_only_its_own_calls_count(ledger: SqliteLedger) -> None:
    session_id = begin(ledger, "/a")
    owner_id = ledger.claim(1000)
    spend(ledger, session_id, MINE, 1500)
    with ledger.writing() as tx:
        held = tx.hold(attempt(session_id), 9, owner_id, 2000)
        assert tx.settle(held, Outcome(Usage(input=1)), RENTED, 2250)
        unpriced = tx.hold(attempt(session_id), 9, owner_id, 2000)
        assert tx.settle(unpriced, Outcome(Usage(input=1)), None, 2100)
        elsewhere = tx.hold(attempt(session_id, is_local=False), 9, owner_id, 2000)
        assert tx.settle(elsewhere, Outcome(Usage(input=1)), Cost(8, "table"), 9000)
        tx.hold(attempt(session_id), 9, owner_id, 2000)
    with ledger.reading() as tx:
        assert tx.hardware(session_id, owner_id) == [
            HardwareTotals("cloud-h100", 1, 250, 5),
            HardwareTotals("", 1, 100, 0),
        ]
