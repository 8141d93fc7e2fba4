"""What does Gemini answer when its model writes? One object; or many, as events, or as the items of one JSON array.

Which of the three, the path and its ``alt`` say, not the body. Every object of a stream tells the usage up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import google
from codesession.demo.shapes import JSON, SSE, Endpoint, Headers, Stream
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.demo.plan import Plan
    from codesession.model import Usage

_json = msgspec.json.encode

_UTF8 = JSON + b"; charset=UTF-8"


def _id(plan: Plan) -> str:
    return f"r{plan.id}"


def _object(plan: Plan, text: str, usage: Usage, **ending: object) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **ending}
    return {
        "candidates": [candidate],
        "usageMetadata": google.usage_metadata(plan, usage),
        "modelVersion": plan.model.removeprefix("models/"),
        "responseId": _id(plan),
    }


def _ending(plan: Plan) -> dict[str, Any]:
    """What only the last object says: why it ended, and what was searched for."""
    ending: dict[str, Any] = {
        "finishReason": plan.script.stop_reason or ("MAX_TOKENS" if plan.is_truncated else "STOP")
    }
    if plan.usage.web_searches:
        queries = [f"search {number}" for number in range(plan.usage.web_searches)]
        ending["groundingMetadata"] = {"webSearchQueries": queries, "groundingChunks": [], "groundingSupports": []}
    return ending


def _answer(plan: Plan) -> bytes:
    return _json(_object(plan, plan.text, plan.usage, **_ending(plan)))


def _objects(plan: Plan) -> Iterator[bytes]:
    for number, piece in enumerate(plan.deltas, 1):
        yield _json(_object(plan, piece, plan.usage_after(number)))


def _last(plan: Plan) -> bytes:
    return _json(_object(plan, "", plan.usage, **_ending(plan)))


def _event(data: bytes) -> bytes:
    return b"data: %b\r\n\r\n" % data


def _events(plan: Plan) -> Stream:
    return Stream(
        head=(),
        deltas=map(_event, _objects(plan)),
        tail=(_event(_last(plan)),),
        error=(_event(_json(google.failure_of(plan.script))),),
        final_at=0,
        is_running=True,
        media_type=SSE.partition(b";")[0],
    )


def _array(plan: Plan) -> Stream:
    """The items as they come: the first opens the array, what ends the stream closes it."""
    failed = _json(google.failure_of(plan.script))
    return Stream(
        head=(),
        deltas=((b"[" if number == 0 else b",\r\n") + data + b"\n" for number, data in enumerate(_objects(plan))),
        tail=((b",\r\n" if plan.deltas else b"[") + _last(plan) + b"\n", b"]\n"),
        error=((b",\r\n" if len(plan.deltas) > 1 else b"[") + failed + b"\n]\n",),
        final_at=0,
        is_running=True,
        media_type=_UTF8,
    )


def _tier_header(plan: Plan) -> Headers:
    # https://ai.google.dev/gemini-api/docs/priority-inference: how a client learns that it was served at another tier
    if plan.body.get("publisher"):
        return []
    return [(b"x-gemini-service-tier", (plan.script.service_tier or "standard").encode())]


def _terms(plan: Plan) -> Terms:
    if plan.body.get("publisher"):
        return Terms(plan.script.service_tier or "ON_DEMAND")
    return Terms(plan.script.service_tier)


_SAYS = google.READS | {
    *("tool_input", "output", "reasoning", "output_audio", "output_image", "output_video"),
    *("web_searches", "service_tier"),
}


def _content(name: str, stream: Callable[[Plan], Stream] | None) -> Endpoint:
    return Endpoint(
        google.WIRE,
        name,
        _answer,
        stream,
        _id,
        says=_SAYS,
        terms=_terms,
        streams="never" if stream is None else "always",
        media_type=_UTF8,
        headers=_tier_header,
    )


GENERATE = _content("generateContent", None)
STREAM_EVENTS = _content("streamGenerateContent", _events)
STREAM_ARRAY = _content("streamGenerateContent", _array)
