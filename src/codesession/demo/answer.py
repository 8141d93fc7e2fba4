"""How is a plan carried out? Written as its script says: delayed, re-chunked, cut, stalled or broken off."""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from codesession.demo.codings import accepted, encoder
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesession.demo.exchange import Exchange
    from codesession.demo.plan import Plan
    from codesession.demo.script import Coding, Script
    from codesession.demo.shapes import Endpoint, Headers, Stream
    from codesession.demo.truth import Ended

_EVENTS_PER_WRITE = 64
"""of a stream without delays: a short answer is one write, a long one is never held in memory"""


class Ending(Protocol):
    """Called once for every answer, before the client can see that it has ended."""

    def __call__(self, ended: Ended, *, usage: Usage, reported: Usage | None, events: int = 0) -> None:
        """Tell how it ended, what is billed, what the answer itself said, and how many events were written."""
        ...


async def write_json(exchange: Exchange, plan: Plan, endpoint: Endpoint, headers: Headers, close: Ending) -> None:
    """Answer in one piece."""
    script = plan.script
    usage = plan.usage if endpoint.is_billed else Usage()
    coding = _coding(script, exchange)
    coder = encoder(coding)
    document = coder.encode(endpoint.answer(plan)) + coder.finish()
    headers = [(b"content-type", endpoint.media_type), *_encoded(coding), *headers]
    if script.content_length:
        headers.append((b"content-length", b"%d" % len(document)))
    await exchange.begin(script.status, headers)
    body = _Body(exchange, script.chunk)
    if _limit(script) is not None:
        await body.write(document[: len(document) // 2])
        await body.flush()
        await _stop(exchange, script, close, usage, None, 0)
        return
    close("complete", usage=usage, reported=usage if _tells_usage(endpoint, plan) else None)
    await body.end(document)


async def write_stream(exchange: Exchange, plan: Plan, stream: Stream, headers: Headers, close: Ending) -> None:
    """Answer in events."""
    script = plan.script
    coding = _coding(script, exchange)
    coder = encoder(coding)
    kind: Headers = [(b"content-type", stream.media_type), (b"cache-control", b"no-cache")]
    await exchange.begin(script.status, [*kind, *_encoded(coding), *headers])
    body = _Body(exchange, script.chunk)
    progress = _Progress(plan, stream)
    is_stopped = _limit(script) is not None
    batches = _batches(progress.events(), 1 if script.delay_ms else _EVENTS_PER_WRITE)
    batch = next(batches, None)
    while batch:
        following = next(batches, None)
        progress.sent += len(batch)
        data = coder.encode(b"".join(batch))
        if following is None and not is_stopped:
            ended: Ended = "error" if script.error_event else "complete"
            close(ended, usage=progress.billed, reported=progress.reported, events=progress.sent)
            await body.end(data + coder.finish())
            return
        await body.write(data)
        if following is not None and not await _goes_on(exchange, script):
            close("client_left", usage=progress.billed, reported=progress.reported, events=progress.sent)
            return
        batch = following
    await body.flush()
    await _stop(exchange, script, close, progress.billed, progress.reported, progress.sent)


class _Body:
    """The body on its way out, in pieces of `chunk` bytes if that is asked for."""

    def __init__(self, exchange: Exchange, chunk: int | None) -> None:
        self._exchange = exchange
        self._chunk = chunk
        self._rest = b""

    async def write(self, data: bytes) -> None:
        if self._chunk is None:
            await self._exchange.write(data)
            return
        data = self._rest + data
        whole = len(data) // self._chunk * self._chunk
        for start in range(0, whole, self._chunk):
            await self._exchange.write(data[start : start + self._chunk])
            await asyncio.sleep(0)  # uvloop gathers what is written in one turn of the loop
        self._rest = data[whole:]

    async def flush(self) -> None:
        if self._rest:
            await self._exchange.write(self._rest)
            self._rest = b""

    async def end(self, data: bytes) -> None:
        if self._chunk is not None:
            await self.write(data)
            data = self._rest
        await self._exchange.end(data)


class _Progress:
    """How far a stream has been written, and what that means for its bill."""

    def __init__(self, plan: Plan, stream: Stream) -> None:
        self.sent = 0
        self._plan = plan
        self._stream = stream
        self._breaks = bool(plan.script.error_event)
        self._deltas = len(plan.deltas) // 2 if self._breaks else len(plan.deltas)

    def events(self) -> Iterator[bytes]:
        stream = self._stream
        rest = stream.error if self._breaks else stream.tail
        return islice(chain(stream.head, islice(stream.deltas, self._deltas), rest), _limit(self._plan.script))

    @property
    def billed(self) -> Usage:
        """What was written, and never less than what the answer itself already said."""
        usage = self._plan.usage_after(self._written)
        if self._stream.searched is not None and not self._written:
            usage += self._stream.searched(self.sent)
        said = self.reported
        return said if said is not None and said.completion_tokens > usage.completion_tokens else usage

    @property
    def reported(self) -> Usage | None:
        tail = self.sent - len(self._stream.head) - self._deltas
        if self._stream.final_at is not None and tail > self._stream.final_at and not self._breaks:
            return self._plan.usage if _counts_tokens(self._plan) else None
        if self._stream.is_running:
            return self._plan.usage_after(self._written) if self._written else None
        return self._stream.first_usage if self.sent else None

    @property
    def _written(self) -> int:
        return min(max(self.sent - len(self._stream.head), 0), self._deltas)


def _tells_usage(endpoint: Endpoint, plan: Plan) -> bool:
    """Whether the whole answer says what is billed."""
    return endpoint.is_billed and endpoint.tells_usage and _counts_tokens(plan)


def _counts_tokens(plan: Plan) -> bool:
    """Whether it is billed by what `Usage` counts, and not by its length."""
    return plan.script.seconds is None


def _limit(script: Script) -> int | None:
    return script.hang_after if script.cut_after is None else script.cut_after


async def _goes_on(exchange: Exchange, script: Script) -> bool:
    if script.delay_ms:
        return await exchange.stays(script.delay_ms / 1000)
    return not exchange.is_abandoned


async def _stop(
    exchange: Exchange, script: Script, close: Ending, usage: Usage, reported: Usage | None, events: int
) -> None:
    """Cut the connection, or hang until the client has had enough."""
    if script.cut_after is None:
        await exchange.abandoned()
        close("client_left", usage=usage, reported=reported, events=events)
    else:
        close("cut", usage=usage, reported=reported, events=events)
        await exchange.cut(reset=script.reset)


def _coding(script: Script, exchange: Exchange) -> Coding:
    if script.encoding == "auto":
        return accepted(exchange.headers.get(b"accept-encoding", b"").decode("latin-1"))
    return script.encoding


def _encoded(coding: Coding) -> Headers:
    return [] if coding == "identity" else [(b"content-encoding", coding.encode())]


def _batches(events: Iterable[bytes], size: int) -> Iterator[tuple[bytes, ...]]:
    events = iter(events)
    while batch := tuple(islice(events, size)):
        yield batch
