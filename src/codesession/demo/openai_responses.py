"""What does OpenAI's Responses endpoint answer? Events by name and number, the last of which tells the usage.

Searches of the web and of files stand in the output as items before the message: no counter tells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import openai
from codesession.demo.shapes import Endpoint, Stream, Wire
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_EVENTS_BEFORE_DELTAS = 4
_EVENTS_OF_A_SEARCH = 2


def _id(plan: Plan) -> str:
    return f"resp_{plan.id}"


def _usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    read: dict[str, Any] = {
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write + usage.cache_write_other,
    }
    if usage.cache_write_other:
        kept = {"ttl_30m_tokens": usage.cache_write, "ttl_12h_tokens": usage.cache_write_other}
        read["cache_write_tokens_details"] = kept
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": read,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.tokens,
    }


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _message(plan: Plan, status: str, text: str | None) -> dict[str, Any]:
    content = [] if text is None else [_text_part(text)]
    return {"id": f"msg_{plan.id}", "type": "message", "status": status, "content": content, "role": "assistant"}


def _searches(plan: Plan) -> list[dict[str, Any]]:
    """What the provider's own tools did, an item for each use."""
    found: list[dict[str, Any]] = []
    for number in range(plan.usage.web_searches):
        action = {"type": "search", "query": f"search {number}", "queries": [f"search {number}"], "sources": []}
        found.append(
            {"id": f"ws_{plan.id}{number}", "type": "web_search_call", "status": "completed", "action": action}
        )
    for number in range(plan.usage.file_searches):
        item = {"id": f"fs_{plan.id}{number}", "type": "file_search_call", "status": "completed"}
        found.append({**item, "queries": [f"search {number}"], "results": None})
    return found


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


def _final(plan: Plan, costs: Mapping[str, Any]) -> dict[str, Any]:
    reason = plan.script.stop_reason or ("max_output_tokens" if plan.is_truncated else None)
    status = "incomplete" if reason else "completed"
    return _response(
        plan,
        status,
        incomplete_details={"reason": reason} if reason else None,
        output=[*_searches(plan), _message(plan, status, plan.text)],
        usage={**_usage(plan), **costs, **plan.script.usage_extra},
    )


def _stream(plan: Plan, costs: Mapping[str, Any]) -> Stream:
    final = _final(plan, costs)
    status = final["status"]
    *searches, message = final["output"]
    at = {"output_index": len(searches)}
    item = {"item_id": message["id"], **at, "content_index": 0}
    started = {"response": _response(plan, "in_progress")}
    before = _before_deltas(plan)
    after = before + len(plan.deltas)
    return Stream(
        head=(
            _event("response.created", 0, started),
            _event("response.in_progress", 1, started),
            *_search_events(searches),
            _event("response.output_item.added", before - 2, {**at, "item": _message(plan, "in_progress", None)}),
            _event("response.content_part.added", before - 1, {**item, "part": _text_part("")}),
        ),
        deltas=_deltas(plan, before, len(searches)),
        tail=(
            _event("response.output_text.done", after, {**item, "text": plan.text, "logprobs": []}),
            _event("response.content_part.done", after + 1, {**item, "part": _text_part(plan.text)}),
            _event("response.output_item.done", after + 2, {**at, "item": message}),
            _event(f"response.{status}", after + 3, {"response": final}),
        ),
        error=_errors(plan, before + len(plan.deltas) // 2),
        final_at=3,
        searched=lambda sent: _searched(plan, sent),
    )


def _before_deltas(plan: Plan) -> int:
    searches = plan.usage.web_searches + plan.usage.file_searches
    return _EVENTS_BEFORE_DELTAS + _EVENTS_OF_A_SEARCH * searches


def _searched(plan: Plan, sent: int) -> Usage:
    """The searches that are done by the time that so many events are written."""
    done = max(sent - _EVENTS_BEFORE_DELTAS // 2, 0) // _EVENTS_OF_A_SEARCH
    web = min(done, plan.usage.web_searches)
    return Usage(web_searches=web, file_searches=min(done - web, plan.usage.file_searches))


def _search_events(searches: list[dict[str, Any]]) -> Iterator[bytes]:
    number = _EVENTS_BEFORE_DELTAS // 2
    for index, search in enumerate(searches):
        begun = {**search, "status": "in_progress"}
        yield _event("response.output_item.added", number, {"output_index": index, "item": begun})
        yield _event("response.output_item.done", number + 1, {"output_index": index, "item": search})
        number += _EVENTS_OF_A_SEARCH


def _deltas(plan: Plan, first: int, index: int) -> Iterator[bytes]:
    end = b',"item_id":"msg_%b","output_index":%d,"content_index":0,"delta":%%b,"logprobs":[],"obfuscation":"aB"}\n\n'
    end %= (plan.id.encode(), index)
    start = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":'
    ends = {piece: end % _json(piece) for piece in set(plan.deltas)}
    return (b"%b%d%b" % (start, number, ends[piece]) for number, piece in enumerate(plan.deltas, first))


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


_SAYS = frozenset({"input", "cache_read", "cache_write", "cache_write_other", "output", "reasoning", "service_tier"})


def responses(wire: Wire, costs: Callable[[Plan], dict[str, Any]] | None = None) -> Endpoint:
    """The endpoint of a server that speaks like OpenAI's; `costs` makes the counters that tell what was paid."""
    says = _SAYS | {"web_searches", "file_searches"} | (frozenset() if costs is None else {"cost_nanos"})
    told = costs or _nothing

    def answer(plan: Plan) -> bytes:
        return _json(_final(plan, told(plan)))

    def stream(plan: Plan) -> Stream:
        return _stream(plan, told(plan))

    return Endpoint(wire, "responses", answer, stream, _id, says=says, terms=openai.tier)


def _nothing(_plan: Plan) -> dict[str, Any]:
    return {}


RESPONSES = responses(openai.WIRE)
