"""Does the user's price come before a correction, and that before the published one?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from codesession.meter import Catalogue, PriceBook
from codesession.meter.corrections import CORRECTIONS
from codesession.model import Cost, Terms, Usage

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
        at = NOW if row.start is None else row.start + timedelta(hours=12)
        for model in row.models:
            published = catalogue.resolve(row.provider, model, at)
            assert published is None or published.rates != row.rates, f"{model} is right by now: remove its row"


def test_corrections_of_a_model_are_in_the_order_of_their_days() -> None:
    for provider, model in {(row.provider, model) for row in CORRECTIONS for model in row.models}:
        days = [row.start for row in CORRECTIONS if row.provider == provider and model in row.models]
        if len(days) > 1:
            assert None not in days
            assert days == sorted({day for day in days if day is not None})


def test_an_id_of_the_list_goes_before_a_correction_of_a_shorter_name(book: PriceBook) -> None:
    agents = book.resolve("perplexity", "perplexity/sonar", NOW)
    chats = book.resolve("perplexity", "sonar", NOW)
    assert agents
    assert chats
    assert agents.source == book.catalogue.source
    assert chats.source.startswith("correction")


@pytest.mark.parametrize(
    ("prompt", "nanos"),
    [
        pytest.param(200_000, 600_000_000 + 15_000_000, id="at 200K short"),
        pytest.param(200_001, 1_200_006_000 + 22_500_000, id="past 200K long for all of it"),
    ],
)
@pytest.mark.parametrize("model", ["claude-sonnet-4-20250514", "claude-sonnet-4", "claude-sonnet-4-20250514[1m]"])
def test_sonnet_4_has_its_long_context_tier(book: PriceBook, model: str, prompt: int, nanos: int) -> None:
    at = datetime(2026, 4, 29, 23, 59, 59, tzinfo=UTC)
    cost = book.cost("anthropic", model, Usage(input=prompt, output=1_000), at)
    assert cost
    assert cost.nanos == nanos


def test_it_ended_with_the_window_for_long_prompts(book: PriceBook) -> None:
    """What is more than that since then is the sum of several calls, as people log them."""
    at = datetime(2026, 4, 30, tzinfo=UTC)
    assert book.cost("anthropic", "claude-sonnet-4", MILLION, at) == Cost(3_000_000_000, book.catalogue.source)


@pytest.mark.parametrize(
    ("model", "at", "dollars"),
    [
        ("gpt-4o-audio-preview", "2025-01-15", 100),
        ("gpt-4o-audio-preview", "2025-06-03", 40),
        ("gpt-4o-audio-preview-2024-10-01", "2026-01-15", 100),
        ("gpt-4o-audio-preview-2024-12-17", "2025-01-15", 40),
        ("gpt-4o-mini-audio-preview", "2025-01-15", 10),
    ],
)
def test_audio_is_not_billed_as_text(book: PriceBook, model: str, at: str, dollars: int) -> None:
    cost = book.cost("openai", model, Usage(input_audio=1_000_000), datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert cost
    assert cost.nanos == dollars * 10**9


def test_a_reranker_costs_by_the_search_and_nothing_else(book: PriceBook) -> None:
    cost = book.cost("cohere", "rerank-v3.5", Usage(rerank_searches=3), NOW)
    assert cost
    assert cost.nanos == 6_000_000
    assert book.cost("cohere", "rerank-v3.5", Usage(rerank_searches=1, input=1), NOW) is None
    dearer = book.cost("cohere", "rerank-v4.0-pro", Usage(rerank_searches=1), NOW)
    assert dearer
    assert dearer.nanos == 2_500_000


# --- the user's own price on other terms ---

BATCH = Terms(is_batch=True)


def test_half_of_the_users_price_where_the_provider_halves(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "claude-opus-4-8")
    page = "https://platform.claude.com/docs/en/build-with-claude/batch-processing"
    assert book.cost("anthropic", "claude-opus-4-8", MILLION, NOW, BATCH) == Cost(
        4_500_000_000, f"custom (pricing.json), batch x0.5 ({page}, 2026-11-28)"
    )


def test_the_users_price_in_proportion_to_the_published_ones(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "openai/gpt-5.5")
    priority = book.cost("openai", "gpt-5.5", MILLION, NOW, Terms(service_tier="priority"))
    assert priority == Cost(
        22_500_000_000, f"custom (pricing.json), priority in proportion to {book.catalogue.source}"
    )  # $12.50 of $5


def test_without_one_proportion_the_users_price_is_unpriced_there(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "gpt-4.1")  # a batch halves all but what is cached
    assert book.cost("openai", "gpt-4.1", MILLION, NOW, BATCH) is None
    assert list(book.all_for("openai", "gpt-4.1", NOW, BATCH)) == []


def test_the_users_own_word_for_the_terms_comes_first(tmp_path: Path, book: PriceBook) -> None:
    row = {"input": 9, "output": 90, "batch": {"input": 1, "output": 10}}
    (tmp_path / "pricing.json").write_text(json.dumps({"claude-opus-4-8": row}))
    cost = book.cost("anthropic", "claude-opus-4-8", MILLION, NOW, BATCH)
    assert cost == Cost(1_000_000_000, "custom (pricing.json), batch")


def test_the_uplift_of_a_place_is_on_top_of_the_users_price(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "claude-opus-4-8")
    cost = book.cost("anthropic", "claude-opus-4-8", MILLION, NOW, Terms(geography="us"))
    assert cost
    assert cost.nanos == 9_900_000_000


def test_searches_that_the_user_does_not_name_cost_what_the_provider_charges(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "claude-opus-4-8")
    cost = book.cost("anthropic", "claude-opus-4-8", Usage(input=1, web_searches=2), NOW)
    assert cost
    assert cost.nanos == 9_000 + 20_000_000


# --- the user's own hardware ---


@pytest.fixture
def hourly(tmp_path: Path) -> None:
    rows = [{"provider": "ollama", "model": "llama3", "costPerHour": 0.72, "gpuName": "RTX 4090"}]
    (tmp_path / "local-models.json").write_text(json.dumps(rows))


@pytest.mark.usefixtures("hourly")
def test_a_local_call_costs_the_time_it_took(book: PriceBook) -> None:
    cost = book.cost("ollama", "llama3", MILLION, NOW, Terms(is_local=True, took_ms=5_000))
    assert cost == Cost(1_000_000, "local (RTX 4090)", "RTX 4090")
    assert book.cost("ollama", "llama3", MILLION, NOW, Terms(is_local=True)) is None
    assert book.ceiling("ollama", "llama3", 10, 10, NOW, Terms(is_local=True)) == 120_000_000  # ten minutes


def test_a_local_call_without_a_rate_is_0(book: PriceBook) -> None:
    assert book.cost("vllm", "mine", MILLION, NOW, Terms(is_local=True)) == Cost(0, "local")
    assert book.ceiling("vllm", "mine", 10, 10, NOW, Terms(is_local=True)) == 0
    assert book.cost("vllm", "mine", MILLION, NOW) is None


@pytest.mark.usefixtures("hourly")
def test_a_price_that_the_user_has_set_counts_for_a_local_call(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "ollama/llama3")
    terms = Terms(is_local=True, took_ms=5_000)
    assert book.cost("ollama", "llama3", MILLION, NOW, terms) == Cost(9_000_000_000, "custom (pricing.json)")
    assert book.ceiling("ollama", "llama3", 1_000_000, 0, NOW, terms) == 9_000_000_000


# --- the list ---


def test_the_list_shows_the_price_of_the_day(book: PriceBook) -> None:
    """On a Saturday at DeepSeek's peak hours, of which the published list knows the hours only."""
    saturday = datetime(2026, 11, 28, 2, tzinfo=UTC)
    shown = {model: price for provider, model, price in book.listed(saturday) if provider == "deepseek"}
    assert shown["deepseek-flash"].rates.bands[0].rate("input") == 150_000_000


def test_the_list_shows_what_applies(tmp_path: Path, book: PriceBook) -> None:
    own(tmp_path, "openai/gpt-4o")
    listed = {(provider, model): price for provider, model, price in book.listed(NOW)}
    assert len(listed) > 2000
    assert listed["openai", "gpt-4o"].is_custom
    assert not listed["openrouter", "openai/gpt-4o"].is_custom
    assert all(price.rates for price in listed.values())
