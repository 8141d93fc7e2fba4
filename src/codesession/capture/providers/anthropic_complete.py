"""What does Anthropic's first API, text completions, say of a call? Never its tokens: what it used is estimated.

https://docs.claude.com/en/api/complete (read 2026-11-28).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from codesession.capture.providers.base import Asked, Reading
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, Unreadable, limit, name, size


class _Request(msgspec.Struct):
    model: Any = None
    stream: Any = None
    max_tokens_to_sample: Any = None


class _Completion(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    completion: str | None = None
    stop_reason: Any = None


_REQUEST = Shape(_Request)
_COMPLETION = Shape(_Completion)


def read_request(body: bytes) -> Asked:
    """What a request for a completion asks for; raises `Unreadable`."""
    request = _REQUEST.read(body)
    most = limit(request.max_tokens_to_sample)
    return Asked(name(request.model), request.stream is True, most, trace=trace(body))


def read_answer(body: bytes) -> Reading:
    """How much a whole completion wrote; raises `Unreadable`."""
    told = _COMPLETION.read(body)
    if told.completion is None:
        raise Unreadable("there is no completion in it")
    return Reading(has_ended=True, written_bytes=size(told.completion), model=told.model, response_id=told.id)


class CompletionStream(StreamReader):
    """Reads a stream of completions: each event tells a piece of the text, the last one why it ended."""

    telling = re.compile(rb'"stop_reason"\s*:\s*"|"model"')
    marks = (b'"stop_reason"', b'"model"')

    def take(self, data: bytes) -> None:
        if not data:
            return
        told = _COMPLETION.read(data)
        self.model, self.response_id = told.model or self.model, told.id or self.response_id
        self._written_bytes += size(told.completion)
        self.has_ended = self.has_ended or told.stop_reason is not None

    def written(self, data: bytes) -> int:
        return size(_COMPLETION.read(data).completion) if data else 0

    def ending(self, message: str) -> bytes:
        error = {"type": "billing_error", "message": sendable(message)}
        return as_event({"type": "error", "error": error}, "error")
