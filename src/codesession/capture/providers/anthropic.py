"""What does Anthropic's Messages API say of a call?

https://docs.claude.com/en/api/messages ; streams: https://docs.claude.com/en/docs/build-with-claude/streaming
(read 2026-11-22); its counters: `anthropic_usage`. In a stream, `message_start` carries the input and `message_delta`
repeats counters *cumulatively*: they replace, never add.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, ClassVar

import msgspec

from codesession.capture.providers import anthropic_complete
from codesession.capture.providers.anthropic_batches import read_line
from codesession.capture.providers.anthropic_request import AnthropicRequest
from codesession.capture.providers.anthropic_usage import served_by, tell
from codesession.capture.providers.base import Answered, Asked, Endpoint, Provider, answer_reader
from codesession.capture.providers.conversations import Lenient, odd
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.results import ResultsReader
from codesession.capture.providers.values import Shape, limit, name, size, word
from codesession.errors import BudgetExceeded
from codesession.model import Terms


class _Request(msgspec.Struct):
    """Of a request of another shape than Anthropic takes."""

    model: Any = None
    stream: Any = None
    max_tokens: Any = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None


class _Delta(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None


class _Event(msgspec.Struct):
    type: str
    message: Answered | None = None
    usage: dict[str, Any] | None = None


class _Written(msgspec.Struct):
    delta: _Delta | None = None


_MESSAGES = Lenient(AnthropicRequest)
_REQUEST = Shape(_Request)
_EVENT = Shape(_Event)
_WRITTEN = Shape(_Written)


def read_request(body: bytes) -> Asked:
    """What a Messages request asks for."""
    known = _MESSAGES.read(body)
    request = known or _REQUEST.read(body)
    beyond = known.beyond(body) if known else odd(body)
    terms = Terms(word(request.service_tier), word(request.speed), word(request.inference_geo))
    return Asked(name(request.model), request.stream is True, limit(request.max_tokens), False, *beyond, terms)


read_answer = answer_reader(tell)


class MessagesStream(StreamReader):
    """Reads a Messages stream: `message_start`, cumulative `message_delta`, `message_stop`."""

    telling = re.compile(rb'"usage"\s*:\s*\{|message_st(?:art|op)')
    marks: ClassVar[tuple[bytes, ...]] = (b'"usage"', b"message_st")

    def __init__(self) -> None:
        super().__init__()
        self._counters: dict[str, Any] = {}

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        if event.type == "message_stop":
            self.has_ended = True
        if event.message:
            self.model, self.response_id = event.message.model, event.message.id
        for counters in (event.message and event.message.usage, event.usage):
            if counters:
                self._counters.update((name, value) for name, value in counters.items() if value is not None)
                self.model = served_by(self._counters) or self.model
                self.learn(tell(self._counters, Answered(model=self.model)), is_final=self.is_final)
        if event.type == "message_delta" and event.usage:
            self.is_final = True

    def written(self, data: bytes) -> int:
        if b"delta" not in data:
            return 0
        delta = _WRITTEN.read(data).delta or _Delta()
        return size(delta.text, delta.thinking, delta.partial_json)

    def ending(self, message: str) -> bytes:
        return as_event(refusal(BudgetExceeded.http_status, BudgetExceeded.code, sendable(message)), "error")


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    """Anthropic's error shape (https://docs.claude.com/en/api/errors)."""
    kinds = {400: "invalid_request_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large"}
    kind = "billing_error" if code == BudgetExceeded.code else kinds.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


ANTHROPIC = Provider(
    name="anthropic",
    upstream="https://api.anthropic.com",
    refusal=refusal,
    endpoints={
        "/v1/messages": Endpoint("messages", read_request, read_answer, MessagesStream),
        "/v1/complete": Endpoint(
            "complete",
            anthropic_complete.read_request,
            anthropic_complete.read_answer,
            anthropic_complete.CompletionStream,
        ),
    },
    results=((re.compile("/+v1/messages/batches/[^/]+/results"), partial(ResultsReader, read_line)),),
    free=frozenset({"/v1/messages/count_tokens", "/v1/files*", "/v1/messages/batches/*/cancel"}),
    refusals_have_ids=True,
    base_urls={"ANTHROPIC_BASE_URL": "", "ANTHROPIC_API_BASE": "", "ANTHROPIC_API_URL": ""},
    request_id_headers=(b"request-id",),
    session_headers=(b"x-claude-code-session-id",),
)
