"""What is in a request to Gemini: which tool calls, and what that Google runs or fetches by itself?

https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Tool (read 2026-11-28). A field may be
written in camel case or with underscores (https://protobuf.dev/programming-guides/json/, read 2026-11-28).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.base import Asked
from codesession.capture.providers.conversations import NOTHING, Beyond, Lenient, any_elsewhere, odd
from codesession.capture.providers.traces import Made, Steps, trace
from codesession.capture.providers.values import Shape, limit, word
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLIENT_TOOLS = frozenset({"functionDeclarations", "function_declarations", "computerUse", "computer_use"})
"""The tools that the client runs; every other one Google runs by itself."""


class _Config(msgspec.Struct):
    maxOutputTokens: Any = None  # noqa: N815 - as it is written
    max_output_tokens: Any = None
    candidateCount: Any = None  # noqa: N815 - as it is written
    candidate_count: Any = None


class _Generate(msgspec.Struct):
    contents: list[msgspec.Raw] | None = None
    tools: list[dict[str, msgspec.Raw]] | None = None
    generationConfig: _Config | None = None  # noqa: N815 - as it is written
    generation_config: _Config | None = None
    cachedContent: Any = None  # noqa: N815 - as it is written
    cached_content: Any = None
    serviceTier: Any = None  # noqa: N815 - as it is written
    service_tier: Any = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets Google do and fetch, and what it shows of its loop."""
        is_served = any(tool not in _CLIENT_TOOLS for tools in self.tools or () for tool in tools)
        contents = self.contents or ()
        is_elsewhere = (
            is_served or bool(self.cachedContent or self.cached_content) or any_elsewhere(contents, _FILE, _is_file)
        )
        return Beyond(is_elsewhere, is_served, trace(body, _STEPS.of(contents)))


_FILE = re.compile(rb'"file(?:Data|_data)"')


def _is_file(part: dict[str, Any]) -> bool:
    """Whether a part is named by its address."""
    return "fileData" in part or "file_data" in part


_GENERATE = Lenient(_Generate)
_OBJECT = Shape(dict[str, msgspec.Raw])


def read_request(body: bytes) -> Asked:
    """What a request for content asks for; its model, and whether it is a stream, are in its path.

    The limit on what is written includes thoughts. Raises `Unreadable`.
    """
    request = _GENERATE.read(body)
    if request is None:
        _OBJECT.read(body)
        return Asked("(none)", False, None, False, *odd(body))
    config = request.generationConfig or request.generation_config or _Config()
    most = limit(_first(config.maxOutputTokens, config.max_output_tokens))
    answers = limit(_first(config.candidateCount, config.candidate_count)) or 1
    tier = word(_first(request.serviceTier, request.service_tier))
    return Asked("(none)", False, most and limit(most * answers), False, *request.beyond(body), Terms(tier))


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)


def read_unwriting_request(body: bytes) -> Asked:
    """What a request asks for in whose answer no tokens are written: embeddings, and what is billed by the picture."""
    _OBJECT.read(body)
    return Asked("(none)", streamed=False, max_output=0, trace=trace(body))


class _Call(msgspec.Struct):
    name: str | None = None
    args: msgspec.Raw = NOTHING
    response: msgspec.Raw = NOTHING


class _Part(msgspec.Struct):
    functionCall: _Call | None = None  # noqa: N815 - as it is written
    function_call: _Call | None = None
    functionResponse: _Call | None = None  # noqa: N815 - as it is written
    function_response: _Call | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


_CONTENT = msgspec.json.Decoder(_Content)


def _made(content: msgspec.Raw) -> Iterator[Made]:
    """The calls and results of one turn: of the same function, the results come in the order of the calls.

    Most clients send no ids, and those that do keep this order, too
    (https://ai.google.dev/gemini-api/docs/function-calling, read 2026-11-28).
    """
    seen: Counter[tuple[str, bool]] = Counter()
    for part in _CONTENT.decode(content).parts or ():
        called, came = part.functionCall or part.function_call, part.functionResponse or part.function_response
        told = called or came
        if told is None:
            continue
        tool = told.name or ""
        seen[tool, called is not None] += 1
        number = f"{tool} {seen[tool, called is not None]}"
        yield Made(number, tool, told.args) if called else Made(number, None, _result(told.response))


_WRAPPINGS = ("output", "result", "content")
"""Under what clients put what a function brought back: it must be an object (Gemini CLI: ``output``)."""


def _result(response: msgspec.Raw) -> msgspec.Raw:
    """What came back, out of the object it was wrapped in; of an error, that it was one."""
    found = msgspec.json.decode(response) if bytes(response) else None
    if not isinstance(found, dict) or len(found) != 1:
        return response
    key, value = next(iter(found.items()))
    if key == "error":
        return msgspec.Raw(msgspec.json.encode(f"Error: {value}"))
    return msgspec.Raw(msgspec.json.encode(value)) if key in _WRAPPINGS else response


_STEPS = Steps(_made)
