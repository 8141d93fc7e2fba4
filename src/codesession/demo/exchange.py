"""How does one answer travel? Written in pieces to one client, which may leave at any moment."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codesession.demo.shapes import Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""SO_LINGER for no time at all: closing sends a reset (socket(7); Windows has shorts in its struct linger)"""
_FLUSH_POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Head:
    """The request line and headers as the client wrote them: order, repetition and capitals kept."""

    target: bytes
    headers: list[tuple[bytes, bytes]]
    transport: asyncio.Transport


class Exchange:
    """One request and its answer under way."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        """names in lower case; of a repeated one, the last"""
        self.head: Head = scope["state"]["head"]
        self.has_begun = False
        self._receive = receive
        self._send = send

    async def body(self) -> bytes:
        """The request's body; what there is of it when the client leaves before its end."""
        message = await self._receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return body
        parts = [body]
        while message.get("more_body", False):
            message = await self._receive()
            parts.append(message.get("body", b""))
        return b"".join(parts)

    @property
    def is_abandoned(self) -> bool:
        """Whether the client is known to have left."""
        return self.head.transport.is_closing()

    async def begin(self, status: int, headers: Headers) -> None:
        """Write the status line and the headers."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes) -> None:
        """Write a piece of the body; waits while the client reads more slowly than we write."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Write the last piece of the body and what ends it."""
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def stays(self, wait_s: float) -> bool:
        """Whether the client is still there after `wait_s` seconds; false as soon as it leaves."""
        try:
            async with asyncio.timeout(wait_s):
                await self.abandoned()
        except TimeoutError:
            return True
        return False

    async def abandoned(self) -> None:
        """Wait until the client leaves."""
        await self._receive()  # once the body has been read, this is all there is to receive

    async def cut(self, *, reset: bool) -> None:
        """End the connection without ending the answer; what was written before still arrives."""
        transport = self.head.transport
        if reset:
            while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(_FLUSH_POLL_S)
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()
        await self.abandoned()
