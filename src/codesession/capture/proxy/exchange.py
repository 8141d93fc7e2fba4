"""How does one answer pass from the provider to the client, and what was learnt on the way?

Bytes go on first and are read beside. Only the very last of an answer waits: until the call is settled in the
ledger, so that an answer a client has whole is always a settled call, whatever dies next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.providers import JsonReader, Reading
from codesession.capture.providers.base import BYTES_PER_TOKEN
from codesession.capture.proxy.headers import back
from codesession.errors import CodesessionError
from codesession.model import Attempt, Cut, Evidence, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codesession.capture.providers import Endpoint
    from codesession.capture.providers.base import AnswerReader, Filter
    from codesession.capture.proxy.client import Send

OK = range(200, 300)
_BODILESS = (204, 304)


class Broken(CodesessionError):
    """The provider ended its answer before it was whole; the client must see the same."""

    code = "upstream_broken"


class Answer:
    """One provider's answer on its way to the client; `read` tells what it said, at any moment."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        endpoint: Endpoint | None = None,
        answer_filter: Filter | None = None,
    ) -> None:
        self._response = response
        self._filter = answer_filter
        self._is_unreadable = False
        self._reading: Reading | None = None
        header = response.headers.get
        try:
            self._decoder = decoder(header("content-encoding", "") if endpoint else "")
        except Undecodable:
            self._is_unreadable = True
            self._filter = None
        self._reader: AnswerReader | None = None
        if endpoint and "event-stream" in header("content-type", "").lower():
            self._reader = endpoint.stream_reader()
        elif endpoint:
            self._reader = JsonReader(endpoint.read_answer)
            self._filter = None

    async def forward(self, send: Send, finish: Callable[[], Awaitable[None]]) -> None:
        """Pass the answer on, and call `finish` before its last byte goes.

        Raises:
            Broken: the provider ended it early; what came has been passed on.
        """
        response = self._response
        dropped = frozenset[bytes]()
        if self._filter:
            dropped = frozenset({b"content-length", b"content-encoding"})
        elif response.status in _BODILESS:
            # the length is that of a body that was not sent, and uvicorn would miss it
            dropped = frozenset({b"content-length"})
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": back(response.raw_headers, dropped),
            }
        )
        due = None if self._filter else response.content_length
        last = b""
        try:
            async for piece in response.content.iter_any():
                if due is not None:
                    due -= len(piece)
                    if due <= 0:
                        last = piece
                        self._learn(piece)
                        break
                await self._pass(piece, send)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Broken("The provider ended its answer early.") from error
        if self._filter:
            last = self._filter.rest()
        await finish()
        await send({"type": "http.response.body", "body": last})

    async def _pass(self, piece: bytes, send: Send) -> None:
        if self._filter:
            decoded = self._learn(piece)
            if decoded is None:
                raise Broken("The provider's answer is not what its content-encoding says.")
            piece = self._filter.feed(decoded)
        if piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self._filter:
            self._learn(piece)

    def _learn(self, piece: bytes) -> bytes | None:
        """Read beside, and return the piece decoded; None if it cannot be, and is passed on unread."""
        if self._is_unreadable or self._reader is None:
            return None
        try:
            decoded = self._decoder.decode(piece)
        except Undecodable:
            self._is_unreadable = True
            return None
        self._reader.feed(decoded)
        return decoded

    def read(self) -> Reading:
        """What the answer has said so far."""
        if self._reading is None:
            self._reading = self._reader.finish() if self._reader is not None else Reading()
            if self._is_unreadable:
                self._reading = replace(self._reading, is_opaque=True)
            elif isinstance(self._reader, JsonReader) and self._reading.is_broken:
                # all of it had been written by the provider, though only a part came
                declared = self._response.content_length or 0
                self._reading = replace(self._reading, written_bytes=max(self._reading.written_bytes, declared))
        return self._reading


def outcome(
    attempt: Attempt, reading: Reading, cut: Cut | None, http_status: int | None, request_id: str | None
) -> Outcome:
    """What the ledger is told of a call that was answered, wholly or in part.

    What the provider said is taken as it is. Of an answer that was cut, the input is what it began by saying
    (or a fourth of the request's bytes) and the output at least a fourth of the bytes that were written: an
    estimate. A whole answer that could not be read, or one whose encoding could not be, has no usage: it is
    billed at its ceiling.
    """
    evidence = Evidence.MEASURED if reading.is_final else Evidence.ESTIMATED
    usage = reading.usage
    if reading.has_ended:
        cut = None  # it was whole: how the connection ended does not matter
    if not reading.is_final:
        cannot_tell = reading.is_opaque or (reading.is_broken and cut is None)
        usage = None if cannot_tell else estimate(attempt, reading)
    if cut is None and attempt.streamed and not reading.has_ended:
        cut = Cut.UPSTREAM
    return Outcome(usage, evidence, reading.model, cut, http_status, request_id, reading.response_id)


def estimate(attempt: Attempt, reading: Reading) -> Usage:
    """At least what was consumed, from what was seen of it."""
    known = reading.usage or Usage(input=-(-attempt.request_bytes // BYTES_PER_TOKEN))
    written = -(-reading.written_bytes // BYTES_PER_TOKEN)
    missing = max(0, written - known.completion_tokens)
    return known + Usage(output=missing)
