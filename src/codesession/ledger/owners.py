"""Is the process that holds a call still alive? It is while it holds a lock that its death releases.

Each process that sends calls (an *owner*) locks one byte of a file beside the ledger, the byte at its own id,
and keeps it until it ends. The system takes the lock back however the process ends, kill -9 included, so
neither a recycled process id nor a changed clock or host name can fool the check; SQLite relies on the same.

POSIX record locks belong to the process and are dropped when *any* descriptor of the file is closed
(https://man7.org/linux/man-pages/man2/fcntl_locking.2.html), so a process opens each file once and counts its users.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int, offset: int) -> bool:
        os.lseek(descriptor, offset, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _give(descriptor: int, offset: int) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int, offset: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except OSError:
            return False
        return True

    def _give(descriptor: int, offset: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, offset)


class _LockFile:
    """One lock file as this process has it open."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.users = 0
        self.owned: set[int] = set()


_OPEN: dict[str, _LockFile] = {}
_TURN = threading.Lock()


class OwnerLocks:
    """The lock file beside one ledger, shared by everything in this process that has that ledger open."""

    def __init__(self, ledger: Path) -> None:
        self._path = os.path.realpath(ledger) + "-owners"
        self._mine: set[int] = set()
        with _TURN:
            self._file = _OPEN.get(self._path) or _OPEN.setdefault(self._path, _LockFile(self._path))
            self._file.users += 1

    def claim(self, owner_id: int) -> None:
        """Be the owner `owner_id` until `close`, or until this process ends."""
        with _TURN:
            if not _take(self._file.descriptor, owner_id):
                raise OSError(f"owner {owner_id} is another process")
            self._file.owned.add(owner_id)
            self._mine.add(owner_id)

    def is_alive(self, owner_id: int) -> bool:
        """Whether the process that claimed `owner_id` still runs (it may be this one)."""
        with _TURN:
            if owner_id in self._file.owned:
                return True
            if not _take(self._file.descriptor, owner_id):
                return True
            _give(self._file.descriptor, owner_id)
            return False

    def close(self) -> None:
        """Give up what was claimed here."""
        with _TURN:
            for owner_id in self._mine:
                _give(self._file.descriptor, owner_id)
            self._file.owned -= self._mine
            self._mine.clear()
            self._file.users -= 1
            if not self._file.users:
                os.close(self._file.descriptor)
                del _OPEN[self._path]
