"""What changes when prices do: in a newer price list, in the cost of calls that had none, on another model?

Rates are exact decimal US dollars for a million of what is counted; costs are nano-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from codesession.model.call import Evidence
    from codesession.model.money import Nanos
    from codesession.model.terms import Terms
    from codesession.model.usage import Usage


# --- a newer price list ---


@dataclass(frozen=True, slots=True)
class RateChange:
    """One class of a model of the ledger's that has another rate in the newer list."""

    provider: str
    model: str
    name: str
    """the class, a field of `Usage`; or ``request``, for the fee of each call"""
    terms: str
    """on which terms, such as ``batch``; empty for the standard ones"""
    above: int
    """for prompts longer than so many tokens; -1 for the tier every call starts in"""
    before: Decimal | None
    """None where no price is known"""
    after: Decimal | None
    valid_from: date | None
    """the UTC day from which the new price holds; None when it always does"""


@dataclass(frozen=True, slots=True)
class ListCounts:
    """How two lists differ, model by model."""

    providers_before: int
    providers_after: int
    models_before: int
    models_after: int
    added: int
    """models that only the newer one has a price of"""
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """What an update of the price list did, or would do."""

    before: str
    """the list that was in use, as the source of a price names it"""
    after: str
    origin: str
    """where the newer one is from: an address, a path, or ``installed``"""
    in_use: bool
    """whether it is in use now"""
    is_same: bool
    """whether it was in use before"""
    ledger_models: int
    """how many models the ledger has calls of"""
    changes: tuple[RateChange, ...] = ()
    counts: ListCounts | None = None
    """None when it was in use before"""
    doubts: tuple[str, ...] = ()
    """why it would be refused, a sentence each"""


# --- calls that had no price ---


@dataclass(frozen=True, slots=True)
class UnpricedCall:
    """What a call's price depends on, of one whose cost can be found anew."""

    id: int
    provider: str
    asked: str
    """the model that was asked for"""
    answered: str | None
    started_ms: int
    """when it was sent, in milliseconds since the epoch"""
    usage: Usage
    terms: Terms
    cost_nanos: Nanos | None
    """None: it is unpriced; otherwise it was billed at its ceiling"""
    evidence: Evidence

    @property
    def model(self) -> str:
        """The model it is shown under."""
        return self.answered or self.asked


@dataclass(frozen=True, slots=True)
class RepricedModel:
    """What the calls of a model came to that were priced anew."""

    provider: str
    model: str
    calls: int
    unpriced: int
    """how many of them had no price"""
    before_nanos: Nanos
    """of the others"""
    after_nanos: Nanos
    sources: tuple[str, ...]
    """by whose prices"""


@dataclass(frozen=True, slots=True)
class Repricing:
    """What pricing calls anew did, or would do."""

    since_ms: int | None
    """only calls sent from then on; None: all"""
    is_done: bool
    """whether it was written"""
    models: tuple[RepricedModel, ...]
    left: int
    """calls that still have no price"""
    unusable: int
    """calls without cost whose usage is not known, which no price can mend"""
    problems: tuple[str, ...] = ()


# --- on another model ---


@dataclass(frozen=True, slots=True)
class WhatIfModel:
    """What the calls of a model cost, and what the same would cost on another."""

    provider: str
    model: str
    calls: int
    tokens: int
    paid_nanos: Nanos
    would_be_nanos: Nanos

    @property
    def difference_nanos(self) -> Nanos:
        """How much more it would be; negative: less."""
        return self.would_be_nanos - self.paid_nanos


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Past traffic on another model, at the prices of one moment."""

    provider: str | None
    """None when the user has set a price of the model wherever it is called"""
    model: str
    source: str
    """where its price is from"""
    at_ms: int
    since_ms: int | None
    session_id: int | None
    models: tuple[WhatIfModel, ...]
    """the largest difference first"""
    left_out: tuple[tuple[str, int], ...]
    """why calls are not among them, and how many"""
    assumptions: tuple[str, ...]
    problems: tuple[str, ...] = ()

    @property
    def total(self) -> WhatIfModel:
        """All models together."""
        return WhatIfModel(
            "",
            "",
            sum(one.calls for one in self.models),
            sum(one.tokens for one in self.models),
            sum(one.paid_nanos for one in self.models),
            sum(one.would_be_nanos for one in self.models),
        )
