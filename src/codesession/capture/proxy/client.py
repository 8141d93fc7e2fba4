"""What does the client side of one request say: its body, and whether it is still there?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]


class TooLarge(CodesessionError):
    """The request's body is larger than is read; nothing was forwarded."""

    code = "request_too_large"
    http_status = 413


class ClientGone(CodesessionError):
    """The client hung up before its request was whole; nothing was forwarded."""

    code = "client_gone"


class Client:
    """One request's body and the life of its connection, from ASGI's `receive`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._body_read = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ClientGone: it ended before it was whole.
        """
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone("The client hung up.")
            if message.get("body"):
                yield message["body"]
            more = message.get("more_body", False)
        self._body_read.set()

    async def body(self, most: int) -> bytes:
        """The whole body, of at most `most` bytes.

        Raises:
            TooLarge: it is larger.
            ClientGone: it ended before it was whole.
        """
        pieces = []
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size > most:
                raise TooLarge(f"The request is larger than {most // (1024 * 1024)} MB.")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def gone(self) -> None:
        """Return when the client has hung up."""
        await self._body_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


WATCH_AFTER_S = 0.02
"""A call that ends sooner is over before its client's leaving could matter, and is spared a task."""


async def unless_gone(client: Client, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, but cancel it as soon as the client has hung up; raises what `work` raises."""
    loop = asyncio.get_running_loop()
    here = asyncio.current_task()
    watching: asyncio.Task[None] | None = None
    has_gone = False

    async def watch() -> None:
        nonlocal has_gone
        await client.gone()
        has_gone = True
        if here:
            here.cancel()

    def begin_watching() -> None:
        nonlocal watching
        watching = loop.create_task(watch())

    timer = loop.call_later(WATCH_AFTER_S, begin_watching)
    try:
        await work
    except asyncio.CancelledError:
        if not has_gone or (here and here.uncancel()):  # it is somebody else who wants us to stop
            raise
    finally:
        timer.cancel()
        if watching:  # no await stands between the end of the work and this, so it cannot cancel us any more
            watching.cancel()
