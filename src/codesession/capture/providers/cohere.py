"""What does Cohere say of a call? What it bills, which is less than what its models read.

https://docs.cohere.com/reference/chat, /chat-stream, /embed, /rerank, in their second and first versions, and the
types of its Python SDK (`cohere` 7.3.1, read 2026-11-28). ``billed_units`` is what is paid for; the tokens of the
prompt's template are not in it, and stand in ``tokens``. It is in ``usage`` in the second version, in ``meta`` in the
first; a stream tells it in its last event, the first version's in lines of JSON. A search unit is a query with up to
100 documents. Nothing tells the model. ``/compatibility/v1`` speaks like OpenAI, and refuses ``stream_options``
(https://strandsagents.com/docs/user-guide/concepts/model-providers/cohere/, read 2026-11-28).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from codesession.capture.framing import LINES
from codesession.capture.providers.base import Endpoint, Provider, Reading, Told, whole
from codesession.capture.providers.compatible import CHAT, EMBEDDINGS, openai_endpoints
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.openai import read_embeddings_request
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.values import Shape, Unreadable, count, extras, part, size
from codesession.model import Usage

_KNOWN = frozenset(
    f"billed_units.{unit}" for unit in ("input_tokens", "output_tokens", "image_tokens", "text_tokens", "search_units")
)
"""What of the counters is in `Usage`, or follows from it."""


def tell(counters: dict[str, Any]) -> Told:
    """What Cohere bills; where it tells of text and images apart, the input is both.

    >>> told = tell({"billed_units": {"input_tokens": 5, "output_tokens": 7.0}, "tokens": {"input_tokens": 71}})
    >>> told.usage, told.extra
    (Usage(input=5, output=7), (('tokens.input_tokens', 71),))

    Raises:
        Unreadable: it bills nothing that is known, or what are no counts.
    """
    billed = part(counters, "billed_units")
    if all(value is None for value in billed.values()):
        raise Unreadable("the usage says nothing of what is billed")
    text = billed.get("text_tokens")
    return Told(
        Usage(
            input=count(billed.get("input_tokens") if text is None else text),
            input_image=count(billed.get("image_tokens")),
            output=count(billed.get("output_tokens")),
            rerank_searches=count(billed.get("search_units")),
        ),
        extra=extras(counters, _KNOWN),
    )


class _Answer(msgspec.Struct):
    id: str | None = None
    response_id: str | None = None
    generation_id: str | None = None
    usage: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None
    finish_reason: Any = None


class _Event(_Answer):
    type: str | None = None
    event_type: str | None = None
    delta: dict[str, Any] | None = None
    response: _Answer | None = None
    text: str | None = None


_ANSWER = Shape(_Answer)
_EVENT = Shape(_Event)


def _read(body: bytes, written_bytes: int) -> Reading:
    answer = _ANSWER.read(body)
    counters = answer.usage or answer.meta or {}
    named = answer.id or answer.response_id or answer.generation_id
    if not part(counters, "billed_units"):
        return Reading(has_ended=True, written_bytes=written_bytes, response_id=named)
    return whole(tell(counters), None, named)


def read_answer(body: bytes) -> Reading:
    """What a whole answer says, in which a model writes; raises `Unreadable`."""
    return _read(body, len(body))


def read_prompt_answer(body: bytes) -> Reading:
    """What the answer of what only reads says; raises `Unreadable`."""
    return _read(body, 0)


class ChatStream(StreamReader):
    """Reads a stream of the second version: ``message-start``, deltas, ``message-end`` with the usage."""

    telling = re.compile(rb'"message-(?:start|end)"')
    marks = (b'"message-start"', b'"message-end"')

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        self._written_bytes += self.written(data)
        if event.type == "message-start":
            self.response_id = event.id or self.response_id
        if event.type == "message-end":
            self.has_ended = True
            counters = part(event.delta or {}, "usage")
            if part(counters, "billed_units"):
                self.learn(tell(counters), is_final=True)

    def written(self, data: bytes) -> int:
        if b"-delta" not in data:
            return 0
        return _texts(part(_EVENT.read(data).delta or {}, "message"))

    def ending(self, message: str) -> bytes:
        delta = {"error": sendable(message), "finish_reason": "ERROR"}
        return as_event({"type": "message-end", "delta": delta}, "message-end")


def _texts(message: dict[str, Any]) -> int:
    """Bytes of what a delta adds: to the text, the thinking, the plan, or the arguments of a tool call."""
    content, function = part(message, "content"), part(part(message, "tool_calls"), "function")
    texts = (content.get("text"), content.get("thinking"), message.get("tool_plan"), function.get("arguments"))
    return size(*(text for text in texts if isinstance(text, str)))


class FirstChatStream(StreamReader):
    """Reads a stream of the first version, whose last event has the whole answer."""

    telling = re.compile(rb'"event_type"\s*:\s*"stream-(?:start|end)"')
    marks = (b'"stream-start"', b'"stream-end"')

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        self.response_id = event.generation_id or self.response_id
        if event.event_type == "stream-end":
            self.has_ended = True
            answer = event.response or _Answer()
            self.response_id = answer.id or answer.response_id or self.response_id
            if answer.meta and part(answer.meta, "billed_units"):
                self.learn(tell(answer.meta), is_final=True)

    def written(self, data: bytes) -> int:
        return size(_EVENT.read(data).text) if b'"text"' in data else 0


class FirstChatLines(FirstChatStream):
    """Reads the same as lines of JSON (``application/stream+json``)."""

    framing = LINES


def refusal(_status: int, _code: str, message: str) -> dict[str, Any]:
    """Cohere's error shape (https://docs.cohere.com/reference/errors)."""
    return {"message": message}


_COMPATIBLE = openai_endpoints(asks_usage=False, reaches=("connectors",))
_read_chat = _COMPATIBLE[CHAT].read_request
_LINES = {"stream+json": FirstChatLines, "ndjson": FirstChatLines}
_EMBED = Endpoint("embeddings", read_embeddings_request, read_prompt_answer, ChatStream)
_RERANK = Endpoint("rerank", read_embeddings_request, read_prompt_answer, ChatStream)

COHERE = Provider(
    name="cohere",
    upstream="https://api.cohere.com",
    refusal=refusal,
    endpoints={
        "/v2/chat": Endpoint("chat", _read_chat, read_answer, ChatStream),
        "/v1/chat": Endpoint("chat", _read_chat, read_answer, FirstChatStream, framed=_LINES),
        "/v1/generate": Endpoint("completions", _read_chat, read_answer, FirstChatStream, framed=_LINES),
        "/v1/summarize": Endpoint("completions", _read_chat, read_answer, FirstChatStream),
        **{f"/{version}/embed": _EMBED for version in ("v1", "v2")},
        **{f"/{version}/rerank": _RERANK for version in ("v1", "v2")},
        "/compatibility/v1/chat/completions": _COMPATIBLE[CHAT],
        "/compatibility/v1/embeddings": _COMPATIBLE[EMBEDDINGS],
    },
    free=frozenset({"/v1/tokenize", "/v1/detokenize", "/v1/check-api-key"}),
    base_urls={"CO_API_URL": ""},
    request_id_headers=(b"x-request-id", b"x-debug-trace-id"),
)
