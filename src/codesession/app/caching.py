"""How does a proxy keep answers and find them again, and what can a person do about them? Off unless it is asked for.

A cache that cannot be used never fails a call: it is off from then on, for this process, and that is said once.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, TypeVar

from codesession.app.directories import Directories
from codesession.errors import DatabaseError
from codesession.gate import cost_of
from codesession.ledger.answers import WAIT_S, AnswerStore, KeptAnswer, Removed
from codesession.ledger.answers_file import discard, was_busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.app.core import App
    from codesession.capture.proxy.cache import Kept
    from codesession.config import Config
    from codesession.ledger import WriteQueue
    from codesession.ledger.answers import AnswerContents
    from codesession.model import Attempt, Outcome
    from codesession.model.ports import Prices

T = TypeVar("T")


COMMAND_WAIT_S = 10.0
"""How long a command waits for another process's write, in seconds."""
_MOST_WAITING = 64
"""Answers on their way to a disk that is slow: what comes beyond is not kept."""


def with_answers_kept(app: App) -> App:
    """The program with the cache on, whatever the settings say."""
    return replace(app, config=replace(app.config, cache=app.config.cache._replace(is_enabled=True)))


class AnswerCache:
    """The `Answers` of a proxy: one thread reads and writes the file, in the order it is asked to."""

    def __init__(
        self,
        store: AnswerStore,
        queue: WriteQueue,
        prices: Prices,
        now_ms: Callable[[], int],
        problem: Callable[[str], None],
    ) -> None:
        """Price what is kept with `prices`; `problem` is told, once, why the cache is off if it must be."""
        from concurrent.futures import ThreadPoolExecutor  # commands do without

        self.largest = store.largest
        self._store = store
        self._prices = prices
        self._now_ms = now_ms
        self._problem = problem
        self._is_off = False
        self._room = BoundedSemaphore(_MOST_WAITING)
        self._directories = Directories(queue)
        self._thread = ThreadPoolExecutor(1, "answers")

    async def scope_of(self, session_id: int) -> str | None:
        """The directory of a session's scope; None if that cannot be told now, or the cache is off."""
        if self._is_off:
            return None
        try:
            return await self._directories.of(session_id)
        except DatabaseError:  # the proxy counts what it cannot record; a call goes on without the cache
            return None

    async def find(self, key: bytes) -> Kept | None:
        """The answer under `key`; counted as a hit, while it is already on its way."""
        import asyncio

        from codesession.capture.proxy.cache import Kept

        now_ms = self._now_ms()
        asked = self._thread.submit(self._try, lambda: self._store.find(key, now_ms))
        found = await asyncio.wrap_future(asked)
        if found is None:
            return None
        self._thread.submit(self._try, lambda: self._store.count_hit(key, now_ms))
        return Kept(found.status, found.headers, found.body, found.is_streamed, found.model, found.cost_nanos)

    def keep(self, key: bytes, directory: str, kept: Kept, attempt: Attempt, outcome: Outcome) -> None:
        """Have an answer kept; returns at once, and `find` finds it from then on."""
        if self._is_off or not self._room.acquire(blocking=False):
            return
        now_ms = self._now_ms()
        cost = cost_of(self._prices, attempt, outcome, now_ms)
        answer = KeptAnswer(
            attempt.provider,
            kept.model,
            attempt.endpoint,
            kept.status,
            kept.headers,
            kept.body,
            kept.is_streamed,
            cost.nanos if cost else None,
        )

        def put() -> None:
            try:
                self._try(lambda: self._store.keep(key, directory, answer, now_ms))
            finally:
                self._room.release()

        self._thread.submit(put)

    def close(self) -> None:
        """Write what waits, then let go of the file."""
        self._thread.shutdown()
        self._store.close()

    def _try(self, work: Callable[[], T | None]) -> T | None:
        """What `work` returns; None, and the cache is off, if the file cannot be used."""
        if self._is_off:
            return None
        try:
            return work()
        except DatabaseError as error:
            self._is_off = True
            self._store.close()
            self._problem(f"{error.message} Until it is started again, this proxy keeps no answers.")
            return None


@contextmanager
def kept_answers(app: App, queue: WriteQueue, prices: Prices) -> Iterator[AnswerCache | None]:
    """The cache of a proxy, while the block runs; None where the user has not asked for one."""
    if not app.config.cache.is_enabled:
        yield None
        return
    with closing(AnswerCache(_store(app.config, WAIT_S), queue, prices, app.now_ms, app.problem)) as cache:
        yield cache


def cache_contents(config: Config, now_ms: int) -> AnswerContents:
    """What the cache holds at `now_ms`, in milliseconds since the epoch; nothing where there is none.

    Raises:
        DatabaseError: it cannot be read; the message says what to do.
    """
    with closing(_store(config, COMMAND_WAIT_S)) as store:
        return store.contents(now_ms)


def clear_cache(config: Config, *, here: bool = False, wait_s: float = COMMAND_WAIT_S) -> Removed:
    """Delete every kept answer, or only those of the current scope; proxies may go on meanwhile.

    A cache that cannot be read is thrown away whole, unless it is only to be emptied `here`. `wait_s` is how long to
    wait for another process's write, in seconds.

    Raises:
        InvalidInput: the current directory has been deleted.
        DatabaseError: it could not be written, or is damaged and in use; nothing was deleted.
    """
    with closing(_store(config, wait_s)) as store:
        try:
            return store.clear(_this_scope() if here else None)
        except DatabaseError as error:
            if here or was_busy(error):
                raise
    return Removed(None, discard(store.path))


def _this_scope() -> str:
    from codesession.app.sessions import current_scope

    return current_scope(with_branch=False).directory


def _store(config: Config, wait_s: float) -> AnswerStore:
    settings = config.cache
    path = config.data_dir / "cache.db"
    return AnswerStore(path, max_bytes=settings.max_mb * 1024 * 1024, ttl_s=settings.ttl_s, wait_s=wait_s)
