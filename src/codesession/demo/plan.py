"""What will be answered to this request? Decided from its bytes and its script alone, so the same twice."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from codesession.demo.script import DEFAULT
from codesession.model import REQUESTS, USAGE_FIELDS, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.demo.batches import Row
    from codesession.demo.script import Script
    from codesession.demo.shapes import Endpoint

_BYTES_PER_TOKEN = 4
_MADE_UP_LIMIT = 65_536
"""bytes of made up text for a scripted output, however many tokens it is said to have"""
_MADE_UP_NANOS = 1_000
"""what a token costs where the provider tells the cost and the script does not"""
_DOCUMENTS_PER_SEARCH = 100
"""https://cohere.com/pricing (read 2026-11-28): a search unit is one query with up to 100 documents"""

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "num_predict")

READ = tuple(name for name in USAGE_FIELDS if name.startswith(("input", "cache")))
"""The classes of what a model reads."""
_WRITTEN_BY_AND_BY = tuple(name for name in USAGE_FIELDS if name.startswith("output"))
_ONCE_WRITING = ("reasoning", *sorted(REQUESTS))

ANSWERS = (
    "I read the request and the two files it names. The failing test expects a naïve date; I made it aware.",
    "Done: the parser now accepts empty input, and the new test says so. Nothing else changed.",
    "The cause is a cache that outlives its owner: it is now cleared on exit. All 42 tests pass ✓",
    "I moved the retry into one place. The café example in the README runs again.",
)
_WORDS = ("the ", "call ", "was ", "read ", "and ", "priced ", "before ", "its ", "answer ", "left ", "home ")

_DATED = {
    # the snapshot that answers for an alias; the names are those in the model lists of the openai 3.54.0 and
    # anthropic 2.12.0 SDKs and of genai-prices 0.2.3
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-opus-4-0": "claude-opus-4-20250514",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer, before it has a shape on a wire."""

    id: str
    """hexadecimal and unlike any other plan's: the ids in the answer are made of it"""
    body: Mapping[str, Any]
    script: Script
    model_asked: str
    model: str
    streamed: bool
    deltas: Sequence[str]
    usage: Usage
    is_truncated: bool
    """whether the answer was ended by the request's own output limit"""
    rows: Sequence[Row] = ()
    """the requests of the batch that this is about"""
    content: bytes | None = None
    """the file that this is about, as it was uploaded"""

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.deltas)

    def usage_after(self, deltas: int) -> Usage:
        """What is billed when writing stopped after so many of the deltas: hidden thinking precedes the first."""
        if deltas >= len(self.deltas):
            return self.usage
        planned = self.usage
        share = {name: -(-getattr(planned, name) * deltas // len(self.deltas)) for name in _WRITTEN_BY_AND_BY}
        begun = {name: getattr(planned, name) for name in _ONCE_WRITING} if deltas else {}
        return Usage(**{name: getattr(planned, name) for name in READ}, **share, **begun)

    @property
    def cost_nanos(self) -> int:
        """What the whole answer cost, in nano-dollars, for wires that say so."""
        told = self.script.cost_nanos
        return self.usage.tokens * _MADE_UP_NANOS if told is None else told


def plan(plan_id: str, raw: bytes, body: Mapping[str, Any], script: Script, endpoint: Endpoint) -> Plan:
    """The answer of `endpoint` to the request `body`, whose bytes are `raw`, following `script`."""
    asked = str(body.get("model", ""))
    writes = endpoint.writes
    deltas = _deltas(script, raw) if writes else ()
    output, is_truncated = _output(script, deltas, _max_output(body)) if writes else (script.output or 0, False)
    return Plan(
        id=plan_id,
        body=body,
        script=script,
        model_asked=asked,
        model=script.model or _DATED.get(asked, asked),
        streamed=endpoint.is_streamed(body),
        deltas=deltas,
        usage=Usage() if script.seconds is not None else _usage(script, raw, body, output, endpoint.says),
        is_truncated=is_truncated,
    )


def _usage(script: Script, raw: bytes, body: Mapping[str, Any], output: int, says: frozenset[str]) -> Usage:
    """What the script says, and what it leaves open as far as the wire has words for it."""
    made_up = max(1, len(raw) // _BYTES_PER_TOKEN) if "input" in says else 0
    documents = body.get("documents")
    count = len(documents) if isinstance(documents, list) and "rerank_searches" in says else 0
    known = {"input": made_up, "output": output, "rerank_searches": -(-count // _DOCUMENTS_PER_SEARCH)}
    if script is DEFAULT:
        return Usage(**known)
    told = {name: amount for name in USAGE_FIELDS if (amount := getattr(script, name)) is not None}
    return Usage(**{**known, **told, "output": output})


def _max_output(body: Mapping[str, Any]) -> int | None:
    for part in (body, body.get("generationConfig"), body.get("options")):
        for name in _LIMITS:
            limit = part.get(name) if isinstance(part, dict) else None
            if isinstance(limit, int):
                return limit
    return None


def _output(script: Script, deltas: Sequence[str], limit: int | None) -> tuple[int, bool]:
    """Visible tokens, and whether the limit ended them; a scripted number stands, whatever the limit."""
    if script.output is not None:
        return script.output, False
    tokens = _tokens(tuple(deltas))
    if limit is not None and tokens > limit:
        return limit, True
    return tokens, False


@lru_cache(maxsize=16)
def _tokens(deltas: tuple[str, ...]) -> int:
    return -(-sum(len(delta.encode()) for delta in deltas) // _BYTES_PER_TOKEN)


def _deltas(script: Script, raw: bytes) -> tuple[str, ...]:
    if script.text is not None:
        return cut(script.text, script.events)
    if script.size is not None:
        return _made_up(script.size, script.events)
    if script.events is not None:
        return _words(script.events)
    if script.output is not None:
        return _made_up(min(script.output * _BYTES_PER_TOKEN, _MADE_UP_LIMIT), None)
    return cut(ANSWERS[zlib.crc32(raw) % len(ANSWERS)], None)


@lru_cache(maxsize=16)
def _words(count: int) -> tuple[str, ...]:
    return tuple(islice(cycle(_WORDS), count))


@lru_cache(maxsize=16)
def _made_up(size: int, events: int | None) -> tuple[str, ...]:
    line = "".join(_WORDS)
    return cut((line * (size // len(line) + 1))[:size], events)


@lru_cache(maxsize=16)
def cut(text: str, events: int | None) -> tuple[str, ...]:
    """`text` in so many pieces; unless told, of about a token each, longer ones when there would be too many.

    >>> cut("hello world", 2)
    ('hello', ' world')
    """
    count = max(1, min(len(text) // 5, 512), len(text) // 1024) if events is None else events
    return tuple(text[i * len(text) // count : (i + 1) * len(text) // count] for i in range(count))
