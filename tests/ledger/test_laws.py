"""Whatever two connections do, in whatever order: does each call end once, and is a total the sum of its rows?"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from tests.laws.examples import each
from tests.ledger.fresh import fresh

from codesession.errors import SessionActive
from codesession.guard import accounts_of
from codesession.ledger.accounts import differing
from codesession.ledger.totals import differences
from codesession.model import (
    EACH,
    Attempt,
    Budget,
    CallState,
    Cost,
    Cut,
    Evidence,
    Mode,
    Outcome,
    Scope,
    ScopeKind,
    Totals,
    Usage,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from codesession.model import Call, Standing
    from codesession.model.ports import Reader

pytestmark = pytest.mark.no_cover  # many examples of what other tests go through line by line

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
TIMES = st.integers(0, 10**12) | st.integers(0, 3 * 86_400_000)
"""Anywhere, and within three days, for accounts of which several calls are."""
ATTEMPTS = st.builds(
    Attempt,
    st.none(),
    st.sampled_from(["p", "q"]),
    st.sampled_from(["m0", "M1", "x/m0"]),
    st.just("e"),
    streamed=st.booleans(),
    request_bytes=st.just(1),
    agent=st.none() | st.sampled_from(["a1", "a2"]),
    user=st.none() | st.just("u1"),
    customer=st.none() | st.sampled_from(["acme", EACH]),
)
DIRECTORIES = ["/a", "/b"]
SCOPES: dict[ScopeKind, list[str]] = {
    ScopeKind.SESSION: ["", "1", "2"],
    ScopeKind.ALL: [""],
    ScopeKind.PROJECT: [EACH, *DIRECTORIES],
    ScopeKind.AGENT: [EACH, "a1"],
    ScopeKind.USER: [EACH, "u1"],
    ScopeKind.CUSTOMER: [EACH, "acme"],
    ScopeKind.MODEL: ["m*", "p/*", "*m?", "x/m0", "nothing"],
}


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    """A budget of any kind in any window that it can have."""
    kind = draw(st.sampled_from(ScopeKind))
    never = {Window.SESSION} if kind is ScopeKind.ALL else set[Window]()
    windows = {Window.SESSION} if kind is ScopeKind.SESSION else set(Window) - never
    return Budget(
        kind,
        draw(st.sampled_from(SCOPES[kind])),
        draw(st.sampled_from(sorted(windows))),
        draw(st.integers(0, 10**13)),
        draw(st.sampled_from(Mode)),
        draw(st.booleans()),
        unpriced_nanos=draw(st.none() | st.integers(0, 10**9)),
        directory=draw(st.none() | st.sampled_from(DIRECTORIES)),
    )


@dataclass
class Expected:
    """What the ledger has to say of one call."""

    attempt: Attempt
    directory: str | None
    started_ms: int
    owner: int | None
    """whose it is: the side that holds it, or nobody's if it was recorded"""
    ceiling: int | None
    expected: int | None = None
    state: CallState = CallState.HELD
    cost: int | None = None
    tokens: int = 0
    evidence: Evidence | None = None
    cut: Cut | None = None

    def counts_toward(self, standing: Standing) -> bool:
        """Whether it does, by the guard's word."""
        known = standing.account.budget
        found = accounts_of([known], self.attempt, self.directory, self.started_ms, UTC)
        return [replace(account, budget=known) for account in found] == [standing.account]

    def held(self, budget: Budget) -> int:
        """What it holds in an account of that budget."""
        if self.state is not CallState.HELD:
            return 0
        amounts = (None if budget.is_strict else self.expected, self.ceiling, budget.unpriced_nanos, 0)
        return next(nanos for nanos in amounts if nanos is not None)

    def spent(self, budget: Budget) -> dict[Evidence, int]:
        """What it adds to what an account of that budget has spent."""
        if self.state not in (CallState.SETTLED, CallState.LOST) or self.evidence is None:
            return {}
        if self.cost is None:
            return {Evidence.ESTIMATED: budget.unpriced_nanos or 0}
        return {self.evidence: self.cost}


class TwoConnections(RuleBasedStateMachine):
    """Two connections to one ledger, against a dictionary."""

    calls = Bundle("calls")
    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory()
        path = Path(self._place.name) / "l.db"
        self._sides = [fresh(path, wait_s=0), fresh(path, wait_s=0)]
        self._owners = [ledger.claim(1) for ledger in self._sides]
        self._expected: dict[int, Expected] = {}
        self._active: dict[str, int] = {}
        self._directories: dict[int, str] = {}
        self._budgets: dict[tuple[str, str, str, str | None], Budget] = {}

    def teardown(self) -> None:
        for ledger in self._sides:
            ledger.close()
        self._place.cleanup()

    @initialize(target=sessions)
    def first_session(self) -> int:
        return self._begin(0, "/a")

    @initialize(known=st.lists(budgets(), max_size=12))
    def first_budgets(self, known: list[Budget]) -> None:
        for budget in known:
            self.set_budget(0, budget)

    @rule(target=sessions, side=SIDES, directory=st.sampled_from(DIRECTORIES))
    def begin(self, side: int, directory: str) -> object:
        if directory in self._active:
            with pytest.raises(SessionActive) as caught:
                self._begin(side, directory)
            assert caught.value.extra["id"] == self._active[directory]
            return multiple()
        return self._begin(side, directory)

    def _directory_of(self, session_id: int | None) -> str | None:
        return None if session_id is None else self._directories[session_id]

    def _begin(self, side: int, directory: str) -> int:
        with self._sides[side].writing() as tx:
            session = tx.begin_session(Scope(directory), "work", 1)
        self._active[directory] = session.id
        self._directories[session.id] = directory
        return session.id

    @rule(side=SIDES, session_id=sessions, at=TIMES)
    def end(self, side: int, session_id: int, at: int) -> None:
        with self._sides[side].writing() as tx:
            ended = tx.end_session(session_id, at)
        assert ended is (session_id in self._active.values())
        self._active = {key: value for key, value in self._active.items() if value != session_id}

    @rule(
        target=calls,
        side=SIDES,
        session_id=sessions | st.none(),
        asked=ATTEMPTS,
        ceiling=AMOUNTS,
        expected=AMOUNTS,
        at=TIMES,
        is_looked_up=st.booleans(),
    )
    def hold(
        self,
        side: int,
        session_id: int | None,
        asked: Attempt,
        ceiling: int | None,
        expected: int | None,
        at: int,
        is_looked_up: bool,  # noqa: FBT001 - hypothesis draws it
    ) -> int:
        asked = replace(asked, session_id=session_id)
        if is_looked_up:  # as the gate does; the takeover of a log does not
            self.look_up(side, asked, at)
        with self._sides[side].writing() as tx:
            call_id = tx.hold(asked, ceiling, self._owners[side], at, expected)
        assert call_id not in self._expected
        self._expected[call_id] = Expected(asked, self._directory_of(session_id), at, side, ceiling, expected)
        return call_id

    @rule(side=SIDES, call_id=calls, more=st.integers(0, 10**12))
    def extend(self, side: int, call_id: int, more: int) -> None:
        with self._sides[side].writing() as tx:
            tx.extend(call_id, more)
        if self._expected[call_id].state is CallState.HELD:
            self._expected[call_id].expected = more

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

    @rule(
        target=calls,
        side=SIDES,
        session_id=sessions | st.none(),
        made=ATTEMPTS,
        outcome=OUTCOMES,
        price=AMOUNTS,
        at=TIMES,
    )
    def record(
        self, side: int, session_id: int | None, made: Attempt, outcome: Outcome, price: int | None, at: int
    ) -> int:
        made = replace(made, session_id=session_id)
        cost = None if price is None else Cost(price, "table")
        with self._sides[side].writing() as tx:
            call_id = tx.record(made, outcome, cost, at, at)
        assert call_id not in self._expected
        self._expected[call_id] = Expected(
            made,
            self._directory_of(session_id),
            at,
            owner=None,
            ceiling=None,
            state=CallState.SETTLED,
            cost=price,
            tokens=outcome.usage.tokens if outcome.usage else 0,
            evidence=outcome.evidence,
            cut=outcome.cut,
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

    @rule(side=SIDES, budget=budgets())
    def set_budget(self, side: int, budget: Budget) -> None:
        with self._sides[side].writing() as tx:
            kept = tx.set_budget(budget)
        assert replace(kept, id=0) == budget
        self._budgets[budget.kind, budget.name, budget.window, budget.directory] = kept

    @rule(side=SIDES, budget=budgets())
    def remove_budget(self, side: int, budget: Budget) -> None:
        with self._sides[side].writing() as tx:
            removed = tx.remove_budget(budget.kind, budget.name, budget.window, budget.directory)
        assert removed is (
            self._budgets.pop((budget.kind, budget.name, budget.window, budget.directory), None) is not None
        )

    @rule(side=SIDES, asked=ATTEMPTS, session_id=sessions | st.none(), at=TIMES)
    def look(self, side: int, asked: Attempt, session_id: int | None, at: int) -> None:
        self.look_up(side, replace(asked, session_id=session_id), at)

    def look_up(self, side: int, asked: Attempt, at: int) -> None:
        """Open every account that the call would count toward, as is done before it is sent."""
        with self._sides[side].writing() as tx:
            directory = tx.directory_of(asked.session_id)
            assert directory == self._directory_of(asked.session_id)
            found = accounts_of(tx.budgets_for(asked, directory), asked, directory, at, UTC)
            assert set(found) == set(accounts_of(self._budgets.values(), asked, directory, at, UTC))
            for account in found:
                guessed, opened = tx.standing(account), tx.open_account(account)
                assert replace(guessed, id=opened.id, extra_nanos=opened.extra_nanos) == opened

    @rule(side=SIDES, before=TIMES)
    def forget_accounts(self, side: int, before: int) -> None:
        with self._sides[side].writing() as tx:
            tx.forget_accounts(before)

    @invariant()
    def the_sums_that_are_kept_equal_the_rows(self) -> None:
        with closing(sqlite3.connect(self._sides[0].path)) as connection:
            assert differences(connection) == []
            assert differing(connection) == []

    @invariant()
    def an_account_is_what_the_calls_come_to_that_the_guard_counts_toward_it(self) -> None:
        with closing(sqlite3.connect(self._sides[0].path)) as connection:
            kept = [row_id for (row_id,) in connection.execute("SELECT id FROM account")]
        with self._sides[0].reading() as tx:
            assert set(tx.budgets()) == set(self._budgets.values())
            for standing in map(tx.standing_of, kept):
                assert standing
                self._check_standing(standing)

    def _check_standing(self, standing: Standing) -> None:
        budget = standing.account.budget
        calls = [call for call in self._expected.values() if call.counts_toward(standing)]
        spent = {evidence: sum(call.spent(budget).get(evidence, 0) for call in calls) for evidence in Evidence}
        assert standing.spent_by == {evidence: nanos for evidence, nanos in spent.items() if nanos}
        assert standing.held_nanos == sum(call.held(budget) for call in calls)
        ended = [call for call in calls if call.state in (CallState.SETTLED, CallState.LOST)]
        assert standing.unpriced == sum(call.cost is None for call in ended)

    @invariant()
    def both_sides_say_what_happened(self) -> None:
        for ledger in self._sides:
            with ledger.reading() as tx:
                for session_id in self._directories:
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
        expected = {key: call for key, call in self._expected.items() if call.attempt.session_id == session_id}
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
TestTwoConnections.settings = settings(each(20), stateful_step_count=25)
