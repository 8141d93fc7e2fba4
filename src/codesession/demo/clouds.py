"""How do the providers differ that speak like OpenAI? In their errors, in what they count, and in where they say it.

Read on 2026-11-28, each from the address at its place. What is not documented there is as OpenAI does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai, openai_responses
from codesession.demo.openai_chat import OPENAI, SAYS, Dialect, prompt_details, usage_of
from codesession.demo.script import Script
from codesession.demo.shapes import Headers, Wire
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.demo.plan import Plan

_json = msgspec.json.encode

NANOS_PER_USD = 1_000_000_000
_TICKS_PER_NANO = 10
"""https://docs.x.ai/developers/cost-tracking: a dollar has 10^10 ticks"""
_UNPROCESSABLE = 422


def _plain_headers(request_id: str) -> Headers:
    return [(b"x-request-id", request_id.encode())]


def wire(provider: str) -> Wire:
    """A provider whose errors are OpenAI's."""
    return Wire(provider, _plain_headers, openai.request_id, openai.error)


def _mistral_error(status: int, message: str, _request: str) -> bytes:
    # https://github.com/dnakov/anon-kode/issues/53 shows one
    kind = "invalid_request_error" if status < 500 else "internal_server_error"  # noqa: PLR2004 - the server's begin there
    return _json({"object": "error", "message": message, "type": kind, "param": None, "code": None})


_MISTRAL_TAKES = frozenset(
    # the fields of ChatCompletionRequest in the mistralai 3.7.0 SDK, which is made from the API's description
    {
        *("model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed", "metadata"),
        *("response_format", "tools", "tool_choice", "presence_penalty", "frequency_penalty", "min_tokens", "n"),
        *("repetition_penalty", "top_k", "logprobs", "top_logprobs", "prompt_logprobs", "top_prompt_logprobs"),
        *("prediction", "parallel_tool_calls", "reasoning_effort", "prompt_mode", "guardrails", "prompt_cache_key"),
        *("service_tier", "safe_prompt"),
    }
)


def _mistral_refusal(body: Mapping[str, Any]) -> Script | None:
    """What is not in the API's description is forbidden, and ``stream_options`` is not in it."""
    unknown = [
        {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": value}
        for name, value in body.items()
        if name not in _MISTRAL_TAKES
    ]
    if not unknown:
        return None
    told = {"object": "error", "message": {"detail": unknown}, "type": "invalid_request_error"}
    return Script(status=_UNPROCESSABLE, error={**told, "param": None, "code": None})


def _mistral_usage(plan: Plan) -> dict[str, Any]:
    """Cached tokens are told only when there are some, reasoning not at all.

    https://docs.mistral.ai/studio-api/conversations/advanced/prompt-caching; the tier stands among the counters in
    the mistralai 3.7.0 SDK.
    """
    usage = plan.usage
    told: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
    }
    if usage.cache_read:
        told["prompt_tokens_details"] = {"cached_tokens": usage.cache_read}
    if plan.script.service_tier:
        told["service_tier"] = plan.script.service_tier
    return told


MISTRAL = Dialect(
    Wire("mistral", _plain_headers, openai.request_id, _mistral_error),
    _mistral_usage,
    place="last choice",
    says=frozenset({"input", "cache_read", "output", "service_tier"}),
    refusal=_mistral_refusal,
)


def _deepseek_usage(plan: Plan) -> dict[str, Any]:
    """The prompt is what hit the cache, and what missed; a stream tells usage beside its last choice, in any case.

    https://api-docs.deepseek.com/api/create-chat-completion.
    """
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        "prompt_cache_hit_tokens": usage.cache_read,
        "prompt_cache_miss_tokens": usage.prompt_tokens - usage.cache_read,
    }


DEEPSEEK = Dialect(
    wire("deepseek"),
    _deepseek_usage,
    place="last choice",
    common=lambda _plan: {"system_fingerprint": "fp_simulated"},
)


def _xai_error(status: int, message: str, _request: str) -> bytes:
    return _json({"code": f"The simulated status {status}", "error": message})


def _ticks(plan: Plan) -> dict[str, Any]:
    """What the call cost. https://docs.x.ai/developers/cost-tracking."""
    return {"num_sources_used": 0, "cost_in_usd_ticks": plan.cost_nanos * _TICKS_PER_NANO}


def _xai_usage(plan: Plan) -> dict[str, Any]:
    """Reasoning stands beside the completion, not in it: prompt + completion + reasoning = total.

    https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing.
    """
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens - usage.reasoning,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": {
            "text_tokens": usage.input + usage.cache_read,
            "audio_tokens": 0,
            "image_tokens": usage.input_image,
            "cached_tokens": usage.cache_read,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        **_ticks(plan),
    }


XAI = Dialect(
    Wire("xai", _plain_headers, openai.request_id, _xai_error),
    _xai_usage,
    says=SAYS | {"input_image", "cost_nanos"},
    common=lambda _plan: {"system_fingerprint": "fp_simulated"},
)
XAI_RESPONSES = openai_responses.responses(XAI.wire, _ticks)


def _groq_usage(plan: Plan) -> dict[str, Any]:
    """https://console.groq.com/docs/api-reference#chat-create: among the tokens stand seconds."""
    usage = plan.usage
    return {
        "queue_time": 0.0125,
        "prompt_tokens": usage.prompt_tokens,
        "prompt_time": 0.0021,
        "completion_tokens": usage.completion_tokens,
        "completion_time": 0.25,
        "total_tokens": usage.tokens,
        "total_time": 0.2521,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _x_groq(plan: Plan) -> dict[str, Any]:
    """What every stream ends with, whether usage was asked for or not."""
    usage = {"usage": {**_groq_usage(plan), **plan.script.usage_extra}} if plan.streamed else {}
    return {"x_groq": {"id": f"req_{plan.id}", **usage}}


GROQ = Dialect(
    wire("groq"),
    _groq_usage,
    says=SAYS | {"service_tier"},
    common=lambda plan: {"service_tier": plan.script.service_tier or "on_demand", "system_fingerprint": "fp_simulated"},
    beside=_x_groq,
    terms=lambda plan: Terms(plan.script.service_tier or "on_demand"),
    beside_tells=True,
)


def _openrouter_error(status: int, message: str, _request: str) -> bytes:
    return _json({"error": {"message": message, "code": status}, "user_id": "user_simulated"})


def _openrouter_usage(plan: Plan) -> dict[str, Any]:
    """OpenAI's counters, and what was paid. https://openrouter.ai/docs/use-cases/usage-accounting."""
    usage = plan.usage
    details = {**prompt_details(usage), "cache_write_tokens": usage.cache_write}
    return {**usage_of(plan), "prompt_tokens_details": details, **_dollars(plan)}


def _dollars(plan: Plan) -> dict[str, Any]:
    return {
        "cost": plan.cost_nanos / NANOS_PER_USD,
        "is_byok": False,
        "cost_details": {"upstream_inference_cost": None},
    }


OPENROUTER = Dialect(
    Wire("openrouter", _plain_headers, openai.request_id, _openrouter_error),
    _openrouter_usage,
    place="own chunk",
    says=SAYS | {"cache_write", "input_audio", "cost_nanos"},
    common=lambda _plan: {"provider": "Simulated"},
    head=(b": OPENROUTER PROCESSING\n\n",),
)
OPENROUTER_RESPONSES = openai_responses.responses(OPENROUTER.wire, _dollars)

TOGETHER = Dialect(wire("together"), place="last choice", says=frozenset({"input", "cache_read", "output"}))


def _fireworks_usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "total_tokens": usage.tokens,
        "completion_tokens": usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }


FIREWORKS = Dialect(
    wire("fireworks"), _fireworks_usage, place="last choice", says=frozenset({"input", "cache_read", "output"})
)


def _azure_error(status: int, message: str, _request: str) -> bytes:
    return _json({"error": {"code": str(status), "message": message}})


_FILTERED = {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
_PROMPT_FILTERED = {"prompt_filter_results": [{"prompt_index": 0, **_FILTERED}]}


def _azure_headers(request_id: str) -> Headers:
    return [(b"x-request-id", request_id.encode()), (b"apim-request-id", request_id.encode())]


AZURE = Dialect(
    Wire("azure", _azure_headers, openai.request_id, _azure_error),
    says=OPENAI.says - {"service_tier"},
    beside=lambda plan: {} if plan.streamed else _PROMPT_FILTERED,
    head=(openai.event({"id": "", "object": "", "created": 0, "model": "", "choices": [], **_PROMPT_FILTERED}),),
)
"""A stream begins with a chunk that has neither choices nor a model.

https://learn.microsoft.com/azure/foundry/openai/concepts/content-streaming"""
AZURE_RESPONSES = openai_responses.responses(AZURE.wire)
