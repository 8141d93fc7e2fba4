"""What did a call cost, by whose price?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.model import Attempt, Cost, Outcome
    from codesession.model.ports import Prices


def cost_of(prices: Prices, attempt: Attempt, outcome: Outcome, at_ms: int) -> Cost | None:
    """What a call cost at the prices of `at_ms`, in milliseconds since the epoch; None: not known.

    The model that answered sets the price; if that name has none, the name asked for does.
    """
    if outcome.usage is None:
        return None
    for name in dict.fromkeys((outcome.model or attempt.model, attempt.model)):
        cost = prices.cost(attempt.provider, name, outcome.usage, moment(at_ms))
        if cost is not None:
            return cost
    return None


def moment(at_ms: int) -> datetime:
    """Milliseconds since the epoch as an aware moment."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
