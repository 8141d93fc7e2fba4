"""How does an earlier tool's database become the ledger? Whole or not at all, and the original stays.

The original is never opened with SQLite, which would write to it. It is copied, with its ``-wal``; the new ledger is
built from the copies beside it; the original is linked to another name; and then the new ledger is renamed over it.
Whatever is killed in between, the file at the path is the old database, complete, or the new ledger, complete.

A ``-wal`` that lies beside another database is replayed into that. So it must be gone before the new ledger comes, and
before it goes, the old database is replaced by its copy in which it is merged already. That copy is not the original:
a killed takeover that came so far has left, in its lock file, where the original is.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import ExitStack, closing
from pathlib import Path

from codesession.errors import DatabaseError
from codesession.ledger.earlier import kept_files
from codesession.ledger.earlier.copies import Changed, Copy, copied, refuse_damaged
from codesession.ledger.earlier.finishing import finish
from codesession.ledger.earlier.kept_files import REPLAYED, beside
from codesession.ledger.earlier.lock import TakeoverLock, alone, sweep, temporary
from codesession.ledger.earlier.merging import Merging
from codesession.ledger.earlier.source import is_earlier
from codesession.ledger.flushing import flush, flush_directory
from codesession.ledger.opening import APPLICATION_ID, foreign, is_ours_at_rest, make_directories, migrate

TRIES = 5
PAUSE_S = 0.1
"""How long a program that writes to the old database is given between two tries, in seconds."""

SETTINGS = ("pricing.json", "local-models.json")


def take_over(path: Path, elsewhere: Path | None, wait_s: float) -> bool:
    """Make the database of an earlier tool at `path` the ledger, with what the one at `elsewhere` has besides.

    Where nothing is at `path`, the one at `elsewhere` alone becomes the ledger; that file itself stays as it is. False,
    and nothing done, if there is nothing to take over (any more). `wait_s` is how long to wait for another process
    that is just doing it.

    Raises:
        DatabaseError: it is damaged, or no earlier tool's; or another program is writing to it.
    """
    real = Path(os.path.realpath(path))
    make_directories(real)
    with alone(real, wait_s) as lock:
        try:
            for _ in range(TRIES):
                sweep(real)
                if _is_there(real) and is_ours_at_rest(os.fspath(real)):
                    return False
                try:
                    return _attempt(real, elsewhere, lock)
                except Changed:
                    time.sleep(PAUSE_S)
        finally:
            sweep(real)
    raise DatabaseError(
        f"{path} is to be taken over from an earlier version, and another program keeps writing to it: end that "
        "program (such as an earlier cs start, proxy or dashboard), then try again.",
        path=str(path),
        reason="in_use",
    )


def _attempt(path: Path, elsewhere: Path | None, lock: TakeoverLock) -> bool:
    new = temporary(path, "new")
    with ExitStack() as open_copies:
        copies = _copies(path, elsewhere, open_copies)
        if not copies:
            return False
        here = next((copy for copy in copies if copy.original == path), None)
        kept = kept_files.place_for(path, lock) if here else None
        _build(new, [(copy, kept if copy is here and kept else copy.original) for copy in copies])
    if any(kept_files.stamps(copy.original) != copy.stamp for copy in copies):
        raise Changed
    if elsewhere and copies[-1] is not here:
        _copy_settings(elsewhere.parent, path)
    if here and kept:
        kept_files.keep(path, kept)
    for copy in copies:
        if kept and copy is here and any(copy.stamp[ending] for ending in REPLAYED):
            flush(copy.file)
            lock.note(copy.file, kept)
            copy.file.replace(path)
            flush_directory(path)
        else:
            copy.file.unlink()
    for ending in (*REPLAYED, "-shm"):
        beside(path, ending).unlink(missing_ok=True)
    flush_directory(path)
    new.replace(path)
    flush_directory(path)
    lock.forget()
    return True


def _copies(path: Path, elsewhere: Path | None, open_copies: ExitStack) -> list[Copy]:
    """What there is to take over, the database at `path` first; nothing if what is there needs no takeover."""
    copies = []
    if _is_there(path):
        here = copied(path, temporary(path, "here"), open_copies)
        if not _is_to_be_taken(here.connection, path):
            return []
        copies.append(here)
    if elsewhere is not None and _is_there(elsewhere):
        there = copied(elsewhere, temporary(path, "there"), open_copies)
        if is_earlier(there.connection):  # else it is somebody else's, and nobody said that it was ours
            copies.append(there)
    for copy in copies:
        refuse_damaged(copy)
    return copies


def _is_there(path: Path) -> bool:
    """Whether there is a file with something in it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0


def _is_to_be_taken(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether it is an earlier tool's; False if it is ours, or empty.

    Raises:
        DatabaseError: it is somebody else's.
    """
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner == APPLICATION_ID or not tables:
        return False
    if not is_earlier(connection):
        raise foreign(path)
    return True


def _build(file: Path, sources: list[tuple[Copy, Path]]) -> None:
    """Make a new ledger of all that was copied, in one file that is on the disk; each original will lie at the path.

    Nobody else has it yet, so nothing is written twice: half of it is thrown away.
    """
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(file, isolation_level=None)) as ledger:
        for setting in _BUILDING:
            ledger.execute(f"PRAGMA {setting}").fetchall()
        migrate(ledger)
        ledger.execute("BEGIN")
        merging = Merging(ledger, time.time_ns() // 1_000_000)
        for copy, kept in sources:
            merging.take(copy.connection, str(copy.original), str(kept))
        finish(ledger)
        ledger.execute("COMMIT")
    with closing(sqlite3.connect(file, isolation_level=None)) as ledger:
        ledger.execute("PRAGMA journal_mode = WAL").fetchall()
    flush(file)


_BUILDING = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "temp_store = FILE",
    "cache_size = -8000",  # kibibytes
    # They are two thirds of the time an INSERT takes. What `earlier_values` makes meets them: a property test.
    "ignore_check_constraints = ON",
)


def _copy_settings(old: Path, ledger: Path) -> None:
    """Take over the prices that a user had set, unless there are some beside the ledger."""
    for name in SETTINGS:
        there, here = old / name, ledger.with_name(name)
        if there.is_file() and not here.exists():
            partial = temporary(ledger, name)
            kept_files.copy(there, partial)
            partial.replace(here)
