"""Does the user's price come before a correction, and that before the published one?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from codesession.meter import Catalogue, PriceBook
from codesession.meter.corrections import CORRECTIONS
from codesession.model import Cost, Usage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MILLION = Usage(input=1_000_000)


@pytest.fixture
def book(tmp_path: Path, catalogue: Catalogue) -> PriceBook:
    return PriceBook(tmp_path, catalogue)


def own(tmp_path: Path, key: str) -> None:
    (tmp_path / "pricing.json").write_text(json.dumps({key: {"input": 9, "output": 90}}))


def test_the_users_price_comes_first_and_says_so(tmp_path: Path, book: PriceBook) -> None:
    assert book.cost("openai", "gpt-4o", MILLION, NOW) == Cost(2_500_000_000, book.catalogue.source)
    own(tmp_path, "gpt-4o")
    assert book.cost("openai", "gpt-4o", MILLION, NOW) == Cost(9_000_000_000, "custom (pricing.json)")
    assert book.ceiling("openai", "gpt-4o", 1_000_000, 1_000_000, NOW) == 99_000_000_000
    found = book.resolve("openai", "gpt-4o", NOW)
    assert found
    assert (found.is_custom, found.provider) == (True, "openai")


def test_even_a_less_exact_price_of_the_users_comes_first(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "gpt-4o")
    sources = [price.source for price in book.all_for("openai", "gpt-4o-2024-05-13", NOW)]
    assert sources == ["custom (pricing.json)", book.catalogue.source]


def test_all_three_layers_in_order(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "mistral/mistral-large-latest")
    custom, corrected, published = book.all_for("mistral", "mistral-large-latest", NOW)
    assert custom.is_custom
    assert corrected.source.startswith("correction of 2026-11-22 (https://")
    assert (corrected.start, corrected.is_custom) == (datetime(2025, 12, 2, tzinfo=UTC).date(), False)
    assert published.source == book.catalogue.source


def test_what_nobody_prices_is_unpriced(book: PriceBook) -> None:
    assert book.cost("openai", "no-such-model", MILLION, NOW) is None
    assert book.ceiling("openai", "no-such-model", 1, 1, NOW) is None
    assert book.cost("openai", "gpt-4o", Usage(unsplit=5), NOW) is None


def test_without_published_prices_the_users_still_count(tmp_path: Path) -> None:
    own(tmp_path, "openai/gpt-4o")
    book = PriceBook(tmp_path, Catalogue(None), "Nothing is published.")
    assert book.cost("openai", "gpt-4o-2024-08-06", MILLION, NOW) == Cost(9_000_000_000, "custom (pricing.json)")
    assert book.cost("mistral", "mistral-large-latest", MILLION, NOW)
    assert book.problems == ["Nothing is published."]
    assert list(book.listed(NOW)) == []


def test_every_problem_is_told(tmp_path: Path, book: PriceBook) -> None:
    assert book.problems == []
    (tmp_path / "pricing.json").write_text("{")
    (problem,) = book.problems
    assert problem.endswith("It is ignored.")


# --- corrections ---


@pytest.mark.parametrize(
    ("at", "dollars"),
    [
        pytest.param("2025-09-04T12:00", 0.27, id="before: published"),
        pytest.param("2025-09-05T20:00", 0.56, id="V3.1"),
        pytest.param("2025-09-29T00:00", 0.28, id="V3.2"),
        pytest.param("2026-04-24T00:00", 0.14, id="V4 Flash"),
        pytest.param("2026-11-22T02:00", 0.14, id="its last price"),
    ],
)
def test_a_correction_holds_from_its_day(book: PriceBook, at: str, dollars: float) -> None:
    cost = book.cost("deepseek", "deepseek/deepseek-chat", MILLION, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert cost
    assert cost.nanos == round(dollars * 10**9)


def test_a_time_without_zone_is_utc_and_others_are_converted(book: PriceBook) -> None:
    naive = book.resolve("mistral", "mistral-large-latest", datetime(2025, 12, 2))  # noqa: DTZ001 - that is the test
    west = book.resolve("mistral", "mistral-large-latest", datetime.fromisoformat("2025-12-01T23:00-05:00"))
    before = book.resolve("mistral", "mistral-large-latest", datetime.fromisoformat("2025-12-02T01:00+05:00"))
    assert naive
    assert west
    assert before
    assert naive.rates == west.rates != before.rates


def test_a_correction_is_for_the_makers_own_service_only(book: PriceBook) -> None:
    assert not [price for price in book.all_for("azure", "deepseek-chat", NOW) if "correction" in price.source]


def test_every_correction_has_a_source_and_corrects_something_still(catalogue: Catalogue) -> None:
    for row in CORRECTIONS:
        assert row.source.startswith("https://")
        at = datetime(row.start.year, row.start.month, row.start.day, 12, tzinfo=UTC)
        for model in row.models:
            published = catalogue.resolve(row.provider, model, at)
            assert published is None or published.rates != row.rates, f"{model} is right by now: remove its row"


def test_corrections_of_a_model_are_in_the_order_of_their_days() -> None:
    for model in {model for row in CORRECTIONS for model in row.models}:
        days = [row.start for row in CORRECTIONS if model in row.models]
        assert days == sorted(set(days))


# --- the list ---


def test_the_list_shows_what_applies(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "openai/gpt-4o")
    listed = {(provider, model): price for provider, model, price in book.listed(NOW)}
    assert len(listed) > 2000
    assert listed["openai", "gpt-4o"].is_custom
    assert not listed["openrouter", "openai/gpt-4o"].is_custom
    assert all(price.rates for price in listed.values())
