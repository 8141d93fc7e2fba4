"""May this call be sent, and what did it cost? `admit` before it is sent, `settle` (or `release`) after it has ended.

What is read to decide and what is written happens in one transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from codesession import guard, model
from codesession.errors import DatabaseError
from codesession.gate.costs import cost_of, moment, with_evidence
from codesession.gate.keeping import alerts_due, record_results
from codesession.gate.noes import Noes, said_by_a_person
from codesession.gate.refusals import event_of, exceeded
from codesession.gate.surroundings import ALONE
from codesession.model import Alert, EventKind, Hold, Level, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesession.gate.surroundings import Surroundings
    from codesession.ledger import WriteQueue
    from codesession.model import Account, Attempt, Nanos, Outcome, Standing, Usage
    from codesession.model.ports import Prices, Writer

T = TypeVar("T")

MOST_OUTPUT = 128_000
"""Tokens a model may write when the request sets no bound: the largest limit among current models
(https://platform.openai.com/docs/models and https://docs.claude.com/en/docs/about-claude/models, read 2026-11-22)."""

MOST_INPUT = 1_000_000
"""Tokens a model may read when its request names things that are not in it: the largest window among the models of
these two lists. A request's own bytes bound it otherwise."""

REPEATED_WITHIN_MS = 5_000
"""How long after an answer was ended the next call of its conversation is taken for the same, in milliseconds."""

_TOLD = (model.Evidence.MEASURED, model.Evidence.REPORTED)
"""What an answer of the provider's says of its tokens."""

RESULTS_AT_ONCE = 200
"""Answers of a batch in one transaction: other calls wait as long."""

EXPECTED_MS = 30_000
"""How long a call on the user's own hardware is expected to take, in milliseconds; more is held as it runs."""

MOST_ENDED = 1_000
"""Conversations of which is remembered why an answer was ended; of more, all are forgotten."""


class LedgerGate:
    """The `Gate` of one process: its holds are in flight while it lives."""

    def __init__(
        self,
        queue: WriteQueue,
        prices: Prices,
        owner_id: int,
        now_ms: Callable[[], int],
        surroundings: Surroundings = ALONE,
        *,
        is_guarded: bool = False,
    ) -> None:
        """`is_guarded` tells whether some budget refuses calls, until the first call shows what applies to it."""
        self._queue = queue
        self._prices = prices
        self._owner_id = owner_id
        self._now_ms = now_ms
        self._around = surroundings
        self._experience = guard.Experience()
        self._fences = guard.Fences(is_guarded=is_guarded)
        self._ended: dict[tuple[object, ...], tuple[Refusal, int]] = {}
        """why an answer of a conversation was ended, and until when it is the answer to its next call"""
        self._noes = Noes(queue, owner_id, now_ms, surroundings)

    async def admit(self, attempt: Attempt) -> Hold:
        """Hold what `attempt` may cost; when this returns, the call is in the ledger.

        A strict budget holds the most it can cost: the input bounded by the request's bytes (a token has at least
        one), the output by the request's own limit, both at the dearest rate that can apply. A balanced one holds what
        it will probably cost. Without a price the hold has no amount.

        Raises:
            BudgetExceeded: a rule would be broken; nothing is held, and only the event is kept.
            DatabaseError: it could not be written; nothing is held, and no budget refuses calls here.
        """
        await self._refuse_repetition(attempt)
        loop = self._around.watches and self._around.watches.sent(attempt, self._now_ms())
        if loop and loop.action is not guard.Action.WARN:
            await self._noes.ask_or_refuse(attempt, loop.refusal)
        elif loop:
            await self._warn(attempt, loop.refusal)
        while True:
            decision = await self._decided(attempt)
            if isinstance(decision, Hold):
                return decision
            await self._noes.ask_or_refuse(attempt, decision)

    async def refuses(self) -> bool:
        """Whether anything may refuse calls: a budget, a mandate, a person; True where that cannot be found out."""

        def may_refuse(tx: Writer) -> bool:
            return tx.has_blocking_budget() or tx.has_limits()[1] or bool(tx.switches())

        try:
            return await self._queue.write(may_refuse)
        except DatabaseError:
            return True

    async def admit_unmetered(self, attempt: Attempt) -> None:
        """Return if a request whose cost cannot be read may be sent: where no budget refuses what has no price.

        Raises:
            BudgetExceeded: one does, or is used up, or a person has stopped the session; only the event is kept.
        """
        while refusal := await self._written(attempt, lambda tx: self._refusal_of_unmetered(tx, attempt)):
            await self._noes.ask_or_refuse(attempt, refusal)

    def _refusal_of_unmetered(self, tx: Writer, attempt: Attempt) -> Refusal | None:
        said = said_by_a_person(tx, attempt.session_id)
        if said:
            return said
        refusal = guard.check(self._case(tx, attempt, None, self._now_ms(), is_metered=False))
        return replace(refusal, ask_s=0) if refusal else None

    async def extend(self, hold: Hold, usage: Usage) -> Hold | Refusal:
        """The hold with enough reserved for what the call has consumed so far; or why its answer is to be ended.

        Within what is reserved nothing is asked. Beyond it, a quarter more than it has cost is reserved, or as much of
        that as is free; a call that costs more than every blocking budget has free is to be ended.
        """
        running = self._cost_nanos(hold, usage)
        if running is None or hold.reserved_nanos is None or running <= hold.reserved_nanos:
            return hold
        try:
            extended = await self._queue.write(lambda tx: self._extended(tx, hold, running))
        except DatabaseError:
            return hold  # what was reserved is still held; the next look tries again
        if isinstance(extended, Refusal):
            if len(self._ended) >= MOST_ENDED:
                self._ended.clear()
            self._ended[guard.conversation(hold.attempt)] = extended, self._now_ms() + REPEATED_WITHIN_MS
            self._around.refused(extended, EventKind.ENDED)
        return extended

    async def stopped(self, attempt: Attempt, hold: Hold | None) -> Refusal:
        """Why a call that was sent is ended: a person has stopped its session. That is kept, where it can be."""
        refusal = guard.stopped_answer(attempt.session_id)
        await self._noes.ended(attempt, refusal, hold.call_id if hold else None)
        return refusal

    async def settle(self, hold: Hold, outcome: Outcome) -> None:
        """Turn the hold into what the call cost, at the price of the moment it was sent; see `cost_of`."""
        asked = hold.attempt
        now_ms = self._now_ms()
        cost = cost_of(self._prices, asked, outcome, hold.started_ms, now_ms - hold.started_ms)
        outcome = with_evidence(outcome)
        if outcome.usage is not None and outcome.evidence in _TOLD:
            self._experience.learn(asked, outcome.usage, now_ms)
        if self._around.watches:
            self._around.watches.ended(asked, cost.nanos if cost else None, outcome.http_status, now_ms)

        def settled(tx: Writer) -> list[Alert]:
            tx.settle(hold.call_id, outcome, cost, now_ms)
            return alerts_due(tx, asked.session_id, now_ms)

        for alert in await self._queue.write(settled):
            self._around.tell(alert)

    async def hit(self, attempt: Attempt, answered: str, saved_nanos: Nanos | None) -> None:
        """Record a call that was answered from the cache by the model `answered`, and what that saved.

        Raises:
            BudgetExceeded: a person has stopped its session.
            DatabaseError: it could not be written.
        """
        now_ms = self._now_ms()
        outcome = model.Outcome(model.Usage(), model=answered, http_status=200, saved_nanos=saved_nanos)

        def recorded(tx: Writer) -> Refusal | None:
            said = said_by_a_person(tx, attempt.session_id)
            if said is None:
                tx.record(attempt, outcome, model.Cost(0, "cache"), now_ms, now_ms)
            return said

        while refusal := await self._queue.write(recorded):
            await self._noes.ask_or_refuse(attempt, refusal)

    async def record_results(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> int:
        """Keep the answers of a batch, each a call as `attempt` says; returns how many were not there before.

        They count toward every budget that applies, and are refused by none: they were paid for when they were made.

        Raises:
            DatabaseError: they could not be written; some may have been.
        """
        now_ms, kept = self._now_ms(), 0
        for start in range(0, len(outcomes), RESULTS_AT_ONCE):
            some = outcomes[start : start + RESULTS_AT_ONCE]
            job = partial(record_results, attempt=attempt, outcomes=some, prices=self._prices, now_ms=now_ms)
            count, alerts = await self._queue.write(partial(job, zone=self._around.zone))
            kept += count
            for alert in alerts:
                self._around.tell(alert)
        return kept

    async def release(self, hold: Hold, http_status: int | None) -> None:
        """Give the hold back: nothing was consumed."""
        now_ms = self._now_ms()
        if self._around.watches:
            self._around.watches.ended(hold.attempt, None, http_status, now_ms)
        await self._queue.write(lambda tx: tx.release(hold.call_id, http_status, now_ms))

    # --- deciding, inside one transaction ---

    async def _decided(self, attempt: Attempt) -> Hold | Refusal:
        """The hold, or why there is none; a caller that is cancelled meanwhile leaves no hold behind."""
        deciding = asyncio.ensure_future(self._written(attempt, lambda tx: self._held(tx, attempt)))
        try:
            return await asyncio.shield(deciding)
        except asyncio.CancelledError:
            held = await deciding
            if isinstance(held, Hold):
                await self.release(held, None)
            raise

    def _held(self, tx: Writer, attempt: Attempt) -> Hold | Refusal:
        said = said_by_a_person(tx, attempt.session_id)
        if said:
            return said
        now_ms = self._now_ms()
        most_output = MOST_OUTPUT if attempt.max_output is None else attempt.max_output
        most_input = max(attempt.request_bytes, MOST_INPUT) if attempt.reads_elsewhere else attempt.request_bytes
        ceiling = self._prices.ceiling(
            attempt.provider, attempt.model, most_input, most_output, moment(now_ms), attempt.terms
        )
        case = self._case(tx, attempt, ceiling, now_ms)
        refusal = guard.check(case)
        if refusal:
            return refusal
        call_id = tx.hold(attempt, ceiling, self._owner_id, now_ms, case.expected_nanos)
        blocking = [standing.account.budget for standing in case.standings if standing.account.budget.blocks]
        amounts = [ceiling if budget.is_strict else case.expected_nanos for budget in blocking]
        return Hold(call_id, attempt, now_ms, min((nanos for nanos in amounts if nanos is not None), default=None))

    def _case(
        self, tx: Writer, attempt: Attempt, ceiling: Nanos | None, now_ms: int, *, is_metered: bool = True
    ) -> guard.Case:
        has_budgets, has_mandates = tx.has_limits()
        directory = tx.directory_of(attempt.session_id) if has_budgets or has_mandates else None
        accounts = self._accounts(tx, attempt, directory, now_ms) if has_budgets else []
        mandates = tx.mandates_for(attempt, directory) if has_mandates else []
        self._fences.learn(attempt, any(account.budget.blocks for account in accounts))
        expected = ceiling
        if accounts and ceiling is not None:
            usage = self._experience.usage(attempt, now_ms, lambda: tx.outputs(attempt, guard.NEWEST))
            terms = replace(attempt.terms, took_ms=EXPECTED_MS) if attempt.terms.is_local else attempt.terms
            cost = self._prices.cost(attempt.provider, attempt.model, usage, moment(now_ms), terms)
            expected = min(ceiling, cost.nanos) if cost else ceiling
        return guard.Case(
            attempt,
            ceiling,
            expected,
            tx.open_accounts(accounts),
            [(mandate, tx.calls_in_flight(attempt, mandate, directory)) for mandate in mandates],
            is_metered,
        )

    def _accounts(self, tx: Writer, attempt: Attempt, directory: str | None, now_ms: int) -> list[Account]:
        budgets = tx.budgets_for(attempt, directory)
        return guard.accounts_of(budgets, attempt, directory, now_ms, self._around.zone) if budgets else []

    def _extended(self, tx: Writer, hold: Hold, running: Nanos) -> Hold | Refusal:
        """Inside a transaction: the hold with more reserved, or why its answer is to be ended."""
        reserved = hold.reserved_nanos or 0
        attempt = hold.attempt
        accounts = self._accounts(tx, attempt, tx.directory_of(attempt.session_id), hold.started_ms)
        blocking = [tx.open_account(account) for account in accounts if account.budget.blocks]
        if not blocking:
            return replace(hold, reserved_nanos=None)
        tightest = min(blocking, key=_room)
        if reserved + _room(tightest) < running:
            refusal = guard.ended(tightest, running, reserved)
            tx.add_event(event_of(self._now_ms(), EventKind.ENDED, attempt, refusal, hold.call_id))
            return refusal
        more = min(running + running // 4, reserved + _room(tightest))
        tx.extend(hold.call_id, more)
        return replace(hold, reserved_nanos=more)

    async def _written(self, attempt: Attempt, job: Callable[[Writer], T]) -> T:
        """What `job` returns.

        Raises:
            BudgetExceeded: the ledger cannot be written, and a budget refuses calls here.
            DatabaseError: it cannot, and none does.
        """
        try:
            return await self._queue.write(job)
        except DatabaseError as error:
            if not self._fences.may_block(attempt):
                raise
            refusal = guard.unwritten(error.message)
            self._around.refused(refusal, EventKind.REFUSED)
            raise exceeded(refusal) from error

    # --- what is done about a no ---

    async def _refuse_repetition(self, attempt: Attempt) -> None:
        """Refuse the call that follows at once on an answer that was ended: Claude Code asks the same again.

        Raises:
            BudgetExceeded: it is that.
        """
        refusal, until_ms = self._ended.pop(guard.conversation(attempt), (None, 0))
        if refusal and self._now_ms() <= until_ms:
            await self._noes.ask_or_refuse(attempt, refusal)

    async def _warn(self, attempt: Attempt, refusal: Refusal) -> None:
        """Tell of what would be refused if the user had wished it."""
        alert = Alert(refusal.sentence, Level.NEAR, None, attempt.session_id)
        self._around.tell(alert)
        await self._written(
            attempt, lambda tx: tx.add_event(event_of(self._now_ms(), EventKind.WARNED, attempt, refusal))
        )

    def _cost_nanos(self, hold: Hold, usage: Usage) -> Nanos | None:
        asked = hold.attempt
        terms = asked.terms
        if terms.is_local:  # it costs by the time it has taken
            terms = replace(terms, took_ms=self._now_ms() - hold.started_ms)
        cost = self._prices.cost(asked.provider, asked.model, usage, moment(hold.started_ms), terms)
        return cost.nanos if cost else None


def _room(standing: Standing) -> Nanos:
    """What a running call may still add; a strict budget has held all it may."""
    return 0 if standing.account.budget.is_strict else max(0, standing.free_nanos)
