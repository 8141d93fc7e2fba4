"""What does LM Studio say of a call? As OpenAI does below ``/v1``; in its own APIs, how quick it was as well.

https://lmstudio.ai/docs/developer/openai-compat, https://lmstudio.ai/docs/developer/rest/chat,
https://lmstudio.ai/docs/developer/rest/streaming-events and https://lmstudio.ai/docs/developer/rest/endpoints (read
2026-11-28). ``/api/v0`` is OpenAI's chat with ``stats`` beside the usage; ``/api/v1/chat`` has its counters in
``stats``, and ends its streams with the whole answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.base import Asked, Endpoint, Reading, Told, whole
from codesession.capture.providers.compatible import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    RESPONSES,
    Counted,
    compatible,
    openai_endpoints,
)
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, Unreadable, count, extras, limit, name, size
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered


class _Answered(Counted):
    stats: Any = None


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What its counters say, and the statistics beside them; raises `Unreadable`."""
    told = openai_usage.tell(counters, answered)
    return told._replace(extra=told.extra + extras({"stats": getattr(answered, "stats", None)}, frozenset()))


class _Request(msgspec.Struct):
    model: Any = None
    stream: Any = None
    max_output_tokens: Any = None
    integrations: Any = None
    previous_response_id: Any = None
    thread_id: Any = None


class _Answer(msgspec.Struct):
    model_instance_id: str | None = None
    response_id: str | None = None
    stats: dict[str, Any] | None = None


class _Event(msgspec.Struct):
    type: str | None = None
    model_instance_id: str | None = None
    content: str | None = None
    result: _Answer | None = None


_REQUEST = Shape(_Request)
_ANSWER = Shape(_Answer)
_EVENT = Shape(_Event)
_KNOWN = frozenset({"input_tokens", "total_output_tokens", "reasoning_output_tokens"})


def read_request(body: bytes) -> Asked:
    """What is asked of the API of its own: it may run tools, and remember what was said before."""
    request = _REQUEST.read(body)
    goes_on = bool(request.integrations)
    remembers = request.previous_response_id is not None or request.thread_id is not None
    most = limit(request.max_output_tokens)
    return Asked(
        name(request.model),
        request.stream is True,
        most,
        reads_elsewhere=goes_on or remembers,
        is_unbounded=goes_on,
        trace=trace(body),
    )


def tell_stats(stats: dict[str, Any]) -> Told:
    """What the statistics of an answer say; the reasoning is inside the output.

    >>> tell_stats({"input_tokens": 359, "total_output_tokens": 218, "reasoning_output_tokens": 24}).usage
    Usage(input=359, output=194, reasoning=24)

    Raises:
        Unreadable: they say nothing of tokens, or contradict each other.
    """
    wrote, thought = count(stats.get("total_output_tokens")), count(stats.get("reasoning_output_tokens"))
    if stats.get("input_tokens") is None or thought > wrote:
        raise Unreadable("the statistics are not those of a chat")
    usage = Usage(input=count(stats["input_tokens"]), output=wrote - thought, reasoning=thought)
    return Told(usage, extra=extras(stats, _KNOWN))


def read_answer(body: bytes) -> Reading:
    """What a whole answer says; raises `Unreadable`."""
    answer = _ANSWER.read(body)
    if not answer.stats:
        return Reading(has_ended=True, written_bytes=len(body), model=answer.model_instance_id)
    return whole(tell_stats(answer.stats), answer.model_instance_id, answer.response_id)


class EventStream(StreamReader):
    """Reads a stream of events: ``chat.start``, deltas, and ``chat.end`` with the whole answer."""

    telling = re.compile(rb'"chat\.(?:start|end)"')
    marks = (b'"chat.start"', b'"chat.end"')

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        self.model = event.model_instance_id or self.model
        if event.type != "chat.end":
            self._written_bytes += self.written(data)
            return
        self.has_ended = True
        answer = event.result or _Answer()
        self.model, self.response_id = answer.model_instance_id or self.model, answer.response_id
        if answer.stats:
            self.learn(tell_stats(answer.stats), is_final=True)

    def written(self, data: bytes) -> int:
        return size(_EVENT.read(data).content) if b'.delta"' in data else 0

    def ending(self, message: str) -> bytes:
        error = {"type": "invalid_request", "message": sendable(message)}
        return as_event({"type": "error", "error": error}, "error")


_TOLD = openai_endpoints(tell, _Answered)

LMSTUDIO = compatible(
    "lmstudio",
    "http://127.0.0.1:1234",
    {"LM_STUDIO_API_BASE": "/v1"},
    tell=tell,
    answered=_Answered,
    paths=(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS),
    is_local=True,
    endpoints={
        **{f"/api/v0{path}": _TOLD[path] for path in (CHAT, COMPLETIONS, EMBEDDINGS)},
        "/api/v1/chat": Endpoint("chat", read_request, read_answer, EventStream),
        "/v1/messages": ANTHROPIC.endpoints["/v1/messages"],
    },
)
