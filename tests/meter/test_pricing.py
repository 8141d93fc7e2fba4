"""What a usage costs at given rates: laws, and the edges by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter.pricing import INPUT_SIDE, OUTPUT_SIDE, PER_MILLION, Band, Rates, ceiling, price
from codesession.model import USAGE_FIELDS, Usage

amounts = st.integers(0, 2_000_000)
usages = st.builds(Usage, *[amounts] * len(USAGE_FIELDS))
rate = st.none() | st.integers(0, 200_000_000_000)
classes = st.tuples(*[rate] * len(USAGE_FIELDS))
scales = st.sampled_from([PER_MILLION, PER_MILLION * 10, PER_MILLION * 10**9])


@st.composite
def tiered_rates(draw: st.DrawFn) -> Rates:
    """Rates of one to three bands, some of them with a fee for the call."""
    starts = sorted(draw(st.sets(st.integers(0, 3_000_000), max_size=2)))
    bands = [Band(draw(classes), above, draw(st.sampled_from([0, 5_000_000_000]))) for above in (-1, *starts)]
    return Rates(tuple(bands), draw(scales))


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
    searchless = replace(usage, web_searches=0)
    cost = price(rates, searchless)

    assert cost is None or cost <= ceiling(rates, usage.prompt_tokens + more, usage.completion_tokens + yet)


@given(tiered_rates(), amounts, amounts, amounts, amounts)
def test_a_ceiling_only_grows(rates: Rates, read: int, written: int, more: int, yet: int) -> None:
    assert ceiling(rates, read, written) <= ceiling(rates, read + more, written + yet)


@given(st.tuples(*[st.integers(0, 200_000_000_000)] * len(USAGE_FIELDS)), amounts, amounts)
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
    rates = Rates((Band((1_000_000_000, *[None] * 9), request=14_000_000_000_000),))

    assert price(rates, Usage(input=1_000)) == 14_000_000 + 1_000_000
    assert price(rates, Usage()) == 14_000_000


def test_a_rate_finer_than_a_nano_dollar_per_million_is_exact() -> None:
    rates = Rates((Band((833_333_333_333_333, *[None] * 9)),), per=10**13)  # $0.0833333333333333 per million

    assert price(rates, Usage(input=3_000_000)) == 250_000_000


@pytest.mark.parametrize(
    ("usage", "nanos"),
    [
        pytest.param(Usage(input=10, web_searches=1), 10, id="searches-without-a-fee-add-nothing"),
        pytest.param(Usage(web_searches=1), None, id="searches-alone-without-a-fee-are-unpriced"),
        pytest.param(Usage(output=5), None, id="output-of-a-model-that-sells-input-is-unpriced"),
        pytest.param(Usage(input=-1), None, id="a-negative-amount-is-unpriced"),
        pytest.param(Usage(), 0, id="nothing-is-0"),
    ],
)
def test_what_has_no_price_is_unpriced_never_free(usage: Usage, nanos: int | None) -> None:
    assert price(flat(input=1_000_000), usage) == nanos


def test_a_free_model_costs_0() -> None:
    assert price(Rates((Band((0,) * 10),)), Usage(input=1_000_000, output=5)) == 0
