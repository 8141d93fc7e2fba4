"""Does the page of prices show what is used, what lacks a price, and every price with where it is from?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from codesession.model import USAGE_FIELDS, Evidence, Usage
from codesession.model.analysis import Spent, SpentByModel
from codesession.model.price import AppliedPrice, ListedPrice, PriceExplanation, PriceList, PriceTier
from codesession.report.price_page import (
    PricePage,
    PriceRow,
    matching,
    price_page,
    prices_document,
    pricing_document,
    used_models,
)
from codesession.report.pricing import dollars_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DOLLAR = 1_000_000_000


def tier(above: int = -1, per_request: str = "0", **dollars: str) -> PriceTier:
    classes = {field: Decimal(dollars[field]) if field in dollars else None for field in USAGE_FIELDS}
    return PriceTier(above, classes, Decimal(per_request))


def applied(provider: str, model: str, *tiers: PriceTier, is_custom: bool = False) -> AppliedPrice:
    return AppliedPrice(provider, model, "custom (pricing.json)" if is_custom else "list 1.0", is_custom, tiers)


def spent(
    provider: str, model: str, calls: int, nanos: int, unpriced: int = 0, evidence: Evidence = Evidence.MEASURED
) -> SpentByModel:
    return SpentByModel(provider, model, evidence, Spent(calls, nanos, unpriced, Usage(input=10 * calls)))


SONNET = applied("anthropic", "sonnet", tier(input="3", cache_read="0.3", cache_write="3.75", output="15"))
MINE = applied("acme", "coder", tier(input="1", output="2"), is_custom=True)
LISTED = PriceList(
    (
        ListedPrice("bedrock", "anthropic.sonnet", Decimal(3), Decimal(15), is_custom=False),
        ListedPrice("anthropic", "sonnet", Decimal(3), Decimal(15), is_custom=False, first_party=True),
        ListedPrice(None, "Coder", Decimal(1), Decimal("2.5"), is_custom=True, is_set=True),
        ListedPrice("openai", "embed", Decimal("0.02"), None, is_custom=False, first_party=True),
    ),
    "list 1.0",
)


def explained(*prices: AppliedPrice) -> Mapping[tuple[str | None, str], PriceExplanation | None]:
    return {
        (price.provider, price.model): PriceExplanation(price.provider, price.model, 0, (price,)) for price in prices
    }


def page(*used: SpentByModel, rows: int = 4) -> PricePage:
    listed = matching(LISTED, "")[:rows]
    return price_page(LISTED, listed, len(LISTED.prices), used_models(used, 50), explained(SONNET, MINE), ("Bad.",))


# --- searching ---


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Coder", "anthropic/sonnet", "openai/embed", "bedrock/anthropic.sonnet"]),
        ("SONNET", ["anthropic/sonnet", "bedrock/anthropic.sonnet"]),
        ("sonnet bed", ["bedrock/anthropic.sonnet"]),
        ("anthropic/s", ["anthropic/sonnet"]),
        ("coder", ["Coder"]),
        ("sonnet openai", []),
    ],
)
def test_every_word_must_be_found_and_ones_own_prices_come_first(search: str, found: list[str]) -> None:
    assert [price.key for price in matching(LISTED, search)] == found


# --- what was used ---


def test_a_models_calls_are_one_figure_however_they_were_got() -> None:
    ((provider, model, figure),) = used_models(
        [spent("anthropic", "sonnet", 2, DOLLAR), spent("anthropic", "sonnet", 1, 5, evidence=Evidence.IMPORTED)], 9
    )
    assert (provider, model, figure.spent.calls, figure.spent.cost_nanos) == ("anthropic", "sonnet", 3, DOLLAR + 5)
    assert set(figure.by) == {Evidence.MEASURED, Evidence.IMPORTED}


def test_models_without_a_price_are_never_cut_off_by_dear_ones() -> None:
    many = [spent("p", f"m{number}", 1, DOLLAR) for number in range(9)]
    found = used_models([*many, spent("acme", "odd", 1, 0, 1)], 3)
    assert [model for _, model, _ in found] == ["odd", "m0", "m1"]


def test_what_is_used_is_listed_by_cost_and_what_lacks_a_price_by_calls() -> None:
    view = page(
        spent("acme", "odd", 4, 0, 4),
        spent("acme", "rare", 2, 7, 1),
        spent("anthropic", "sonnet", 9, DOLLAR),
    )
    assert [one.row.model for one in view.used] == ["sonnet", "rare", "odd"]
    assert [(one.row.model, one.spent.unpriced) for one in view.unpriced] == [("odd", 4), ("rare", 1)]
    assert view.unpriced_calls == 5
    assert view.unpriced[0].row.applied is None


def test_the_users_own_prices_are_told_apart_from_published_ones() -> None:
    view = page(spent("acme", "coder", 1, 3), spent("anthropic", "sonnet", 1, 2))
    mine, published = view.used
    assert (mine.row.is_own, mine.row.is_set) == (True, False)  # set for wherever it is called, not for acme alone
    assert (published.row.is_own, published.row.source) == (False, 'list 1.0, where it is "sonnet"')
    assert (view.rows[0].key, view.rows[0].is_set) == ("Coder", True)
    assert (view.own, view.total, view.problems) == (1, 4, ("Bad.",))


# --- a row ---


def test_a_row_has_the_four_rates_and_what_is_not_known_is_not_0() -> None:
    assert PriceRow("anthropic", "sonnet", SONNET).rates == ["3.00", "15.00", "0.30", "3.75"]
    unknown = PriceRow("acme", "odd", None)
    assert (unknown.rates, unknown.source, unknown.is_own) == (["-", "-", "-", "-"], "", False)
    assert (unknown.more(), unknown.steps) == ([], ["Price"])


def test_a_price_is_changed_from_what_it_is_and_set_from_nothing() -> None:
    assert PriceRow("anthropic", "sonnet", SONNET).said == {"provider": "anthropic", "model": "sonnet"}
    own = tier(input="0.0000001", cache_read="0.00000002", cache_write="0.0000001", output="2")
    row = PriceRow(None, "coder", applied("", "coder", own, is_custom=True), is_set=True)
    assert row.said == {
        "provider": "",
        "model": "coder",
        "input": "0.0000001",
        "output": "2",
        "cacheRead": "0.00000002",
    }


def test_a_class_that_costs_what_its_kind_does_is_not_told_again() -> None:
    plain = tier(input="3", cache_read="3", cache_write="3", output="15", reasoning="15", input_audio="3")
    assert PriceRow("p", "m", applied("p", "m", plain)).more() == []


def test_further_classes_and_fees_are_told_in_words() -> None:
    rates = tier(
        per_request="0.005", input="3", cache_write="3.75", cache_write_1h="6", output="15", web_searches="10000"
    )
    told = dict(PriceRow("p", "m", applied("p", "m", rates)).more())
    assert told == {
        "Cached input, written for 1 hour": ["6.00"],
        "1,000 web searches": ["10.00"],
        "Each call": ["0.005"],
    }


def test_each_step_of_a_price_has_its_column() -> None:
    stepped = applied("p", "m", tier(input="3", output="15"), tier(200_000, input="6", output="22.5"))
    row = PriceRow("p", "m", stepped)
    assert row.steps == ["Price", "Prompt above 200,000"]
    assert [rates for _, rates in row.more()] == [["3.00", "6.00"], ["15.00", "22.50"]]


# --- documents ---


def test_prices_are_found_by_provider_and_model_and_by_name_alone_at_their_makers() -> None:
    assert pricing_document(LISTED) == {
        "bedrock/anthropic.sonnet": {"input": 3.0, "output": 15.0},
        "anthropic/sonnet": {"input": 3.0, "output": 15.0},
        "sonnet": {"input": 3.0, "output": 15.0},
        "Coder": {"input": 1.0, "output": 2.5},
        "openai/embed": {"input": 0.02, "output": None},
        "embed": {"input": 0.02, "output": None},
    }


def test_ones_own_price_comes_before_that_of_a_maker() -> None:
    own = ListedPrice(None, "sonnet", Decimal(9), Decimal(9), is_custom=True, is_set=True)
    told = pricing_document(PriceList((*LISTED.prices, own), "list 1.0"))
    assert told["sonnet"] == {"input": 9.0, "output": 9.0}


def test_the_document_has_a_page_of_prices_with_where_each_is_from() -> None:
    told = prices_document(page(spent("acme", "odd", 4, 0, 4), rows=2))
    assert (told["total"], told["source"], told["problems"]) == (4, "list 1.0", ["Bad."])
    assert told["unpriced"] == [{"provider": "acme", "model": "odd", "calls": 4}]
    _, sonnet = told["prices"]
    classes = sonnet.pop("classes")
    assert sonnet == {
        "key": "anthropic/sonnet",
        "provider": "anthropic",
        "model": "sonnet",
        "input": 3.0,
        "output": 15.0,
        "source": "built-in",
        "priceSource": 'list 1.0, where it is "sonnet"',
        "own": False,
    }
    assert (classes["cacheRead"], classes["cacheWrite"]) == (0.3, 3.75)


@pytest.mark.parametrize(("dollars", "number"), [("0.0375", 0.0375), ("0", 0.0), ("0.1", 0.1)])
def test_dollars_are_the_number_that_was_typed(dollars: str, number: float) -> None:
    assert dollars_of(Decimal(dollars)) == number


def test_dollars_that_are_not_known_are_no_number() -> None:
    assert dollars_of(None) is None
