"""Which whole answers are kept, for the exact cache? A file of their own, beside the ledger, that may be deleted.

Each answer stands under a digest of its request (see `capture/proxy/cache.py`), with the scope it was asked in. One
that is older than the store's time to live is no longer found. All bodies together stay under a bound: those not used
for longest go first, in the transaction that adds the new one. Who finds the file busy does without it: an answer can
always be had from the provider.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError
from codesession.ledger.answers_file import Place, opened, said_plainly, was_busy
from codesession.ledger.opening import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Nanos

WAIT_S = 0.25
"""How long a call waits for another process's write, in seconds: a quarter is less than any provider takes."""

MOST_OF_ONE = 8 * 1024 * 1024
"""Bytes of a body that is kept, if the bound is not small."""
_SHARE = 8
"""One answer may have at most this part of the bound: it would push out too many others."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One whole answer, as a client can be given it again."""

    provider: str
    model: str
    endpoint: str
    """the provider's own word for what was asked: ``messages``, ``chat``, …"""
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """decoded"""
    is_streamed: bool
    cost_nanos: Nanos | None
    """what the call cost that brought it, in USD nano-dollars; None where its price is not known"""


@dataclass(frozen=True, slots=True)
class ScopeAnswers:
    """What is kept for one scope. Sizes in bytes, money in USD nano-dollars, times in milliseconds since the epoch."""

    directory: str
    entries: int
    size: int
    expired: int
    """entries too old to be found, which the next one that is kept pushes out"""
    unpriced: int
    """entries of which it is not known what they cost, and so not what a hit saves"""
    hits: int
    stored_nanos: Nanos
    """what the calls cost that brought the entries"""
    saved_nanos: Nanos
    """what their hits would have cost"""
    oldest_ms: int
    newest_ms: int
    last_hit_ms: int | None


@dataclass(frozen=True, slots=True)
class AnswerContents:
    """What a store holds, and how much it may."""

    path: Path
    max_bytes: int
    ttl_s: int
    """how long an answer is found, in seconds"""
    scopes: tuple[ScopeAnswers, ...]
    """in the order of their directories"""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted; `entries` is None where the file could not be read any more."""

    entries: int | None
    size: int
    """bytes of bodies, or of the file that could not be read"""


class AnswerStore:
    """The kept answers in one SQLite file; may be used from several threads, which take turns.

    The file is opened when it is first needed, and made when there is first something to keep. If it is deleted while
    it is open, what comes next goes into a new one.
    """

    def __init__(self, path: Path, *, max_bytes: int, ttl_s: int, wait_s: float = WAIT_S) -> None:
        """Keep at most `max_bytes` of bodies at `path`, and find those younger than `ttl_s` seconds."""
        self.path = path
        self._max_bytes = max_bytes
        self._ttl_ms = ttl_s * 1000
        self._wait_s = wait_s
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._place: Place | None = None

    @property
    def largest(self) -> int:
        """The most bytes a body may have to be kept."""
        return min(MOST_OF_ONE, self._max_bytes // _SHARE)

    def find(self, key: bytes, now_ms: int) -> KeptAnswer | None:
        """The answer under `key`; None if there is none that is young enough, or the file is busy.

        Raises:
            DatabaseError: the file cannot be used.
        """
        try:
            with self._connected() as connection:
                row = None if connection is None else connection.execute(_FIND, (key, now_ms, self._ttl_ms)).fetchone()
                return None if row is None else self._answer(row)
        except DatabaseError as error:
            if was_busy(error):
                return None
            raise

    def count_hit(self, key: bytes, now_ms: int) -> None:
        """Count that the answer under `key` was given once more; not while the file is busy.

        Raises:
            DatabaseError: the file cannot be used.
        """
        try:
            with self._connected() as connection:
                if connection is not None:
                    connection.execute(_COUNT_HIT, (now_ms, key))
        except DatabaseError as error:
            if not was_busy(error):
                raise

    def keep(self, key: bytes, directory: str, answer: KeptAnswer, now_ms: int) -> bool:
        """Keep an answer of the scope `directory`, in the place of an older one; False if it is too large, or busy.

        Raises:
            DatabaseError: the file cannot be used; the answer is not kept.
        """
        if len(answer.body) > self.largest:
            return False
        try:
            with self._connected(create=True) as connection:
                assert connection is not None  # noqa: S101 - it was created
                with transaction(connection):
                    self._put(connection, key, directory, answer, now_ms)
        except DatabaseError as error:
            if was_busy(error):
                return False
            raise
        return True

    def contents(self, now_ms: int) -> AnswerContents:
        """What is kept, at `now_ms` in milliseconds since the epoch.

        Raises:
            DatabaseError: the file cannot be used.
        """
        with self._connected() as connection:
            rows = () if connection is None else connection.execute(_CONTENTS, (now_ms, self._ttl_ms))
            scopes = tuple(ScopeAnswers(*row) for row in rows)
        return AnswerContents(self.path, self._max_bytes, self._ttl_ms // 1000, scopes)

    def clear(self, directory: str | None = None) -> Removed:
        """Delete every answer, or those of one scope, and give their space back to the disk; others may go on.

        Raises:
            DatabaseError: the file cannot be used; nothing was deleted.
        """
        from codesession.ledger.upkeep import give_back_space

        with self._connected() as connection:
            if connection is None:
                return Removed(0, 0)
            with transaction(connection):
                entries, size = connection.execute(_SIZE, (directory,)).fetchone()
                connection.execute("DELETE FROM answer WHERE ?1 IS NULL OR directory = ?1", (directory,))
            give_back_space(connection)
            return Removed(entries, size)

    def close(self) -> None:
        """Close the file; it is opened again if something more is asked for."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _connected(self, *, create: bool = False) -> Iterator[sqlite3.Connection | None]:
        """The open file, for one thread at a time; None where there is none and none is to be made."""
        with self._turn, said_plainly(self.path):
            if self._connection is None or Place.of(self.path) != self._place:
                self.close()
                self._connection = opened(self.path, self._wait_s, create=create)
                self._place = Place.of(self.path)
            yield self._connection

    def _answer(self, row: tuple[object, ...]) -> KeptAnswer:
        """The answer of a row.

        Raises:
            DatabaseError: it is not what was kept.
        """
        *facts, headers, body, check = row
        if not isinstance(headers, str) or not isinstance(body, bytes) or check != _check(headers, body):
            raise sqlite3.DatabaseError("an answer is not what was kept")
        provider, model, endpoint, status, is_streamed, cost_nanos = facts
        named = tuple((name, value) for name, value in json.loads(headers))
        return KeptAnswer(provider, model, endpoint, status, named, body, bool(is_streamed), cost_nanos)  # type: ignore[arg-type]  # the table is STRICT

    def _put(self, connection: sqlite3.Connection, key: bytes, directory: str, answer: KeptAnswer, now_ms: int) -> None:
        """Write the answer, less the one it replaces, those that are too old, and as many as must make room."""
        size = len(answer.body)
        headers = json.dumps(answer.headers)
        connection.execute(_DELETE_OLD, (key, now_ms - self._ttl_ms, now_ms + self._ttl_ms))
        facts = (answer.provider, answer.model, answer.endpoint, answer.status, answer.is_streamed, answer.cost_nanos)
        added = connection.execute(_INSERT, (key, directory, *facts, now_ms, now_ms, size)).lastrowid
        connection.execute(
            "INSERT INTO body (answer_id, headers, body, checksum) VALUES (?, ?, ?, ?)",
            (added, headers, answer.body, _check(headers, answer.body)),
        )
        (total,) = connection.execute("SELECT bytes FROM amount").fetchone()
        while total > self._max_bytes:
            unused, its_size = connection.execute(_LEAST_RECENTLY_USED, (added,)).fetchone()
            connection.execute("DELETE FROM answer WHERE id = ?", (unused,))
            total -= its_size


def _check(headers: str, body: bytes) -> int:
    """What tells that neither has changed on the disk: SQLite itself does not look."""
    return zlib.crc32(body, zlib.crc32(headers.encode()))


_FIND = """
    SELECT provider, model, endpoint, status, streamed, cost_nanos, headers, body, checksum
    FROM answer JOIN body ON answer_id = id
    WHERE key = ? AND abs(? - created_ms) < ?
"""
"""A clock that was set back must not make an answer young for years."""

_COUNT_HIT = """
    UPDATE answer SET hits = hits + 1, saved_nanos = saved_nanos + coalesce(cost_nanos, 0), used_ms = max(used_ms, ?)
    WHERE key = ?
"""
_DELETE_OLD = "DELETE FROM answer WHERE key = ? OR created_ms <= ? OR created_ms >= ?"
_INSERT = """
    INSERT INTO answer (
        key, directory, provider, model, endpoint, status, streamed, cost_nanos, created_ms, used_ms, size
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LEAST_RECENTLY_USED = "SELECT id, size FROM answer WHERE id <> ? ORDER BY used_ms, id LIMIT 1"
_SIZE = "SELECT count(*), coalesce(sum(size), 0) FROM answer WHERE ?1 IS NULL OR directory = ?1"
_CONTENTS = """
    SELECT directory, count(*), sum(size), sum(abs(?1 - created_ms) >= ?2), sum(cost_nanos IS NULL), sum(hits),
        coalesce(sum(cost_nanos), 0), sum(saved_nanos), min(created_ms), max(created_ms),
        max(CASE WHEN hits > 0 THEN used_ms END)
    FROM answer GROUP BY directory ORDER BY directory
"""
