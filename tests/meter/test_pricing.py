"""What a usage costs at given rates: laws, and the edges by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter.pricing import (
    INPUT_SIDE,
    OUTPUT_SIDE,
    PER_MILLION,
    Band,
    Rates,
    band_of,
    ceiling,
    fraction,
    price,
    scaled,
    with_own_rate,
    with_rates,
)
from codesession.model import REQUESTS, USAGE_FIELDS, Usage
from codesession.model.classes import KIND_OF

amounts = st.integers(0, 2_000_000)
usages = st.builds(Usage, *[amounts] * len(USAGE_FIELDS))
rate = st.none() | st.integers(0, 200_000_000_000)
every_rate = st.tuples(*[st.integers(0, 200_000_000_000)] * len(USAGE_FIELDS))
classes = every_rate | st.tuples(*[rate] * len(USAGE_FIELDS))
scales = st.sampled_from([PER_MILLION, PER_MILLION * 10, PER_MILLION * 10**9])


@st.composite
def tiered_rates(draw: st.DrawFn) -> Rates:
    """Rates of one to three bands, some of them with a fee for the call."""
    starts = sorted(draw(st.sets(st.integers(0, 3_000_000), max_size=2)))
    bands = [Band(draw(classes), above, draw(st.sampled_from([0, 5_000_000_000]))) for above in (-1, *starts)]
    return Rates(tuple(bands), draw(scales))


searchless = dict.fromkeys(REQUESTS, 0)


def flat(**rates: int) -> Rates:
    """One band; nano-dollars per million for each class named."""
    return Rates((Band(tuple(rates.get(name) for name in USAGE_FIELDS)),))


@given(tiered_rates(), usages)
def test_the_parts_sum_to_the_total(rates: Rates, usage: Usage) -> None:
    band = rates.band(usage.prompt_tokens)
    parts = [
        Fraction(getattr(usage, name) * (rate or 0), rates.per)
        for name, rate in zip(USAGE_FIELDS, band.classes, strict=True)
    ]
    total = price(rates, usage)

    assert total is None or abs(total - sum(parts) - Fraction(band.request, rates.per)) <= Fraction(1, 2)


@given(classes, usages, usages)
def test_two_calls_cost_what_one_of_both_does(classes: tuple[int | None, ...], one: Usage, other: Usage) -> None:
    rates = Rates((Band(classes),))
    costs = price(rates, one), price(rates, other), price(rates, one + other)

    assert None in costs or abs(costs[0] + costs[1] - costs[2]) <= 1  # type: ignore[operator] # None was ruled out


@given(classes)
def test_no_usage_costs_nothing(classes: tuple[int | None, ...]) -> None:
    assert price(Rates((Band(classes),)), Usage()) == 0


@given(tiered_rates(), usages, amounts, amounts)
def test_no_call_within_its_bounds_costs_more_than_its_ceiling(rates: Rates, usage: Usage, more: int, yet: int) -> None:
    cost = price(rates, replace(usage, **searchless))

    assert cost is None or cost <= ceiling(rates, usage.prompt_tokens + more, usage.completion_tokens + yet)


@given(tiered_rates(), amounts, amounts, amounts, amounts)
def test_a_ceiling_only_grows(rates: Rates, read: int, written: int, more: int, yet: int) -> None:
    assert ceiling(rates, read, written) <= ceiling(rates, read + more, written + yet)


@given(every_rate, amounts, amounts)
def test_a_ceiling_is_reached_by_the_dearest_call(classes: tuple[int, ...], read: int, written: int) -> None:
    rates = Rates((Band(classes),))
    calls = [Usage(**{inside: read}) + Usage(**{outside: written}) for inside in INPUT_SIDE for outside in OUTPUT_SIDE]

    assert ceiling(rates, read, written) == max(price(rates, call) or 0 for call in calls)


@pytest.mark.parametrize(
    ("tokens", "nanos"),
    [
        pytest.param(1, 38, id="37.5-goes-up-to-38-which-is-even"),
        pytest.param(3, 112, id="112.5-goes-down-to-112-which-is-even"),
        pytest.param(2, 75, id="75-is-exact"),
    ],
)
def test_half_a_nano_dollar_goes_to_the_even_side(tokens: int, nanos: int) -> None:
    assert price(flat(input=37_500_000), Usage(input=tokens)) == nanos


def test_classes_are_summed_before_rounding() -> None:
    rates = flat(input=400_000, output=400_000)  # 0.4 nano-dollars a token

    assert price(rates, Usage(input=1)) == price(rates, Usage(output=1)) == 0
    assert price(rates, Usage(input=1, output=1)) == 1


def test_a_tier_is_for_the_whole_call_once_the_prompt_is_longer_than_its_start() -> None:
    classes = tuple(3_000_000_000 if name == "input" else 300_000_000 for name in USAGE_FIELDS)
    rates = Rates((Band(classes), Band(tuple(2 * rate for rate in classes), above=200_000)))

    assert price(rates, Usage(input=100_000, cache_read=100_000)) == 330_000_000
    assert price(rates, Usage(input=100_000, cache_read=100_001)) == 660_000_600


def test_a_fee_for_the_call_is_charged_once() -> None:
    rates = Rates((band_of({"input": 1_000_000_000}, request=14_000_000_000_000),))

    assert price(rates, Usage(input=1_000)) == 14_000_000 + 1_000_000
    assert price(rates, Usage()) == 14_000_000


def test_a_rate_finer_than_a_nano_dollar_per_million_is_exact() -> None:
    rates = Rates((band_of({"input": 833_333_333_333_333}),), per=10**13)  # $0.0833333333333333 per million

    assert price(rates, Usage(input=3_000_000)) == 250_000_000


@pytest.mark.parametrize(
    ("usage", "nanos"),
    [
        pytest.param(Usage(input=10, web_searches=1), None, id="searches-without-a-fee-are-unpriced"),
        pytest.param(Usage(input=10, output=1), None, id="so-is-all-of-a-call-of-which-a-part-is"),
        pytest.param(Usage(web_searches=1), None, id="searches-alone-without-a-fee-are-unpriced"),
        pytest.param(Usage(output=5), None, id="output-of-a-model-that-sells-input-is-unpriced"),
        pytest.param(Usage(input=-1), None, id="a-negative-amount-is-unpriced"),
        pytest.param(Usage(), 0, id="nothing-is-0"),
    ],
)
def test_what_has_no_price_is_unpriced_never_free(usage: Usage, nanos: int | None) -> None:
    assert price(flat(input=1_000_000), usage) == nanos


def test_a_free_model_costs_0() -> None:
    assert price(Rates((Band((0,) * len(USAGE_FIELDS)),)), Usage(input=1_000_000, output=5)) == 0


def test_every_class_of_tokens_is_on_one_side_and_a_kind_of_input_or_output() -> None:
    assert set(USAGE_FIELDS) == INPUT_SIDE | OUTPUT_SIDE | REQUESTS
    assert len(INPUT_SIDE) + len(OUTPUT_SIDE) + len(REQUESTS) == len(USAGE_FIELDS)
    assert set(KIND_OF) == set(USAGE_FIELDS) - REQUESTS - {"input", "output"}
    band = band_of({"input": 1, "output": 2})
    assert {name for name in USAGE_FIELDS if band.rate(name) == 1} == INPUT_SIDE
    assert {name for name in USAGE_FIELDS if band.rate(name) == 2} == OUTPUT_SIDE
    assert Usage(**dict.fromkeys(INPUT_SIDE, 1)).prompt_tokens == len(INPUT_SIDE)
    assert Usage(**dict.fromkeys(OUTPUT_SIDE, 1)).completion_tokens == len(OUTPUT_SIDE)


# --- factors ---

decimals = st.decimals("0.01", "12", places=4).map(str)


@given(tiered_rates(), usages, decimals)
def test_a_multiple_is_exact_and_rounded_once(rates: Rates, usage: Usage, factor: str) -> None:
    every = dict.fromkeys(USAGE_FIELDS, fraction(factor))
    band = rates.band(usage.prompt_tokens)
    parts = [getattr(usage, name) * (band.rate(name) or 0) for name in USAGE_FIELDS]
    cost = price(scaled(rates, every), usage)

    exact = Fraction(sum(parts), rates.per) * Fraction(factor) + Fraction(band.request, rates.per)
    assert cost is None or abs(cost - exact) <= Fraction(1, 2)
    assert (cost is None) == (price(rates, usage) is None)


@given(tiered_rates(), usages, decimals, decimals)
def test_factors_multiply_each_other_in_any_order(rates: Rates, usage: Usage, one: str, other: str) -> None:
    first, second = ({"input": fraction(one), "output": fraction(other)} for one, other in ((one, other), (other, one)))

    assert price(scaled(scaled(rates, first), second), usage) == price(scaled(scaled(rates, second), first), usage)


@given(tiered_rates(), usages, decimals)
def test_what_is_not_named_costs_what_it_did(rates: Rates, usage: Usage, factor: str) -> None:
    without = replace(usage, input=0)

    assert price(scaled(rates, {"input": fraction(factor)}), without) in (price(rates, without), None)


def test_a_tenth_more_of_37_and_a_half_millidollars_is_41_and_a_quarter() -> None:
    rates = scaled(flat(input=37_500_000), {"input": (11, 10)})

    assert price(rates, Usage(input=1_000_000)) == 41_250_000
    assert price(rates, Usage(input=1)) == 41  # 41.25
    assert price(rates, Usage(input=2)) == 82  # 82.5


@given(tiered_rates(), st.integers(0, 10**13), st.integers(1, 100))
def test_an_added_fee_is_charged_for_each_search(rates: Rates, fee: int, searches: int) -> None:
    rates = with_rates(rates, {"file_searches": fee})
    total = Fraction(searches * fee, PER_MILLION) + Fraction(rates.bands[0].request, rates.per)

    assert abs((price(rates, Usage(file_searches=searches)) or 0) - total) <= Fraction(1, 2)


def test_where_a_prompt_pays_for_one_search_more_are_free() -> None:
    rates = flat(input=1_000_000, web_searches=35_000_000_000_000)._replace(at_most_one=True)

    assert [price(rates, Usage(input=1, web_searches=searches)) for searches in (0, 1, 2, 9)] == [
        1,
        35_000_001,
        35_000_001,
        35_000_001,
    ]


def test_an_own_rate_is_added_in_each_band_and_replaces_none() -> None:
    short = {"input": 3_000_000_000, "cache_write": 3_750_000_000}
    long = {"input": 6_000_000_000, "cache_write": 7_500_000_000, "cache_write_1h": 1_000_000_000}
    rates = with_own_rate(Rates((band_of(short), band_of(long, above=10))), "cache_write_1h", fraction("2"))

    assert price(rates, Usage(cache_write_1h=10)) == 60_000
    assert price(rates, Usage(cache_write_1h=11)) == 11_000
    assert price(rates, Usage(cache_write=10)) == 37_500
