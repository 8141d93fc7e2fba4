"""What does OpenAI's Responses endpoint answer? Events by name and number, the last of which tells the usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai
from codesession.demo.shapes import Endpoint, Stream

if TYPE_CHECKING:
    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_EVENTS_BEFORE_DELTAS = 4


def _id(plan: Plan) -> str:
    return f"resp_{plan.id}"


def _usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    told = {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.tokens,
    }
    return {**told, **plan.script.usage_extra}


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _message(plan: Plan, status: str, text: str | None) -> dict[str, Any]:
    content = [] if text is None else [_text_part(text)]
    return {"id": f"msg_{plan.id}", "type": "message", "status": status, "content": content, "role": "assistant"}


def _response(plan: Plan, status: str, **known: object) -> dict[str, Any]:
    body = plan.body
    return {
        "id": _id(plan),
        "object": "response",
        "created_at": openai.CREATED,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": plan.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": plan.script.service_tier or "default",
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
        **known,
    }


def _final(plan: Plan) -> dict[str, Any]:
    reason = plan.script.stop_reason or ("max_output_tokens" if plan.is_truncated else None)
    status = "incomplete" if reason else "completed"
    return _response(
        plan,
        status,
        incomplete_details={"reason": reason} if reason else None,
        output=[_message(plan, status, plan.text)],
        usage=_usage(plan),
    )


def _answer(plan: Plan) -> bytes:
    return _json(_final(plan))


def _stream(plan: Plan) -> Stream:
    item = {"item_id": f"msg_{plan.id}", "output_index": 0, "content_index": 0}
    final = _final(plan)
    status = final["status"]
    started = {"response": _response(plan, "in_progress")}
    after = _EVENTS_BEFORE_DELTAS + len(plan.deltas)
    return Stream(
        head=(
            _event("response.created", 0, started),
            _event("response.in_progress", 1, started),
            _event("response.output_item.added", 2, {"output_index": 0, "item": _message(plan, "in_progress", None)}),
            _event("response.content_part.added", 3, {**item, "part": _text_part("")}),
        ),
        deltas=_deltas(plan),
        tail=(
            _event("response.output_text.done", after, {**item, "text": plan.text, "logprobs": []}),
            _event("response.content_part.done", after + 1, {**item, "part": _text_part(plan.text)}),
            _event("response.output_item.done", after + 2, {"output_index": 0, "item": final["output"][0]}),
            _event(f"response.{status}", after + 3, {"response": final}),
        ),
        error=_errors(plan, _EVENTS_BEFORE_DELTAS + len(plan.deltas) // 2),
        first_usage=None,
        final_at=3,
    )


def _deltas(plan: Plan) -> Iterator[bytes]:
    end = b',"item_id":"msg_%b","output_index":0,"content_index":0,"delta":%%b,"logprobs":[],"obfuscation":"aB3xY"}\n\n'
    end %= plan.id.encode()
    start = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":'
    ends = {piece: end % _json(piece) for piece in set(plan.deltas)}
    return (b"%b%d%b" % (start, number, ends[piece]) for number, piece in enumerate(plan.deltas, _EVENTS_BEFORE_DELTAS))


def _errors(plan: Plan, number: int) -> tuple[bytes, ...]:
    """An error event, and the failed response that follows it."""
    told = plan.script.error_event
    if isinstance(told, Mapping):
        return (_event(str(told.get("type", "error")), number, told),)
    message = told if isinstance(told, str) else "The server had an error while processing your request."
    failure = {"code": "server_error", "message": message}
    return (
        _event("error", number, {**failure, "param": None}),
        _event("response.failed", number + 1, {"response": _response(plan, "failed", error=failure)}),
    )


def _event(name: str, number: int, data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _json({"type": name, "sequence_number": number, **data}))


_CANNOT_SAY = ("cache_write_1h", "input_audio", "output_audio", "web_searches")

RESPONSES = Endpoint("openai", "responses", _answer, _stream, _id, cannot_say=_CANNOT_SAY)
