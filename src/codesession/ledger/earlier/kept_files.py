"""Where does the original of a database that was taken over lie? Beside it, byte for byte, under a name of its own.

SQLite finds what is still to be replayed into a database by the name: what was ``sessions.db-wal`` is kept as
``sessions.db.earlier-wal``, so that the original can still be opened.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
import sys
from itertools import count
from typing import TYPE_CHECKING

from codesession.ledger.flushing import flush, flush_directory

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.ledger.earlier.lock import TakeoverLock

REPLAYED = ("-wal", "-journal")
"""The ends of the names of files that SQLite replays into the database they lie beside."""

Stamp = tuple[int, int, int] | None
"""Inode, size in bytes, and time of the last change in nanoseconds; None for a file that is not there, or empty."""


def beside(database: Path, ending: str) -> Path:
    """The file that belongs to `database`, by the end of its name."""
    return database.with_name(f"{database.name}{ending}")


def stamp_of(file: Path) -> Stamp:
    """What changes when a program writes to `file`."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found.st_size else None


def stamps(database: Path) -> dict[str, Stamp]:
    """The stamps of a database and of what is to be replayed into it, by the ends of their names."""
    return {ending: stamp_of(beside(database, ending)) for ending in ("", *REPLAYED)}


def place_for(database: Path, lock: TakeoverLock) -> Path:
    """Where `database` is to be kept; where it is kept already, if a takeover was killed after that."""
    kept = lock.noted(database)
    if kept is not None and kept.is_file():
        return kept
    for number in count(1):
        kept = beside(database, ".earlier" if number == 1 else f".earlier-{number}")
        if _may_be_kept_as(database, kept):
            return kept
    raise AssertionError  # pragma: no cover - there are numbers enough


def _may_be_kept_as(database: Path, kept: Path) -> bool:
    """Whether nothing has that name but what `keep` put there."""
    seen = stamps(database)
    for ending in seen:
        there = beside(kept, ending)
        if os.path.lexists(there):
            if not seen[ending] or not _is_same(beside(database, ending), there):
                return False
        elif seen[ending] and os.path.lexists(kept):  # which came last
            return False
    return True


def _is_same(one: Path, other: Path) -> bool:
    return other.is_file() and (one.samefile(other) or filecmp.cmp(one, other, shallow=False))


def keep(database: Path, kept: Path) -> None:
    """Give the original its second name, the user's alone; nothing that has the name already is touched.

    What is to be replayed comes first: a database at `kept` has all of it.
    """
    for ending in (*REPLAYED, ""):
        original, second = beside(database, ending), beside(kept, ending)
        if not stamp_of(original) or os.path.lexists(kept):
            continue
        if not os.path.lexists(second):
            _link(original, second)
        if sys.platform != "win32" and stat.S_IMODE(second.stat().st_mode) & 0o077:
            second.chmod(0o600)
        flush(second)
    flush_directory(kept)


def _link(original: Path, second: Path) -> None:
    from codesession.ledger.earlier.lock import temporary

    try:
        second.hardlink_to(original)
    except OSError:  # a file system without links
        partial = temporary(original, "kept")
        copy(original, partial)
        partial.rename(second)


def copy(original: Path, target: Path) -> None:
    """Copy a file to one that does not exist yet, the user's alone, down to the disk."""
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as writing, original.open("rb") as reading:
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(descriptor)
