"""What becomes of a price on the terms of a call: one case at least for each kind of rule, and the laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesession.meter import Catalogue, PriceBook
from codesession.meter.fees import FEES, OWN_RATES
from codesession.meter.multipliers import BASES, PLACES, SAME_AS, multiplier
from codesession.model import REQUESTS, STANDARD, USAGE_FIELDS, Terms, Usage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BATCH, FLEX, PRIORITY = Terms(is_batch=True), Terms(service_tier="flex"), Terms(service_tier="priority")
FAST, US = Terms(speed="fast"), Terms(geography="us")
MILLION = Usage(input=1_000_000)
TENTH = Usage(input=100_000)
"""of a million, which is a long prompt nowhere"""


@pytest.fixture
def book(tmp_path: Path, catalogue: Catalogue) -> PriceBook:
    return PriceBook(tmp_path, catalogue)


def nanos(book: PriceBook, model: tuple[str, str], usage: Usage, terms: Terms, at: datetime = NOW) -> int | None:
    cost = book.cost(*model, usage, at, terms)
    return None if cost is None else cost.nanos


# --- the basis ---


@pytest.mark.parametrize(
    ("provider", "model", "terms", "dollars"),
    [
        ("anthropic", "claude-opus-4-8", BATCH, 2.5),
        ("anthropic", "claude-opus-4-1", BATCH, 7.5),
        ("anthropic", "claude-opus-4-8", FAST, 10),
        ("anthropic", "claude-opus-4-7", FAST, 30),
        ("anthropic", "claude-opus-4-6", FAST, 30),
        ("openai", "gpt-5", FLEX, 0.625),
        ("openai", "gpt-5", PRIORITY, 2.5),
        ("openai", "gpt-5", Terms(service_tier="fast"), 2.5),
        ("openai", "gpt-5.6-sol", Terms(service_tier="fast"), 8),
        ("openai", "text-embedding-3-large", BATCH, 0.065),
        ("google", "gemini-2.5-flash", FLEX, 0.15),
        ("google", "gemini-2.5-flash", PRIORITY, 0.54),
        ("google", "gemini-3.5-flash", BATCH, 0.75),
        ("groq", "llama-3.3-70b-versatile", FLEX, 0.59),
        ("groq", "llama-3.3-70b-versatile", BATCH, 0.295),
        ("mistral", "mistral-large-latest", BATCH, 0.25),
        ("x-ai", "grok-4.7", BATCH, 1.6),
        ("azure", "gpt-4o", BATCH, 1.25),
    ],
)
def test_dollars_for_a_million_tokens_on_other_terms(
    book: PriceBook, provider: str, model: str, terms: Terms, dollars: float
) -> None:
    assert nanos(book, (provider, model), TENTH, terms) == round(dollars * 10**8)


def test_flex_at_gemini_has_the_rates_of_a_batch_class_by_class(book: PriceBook) -> None:
    """Gemini 2.5 halves what is read and written, and not what is cached; 3.1 Flash-Lite halves all."""
    cached = Usage(cache_read=1_000_000)
    for terms in (FLEX, BATCH):
        assert nanos(book, ("google", "gemini-2.5-flash"), cached, terms) == 30_000_000
        assert nanos(book, ("google", "gemini-3.1-flash-lite"), cached, terms) == 12_500_000
    flex = book.cost("google", "gemini-2.5-flash", cached, NOW, FLEX)
    assert flex
    assert flex.source == f"{book.catalogue.source}, flex"


@pytest.mark.parametrize(
    ("provider", "model", "terms"),
    [
        pytest.param("openai", "gpt-5", Terms(service_tier="scale"), id="sold by contract"),
        pytest.param("openai", "gpt-6.1-sol", Terms(service_tier="ultrafast"), id="a tier of which sources disagree"),
        pytest.param("openai", "gpt-5", Terms(service_tier="diamond"), id="a word nobody knows"),
        pytest.param("openai", "gpt-5-pro", PRIORITY, id="a model that is not sold so"),
        pytest.param(
            "openai", "gpt-5", Terms(service_tier="priority", is_batch=True), id="two that exclude each other"
        ),
        pytest.param("anthropic", "claude-opus-4-8", PRIORITY, id="bought beforehand"),
        pytest.param("anthropic", "claude-sonnet-4-6", FAST, id="a model without fast mode"),
        pytest.param("anthropic", "claude-opus-4-8", Terms(speed="fast", is_batch=True), id="no fast mode in a batch"),
        pytest.param("groq", "llama-3.3-70b-versatile", Terms(service_tier="performance"), id="for enterprises"),
        pytest.param("mistral", "mistral-large-latest", PRIORITY, id="by agreement"),
        pytest.param("google", "gemini-2.5-flash", Terms(service_tier="PROVISIONED_THROUGHPUT"), id="reserved"),
        pytest.param("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", BATCH, id="a provider without a rule"),
        pytest.param("azure", "gpt-4o", PRIORITY, id="a tier of the maker's, at a cloud"),
        pytest.param("anthropic", "claude-opus-4-8", Terms(geography="mars"), id="a place without a rule"),
        pytest.param("x-ai", "grok-4.7", Terms(geography="eu"), id="a place whose price is not published"),
    ],
)
def test_what_has_no_rule_is_unpriced_and_never_standard(
    book: PriceBook, provider: str, model: str, terms: Terms
) -> None:
    assert nanos(book, (provider, model), MILLION, STANDARD)
    assert nanos(book, (provider, model), MILLION, terms) is None
    assert book.ceiling(provider, model, 10, 10, NOW, terms) is None
    assert list(book.all_for(provider, model, NOW, terms)) == []


def test_fast_mode_of_opus_4_6_was_six_times_its_tiers(book: PriceBook) -> None:
    opus = ("anthropic", "claude-opus-4-6")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert nanos(book, opus, Usage(input=200_000, output=1_000), FAST, at) == 6_000_000_000 + 150_000_000
    assert nanos(book, opus, Usage(input=200_001, output=1_000), FAST, at) == 12_000_060_000 + 225_000_000
    assert nanos(book, opus, MILLION, FAST, datetime(2026, 2, 16, 23, 59, tzinfo=UTC)) is None
    assert nanos(book, opus, Usage(input=1), FAST, datetime(2026, 2, 17, tzinfo=UTC)) == 30_000


def test_the_tiers_of_gpt_5_6_are_factors_for_the_time_before_its_price_fell(book: PriceBook) -> None:
    sol, at = ("openai", "gpt-5.6-sol"), datetime(2026, 8, 20, tzinfo=UTC)
    assert nanos(book, sol, TENTH, STANDARD, at) == 500_000_000
    assert nanos(book, sol, TENTH, PRIORITY, at) == 1_000_000_000
    assert nanos(book, sol, TENTH, FLEX, at) == nanos(book, sol, TENTH, BATCH, at) == 250_000_000


def test_a_batch_before_the_list_had_batches_is_priced_while_the_standard_price_was_the_same(book: PriceBook) -> None:
    o3 = ("openai", "o3")
    assert nanos(book, o3, MILLION, BATCH, datetime(2025, 6, 10, tzinfo=UTC)) == 10**9
    assert nanos(book, o3, MILLION, BATCH, datetime(2025, 6, 9, 23, 59, tzinfo=UTC)) is None


# --- the place ---


@pytest.mark.parametrize(
    ("provider", "model", "place", "dollars"),
    [
        ("anthropic", "claude-opus-4-6", "us", 5.5),
        ("anthropic", "claude-opus-4-5", "us", 5),
        ("anthropic", "claude-haiku-4-5", "us", 1),
        ("anthropic", "claude-opus-5-5", "US", 4.4),
        ("anthropic", "claude-opus-5-5", "global", 4),
        ("openai", "gpt-5.4-mini", "eu", 0.825),
        ("openai", "gpt-5.2", "eu", 1.75),
        ("x-ai", "grok-4.7", "us", 2.2),
        ("mistral", "mistral-large-latest", "eu", 0.55),
        ("vertex", "gemini-2.5-flash", "us-central1", 0.3),
        ("vertex", "gemini-3.8-flash", "europe-west1", 0.825),
        ("vertex", "claude-haiku-4-5@20251001", "us-east5", 1.1),
        ("vertex", "claude-haiku-4-5@20251001", "global", 1),
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us-east-1", 1.1),
    ],
)
def test_dollars_for_a_million_tokens_somewhere(
    book: PriceBook, provider: str, model: str, place: str, dollars: float
) -> None:
    assert nanos(book, (provider, model), TENTH, Terms(geography=place)) == round(dollars * 10**8)


def test_a_place_and_a_batch_multiply(book: PriceBook) -> None:
    terms = replace(BATCH, geography="us")
    cost = book.cost("anthropic", "claude-opus-4-8", Usage(cache_read=1_000_000, web_searches=1), NOW, terms)
    assert cost
    assert cost.nanos == 275_000_000 + 10_000_000  # 0.5 x 0.5 x 1.1; a search costs the same everywhere
    assert cost.source == (
        f"{book.catalogue.source}, batch, inference in us x1.1 "
        "(https://platform.claude.com/docs/en/manage-claude/data-residency, 2026-11-28)"
    )


MODELS = [
    ("anthropic", "claude-opus-4-8"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-5.4"),
    ("openai", "gpt-6.1-sol"),
    ("google", "gemini-3.1-pro-preview"),
    ("mistral", "mistral-large-latest"),
    ("deepseek", "deepseek-v4-pro"),
]
usages = st.builds(Usage, **{name: st.integers(0, 150_000) for name in USAGE_FIELDS if name not in REQUESTS})
terms = st.sampled_from([STANDARD, BATCH, FLEX, PRIORITY, FAST, Terms(service_tier="auto")])
places = st.sampled_from([None, "us"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(MODELS), usages, terms, places)
def test_no_call_costs_more_than_its_ceiling_on_any_terms(
    book: PriceBook, model: tuple[str, str], usage: Usage, terms: Terms, place: str | None
) -> None:
    terms = replace(terms, geography=place)
    cost = book.cost(*model, usage, NOW, terms)
    most = book.ceiling(*model, usage.prompt_tokens, usage.completion_tokens, NOW, terms)

    assert (cost is None) == (most is None)
    assert cost is None or most is None or cost.nanos <= most


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(MODELS[:4]), usages)
def test_the_uplift_of_a_place_is_a_tenth_to_the_nano_dollar(
    book: PriceBook, model: tuple[str, str], usage: Usage
) -> None:
    rates = book.resolve(*model, NOW)
    uplifted = book.resolve(*model, NOW, US)
    assert rates
    assert uplifted
    band, higher = (found.rates.band(usage.prompt_tokens) for found in (rates, uplifted))
    for name in USAGE_FIELDS:
        rate, more = band.rate(name), higher.rate(name)
        if rate is not None and more is not None:
            tenth = 1 if name in REQUESTS else Fraction(11, 10)
            assert Fraction(more, uplifted.rates.per) == Fraction(rate, rates.rates.per) * tenth


def test_a_ceiling_of_auto_is_that_of_priority_at_openai(book: PriceBook) -> None:
    asked = [Terms(service_tier=tier) for tier in (None, "default", "auto", "priority")]
    ceilings = [book.ceiling("openai", "gpt-5", 1_000_000, 0, NOW, terms) for terms in asked]
    assert ceilings == [1_250_000_000, 1_250_000_000, 2_500_000_000, 2_500_000_000]
    assert book.ceiling("openai", "gpt-5-pro", 1_000_000, 0, NOW, asked[2]) == 15_000_000_000
    assert book.ceiling("groq", "llama-3.3-70b-versatile", 1_000_000, 0, NOW, asked[2]) == 590_000_000


def test_a_ceiling_of_priority_is_not_below_the_standard_one(book: PriceBook) -> None:
    """Priority has no long-context tier at GPT-5.4, and costs there for input what standard does."""
    long = 300_000
    assert book.ceiling("openai", "gpt-5.4", long, 0, NOW, PRIORITY) == long * 5_000
    assert book.ceiling("openai", "gpt-5.4", long, 0, NOW) == long * 5_000


# --- fees ---


@pytest.mark.parametrize(
    ("provider", "model", "field", "millis"),
    [
        ("anthropic", "claude-opus-4-8", "web_searches", 10_000),
        ("anthropic", "claude-3-opus-20240229", "web_searches", 10_000),
        ("openai", "gpt-5", "web_searches", 10_000),
        ("openai", "gpt-5", "file_searches", 2_500),
        ("openai", "gpt-5.3-codex", "web_searches", 10_000),
        ("openai", "gpt-4o-search-preview", "web_searches", 25_000),
        ("openai", "gpt-4o-mini-search-preview-2025-03-11", "web_searches", 25_000),
        ("openai", "gpt-5-search-api", "web_searches", 10_000),
        ("azure", "gpt-5", "web_searches", 14_000),
        ("azure", "gpt-5", "file_searches", 2_500),
        ("google", "gemini-3.8-flash", "web_searches", 14_000),
        ("google", "gemini-3.1-flash-lite-image", "web_searches", 14_000),
        ("google", "gemini-2.5-pro", "web_searches", 35_000),
        ("vertex", "claude-haiku-4-5@20251001", "web_searches", 10_000),
        ("x-ai", "grok-4.7", "web_searches", 5_000),
        ("x-ai", "grok-4.7", "file_searches", 2_500),
        ("groq", "openai/gpt-oss-120b", "web_searches", 5_000),
        ("perplexity", "sonar-pro", "web_searches", 0),
        ("perplexity", "sonar-deep-research", "web_searches", 5_000),
    ],
)
def test_a_search_costs_its_fee(book: PriceBook, provider: str, model: str, field: str, millis: int) -> None:
    without = nanos(book, (provider, model), Usage(input=1_000), STANDARD)
    searched = nanos(book, (provider, model), Usage(input=1_000, **{field: 1}), STANDARD)
    assert without is not None
    assert searched is not None
    assert searched - without == millis * 1_000


def test_three_searches_of_a_grounded_prompt_are_one_fee_up_to_gemini_2_and_three_since(book: PriceBook) -> None:
    three = Usage(web_searches=3)
    assert nanos(book, ("google", "gemini-2.5-flash"), three, STANDARD) == 35_000_000
    assert nanos(book, ("google", "gemini-3.8-flash"), three, STANDARD) == 42_000_000


def test_gemini_3_searched_for_nothing_while_it_was_introduced(book: PriceBook) -> None:
    gemini, before, after = ("google", "gemini-3-flash-preview"), datetime(2026, 1, 4, 23, 59, tzinfo=UTC), NOW
    assert nanos(book, gemini, Usage(web_searches=2), STANDARD, before) == 0
    assert nanos(book, gemini, Usage(web_searches=2), STANDARD, after) == 28_000_000


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("mistral", "mistral-large-latest", Usage(input=1, web_searches=1)),
        ("deepseek", "deepseek-flash", Usage(input=1, web_searches=1)),
        ("anthropic", "claude-opus-4-8", Usage(input=1, file_searches=1)),
        ("openai", "gpt-5", Usage(input=1, rerank_searches=1)),
    ],
)
def test_a_search_whose_fee_nobody_knows_is_unpriced(book: PriceBook, provider: str, model: str, usage: Usage) -> None:
    assert nanos(book, (provider, model), usage, STANDARD) is None
    assert nanos(book, (provider, model), Usage(input=1_000), STANDARD)


def test_an_hour_in_the_cache_of_claude_is_twice_input_where_the_list_is_silent(book: PriceBook) -> None:
    hour = Usage(cache_write_1h=1_000_000)
    assert nanos(book, ("github-copilot", "claude-sonnet-4"), hour, STANDARD) == 6_000_000_000
    assert nanos(book, ("anthropic", "claude-opus-4-8"), hour, BATCH) == 5_000_000_000


def test_twelve_hours_in_the_cache_of_openai_are_two_and_a_half_times_input(book: PriceBook) -> None:
    half_a_day = Usage(cache_write_other=100_000)
    assert nanos(book, ("openai", "gpt-6.1-sol"), half_a_day, STANDARD) == 500_000_000
    assert nanos(book, ("openai", "gpt-6.1-sol"), half_a_day, BATCH) == 250_000_000
    assert nanos(book, ("azure", "gpt-6.1-sol"), half_a_day, STANDARD) == 500_000_000


# --- the tables ---


def test_every_row_has_its_source() -> None:
    for source in [row.source for rows in (BASES, PLACES, FEES, OWN_RATES) for row in rows]:
        assert source.startswith("https://")


def test_every_rule_is_for_a_model_of_the_list_and_none_hides_behind_another(catalogue: Catalogue) -> None:
    listed = [(found.provider, found.model) for found in catalogue.listed(NOW)]
    for rows in (BASES, PLACES):
        for row in rows:
            first = [
                model
                for provider, model in listed
                if provider == row.provider and multiplier(rows, provider, model, row.when, NOW.date()) is row
            ]
            assert first or row.provider in ("together", "azure"), row


def test_what_has_the_price_of_another_basis_has_a_rule_too() -> None:
    for provider, basis in SAME_AS:
        assert any((row.provider, row.when) == (provider, basis) for row in BASES)


def test_what_is_remembered_has_a_bound(book: PriceBook) -> None:
    for number in range(4_200):  # more than are kept
        odd = Terms(service_tier=f"tier-{number}", geography=f"place-{number}")
        book.cost("openai", "gpt-5", MILLION, NOW, odd)
        book.cost("openai", f"gpt-5-{number}", MILLION, NOW, Terms(geography=f"place-{number}"))
    remembered = [
        cache.cache_info()
        for held in (book._overlay, book._corrections, book.catalogue)  # noqa: SLF001 - what is meant here
        for cache in vars(held).values()
        if hasattr(cache, "cache_info")
    ]
    assert len(remembered) >= 5
    assert all(info.maxsize is not None and info.currsize <= info.maxsize <= 4096 for info in remembered)
