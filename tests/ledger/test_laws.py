"""Whatever two connections do, in whatever order: does each call end once, and is a total the sum of its rows?"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from codesession.errors import SessionActive
from codesession.ledger import SqliteLedger
from codesession.ledger.totals import differences
from codesession.model import Attempt, CallState, Cost, Cut, Evidence, Outcome, Scope, Totals, Usage

if TYPE_CHECKING:
    from collections.abc import Collection

    from codesession.model import Call
    from codesession.model.ports import Reader

SIDES = st.sampled_from([0, 1])
AMOUNTS = st.none() | st.integers(0, 10**12)
USAGES = st.builds(Usage, *([st.integers(0, 10**6)] * 11))
OUTCOMES = st.builds(
    Outcome,
    st.none() | USAGES,
    st.sampled_from([Evidence.MEASURED, Evidence.REPORTED, Evidence.ESTIMATED]),
    st.none() | st.sampled_from(["m1", "m2"]),
    st.none() | st.sampled_from([Cut.CLIENT, Cut.UPSTREAM]),
)
TIMES = st.integers(0, 10**12)


@dataclass
class Expected:
    """What the ledger has to say of one call."""

    session_id: int
    owner: int | None
    """whose it is: the side that holds it, or nobody's if it was recorded"""
    ceiling: int | None
    state: CallState = CallState.HELD
    cost: int | None = None
    tokens: int = 0
    evidence: Evidence | None = None
    cut: Cut | None = None


class TwoConnections(RuleBasedStateMachine):
    """Two connections to one ledger, against a dictionary."""

    calls = Bundle("calls")
    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory()
        path = Path(self._place.name) / "l.db"
        self._sides = [SqliteLedger(path, wait_s=0), SqliteLedger(path, wait_s=0)]
        self._owners = [ledger.claim(1) for ledger in self._sides]
        self._expected: dict[int, Expected] = {}
        self._active: dict[str, int] = {}
        self._all_sessions: list[int] = []

    def teardown(self) -> None:
        for ledger in self._sides:
            ledger.close()
        self._place.cleanup()

    @initialize(target=sessions)
    def first_session(self) -> int:
        return self._begin(0, "/a")

    @rule(target=sessions, side=SIDES, directory=st.sampled_from(["/a", "/b"]))
    def begin(self, side: int, directory: str) -> object:
        if directory in self._active:
            with pytest.raises(SessionActive) as caught:
                self._begin(side, directory)
            assert caught.value.extra["id"] == self._active[directory]
            return multiple()
        return self._begin(side, directory)

    def _begin(self, side: int, directory: str) -> int:
        with self._sides[side].writing() as tx:
            session = tx.begin_session(Scope(directory), "work", 1)
        self._active[directory] = session.id
        self._all_sessions.append(session.id)
        return session.id

    @rule(side=SIDES, session_id=sessions, at=TIMES)
    def end(self, side: int, session_id: int, at: int) -> None:
        with self._sides[side].writing() as tx:
            ended = tx.end_session(session_id, at)
        assert ended is (session_id in self._active.values())
        self._active = {key: value for key, value in self._active.items() if value != session_id}

    @rule(target=calls, side=SIDES, session_id=sessions, ceiling=AMOUNTS, at=TIMES)
    def hold(self, side: int, session_id: int, ceiling: int | None, at: int) -> int:
        asked = Attempt(session_id, "p", "m0", "e", streamed=False, request_bytes=1)
        with self._sides[side].writing() as tx:
            call_id = tx.hold(asked, ceiling, self._owners[side], at)
        assert call_id not in self._expected
        self._expected[call_id] = Expected(session_id, side, ceiling)
        return call_id

    @rule(side=SIDES, call_id=calls, outcome=OUTCOMES, price=AMOUNTS, at=TIMES)
    def settle(self, side: int, call_id: int, outcome: Outcome, price: int | None, at: int) -> None:
        cost = None if price is None or outcome.usage is None else Cost(price, "table")
        with self._sides[side].writing() as tx:
            done = tx.settle(call_id, outcome, cost, at)
        expected = self._expected[call_id]
        assert done is (expected.state is CallState.HELD)
        if done:
            expected.state, expected.cut = CallState.SETTLED, outcome.cut
            if outcome.usage is None:
                expected.cost, expected.evidence = expected.ceiling, Evidence.ESTIMATED
            else:
                expected.cost, expected.evidence = (cost.nanos if cost else None), outcome.evidence
                expected.tokens = outcome.usage.tokens

    @rule(target=calls, side=SIDES, session_id=sessions, outcome=OUTCOMES, price=AMOUNTS, at=TIMES)
    def record(self, side: int, session_id: int, outcome: Outcome, price: int | None, at: int) -> int:
        made = Attempt(session_id, "p", "m0", "log", streamed=False, request_bytes=0)
        cost = None if price is None else Cost(price, "table")
        with self._sides[side].writing() as tx:
            call_id = tx.record(made, outcome, cost, at, at)
        assert call_id not in self._expected
        tokens = outcome.usage.tokens if outcome.usage else 0
        self._expected[call_id] = Expected(
            session_id, None, None, CallState.SETTLED, price, tokens, outcome.evidence, outcome.cut
        )
        return call_id

    @rule(side=SIDES, call_id=calls, at=TIMES)
    def release(self, side: int, call_id: int, at: int) -> None:
        with self._sides[side].writing() as tx:
            done = tx.release(call_id, 529, at)
        assert done is (self._expected[call_id].state is CallState.HELD)
        if done:
            self._expected[call_id].state = CallState.RELEASED

    @rule(side=SIDES, owner=SIDES, at=TIMES)
    def lose(self, side: int, owner: int, at: int) -> None:
        held = [call for call in self._expected.values() if (call.state, call.owner) == (CallState.HELD, owner)]
        with self._sides[side].writing() as tx:
            assert tx.lose(self._owners[owner], at) == len(held)
        for call in held:
            call.state, call.cost = CallState.LOST, call.ceiling
            call.evidence, call.cut = Evidence.ESTIMATED, Cut.PROCESS

    @invariant()
    def the_sums_that_are_kept_equal_the_rows(self) -> None:
        with closing(sqlite3.connect(self._sides[0].path)) as connection:
            assert differences(connection) == []

    @invariant()
    def both_sides_say_what_happened(self) -> None:
        for ledger in self._sides:
            with ledger.reading() as tx:
                for session_id in self._all_sessions:
                    self._check(tx, session_id)
                holding = {
                    self._owners[call.owner]
                    for call in self._expected.values()
                    if call.state == "held" and call.owner is not None
                }
                assert set(tx.owners_holding()) == holding
                assert {session.directory: session.id for session in tx.active_sessions()} == self._active

    def _check(self, tx: Reader, session_id: int) -> None:
        rows = {call.id: call for call in tx.calls(session_id)}
        expected = {key: call for key, call in self._expected.items() if call.session_id == session_id}
        assert rows.keys() == expected.keys()
        for call_id, call in rows.items():
            told = expected[call_id]
            assert (call.state, call.cost_nanos, call.evidence) == (told.state, told.cost, told.evidence)
            assert (call.usage.tokens if call.usage else 0, call.cut) == (told.tokens, told.cut)
            assert (call.ended_ms is None) is (call.state is CallState.HELD)
            assert call.ended_ms is None or call.ended_ms >= call.started_ms
        totals = tx.totals(session_id)
        assert totals == sum_of(rows.values())
        shares = [tx.totals(session_id, owner_id) for owner_id in self._owners]
        recorded = [call for call in expected.values() if call.owner is None]
        assert sum(share.cost_nanos for share in shares) + sum(call.cost or 0 for call in recorded) == totals.cost_nanos
        assert sum(share.calls for share in shares) + len(recorded) == totals.calls
        models = tx.models(session_id)
        assert sum(model.cost_nanos for model in models) == totals.cost_nanos
        assert sum(model.calls for model in models) == totals.calls


def sum_of(calls: Collection[Call]) -> Totals:
    """The totals of the rows, added up here."""
    return Totals(
        calls=sum(call.is_billed for call in calls),
        tokens=sum(call.usage.tokens for call in calls if call.usage),
        cost_nanos=sum(call.cost_nanos or 0 for call in calls if call.is_billed),
        unpriced=sum(call.is_unpriced for call in calls),
        estimated=sum(call.evidence is Evidence.ESTIMATED and call.cut is None for call in calls),
        cut=sum(call.cut in (Cut.CLIENT, Cut.UPSTREAM) for call in calls),
        lost=sum(call.state is CallState.LOST for call in calls),
        held=sum(call.state is CallState.HELD for call in calls),
        failed=sum(call.state is CallState.RELEASED for call in calls),
    )


TestTwoConnections = TwoConnections.TestCase
TestTwoConnections.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
