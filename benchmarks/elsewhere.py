"""What do genai-prices and litellm say that a call costs?

Both get the same usage, in their own units, and the terms as far as they have words for them. genai-prices is what our
published list is compiled from, so where it agrees that says little; litellm's list is somebody else's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from codesession.model import Nanos, Terms, Usage

NANOS_PER_DOLLAR = 10**9

LITELLM_PROVIDERS = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together_ai",
    "x-ai": "xai",
}
"""litellm's words for the price list's providers"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to price."""

    provider: str
    model: str
    usage: Usage
    at: datetime
    terms: Terms


def has_litellm() -> bool:
    """Whether litellm is installed; it is no dependency of ours."""
    return find_spec("litellm") is not None


def by_genai_prices(call: Call) -> Nanos | None:
    """What genai-prices says, rounded half to even; None where it does not know the model."""
    from genai_prices import Usage as TheirUsage  # 350 ms
    from genai_prices import calc_price  # as above

    usage = call.usage
    theirs = TheirUsage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cache_read + usage.cache_read_audio + usage.cache_read_image,
        cache_write_tokens=usage.cache_write + usage.cache_write_1h + usage.cache_write_other,
        cache_write_5m_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        input_audio_tokens=usage.input_audio + usage.cache_read_audio,
        cache_audio_read_tokens=usage.cache_read_audio,
        input_image_tokens=usage.input_image + usage.cache_read_image,
        cache_image_read_tokens=usage.cache_read_image,
        input_video_tokens=usage.input_video,
        output_tokens=usage.completion_tokens,
        output_reasoning_tokens=usage.reasoning,
        output_audio_tokens=usage.output_audio,
        output_image_tokens=usage.output_image,
        output_video_tokens=usage.output_video,
        web_searches=usage.web_searches,
        storage_searches=usage.file_searches,
        rerank_searches=usage.rerank_searches,
    )
    try:
        priced = calc_price(
            theirs,
            call.model,
            provider_id=call.provider,
            genai_request_timestamp=call.at,
            price_context=_context(call.terms),
        )
    except LookupError:
        return None
    return int((priced.total_price * NANOS_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))


def _context(terms: Terms) -> dict[str, str]:
    """The terms in genai-prices' words, which are the providers' own."""
    said = {"service_tier": terms.service_tier, "speed": terms.speed, "inference_geo": terms.geography}
    context = {name: word for name, word in said.items() if word}
    return context | {"processing": "batch"} if terms.is_batch else context


def by_litellm(call: Call) -> Nanos | None:
    """What litellm says, rounded; None where it does not know the model, or cannot price such a call."""
    provider = LITELLM_PROVIDERS.get(call.provider)
    if provider is None or call.usage.unsplit:
        return None
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import downloads a list
    litellm: Any = import_module("litellm")  # 5 s
    litellm.suppress_debug_info = True
    if provider == "gemini" and "claude" in call.model:
        provider = "vertex_ai"
    try:
        dollars = _litellm_dollars(provider, call)
    except Exception as error:  # noqa: BLE001 - it raises bare ones for what it does not know
        del error
        return None
    return round(dollars * NANOS_PER_DOLLAR)


def _litellm_dollars(provider: str, call: Call) -> float:
    """Tokens and web searches, or reranks; in a batch by the calculator that litellm has for batches.

    It counts file searches from answers only, so those are left out.
    """
    calculator: Any = import_module("litellm.cost_calculator")
    types: Any = import_module("litellm.types.utils")
    at: dict[str, Any] = {"model": call.model, "custom_llm_provider": provider}
    if searches := call.usage.rerank_searches:
        return float(
            sum(calculator.cost_per_token(**at, call_type="rerank", rerank_billed_units={"search_units": searches}))
        )
    usage = types.Usage(**_litellm_usage(call.usage))
    usage.speed, usage.inference_geo = call.terms.speed, call.terms.geography
    if call.terms.is_batch:
        return float(sum(calculator.batch_cost_calculator(usage=usage, **at)))
    total = float(sum(calculator.cost_per_token(usage_object=usage, service_tier=call.terms.service_tier, **at)))
    if call.usage.web_searches:
        tools: Any = import_module("litellm.litellm_core_utils.llm_cost_calc.tool_call_cost_tracking")
        answer = types.ModelResponse(model=call.model, usage=usage)
        price = tools.StandardBuiltInToolCostTracking.get_cost_for_built_in_tools
        total += float(price(response_object=answer, usage=usage, **at))
    return total


def _litellm_usage(usage: Usage) -> dict[str, object]:
    """The same usage in litellm's shape."""
    written = usage.cache_write + usage.cache_write_1h + usage.cache_write_other
    read = usage.cache_read + usage.cache_read_audio + usage.cache_read_image
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": {
            "text_tokens": usage.input,
            "cached_tokens": read,
            "audio_tokens": usage.input_audio,
            "image_tokens": usage.input_image,
            "video_tokens": usage.input_video,
            "cache_creation_tokens": written,
            "cache_creation_token_details": {
                "ephemeral_5m_input_tokens": usage.cache_write + usage.cache_write_other,
                "ephemeral_1h_input_tokens": usage.cache_write_1h,
            },
            "web_search_requests": usage.web_searches or None,
        },
        "completion_tokens_details": {
            "text_tokens": usage.output,
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.output_audio,
            "image_tokens": usage.output_image,
            "video_tokens": usage.output_video,
        },
        "server_tool_use": {"web_search_requests": usage.web_searches},
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
    }
