"""What does Google's Gemini API answer? Its errors, its counters, and everything but the content itself.

https://ai.google.dev/api/generate-content and https://ai.google.dev/api/tokens (read 2026-11-28); the google-genai
3.6.1 SDK is the proof. A counter of nothing is left out. Cached tokens are counted inside the prompt; the results of
Google's own tools, and thoughts, beside it and beside the candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo.shapes import Endpoint, Headers, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.demo.plan import Plan
    from codesession.demo.script import Script
    from codesession.model import Usage

_json = msgspec.json.encode

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_UNAVAILABLE = 503
_DIMENSIONS = 3072


def _headers(_request: str) -> Headers:
    return [(b"server-timing", b"gfet4t7; dur=250"), (b"vary", b"Origin"), (b"x-frame-options", b"SAMEORIGIN")]


def _error(status: int, message: str, _request: str) -> bytes:
    return _json(failure(status, message))


def failure(status: int, message: str) -> dict[str, Any]:
    """The body of an error answer."""
    return {"error": {"code": status, "message": message, "status": _STATUSES.get(status, "UNKNOWN")}}


def failure_of(script: Script) -> object:
    """What stands in the middle of a stream when it breaks off."""
    told = script.error_event
    if isinstance(told, dict):
        return told
    return failure(_UNAVAILABLE, told if isinstance(told, str) else "The model is overloaded.")


WIRE = Wire("google", _headers, lambda plan_id: plan_id, _error)

READS = frozenset(
    {"input", "cache_read", "input_audio", "cache_read_audio", "input_image", "cache_read_image", "input_video"}
)


def _details(**tokens: int) -> list[dict[str, Any]]:
    return [{"modality": name.upper(), "tokenCount": count} for name, count in tokens.items() if count]


def _prompt_details(usage: Usage, tool_input: int) -> list[dict[str, Any]]:
    return _details(
        text=usage.input - tool_input + usage.cache_read,
        image=usage.input_image + usage.cache_read_image,
        audio=usage.input_audio + usage.cache_read_audio,
        video=usage.input_video,
    )


def usage_metadata(plan: Plan, usage: Usage) -> dict[str, Any]:
    """The counters of `usage`; what the provider's tools brought is as the script says."""
    tool_input = plan.script.tool_input
    cached = usage.cache_read + usage.cache_read_image + usage.cache_read_audio
    written = usage.completion_tokens - usage.reasoning
    told: dict[str, Any] = {
        "promptTokenCount": usage.prompt_tokens - tool_input,
        "candidatesTokenCount": written,
        "totalTokenCount": usage.tokens,
        "cachedContentTokenCount": cached,
        "promptTokensDetails": _prompt_details(usage, tool_input),
        "cacheTokensDetails": _details(
            text=usage.cache_read, image=usage.cache_read_image, audio=usage.cache_read_audio
        ),
        "candidatesTokensDetails": _details(
            text=usage.output, image=usage.output_image, audio=usage.output_audio, video=usage.output_video
        )
        if written > usage.output
        else [],
        "toolUsePromptTokenCount": tool_input,
        "toolUsePromptTokensDetails": _details(text=tool_input),
        "thoughtsTokenCount": usage.reasoning,
    }
    return {**{name: value for name, value in told.items() if value}, **_tier(plan), **plan.script.usage_extra}


def _tier(plan: Plan) -> dict[str, Any]:
    """Vertex tells the kind of traffic, the Gemini API the tier, if there is anything to tell."""
    if plan.body.get("publisher"):
        return {"trafficType": plan.script.service_tier or "ON_DEMAND"}
    return {"serviceTier": plan.script.service_tier} if plan.script.service_tier else {}


def _count(plan: Plan) -> bytes:
    usage = plan.usage
    told: dict[str, Any] = {"totalTokens": usage.prompt_tokens, "promptTokensDetails": _prompt_details(usage, 0)}
    if usage.cache_read:
        told |= {"cachedContentTokenCount": usage.cache_read, "cacheTokensDetails": _details(text=usage.cache_read)}
    return _json(told)


def _vector() -> dict[str, Any]:
    return {"values": [0.5, -0.25] * (_DIMENSIONS // 2)}


def _embedding_usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    told = {"promptTokenCount": usage.prompt_tokens, "promptTokensDetails": _prompt_details(usage, 0)}
    return {"usageMetadata": {**told, **plan.script.usage_extra}}


def _embed(plan: Plan) -> bytes:
    return _json({"embedding": _vector(), **_embedding_usage(plan)})


def _embed_batch(plan: Plan) -> bytes:
    requests = plan.body.get("requests")
    count = len(requests) if isinstance(requests, list) else 0
    return _json({"embeddings": [_vector()] * count, **_embedding_usage(plan)})


_NAMES = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-embedding-001")


def _model(name: str) -> dict[str, Any]:
    methods = ["embedContent"] if "embedding" in name else ["generateContent", "countTokens"]
    known = {"version": "001", "displayName": name, "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
    return {"name": f"models/{name}", **known, "supportedGenerationMethods": methods}


def _models(_plan: Plan) -> bytes:
    return _json({"models": [_model(name) for name in _NAMES]})


def _free(name: str, answer: Callable[[Plan], bytes], says: frozenset[str] = frozenset()) -> Endpoint:
    return Endpoint(WIRE, name, answer, says=says, writes=False, is_billed=False, streams="never")


def _embedding(name: str, answer: Callable[[Plan], bytes]) -> Endpoint:
    return Endpoint(WIRE, name, answer, says=READS, writes=False, streams="never")


COUNT_TOKENS = _free("countTokens", _count, READS)
EMBED = _embedding("embedContent", _embed)
EMBED_BATCH = _embedding("batchEmbedContents", _embed_batch)
MODELS = _free("models", _models)
MODEL = _free("model", lambda plan: _json(_model(plan.model_asked)))
UNKNOWN = _free("unknown", lambda _plan: b"")
"""always answered with an error, never with this"""
