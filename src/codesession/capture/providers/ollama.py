"""What does Ollama say of a call? How many tokens it evaluated, and how long everything took.

https://docs.ollama.com/api, https://docs.ollama.com/api/streaming and https://docs.ollama.com/api/usage (read
2026-11-28): a line of JSON a piece, unless ``stream`` is false; the last one has ``done`` and the counters; durations
are nanoseconds. A counter of nothing is left out, as Go does, and so is that of a prompt which was all cached: then
what was read is not known. An error in the middle of a stream is a line of its own. ``/v1`` speaks like OpenAI, and
like Anthropic (https://docs.ollama.com/api/openai-compatibility, https://docs.ollama.com/api/anthropic-compatibility).

A model whose name ends in ``cloud`` runs at Ollama's, whoever is asked for it (https://docs.ollama.com/cloud).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.framing import LINES
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.base import Asked, Endpoint, Provider, Reading, Told, whole
from codesession.capture.providers.compatible import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    RESPONSES,
    openai_endpoints,
    written_in,
)
from codesession.capture.providers.endings import sendable
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, Unreadable, count, limit, name, part, size
from codesession.model import Terms, Usage
from codesession.model.usage import BYTES_PER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.model.terms import Extra

_NANOS_PER_MS = 1_000_000
_DURATIONS = ("total", "load", "prompt_eval", "eval")


class _Request(msgspec.Struct):
    model: Any = None
    stream: Any = None
    options: Any = None


class _Answer(msgspec.Struct):
    model: str | None = None
    message: dict[str, Any] | None = None
    response: str | None = None
    thinking: str | None = None
    done: Any = None
    done_reason: Any = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    total_duration: Any = None
    load_duration: Any = None
    prompt_eval_duration: Any = None
    eval_duration: Any = None


_REQUEST = Shape(_Request)
_ANSWER = Shape(_Answer)


def read_request(body: bytes) -> Asked:
    """What a request for text asks for: it streams unless it says that it must not."""
    request = _REQUEST.read(body)
    most = limit(part({"options": request.options}, "options").get("num_predict"))
    return Asked(name(request.model), request.stream is not False, most, trace=trace(body))


def read_embed_request(body: bytes) -> Asked:
    """What a request for vectors asks for."""
    return Asked(name(_REQUEST.read(body).model), streamed=False, max_output=0, trace=trace(body))


def runs_in_the_cloud(model: str) -> bool:
    """Whether Ollama's own servers run a model, going by its name.

    >>> runs_in_the_cloud("gpt-oss:120b-cloud"), runs_in_the_cloud("qwen3:cloud"), runs_in_the_cloud("cloudy:8b")
    (True, True, False)
    """
    return model.endswith((":cloud", "-cloud"))


def _knowing_where(read: Callable[[bytes], Asked]) -> Callable[[bytes], Asked]:
    def read_and_tell(body: bytes) -> Asked:
        asked = read(body)
        return replace(asked, runs_elsewhere=True) if runs_in_the_cloud(asked.model) else asked

    return read_and_tell


def _durations(answer: _Answer) -> tuple[Terms, Extra]:
    """How long it took, and each part of it in milliseconds."""
    told = ((key, getattr(answer, f"{key}_duration")) for key in _DURATIONS)
    in_ms = {key: round(_nanoseconds(value) / _NANOS_PER_MS) for key, value in told if value is not None}
    return Terms(took_ms=in_ms.get("total")), tuple((f"{key}_ms", many) for key, many in in_ms.items())


_LONGEST = 10**18
"""Nanoseconds in thirty years."""


def _nanoseconds(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST:
        return value
    raise Unreadable("a duration is not a number of nanoseconds")


def tell(answer: _Answer) -> Told | None:
    """What a whole answer, or the last line of a stream, says; None: not how much was read.

    Raises:
        Unreadable: a counter is not a count, or a duration none.
    """
    terms, extra = _durations(answer)
    if answer.done_reason in ("load", "unload"):
        return Told(Usage(), terms, extra=extra)
    if answer.prompt_eval_count is None:
        return None
    return Told(Usage(input=count(answer.prompt_eval_count), output=count(answer.eval_count)), terms, extra=extra)


def _written(answer: _Answer) -> int:
    message = answer.message or {}
    calls = message.get("tool_calls")
    functions = (part(call, "function") for call in calls if isinstance(call, dict)) if isinstance(calls, list) else ()
    arguments = sum(_json_size(function["arguments"]) for function in functions if "arguments" in function)
    said = sum(written_in(message.get(key)) for key in ("content", "thinking"))
    return said + arguments + size(answer.response, answer.thinking)


def _json_size(value: object) -> int:
    """Bytes of a value as Ollama writes it; halves of surrogate pairs are in it where a client of its wrote them."""
    try:
        return size(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError as error:
        raise Unreadable("arguments in more depth than can be looked into") from error


def read_answer(body: bytes) -> Reading:
    """What an answer in one piece says; raises `Unreadable`."""
    answer = _ANSWER.read(body)
    told = tell(answer)
    if told:
        return whole(told, answer.model, None)
    terms, extra = _durations(answer)
    return Reading(has_ended=True, written_bytes=_known_output(answer), model=answer.model, terms=terms, extra=extra)


def _known_output(answer: _Answer) -> int:
    """What was written, in bytes by which it is estimated right: its tokens are known, those of the prompt are not."""
    return _written(answer) if answer.eval_count is None else count(answer.eval_count) * BYTES_PER_TOKEN


def read_vectors(body: bytes) -> Reading:
    """What an answer with vectors says; that of the older ``/api/embeddings`` says nothing; raises `Unreadable`."""
    answer = _ANSWER.read(body)
    told = tell(answer)
    return whole(told, answer.model, None) if told else Reading(has_ended=True, model=answer.model)


class Lines(StreamReader):
    """Reads a stream of lines, whose last one has the counters."""

    framing = LINES
    telling = re.compile(rb'"done"\s*:\s*true')
    marks = (b"true",)

    def take(self, data: bytes) -> None:
        answer = _ANSWER.read(data)
        self.model = answer.model or self.model
        self._written_bytes += _written(answer)
        if answer.done is not True:
            return  # a tool was called with such an argument
        self.has_ended = True
        told = tell(answer)
        if told:
            self.learn(told, is_final=True)
            return
        self.terms, self.extra = _durations(answer)
        if answer.eval_count is not None:
            self._written_bytes = _known_output(answer)

    def written(self, data: bytes) -> int:
        if not data:
            return 0
        answer = _ANSWER.read(data)
        self.model = answer.model or self.model
        return _written(answer)

    def ending(self, message: str) -> bytes:
        return msgspec.json.encode({"error": sendable(message)}) + b"\n"


def refusal(_status: int, _code: str, message: str) -> dict[str, Any]:
    """Ollama's error shape (https://docs.ollama.com/api/errors)."""
    return {"error": message}


def _writing(endpoint_name: str) -> Endpoint:
    return Endpoint(endpoint_name, read_request, read_answer, Lines, framed={"ndjson": Lines})


_EMBED = Endpoint("embeddings", read_embed_request, read_vectors, Lines)
_KNOWN = openai_endpoints()
_ENDPOINTS = {
    "/api/chat": _writing("chat"),
    "/api/generate": _writing("generate"),
    "/api/embed": _EMBED,
    "/api/embeddings": _EMBED,
    **{f"/v1{path}": _KNOWN[path] for path in (CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS)},
    "/v1/messages": ANTHROPIC.endpoints["/v1/messages"],
}

OLLAMA = Provider(
    name="ollama",
    upstream="http://127.0.0.1:11434",
    refusal=refusal,
    endpoints={
        path: replace(endpoint, read_request=_knowing_where(endpoint.read_request))
        for path, endpoint in _ENDPOINTS.items()
    },
    free=frozenset(f"/api/{path}" for path in ("show", "pull", "push", "create", "copy", "blobs/*", "me", "signout")),
    is_local=True,
    base_urls={"OLLAMA_HOST": "", "OLLAMA_API_BASE": ""},
)
