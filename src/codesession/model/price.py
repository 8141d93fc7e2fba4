"""What is said about a price? Dollars per million tokens by class, from when, and from where.

Rates are exact decimal US dollars for a million of what is counted, as price lists print them; costs stay nano-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model.terms import STANDARD, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, time
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PriceTier:
    """The rates for calls whose prompt is longer than `above` tokens, up to the next tier."""

    above: int
    """prompt tokens, cached ones included; -1 for the tier every call starts in"""
    classes: Mapping[str, Decimal | None]
    """dollars per million by field of `Usage`, each of them; None where no price is known"""
    per_request: Decimal
    """dollars for each call, whatever it uses"""


@dataclass(frozen=True, slots=True)
class AppliedPrice:
    """One source's price for a model at a moment."""

    provider: str
    """in whose list it stands"""
    model: str
    """its name there"""
    source: str
    """where it is from, with version or day"""
    is_custom: bool
    """whether the user has set it"""
    tiers: tuple[PriceTier, ...]
    """the ordinary one first"""
    valid_from: date | None = None
    """the UTC day this price began; None when it always held as far as is known"""
    window: tuple[time, time] | None = None
    """the UTC times of day between which it holds, if only then"""


@dataclass(frozen=True, slots=True)
class PriceExplanation:
    """Which price applies to a model at a moment, and which others it beats."""

    provider: str | None
    """None when the user has set a price for the model wherever it is called"""
    model: str
    at_ms: int
    prices: tuple[AppliedPrice, ...]
    """the one that applies first; at least one"""
    problems: tuple[str, ...] = ()
    """what could not be read, a sentence each"""
    terms: Terms = STANDARD
    """on which the prices are"""


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A line of the price list: dollars per million tokens; None where a side has no price."""

    provider: str | None
    """None for a price the user has set for a model wherever it is called"""
    model: str
    input: Decimal | None
    output: Decimal | None
    is_custom: bool
    """whether a price of the user's applies"""
    is_set: bool = False
    """whether the user has set one for just this"""
    first_party: bool = False
    """whether the provider is the model's maker, so that the model's name alone says enough"""

    @property
    def key(self) -> str:
        """``provider/model``, or the model alone."""
        return self.model if self.provider is None else f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class PriceList:
    """Every price there is at a moment, the user's own first."""

    prices: tuple[ListedPrice, ...]
    source: str
    """the published list and its version"""
    problems: tuple[str, ...] = ()
