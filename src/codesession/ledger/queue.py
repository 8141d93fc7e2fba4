"""How does an event loop write without waiting on a disk? One thread writes; what waits is committed together.

Thirty calls that end at the same moment cost one commit, not thirty; each awaits that commit, so a row
that was awaited is in the file.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from codesession.errors import DatabaseError

if TYPE_CHECKING:
    from codesession.model.ports import Job, Ledger

T = TypeVar("T")
MOST_AT_ONCE = 256
"""Jobs in one transaction: bounds how long another process waits for the write lock."""

_Waiting = tuple["Job[Any]", "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class WriteQueue:
    """Runs jobs against a ledger in a thread of its own; `close` waits for what is queued.

    What an event loop asks for in one of its rounds is handed over at once, so a busy loop wakes the thread once a
    round and not once a call.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        self._waiting: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._turn = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    async def write(self, job: Job[T]) -> T:
        """What `job` returns, once its transaction has been committed.

        A caller that is cancelled does not take its job back: it is written all the same.

        Raises:
            DatabaseError: it could not be written, or the queue is closed.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        with self._turn:
            if self._closed:
                raise DatabaseError("The ledger is closed.")
            gathered = self._gathered.setdefault(loop, [])
            gathered.append((job, done, loop))
        if len(gathered) == 1:
            loop.call_soon(self._hand_over, loop)
        return await done

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._turn:
            gathered = self._gathered.pop(loop, None)
            if gathered:
                self._waiting.put(gathered)

    def close(self) -> None:
        """Write what is queued, then end the thread."""
        for loop in list(self._gathered):
            self._hand_over(loop)
        with self._turn:
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        goes_on = True
        while goes_on:
            batch: list[_Waiting] = []
            while goes_on and len(batch) < MOST_AT_ONCE and not (batch and self._waiting.empty()):
                following = self._waiting.get()
                goes_on = following is not None
                batch += following or []
            for start in range(0, len(batch), MOST_AT_ONCE):
                self._run(batch[start : start + MOST_AT_ONCE])

    def _run(self, batch: list[_Waiting]) -> None:
        has_begun = False
        try:
            with self._ledger.writing() as writer:
                has_begun = True
                results = [job(writer) for job, _, _ in batch]
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller that awaits it
            if has_begun and len(batch) > 1:  # one job's failure is not its neighbours': each gets its own transaction
                for waiting in batch:
                    self._run([waiting])
                return
            _tell(batch, [error] * len(batch), failed=True)
        else:
            _tell(batch, results, failed=False)


def _tell(batch: list[_Waiting], results: list[Any], *, failed: bool) -> None:
    """Wake the loops that wait, each once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for (_, done, loop), result in zip(batch, results, strict=True):
        by_loop.setdefault(loop, []).append((done, result))
    for loop, answers in by_loop.items():
        with suppress(RuntimeError):  # the loop has been closed: nobody waits, the row is written all the same
            loop.call_soon_threadsafe(_resolve, answers, failed)


def _resolve(answers: list[tuple[asyncio.Future[Any], Any]], failed: bool) -> None:  # noqa: FBT001 - called by the loop
    for done, result in answers:
        if done.done():  # cancelled while it waited
            continue
        if failed:
            done.set_exception(result)
        else:
            done.set_result(result)
