"""What do Gemini's counters mean in tokens of ours?

https://ai.google.dev/api/generate-content#UsageMetadata and the types of the Python SDK (google-genai 3.6.1; read
2026-11-28). What was read from a cache is inside the prompt; what tools brought in is beside it, and billed as input;
thoughts are beside the candidates. A count that is 0 is left out. The details split a count by what the tokens stand
for: documents are billed as text, and so is what is not named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.capture.providers.base import Told
from codesession.capture.providers.values import Unreadable, count, extras, word
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model.terms import Extra


class _Split(NamedTuple):
    """Tokens that are not text."""

    audio: int = 0
    image: int = 0
    video: int = 0

    @property
    def all(self) -> int:
        return self.audio + self.image + self.video


def usage_of(counters: Mapping[str, Any], web_searches: int = 0) -> Usage:
    """The `Usage` in Gemini's counters, with so many searches of the web.

    >>> usage_of({"promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 7,
    ...           "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 157,
    ...           "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}, {"modality": "TEXT"}]})
    Usage(input=37, cache_read=60, input_audio=10, output=30, reasoning=20)

    Raises:
        Unreadable: a counter is not a count, there is none, or the parts are more than the whole.
    """
    if all(counters.get(name) is None for name in (*_COUNTS, "totalTokenCount")):
        raise Unreadable("the usage says nothing of tokens")
    prompt, cached, tools, wrote, thought = (count(counters.get(name)) for name in _COUNTS)
    details = counters.get("promptTokensDetails") or counters.get("promptTokenDetails")  # the latter of embeddings
    read = _split(details)
    kept = _kept(counters, read, cached - (prompt - read.all))
    brought, written = (
        _split(counters.get("toolUsePromptTokensDetails")),
        _split(counters.get("candidatesTokensDetails")),
    )
    if thought and counters.get("totalTokenCount") == prompt + tools + wrote:
        wrote -= thought  # of some models the candidates are told with their thoughts
    usage = Usage(
        input=(prompt - cached) - (read.all - kept.all) + tools - brought.all,
        cache_read=cached - kept.audio - kept.image,
        input_audio=read.audio - kept.audio + brought.audio,
        cache_read_audio=kept.audio,
        input_image=read.image - kept.image + brought.image,
        cache_read_image=kept.image,
        input_video=read.video - kept.video + brought.video,
        output=wrote - written.all,
        reasoning=thought,
        output_audio=written.audio,
        output_image=written.image,
        output_video=written.video,
        web_searches=web_searches,
    )
    parts = (usage.input, usage.cache_read, usage.input_audio, usage.input_image, usage.input_video, usage.output)
    if min(parts) < 0 or cached > prompt:
        raise Unreadable("the parts of the usage are more than the whole")
    return usage


_COUNTS = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "toolUsePromptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
)

_KNOWN = frozenset({*_COUNTS, "totalTokenCount"})
"""What of the counters is in `Usage`, or follows from it."""


def _split(details: object) -> _Split:
    """What is not text in a split by modality (or, of interactions, in their words)."""
    found = {"audio": 0, "image": 0, "video": 0}
    for part in details if isinstance(details, list) else ():
        kind = str(part.get("modality")).lower() if isinstance(part, dict) else ""
        if kind in found:
            found[kind] += count(part.get("tokenCount", part.get("tokens")))
    return _Split(**found)


def _kept(counters: Mapping[str, Any], read: _Split, beyond_text: int) -> _Split:
    """What of the cached tokens is not text; where that is not told, text is taken to be cached first."""
    if counters.get("cacheTokensDetails"):
        return _split(counters["cacheTokensDetails"])
    image = min(read.image, max(0, beyond_text))
    video = min(read.video, max(0, beyond_text - image))
    return _Split(max(0, beyond_text - image - video), image, video)


class Grounding:
    """What an answer says of the searches that it stands on; its chunks may tell the same again."""

    def __init__(self) -> None:
        self._queries: set[str] = set()
        self._uses_maps = False

    def take(self, metadata: Mapping[str, Any]) -> None:
        """Take a candidate's ``groundingMetadata``."""
        for key in ("webSearchQueries", "imageSearchQueries"):
            queries = metadata.get(key)
            self._queries.update(str(query) for query in queries if query) if isinstance(queries, list) else None
        chunks = metadata.get("groundingChunks")
        self._uses_maps |= isinstance(chunks, list) and any(isinstance(one, dict) and "maps" in one for one in chunks)

    def searches(self, model: str | None) -> int:
        """How many searches Google bills for an answer of `model`."""
        return billed_searches(len(self._queries), model)

    def extra(self) -> Extra:
        """What has no field: whether Google Maps was used, which has a fee of its own."""
        return (("groundingMetadata.maps", 1),) if self._uses_maps else ()


def billed_searches(queries: int, model: str | None) -> int:
    """How many searches are billed when so many different queries were made.

    Up to Gemini 2.5 a prompt that was grounded is billed, since Gemini 3 each query; empty ones do not count
    (https://ai.google.dev/gemini-api/docs/google-search#pricing, read 2026-11-28).

    >>> billed_searches(3, "gemini-2.5-flash"), billed_searches(3, "gemini-3-pro-preview"), billed_searches(0, None)
    (1, 3, 0)
    """
    generation = _GENERATION.match(model or "")
    return min(queries, 1) if generation and int(generation[1]) <= _LAST_BY_PROMPT else queries


_GENERATION = re.compile(r"(?:models/)?gemini-(\d{1,3})(?!\d)")
_LAST_BY_PROMPT = 2


def tell(counters: Mapping[str, Any], model: str | None, grounding: Grounding) -> Told:
    """What Gemini's counters say, with the tier that they name; raises `Unreadable`.

    The tier is ``serviceTier`` at Google's own API, and ``trafficType`` in its cloud.
    """
    tier = word(counters.get("serviceTier")) or word(counters.get("trafficType"))
    return Told(
        usage_of(counters, grounding.searches(model)),
        Terms(tier),
        extra=extras(counters, _KNOWN) + grounding.extra(),
    )
