"""What did the simulated provider really receive, and what would it bill?

A test compares the ledger with this, token by token. Rows are kept in memory only, the newest `limit` of them.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from codesession.model import STANDARD, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

Ended = Literal["open", "complete", "cut", "error", "client_left"]
"""How an exchange ended: the answer was written to its end; cut by script; broken off by a scripted error event;
or the client closed the connection first, as far as the provider could see. `open`: not yet."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one request of a batch came to."""

    custom_id: str
    """the client's own name for it"""
    model: str
    """the model that answered"""
    usage: Usage
    """what is billed for it; nothing when it failed"""
    response_id: str | None
    """the id inside the answer; None when it failed"""
    status: int


@dataclass(frozen=True, slots=True)
class Received:
    """One request received, and what came of it."""

    number: int
    """counts from 1 in the order of arrival, also across a clearing"""
    provider: str
    endpoint: str
    """such as ``messages``, ``chat``, ``generateContent`` or ``unknown``: the name in the table of `routes`"""
    model_asked: str | None
    model: str | None
    """the model that answered"""
    streamed: bool
    usage: Usage
    """what the provider bills: after a cut, everything read and the share of the output that was written;
    nothing for errors, and nothing for a request that never got a status line"""
    planned: Usage
    """what it bills, or would have billed, for the whole answer"""
    reported: Usage | None
    """the last usage the provider wrote into its answer, if it got that far; the same as `usage` when complete,
    unless the wire never says (an OpenAI chat stream without ``include_usage``)"""
    status: int | None
    """None until a status line is written"""
    ended: Ended
    events: int
    """events of a stream written when it ended"""
    request_id: str
    """as in the answer's request id header"""
    response_id: str | None
    """the id inside the answer"""
    method: str
    target: str
    """path and query, as received"""
    headers: tuple[tuple[str, str], ...]
    """as received: order, repetition and capitals kept"""
    body_sha256: str
    body_bytes: int
    """length of the body as received"""
    terms: Terms = STANDARD
    """as a whole answer tells them"""
    cost_nanos: int | None = None
    """what a whole answer says that it cost, in nano-dollars; None on wires that say nothing of it"""
    results: tuple[Result, ...] = ()
    """the requests of a batch, told where it is made and wherever its results are read; they are billed once, and
    are in no `usage`"""


class Truth:
    """The requests received, newest `limit` kept; used from one event loop."""

    def __init__(self, *, limit: int = 10_000, is_on: bool = True) -> None:
        self.is_on = is_on
        self._limit = limit
        self._rows: dict[int, Received] = {}
        self._open: set[int] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def opened(self, row: Received) -> None:
        """Keep a request that has arrived and is not answered yet."""
        self._rows[row.number] = row
        self._open.add(row.number)
        self._quiet.clear()
        if len(self._rows) > self._limit:
            del self._rows[next(iter(self._rows))]

    def closed(self, number: int, **known: Any) -> None:  # noqa: ANN401 - the fields of Received
        """Complete the row `number` with what is `known` at its end."""
        row = self._rows.get(number)
        if row is not None:
            self._rows[number] = replace(row, **known)
        self._open.discard(number)
        if not self._open:
            self._quiet.set()

    def clear(self) -> None:
        """Forget every row, open ones too."""
        self._rows.clear()
        self._open.clear()
        self._quiet.set()

    async def rows(self, wait_s: float = 0) -> list[Received]:
        """The rows in the order of arrival, once none is open or `wait_s` seconds have passed."""
        if wait_s > 0 and self._open:
            try:
                async with asyncio.timeout(wait_s):
                    await self._quiet.wait()
            except TimeoutError:
                pass  # the rows that are still open say so
        return list(self._rows.values())


def sha256(body: bytes) -> str:
    """The SHA-256 of a body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def to_json(rows: Sequence[Received]) -> bytes:
    """The rows as a JSON list of objects named like the fields of `Received`."""
    return msgspec.json.encode(rows)


def from_json(text: str | bytes) -> list[Received]:
    """The rows in what `GET /_sim/truth` answered."""
    return msgspec.json.decode(text, type=list[Received])
