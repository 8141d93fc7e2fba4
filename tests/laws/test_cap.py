"""Whatever is asked, in whatever order, of whichever process: does settled and held stay within a strict limit?"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from tests.laws.examples import each
from tests.ledger.fresh import fresh

from codesession.errors import BudgetExceeded
from codesession.gate import LedgerGate, Surroundings, expire
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import (
    Attempt,
    Budget,
    Cost,
    EventKind,
    Hold,
    Mode,
    Outcome,
    Refusal,
    Scope,
    ScopeKind,
    Usage,
    Window,
)

NOON = 1_772_452_800_000  # 2026-03-02 12:00 UTC
DAY_MS = 86_400_000
SIDES = st.integers(0, 1)
AGENTS = st.sampled_from([None, "codex", "other"])
LIMITS = st.integers(0, 400)
BUDGETS = [
    (ScopeKind.ALL, "", Window.DAY),
    (ScopeKind.ALL, "", Window.TOTAL),
    (ScopeKind.SESSION, "", Window.SESSION),
    (ScopeKind.AGENT, "*", Window.DAY),
    (ScopeKind.AGENT, "codex", Window.DAY),
    (ScopeKind.MODEL, "m*", Window.WEEK),
    (ScopeKind.PROJECT, "/p", Window.MONTH),
]


class Unit:
    """A nano-dollar a token."""

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, *_: object) -> Cost:
        del provider, model, at
        return Cost(usage.tokens, "unit")

    def ceiling(
        self, provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime, *_: object
    ) -> int:
        del provider, model, at
        return input_tokens + output_tokens


class Side:
    """One process."""

    def __init__(self, path: Path, world: TheCap) -> None:
        self.ledger = fresh(path)
        self.queue = WriteQueue(self.ledger)
        self.owner_id = self.ledger.claim(NOON)
        self.gate = LedgerGate(self.queue, Unit(), self.owner_id, lambda: world.now_ms, Surroundings(UTC))

    def close(self) -> None:
        self.queue.close()
        self.ledger.close()


@dataclass(frozen=True)
class Sent:
    """A call in flight, and the most it can cost."""

    side: Side
    hold: Hold
    most: int


class TheCap(RuleBasedStateMachine):
    """Two processes over one ledger."""

    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOON
        self._place = tempfile.TemporaryDirectory()
        self._path = Path(self._place.name) / "l.db"
        self._sides = [Side(self._path, self), Side(self._path, self)]
        self._admitted = 0
        self._refused = 0

    def teardown(self) -> None:
        """Everything held is settled, released or lost: at the latest when its process is gone."""
        for side in self._sides:
            side.close()
        with closing(SqliteLedger(self._path)) as ledger:
            expire(ledger, self.now_ms)
            condition = ledger.check()
            assert (condition.held, condition.totals) == ({}, [])
        self._place.cleanup()

    @initialize(limits=st.lists(st.tuples(LIMITS, st.booleans()), min_size=len(BUDGETS), max_size=len(BUDGETS)))
    def set_budgets(self, limits: list[tuple[int, bool]]) -> None:
        with self._sides[0].ledger.writing() as tx:
            self._session = tx.begin_session(Scope("/p"), "work", NOON)
            for (kind, name, window), (limit, is_strict) in zip(BUDGETS, limits, strict=True):
                if limit:
                    tx.set_budget(Budget(kind, name, window, limit, Mode.BLOCK, is_strict=is_strict))

    @rule(
        target=sent,
        side=SIDES,
        agent=AGENTS,
        reads=st.integers(0, 60),
        writes=st.integers(0, 60),
        belongs=st.booleans(),
    )
    def admit(self, side: int, agent: str | None, reads: int, writes: int, *, belongs: bool) -> object:
        asked = Attempt(
            self._session.id if belongs else None,
            "p",
            "m1",
            "chat",
            streamed=True,
            request_bytes=reads,
            max_output=writes,
            agent=agent,
        )
        try:
            hold = asyncio.run(self._sides[side].gate.admit(asked))
        except BudgetExceeded:
            self._refused += 1
            return multiple()
        self._admitted += 1
        return Sent(self._sides[side], hold, reads + writes)

    @rule(call=consumes(sent), share=st.floats(0, 1))
    def settle(self, call: Sent, share: float) -> None:
        if call.side in self._sides:
            asyncio.run(call.side.gate.settle(call.hold, Outcome(Usage(output=int(call.most * share)))))

    @rule(call=consumes(sent))
    def fail(self, call: Sent) -> None:
        if call.side in self._sides:
            asyncio.run(call.side.gate.release(call.hold, 529))

    @rule(call=sent, share=st.floats(0, 1))
    def run_on(self, call: Sent, share: float) -> None:
        if call.side in self._sides:
            told = asyncio.run(call.side.gate.extend(call.hold, Usage(output=int(call.most * share))))
            assert isinstance(told, (Hold, Refusal))

    @rule(side=SIDES)
    def die(self, side: int) -> None:
        self._sides[side].close()
        self._sides[side] = Side(self._path, self)
        expire(self._sides[side].ledger, self.now_ms)

    @rule()
    def next_day(self) -> None:
        self.now_ms += DAY_MS

    @rule(side=SIDES, extra=st.integers(0, 100))
    def approve(self, side: int, extra: int) -> None:
        with self._sides[side].ledger.writing() as tx:
            for standing in tx.standings(self.now_ms)[:1]:
                assert tx.approve(standing.id, extra)

    @invariant()
    def no_strict_limit_is_passed(self) -> None:
        with self._sides[0].ledger.reading() as tx:
            for standing in tx.standings(self.now_ms):
                if standing.account.budget.is_strict:
                    assert standing.free_nanos >= 0, standing

    @invariant()
    def accounts_are_what_the_calls_say(self) -> None:
        assert self._sides[0].ledger.check().totals == []

    @invariant()
    def a_refusal_leaves_its_event_and_nothing_else(self) -> None:
        assert self._sides[0].ledger.check().calls == self._admitted
        with self._sides[0].ledger.reading() as tx:
            assert len(tx.events(EventKind.REFUSED)) == self._refused


TheCap.TestCase.settings = settings(each(15), stateful_step_count=25)
TestTheCap = TheCap.TestCase
