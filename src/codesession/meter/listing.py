"""Which of a model's published prices holds at a moment?

A model has a list of prices, later ones over earlier ones. The last whose condition holds at the moment of the call
applies; when none does, the first. Conditions are a UTC date from which a price holds (a price cut), and a daily UTC
window (DeepSeek's peak hours).

::

    {"id": "deepseek-v4-flash", "match": ["starts_with", "deepseek-v4-flash"],
     "prices": [{"bands": [{"input": 140000000, …}]},                                    always
                {"from": "2026-08-17", "bands": [{"input": 220000000, …}]},              from that day on, UTC
                {"between": ["01:00:00", "04:00:00"], "bands": [{"input": 300000000, …}]}]}  daily in these hours, UTC

``"bands": null`` stands for a price that cannot be used: while it holds the model is unpriced. What a model costs on
other terms than the standard ones stands beside, in the same form, with every class in each band::

    {"id": "o3", …, "variants": {"processing=batch": [{"bands": [{"input": 1000000000, …}]}], "service_tier=flex": …}}

A band names the classes that have their own rate; one that is not named is billed as what it is a kind of (`KIND_OF`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.meter.pricing import PER_MILLION, Rates, band_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.meter.pricing import Band


class DatedRates(NamedTuple):
    """Rates, and when they hold; `start` and `window` are UTC, None for always. Both must hold."""

    rates: Rates | None
    """None where the published price cannot be used"""
    start: date | None = None
    window: tuple[time, time] | None = None
    """from the first inclusive to the second exclusive; over midnight when the second is earlier"""

    def holds(self, moment: datetime) -> bool:
        """Whether these rates hold at `moment`, which is naive UTC."""
        if self.start is not None and moment.date() < self.start:
            return False
        if self.window is None:
            return True
        begin, end = self.window
        clock = moment.time()
        if end < begin:
            return clock >= begin or clock < end
        return begin <= clock < end


class Listing(NamedTuple):
    """One model of the price list with all its prices, in the order published."""

    provider: str
    model: str
    prices: tuple[DatedRates, ...]
    variants: Mapping[str, tuple[DatedRates, ...]] = MappingProxyType({})
    """by terms such as ``processing=batch``: the prices on them, in the same order"""
    biller: str = ""
    """who sells the model at that price, where it is not `provider`"""

    def rates(self, at: datetime) -> Rates | None:
        """The rates that hold at `at` (a time without zone is UTC); None when that price cannot be used."""
        return self.dated(at).rates

    def dated(self, at: datetime, basis: str | None = None, *, by_hours: bool = True) -> DatedRates:
        """The rates on the terms `basis` that hold at `at` (a time without zone is UTC), with when they hold.

        Without `by_hours` those that hold at some hours only do not count.
        """
        prices = self.prices if basis is None else self.variants.get(basis, _NONE)
        if len(prices) == 1:
            return prices[0]
        moment = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        for dated in reversed(prices):
            if dated.holds(moment) and (by_hours or dated.window is None):
                return dated
        return prices[0]


_NONE = (DatedRates(None),)


def read_listing(provider: str, row: Mapping[str, Any]) -> Listing:
    """The listing written in `row` of `provider`'s shard."""
    variants = {basis: tuple(map(_read_dated, prices)) for basis, prices in row.get("variants", {}).items()}
    return Listing(provider, row["id"], tuple(map(_read_dated, row["prices"])), variants)


def _read_dated(dated: Mapping[str, Any]) -> DatedRates:
    """One entry of a row's ``prices``."""
    start = dated.get("from")
    between = dated.get("between")
    bands = dated["bands"]
    return DatedRates(
        rates=None if bands is None else Rates(tuple(map(_read_band, bands)), dated.get("per", PER_MILLION)),
        start=None if start is None else date.fromisoformat(start),
        window=None if between is None else (time.fromisoformat(between[0]), time.fromisoformat(between[1])),
    )


def _read_band(band: Mapping[str, int]) -> Band:
    """One entry of a price's ``bands``."""
    return band_of(band, band.get("above", -1), band.get("request", 0))
