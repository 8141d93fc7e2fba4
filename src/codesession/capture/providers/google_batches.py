"""What has come of a batch of Gemini's? It is in the operation itself, or a line of JSON for each request in a file.

https://ai.google.dev/api/batch-api and https://ai.google.dev/gemini-api/docs/batch-api (read 2026-11-28). The operation
is asked for again and again until it is done; what came of it is then in every answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from codesession.capture.providers.conversations import NOTHING
from codesession.capture.providers.google_answers import read_answer
from codesession.capture.providers.values import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.capture.providers.base import Reading


class _Result(msgspec.Struct):
    response: msgspec.Raw = NOTHING


class _Listed(msgspec.Struct, rename="camel"):
    inlined_responses: list[_Result] | None = None


class _Output(msgspec.Struct, rename="camel"):
    inlined_responses: _Listed | None = None


class _Metadata(msgspec.Struct):
    output: _Output | None = None
    model: str | None = None


class _Operation(msgspec.Struct):
    name: str | None = None
    metadata: _Metadata | None = None
    response: _Output | None = None


_OPERATION = Shape(_Operation)


def read_batch(body: bytes) -> Iterator[Reading]:
    """The answers in a batch's operation; one that has no id is known by its place in the batch.

    Raises:
        Unreadable: it is no such operation.
    """
    operation = _OPERATION.read(body)
    metadata = operation.metadata or _Metadata()
    for output in (operation.response, metadata.output):
        listed = output and output.inlined_responses
        if listed:
            for place, result in enumerate(listed.inlined_responses or ()):
                reading = _read(result)
                if reading:
                    model = reading.model or (metadata.model or "").removeprefix("models/") or None
                    by_place = f"{operation.name}/{place}" if operation.name else None
                    yield replace(reading, model=model, response_id=reading.response_id or by_place)
            return


def read_line(line: bytes) -> Reading | None:
    """The answer in a line of a batch's file, if it has one; raises `Unreadable`."""
    return _read(_RESULT.read(line)) if b'"response"' in line else None


_RESULT = Shape(_Result)


def _read(result: _Result) -> Reading | None:
    return read_answer(bytes(result.response)) if bytes(result.response) not in (b"", b"null") else None
