"""How do readers and writers share the file? One connection, one transaction at a time.

Across processes SQLite's WAL lets readers go on while one writes; writers wait for each other.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from codesession.ledger.opening import connect, said_plainly
from codesession.ledger.owners import OwnerLocks
from codesession.ledger.reader import SqliteReader
from codesession.ledger.writer import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_S = 10.0
"""How long a command waits for another process's write, in seconds."""


class SqliteLedger:
    """The `Ledger` in one SQLite file; may be used from several threads, which take turns."""

    def __init__(self, path: Path, *, wait_s: float = WAIT_S, durable: bool = False) -> None:
        """Open, and if need be create or migrate, the ledger at `path`.

        Raises:
            DatabaseError: the file cannot be used.
        """
        self.path = path
        self._turn = threading.RLock()
        self._connection = connect(path, wait_s, durable=durable)
        self._locks: OwnerLocks | None = None

    @contextmanager
    def writing(self) -> Iterator[SqliteWriter]:
        """One write transaction: it all happens, or none of it does.

        BEGIN IMMEDIATE takes the write lock before the first read, so what is read inside stays true
        until the commit, across threads and processes.

        Raises:
            DatabaseError: it could not be written; nothing was.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield SqliteWriter(self._connection)

    @contextmanager
    def reading(self) -> Iterator[SqliteReader]:
        """One consistent view.

        Raises:
            DatabaseError: it could not be read.
        """
        with self._transaction("BEGIN"):
            yield SqliteReader(self._connection)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._turn, said_plainly(self.path):
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some errors have ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def claim(self, started_ms: int) -> int:
        """Make this process an owner; the lock is taken before anyone can see the row."""
        with self.writing() as writer:
            owner_id = writer.add_owner(os.getpid(), started_ms)
            self._owner_locks().claim(owner_id)
        return owner_id

    def is_alive(self, owner_id: int) -> bool:
        """Whether the process of that owner still runs."""
        return self._owner_locks().is_alive(owner_id)

    def _owner_locks(self) -> OwnerLocks:
        with self._turn, said_plainly(self.path):
            if self._locks is None:
                self._locks = OwnerLocks(self.path)
            return self._locks

    def close(self) -> None:
        """Close the file and stop being an owner; the ledger cannot be used afterwards."""
        with self._turn:
            if self._locks is not None:
                self._locks.close()
                self._locks = None
            self._connection.close()
