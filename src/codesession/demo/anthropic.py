"""What does Anthropic answer? The shapes that the anthropic 2.12.0 SDK reads; its tests are the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo.shapes import Endpoint, Headers, Stream, Wire
from codesession.model import Terms

if TYPE_CHECKING:
    from codesession.demo.plan import Plan
    from codesession.model import Usage

_json = msgspec.json.encode

_FIRST_OUTPUT_TOKENS = 3
"""what message_start says at most: real streams begin with 1 to 8"""

_HEADERS: Headers = [
    (b"anthropic-organization-id", b"00000000-5151-4a11-8e00-5e551002a11e"),
    (b"anthropic-ratelimit-requests-limit", b"4000"),
    (b"anthropic-ratelimit-requests-remaining", b"3999"),
    (b"anthropic-ratelimit-requests-reset", b"2026-11-22T12:00:00Z"),
    (b"cf-cache-status", b"DYNAMIC"),
    (b"x-robots-tag", b"none"),
]

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_BLOCK_START = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}      }\n\n'
)
_DELTA = (
    b"event: content_block_delta\ndata: "
    b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%b}    }\n\n'
)
_BLOCK_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0         }\n\n'
_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"       }\n\n'


def _headers(request_id: str) -> Headers:
    return [(b"request-id", request_id.encode()), *_HEADERS]


def _request_id(plan_id: str) -> str:
    return f"req_011C{plan_id}"


def error(status: int, message: str, request: str) -> bytes:
    """The body of an error answer."""
    kind = _ERROR_TYPES.get(status, "api_error")
    return _json({"type": "error", "error": {"type": kind, "message": message}, "request_id": request})


WIRE = Wire("anthropic", _headers, _request_id, error)


def _terms(plan: Plan) -> Terms:
    script = plan.script
    return Terms(script.service_tier or "standard", script.speed, script.geography)


def _message_id(plan: Plan) -> str:
    return f"msg_01{plan.id}"


def _usage(plan: Plan, usage: Usage) -> dict[str, Any]:
    told = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output + usage.reasoning,
        "service_tier": plan.script.service_tier or "standard",
    }
    if plan.script.speed:
        told["speed"] = plan.script.speed
    if plan.script.geography:
        told["inference_geo"] = plan.script.geography
    return {**told, **_details(usage), **plan.script.usage_extra}


def _final_usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    told = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output + usage.reasoning,
    }
    return {**told, **_details(usage), **plan.script.usage_extra}


def _details(usage: Usage) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if usage.reasoning:
        details["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.web_searches:
        details["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    return details


def _stop_reason(plan: Plan) -> str:
    return plan.script.stop_reason or ("max_tokens" if plan.is_truncated else "end_turn")


def _message(plan: Plan) -> bytes:
    return _json(
        {
            "id": _message_id(plan),
            "type": "message",
            "role": "assistant",
            "model": plan.model,
            "content": [{"type": "text", "text": plan.text}],
            "stop_reason": _stop_reason(plan),
            "stop_sequence": None,
            "usage": _usage(plan, plan.usage),
        }
    )


def _stream(plan: Plan) -> Stream:
    written = plan.usage.output + plan.usage.reasoning
    first = replace(plan.usage, output=min(written, _FIRST_OUTPUT_TOKENS), reasoning=0, web_searches=0)
    start = {
        "type": "message_start",
        "message": {
            "id": _message_id(plan),
            "type": "message",
            "role": "assistant",
            "model": plan.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _usage(plan, first),
        },
    }
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": _stop_reason(plan), "stop_sequence": None},
        "usage": _final_usage(plan),
    }
    deltas = {piece: _DELTA % _json(piece) for piece in set(plan.deltas)}
    return Stream(
        head=(_event("message_start", start), _BLOCK_START, _PING),
        deltas=map(deltas.__getitem__, plan.deltas),
        tail=(_BLOCK_STOP, _event("message_delta", end), _MESSAGE_STOP),
        error=(_error_event(plan.script.error_event),),
        first_usage=first,
        final_at=1,
    )


def _error_event(told: bool | str | Mapping[str, Any]) -> bytes:  # noqa: FBT001 - as the script says it
    if isinstance(told, Mapping):
        return _event("error", told)
    message = told if isinstance(told, str) else "Overloaded"
    return _event("error", {"type": "error", "error": {"type": "overloaded_error", "message": message}})


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _json(data))


def _count(plan: Plan) -> bytes:
    return _json({"input_tokens": plan.usage.prompt_tokens})


def _models(_plan: Plan) -> bytes:
    names = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
    data = [
        {
            "type": "model",
            "id": name,
            "display_name": name.rsplit("-", 1)[0].replace("-", " ").title(),
            "created_at": "2025-09-29T00:00:00Z",
            "lifecycle": "active",
        }
        for name in names
    ]
    return _json({"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]})


_READS = frozenset({"input", "cache_read", "cache_write", "cache_write_1h"})
_SAYS = _READS | {"output", "reasoning", "web_searches", "service_tier", "speed", "geography"}

MESSAGES = Endpoint(WIRE, "messages", _message, _stream, _message_id, says=_SAYS, terms=_terms)
COUNT_TOKENS = Endpoint(WIRE, "count_tokens", _count, says=_READS, writes=False, is_billed=False)
MODELS = Endpoint(WIRE, "models", _models, writes=False, is_billed=False)
UNKNOWN = Endpoint(WIRE, "unknown", lambda _plan: b"", writes=False, is_billed=False)
"""always answered with an error, never with this"""
