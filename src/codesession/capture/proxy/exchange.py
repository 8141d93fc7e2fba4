"""How does one answer pass from the provider to the client, and what was learnt on the way?

Bytes go on first and are read beside. Only the very last of an answer waits: until the call is settled in the
ledger, so that an answer a client has whole is always a settled call, whatever dies next.

A stream can be watched, and ended early: after whole events, with the provider's own shape of an error. The same
happens when a person stops it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import aiohttp

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.providers import JsonReader, Reading, StreamReader
from codesession.capture.proxy.headers import back
from codesession.capture.proxy.stopping import Stop, Stopped
from codesession.errors import CodesessionError
from codesession.model import BYTES_PER_TOKEN, Attempt, Cut, Evidence, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from codesession.capture.providers import Endpoint
    from codesession.capture.providers.base import AnswerReader, Filter
    from codesession.capture.proxy.cache import CachedCall
    from codesession.capture.proxy.client import Send

    Watch = Callable[[Reading], Awaitable[str | None]]
    """Told how far a stream has come; answers what the client is told instead of the rest, or None. Raises nothing."""

T = TypeVar("T")

OK = range(200, 300)
_BODILESS = (204, 304)
_BREAKS = (aiohttp.ClientError, TimeoutError, OSError)
WATCHED_BYTES = 512
"""How much a model writes, in bytes, before a stream's watch is asked again."""

REST_S = 5.0
"""How long the rest of an event may take to come before a stream that is to be ended is broken off, in seconds."""


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
        cached: CachedCall | None = None,
    ) -> None:
        self._cached = cached
        self._response = response
        self._filter = answer_filter
        self._is_unreadable = False
        self._has_failed = False
        self._reading: Reading | None = None
        self._stream: StreamReader | None = None
        self._watched = Reading()
        self.was_ended = False
        """whether its watch ended it; true before `finish` is called"""
        header = response.headers.get
        coding = header("content-encoding", "") if endpoint else ""
        self._is_plain = coding.strip().lower() in ("", "identity")
        try:
            self._decoder = decoder(coding)
        except Undecodable:
            self._is_unreadable = True
            self._filter = None
        self._reader: AnswerReader | None = None
        if endpoint and (stream := endpoint.reader_of(header("content-type", ""))):
            self._reader = self._stream = stream
        elif endpoint:
            self._reader = JsonReader(endpoint.read_answer)
            self._filter = None

    async def forward(
        self,
        send: Send,
        finish: Callable[[], Awaitable[None]],
        watch: Watch | None = None,
        every: int = WATCHED_BYTES,
        stop: Stop | None = None,
    ) -> None:
        """Pass the answer on, and call `finish` before its last byte goes.

        `watch` is asked when a stream's usage becomes known, and after `every` so many bytes the model writes;
        no more once the provider has told the final usage, and never of a JSON answer. When it says why the stream
        must end, the client gets the rest of the event of which it has a part, then the ending, and `was_ended` is
        true. Closing the connection to the provider is left to the caller.

        Raises:
            Broken: the provider ended it early, or `watch` did where no ending can be written: in a compressed stream,
                or in the middle of an event whose rest does not come; what came has been passed on. In the latter
                cases `finish` has been called.

        When `stop` is pressed, a stream ends likewise, at once; any other answer goes on to its end.
        """
        dropped = self._not_passed_on(watch)
        await send(
            {
                "type": "http.response.start",
                "status": self._response.status,
                "headers": back(self._response.raw_headers, dropped) + (self._cached.marks() if self._cached else []),
            }
        )
        stop = self._may_end(watch, stop)
        due = None if b"content-length" in dropped else self._response.content_length
        last = b""
        message = None
        pieces = self._response.content.iter_any()
        try:
            while piece := await _next(pieces, stop):
                if due is not None:
                    due -= len(piece)
                    if due <= 0:
                        last = piece
                        self._collect(self._learn(piece))
                        break
                await self._pass(piece, send)
                if watch and (message := await self._asked(watch, every)) is not None:
                    break
        except _BREAKS as error:
            raise Broken("The provider ended its answer early.") from error
        except Stopped as stopped:
            message = None if self.so_far().has_ended and due is None else await stopped.why()
        if message is not None:
            await self._end(message, send, finish, is_measured=due is not None)
        elif self._filter:
            last = self._filter.rest()
            self._collect(last)
        await finish()
        await send({"type": "http.response.body", "body": last})

    def _may_end(self, watch: Watch | None, stop: Stop | None) -> Stop | None:
        """What may stop the answer, which knows from now on that it may be ended; None: nothing but its watch."""
        if self._stream is None:
            return None
        if watch or stop:
            self._stream.may_be_ended = True
        return stop

    def _not_passed_on(self, watch: Watch | None) -> frozenset[bytes]:
        """Headers of the answer that would not be true of what the client gets."""
        if self._filter:
            return frozenset({b"content-length", b"content-encoding"})
        # of a body that is not sent, or may be ended early; uvicorn would miss what the length promises
        if self._response.status in _BODILESS or (watch and self._stream):
            return frozenset({b"content-length"})
        return frozenset()

    async def _asked(self, watch: Watch, every: int) -> str | None:
        """What `watch` says, if it is to be asked now."""
        if self._stream is None:
            return None
        now, before = self.so_far(), self._watched
        is_news = (now.usage is not None and before.usage is None) or (
            now.written_bytes >= before.written_bytes + every
        )
        if not is_news or now.is_final or now.has_ended:
            return None
        self._watched = now
        return await watch(now)

    async def _end(self, message: str, send: Send, finish: Callable[[], Awaitable[None]], *, is_measured: bool) -> None:
        """End the stream for the client; raises `Broken` where that takes a break, as where its length is told."""
        self.was_ended = True
        rest = None if is_measured else await self._complete_event(send)
        ending = b""
        if self._stream and rest is not None:
            ending = self._unless_failed(partial(self._stream.ending, message), b"")
        if rest:
            self._learn(rest)
        if not ending:
            await finish()
            raise Broken("The answer was ended early.")
        await send({"type": "http.response.body", "body": ending, "more_body": True})

    async def _complete_event(self, send: Send) -> bytes | None:
        """Pass on the rest of the event of which the client has a part.

        What came after it is returned, and not passed on; None if the event's end did not come, or cannot be seen.
        """
        if self._filter:
            return b""  # it passes whole events on
        first_end = self._stream.framing.first_end if self._stream else None
        if self._stream is None or first_end is None or not self._is_plain:
            return None
        before, rest = self._stream.last_bytes(), b""
        pieces = self._response.content.iter_any()
        while before:
            try:
                async with asyncio.timeout(REST_S):
                    piece = await anext(pieces, b"")
            except _BREAKS:
                return None  # the client sees a break, as it would have without us
            if not piece:
                return None
            end = first_end(before + piece) - len(before)
            before = b"" if end > 0 else (before + piece)[-2:]
            piece, rest = (piece[:end], piece[end:]) if end > 0 else (piece, b"")
            await self._pass(piece, send)
        return rest

    async def _pass(self, piece: bytes, send: Send) -> None:
        if self._filter:
            decoded = self._learn(piece)
            if decoded is None:
                raise Broken("The provider's answer is not what its content-encoding says.")
            piece = self._filter.feed(decoded)
            self._collect(piece)
        if piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self._filter:
            self._collect(self._learn(piece))

    def _collect(self, piece: bytes | None) -> None:
        """Have a piece kept as the client gets it, decoded; None for one that could not be."""
        if self._cached:
            self._cached.feed(piece)

    def _learn(self, piece: bytes) -> bytes | None:
        """Read beside, and return the piece decoded; None if it cannot be, and is passed on unread."""
        if self._is_unreadable or self._reader is None:
            return None
        try:
            decoded = self._decoder.decode(piece)
        except Undecodable:
            self._is_unreadable = True
            return None
        self._unless_failed(partial(self._reader.feed, decoded), None)
        return decoded

    def _unless_failed(self, ask: Callable[[], T], otherwise: T) -> T:
        """What the reader says when it is asked; after a fault of ours, `otherwise`, and nothing more is read.

        The client is owed its bytes all the same, and the call is billed at its ceiling, and marked.
        """
        if self._has_failed:
            return otherwise
        try:
            return ask()
        except Exception:  # noqa: BLE001 - readers raise nothing that is known; whatever this is, it is ours
            self._has_failed = True
            return otherwise

    def so_far(self) -> Reading:
        """What a stream has said up to now, should it go on; nothing of a JSON answer, which is read at its end."""
        return self._unless_failed(self._stream.so_far, Reading()) if self._stream else Reading()

    def read(self) -> Reading:
        """What the answer has said, whether or not it is whole; after that it must not go on."""
        if self._reading is None:
            unknown = Reading(is_opaque=True)
            self._reading = self._unless_failed(self._reader.finish, unknown) if self._reader else Reading()
            if self._is_unreadable:
                self._reading = replace(self._reading, is_opaque=True)
            elif isinstance(self._reader, JsonReader) and self._reading.is_broken:
                # all of it had been written by the provider, though only a part came
                declared = self._response.content_length or 0
                self._reading = replace(self._reading, written_bytes=max(self._reading.written_bytes, declared))
        return self._reading


async def _next(pieces: AsyncIterator[bytes], stop: Stop | None) -> bytes:
    """The next piece; empty at the end.

    Raises:
        Stopped: `stop` was pressed first.
    """
    if stop is None:
        return await anext(pieces, b"")
    stop.check()
    return await stop.unless(anext(pieces, b""))


def outcome(
    attempt: Attempt, reading: Reading, cut: Cut | None, http_status: int | None, request_id: str | None
) -> Outcome:
    """What the ledger is told of a call that was answered, wholly or in part.

    What the provider said is taken as it is. Of an answer that was cut, the input is what it began by saying
    (or a fourth of the request's bytes) and the output at least a fourth of the bytes that were written: an
    estimate. A whole answer that could not be read, one whose encoding could not be, or one that is still being made,
    has no usage: it is billed at its ceiling.
    """
    evidence = Evidence.MEASURED if reading.is_final else Evidence.ESTIMATED
    usage = reading.usage
    if reading.has_ended:
        cut = None  # it was whole: how the connection ended does not matter
    if not reading.is_final:
        cannot_tell = reading.is_opaque or reading.is_waiting or (reading.is_broken and cut is None)
        usage = None if cannot_tell else estimate(attempt, reading)
    if cut is None and attempt.streamed and not reading.has_ended:
        cut = Cut.UPSTREAM
    return Outcome(
        usage,
        evidence,
        reading.model,
        cut,
        http_status,
        request_id,
        reading.response_id,
        terms=reading.terms,
        reported_nanos=reading.reported_nanos if reading.is_final else None,
        extra=reading.extra,
    )


def beside(told: Outcome, reading: Reading) -> list[Outcome]:
    """What the ledger is told of the rest that an answer took: each part is a call of its own, on the same terms."""
    return [
        replace(
            told,
            usage=part.usage,
            model=part.model or told.model,
            response_id=f"{told.response_id}/{number}",
            reported_nanos=None,
            extra=(),
        )
        for number, part in enumerate(reading.beside, start=1)
    ]


def estimate(attempt: Attempt, reading: Reading) -> Usage:
    """At least what was consumed, from what was seen of it."""
    known = reading.usage or Usage()
    if not known.tokens:  # uses of tools may be known before any token
        known += Usage(input=-(-attempt.request_bytes // BYTES_PER_TOKEN))
    written = 0 if attempt.max_output == 0 else -(-reading.written_bytes // BYTES_PER_TOKEN)  # vectors are no tokens
    missing = max(0, written - known.completion_tokens)
    return known + Usage(output=missing)
