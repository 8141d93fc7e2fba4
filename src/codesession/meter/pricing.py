"""What does a usage cost at given rates? Whole numbers in, nano-dollars out; no file, no clock.

A rate is whole nano-dollars per `Rates.per` tokens: a million, unless a published price is finer than a nano-dollar
per million ($0.0833333333333333 per million is in the list), and then a larger power of ten, so that every published
price is kept exactly. Classes are summed before the one division, which rounds half to even: a call is off by at most
half a nano-dollar, however many classes it has.

Two behaviours follow genai-prices, whose totals this engine equals:

* a long-context tier applies to the *whole* call, once its prompt is longer than the tier's start;
* a class of tokens without its own price is billed as what it is a kind of (cached audio as cached input, that as
  input). Requests (searches, rerankings) are a kind of nothing.

One does not: where something that was consumed has no price, genai-prices takes it as $0 and we say unpriced, because
an unknown price is never $0. A model that the list names as free has rates, and they are 0.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import REQUESTS, USAGE_FIELDS
from codesession.model.classes import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Nanos, Usage

PER_MILLION = 1_000_000

OUTPUT_SIDE = frozenset(("output", "reasoning", "output_audio", "output_image", "output_video"))
"""the classes that make up `Usage.completion_tokens`"""
INPUT_SIDE = frozenset(USAGE_FIELDS) - OUTPUT_SIDE - REQUESTS
"""the classes that make up `Usage.prompt_tokens`"""

_amounts = attrgetter(*USAGE_FIELDS)


def named_rate(band: Mapping[str, int], name: str) -> int | None:
    """The rate of the class `name` in `band`: its own, or that of what it is a kind of; None when neither is named.

    >>> [named_rate({"input": 5, "cache_write": 6}, name) for name in ("cache_write_1h", "cache_read", "output")]
    [6, 5, None]
    """
    while name not in band and name in KIND_OF:
        name = KIND_OF[name]
    return band.get(name)


def band_of(rates: Mapping[str, int], above: int = -1, request: int = 0) -> Band:
    """The band whose own rates are named in `rates`; what is not named is billed as what it is a kind of."""
    return Band(tuple(named_rate(rates, name) for name in USAGE_FIELDS), above, request)


Factor = tuple[int, int]
"""by how much a rate is multiplied: (11, 10) is 1.1; the second is a power of ten, so that no product is rounded"""


class Band(NamedTuple):
    """The rates for calls whose prompt is longer than `above` tokens, up to the next band."""

    classes: tuple[int | None, ...]
    """for each of `USAGE_FIELDS`, in order, nano-dollars per `Rates.per` of it; None where no price is known"""
    above: int = -1
    """prompt tokens, cached ones included; -1 for the band every call starts in"""
    request: int = 0
    """nano-dollars per `Rates.per` calls, for providers that also charge each call"""

    def rate(self, name: str) -> int | None:
        """The rate of one of `USAGE_FIELDS`."""
        return self.classes[USAGE_FIELDS.index(name)]

    def dearest(self, side: frozenset[str]) -> int:
        """The highest rate among the classes of `side`; 0 when none has one."""
        return max(rate or 0 for name, rate in zip(USAGE_FIELDS, self.classes, strict=True) if name in side)


class Rates(NamedTuple):
    """All a model charges at one time: bands in ascending order of `above`, the first of them at -1."""

    bands: tuple[Band, ...]
    per: int = PER_MILLION
    """how many tokens (or searches, or calls) a rate is for: a power of ten"""
    at_most_one: bool = False
    """whether a call that searched the web pays for one search, however many it made"""

    def band(self, prompt_tokens: int) -> Band:
        """The band a call with `prompt_tokens` falls in."""
        for band in reversed(self.bands[1:]):
            if prompt_tokens > band.above:
                return band
        return self.bands[0]


def price(rates: Rates, usage: Usage) -> Nanos | None:
    """The cost of `usage` at `rates` in USD nano-dollars; None when something that was consumed has no price.

    A negative amount is no usage and has no price either, and tokens that are not split have no rate.

    >>> from codesession.model import Usage
    >>> sonnet = Rates((band_of({"input": 3_000_000_000, "cache_read": 300_000_000, "output": 15_000_000_000}),))
    >>> price(sonnet, Usage(input=1_000, cache_read=10_000, output=500))
    13500000
    >>> price(sonnet, Usage(input=1_000, web_searches=1)) is None
    True
    """
    if usage.unsplit:
        return None
    band = rates.bands[0] if len(rates.bands) == 1 else rates.band(usage.prompt_tokens)
    total = band.request
    for amount, rate in zip(_amounts(usage), band.classes, strict=True):
        if amount:
            if amount < 0 or rate is None:
                return None
            total += amount * rate
    if rates.at_most_one and usage.web_searches > 1:
        total -= (usage.web_searches - 1) * (band.rate("web_searches") or 0)
    return divide(total, rates.per)


def ceiling(rates: Rates, input_tokens: int, output_tokens: int) -> Nanos:
    """The most that a call without searches can cost, in USD nano-dollars.

    Every input token at the dearest input-side rate, every output token at the dearest output-side one, in the
    dearest band that a prompt of at most `input_tokens` can reach.

    >>> long = band_of({"input": 6_000_000_000, "output": 22_500_000_000}, above=200_000)
    >>> sonnet = Rates((band_of({"input": 3_000_000_000, "output": 15_000_000_000}), long))
    >>> ceiling(sonnet, 200_000, 1_000), ceiling(sonnet, 200_001, 1_000)
    (615000000, 1222506000)
    """
    return max(
        divide(
            band.request + band.dearest(INPUT_SIDE) * input_tokens + band.dearest(OUTPUT_SIDE) * output_tokens,
            rates.per,
        )
        for band in rates.bands
        if band.above < input_tokens
    )


def fraction(decimal: str) -> Factor:
    """A decimal number as a fraction over a power of ten.

    >>> fraction("1.1"), fraction("6"), fraction("1.25")
    ((11, 10), (6, 1), (125, 100))
    """
    whole, _, places = decimal.partition(".")
    return int(whole + places), 10 ** len(places)


def scaled(rates: Rates, factors: Mapping[str, Factor]) -> Rates:
    """`rates` with the rate of each class in `factors` multiplied, exactly; the fee for a call is not touched.

    >>> tenth_more = scaled(Rates((band_of({"input": 37_500_001, "web_searches": 5}),)), {"input": (11, 10)})
    >>> tenth_more.bands[0].rate("input"), tenth_more.bands[0].rate("web_searches"), tenth_more.per
    (412500011, 50, 10000000)
    """
    finer = max((below for _, below in factors.values()), default=1)
    each = [_times(factors.get(name, (1, 1)), finer) for name in USAGE_FIELDS]
    bands = tuple(
        Band(
            tuple(None if rate is None else rate * by for rate, by in zip(band.classes, each, strict=True)),
            band.above,
            band.request * finer,
        )
        for band in rates.bands
    )
    return rates._replace(bands=bands, per=rates.per * finer)


def _times(factor: Factor, finer: int) -> int:
    """By what a rate is multiplied when it is for `finer` times as many."""
    above, below = factor
    return above * (finer // below)


def with_rates(rates: Rates, added: Mapping[str, int]) -> Rates:
    """`rates` with other ones, in nano-dollars for a million, for the classes in `added`."""
    by = rates.per // PER_MILLION
    bands = tuple(
        band._replace(
            classes=tuple(
                added[name] * by if name in added else rate
                for name, rate in zip(USAGE_FIELDS, band.classes, strict=True)
            )
        )
        for band in rates.bands
    )
    return rates._replace(bands=bands)


def with_own_rate(rates: Rates, name: str, of_input: Factor) -> Rates:
    """`rates` with so much of the input rate for the class `name`, in the bands that have no own rate for it.

    >>> rates = with_own_rate(Rates((band_of({"input": 3, "cache_write": 4}),)), "cache_write_1h", (25, 10))
    >>> rates.bands[0].rate("input"), rates.bands[0].rate("cache_write_1h"), rates.per
    (30, 75, 10000000)
    """
    above, below = of_input
    bands = []
    for band in scaled(rates, {name: (below, below)}).bands:
        rate, whole = band.rate(name), band.rate("input")
        if whole is not None and rate == band.rate(KIND_OF[name]):
            place = USAGE_FIELDS.index(name)
            band = band._replace(  # noqa: PLW2901 - the band with that rate
                classes=(*band.classes[:place], whole * above // below, *band.classes[place + 1 :])
            )
        bands.append(band)
    return rates._replace(bands=tuple(bands), per=rates.per * below)


def per_million(rate: int | None, per: int) -> Nanos | None:
    """A rate for `per` tokens as whole nano-dollars per million, rounded half to even.

    >>> per_million(375, 10_000_000), per_million(None, 1_000_000)
    (38, None)
    """
    return None if rate is None else divide(rate * PER_MILLION, per)


def divide(total: int, per: int) -> int:
    """`total` / `per`, rounded half to even.

    >>> [divide(total, 10) for total in (14, 15, 16, 25, 26)]
    [1, 2, 2, 2, 3]
    """
    quotient, rest = divmod(total, per)
    return quotient + (2 * rest > per or (2 * rest == per and quotient % 2 == 1))
