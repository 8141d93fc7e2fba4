"""How is a database read that must not be opened? A copy is, when nobody wrote while it was made."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError
from codesession.ledger.earlier import kept_files
from codesession.ledger.earlier.kept_files import beside
from codesession.ledger.earlier.source import read_plainly

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from codesession.ledger.earlier.kept_files import Stamp

TICK_NS = 20_000_000
"""No system's clock ticks as slowly as this, in nanoseconds."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_ROW_FAULTS = ("NULL value in ", "CHECK constraint failed in ", "TEXT value in ", "NUMERIC value in ")
"""What SQLite may say of rows in a file that is whole."""


class Changed(Exception):
    """Another program wrote to the old database while it was read."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A database as it was at one moment, in one file of ours."""

    original: Path
    stamp: dict[str, Stamp]
    file: Path
    connection: sqlite3.Connection
    """open, and only read from"""


def copied(original: Path, file: Path, open_copies: ExitStack) -> Copy:
    """The database as it is, copied to `file` with what is still to be replayed into it, and opened.

    Raises:
        Changed: another program wrote to it meanwhile.
        DatabaseError: it is damaged.
    """
    stamp = _settled(original)
    try:
        for ending, seen in stamp.items():
            if seen:
                kept_files.copy(beside(original, ending), beside(file, ending))
    except FileNotFoundError:
        raise Changed from None
    if kept_files.stamps(original) != stamp:
        raise Changed
    connection = open_copies.enter_context(closing(sqlite3.connect(file, isolation_level=None)))
    copy = Copy(original, stamp, file, connection)
    read_plainly(connection)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(_DAMAGED):
            raise _damaged(copy, str(error)) from error
        raise
    return copy


def _settled(original: Path) -> dict[str, Stamp]:
    """The stamps of a database, once they are so old that the next write gives others.

    The time of a file's last change is that of the last tick of the system's clock, and two writes may share one
    (``CLOCK_REALTIME_COARSE``: https://man7.org/linux/man-pages/man2/clock_gettime.2.html).
    """
    for is_last in (False, True):
        stamp = kept_files.stamps(original)
        youngest_ns = min((time.time_ns() - seen[2] for seen in stamp.values() if seen), default=TICK_NS)
        if not 0 <= youngest_ns < TICK_NS:
            return stamp
        if not is_last:
            time.sleep((TICK_NS - youngest_ns) / 1e9)
    raise Changed


def refuse_damaged(copy: Copy) -> None:
    """Raise for a file that SQLite finds broken.

    Raises:
        DatabaseError: it is.
    """
    try:
        found = [line for (line,) in copy.connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    faults = [line for line in found if line != "ok" and not line.startswith(_ROW_FAULTS)]
    if faults:
        raise _damaged(copy, faults[0])


def _damaged(copy: Copy, what: str) -> DatabaseError:
    return DatabaseError(
        f"{copy.original} is a database of an earlier version, and damaged; it is left as it is. Restore a backup of "
        f"it, or move it away. SQLite says: {' '.join(what.split())}.",
        path=str(copy.original),
        reason="corrupt",
    )
