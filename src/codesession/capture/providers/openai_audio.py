"""What do OpenAI's transcriptions and translations say of a call? The request is a form, with the sound as a file.

As the Python SDK types it (``openai`` 3.57.0: `Transcription`, `TranscriptionVerbose`, `TranscriptionTextDoneEvent`):
models that are paid by tokens tell tokens, those that are paid by the length of the sound tell seconds instead. A
stream tells its usage in ``transcript.text.done``. What ``/audio/speech`` answers is sound and nothing else, so it
cannot be metered.
"""

from __future__ import annotations

import re
from typing import Any

from codesession.capture.providers.base import Answered, Asked, Reading, Told, whole
from codesession.capture.providers.forms import read_form
from codesession.capture.providers.openai_refusal import refusal_event
from codesession.capture.providers.openai_request import OpenAIRequest
from codesession.capture.providers.openai_usage import tell_transcription
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.values import Shape, Unreadable, is_number, name, size
from codesession.model import Usage


class _Transcription(Answered):
    duration: Any = None


class _Event(Answered):
    type: str | None = None
    delta: str | None = None


_REQUEST = Shape(OpenAIRequest)
_TRANSCRIPTION = Shape(_Transcription)
_EVENT = Shape(_Event)


def read_audio_request(body: bytes) -> Asked:
    """What a request that is JSON asks for, as some compatible servers take it.

    Raises:
        Unreadable: it is no JSON object.
    """
    request = _REQUEST.read(body)
    return Asked(name(request.model), request.stream is True, reads_elsewhere=True)


def read_file_form(body: bytes, content_type: str) -> Asked:
    """What a form with a file, a sound or a picture, asks for; how many tokens the file is, its bytes do not tell."""
    form = read_form(body, content_type)
    is_streamed = form.fields.get("stream", "").lower() in ("true", "1")
    return Asked(name(form.fields.get("model")), is_streamed, reads_elsewhere=True, text_bytes=form.text_bytes)


def read_transcription(body: bytes) -> Reading:
    """What a whole answer says; with neither tokens nor seconds, it says nothing of what it used.

    Raises:
        Unreadable: it is no JSON: a text, or subtitles.
    """
    answer = _TRANSCRIPTION.read(body)
    if answer.usage:
        return whole(tell_transcription(answer.usage, answer), answer.model, answer.id)
    if is_number(answer.duration) and answer.duration > 0:
        return whole(Told(Usage(), extra=(("duration", answer.duration),)), answer.model, answer.id)
    raise Unreadable("a transcription without usage")


class TranscriptionStream(StreamReader):
    """Reads a stream of what is heard."""

    telling = re.compile(rb"transcript\.text\.done")
    marks = (b"transcript.text.done",)

    def take(self, data: bytes) -> None:
        event = _EVENT.read(data) if data else _Event()
        if event.type != "transcript.text.done":
            return
        self.has_ended = True
        if event.usage:
            self.learn(tell_transcription(event.usage, event), is_final=True)

    def written(self, data: bytes) -> int:
        return size(_EVENT.read(data).delta) if b'.delta"' in data else 0

    def ending(self, message: str) -> bytes:
        return refusal_event(message)
