"""What has come of a batch of OpenAI's? One line of JSON for each request, in a file.

Such as https://github.com/dongri/openai-api-rs/blob/main/examples/data/batch_result.json (read 2026-11-28); the Python
SDK has no type for it. Groq, Mistral and others are taken to write the same. Any file is fetched at the same path: a
line that has no answer in it, as those that were sent have not, is none.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.base import Answered, Reading, Tell, whole
from codesession.capture.providers.results import ResultsReader
from codesession.capture.providers.values import Shape

if TYPE_CHECKING:
    from collections.abc import Callable


class _Response(msgspec.Struct):
    body: Answered | None = None


class _Line(msgspec.Struct):
    response: _Response | None = None
    id: Any = None


_LINE = Shape(_Line)
_MARKS = (b'"response"', b'"custom_id"')
"""What is in every line of a batch's output, of which the second was the request's own name."""


def line_reader(tell: Tell) -> Callable[[bytes], Reading | None]:
    """Reads one line of a batch's output; `tell` understands the usage in it. Raises `Unreadable`.

    An answer without an id of its own, such as an embedding, is known by the id of its line.
    """

    def read_line(line: bytes) -> Reading | None:
        if not all(mark in line for mark in _MARKS):
            return None
        told = _LINE.read(line)
        answer = told.response.body if told.response else None
        if answer is None or not answer.usage:
            return None
        line_id = told.id if isinstance(told.id, str) else None
        return whole(tell(answer.usage, answer), answer.model, answer.id or line_id)

    return read_line


def file_results(
    tell: Tell, path: str = r"/+(?:v1/)?files/[^/]+/content"
) -> tuple[tuple[re.Pattern[str], Callable[[], ResultsReader]], ...]:
    """The `Provider.results` of a provider whose batches are OpenAI's, with the pattern of the path of a file."""
    return ((re.compile(path), partial(ResultsReader, line_reader(tell))),)
