"""What do OpenAI's chat, responses and embeddings APIs say of a call?

https://platform.openai.com/docs/api-reference (read 2026-11-22). Cached, cache-writing and audio tokens are
counted *inside* the input, reasoning and audio inside the output; here each token is in one class.
A chat stream carries usage only if the request says ``stream_options.include_usage``.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any

import msgspec

from codesession.capture.providers.base import (
    ANSWERED,
    Amendment,
    Answered,
    Asked,
    Endpoint,
    Provider,
    Shape,
    Unreadable,
    answer_reader,
    count,
    limit,
    name,
    size,
)
from codesession.capture.providers.conversations import Lenient, odd
from codesession.capture.providers.endings import as_event, failed_response, sendable
from codesession.capture.providers.openai_request import ChatRequest, OpenAIRequest, ResponsesRequest
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.sse import EventSplitter, events, payload
from codesession.errors import BudgetExceeded
from codesession.model import Usage


class _Function(msgspec.Struct):
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None


class _Response(Answered):
    created_at: Any = None


class _Event(msgspec.Struct):
    type: str
    response: _Response | None = None


class _Extra(msgspec.Struct):
    choices: list[Any] | None = None
    usage: Any = None


class _TextEvent(msgspec.Struct):
    delta: str | None = None


_REQUEST = Shape(OpenAIRequest)
_CHAT = Lenient(ChatRequest)
_RESPONSES = Lenient(ResponsesRequest)
_CHUNK = Shape(_Chunk)
_EVENT = Shape(_Event)
_TEXT_EVENT = Shape(_TextEvent)
_EXTRA = Shape(_Extra)
_FIELDS = Shape(dict[str, msgspec.Raw])
_MAYBE_FIELDS = Shape[dict[str, msgspec.Raw] | None](dict[str, msgspec.Raw] | None)  # type: ignore[arg-type]  # a union is no class


def usage_of(counters: dict[str, Any]) -> Usage:
    """The `Usage` in OpenAI's counters, of either generation (``prompt_tokens`` or ``input_tokens``).

    >>> usage_of({"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
    ...           "prompt_tokens_details": {"cached_tokens": 60},
    ...           "completion_tokens_details": {"reasoning_tokens": 20}})  # doctest: +NORMALIZE_WHITESPACE
    Usage(input=40, cache_read=60, cache_write=0, cache_write_1h=0, input_audio=0, cache_read_audio=0,
          output=10, reasoning=20, output_audio=0, web_searches=0, unsplit=0)

    Raises:
        Unreadable: a counter is not a count, there is none, or the parts are more than the whole.
    """
    told_read = _either(counters, "prompt_tokens", "input_tokens")
    told_wrote = _either(counters, "completion_tokens", "output_tokens")
    if told_read is None and told_wrote is None:
        raise Unreadable("the usage says nothing of tokens read or written")
    read, wrote = count(told_read), count(told_wrote)
    read_parts = _either(counters, "prompt_tokens_details", "input_tokens_details")
    wrote_parts = _either(counters, "completion_tokens_details", "output_tokens_details")
    cached, cache_write, audio_in = _parts(read_parts, "cached_tokens", "cache_write_tokens", "audio_tokens")
    reasoning, audio_out = _parts(wrote_parts, "reasoning_tokens", "audio_tokens")
    text_in = read - cached - cache_write - audio_in
    text_out = wrote - reasoning - audio_out
    if text_in < 0 or text_out < 0:
        raise Unreadable("the parts of the usage are more than the whole")
    return Usage(
        input=text_in,
        cache_read=cached,
        cache_write=cache_write,
        input_audio=audio_in,
        output=text_out,
        reasoning=reasoning,
        output_audio=audio_out,
    )


def _either(counters: dict[str, Any], *names: str) -> object:
    return next((counters[name] for name in names if counters.get(name) is not None), None)


def _parts(parts: object, *names: str) -> list[int]:
    return [count(parts.get(name)) if isinstance(parts, dict) else 0 for name in names]


def read_request(body: bytes) -> Asked:
    """What a chat request asks for.

    A stream without ``include_usage`` would not say what it used; the other endpoints always do.
    """
    return _asked(body, _CHAT.read(body))


def read_responses_request(body: bytes) -> Asked:
    """What a responses request asks for; its streams always end with their usage."""
    return replace(_asked(body, _RESPONSES.read(body)), lacks_usage=False)


def read_embeddings_request(body: bytes) -> Asked:
    """What an embeddings request asks for: nothing is written."""
    return Asked(name(_REQUEST.read(body).model), streamed=False, max_output=0, trace=trace(body))


def _asked(body: bytes, known: ChatRequest | ResponsesRequest | None) -> Asked:
    request = known or _REQUEST.read(body)
    beyond = known.beyond(body) if known else odd(body)
    limits = (limit(request.max_completion_tokens), limit(request.max_output_tokens), limit(request.max_tokens))
    most = next((most for most in limits if most is not None), None)
    streamed = request.stream is True
    options = request.stream_options
    asks_usage = isinstance(options, dict) and options.get("include_usage") is True
    answers = max(1, limit(request.n) or 1)
    return Asked(name(request.model), streamed, most and limit(most * answers), streamed and not asks_usage, *beyond)


read_answer = answer_reader(usage_of)


class ChatStream(StreamReader):
    """Reads a chat stream: usage comes in the last chunk before ``[DONE]``; some gateways keep telling it, so far."""

    telling = re.compile(rb'"usage"\s*:\s*\{|\[DONE\]')
    marks = (b'"usage"', b"[DONE]")

    def take(self, data: bytes) -> None:
        if not data:
            return
        if data == b"[DONE]":
            self.has_ended = True
            self.is_final = self.usage is not None
            return
        chunk = self._identify(data)
        self._written_bytes += self.written(data)
        if chunk.usage:
            self.usage, self.is_final = usage_of(chunk.usage), is_usage_chunk(data)

    def written(self, data: bytes) -> int:
        if not data:
            return 0
        if self.response_id is None:
            self._identify(data)
        total = 0
        for choice in _CHUNK.read(data).choices or ():
            delta = choice.delta or _Delta()
            arguments = (call.function.arguments for call in delta.tool_calls or () if call.function)
            total += size(delta.content, delta.reasoning_content, delta.refusal, *arguments)
        return total

    def ending(self, message: str) -> bytes:
        return as_event(refusal(BudgetExceeded.http_status, BudgetExceeded.code, sendable(message)))

    def _identify(self, data: bytes) -> Answered:
        chunk = ANSWERED.read(data)
        self.model, self.response_id = chunk.model or self.model, chunk.id or self.response_id
        return chunk


class ResponsesStream(StreamReader):
    """Reads a responses stream: the terminal event carries the whole response with its usage."""

    telling = re.compile(rb"response\.(?:created|completed|incomplete|failed)\b")
    marks = (b"response.c", b"response.incomplete", b"response.failed")
    _ends = ("response.completed", "response.incomplete", "response.failed")
    _number = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')

    def __init__(self) -> None:
        super().__init__()
        self._created_at: object = None
        self._last_number = -1

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        if event.response:
            self.model, self.response_id = event.response.model or self.model, event.response.id or self.response_id
            self._created_at = event.response.created_at
        if event.type in self._ends:
            self.has_ended = True
            if event.response and event.response.usage:
                self.usage, self.is_final = usage_of(event.response.usage), True

    def written(self, data: bytes) -> int:
        if b'.delta"' not in data:
            return 0
        return size(_TEXT_EVENT.read(data).delta)

    def ending(self, message: str) -> bytes:
        return failed_response(
            message,
            response_id=self.response_id,
            model=self.model,
            created_at=self._created_at,
            sequence_number=self._last_number + 1,
        )

    def _read(self, stretch: bytes) -> None:
        super()._read(stretch)
        if not self.may_be_ended:
            return
        told = self._number.match(stretch, max(0, stretch.rfind(b'"sequence_number"')))
        if told:
            self._last_number = int(told[1])


def with_usage_asked(body: bytes) -> bytes:
    """The chat request `body` with ``stream_options.include_usage`` set; every other value keeps its bytes.

    >>> with_usage_asked(b'{"model": "gpt-4o", "stream": true}')
    b'{"stream_options":{"include_usage":true},"model": "gpt-4o", "stream": true}'

    Raises:
        Unreadable: it is not a JSON object, or too odd to be changed safely.
    """
    if b'"stream_options"' not in body:
        return b'{"stream_options":{"include_usage":true},' + body[body.index(b"{") + 1 :]
    request = _FIELDS.read(body)
    options = request.get("stream_options")
    known = (_MAYBE_FIELDS.read(bytes(options)) if options else None) or {}
    known["include_usage"] = msgspec.Raw(b"true")
    request["stream_options"] = msgspec.Raw(msgspec.json.encode(known))
    return msgspec.json.encode(request)


def is_usage_chunk(data: bytes) -> bool:
    """Whether a chat stream event's data is the extra chunk ``include_usage`` asks for: usage, no choices.

    >>> is_usage_chunk(b'{"choices":[],"usage":{"prompt_tokens":1}}'), is_usage_chunk(b'{"choices":[],"usage":null}')
    (True, False)
    """
    if b'"usage"' not in data:
        return False
    try:
        chunk = _EXTRA.read(data)
    except Unreadable:
        return False
    return chunk.choices == [] and bool(chunk.usage)


class UsageChunkFilter:
    """Takes the extra usage chunk out of a chat stream; all other events pass as they are, when they are whole."""

    def __init__(self) -> None:
        self._splitter = EventSplitter(most=sys.maxsize)  # what a client is owed is never passed over

    def feed(self, data: bytes) -> bytes:
        return self._without(self._splitter.feed(data))

    def rest(self) -> bytes:
        return self._without(self._splitter.rest())

    def _without(self, stretch: bytes) -> bytes:
        if b'"usage"' not in stretch:
            return stretch
        return b"".join(event for event in events(stretch) if not is_usage_chunk(payload(event)))


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    """OpenAI's error shape (https://platform.openai.com/docs/guides/error-codes)."""
    kind = code if code == BudgetExceeded.code else "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_ENDPOINTS = {
    "/chat/completions": Endpoint(
        "chat", read_request, read_answer, ChatStream, Amendment(with_usage_asked, UsageChunkFilter)
    ),
    "/responses": Endpoint("responses", read_responses_request, read_answer, ResponsesStream),
    # Codex sends a long conversation here; the usage is that of a response
    # (https://developers.openai.com/api/reference/resources/responses/methods/compact, read 2026-11-22)
    "/responses/compact": Endpoint("compact", read_responses_request, read_answer, ResponsesStream),
    "/embeddings": Endpoint("embeddings", read_embeddings_request, read_answer, ChatStream),
}

OPENAI = Provider(
    name="openai",
    upstream="https://api.openai.com",
    refusal=refusal,
    endpoints={version + path: endpoint for version in ("", "/v1") for path, endpoint in _ENDPOINTS.items()},
    base_urls={"OPENAI_BASE_URL": "/v1", "OPENAI_API_BASE": "/v1"},
    # files, uploads and moderations are free of charge (https://platform.openai.com/docs/pricing, read 2026-11-22)
    free=frozenset(
        version + path
        for version in ("", "/v1")
        for path in ("/files*", "/uploads*", "/moderations", "/responses/input_tokens", "/responses/*/cancel")
    ),
    session_headers=(b"session-id", b"session_id"),
)
