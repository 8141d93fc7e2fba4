"""What does a usage cost at given rates? Whole numbers in, nano-dollars out; no file, no clock.

A rate is whole nano-dollars per `Rates.per` tokens: a million, unless a published price is finer than a nano-dollar
per million ($0.0833333333333333 per million is in the list), and then a larger power of ten, so that every published
price is kept exactly. Classes are summed before the one division, which rounds half to even: a call is off by at most
half a nano-dollar, however many classes it has.

Three behaviours follow genai-prices, whose totals this engine equals:

* a long-context tier applies to the *whole* call, once its prompt is longer than the tier's start;
* a class without its own price is billed as what it is a kind of (cached audio as cached input, that as input);
* a class without any price adds nothing, as long as something else of the call has one (web searches of a model whose
  list has no search fee).

One does not: if *nothing* that was consumed has a price, genai-prices says $0 and we say unpriced, because an unknown
price is never $0. A model that the list names as free has rates, and they are 0.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import USAGE_FIELDS

if TYPE_CHECKING:
    from codesession.model import Nanos, Usage

PER_MILLION = 1_000_000

INPUT_SIDE = frozenset(
    ("input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "cache_read_audio"),
)
"""the classes that make up `Usage.prompt_tokens`"""
OUTPUT_SIDE = frozenset(("output", "reasoning", "output_audio"))
"""the classes that make up `Usage.completion_tokens`"""

_amounts = attrgetter(*USAGE_FIELDS)


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

    def band(self, prompt_tokens: int) -> Band:
        """The band a call with `prompt_tokens` falls in."""
        for band in reversed(self.bands[1:]):
            if prompt_tokens > band.above:
                return band
        return self.bands[0]


def price(rates: Rates, usage: Usage) -> Nanos | None:
    """The cost of `usage` at `rates` in USD nano-dollars; None when nothing of what was consumed has a price.

    A negative amount is no usage and has no price either, and tokens that are not split have no rate.

    >>> from codesession.model import Usage
    >>> sonnet = Rates((Band((3_000_000_000, 300_000_000, None, None, None, None, 15_000_000_000, None, None, None)),))
    >>> price(sonnet, Usage(input=1_000, cache_read=10_000, output=500))
    13500000
    >>> price(sonnet, Usage(web_searches=1)) is None
    True
    """
    if usage.unsplit:
        return None
    band = rates.bands[0] if len(rates.bands) == 1 else rates.band(usage.prompt_tokens)
    total = band.request
    consumed = rated = False
    for amount, rate in zip(_amounts(usage), band.classes, strict=True):
        if amount:
            if amount < 0:
                return None
            consumed = True
            if rate is not None:
                rated = True
                total += amount * rate
    if consumed and not rated:
        return None
    return divide(total, rates.per)


def ceiling(rates: Rates, input_tokens: int, output_tokens: int) -> Nanos:
    """The most that a call without web searches can cost, in USD nano-dollars.

    Every input token at the dearest input-side rate, every output token at the dearest output-side one, in the
    dearest band that a prompt of at most `input_tokens` can reach.

    >>> long = Band((6_000_000_000, *[None] * 5, 22_500_000_000, *[None] * 3), above=200_000)
    >>> sonnet = Rates((Band((3_000_000_000, *[None] * 5, 15_000_000_000, *[None] * 3)), long))
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
