"""What has a batch come to? Its results are fetched long after it was sent, as lines of JSON or as one document.

A batch is priced by what its results say, when they are fetched through the proxy: only then is anything known. The
same results may be fetched again: whoever keeps them goes by `Result.response_id`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codesession.capture.framing import LineSplitter
from codesession.capture.providers.values import Unreadable, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codesession.capture.providers.base import Reading

MOST_RESULTS = 200_000
"""Results of one batch that are kept while they are read: providers allow 100,000."""
MOST_DOCUMENT = 64 * 1024 * 1024
"""Bytes of a document that is read whole: what is sent in one may have 20 MB, of what is answered no limit is told
(https://ai.google.dev/gemini-api/docs/batch-api, read 2026-11-28)."""


class Result(NamedTuple):
    """One answer of a batch, on a batch's terms."""

    response_id: str
    reading: Reading


class ResultsReader:
    """Reads the lines of a batch's results; `read` understands one, or says that it is none, and keeps numbers only."""

    def __init__(self, read: Callable[[bytes], Reading | None]) -> None:
        self._read = read
        self._splitter = LineSplitter()
        self._results: dict[str, Reading] = {}
        self.unread = 0
        """results that could not be read, or have no name by which they can be known again"""

    def feed(self, data: bytes) -> None:
        """Take the next piece of the decoded body; never raises for what the provider wrote."""
        self._lines(self._splitter.feed(data))

    def finish(self) -> list[Result]:
        """The results that have come whole, each once."""
        self._lines(self._splitter.rest())
        self.unread += self._splitter.skipped
        return [Result(response_id, reading) for response_id, reading in self._results.items()]

    def _lines(self, stretch: bytes) -> None:
        for line in stretch.splitlines():
            if not line.strip():
                continue
            try:
                reading = self._read(line)
            except Unreadable:
                self.unread += 1
                continue
            if reading:
                self._keep(reading)

    def _keep(self, reading: Reading) -> None:
        response_id = storable(reading.response_id)
        if reading.usage is None:
            return  # it failed, or has expired: it costs nothing
        if response_id is None or len(self._results) >= MOST_RESULTS:
            self.unread += 1
            return
        terms = replace(reading.terms, is_batch=True)
        self._results[response_id] = replace(
            reading, terms=terms, response_id=response_id, model=storable(reading.model)
        )


class DocumentReader(ResultsReader):
    """Reads results that are one JSON document; `read` finds them in it, whatever it is. Half of one tells nothing."""

    def __init__(self, read: Callable[[bytes], Iterable[Reading]]) -> None:
        super().__init__(lambda _line: None)
        self._read_document = read
        self._body = bytearray()
        self._is_too_large = False

    def feed(self, data: bytes) -> None:
        """Take the next piece of the decoded body."""
        if len(self._body) + len(data) > MOST_DOCUMENT:
            self._is_too_large = True
            self._body.clear()
        if not self._is_too_large:
            self._body += data

    def finish(self) -> list[Result]:
        """The results, each once; none if the document is not whole."""
        body, self._body = bytes(self._body), bytearray()
        try:
            for reading in self._read_document(body) if body else ():
                self._keep(reading)
        except Unreadable:
            self.unread += 1
        self.unread += self._is_too_large
        return super().finish()
