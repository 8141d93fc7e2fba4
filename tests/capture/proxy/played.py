"""A provider's answer that is passed on without a network, and what the client got of it, step by step."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from codesession.capture.proxy.exchange import WATCHED_BYTES, Answer, Broken
from codesession.capture.proxy.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from codesession.capture.providers import Endpoint, Reading
    from codesession.capture.providers.base import Filter

NO = "Over the daily budget: $5.00 naïve."


class _Response:
    """As much of aiohttp's response as an answer asks for."""

    def __init__(self, pieces: Iterable[bytes], headers: Mapping[str, str], *, breaks: bool) -> None:
        self.status = 200
        self.headers = headers
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.content_length = int(headers["content-length"]) if "content-length" in headers else None
        self.content = self
        self._pieces = iter([piece for piece in pieces if piece])
        self._breaks = breaks

    async def iter_any(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise aiohttp.ClientPayloadError


@dataclass
class Watcher:
    """Says no when it is asked for the `ends_at`-th time; never if that is 0."""

    ends_at: int = 0
    seen: list[Reading] = field(default_factory=list)

    async def __call__(self, reading: Reading) -> str | None:
        self.seen.append(reading)
        return NO if len(self.seen) == self.ends_at else None


@dataclass
class Got:
    """What a client got; `steps` are the pieces of the body, and where the call was settled."""

    answer: Answer
    headers: dict[bytes, bytes]
    steps: list[bytes | str]
    is_broken: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(step for step in self.steps if isinstance(step, bytes))


def passed_on(
    pieces: Iterable[bytes],
    endpoint: Endpoint,
    watch: Watcher | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    every: int = WATCHED_BYTES,
    answer_filter: Filter | None = None,
    breaks: bool = False,
    stops_at: int = 0,
) -> Got:
    """The pieces of a stream, as the client got them; a person stops it as the `stops_at`-th goes."""
    response = _Response(pieces, {"content-type": "text/event-stream", **(headers or {})}, breaks=breaks)
    answer = Answer(cast("aiohttp.ClientResponse", response), endpoint, answer_filter)
    got = Got(answer, {}, [])

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.headers = dict(message["headers"])
        else:
            got.steps.append(message["body"])
            if len(got.steps) == stops_at:
                stop.press()

    async def why() -> str:
        return NO

    stop = Stop(why)

    async def finish() -> None:
        got.steps.append("settled")

    try:
        asyncio.run(answer.forward(send, finish, watch, every, stop if stops_at else None))
    except Broken:
        got.is_broken = True
    return got


@dataclass
class Server:
    """Something that answers every POST the same; `count` of them came."""

    url: str
    count: int = 0


@contextmanager
def answering(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Iterator[Server]:
    """A server on loopback that gives this answer to every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.count += 1
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name.decode(), value.decode("latin-1"))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = Server(f"http://127.0.0.1:{listener.server_port}")
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
