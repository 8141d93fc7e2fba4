"""What do OpenAI's counters say? Each of its APIs counts the same tokens, in words of its own.

Cached, cache-writing, audio and image tokens are counted *inside* the input, reasoning, audio and image tokens inside
the output; here each token is in one class. Of what was cached the modality is told only by some
(``cached_tokens_details``); otherwise text is taken to be cached first, then images, then audio.

The names are those of the Python SDK's types (``openai`` 3.57.0: `CompletionUsage`, `ResponseUsage`, `ImagesResponse`,
`Transcription`; https://github.com/openai/openai-python), read 2026-11-28. There a cache's default time is 30 minutes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.capture.providers.base import Answered, Told
from codesession.capture.providers.openai_request import SEARCHES
from codesession.capture.providers.values import Unreadable, count, either, extras, is_number, part, word
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ = ("prompt_tokens", "input_tokens")
_WROTE = ("completion_tokens", "output_tokens")
_READ_PARTS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_WROTE_PARTS = ("completion_tokens_details", "output_tokens_details", "output_token_details")


class _Modalities(NamedTuple):
    """Tokens by what they stand for."""

    text: int
    image: int
    audio: int

    def less(self, taken: _Modalities) -> _Modalities:
        """What is left.

        Raises:
            Unreadable: more is taken of something than there is.
        """
        left = _Modalities(self.text - taken.text, self.image - taken.image, self.audio - taken.audio)
        if min(left) < 0:
            raise Unreadable("the parts of the usage are more than the whole")
        return left

    def first(self, many: int) -> _Modalities:
        """So many of them: text first, then images, then audio.

        Raises:
            Unreadable: there are not as many.
        """
        if many > sum(self):
            raise Unreadable("the parts of the usage are more than the whole")
        text = min(self.text, many)
        image = min(self.image, many - text)
        return _Modalities(text, image, many - text - image)


def usage_of(counters: Mapping[str, Any]) -> Usage:
    """The `Usage` in OpenAI's counters, of either generation (``prompt_tokens`` or ``input_tokens``).

    >>> usage_of({"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
    ...           "prompt_tokens_details": {"cached_tokens": 60},
    ...           "completion_tokens_details": {"reasoning_tokens": 20}})
    Usage(input=40, cache_read=60, output=10, reasoning=20)

    Raises:
        Unreadable: a counter is not a count, there is none, or the parts are more than the whole.
    """
    told_read, told_wrote = either(counters, *_READ), either(counters, *_WROTE)
    if told_read is None and told_wrote is None:
        raise Unreadable("the usage says nothing of tokens read or written")
    return _read(count(told_read), _parts(counters, _READ_PARTS)) + _written(
        count(told_wrote), _parts(counters, _WROTE_PARTS)
    )


def _read(read: int, parts: Mapping[str, Any]) -> Usage:
    """What was read, each token in one class."""
    audio, image = count(parts.get("audio_tokens")), count(parts.get("image_tokens"))
    whole = _Modalities(read, image, audio).less(_Modalities(image + audio, 0, 0))
    cached = _cached(whole, parts)
    default, hour, other = _cache_writes(parts)
    fresh = whole.less(cached)
    fresh = fresh.less(fresh.first(default + hour + other))
    return Usage(
        input=fresh.text,
        cache_read=cached.text,
        cache_write=default,
        cache_write_1h=hour,
        cache_write_other=other,
        input_audio=fresh.audio,
        cache_read_audio=cached.audio,
        input_image=fresh.image,
        cache_read_image=cached.image,
    )


def _cached(whole: _Modalities, parts: Mapping[str, Any]) -> _Modalities:
    """What of the input was cached; of what its modality is not told for, text first."""
    details = part(parts, "cached_tokens_details")
    told = [count(either(details, f"{kind}_tokens", f"cached_{kind}_tokens")) for kind in ("text", "image", "audio")]
    known = _Modalities(*told)
    cached = count(parts.get("cached_tokens"))
    if sum(known) > cached:
        raise Unreadable("the parts of what was cached are more than the whole")
    rest = whole.less(known).first(cached - sum(known))
    return _Modalities(known.text + rest.text, known.image + rest.image, known.audio + rest.audio)


_TTL = re.compile(r"ttl_(\w+)_tokens")


def _cache_writes(parts: Mapping[str, Any]) -> tuple[int, int, int]:
    """Tokens written to the cache for its default time, for an hour, and for any other time."""
    split = part(parts, "cache_write_tokens_details")
    told = {match[1]: count(value) for key, value in split.items() if (match := _TTL.fullmatch(key))}
    default, hour = told.pop("30m", 0), told.pop("1h", 0)
    other = sum(told.values())
    whole = parts.get("cache_write_tokens")
    missing = 0 if whole is None else count(whole) - default - hour - other
    if missing < 0:
        raise Unreadable("the parts of what was written to the cache are more than the whole")
    return default + missing, hour, other


def _written(wrote: int, parts: Mapping[str, Any]) -> Usage:
    """What was written, each token in one class."""
    reasoning, audio, image = (count(parts.get(f"{kind}_tokens")) for kind in ("reasoning", "audio", "image"))
    text = wrote - reasoning - audio - image
    if text < 0:
        raise Unreadable("the parts of the usage are more than the whole")
    return Usage(output=text, reasoning=reasoning, output_audio=audio, output_image=image)


_KNOWN = frozenset(
    {
        *(*_READ, *_WROTE, "total_tokens"),
        *(
            f"{whole}.{known}"
            for whole in _READ_PARTS
            for known in (
                *("cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "text_tokens"),
                *(f"cache_write_tokens_details.ttl_{time}_tokens" for time in ("30m", "1h", "12h")),
                *(f"cached_tokens_details.{kind}_tokens" for kind in ("text", "image", "audio")),
                *(f"cached_tokens_details.cached_{kind}_tokens" for kind in ("text", "image", "audio")),
            )
        ),
        *(f"{whole}.{kind}_tokens" for whole in _WROTE_PARTS for kind in ("reasoning", "audio", "image", "text")),
    }
)
"""What of the counters is in `Usage`, or follows from it."""


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What OpenAI's counters say, with the tier that the answer names, and the search that some chat models make.

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    usage = usage_of(counters)
    if SEARCHES.search(answered.model or ""):
        usage += Usage(web_searches=1)
    return Told(usage, Terms(word(answered.service_tier)), extra=extras(counters, _KNOWN))


def tell_images(counters: dict[str, Any], answered: Answered) -> Told:
    """What the images API's counters say: what was written is an image, less what is told to be text.

    >>> tell_images({"input_tokens": 50, "output_tokens": 4160, "input_tokens_details": {"text_tokens": 10,
    ...              "image_tokens": 40}}, Answered()).usage
    Usage(input=10, input_image=40, output_image=4160)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    told = tell(counters, answered)
    text = told.usage.output
    if part(counters, "output_tokens_details").get("text_tokens") is not None:
        text -= count(part(counters, "output_tokens_details")["text_tokens"])
    if text < 0:
        raise Unreadable("the parts of the usage are more than the whole")
    return told._replace(usage=told.usage + Usage(output=-text, output_image=text))


def tell_transcription(counters: dict[str, Any], answered: Answered) -> Told:
    """What the audio API's counters say: tokens, or for how many seconds of sound is paid.

    >>> told = tell_transcription({"type": "duration", "seconds": 9.5}, Answered())
    >>> told.usage, told.extra
    (Usage(), (('seconds', 9.5),))

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    if counters.get("type") != "duration":
        return tell(counters, answered)
    seconds = counters.get("seconds")
    if not isinstance(seconds, int | float) or not is_number(seconds) or seconds < 0:
        raise Unreadable("the usage says nothing of seconds")
    return Told(Usage(), Terms(word(answered.service_tier)), extra=extras(counters, _KNOWN))


def _parts(counters: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    found = either(counters, *names)
    return found if isinstance(found, dict) else {}
