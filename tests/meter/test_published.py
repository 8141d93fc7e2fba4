"""How genai-prices' words become ours."""

from __future__ import annotations

from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.data_units import unit_data
from genai_prices.types import ClauseAnd, ClauseContains, ClauseRegex, ModelInfo, ModelPrice, Tier, TieredPrices

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
    assert row() == ([{"bands": [{"input": 0, "output": 0, "web_searches": 0}]}], [])


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
