"""What do Amazon Bedrock's counters mean in tokens of ours?

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html (read 2026-11-28). Converse counts the same
for every model: what was read from a cache, or written to it, is beside the input. What a model answers that is invoked
is in its maker's own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import anthropic_usage, openai_usage
from codesession.capture.providers.base import Answered, Told
from codesession.capture.providers.values import Unreadable, count, either, extras, part, word
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ = ("inputTokens", "inputTokenCount")
_WROTE = ("outputTokens", "outputTokenCount")
_CACHE_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_CACHE_WRITE = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
_DEFAULT_TTL, _HOUR = "5m", "1h"
_TIMES = ("invocationLatency", "firstByteLatency")
_KNOWN = frozenset((*_READ, *_WROTE, *_CACHE_READ, *_CACHE_WRITE, *_TIMES, "totalTokens"))
"""What of the counters is in `Usage`, follows from it, or is no consumption."""


def usage_of(counters: Mapping[str, Any]) -> Usage:
    """The `Usage` in the counters of Converse, or of ``amazon-bedrock-invocationMetrics``.

    >>> usage_of({"inputTokens": 10, "outputTokens": 5, "totalTokens": 115, "cacheWriteInputTokens": 100,
    ...           "cacheDetails": [{"ttl": "1h", "inputTokens": 60}]})
    Usage(input=10, cache_write=40, cache_write_1h=60, output=5)

    Raises:
        Unreadable: a counter is not a count, there is none, or the parts are more than the whole.
    """
    if all(either(counters, *names) is None for names in (_READ, _WROTE)):
        raise Unreadable("the usage says nothing of tokens")
    written = count(either(counters, *_CACHE_WRITE))
    told = {_HOUR: 0, _DEFAULT_TTL: 0, "": 0}
    details = counters.get("cacheDetails")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict):
            ttl = one.get("ttl")
            told[ttl if ttl in (_HOUR, _DEFAULT_TTL) else ""] += count(one.get("inputTokens"))
    if written < sum(told.values()):
        raise Unreadable("the parts of what was written to the cache are more than the whole")
    return Usage(
        input=count(either(counters, *_READ)),
        cache_read=count(either(counters, *_CACHE_READ)),
        cache_write=written - told[_HOUR] - told[""],
        cache_write_1h=told[_HOUR],
        cache_write_other=told[""],
        output=count(either(counters, *_WROTE)),
    )


def tell(counters: Mapping[str, Any], service_tier: object = None) -> Told:
    """What such counters say; the tier is an object with a ``type``. Raises `Unreadable`."""
    tier = word(service_tier.get("type")) if isinstance(service_tier, dict) else None
    return Told(usage_of(counters), Terms(tier), extra=extras(counters, _KNOWN))


def tell_invoked(answer: Mapping[str, Any]) -> Told | None:
    """What the answer of a model that was invoked says, whoever made it; None where it says nothing.

    Raises:
        Unreadable: it is no usage.
    """
    counters = part(answer, "usage")
    if counters.get("input_tokens") is not None:
        return anthropic_usage.tell(counters, Answered(model=word(answer.get("model"))))
    if counters.get("prompt_tokens") is not None:
        return openai_usage.tell(counters, Answered())
    if counters:
        return tell(counters)
    told = {ours: answer.get(theirs) for theirs, ours in _FLAT.items() if answer.get(theirs) is not None}
    return tell(told) if told else None


_FLAT = {
    "prompt_token_count": "inputTokens",
    "generation_token_count": "outputTokens",
    "inputTextTokenCount": "inputTokens",
}
"""Counts that stand beside the answer itself: of Llama, and of Titan's embeddings."""
