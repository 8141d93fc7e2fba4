"""How many may be connected, and how long may one keep us waiting? Who may not come in can still hold the door.

A connection takes a file descriptor, of which a process has few (256 on macOS); in ``cs serve`` the proxy needs some.
So beyond a number of connections further ones are closed at once, and so is one that does not send in time what it has
begun to ask, be it a header or a body. How long an answer takes is not limited: streams last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

MOST_CONNECTIONS = 128
WAIT_S = 20.0
"""Seconds in which a request must have come, from its first byte, or that of the connection, to its last."""

_COMING = (h11.IDLE, h11.SEND_BODY)


class Patient(H11Protocol):
    """A connection, for as long as we have patience with it."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, or end at once."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._late = self.loop.call_later(WAIT_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Go on, and wait only if there is more to come."""
        super().data_received(data)
        if self.conn.their_state not in _COMING:
            self._stop()
        elif self._late is None:
            self._late = self.loop.call_later(WAIT_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop()
        super().connection_lost(exc)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
