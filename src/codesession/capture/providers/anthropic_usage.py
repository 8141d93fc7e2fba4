"""What do Anthropic's counters mean in tokens of ours?

https://docs.claude.com/en/api/messages and the types of the Python SDK (anthropic 2.14.0; read 2026-11-28). The four
classes of input are disjoint; `output_tokens` includes thinking. ``iterations`` tells the steps of which an answer is
made: those of the model itself are in the counters above them, what was spent to compact the conversation is not, nor
what an adviser, another model, read and wrote. Each of these is a request of its own, with its own length and price
(https://platform.claude.com/docs/en/build-with-claude/compaction and
https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool, read 2026-11-28).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from codesession.capture.providers.base import Answered, Beside, Told
from codesession.capture.providers.values import Unreadable, count, extras, part, storable, word
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_5M, _1H = "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"


def usage_of(counters: Mapping[str, Any]) -> Usage:
    """The `Usage` in Anthropic's counters, without what was consumed beside them.

    >>> usage_of({"input_tokens": 3, "cache_creation_input_tokens": 10, "output_tokens": 5,
    ...           "cache_creation": {"ephemeral_1h_input_tokens": 4, "ephemeral_5m_input_tokens": 6}})
    Usage(input=3, cache_write=6, cache_write_1h=4, output=5)

    Raises:
        Unreadable: a counter is not a count, or there is none.
    """
    if counters.get("input_tokens") is None and counters.get("output_tokens") is None:
        raise Unreadable("the usage says nothing of tokens")
    default, hour, other = _cache_writes(counters)
    output = count(counters.get("output_tokens"))
    thinking = min(output, count(part(counters, "output_tokens_details").get("thinking_tokens")))
    return Usage(
        input=count(counters.get("input_tokens")),
        cache_read=count(counters.get("cache_read_input_tokens")),
        cache_write=default,
        cache_write_1h=hour,
        cache_write_other=other,
        output=output - thinking,
        reasoning=thinking,
        web_searches=count(part(counters, "server_tool_use").get("web_search_requests")),
    )


def _cache_writes(counters: Mapping[str, Any]) -> tuple[int, int, int]:
    """Tokens written to the cache for five minutes, for an hour, and for any other time.

    What the split leaves out of the whole was written for the default time.
    """
    split = {key: count(value) for key, value in part(counters, "cache_creation").items() if key.endswith("_tokens")}
    told, hour = split.pop(_5M, 0), split.pop(_1H, 0)
    other = sum(split.values())
    whole = max(count(counters.get("cache_creation_input_tokens")), told + hour + other)
    return whole - hour - other, hour, other


_KNOWN = frozenset(
    {
        *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
        *(f"cache_creation.{time}" for time in (_5M, _1H)),
        *("output_tokens_details.thinking_tokens", "server_tool_use.web_search_requests"),
    }
)
"""What of the counters is in `Usage`."""


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What Anthropic's counters say, the terms among them; raises `Unreadable`."""
    tier = word(counters.get("service_tier"))
    place = word(counters.get("inference_geo"))
    terms = Terms(tier, word(counters.get("speed")), None if place == _NOWHERE else place, is_batch=tier == "batch")
    steps = islice(_steps(counters, "compaction", "advisor_message"), _MOST_BESIDE)
    beside = tuple(Beside(storable(step.get("model")) or answered.model, usage_of(step)) for step in steps)
    return Told(usage_of(counters), terms, extra=extras(counters, _KNOWN), beside=beside)


_MOST_BESIDE = 100
"""Requests of one answer that are kept each for itself; answers with compactions have one or two."""

_NOWHERE = "not_available"
"""What is said of the place by models that do not know it."""


def served_by(counters: Mapping[str, Any]) -> str | None:
    """The model that answered in the place of the one that was asked, where one did."""
    return next((storable(step.get("model")) for step in _steps(counters, "fallback_message")), None)


def _steps(counters: Mapping[str, Any], *kinds: str) -> Iterator[Mapping[str, Any]]:
    """The iterations of these kinds."""
    steps = counters.get("iterations")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and step.get("type") in kinds:
            yield step
