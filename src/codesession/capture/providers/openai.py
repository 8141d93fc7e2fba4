"""What do OpenAI's chat and embeddings APIs say of a call, and what else has OpenAI?

https://platform.openai.com/docs/api-reference (read 2026-11-22). A chat stream carries usage only if the request says
``stream_options.include_usage`` (`ChatCompletionStreamOptionsParam` in the Python SDK, 3.57.0). Other APIs have files
of their own; what the counters mean is in `openai_usage`.

Not metered: ``/audio/speech`` (it answers with sound and nothing else), videos, fine-tuning, vector stores.
``/realtime`` is a WebSocket, which the proxy refuses.
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
    Tell,
    answer_reader,
)
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.conversations import Lenient, odd
from codesession.capture.providers.openai_audio import (
    TranscriptionStream,
    read_audio_request,
    read_file_form,
    read_transcription,
)
from codesession.capture.providers.openai_images import ImagesStream, read_images, read_images_request
from codesession.capture.providers.openai_legacy import read_completion_request
from codesession.capture.providers.openai_refusal import refusal, refusal_event
from codesession.capture.providers.openai_request import ChatRequest, OpenAIRequest, ResponsesRequest
from codesession.capture.providers.openai_responses import OpenAIResponsesStream, ResponsesStream
from codesession.capture.providers.openai_responses import read_answer as read_response
from codesession.capture.providers.openai_usage import tell, usage_of
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, Unreadable, limit, name, size, word
from codesession.capture.sse import EventSplitter, events, payload
from codesession.model import Terms

__all__ = [
    "ENDPOINTS",
    "OPENAI",
    "ChatStream",
    "ResponsesStream",
    "UsageChunkFilter",
    "is_usage_chunk",
    "read_answer",
    "read_embeddings_request",
    "read_request",
    "read_responses_request",
    "refusal",
    "tell",
    "usage_of",
    "with_usage_asked",
]


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
    text: str | None = None
    """of a completion, which has no delta"""


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None


class _Extra(msgspec.Struct):
    choices: list[Any] | None = None
    usage: Any = None


_REQUEST = Shape(OpenAIRequest)
_CHAT = Lenient(ChatRequest)
_RESPONSES = Lenient(ResponsesRequest)
_CHUNK = Shape(_Chunk)
_EXTRA = Shape(_Extra)
_FIELDS = Shape(dict[str, msgspec.Raw])
_MAYBE_FIELDS = Shape[dict[str, msgspec.Raw] | None](dict[str, msgspec.Raw] | None)  # type: ignore[arg-type]  # a union is no class


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
    most = most and limit(most * answers)
    terms = Terms(word(request.service_tier))
    return Asked(name(request.model), streamed, most, streamed and not asks_usage, *beyond, terms)


read_answer = answer_reader(tell)


class ChatStream(StreamReader):
    """Reads a chat stream: usage comes in the last chunk before ``[DONE]``; some gateways keep telling it, so far."""

    telling = re.compile(rb'"usage"\s*:\s*\{|\[DONE\]')
    marks = (b'"usage"', b"[DONE]")

    def __init__(self, tell: Tell = tell) -> None:
        """`tell` understands the usage of a chunk: compatible servers have counters of their own."""
        super().__init__()
        self._tell = tell

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
            self.learn(self._tell(chunk.usage, chunk), is_final=is_usage_chunk(data))

    def written(self, data: bytes) -> int:
        if not data:
            return 0
        if self.response_id is None:
            self._identify(data)
        total = 0
        for choice in _CHUNK.read(data).choices or ():
            delta = choice.delta or _Delta()
            arguments = (call.function.arguments for call in delta.tool_calls or () if call.function)
            total += size(delta.content, delta.reasoning_content, delta.refusal, choice.text, *arguments)
        return total

    def ending(self, message: str) -> bytes:
        return refusal_event(message)

    def _identify(self, data: bytes) -> Answered:
        chunk = ANSWERED.read(data)
        self.model, self.response_id = chunk.model or self.model, chunk.id or self.response_id
        return chunk


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


def _images(name: str) -> Endpoint:
    return Endpoint(name, read_images_request, read_images, ImagesStream, read_form=read_file_form, is_repeatable=False)


def _audio(name: str) -> Endpoint:
    return Endpoint(
        name,
        read_audio_request,
        read_transcription,
        TranscriptionStream,
        read_form=read_file_form,
        is_repeatable=False,
    )


_ASKED = Amendment(with_usage_asked, UsageChunkFilter)

ENDPOINTS = {
    "/chat/completions": Endpoint("chat", read_request, read_answer, ChatStream, _ASKED),
    "/responses": Endpoint("responses", read_responses_request, read_response, OpenAIResponsesStream),
    # Codex sends a long conversation here; the usage is that of a response
    # (https://developers.openai.com/api/reference/resources/responses/methods/compact, read 2026-11-22)
    "/responses/compact": Endpoint("compact", read_responses_request, read_response, OpenAIResponsesStream),
    "/embeddings": Endpoint("embeddings", read_embeddings_request, read_answer, ChatStream),
    "/completions": Endpoint("completions", read_completion_request, read_answer, ChatStream, _ASKED),
    # questions with a choice of answers; the usage is that of a response (`Decision` in the Python SDK, 3.57.0)
    "/decisions": Endpoint("decisions", read_responses_request, read_answer, ChatStream),
    "/images/generations": _images("images"),
    "/images/edits": _images("image-edits"),
    "/images/variations": _images("image-variations"),
    "/audio/transcriptions": _audio("transcriptions"),
    "/audio/translations": _audio("translations"),
}
"""The metered paths, without the version."""

OPENAI = Provider(
    name="openai",
    upstream="https://api.openai.com",
    refusal=refusal,
    endpoints={version + path: endpoint for version in ("", "/v1") for path, endpoint in ENDPOINTS.items()},
    results=file_results(tell),
    later=((re.compile(r"(?:/v1)?/responses/([^/]+)(?:/cancel)?"), ENDPOINTS["/responses"]),),
    base_urls={"OPENAI_BASE_URL": "/v1", "OPENAI_API_BASE": "/v1"},
    # files, uploads and moderations are free of charge (https://platform.openai.com/docs/pricing, read 2026-11-22)
    free=frozenset(
        version + path
        for version in ("", "/v1")
        for path in (
            "/files*",
            "/uploads*",
            "/moderations",
            "/responses/input_tokens",
            "/responses/*/cancel",
            "/batches/*/cancel",
        )
    ),
    session_headers=(b"session-id", b"session_id"),
)
