"""What did a call cost, by whose price?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codesession.model import Cost, Evidence, Usage

if TYPE_CHECKING:
    from codesession.model import Attempt, Outcome
    from codesession.model.ports import Prices


def cost_of(prices: Prices, attempt: Attempt, outcome: Outcome, at_ms: int, took_ms: int | None = None) -> Cost | None:
    """What a call cost at the prices of `at_ms`, in milliseconds since the epoch; None: not known.

    What the provider itself says that it costs wins; what is paid by no token is not known. Otherwise the model that
    answered sets the price; if that name has none, the name asked for does. `took_ms` is how long it took, in
    milliseconds, for what is paid by the hour.
    """
    if outcome.reported_nanos is not None:
        return Cost(outcome.reported_nanos, f"reported by {attempt.provider}")
    if outcome.usage is None:
        return None
    terms = attempt.terms.told(outcome.terms)
    if outcome.usage == Usage() and outcome.extra and not terms.is_local:
        return None  # it is paid by what is no token, such as the seconds of a recording
    if terms.is_local and terms.took_ms is None:
        terms = replace(terms, took_ms=took_ms)
    for name in dict.fromkeys((outcome.model or attempt.model, attempt.model)):
        cost = prices.cost(attempt.provider, name, outcome.usage, moment(at_ms), terms)
        if cost is not None:
            return cost if cost.nanos <= _MOST_NANOS else None
    return None


_MOST_NANOS = 10**18
"""A billion dollars: what is told of a call that would cost more cannot be true, and is more than the ledger holds."""


def with_evidence(outcome: Outcome) -> Outcome:
    """The outcome with what its cost rests on: the provider's own word, where there is one."""
    is_told = outcome.reported_nanos is not None and outcome.evidence is Evidence.MEASURED
    return replace(outcome, evidence=Evidence.REPORTED) if is_told else outcome


def moment(at_ms: int) -> datetime:
    """Milliseconds since the epoch as an aware moment."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
