"""What does a llama.cpp server say of a call? What was in its cache, what it read and wrote, and how long that took.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md and `to_json_oaicompat_chat_stream` in its
``server-task.cpp`` (read 2026-11-28). ``timings`` stands beside the usage, and at the end of every stream, whether or
not it was asked for its usage: so it never is, since what it then tells would be kept from a client that reads timings.
The prompt is ``cache_n`` and ``prompt_n``. Below ``/v1`` it speaks like OpenAI, and Anthropic;
``/completion``, ``/completions`` and ``/infill`` are its own, whose last event has ``stop`` and the counters; for
several prompts there are as many. ``/embedding`` and ``/embeddings`` answer vectors and nothing else.

A llamafile is such a server (https://github.com/mozilla-ai/llamafile): litellm calls it by ``LLAMAFILE_API_BASE``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.base import Asked, Endpoint, Reading, Told, whole
from codesession.capture.providers.compatible import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    RERANK,
    RESPONSES,
    ChunkStream,
    Counted,
    compatible,
    openai_endpoints,
)
from codesession.capture.providers.openai_refusal import refusal_event
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, Unreadable, count, extras, is_number, limit, name, part, size
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered
    from codesession.model.terms import Extra


class _Timed(Counted):
    timings: Any = None

    def counters(self) -> dict[str, Any] | None:
        """Its usage, or what its timings say of one; raises `Unreadable`."""
        if self.usage or not isinstance(self.timings, dict) or "prompt_n" not in self.timings:
            return self.usage
        cached = count(self.timings.get("cache_n"))
        return {
            "prompt_tokens": count(self.timings["prompt_n"]) + cached,
            "completion_tokens": count(self.timings.get("predicted_n")),
            "prompt_tokens_details": {"cached_tokens": cached},
        }


class TimedStream(ChunkStream):
    """Reads a stream of chunks, of which some have timings."""

    telling = re.compile(rb'"(?:usage|timings)"\s*:\s*\{|\[DONE\]')
    marks = (b'"usage"', b'"timings"', b"[DONE]")  # type: ignore[assignment]  # there are more of them


_IN_USAGE = frozenset({"timings.cache_n", "timings.prompt_n", "timings.predicted_n"})


def _timed(timings: object) -> tuple[int | None, Extra]:
    """How long it took, in milliseconds, and what else its timings say."""
    known = part({"timings": timings}, "timings")
    parts = [known.get(key) for key in ("prompt_ms", "predicted_ms")]
    took = sum(value for value in parts if isinstance(value, int | float) and is_number(value))
    is_known = any(is_number(value) for value in parts) and took >= 0
    return round(took) if is_known else None, extras({"timings": known}, _IN_USAGE)


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What a server's counters say, with the timings beside them.

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    told = openai_usage.tell(counters, answered)
    took_ms, extra = _timed(getattr(answered, "timings", None))
    return told._replace(terms=Terms(told.terms.service_tier, took_ms=took_ms), extra=told.extra + extra)


class _Request(msgspec.Struct):
    model: Any = None
    prompt: Any = None
    stream: Any = None
    n_predict: Any = None
    max_tokens: Any = None


class _Completion(msgspec.Struct):
    content: str | None = None
    model: str | None = None
    stop: Any = None
    tokens_evaluated: Any = None
    tokens_predicted: Any = None
    timings: Any = None


_REQUEST = Shape(_Request)
_COMPLETION = Shape(_Completion)
_COMPLETIONS = Shape[list[_Completion]](list[_Completion])


def read_request(body: bytes) -> Asked:
    """What a request for a completion asks for, in llama.cpp's own words."""
    request = _REQUEST.read(body)
    told = (limit(request.n_predict), limit(request.max_tokens))
    most = next((most for most in told if most is not None), None)
    prompts = request.prompt if isinstance(request.prompt, list) else ()
    most = most and limit(most * max(1, sum(isinstance(prompt, str | list | dict) for prompt in prompts)))
    return Asked(name(request.model), request.stream is True, most, trace=trace(body))


def tell_completion(completion: _Completion) -> Told:
    """What a completion, or the last event of a stream, says; raises `Unreadable`."""
    if completion.tokens_evaluated is None and completion.tokens_predicted is None:
        raise Unreadable("the completion says nothing of tokens")
    read = count(completion.tokens_evaluated)
    cached = count(part({"timings": completion.timings}, "timings").get("cache_n"))
    if cached > read:
        raise Unreadable("the parts of the usage are more than the whole")
    took_ms, extra = _timed(completion.timings)
    wrote = count(completion.tokens_predicted)
    return Told(Usage(input=read - cached, cache_read=cached, output=wrote), Terms(took_ms=took_ms), extra=extra)


def read_completion(body: bytes) -> Reading:
    """What a whole answer says: one completion, or one for each of several prompts; raises `Unreadable`."""
    is_several = body.lstrip()[:1] == b"["
    completions = _COMPLETIONS.read(body) if is_several else [_COMPLETION.read(body)]
    told = [tell_completion(completion) for completion in completions]
    if not told:
        raise Unreadable("there is no completion")
    usage = sum((one.usage for one in told), Usage())
    return whole(told[-1]._replace(usage=usage), completions[-1].model, None)


class CompletionStream(StreamReader):
    """Reads a stream of a completion, or of several at once, each of which ends by itself."""

    telling = re.compile(rb'"stop"\s*:\s*true')
    marks = (b"true",)

    def take(self, data: bytes) -> None:
        if not data:
            return
        completion = _COMPLETION.read(data)
        self.model = completion.model or self.model
        self._written_bytes += size(completion.content)
        if completion.stop is not True:
            return
        self.has_ended = True
        told = tell_completion(completion)
        self.learn(told._replace(usage=told.usage + (self.usage or Usage())), is_final=True)

    def written(self, data: bytes) -> int:
        return size(_COMPLETION.read(data).content) if b'"content"' in data else 0

    def ending(self, message: str) -> bytes:
        return refusal_event(message)


_KNOWN = openai_endpoints(tell, _Timed, asks_usage=False)
_CHAT, _COMPLETED = (
    replace(_KNOWN[path], stream_reader=partial(TimedStream, tell, Shape(_Timed))) for path in (CHAT, COMPLETIONS)
)
_OWN = Endpoint("completions", read_request, read_completion, CompletionStream)

LLAMACPP = compatible(
    "llamacpp",
    "http://127.0.0.1:8080",
    {"LLAMAFILE_API_BASE": "/v1"},
    tell=tell,
    answered=_Timed,
    paths=(RESPONSES, EMBEDDINGS),
    prefixes=("/v1",),
    is_local=True,
    endpoints={
        CHAT: _CHAT,
        f"/v1{CHAT}": _CHAT,
        f"/v1{COMPLETIONS}": _COMPLETED,
        **dict.fromkeys(("/completion", COMPLETIONS, "/infill"), _OWN),
        **dict.fromkeys(("/embedding", EMBEDDINGS), _KNOWN[EMBEDDINGS]),
        **{f"{version}{path}": _KNOWN[RERANK] for version in ("", "/v1") for path in (RERANK, "/reranking")},
        "/v1/messages": ANTHROPIC.endpoints["/v1/messages"],
    },
)
