"""How genai-prices' words become ours."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.data_units import unit_data
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseRegex,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from codesession.meter.published import DIMENSIONS, clause_row, model_row, read_units
from codesession.model import USAGE_FIELDS

UNITS = read_units(unit_data)


def row(**prices: Decimal | TieredPrices) -> tuple[object, list[str]]:
    model = ModelInfo(id="m", match=ClauseContains("M"), prices=ModelPrice(**prices))
    published, problems = model_row(model, UNITS)
    return published["prices"], problems


def test_every_class_of_usage_has_its_place_among_the_units() -> None:
    places = [set(unit.dimensions.items()) for unit in UNITS]

    assert set(DIMENSIONS) == {*USAGE_FIELDS, "request"}
    assert all(set(place.items()) in places for place in DIMENSIONS.values())


def test_every_published_price_can_be_used_and_is_exact() -> None:
    problems = [
        problem
        for provider in get_snapshot().providers
        for model in provider.models
        for problem in model_row(model, UNITS)[1]
    ]

    assert problems == []


def test_operands_are_lowered_and_regular_expressions_come_last_untouched() -> None:
    clause = ClauseAnd([ClauseRegex(r"\D"), ClauseContains("GPT")])

    assert clause_row(clause) == ["and", [["contains", "gpt"], ["regex", r"\D"]]]


def test_a_price_is_nano_dollars_per_million() -> None:
    assert row(input_mtok=Decimal("0.0375"), web_searches_kcount=Decimal(10)) == (
        [{"bands": [{"input": 37_500_000, "web_searches": 10_000_000_000_000}]}],
        [],
    )


def test_a_finer_price_is_per_more_tokens() -> None:
    assert row(input_mtok=Decimal("0.00000000025"), output_mtok=Decimal(1)) == (
        [{"per": 100_000_000, "bands": [{"input": 25, "output": 100_000_000_000}]}],
        [],
    )


def test_each_start_of_a_tier_begins_a_band_with_all_rates() -> None:
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=200, price=Decimal(2))])

    assert row(input_mtok=tiered, output_mtok=Decimal(5)) == (
        [{"bands": [{"input": 10**9, "output": 5 * 10**9}, {"input": 2 * 10**9, "output": 5 * 10**9, "above": 200}]}],
        [],
    )


def test_no_price_at_all_is_free() -> None:
    free = {"input": 0, "output": 0, "web_searches": 0, "file_searches": 0, "rerank_searches": 0}

    assert row() == ([{"bands": [free]}], [])


def test_a_price_of_nothing_we_count_is_no_price() -> None:
    assert row(input_document_kpages=Decimal(1)) == ([{"bands": None}], [])


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        pytest.param({"cache_read_mtok": Decimal(1)}, "Missing ancestor price", id="cached-input-without-input"),
        pytest.param({"input_mtok": Decimal(-1)}, "non-negative", id="a-negative-price"),
        pytest.param({"input_mtok": Decimal("1e-40")}, "no decimal number", id="finer-than-any-rate"),
    ],
)
def test_a_price_that_cannot_be_used_is_null_and_reported(prices: dict[str, Decimal], reason: str) -> None:
    found, (problem,) = row(**prices)

    assert found == [{"bands": None}]
    assert problem.startswith("A price of m cannot be used: ")
    assert reason in problem


# --- variants ---

BATCH = {"processing": "batch"}


def since(day: int) -> StartDateConstraint:
    return StartDateConstraint(start_date=date(2026, 10, day))


def dollars(input: int, **others: int) -> ModelPrice:  # noqa: A002 - the class
    return ModelPrice(input_mtok=Decimal(input), **{key: Decimal(price) for key, price in others.items()})


def variants(
    prices: ModelPrice | list[ConditionalPrice], *of_terms: PriceVariant
) -> tuple[dict[str, list[dict[str, object]]], list[str]]:
    model = ModelInfo(id="m", match=ClauseContains("m"), prices=prices, price_variants=list(of_terms))
    published, problems = model_row(model, UNITS)
    return published.get("variants", {}), problems


def bands(**nanos: int) -> dict[str, object]:
    return {"bands": [{name: rate * 10**9 for name, rate in nanos.items()}]}


def test_a_variant_has_the_standard_price_of_what_it_does_not_name() -> None:
    batch = PriceVariant(BATCH, dollars(2))
    assert variants(dollars(4, output_mtok=8), batch) == ({"processing=batch": [bands(input=2, output=8)]}, [])


def test_a_variant_without_prices_costs_what_standard_does() -> None:
    assert variants(dollars(4), PriceVariant(BATCH, ModelPrice())) == ({"processing=batch": [bands(input=4)]}, [])


def test_of_two_variants_that_hold_the_first_counts_for_each_price() -> None:
    found, _ = variants(
        dollars(4, output_mtok=8),
        PriceVariant(BATCH, dollars(3)),
        PriceVariant(BATCH, dollars(2, output_mtok=6)),
    )
    assert found == {"processing=batch": [bands(input=3, output=6)]}


def test_a_variant_is_for_the_time_before_it_too_while_the_standard_price_was_the_same() -> None:
    cut = [ConditionalPrice(prices=dollars(9)), ConditionalPrice(since(5), prices=dollars(4))]
    assert variants(cut, PriceVariant(BATCH, dollars(2), since(14))) == (
        {"processing=batch": [{"bands": None}, {"from": "2026-10-05", **bands(input=2)}]},
        [],
    )


def test_a_variant_goes_on_with_what_it_names_when_the_standard_price_changes() -> None:
    rise = [
        ConditionalPrice(prices=dollars(4, output_mtok=8)),
        ConditionalPrice(since(20), prices=dollars(5, output_mtok=9)),
    ]
    assert variants(rise, PriceVariant(BATCH, dollars(2), since(14))) == (
        {"processing=batch": [bands(input=2, output=8), {"from": "2026-10-20", **bands(input=2, output=9)}]},
        [],
    )


def test_each_of_a_variants_days_begins_a_price() -> None:
    later, first = PriceVariant(BATCH, dollars(3), since(20)), PriceVariant(BATCH, dollars(2), since(14))
    assert variants(dollars(4), later, first) == (
        {"processing=batch": [bands(input=2), {"from": "2026-10-20", **bands(input=3)}]},
        [],
    )


def test_what_our_calls_do_not_tell_of_is_left_out() -> None:
    route = PriceVariant({"route": "mistral/eu"}, dollars(2))
    both = PriceVariant({"processing": "batch", "route": "mistral/eu"}, dollars(2))
    default = PriceVariant({"service_tier": "default"}, ModelPrice())
    assert variants(dollars(4), route, both, default) == ({}, [])


def test_a_variant_that_depends_on_the_hour_is_left_out_and_reported() -> None:
    nightly = PriceVariant(BATCH, dollars(2), TimeOfDateConstraint(start_time=time(1), end_time=time(4)))
    found, (problem,) = variants(dollars(4), nightly)
    assert found == {}
    assert problem == "The prices of m with processing=batch cannot be used: it depends on the hour."


def test_a_variant_that_cannot_be_used_is_null_and_reported() -> None:
    found, (problem,) = variants(dollars(4), PriceVariant(BATCH, dollars(-1)))
    assert found == {"processing=batch": [{"bands": None}]}
    assert "non-negative" in problem
