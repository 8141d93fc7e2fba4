"""How is a server metered that speaks OpenAI's API? With OpenAI's readers, and its own word for its counters.

Many providers and most local servers take OpenAI's requests at OpenAI's paths. What differs is told here: under which
prefixes they stand, whether a stream must be asked for its usage (``stream_options.include_usage``; a server that
always tells it may refuse the question), and what the counters mean (`Tell`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers import openai, openai_legacy, openai_responses, openai_usage
from codesession.capture.providers.base import Amendment, Answered, Asked, Endpoint, Provider, Reading, whole
from codesession.capture.providers.values import Shape, count, part, size

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from codesession.capture.providers.base import Tell
    from codesession.capture.providers.results import ResultsReader

    Results: TypeAlias = tuple[tuple[re.Pattern[str], Callable[[], ResultsReader]], ...]


class Counted(Answered):
    """A whole answer, or a chunk of one, and where its counters are."""

    def counters(self) -> dict[str, Any] | None:
        """What it says of its usage; None or empty: nothing."""
        return self.usage

    def is_last(self) -> bool:
        """Whether it says itself that nothing follows, for servers that end their streams without ``[DONE]``."""
        return False


def compatible(  # noqa: PLR0913 - each is one way in which servers differ, and has a default
    name: str,
    upstream: str | None = None,
    base_urls: Mapping[str, str] | None = None,
    *,
    tell: Tell = openai_usage.tell,
    answered: type[Counted] = Counted,
    paths: Iterable[str] | None = None,
    prefixes: Iterable[str] = ("", "/v1"),
    asks_usage: bool = True,
    is_local: bool = False,
    endpoints: Mapping[str, Endpoint] | None = None,
    results: Results = (),
    free: Iterable[str] = (),
    reaches: Iterable[str] = (),
    refusal: Callable[[int, str, str], dict[str, Any]] = openai.refusal,
) -> Provider:
    """A provider that speaks OpenAI's API.

    Args:
        name: by which it is called in the ledger, and in the proxy's paths.
        upstream: where it is; None where only the user knows.
        base_urls: environment variables by which clients take its base URL, each with the path they expect.
        tell: understands its counters.
        answered: what is read of its answers, where it says more, or elsewhere, than OpenAI.
        paths: which of OpenAI's paths it has (`PATHS`), all if None.
        prefixes: what those paths, and those of `free`, stand behind.
        asks_usage: whether a stream tells its usage only when asked with ``include_usage``, and may be asked.
        is_local: whether it runs on the user's own machine.
        endpoints: metered paths of its own, whole; they go before `paths`.
        results: paths where what a batch has come to is fetched.
        free: patterns of unmetered paths of POST that cost nothing.
        reaches: fields of a request by which the provider is let loose: to search, or to run tools of its own.
        refusal: its own error shape.
    """
    known = openai_endpoints(tell, answered, asks_usage=asks_usage, reaches=tuple(reaches))
    before = tuple(prefixes)
    return Provider(
        name=name,
        upstream=upstream,
        refusal=refusal,
        endpoints={prefix + path: known[path] for prefix in before for path in (PATHS if paths is None else paths)}
        | dict(endpoints or {}),
        free=frozenset(prefix + path for prefix in before for path in free),
        results=results,
        is_local=is_local,
        base_urls=base_urls or {},
    )


CHAT, COMPLETIONS, RESPONSES = "/chat/completions", "/completions", "/responses"
EMBEDDINGS, RERANK = "/embeddings", "/rerank"
PATHS = (CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS, RERANK)
"""What a compatible server may have."""


def openai_endpoints(
    tell: Tell = openai_usage.tell,
    answered: type[Counted] = Counted,
    *,
    asks_usage: bool = True,
    reaches: tuple[str, ...] = (),
) -> dict[str, Endpoint]:
    """The endpoints at `PATHS` of a server whose counters `tell` understands; see `compatible`."""
    amendment = Amendment(openai.with_usage_asked, openai.UsageChunkFilter) if asks_usage else None
    shape = Shape(answered)
    read_answer, chunks = counted_reader(tell, shape), partial(ChunkStream, tell, shape)
    read_chat: Callable[[bytes], Asked] = openai.read_request
    read_completions: Callable[[bytes], Asked] = openai_legacy.read_completion_request
    if not asks_usage:
        read_chat, read_completions = _always_told(read_chat), _always_told(read_completions)
    read_responses: Callable[[bytes], Asked] = openai.read_responses_request
    if reaches:
        read_chat, read_responses = reaching(read_chat, *reaches), reaching(read_responses, *reaches)
    only_read = prompt_reader(tell, shape)
    return {
        CHAT: Endpoint("chat", read_chat, read_answer, chunks, amendment),
        COMPLETIONS: Endpoint("completions", read_completions, read_answer, chunks, amendment),
        RESPONSES: Endpoint("responses", read_responses, read_answer, partial(openai_responses.ResponsesStream, tell)),
        EMBEDDINGS: Endpoint("embeddings", openai.read_embeddings_request, only_read, chunks),
        RERANK: Endpoint("rerank", openai.read_embeddings_request, only_read, chunks),
    }


def _always_told(read: Callable[[bytes], Asked]) -> Callable[[bytes], Asked]:
    """Reads requests to a server whose streams tell their usage unasked."""

    def read_request(body: bytes) -> Asked:
        return replace(read(body), lacks_usage=False)

    return read_request


def reaching(read: Callable[[bytes], Asked], *fields: str) -> Callable[[bytes], Asked]:
    """Reads requests to a provider that goes on by itself, and reads elsewhere, where one of `fields` is set."""
    marks = tuple(f'"{field}"'.encode() for field in fields)

    def read_request(body: bytes) -> Asked:
        asked = read(body)
        if any(mark in body for mark in marks):
            told = _FIELDS.read(body)
            if any(bytes(told.get(field, _NULL)) not in _NOTHING for field in fields):
                return replace(asked, reads_elsewhere=True, is_unbounded=True)
        return asked

    return read_request


def reaching_always(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose provider goes on by itself, and reads elsewhere, whatever it is asked."""

    def read_request(body: bytes) -> Asked:
        return replace(endpoint.read_request(body), reads_elsewhere=True, is_unbounded=True)

    return replace(endpoint, read_request=read_request)


_FIELDS = Shape(dict[str, msgspec.Raw])
_NULL = msgspec.Raw(b"null")
_NOTHING = (b"null", b"false", b"[]", b"{}")


def counted_reader(tell: Tell, shape: Shape[Counted]) -> Callable[[bytes], Reading]:
    """Reads whole JSON answers in which a model writes. Raises `Unreadable`."""

    def read_answer(body: bytes) -> Reading:
        answer = shape.read(body)
        counters = answer.counters()
        if not counters:
            return Reading(has_ended=True, written_bytes=len(body), model=answer.model, response_id=answer.id)
        return whole(tell(counters, answer), answer.model, answer.id)

    return read_answer


def prompt_reader(tell: Tell, shape: Shape[Counted] | None = None) -> Callable[[bytes], Reading]:
    """Reads answers of what only reads: nothing was written, and all the tokens that are told were read."""
    counted = shape or _COUNTED

    def read_answer(body: bytes) -> Reading:
        if body.lstrip()[:1] == b"[":
            return Reading(has_ended=True)  # scores or vectors and nothing else, as text-embeddings-inference writes
        answer = counted.read(body)
        counters = answer.counters()
        if not counters:
            return Reading(has_ended=True, model=answer.model, response_id=answer.id)
        return whole(tell(_as_prompt(counters), answer), answer.model, answer.id)

    return read_answer


_COUNTED = Shape(Counted)


def _as_prompt(counters: dict[str, Any]) -> dict[str, Any]:
    """The counters, with a total that stands alone as what was read (Jina, Voyage and vLLM tell no more).

    >>> _as_prompt({"total_tokens": 26})
    {'total_tokens': 26, 'prompt_tokens': 26}
    """
    alone = all(counters.get(side) is None for side in ("prompt_tokens", "input_tokens"))
    total = counters.get("total_tokens")
    return {**counters, "prompt_tokens": total} if alone and total is not None else counters


def without(counters: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The counters but those of `names`."""
    return {key: value for key, value in counters.items() if key not in names}


def with_cached(counters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A chat's counters with what was cached among the details of the prompt, where only `key` beside them tells it.

    >>> with_cached({"prompt_tokens": 10, "cached": 8}, "cached")
    {'prompt_tokens': 10, 'prompt_tokens_details': {'cached_tokens': 8}}
    """
    told, plain = counters.get(key), without(counters, key)
    details = part(counters, "prompt_tokens_details")
    if told is None or details.get("cached_tokens") is not None:
        return plain
    return {**plain, "prompt_tokens_details": {**details, "cached_tokens": told}}


def with_reasoning_inside(counters: Mapping[str, Any]) -> dict[str, Any]:
    """A chat's counters with the reasoning counted inside the completion, where they have it beside.

    Which it is, their total tells; without one it is taken to be beside, which is never too little.

    >>> with_reasoning_inside({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 17,
    ...                        "completion_tokens_details": {"reasoning_tokens": 5}})["completion_tokens"]
    7
    """
    told = dict(counters)
    reasoning = part(counters, "completion_tokens_details").get("reasoning_tokens")
    if reasoning is None or "completion_tokens" not in counters:
        return told
    read, wrote, total = (counters.get(f"{key}_tokens") for key in ("prompt", "completion", "total"))
    if total is None or count(total) != count(read) + count(wrote):
        told["completion_tokens"] = count(wrote) + count(reasoning)
    return told


class _Choice(msgspec.Struct):
    delta: Any = None
    text: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None


_CHUNK = Shape(_Chunk)
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
"""What of a delta is text; ``reasoning`` is what OpenRouter, Groq, vLLM and Ollama call thinking."""


class ChunkStream(openai.ChatStream):
    """Reads a stream of chat or completion chunks, however a server writes what the model thinks and says."""

    def __init__(self, tell: Tell = openai_usage.tell, shape: Shape[Counted] = _COUNTED) -> None:
        """`tell` understands the counters of a chunk, which has that `shape`."""
        super().__init__(tell)
        self._counted = tell
        self._shape = shape

    def take(self, data: bytes) -> None:
        if not data:
            return
        if data == b"[DONE]":
            self._end()
            return
        chunk = self._shape.read(data)
        self.model, self.response_id = chunk.model or self.model, chunk.id or self.response_id
        self._written_bytes += self.written(data)
        if counters := chunk.counters():
            self.learn(self._counted(counters, chunk), is_final=openai.is_usage_chunk(data))
        if chunk.is_last():
            self._end()

    def _end(self) -> None:
        self.has_ended = True
        self.is_final = self.usage is not None

    def written(self, data: bytes) -> int:
        if not data or data == b"[DONE]":
            return 0
        if self.response_id is None:
            chunk = self._shape.read(data)
            self.model, self.response_id = chunk.model or self.model, chunk.id or self.response_id
        total = 0
        for choice in _CHUNK.read(data).choices or ():
            delta = choice.delta if isinstance(choice.delta, dict) else {}
            total += sum(written_in(delta.get(key)) for key in _TEXTS)
            calls = delta.get("tool_calls")
            total += written_in(choice.text)
            total += sum(written_in(_arguments(call)) for call in calls) if isinstance(calls, list) else 0
        return total


def written_in(text: object) -> int:
    """Bytes of a text, or of the texts in the blocks that Mistral writes in its place while a model thinks.

    >>> written_in([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, "ok"])
    4
    """
    total, waiting = 0, [text]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            total += size(one)
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += [one.get("text"), one.get("thinking")]
    return total


def _arguments(call: object) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    return function.get("arguments") if isinstance(function, dict) else None
