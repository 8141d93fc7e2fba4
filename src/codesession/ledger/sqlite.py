"""How do readers and writers share the file? One connection, one transaction at a time.

Across processes SQLite's WAL lets readers go on while one writes; writers wait for each other.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from codesession.ledger.opening import connect, said_plainly, transaction
from codesession.ledger.owners import OwnerLocks
from codesession.ledger.reader import SqliteReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger.backup import Backup
    from codesession.ledger.condition import Condition
    from codesession.ledger.upkeep import Contents
    from codesession.ledger.writer import SqliteWriter

WAIT_S = 10.0
"""How long a command waits for another process's write, in seconds."""


class SqliteLedger:
    """The `Ledger` in one SQLite file; may be used from several threads, which take turns."""

    def __init__(
        self, path: Path, *, wait_s: float = WAIT_S, durable: bool = False, elsewhere: Path | None = None
    ) -> None:
        """Open, and if need be create or migrate, the ledger at `path`.

        A database of an earlier tool there is taken over, and with it, or where there is no ledger yet, the one at
        `elsewhere`; `was_taken_over` tells whether that has just happened.

        Raises:
            DatabaseError: the file cannot be used.
        """
        self.path = path
        self._turn = threading.RLock()
        self._connection, self.was_taken_over = connect(path, wait_s, durable=durable, elsewhere=elsewhere)
        self._locks: OwnerLocks | None = None

    @contextmanager
    def writing(self) -> Iterator[SqliteWriter]:
        """One write transaction: it all happens, or none of it does.

        BEGIN IMMEDIATE takes the write lock before the first read, so what is read inside stays true
        until the commit, across threads and processes.

        Raises:
            DatabaseError: it could not be written; nothing was.
        """
        from codesession.ledger.writer import SqliteWriter  # most commands only read

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
        with self._turn, said_plainly(self.path), transaction(self._connection, begin):
            yield

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

    def check(self) -> Condition:
        """What the rows say about themselves; for whether the file is whole see `inspect_file`.

        Raises:
            DatabaseError: they could not be read.
        """
        from codesession.ledger.condition import check

        with self._transaction("BEGIN"):
            return check(self._connection)

    def contents(self) -> Contents:
        """How much there is.

        Raises:
            DatabaseError: it could not be read.
        """
        from codesession.ledger import upkeep

        with self._transaction("BEGIN"):
            return upkeep.contents(self._connection)

    def try_writing(self) -> None:
        """Find out whether the ledger can be written, and write nothing.

        Raises:
            DatabaseError: it cannot.
        """
        with self._transaction("BEGIN IMMEDIATE"):  # which only begins to read a file that may only be read
            self._connection.execute("DELETE FROM migration WHERE false")

    def rebuild_totals(self) -> None:
        """Sum up every call anew.

        Raises:
            DatabaseError: it could not be written; nothing was.
        """
        from codesession.ledger import upkeep

        with self._transaction("BEGIN IMMEDIATE"):
            upkeep.rebuild_totals(self._connection)

    def back_up(self, target: Path, *, replace: bool = False) -> Backup:
        """Copy the ledger to the file `target`, while others go on; see `backup.back_up`.

        Raises:
            InvalidInput: `target` may not be written over.
            DatabaseError: it could not be written, or the ledger is damaged; nothing is left behind.
        """
        from codesession.ledger import backup

        with self._transaction("BEGIN"):
            return backup.back_up(self._connection, self.path, target, replace=replace)

    def reset(self, backup: Path | None, *, with_limits: bool = False) -> Contents:
        """Delete every session and call, after a copy to the file `backup`; returns what there was.

        `with_limits` says that budgets and mandates go too which the user set.

        Nobody can write between the copy and the deletion. The space is given back to the disk, unless
        another program is reading.

        Raises:
            InvalidInput: a `cs run` or `cs proxy` still writes here, or the copy may not be made there; nothing was
                deleted.
            DatabaseError: the ledger is damaged, or could not be copied or written; nothing was deleted.
        """
        from codesession.ledger import upkeep

        with self._transaction("BEGIN IMMEDIATE"):
            upkeep.refuse_in_use(self._connection, self.is_alive)
            if backup is None:
                upkeep.refuse_damaged(self._connection, self.path)
            else:
                other = SqliteLedger(self.path)  # SQLite copies no database from inside a write transaction
                try:
                    other.back_up(backup)
                finally:
                    other.close()
            deleted = upkeep.empty(self._connection, with_limits=with_limits)
        with self._turn, said_plainly(self.path):
            upkeep.give_back_space(self._connection)
        return deleted

    def close(self) -> None:
        """Close the file and stop being an owner; the ledger cannot be used afterwards."""
        with self._turn:
            if self._locks is not None:
                self._locks.close()
                self._locks = None
            self._connection.close()
