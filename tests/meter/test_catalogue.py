"""Which price applies to a provider, a model and a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesession.meter import Catalogue
from codesession.model import REQUESTS, STANDARD, USAGE_FIELDS, Cost, Terms, Usage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MILLION = 1_000_000


# Dollars per million tokens in and out, as the providers publish them (for retired models: as they last did):
# https://platform.claude.com/docs/en/about-claude/pricing and https://platform.openai.com/docs/pricing.
@pytest.mark.parametrize(
    ("provider", "model", "dollars_in", "dollars_out"),
    [
        ("anthropic", "claude-opus-4", 15, 75),
        ("anthropic", "claude-sonnet-4", 3, 15),
        ("anthropic", "claude-3-7-sonnet", 3, 15),
        ("anthropic", "claude-3-5-sonnet-20241022", 3, 15),
        ("anthropic", "claude-3-5-haiku-20241022", 0.8, 4),
        ("anthropic", "claude-3-opus-20240229", 15, 75),
        ("anthropic", "claude-3-sonnet-20240229", 3, 15),
        ("anthropic", "claude-3-haiku-20240307", 0.25, 1.25),
        ("anthropic", "claude-opus-4-6", 5, 25),
        ("anthropic", "claude-opus-4-8", 5, 25),
        ("anthropic", "claude-sonnet-4-5", 3, 15),
        ("anthropic", "claude-sonnet-4-5-20250929", 3, 15),
        ("anthropic", "claude-haiku-4-5-20251001", 1, 5),
        ("anthropic", "claude-sonnet-4-20250514", 3, 15),
        ("anthropic", "claude-3.5-sonnet", 3, 15),
        ("openai", "gpt-4o", 2.5, 10),
        ("openai", "gpt-4o-mini", 0.15, 0.6),
        ("openai", "gpt-4-turbo", 10, 30),
        ("openai", "gpt-4", 30, 60),
        ("openai", "gpt-3.5-turbo", 0.5, 1.5),
        ("openai", "o1", 15, 60),
        ("openai", "o1-mini", 1.1, 4.4),
        ("openai", "o3-mini", 1.1, 4.4),
        ("openai", "gpt-5.1-codex-max", 1.25, 10),
        ("openai", "gpt-5.1-codex-mini", 0.25, 2),
        ("openai", "gpt-5.3-codex", 1.75, 14),
        ("openai", "codex-mini-latest", 1.5, 6),
        ("openai", "gpt-5", 1.25, 10),
        ("openai", "gpt-5-mini", 0.25, 2),
        ("openai", "text-embedding-3-small", 0.02, None),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value),
)
def test_a_million_tokens_cost_what_is_published(
    catalogue: Catalogue, provider: str, model: str, dollars_in: float, dollars_out: float | None
) -> None:
    read = [catalogue.cost(provider, model, Usage(input=100_000), NOW)] * 10
    written = catalogue.cost(provider, model, Usage(output=MILLION), NOW)

    assert sum(cost.nanos for cost in read if cost) == round(dollars_in * 10**9)
    assert (written and written.nanos) == (None if dollars_out is None else round(dollars_out * 10**9))


@pytest.mark.parametrize(
    ("provider", "model", "usage", "nanos"),
    [
        pytest.param(
            "anthropic",
            "claude-opus-4-8",
            Usage(
                input=1_000, cache_read=100_000, cache_write=20_000, cache_write_1h=4_000, output=2_000, reasoning=500
            ),
            5_000_000 + 50_000_000 + 125_000_000 + 40_000_000 + 62_500_000,
            id="opus-with-5-minute-and-1-hour-cache-writes-is-28.25-cents",
        ),
        pytest.param(
            "anthropic",
            "claude-sonnet-4-5",
            Usage(input=200_000, output=1_000),
            615_000_000,
            id="sonnet-at-200k-is-short",
        ),
        pytest.param(
            "anthropic",
            "claude-sonnet-4-5",
            Usage(input=1, cache_read=200_000, output=1_000),
            6_000 + 120_000_000 + 22_500_000,
            id="sonnet-past-200k-is-long-for-all-of-it-cached-too",
        ),
        pytest.param(
            "anthropic",
            "claude-haiku-4-5",
            Usage(output=100, web_searches=3),
            30_500_000,
            id="three-searches-are-3-cents",
        ),
        pytest.param(
            "openai",
            "gpt-4o",
            Usage(input=600, cache_read=1_024, output=100),
            3_780_000,
            id="gpt-4o-cached-input-is-half",
        ),
        pytest.param("openai", "gpt-5", Usage(input=1, reasoning=1_000), 10_001_250, id="reasoning-is-output"),
        pytest.param(
            "openai",
            "gpt-realtime",
            Usage(input=10, input_audio=1_000, cache_read_audio=2_000, output_audio=500),
            40_000 + 32_000_000 + 800_000 + 32_000_000,
            id="realtime-audio",
        ),
        pytest.param("openai", "text-embedding-3-small", Usage(input=7), 140, id="seven-embedded-tokens-are-140-nanos"),
        pytest.param("google", "gemini-2.5-pro", Usage(input=200_000), 250_000_000, id="gemini-at-200k-is-short"),
        pytest.param("google", "gemini-2.5-pro", Usage(input=200_001), 500_002_500, id="gemini-past-200k-is-long"),
        pytest.param(
            "perplexity",
            "sonar-pro",
            Usage(input=1_000, output=1_000),
            14_000_000 + 18_000_000,
            id="sonar-charges-the-call",
        ),
    ],
)
def test_a_call_costs_what_the_price_page_says(
    catalogue: Catalogue, provider: str, model: str, usage: Usage, nanos: int
) -> None:
    assert catalogue.cost(provider, model, usage, NOW) == Cost(nanos, catalogue.source)


@pytest.mark.parametrize(
    ("provider", "name", "listed"),
    [
        pytest.param("anthropic", "anthropic/claude-opus-4-8", "anthropic claude-opus-4-8", id="own-prefix"),
        pytest.param("openai", "OpenAI/GPT-5", "openai gpt-5", id="own-prefix-in-capitals"),
        pytest.param("google", "models/gemini-2.5-pro", "google gemini-2.5-pro", id="resource-name"),
        pytest.param("google", "gemini/gemini-2.5-pro", "google gemini-2.5-pro", id="gemini-prefix"),
        pytest.param("xai", "xai/grok-4.3", "x-ai grok-4.3", id="our-name-of-xai"),
        pytest.param(
            "anthropic",
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            id="bedrock-prefix",
        ),
        pytest.param(
            "anthropic",
            "global.anthropic.claude-opus-4-6-v1",
            "aws global.anthropic.claude-opus-4-6-v1:0",
            id="bedrock-id-at-anthropic",
        ),
        pytest.param("anthropic", "claude-opus-4.6", "anthropic claude-opus-4-6", id="dotted"),
        pytest.param("anthropic", "claude-mythos-5.2", "anthropic claude-mythos-5-2", id="dotted-and-not-listed-so"),
        pytest.param("openrouter", "anthropic/claude-opus-4-6", "openrouter anthropic/claude-opus-4.6", id="dashed"),
        pytest.param("anthropic", "claude-opus-5-5[1m]", "anthropic claude-opus-5-5", id="long-context-marker"),
        pytest.param("openai", "gpt-4o-2024-08-06", "openai gpt-4o", id="dated"),
        pytest.param("openai", "gpt-4o-2024-05-13", "openai gpt-4o-2024-05-13", id="dated-with-its-own-price"),
        pytest.param("openai", "gpt-5.2-20251211", "openai gpt-5.2", id="compact-date-for-a-dashed-one"),
        pytest.param("openai", "gpt-5.3-codex-2026-02-05", "openai gpt-5.3-codex", id="dated-and-not-listed-so"),
        pytest.param("azure", "gpt-4o", "openai gpt-4o", id="openai-model-at-azure"),
        pytest.param("google", "claude-sonnet-4-5@20250929", "google claude-sonnet-4-5", id="claude-at-vertex"),
        pytest.param("groq", "openai/gpt-oss-20b", "groq openai/gpt-oss-20b", id="groq-names-the-maker"),
    ],
)
def test_a_model_is_found_under_the_name_agents_use(
    catalogue: Catalogue, provider: str, name: str, listed: str
) -> None:
    found = catalogue.resolve(provider, name, NOW)

    assert found is not None
    assert f"{found.provider} {found.model}" == listed
    assert found.source == catalogue.source


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        pytest.param("ollama", "llama3.2", id="no-such-provider"),
        pytest.param("", "gpt-5", id="no-provider"),
        pytest.param("openai", "gpt-99", id="no-such-model"),
        pytest.param("openai", "", id="no-model"),
        pytest.param("openai", "anthropic/claude-opus-4-8", id="another-providers-model"),
        pytest.param("openrouter", "anthropic/claude-sonnet-4.5:free", id="a-free-name-that-is-not-listed"),
        pytest.param("azure", "my-deployment", id="a-deployment-name"),
        pytest.param("elevenlabs", "eleven_v3", id="sold-by-the-character"),
    ],
)
def test_what_is_not_in_the_list_is_unpriced(catalogue: Catalogue, provider: str, name: str) -> None:
    assert catalogue.cost(provider, name, Usage(input=1), NOW) is None
    assert catalogue.ceiling(provider, name, 1, 1, NOW) is None
    assert catalogue.resolve(provider, name, NOW) is None


def test_a_free_model_that_is_listed_costs_0(catalogue: Catalogue) -> None:
    free = catalogue.cost("openrouter", "deepseek/deepseek-r1:free", Usage(input=MILLION), NOW)

    assert free == Cost(0, catalogue.source)


def test_the_price_is_that_of_the_moment_however_often_it_was_asked(catalogue: Catalogue) -> None:
    """OpenAI cut o3 from $10 to $2 per million input tokens on 2025-06-10."""
    before, after = datetime(2025, 6, 9, 23, 59, tzinfo=UTC), datetime(2025, 6, 10, tzinfo=UTC)

    costs = [catalogue.cost("openai", "o3", Usage(input=MILLION), at) for at in (before, after, before, after)]

    assert [cost and cost.nanos for cost in costs] == [10 * 10**9, 2 * 10**9] * 2


MODELS = st.sampled_from(
    [
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-4-8"),
        ("openai", "gpt-5"),
        ("openai", "gpt-realtime"),
        ("google", "gemini-2.5-pro"),
        ("perplexity", "sonar-pro"),
        ("deepseek", "deepseek-v4-pro"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MODELS, st.builds(Usage, *[st.integers(0, 150_000)] * len(USAGE_FIELDS)), st.datetimes(datetime(2024, 1, 1)))  # noqa: DTZ001 - naive is UTC
def test_no_call_costs_more_than_its_ceiling(
    catalogue: Catalogue, model: tuple[str, str], usage: Usage, at: datetime
) -> None:
    cost = catalogue.cost(*model, replace(usage, **dict.fromkeys(REQUESTS, 0)), at)
    most = catalogue.ceiling(*model, usage.prompt_tokens, usage.completion_tokens, at)

    assert cost is not None
    assert most is not None
    assert cost.nanos <= most


def test_a_ceiling_takes_the_dearest_way_to_read_and_to_write(catalogue: Catalogue) -> None:
    one_hour_writes = catalogue.cost("anthropic", "claude-opus-4-8", Usage(cache_write_1h=1_000, output=100), NOW)

    assert one_hour_writes is not None
    assert catalogue.ceiling("anthropic", "claude-opus-4-8", 1_000, 100, NOW) == one_hour_writes.nanos == 12_500_000


@pytest.mark.parametrize(
    ("terms", "nanos"),
    [
        (STANDARD, 1_250_000_000),
        (Terms(service_tier="default"), 1_250_000_000),
        (Terms(is_batch=True), 625_000_000),
        (Terms(service_tier="flex"), 625_000_000),
        (Terms(service_tier="priority"), 2_500_000_000),
        (Terms(speed="fast"), None),
        (Terms(service_tier="platinum"), None),
    ],
)
def test_the_list_has_prices_on_other_terms(catalogue: Catalogue, terms: Terms, nanos: int | None) -> None:
    cost = catalogue.cost("openai", "gpt-5", Usage(input=MILLION), NOW, terms)
    assert (cost and cost.nanos) == nanos
    assert catalogue.ceiling("openai", "gpt-5", MILLION, 0, NOW, terms) == nanos
    if cost is not None and nanos != 1_250_000_000:
        assert cost.source == f"{catalogue.source}, {'batch' if terms.is_batch else terms.service_tier}"


def test_prices_on_other_terms_are_their_makers_own(catalogue: Catalogue) -> None:
    assert catalogue.cost("azure", "gpt-5", Usage(input=1), NOW, Terms(service_tier="priority")) is None
    found = catalogue.resolve("azure", "gpt-5", NOW)
    assert found
    assert (found.provider, found.biller) == ("openai", "azure")


def test_an_id_is_a_models_whole_name(catalogue: Catalogue) -> None:
    assert catalogue.has_id("openai", "gpt-4o-2024-05-13")
    assert not catalogue.has_id("openai", "gpt-4o-2024-08-06")
    assert not catalogue.has_id("nobody", "gpt-4o")
    assert catalogue.problems == []


def test_without_shards_everything_is_unpriced() -> None:
    nothing = Catalogue(None)

    assert nothing.cost("openai", "gpt-5", Usage(input=1), NOW) is None
    assert nothing.source == "genai-prices missing"
    assert nothing.problems == []


def test_the_source_says_which_version(shards: Path) -> None:
    assert Catalogue(shards, "1.2.3").source == "genai-prices 1.2.3"
    assert Catalogue(shards).source.removeprefix("genai-prices ")[0].isdigit()


def test_a_shard_that_cannot_be_read_prices_nothing_and_says_so(shards: Path, tmp_path: Path) -> None:
    for name in ("index.json", "anthropic.json"):
        (tmp_path / name).write_bytes((shards / name).read_bytes())
    (tmp_path / "openai.json").write_text('{"models": [')
    catalogue = Catalogue(tmp_path)

    assert catalogue.cost("anthropic", "claude-opus-4-8", Usage(input=1), NOW) is not None
    assert catalogue.cost("openai", "gpt-5", Usage(input=1), NOW) is None
    assert catalogue.cost("groq", "gpt-5", Usage(input=1), NOW) is None
    assert [problem.partition(" cannot be read")[0].rpartition("/")[2][-11:] for problem in catalogue.problems] == [
        "openai.json",
        "groq.json"[-11:],
    ]


@pytest.mark.parametrize(
    "text", ["null", "[]", '{"models": 5}', '{"models": [null]}', '{"models": [{}]}', "[" * 100_000]
)
def test_a_damaged_shard_prices_nothing_and_it_is_said_how_to_mend_it(shards: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_bytes((shards / "index.json").read_bytes())
    (tmp_path / "openai.json").write_text(text)
    catalogue = Catalogue(tmp_path)
    assert catalogue.cost("openai", "gpt-5", Usage(input=1), NOW) is None
    assert catalogue.problems[0].startswith(f"The price list {tmp_path / 'openai.json'} cannot be read: ")
    assert catalogue.problems[0].endswith(f". Delete {tmp_path}; the next command makes it anew.")


@pytest.mark.parametrize(
    "text", ["null", "[]", '{"providers": [1]}', '{"providers": {"openai": 5}}', '{"problems": 5}']
)
def test_with_a_damaged_index_nothing_is_priced(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    catalogue = Catalogue(tmp_path)
    assert catalogue.cost("openai", "gpt-5", Usage(input=1), NOW) is None
    assert len(catalogue.problems) == 1


def test_only_the_asked_providers_shard_is_read(shards: Path, tmp_path: Path) -> None:
    for name in ("index.json", "openai.json"):
        (tmp_path / name).write_bytes((shards / name).read_bytes())
    catalogue = Catalogue(tmp_path)

    assert catalogue.cost("openai", "gpt-5", Usage(input=1), NOW) is not None
    assert catalogue.problems == []
