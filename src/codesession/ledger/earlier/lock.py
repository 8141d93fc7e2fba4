"""How does only one process take a database over, and what does the next one know of one that was killed?

The lock is on a file beside the database, and the system takes it back however its holder ends. The file is removed
by who is done; one that waited for it then locks a file without a name, sees that, and starts again.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError
from codesession.ledger.earlier.kept_files import beside, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _LOCKED = 1 << 30  # beyond what is written in the file, which others could otherwise not read

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


PAUSE_S = 0.02


def _lock_file(database: Path) -> Path:
    return database.with_name(f".{database.name}.takeover")


def temporary(database: Path, name: str) -> Path:
    """A file that is there only while `database` is taken over."""
    return beside(_lock_file(database), f"-{os.getpid()}-{name}")


def sweep(database: Path) -> None:
    """Remove the temporary files of this takeover, and of those that were killed."""
    for file in database.parent.iterdir():
        if file.name.startswith(f"{_lock_file(database).name}-"):
            file.unlink()


class TakeoverLock:
    """The lock, while it is held; its file remembers where an original is whose place a copy has taken."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def note(self, copy: Path, kept: Path) -> None:
        """Remember that `copy`, under whatever name, is of the original that lies at `kept`; down to the disk."""
        words = *(str(number) for number in stamp_of(copy) or ()), kept.name
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, os.fsencode(" ".join(words)))
        os.fsync(self._descriptor)

    def noted(self, database: Path) -> Path | None:
        """Where the original is of which `database` is a copy; None if it is no such copy, or was written to."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        *stamp, name = os.fsdecode(os.read(self._descriptor, 4096)).split(" ", 3)
        if [str(number) for number in stamp_of(database) or ("",)] != stamp:
            return None
        return database.with_name(name)

    def forget(self) -> None:
        """The takeover is done."""
        os.ftruncate(self._descriptor, 0)

    @property
    def is_needed(self) -> bool:
        """Whether it remembers something."""
        return os.fstat(self._descriptor).st_size > 0


@contextmanager
def alone(database: Path, wait_s: float) -> Iterator[TakeoverLock]:
    """Hold the lock of `database`, waiting up to `wait_s` seconds for it.

    Raises:
        DatabaseError: another process holds it that long.
    """
    file = _lock_file(database)
    deadline = time.monotonic() + wait_s
    while (descriptor := _held(file)) is None:
        if time.monotonic() > deadline:
            raise DatabaseError(
                f"Another codesession is just taking over {database} from an earlier version; try again in a minute.",
                path=str(database),
                reason="in_use",
            )
        time.sleep(PAUSE_S)
    try:
        lock = TakeoverLock(descriptor)
        try:
            yield lock
        finally:
            if not lock.is_needed:
                with suppress(PermissionError):  # Windows removes no file that is open; the next one uses it again
                    file.unlink()
    finally:
        os.close(descriptor)


def _held(file: Path) -> int | None:
    """The locked lock file; None while another process has it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if _take(descriptor) and os.path.samestat(os.fstat(descriptor), file.stat()):
            return descriptor
    except FileNotFoundError:  # removed by who held it before
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None
