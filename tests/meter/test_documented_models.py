"""Is every model that the documentation names priced, at its maker's current price?

Dollars per million tokens in and out, from the makers' price lists as read on 2026-11-22 (of retired models the last):
https://platform.claude.com/docs/en/about-claude/pricing, https://platform.openai.com/docs/pricing,
https://ai.google.dev/gemini-api/docs/pricing, https://mistral.ai/pricing/api, https://docs.x.ai/docs/models and
https://api-docs.deepseek.com/quick_start/pricing. Where two earlier tools disagreed, this is the vendor's word.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from codesession.meter import PriceBook

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.meter import Catalogue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

PRICES: dict[str, dict[tuple[float, float], str]] = {
    "anthropic": {
        (15, 75): "claude-opus-4 claude-opus-4-0 claude-opus-4-20250514 claude-opus-4-1 claude-opus-4-1-20250805 "
        "claude-3-opus-20240229 claude-3-opus claude-3-opus-latest",
        (5, 25): "claude-opus-4-6 claude-opus-4.6 claude-opus-4-5 claude-opus-4.5 claude-opus-4-5-20251101 "
        "claude-opus-4-6[1m] anthropic/claude-opus-4-6 claude-opus-4-7",
        (3, 15): "claude-sonnet-4 claude-sonnet-4-0 claude-sonnet-4-20250514 claude-sonnet-4-5 claude-sonnet-4.5 "
        "claude-sonnet-4-5-20250929 claude-sonnet-4-6 anthropic/claude-sonnet-4-5 claude-3-7-sonnet claude-3.7-sonnet "
        "claude-3-7-sonnet-20250219 claude-3-5-sonnet-20241022 claude-3-5-sonnet-20240620 claude-3-5-sonnet "
        "claude-3.5-sonnet claude-3-5-sonnet-latest claude-3-sonnet-20240229",
        (1, 5): "claude-haiku-4-5 claude-haiku-4.5 claude-haiku-4-5-20251001",
        (0.8, 4): "claude-3-5-haiku-20241022 claude-3-5-haiku claude-3.5-haiku claude-3-5-haiku-latest",
        (0.25, 1.25): "claude-3-haiku-20240307 claude-3-haiku",
    },
    "openai": {
        (2.5, 10): "gpt-4o gpt-4o-2024-08-06 gpt-4o-2024-11-20 openai/gpt-4o GPT-4o",
        (5, 15): "gpt-4o-2024-05-13",
        (0.15, 0.6): "gpt-4o-mini gpt-4o-mini-2024-07-18",
        (10, 30): "gpt-4-turbo gpt-4-turbo-2024-04-09",
        (30, 60): "gpt-4 gpt-4-0613",
        (0.5, 1.5): "gpt-3.5-turbo gpt-3.5-turbo-0125",
        (15, 60): "o1 o1-2024-12-17",
        (1.1, 4.4): "o1-mini o1-mini-2024-09-12 o3-mini o3-mini-2025-01-31 o4-mini o4-mini-2025-04-16",
        (2, 8): "o3 gpt-4.1 gpt-4.1-2025-04-14",
        (1.25, 10): "gpt-5 gpt-5-codex gpt-5.1 gpt-5.1-codex gpt-5.1-codex-max",
        (0.25, 2): "gpt-5-mini gpt-5.1-codex-mini",
        (1.75, 14): "gpt-5.2 gpt-5.2-codex gpt-5.3-codex",
        (1.5, 6): "codex-mini-latest",
    },
    "google": {
        (0.3, 2.5): "gemini-2.5-flash models/gemini-2.5-flash gemini/gemini-2.5-flash",
        (1.25, 10): "gemini-2.5-pro models/gemini-2.5-pro google/gemini-2.5-pro",
        (0.1, 0.4): "gemini-2.0-flash gemini-2.5-flash-lite",
    },
    "mistral": {
        (0.5, 1.5): "mistral-large-latest mistral/mistral-large-latest mistral-large-2512",
        (0.15, 0.6): "mistral-small-latest",
        (0.3, 0.9): "codestral-latest",
    },
    "deepseek": {(0.14, 0.28): "deepseek-chat deepseek-reasoner deepseek/deepseek-chat"},
    "x-ai": {(3, 15): "grok-4 grok-3"},
}
CASES = [
    pytest.param(provider, model, dollars, id=f"{provider}: {model}")
    for provider, prices in PRICES.items()
    for dollars, models in prices.items()
    for model in models.split()
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> PriceBook:
    nothing_set: Path = tmp_path_factory.mktemp("home")
    return PriceBook(nothing_set, catalogue)


@pytest.mark.parametrize(("provider", "model", "dollars"), CASES)
def test_a_documented_model_has_its_makers_price(
    book: PriceBook, provider: str, model: str, dollars: tuple[float, float]
) -> None:
    found = book.resolve(provider, model, NOW)
    assert found, "unpriced"
    band, per = found.rates.bands[0], found.rates.per
    sides = (band.rate("input"), band.rate("output"))
    assert [(side or 0) / per / 1000 for side in sides] == pytest.approx(dollars)
