"""What does Mistral say of a call? As OpenAI does, and of sound how long it was.

https://docs.mistral.ai/api and the types of its Python SDK (`mistralai` 3.7.0), prompt caching:
https://docs.mistral.ai/studio-api/conversations/advanced/prompt-caching (read 2026-11-28). A stream tells its usage
unasked, in the chunk with the finish reason; what it does not know, such as ``stream_options``, it refuses with 422
(https://github.com/dnakov/anon-kode/issues/53), so that a request is never amended. Reasoning is not told apart. The
tier is among the counters. Pages of a document (``/v1/ocr``) and seconds of sound are no tokens: they are kept beside.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from codesession.capture.providers import openai, openai_usage
from codesession.capture.providers.base import ANSWERED, Answered, Asked, Endpoint, Reading, Told, whole
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.compatible import (
    CHAT,
    EMBEDDINGS,
    RESPONSES,
    ChunkStream,
    compatible,
    openai_endpoints,
    reaching_always,
    with_cached,
)
from codesession.capture.providers.mistral_conversations import CONVERSATION, PATH
from codesession.capture.providers.openai_audio import read_audio_request, read_file_form
from codesession.capture.providers.openai_refusal import refusal_event
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.values import Shape, Unreadable, count, extras, size, word
from codesession.model import Terms, Usage


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What Mistral's counters say; older answers tell what was cached in a word of their own.

    >>> told = tell({"prompt_tokens": 10, "completion_tokens": 4, "num_cached_tokens": 8,
    ...              "prompt_audio_seconds": 3, "service_tier": "priority"}, Answered())
    >>> told.usage, told.terms.service_tier, told.extra
    (Usage(input=2, cache_read=8, output=4), 'priority', (('prompt_audio_seconds', 3),))

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    told = openai_usage.tell(with_cached(counters, "num_cached_tokens"), answered)
    tier = word(counters.get("service_tier")) or told.terms.service_tier
    return told._replace(terms=Terms(tier))


class _Pages(Answered):
    usage_info: dict[str, Any] | None = None


_PAGES = Shape(_Pages)


def read_pages(body: bytes) -> Reading:
    """What an answer of ``/v1/ocr`` says: how many pages were read.

    Raises:
        Unreadable: it does not say.
    """
    answer = _PAGES.read(body)
    counters = answer.usage_info or {}
    count(counters.get("pages_processed"))
    if counters.get("pages_processed") is None:
        raise Unreadable("the answer says nothing of pages")
    return whole(Told(Usage(), extra=extras(counters, frozenset())), answer.model, answer.id)


def tell_transcription(counters: dict[str, Any], answered: Answered) -> Told:
    """What was heard, which is paid by its length (https://mistral.ai/pricing): the tokens are kept beside.

    >>> told = tell_transcription({"prompt_audio_seconds": 4, "completion_tokens": 31}, Answered())
    >>> told.usage, told.extra
    (Usage(), (('prompt_audio_seconds', 4), ('completion_tokens', 31)))

    Raises:
        Unreadable: there is neither a length nor tokens, or what is no amount.
    """
    seconds = counters.get("prompt_audio_seconds")
    if seconds is None:
        return tell(counters, answered)
    count(seconds)
    return Told(Usage(), Terms(word(counters.get("service_tier"))), extra=extras(counters, frozenset({"total_tokens"})))


def read_transcription(body: bytes) -> Reading:
    """What an answer says of what was heard; raises `Unreadable`."""
    answer = ANSWERED.read(body)
    if not answer.usage:
        raise Unreadable("a transcription without usage")
    return whole(tell_transcription(answer.usage, answer), answer.model, answer.id)


class TranscriptionStream(StreamReader):
    """Reads a stream of what is heard."""

    telling = re.compile(rb'"transcription\.done"')
    marks = (b'"transcription.done"',)

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _HEARD.read(data)
        if event.type != "transcription.done":
            self._written_bytes += self.written(data)
            return
        self.has_ended, self.model = True, event.model or self.model
        if event.usage:
            self.learn(tell_transcription(event.usage, event), is_final=True)

    def written(self, data: bytes) -> int:
        return size(_HEARD.read(data).text) if b'.delta"' in data else 0

    def ending(self, message: str) -> bytes:
        return refusal_event(message)


class _Heard(Answered):
    type: str | None = None
    text: str | None = None


_HEARD = Shape(_Heard)


def _read_pages_request(body: bytes) -> Asked:
    """A document to be read is named by its address or its id, or is an image."""
    asked = openai.read_embeddings_request(body)
    return replace(asked, max_output=None, reads_elsewhere=True)


_KNOWN = openai_endpoints(tell, asks_usage=False)
_FILL = replace(_KNOWN[CHAT], name="fim")
_AGENT = reaching_always(_KNOWN[CHAT])
_JUDGE = replace(_KNOWN[EMBEDDINGS], name="moderations")

MISTRAL = replace(
    compatible(
        "mistral",
        "https://api.mistral.ai",
        # litellm 1.110.2 reads the second one for chat, and the first for all else (tried 2026-11-28)
        {"MISTRAL_API_BASE": "/v1", "MISTRAL_AZURE_API_BASE": "/v1"},
        tell=tell,
        paths=(CHAT, EMBEDDINGS, RESPONSES),
        asks_usage=False,
        endpoints={
            "/v1/fim/completions": _FILL,
            "/v1/agents/completions": _AGENT,
            "/v1/moderations": _JUDGE,
            "/v1/chat/moderations": _JUDGE,
            "/v1/classifications": _JUDGE,
            "/v1/chat/classifications": _JUDGE,
            "/v1/ocr": Endpoint("ocr", _read_pages_request, read_pages, ChunkStream, is_repeatable=False),
            "/v1/audio/transcriptions": Endpoint(
                "transcriptions",
                read_audio_request,
                read_transcription,
                TranscriptionStream,
                read_form=read_file_form,
                is_repeatable=False,
            ),
        },
        results=file_results(tell),
        free=("/files*", "/responses/input_tokens"),
    ),
    patterns=((PATH, CONVERSATION),),
)
