"""Which of a model's published prices holds at a moment?

A model has a list of prices, later ones over earlier ones. The last whose condition holds at the moment of the call
applies; when none does, the first. Conditions are a UTC date from which a price holds (a price cut), and a daily UTC
window (DeepSeek's peak hours).

::

    {"id": "deepseek-v4-flash", "match": ["starts_with", "deepseek-v4-flash"],
     "prices": [{"bands": [{"input": 140000000, …}]},                                    always
                {"from": "2026-08-17", "bands": [{"input": 220000000, …}]},              from that day on, UTC
                {"between": ["01:00:00", "04:00:00"], "bands": [{"input": 300000000, …}]}]}  daily in these hours, UTC

``"bands": null`` stands for a price that cannot be used: while it holds the model is unpriced.
A band names the classes that have their own rate; one that is not named is billed as what it is a kind of (`KIND_OF`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.meter.pricing import PER_MILLION, Band, Rates
from codesession.model import USAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping


KIND_OF = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "cache_read_audio": "cache_read",
    "reasoning": "output",
    "output_audio": "output",
}
"""what a class of usage is billed as when a band does not name it; the others then have no price"""


class DatedRates(NamedTuple):
    """Rates, and when they hold; `start` and `window` are UTC, None for always."""

    rates: Rates | None
    """None where the published price cannot be used"""
    start: date | None = None
    window: tuple[time, time] | None = None
    """from the first inclusive to the second exclusive; over midnight when the second is earlier"""

    def holds(self, moment: datetime) -> bool:
        """Whether these rates hold at `moment`, which is naive UTC."""
        if self.start is not None:
            return moment.date() >= self.start
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

    def rates(self, at: datetime) -> Rates | None:
        """The rates that hold at `at` (a time without zone is UTC); None when that price cannot be used."""
        return self.dated(at).rates

    def dated(self, at: datetime) -> DatedRates:
        """The rates that hold at `at` (a time without zone is UTC), with when they hold."""
        if len(self.prices) == 1:
            return self.prices[0]
        moment = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        for dated in reversed(self.prices):
            if dated.holds(moment):
                return dated
        return self.prices[0]


def read_listing(provider: str, row: Mapping[str, Any]) -> Listing:
    """The listing written in `row` of `provider`'s shard."""
    return Listing(provider, row["id"], tuple(_read_dated(dated) for dated in row["prices"]))


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
    return Band(tuple(named_rate(band, name) for name in USAGE_FIELDS), band.get("above", -1), band.get("request", 0))


def named_rate(band: Mapping[str, int], name: str) -> int | None:
    """The rate of the class `name` in `band`: its own, or that of what it is a kind of; None when neither is named.

    >>> [named_rate({"input": 5, "cache_write": 6}, name) for name in ("cache_write_1h", "cache_read", "output")]
    [6, 5, None]
    """
    while name not in band and name in KIND_OF:
        name = KIND_OF[name]
    return band.get(name)
