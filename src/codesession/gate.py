"""May this call be sent, and what did it cost? Meter prices it, guard allows it, ledger keeps it.

Every call that costs money passes here twice: `admit` before it is sent, `settle` (or `release`) after it
has ended. What is read to decide and what is written happens in one transaction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codesession import model

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.ledger import WriteQueue
    from codesession.model import Attempt, Hold, Outcome
    from codesession.model.ports import Ledger, Prices

MOST_OUTPUT = 128_000
"""Tokens a model may write when the request sets no bound: the largest limit among current models
(https://platform.openai.com/docs/models and https://docs.claude.com/en/docs/about-claude/models, read 2026-11-22)."""


class LedgerGate:
    """The `Gate` of one process: its holds are in flight while it lives."""

    def __init__(self, queue: WriteQueue, prices: Prices, owner_id: int, now_ms: Callable[[], int]) -> None:
        self._queue = queue
        self._prices = prices
        self._owner_id = owner_id
        self._now_ms = now_ms

    async def admit(self, attempt: Attempt) -> Hold:
        """Hold the most `attempt` can cost; when this returns, the call is in the ledger.

        The input is bounded by the request's bytes (a token has at least one), the output by the request's
        own limit; both at the dearest rate that can apply. Without a price the hold has no amount.

        Raises:
            DatabaseError: it could not be written; nothing is held.
        """
        now_ms = self._now_ms()
        most_output = MOST_OUTPUT if attempt.max_output is None else attempt.max_output
        ceiling = self._prices.ceiling(
            attempt.provider, attempt.model, attempt.request_bytes, most_output, _moment(now_ms)
        )
        call_id = await self._queue.write(lambda tx: tx.hold(attempt, ceiling, self._owner_id, now_ms))
        return model.Hold(call_id, attempt, now_ms)

    async def settle(self, hold: Hold, outcome: Outcome) -> None:
        """Turn the hold into what the call cost, at the price of the moment it was sent.

        The model that answered sets the price; if that name has none, the name asked for does.
        """
        asked = hold.attempt
        cost = None
        if outcome.usage is not None:
            for name in dict.fromkeys((outcome.model or asked.model, asked.model)):
                cost = cost or self._prices.cost(asked.provider, name, outcome.usage, _moment(hold.started_ms))
        now_ms = self._now_ms()
        await self._queue.write(lambda tx: tx.settle(hold.call_id, outcome, cost, now_ms))

    async def release(self, hold: Hold, http_status: int | None) -> None:
        """Give the hold back: nothing was consumed."""
        now_ms = self._now_ms()
        await self._queue.write(lambda tx: tx.release(hold.call_id, http_status, now_ms))


def expire(ledger: Ledger, now_ms: int) -> int:
    """Bill what dead processes still hold at its ceiling, marked as lost; returns how many calls.

    It costs a look when nothing is held, and writes only when an owner has died.
    """
    with ledger.reading() as reader:
        dead = [owner_id for owner_id in reader.owners_holding() if not ledger.is_alive(owner_id)]
    if not dead:
        return 0

    with ledger.writing() as writer:
        return sum(writer.lose(owner_id, now_ms) for owner_id in dead)


def _moment(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC)
