"""How do the answers of a batch come into the ledger? They are read beside, when a client fetches them.

The bytes go on as they come. Only the very last wait until every answer that has come whole is kept, so that what a
client has whole is in the ledger, whatever dies next. Of a download that is cut, what came whole is kept, and the rest
when it is fetched again: no answer is kept twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.proxy.exchange import Broken, beside, outcome
from codesession.capture.proxy.headers import back
from codesession.errors import DatabaseError
from codesession.model import Terms

if TYPE_CHECKING:
    from codesession.capture.encoding import Decoder
    from codesession.capture.providers.results import ResultsReader
    from codesession.capture.proxy.client import Send
    from codesession.capture.proxy.incoming import Tally
    from codesession.model import Attempt, Outcome
    from codesession.model.relaying import Gate

_ENDPOINT = "batch"
_OK = 200
_BREAKS = (aiohttp.ClientError, TimeoutError, OSError)


class Results:
    """The answers of one batch on their way to a client, and into the ledger."""

    def __init__(self, reader: ResultsReader, attempt: Attempt, gate: Gate, tally: Tally) -> None:
        """`attempt` tells whose they are."""
        self._reader = reader
        self._attempt = replace(attempt, endpoint=_ENDPOINT, terms=Terms(is_batch=True))
        self._gate = gate
        self._tally = tally
        self._decoder: Decoder | None = None
        self._is_whole = False
        """whether all has come: what could not be read then is missed, and not merely cut off"""
        self._keeping: asyncio.Task[None] | None = None

    async def forward(self, response: aiohttp.ClientResponse, send: Send) -> None:
        """Pass the answer on, and keep what is in it before its last byte goes.

        Raises:
            Broken: the provider ended it early; what came has been passed on.
        """
        try:
            self._decoder = decoder(response.headers.get("content-encoding", ""))
        except Undecodable:
            self._stop()
        headers = back(response.raw_headers)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        due, last = response.content_length, b""
        try:
            async for piece in response.content.iter_any():
                if due is not None:
                    due -= len(piece)
                    if due <= 0:
                        last = piece
                        break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self._read(piece)
        except _BREAKS as error:
            raise Broken("The provider ended its answer early.") from error
        self._read(last)
        self._is_whole = True
        await self.keep()
        await send({"type": "http.response.body", "body": last})

    async def keep(self) -> None:
        """Have kept what came whole; once, however often and by whomever it is asked for.

        A client that leaves does not stop it: its call may be cancelled, what it began is finished.
        """
        if self._keeping is None:
            self._keeping = asyncio.ensure_future(self._keep())
        await asyncio.shield(self._keeping)

    async def _keep(self) -> None:
        outcomes = await asyncio.to_thread(self._outcomes)  # of a hundred thousand answers: other calls go on
        try:
            await self._gate.record_results(self._attempt, outcomes)
        except DatabaseError:
            self._tally.unrecorded += len(outcomes)

    def _outcomes(self) -> list[Outcome]:
        told: list[Outcome] = []
        try:
            for _, reading in self._reader.finish():
                told.append(outcome(self._attempt, reading, None, _OK, None))
                told += beside(told[-1], reading)
            self._tally.unrecorded += self._reader.unread if self._is_whole else 0
        except Exception:  # noqa: BLE001 - as in `_read`
            self._stop()
        return told

    def _read(self, piece: bytes) -> None:
        """Read beside; of a body that cannot be decoded nothing is known any more."""
        if self._decoder is None:
            return
        try:
            self._reader.feed(self._decoder.decode(piece))
        except Exception:  # noqa: BLE001 - `Undecodable`, or a fault of ours: the client is owed its bytes all the same
            self._stop()

    def _stop(self) -> None:
        """Read no more, and count what is not recorded: as one, since how much it is cannot be known."""
        self._decoder = None
        self._tally.unrecorded += 1
