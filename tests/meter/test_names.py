"""Under which names a model is looked up."""

from __future__ import annotations

import pytest

from codesession.meter.names import spellings

PROVIDERS = {"anthropic": "anthropic", "openai": "openai", "gemini": "google", "google": "google", "xai": "x-ai"}


def looked_up(provider: str, name: str) -> list[tuple[str, str]]:
    return list(spellings(provider, name, PROVIDERS.get))


@pytest.mark.parametrize(
    ("provider", "name", "found"),
    [
        pytest.param("anthropic", " Claude-Opus-4 ", ("anthropic", "claude-opus-4"), id="case-and-blanks"),
        pytest.param("anthropic", "anthropic/claude-x", ("anthropic", "claude-x"), id="own-prefix"),
        pytest.param("google", "gemini/gemini-x", ("google", "gemini-x"), id="own-prefix-by-another-name"),
        pytest.param("google", "models/gemini-x", ("google", "gemini-x"), id="resource-name"),
        pytest.param("google", "publishers/anthropic/models/claude-x", ("google", "claude-x"), id="vertex-path"),
        pytest.param("openai", "bedrock/eu.anthropic.claude-x", ("aws", "eu.anthropic.claude-x"), id="bedrock-prefix"),
        pytest.param("anthropic", "eu.anthropic.claude-x", ("aws", "eu.anthropic.claude-x"), id="bedrock-id"),
        pytest.param("anthropic", "vertex_ai/claude-x@20260101", ("google", "claude-x@20260101"), id="vertex-prefix"),
        pytest.param("anthropic", "claude-x[1m]", ("anthropic", "claude-x"), id="long-context-marker"),
        pytest.param("anthropic", "claude-opus-4.6", ("anthropic", "claude-opus-4-6"), id="dots-to-dashes"),
        pytest.param("anthropic", "claude-3-5-x-20241022", ("anthropic", "claude-3.5-x-20241022"), id="dashes-to-dots"),
        pytest.param("openai", "gpt-x-2026-02-05", ("openai", "gpt-x"), id="dashed-date"),
        pytest.param("anthropic", "claude-x-20260205", ("anthropic", "claude-x"), id="compact-date"),
        pytest.param("anthropic", "claude-x@20260205", ("anthropic", "claude-x"), id="vertex-date"),
        pytest.param("anthropic", "anthropic/claude-x-4.6[1m]", ("anthropic", "claude-x-4-6"), id="three-at-once"),
    ],
)
def test_a_name_is_also_looked_up_as(provider: str, name: str, found: tuple[str, str]) -> None:
    assert found in looked_up(provider, name)


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        pytest.param("openrouter", "deepseek/deepseek-r1:free", id="free-is-not-cut-off"),
        pytest.param("groq", "openai/gpt-oss", id="anothers-prefix"),
        pytest.param("openai", "gpt-x-0613", id="a-short-number-is-no-date"),
        pytest.param("openai", "gpt-x-2026-0205", id="half-a-date"),
        pytest.param("ollama", "llama-3-8b", id="a-size-is-no-version"),
    ],
)
def test_a_name_is_looked_up_as_it_is_only(provider: str, name: str) -> None:
    assert looked_up(provider, name) == [(provider, name)]


def test_a_date_is_no_version() -> None:
    assert looked_up("openai", "gpt-4o-2024-08-06") == [("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o")]


def test_the_exact_name_comes_first_and_nothing_twice() -> None:
    found = looked_up("anthropic", "anthropic/claude-opus-4.6-20260101[1m]")

    assert found[0] == ("anthropic", "anthropic/claude-opus-4.6-20260101[1m]")
    assert len(found) == len(set(found))
