"""What do OpenAI's images say of a call? Text and pictures are read, pictures are written; all of it is tokens.

As the Python SDK types it (``openai`` 3.57.0: `ImagesResponse`): only GPT Image models tell tokens. Of what others
gave the number of ``images`` is kept, as those before were paid by the picture. The tokens for writing a vector graphic
(``svg_usage``) are told apart from those of the pictures, and taken to be another model's, with a price of its own.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec  # noqa: TC002 - it is read when the shapes are made

from codesession.capture.providers.base import Answered, Asked, Reading, Told, whole
from codesession.capture.providers.openai_refusal import refusal_event
from codesession.capture.providers.openai_request import OpenAIRequest
from codesession.capture.providers.openai_usage import tell_images
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, extras, name
from codesession.model import Usage


class _ImagesRequest(OpenAIRequest):
    images: Any = None


class _Images(Answered):
    data: list[msgspec.Raw] | None = None
    svg_usage: Any = None


class _Event(Answered):
    type: str | None = None


_REQUEST = Shape(_ImagesRequest)
_IMAGES = Shape(_Images)
_EVENT = Shape(_Event)


def read_images_request(body: bytes) -> Asked:
    """What a request for images asks for; pictures that it reads are named by an address or an id.

    Raises:
        Unreadable: it is no JSON object.
    """
    request = _REQUEST.read(body)
    reads = request.images is not None
    return Asked(name(request.model), request.stream is True, reads_elsewhere=reads, trace=trace(body))


def read_images(body: bytes) -> Reading:
    """What a whole answer says.

    Raises:
        Unreadable: it is of another shape.
    """
    answer = _IMAGES.read(body)
    if answer.usage:
        told = tell_images(answer.usage, answer)
        svg = extras({"svg_usage": answer.svg_usage}, frozenset())
        return whole(told._replace(extra=told.extra + svg), answer.model, answer.id)
    if answer.data:
        return whole(Told(Usage(), extra=(("images", len(answer.data)),)), answer.model, answer.id)
    return Reading(has_ended=True, model=answer.model, response_id=answer.id)


class ImagesStream(StreamReader):
    """Reads a stream of pictures on their way; each that is complete tells what it took."""

    telling = re.compile(rb"image_(?:generation|edit)\.completed")
    marks = (b"image_generation.completed", b"image_edit.completed")
    _ends = ("image_generation.completed", "image_edit.completed")

    def take(self, data: bytes) -> None:
        event = _EVENT.read(data) if data else _Event()
        if event.type not in self._ends:
            return
        self.has_ended = True
        if event.usage:
            told = tell_images(event.usage, event)
            self.learn(told._replace(usage=told.usage + (self.usage or Usage())), is_final=True)

    def written(self, data: bytes) -> int:
        del data  # a picture on its way has more bytes than tokens
        return 0

    def ending(self, message: str) -> bytes:
        return refusal_event(message)
