"""What does a price come to on the terms of a call? The rules of our own tables, over whosever price applies.

In this order: the basis (batch, tier, speed), the place, then fees and rates that are missing. All of it multiplies or
adds rates, exactly; nothing is rounded before the call is priced. Factors of basis and place multiply each other, as
the provider that has both says: at Anthropic data residency is a factor of all prices of tokens, and fast mode goes
together with other factors (https://platform.claude.com/docs/en/about-claude/pricing and
https://platform.claude.com/docs/en/build-with-claude/fast-mode, read 2026-11-28).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from codesession.meter import calendars
from codesession.meter.fees import with_fees
from codesession.meter.names import spellings
from codesession.meter.pricing import Rates, fraction, scaled
from codesession.meter.terms import name_of
from codesession.model import REQUESTS, USAGE_FIELDS

if TYPE_CHECKING:
    from datetime import date

    from codesession.meter.catalogue import Catalogue, Resolved
    from codesession.meter.multipliers import Multiplier
    from codesession.meter.pricing import Factor

_KEPT = 4096
"""how many prices are remembered as they come to; names and terms come from requests, so their number has a bound"""

_TOKENS = tuple(name for name in USAGE_FIELDS if name not in REQUESTS)
_PLACES = 7
"""digits behind the point that a proportion of published prices may have"""


class Overlay:
    """The rules over the published `catalogue`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._rule = lru_cache(_KEPT)(_rule)
        self._place_rule = lru_cache(_KEPT)(_place_rule)
        self._off_peak = lru_cache(_KEPT)(self._all_day)
        self._completed = lru_cache(_KEPT)(self._complete)

    def published(self, provider: str, model: str, at: datetime, basis: str | None) -> Resolved | None:
        """The list's price on `basis`, or what our rules make of its standard one; None: unpriced."""
        standard = self._catalogue.resolve(provider, model, at)
        if standard is not None:
            standard = self.on_the_day(standard, at)
        if basis is None or standard is None:
            return standard
        found = self._catalogue.resolve(provider, model, at, basis)
        if found is not None:
            return found
        row = self._rule(standard.biller, standard.model, basis, _day(at))
        twin = None if row is None else _twin(standard.biller, basis)
        if twin is not None:
            found = self._catalogue.resolve(provider, model, at, twin)
        if found is not None:
            return found._replace(source=f"{standard.source}, {name_of(basis)}")
        return None if row is None else _multiplied(standard, row, name_of(basis))

    def on_the_day(self, standard: Resolved, at: datetime) -> Resolved:
        """A price of the list, which may hold at some hours of some days of which the list knows the hours only."""
        if not calendars.has_peaks(standard.biller, standard.model):
            return standard
        off_peak = self._off_peak(standard.provider, standard.model, calendars.in_beijing(at).date())
        hours = calendars.peak_hours(at)
        if off_peak is None or hours is None:
            return off_peak or standard
        source = f"{off_peak.source}, peak hours x{calendars.PEAK_FACTOR} ({_where(calendars.SOURCE, calendars.READ)})"
        rates = _scaled(off_peak.rates, fraction(calendars.PEAK_FACTOR))
        return off_peak._replace(rates=rates, source=source, window=hours)

    def _all_day(self, provider: str, model: str, day: date) -> Resolved | None:
        """The list's price outside of all hours on a day in Beijing, where the days of these prices begin."""
        return self._catalogue.resolve(provider, model, datetime.combine(day, time(), UTC), by_hours=False)

    def on_basis(self, standard: Resolved, listed: str, at: datetime, basis: str) -> Resolved | None:
        """A standard price of the model `listed` on `basis`, by the rule of who bills for it; None: there is none."""
        row = self._rule(standard.biller, listed, basis, _day(at))
        return None if row is None else _multiplied(standard, row, name_of(basis))

    def in_proportion(self, standard: Resolved, provider: str, model: str, at: datetime, basis: str) -> Resolved | None:
        """A standard price in the proportion of the list's prices on `basis` and on standard terms.

        None where the list has not both, or the proportion is not the same decimal for every class.
        """
        whole, part = self.published(provider, model, at, None), self.published(provider, model, at, basis)
        factor = None if whole is None or part is None else _proportion(part.rates, whole.rates)
        if factor is None:
            return None
        source = f"{standard.source}, {name_of(basis)} in proportion to {self._catalogue.source}"
        return standard._replace(rates=_scaled(standard.rates, factor), source=source)

    def at_place(self, found: Resolved, listed: str, at: datetime, place: str) -> Resolved | None:
        """A price where it is made sure that the model runs at `place`; None: what that costs is not known."""
        row = self._place_rule(found.biller, listed, place, _day(at))
        return None if row is None else _multiplied(found, row, f"inference in {place}")

    def complete(self, found: Resolved, listed: str, model: str, at: datetime) -> Resolved:
        """A price of `model`, in the list as `listed`, with the fees and rates that it has none of."""
        rates = self._completed(found.rates, found.biller, found.provider, listed, model, _day(at))
        return found if rates is found.rates else found._replace(rates=rates)

    def _complete(self, rates: Rates, biller: str, provider: str, listed: str, model: str, day: date) -> Rates:
        names = [name for _, name in spellings(biller, model, self._catalogue.provider_of)]
        return with_fees(rates, tuple(dict.fromkeys((biller, provider))), listed, names, day)


def _rule(provider: str, model: str, basis: str, day: date) -> Multiplier | None:
    from codesession.meter.multipliers import BASES, multiplier  # most calls are on standard terms

    return multiplier(BASES, provider, model, basis, day)


def _twin(provider: str, basis: str) -> str | None:
    from codesession.meter.multipliers import SAME_AS  # as above

    return SAME_AS.get((provider, basis))


def _place_rule(provider: str, model: str, place: str, day: date) -> Multiplier | None:
    from codesession.meter.multipliers import ANY_PLACE, PLACES, multiplier  # as above

    return multiplier(PLACES, provider, model, place, day) or multiplier(PLACES, provider, model, ANY_PLACE, day)


def _day(at: datetime) -> date:
    return (at if at.tzinfo is None else at.astimezone(UTC)).date()


def _proportion(part: Rates, whole: Rates) -> Factor | None:
    """What each rate of `part` is of that of `whole`, if it is the same decimal for all classes of tokens.

    >>> from codesession.meter.pricing import band_of
    >>> whole = Rates((band_of({"input": 4, "cache_read": 2, "output": 8}),))
    >>> _proportion(Rates((band_of({"input": 2, "cache_read": 1, "output": 4}),)), whole)
    (5, 10)
    >>> _proportion(Rates((band_of({"input": 2, "cache_read": 2, "output": 4}),)), whole) is None
    True
    """
    from fractions import Fraction  # only a price of the user's needs it

    found = {
        Fraction(above * whole.per, below * part.per)
        for name, above, below in zip(USAGE_FIELDS, part.bands[0].classes, whole.bands[0].classes, strict=True)
        if name not in REQUESTS and above and below
    }
    if len(found) != 1:
        return None
    (factor,) = found
    below = next((10**places for places in range(_PLACES) if 10**places % factor.denominator == 0), None)
    return None if below is None else (factor.numerator * (below // factor.denominator), below)


@lru_cache(_KEPT)
def _scaled(rates: Rates, factor: Factor) -> Rates:
    return scaled(rates, dict.fromkeys(_TOKENS, factor))


def _multiplied(found: Resolved, row: Multiplier, name: str) -> Resolved:
    """A price times the factor of `row`, whose source says so; a factor of 1 changes nothing but that."""
    if row.factor == "1":
        return found
    source = f"{found.source}, {name} x{row.factor} ({_where(row.source, row.read)})"
    return found._replace(rates=_scaled(found.rates, fraction(row.factor)), source=source)


def _where(source: str, read: date) -> str:
    return f"{source}, {read.isoformat()}"
