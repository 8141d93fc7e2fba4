"""How do genai-prices' words become ours? Part of the compile step; pure, and only this step sees that package.

genai-prices counts in *units* that contain each other: ``input_tokens`` includes cached tokens, those include cached
audio. Each unit has dimensions, and contains every unit with the same and further ones; a token is billed by the
priced unit with the most dimensions that contains it. Our classes of `Usage` do not overlap, so each is one point among
those dimensions, and its rate can be found here, once, instead of decomposing every call.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from genai_prices.types import Usage

from codesession.meter.pricing import PER_MILLION, named_rate
from codesession.model import NANOS_PER_USD, USAGE_FIELDS
from codesession.model.classes import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from genai_prices.types import (
        MatchLogic,
        ModelInfo,
        ModelPrice,
        PriceVariant,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

    Constraint = StartDateConstraint | TimeOfDateConstraint

_READ = {"family": "tokens", "direction": "input"}
_WRITTEN = {"family": "tokens", "direction": "output"}

DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "input": _READ,
    "cache_read": _READ | {"token_type": "cache_read"},
    "cache_write": _READ | {"token_type": "cache_write", "cache_ttl": "5m"},
    "cache_write_1h": _READ | {"token_type": "cache_write", "cache_ttl": "1h"},
    "cache_write_other": _READ | {"token_type": "cache_write"},
    "input_audio": _READ | {"modality": "audio"},
    "cache_read_audio": _READ | {"modality": "audio", "token_type": "cache_read"},
    "input_image": _READ | {"modality": "image"},
    "cache_read_image": _READ | {"modality": "image", "token_type": "cache_read"},
    "input_video": _READ | {"modality": "video"},
    "output": _WRITTEN,
    "reasoning": _WRITTEN | {"token_type": "reasoning"},
    "output_audio": _WRITTEN | {"modality": "audio"},
    "output_image": _WRITTEN | {"modality": "image"},
    "output_video": _WRITTEN | {"modality": "video"},
    "web_searches": {"family": "tool_calls", "tool_type": "web_search"},
    "file_searches": {"family": "tool_calls", "tool_type": "storage_search"},
    "rerank_searches": {"family": "rerank"},
    "request": {"family": "requests"},
}
"""where each class of `Usage`, and the call itself, stands among genai-prices' dimensions"""

_BASES = frozenset({"processing", "service_tier", "speed"})
"""what of genai-prices' request contexts our calls tell of: see `terms`"""

_NOTHING = Usage()
"""what each set of prices is tried with"""

_FINEST = 10**30
"""the largest power of ten a rate may be for; a price finer than this is an error in the list"""


@dataclass(frozen=True, slots=True, eq=False)  # each is itself alone, so that it can be remembered what it bills
class Unit:
    """What genai-prices prices: the key of its price, for how many it is, and what it contains."""

    price_key: str
    per: int
    dimensions: Mapping[str, str]

    def contains(self, dimensions: Mapping[str, str]) -> bool:
        """Whether what stands at `dimensions` is counted in this unit."""
        return self.dimensions.items() <= dimensions.items()


def read_units(published: Mapping[str, Mapping[str, Any]]) -> tuple[Unit, ...]:
    """genai-prices' table of units."""
    return tuple(Unit(raw.get("price_key", key), raw["per"], raw["dimensions"]) for key, raw in published.items())


def clause_row(clause: MatchLogic | None) -> list[Any] | None:
    """`clause` as a shard holds it: operands in lower case; regular expressions untouched, and last among others."""
    if clause is None:
        return None
    ((name, operand),) = vars(clause).items()
    kind = name.rstrip("_")
    if kind in ("or", "and"):
        rows = [clause_row(part) for part in operand]
        return [kind, sorted(rows, key=lambda row: "regex" in repr(row))]
    return [kind, operand if kind == "regex" else operand.lower()]


def model_row(model: ModelInfo, units: Sequence[Unit]) -> tuple[dict[str, Any], list[str]]:
    """`model` as a shard holds it, and a sentence for each of its prices that cannot be used (it becomes null)."""
    problems: list[str] = []

    def rates_row(published: ModelPrice | None) -> dict[str, Any]:
        try:
            return {"bands": None} if published is None else _rates_row(published, units)
        except ValueError as error:
            problems.append(f"A price of {model.id} cannot be used: {error}.")
            return {"bands": None}

    prices = [_condition_row(constraint) | rates_row(published) for constraint, published in _conditional(model)]
    row: dict[str, Any] = {"id": model.id, "match": clause_row(model.match), "prices": prices}
    variants: dict[str, list[dict[str, Any]]] = {}
    for basis, of_basis in _by_basis(model).items():
        try:
            merged = _merged(_conditional(model), of_basis)
        except ValueError as error:
            problems.append(f"The prices of {model.id} with {basis} cannot be used: {error}.")
            continue
        variants[basis] = [_from_row(start) | rates_row(published) for start, published in merged]
    return row | ({"variants": variants} if variants else {}), problems


def _conditional(model: ModelInfo) -> list[tuple[Constraint | None, ModelPrice]]:
    """The prices of `model`, each with its condition."""
    if isinstance(model.prices, list):
        return [(conditional.constraint, conditional.prices) for conditional in model.prices]
    return [(None, model.prices)]


def _by_basis(model: ModelInfo) -> dict[str, list[PriceVariant]]:
    """The variants of `model` by the terms they are for, as `terms.basis_of` names those; others are left out."""
    found: dict[str, list[PriceVariant]] = {}
    for variant in model.price_variants or ():
        ((key, value), *others) = variant.when.items()
        if key in _BASES and value != "default" and not others:
            found.setdefault(f"{key}={value}", []).append(variant)
    return found


def _merged(
    standard: list[tuple[Constraint | None, ModelPrice]], variants: Sequence[PriceVariant]
) -> list[tuple[date, ModelPrice | None]]:
    """All prices on some terms, by first day: the standard ones with those of the variants in their place.

    A variant mostly begins on the day on which the list began to keep such prices, not on which they began. So it also
    stands for the time before, as long as the standard price it stands beside was the same; earlier than that it is not
    known what such a call cost, and its price is null.

    Raises:
        ValueError: something depends on the hour.
    """
    starts = sorted({_day(variant.constraint) for variant in variants})
    periods = [(_day(constraint), prices) for constraint, prices in standard]
    merged: list[tuple[date, ModelPrice | None]] = []
    for day in sorted({date.min, *starts, *(start for start, _ in periods)}):
        current = _holding(periods, day)
        known_from = next((start for start in starts if start >= day and _holding(periods, start) is current), None)
        holding = day if any(start <= day for start in starts) else known_from
        prices = None if holding is None else _overridden(current, variants, holding)
        if not merged or prices != merged[-1][1]:
            merged.append((day, prices))
    return merged


def _from_row(start: date) -> dict[str, Any]:
    """``from`` a UTC date; nothing when the price held from the beginning."""
    return {} if start == date.min else {"from": start.isoformat()}


def _day(constraint: Constraint | None) -> date:
    """From which day on something holds that depends on the day only."""
    if constraint is None:
        return date.min
    if hasattr(constraint, "start_date"):
        return constraint.start_date
    raise ValueError("it depends on the hour")


def _holding(periods: Sequence[tuple[date, ModelPrice]], day: date) -> ModelPrice:
    """The last of `periods` that holds on `day`; the first when none does."""
    return next((prices for start, prices in reversed(periods) if start <= day), periods[0][1])


def _overridden(standard: ModelPrice, variants: Sequence[PriceVariant], day: date) -> ModelPrice:
    """`standard` with the prices of the variants that hold on `day`; for each of its keys the first of them counts."""
    merged = copy(standard)
    for variant in reversed(variants):
        if _day(variant.constraint) <= day:
            merged.__dict__.update({key: price for key, price in vars(variant.prices).items() if price is not None})
    return merged


def _condition_row(constraint: Constraint | None) -> dict[str, Any]:
    """``from`` a UTC date, or ``between`` two UTC times of day; nothing when the price always holds."""
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"from": constraint.start_date.isoformat()}
    return {"between": [_utc(constraint.start_time), _utc(constraint.end_time)]}


def _utc(clock: time) -> str:
    """`clock` in UTC, which is what a time without zone is.

    >>> from datetime import timedelta, timezone
    >>> _utc(time(1, 30)), _utc(time(1, 30, tzinfo=timezone(timedelta(hours=8))))
    ('01:30:00', '17:30:00')
    """
    zone = clock.tzinfo or UTC
    return datetime.combine(date(2000, 1, 1), clock, zone).astimezone(UTC).time().isoformat()


def _rates_row(published: ModelPrice, units: Sequence[Unit]) -> dict[str, Any]:
    """The bands of a set of prices, and for how many tokens its rates are when that is not a million.

    No price at all is the list's way to say free, so every class is 0. Prices of nothing we count (pages, hours,
    characters) are null: what such a model costs by the token is unknown.

    Raises:
        ValueError: genai-prices itself refuses to price with this set, or a price is not exact.
    """
    published.calc_price(_NOTHING)
    prices = {key: price for key, price in vars(published).items() if price is not None}
    if not prices:
        return {"bands": [{name: 0 for name in USAGE_FIELDS if name not in KIND_OF}]}
    billing = _billing(tuple(units), frozenset(prices))
    applying = {name: (unit, prices[unit.price_key]) for name, unit in billing.items()}
    if not applying:
        return {"bands": None}
    starts = sorted({tier.start for _, price in applying.values() for tier in getattr(price, "tiers", ())})
    bands = [
        {name: _nanos_per_million(_in_band(price, above), unit.per) for name, (unit, price) in applying.items()}
        for above in (-1, *starts)
    ]
    per = _exact_per(rate for band in bands for rate in band.values())
    finer = per // PER_MILLION
    rows = [
        _own_rates({name: rate.numerator * finer // rate.denominator for name, rate in band.items()}) for band in bands
    ]
    for row, above in zip(rows[1:], starts, strict=True):
        row["above"] = above
    return {"bands": rows} if per == PER_MILLION else {"per": per, "bands": rows}


def _own_rates(band: Mapping[str, int]) -> dict[str, int]:
    """`band` without the rates that follow from `KIND_OF`, which halves the shards.

    >>> _own_rates({"input": 5, "cache_read": 1, "cache_write": 5, "cache_write_1h": 9})
    {'input': 5, 'cache_read': 1, 'cache_write_1h': 9}
    """
    own: dict[str, int] = {}
    for name, rate in band.items():
        if named_rate(own, name) != rate:
            own[name] = rate
    return own


@lru_cache(maxsize=1024)  # thousands of sets of prices name the same few keys
def _billing(units: tuple[Unit, ...], priced: frozenset[str]) -> Mapping[str, Unit]:
    """The priced unit that bills each of `DIMENSIONS`, the narrowest that contains it; without those that none bills.

    There is one at most: genai-prices refuses a set in which two units that overlap have no priced unit for the
    overlap (``validation.py``).
    """
    narrowest_first = sorted(
        (unit for unit in units if unit.price_key in priced), key=lambda unit: len(unit.dimensions), reverse=True
    )
    found = {
        name: next((unit for unit in narrowest_first if unit.contains(dimensions)), None)
        for name, dimensions in DIMENSIONS.items()
    }
    return {name: unit for name, unit in found.items() if unit is not None}


def _in_band(price: Decimal | TieredPrices, above: int) -> Decimal:
    """The price once the prompt is longer than `above` tokens."""
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)


@lru_cache(maxsize=4096)  # many models cost the same
def _nanos_per_million(dollars: Decimal, per: int) -> Fraction:
    """`dollars` for `per` of a unit, as exact nano-dollars for a million of it.

    >>> _nanos_per_million(Decimal(10), 1_000)
    Fraction(10000000000000, 1)
    """
    return Fraction(dollars) * NANOS_PER_USD * PER_MILLION / per


def _exact_per(rates: Iterable[Fraction]) -> int:
    """The smallest power of ten, a million or more, for which all `rates` (per million) are whole numbers.

    >>> _exact_per([Fraction(3_000_000_000), Fraction("37.5")])
    10000000
    """
    denominators = {rate.denominator for rate in rates}
    per = PER_MILLION
    while any(per % (PER_MILLION * denominator) for denominator in denominators):
        per *= 10
        if per > _FINEST:
            raise ValueError("it is no decimal number of nano-dollars")
    return per
