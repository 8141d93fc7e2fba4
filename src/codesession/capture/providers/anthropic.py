"""What does Anthropic's Messages API say of a call?

Usage: https://docs.claude.com/en/api/messages ; streams: https://docs.claude.com/en/docs/build-with-claude/streaming
(read 2026-11-22). Its four input classes are disjoint; `output_tokens` includes thinking. In a stream,
`message_start` carries the input and `message_delta` repeats counters *cumulatively*: they replace, never add.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from codesession.capture.providers.anthropic_request import AnthropicRequest
from codesession.capture.providers.base import (
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
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.readers import StreamReader
from codesession.errors import BudgetExceeded
from codesession.model import Usage


class _Request(msgspec.Struct):
    """Of a request of another shape than Anthropic takes."""

    model: Any = None
    stream: Any = None
    max_tokens: Any = None


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


def usage_of(counters: dict[str, Any]) -> Usage:
    """The `Usage` in Anthropic's counters.

    >>> usage_of({"input_tokens": 3, "cache_creation_input_tokens": 10, "output_tokens": 5,
    ...           "cache_creation": {"ephemeral_1h_input_tokens": 4, "ephemeral_5m_input_tokens": 6}})
    ... # doctest: +NORMALIZE_WHITESPACE
    Usage(input=3, cache_read=0, cache_write=6, cache_write_1h=4, input_audio=0, cache_read_audio=0,
          output=5, reasoning=0, output_audio=0, web_searches=0, unsplit=0)

    Raises:
        Unreadable: a counter is not a count, or there is none.
    """
    if counters.get("input_tokens") is None and counters.get("output_tokens") is None:
        raise Unreadable("the usage says nothing of tokens")
    split = _part(counters, "cache_creation")
    written_1h = count(split.get("ephemeral_1h_input_tokens"))
    written = max(
        count(counters.get("cache_creation_input_tokens")),
        written_1h + count(split.get("ephemeral_5m_input_tokens")),
    )
    output = count(counters.get("output_tokens"))
    thinking = min(output, count(_part(counters, "output_tokens_details").get("thinking_tokens")))
    return Usage(
        input=count(counters.get("input_tokens")),
        cache_read=count(counters.get("cache_read_input_tokens")),
        cache_write=written - written_1h,
        cache_write_1h=written_1h,
        output=output - thinking,
        reasoning=thinking,
        web_searches=count(_part(counters, "server_tool_use").get("web_search_requests")),
    )


def _part(counters: dict[str, Any], name: str) -> dict[str, Any]:
    part = counters.get(name)
    return part if isinstance(part, dict) else {}


def read_request(body: bytes) -> Asked:
    """What a Messages request asks for."""
    known = _MESSAGES.read(body)
    request = known or _REQUEST.read(body)
    beyond = known.beyond(body) if known else odd(body)
    return Asked(name(request.model), request.stream is True, limit(request.max_tokens), False, *beyond)


read_answer = answer_reader(usage_of)


class MessagesStream(StreamReader):
    """Reads a Messages stream: `message_start`, cumulative `message_delta`, `message_stop`."""

    telling = re.compile(rb'"usage"\s*:\s*\{|message_st(?:art|op)')
    marks = (b'"usage"', b"message_st")

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
                self.usage = usage_of(self._counters)
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
    endpoints={"/v1/messages": Endpoint("messages", read_request, read_answer, MessagesStream)},
    free=frozenset({"/v1/messages/count_tokens", "/v1/files*", "/v1/messages/batches/*/cancel"}),
    refusals_have_ids=True,
    base_urls={"ANTHROPIC_BASE_URL": "", "ANTHROPIC_API_BASE": "", "ANTHROPIC_API_URL": ""},
    request_id_headers=(b"request-id",),
    session_headers=(b"x-claude-code-session-id",),
)
