"""By what is a published price multiplied on other than standard terms? Rows of our own, each with source and day.

The published list has prices on other terms for many models, and those come first (`listing`). A row here is for a rule
that a provider publishes as a factor: half price in a batch, a tenth more inside a country. Factors are exact decimals
and so are the products.

A rule names models by the beginnings of the list's own ids; an empty one fits all. The first row that fits counts.
A source is where the provider says it. Where its page was not to be had, a comment says by whom the factor is instead.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter.terms import BATCH, FAST, FLEX, PRIORITY

if TYPE_CHECKING:
    from collections.abc import Iterable

READ = date(2026, 11, 28)
"""the day the sources below were read, unless a row says another"""


class Multiplier(NamedTuple):
    """A factor for every class of tokens; searches cost the same on all terms."""

    provider: str
    models: tuple[str, ...]
    """beginnings of the ids of the models it is for"""
    when: str
    """a basis, as `terms` has it, or a place"""
    factor: str
    source: str
    start: date | None = None
    """the UTC day from which it is known to hold; None for always"""
    exactly: bool = False
    """whether `models` are whole ids"""
    read: date = READ
    """the day the source was read"""

    def fits(self, provider: str, model: str, when: str, day: date) -> bool:
        """Whether it is for that `model` of `provider` (the list's ids) on that UTC `day`."""
        return (
            (self.provider, self.when) == (provider, when)
            and (model in self.models if self.exactly else model.startswith(self.models))
            and (self.start is None or self.start <= day)
        )


_ANTHROPIC_BATCH = "https://platform.claude.com/docs/en/build-with-claude/batch-processing"
_ANTHROPIC_FAST = "https://platform.claude.com/docs/en/build-with-claude/fast-mode"
_BEDROCK_BATCH = "https://docs.aws.amazon.com/bedrock/latest/userguide/capacity-limits-cost-optimization.html"
_GEMINI_TIERS = "https://ai.google.dev/gemini-api/docs/optimization"
_GROQ_FLEX = "https://console.groq.com/docs/flex-processing"
_LITELLM = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
_OPENAI_PRICES = "https://developers.openai.com/api/docs/pricing"
_OPENAI_FAST = "https://openai.com/api-fast-mode/"
_GENAI_PRICES = "https://github.com/pydantic/genai-prices"
_CLAUDE_PRICES = "https://platform.claude.com/docs/en/about-claude/pricing"

_GPT_5_6 = ("gpt-5.6-luna", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-6-", "gpt-6.1-")

_GEMINI_TIERED = (
    *("gemini-2.5-flash-image", "gemini-3-flash", "gemini-3-pro-image", "gemini-3.1-flash-lite", "gemini-3.1-pro"),
    *("gemini-3.5-flash", "gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash", "gemini-4-"),
)
"""Gemini models whose price page has the tiers flex and priority; of Gemini 2.5 those in `_GEMINI_2_TIERED` too"""
_GEMINI_2_TIERED = ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro")

BASES: tuple[Multiplier, ...] = (
    # Half of everything, cached and written-to-the-cache tokens included.
    Multiplier("anthropic", ("claude-",), BATCH, "0.5", _ANTHROPIC_BATCH),
    # $30/$150 where the standard price was $5/$25; over 200K tokens $60/$225 while that was a tier of Opus 4.6. Until
    # 2026-02-16 it was introduced at half of that; what the API billed then is not known for sure.
    Multiplier("anthropic", ("claude-opus-4-6", "claude-opus-4-7"), FAST, "6", _ANTHROPIC_FAST, date(2026, 2, 17)),
    Multiplier("openai", ("text-embedding-",), BATCH, "0.5", "https://developers.openai.com/api/docs/guides/batch"),
    # From GPT-5.6 on one factor for all classes and lengths; the list has them since the last change of price only.
    # GPT-5.6 is twice as dear by https://openai.com/api-fast-mode/; that all of these have all three is by litellm
    # 1.110.2's list.
    Multiplier("openai", _GPT_5_6, BATCH, "0.5", _OPENAI_PRICES),
    Multiplier("openai", _GPT_5_6, FLEX, "0.5", _OPENAI_PRICES),
    Multiplier("openai", _GPT_5_6, PRIORITY, "2", _OPENAI_FAST),
    Multiplier("openai", _GPT_5_6, "service_tier=fast", "2", _OPENAI_FAST),
    Multiplier("google", ("gemini-", "gemma-"), BATCH, "0.5", _GEMINI_TIERS),
    # From Claude 4.5 on in that list.
    Multiplier("google", ("claude-",), BATCH, "0.5", _LITELLM),
    # The page of the tiers says half for flex, and 75 to 100 % more for priority: 1.8 is by litellm 1.110.2's list.
    Multiplier("google", _GEMINI_TIERED, FLEX, "0.5", _GEMINI_TIERS),
    Multiplier("google", _GEMINI_TIERED, PRIORITY, "1.8", _LITELLM),
    Multiplier("google", _GEMINI_2_TIERED, FLEX, "0.5", _GEMINI_TIERS, exactly=True),
    Multiplier("google", _GEMINI_2_TIERED, PRIORITY, "1.8", _LITELLM, exactly=True),
    Multiplier("azure", ("",), BATCH, "0.5", "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch"),
    Multiplier("aws", ("",), BATCH, "0.5", _BEDROCK_BATCH),
    # The list has it for GPT-OSS; in early 2025 it was 25 % off (https://console.groq.com/docs/batch).
    Multiplier("groq", ("",), BATCH, "0.5", _GENAI_PRICES),
    Multiplier("groq", ("",), FLEX, "1", _GROQ_FLEX),
    # The list has it for most models.
    Multiplier("mistral", ("",), BATCH, "0.5", _GENAI_PRICES),
    # https://docs.x.ai/developers/models/grok-4.20-0309 has the same for that model.
    Multiplier("x-ai", ("grok-4.7",), BATCH, "0.8", _LITELLM),
)

SAME_AS = {("google", FLEX): BATCH}
"""where one basis has the price of another: Gemini's price page has the same rates for flex as for batch"""

_ANTHROPIC_GEO = "https://platform.claude.com/docs/en/manage-claude/data-residency"
_OPENAI_GEO = "https://developers.openai.com/api/docs/guides/data-residency"
_MISTRAL_GEO = "https://docs.mistral.ai/inference/regional-inference"
_TOGETHER_GEO = "https://docs.together.ai/docs/serverless/geo-specific-inference"

ANY_PLACE = "*"
"""the `when` of a row for every place"""

_ANTHROPIC_UNPLACED = (
    *("claude-2", "claude-3", "claude-4", "claude-haiku-4", "claude-instant", "claude-v1"),
    *("claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-5", "claude-sonnet-4-0", "claude-sonnet-4-5"),
)
"""models released before Opus 4.6, whose price does not depend on the place"""

_GEMINI_PLACED = (
    *("gemini-3.1-flash-image", "gemini-3.1-flash-lite", "gemini-3.5-flash", "gemini-3.6-flash", "gemini-3.7-flash"),
    *("gemini-3.8-flash", "gemini-4-"),
)
"""Gemini models that cost more at a regional or multi-region endpoint of Vertex AI"""

PLACES: tuple[Multiplier, ...] = (
    Multiplier("anthropic", _ANTHROPIC_UNPLACED, "us", "1", _ANTHROPIC_GEO),
    Multiplier("anthropic", ("claude-",), "us", "1.1", _ANTHROPIC_GEO),
    # Models released on or after 2026-03-05; the others cost the same everywhere.
    Multiplier("openai", ("gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6", "gpt-realtime-2"), ANY_PLACE, "1.1", _OPENAI_GEO),
    Multiplier("openai", ("",), ANY_PLACE, "1", _OPENAI_GEO),
    Multiplier("x-ai", ("",), "us", "1.1", "https://docs.x.ai/developers/pricing"),
    Multiplier("mistral", ("",), "eu", "1.1", _MISTRAL_GEO),
    Multiplier("mistral", ("",), "us", "1.1", _MISTRAL_GEO),
    Multiplier("together", ("",), "us", "1.25", _TOGETHER_GEO),
    Multiplier("together", ("",), "ca", "1.25", _TOGETHER_GEO),
    # Regional and multi-region endpoints of Vertex AI, for Claude from 4.5 on: a tenth more. Google's own page was
    # not read.
    Multiplier("google", ("claude-3", "claude-4", "claude-opus-4-1"), ANY_PLACE, "1", _CLAUDE_PRICES),
    Multiplier("google", ("claude-",), ANY_PLACE, "1.1", _CLAUDE_PRICES),
    Multiplier("google", _GEMINI_PLACED, ANY_PLACE, "1.1", _LITELLM),
    Multiplier("google", ("gemini-", "gemma-"), ANY_PLACE, "1", _LITELLM),
    # A Bedrock id says itself whether it is regional, and the list has a price for either; Amazon's page was not read.
    Multiplier("aws", ("",), ANY_PLACE, "1", _GENAI_PRICES),
)
"""for calls that are bound to a place; where no row fits, what they cost is not known"""


def multiplier(rows: Iterable[Multiplier], provider: str, model: str, when: str, day: date) -> Multiplier | None:
    """The first of `rows` for that `model` of `provider` on that UTC `day`; None: no rule is known."""
    return next((row for row in rows if row.fits(provider, model, when, day)), None)
