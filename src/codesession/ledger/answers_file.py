"""How is the file of the exact cache opened, and how thrown away? Private to its user, at our schema, or not at all."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from codesession.errors import DatabaseError
from codesession.ledger.opening import make_directories, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x63537332
"""``cSs2`` in SQLite's header: a cache of ours."""
SCHEMA = 1

_CREATE = (
    """
    CREATE TABLE answer (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),        -- a digest of the request
        directory TEXT NOT NULL,                                  -- the scope it was asked in
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        status INTEGER NOT NULL,
        streamed INTEGER NOT NULL CHECK (streamed IN (0, 1)),
        cost_nanos INTEGER CHECK (cost_nanos >= 0),               -- USD 1e-9, of the call that brought it
        created_ms INTEGER NOT NULL,                              -- milliseconds since the epoch
        used_ms INTEGER NOT NULL,                                 -- milliseconds since the epoch
        hits INTEGER NOT NULL DEFAULT 0 CHECK (hits >= 0),
        saved_nanos INTEGER NOT NULL DEFAULT 0 CHECK (saved_nanos >= 0), -- USD 1e-9, of all hits
        size INTEGER NOT NULL CHECK (size >= 0)                   -- bytes of the body
    ) STRICT
    """,
    "CREATE INDEX answer_used ON answer (used_ms)",
    "CREATE INDEX answer_created ON answer (created_ms)",
    """
    CREATE TABLE body (  -- apart, so that counting a hit rewrites a small row
        answer_id INTEGER PRIMARY KEY REFERENCES answer ON DELETE CASCADE,
        headers TEXT NOT NULL,                                    -- JSON: pairs of name and value
        body BLOB NOT NULL,
        checksum INTEGER NOT NULL                                 -- CRC-32 of both
    ) STRICT
    """,
    "CREATE TABLE amount (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL CHECK (bytes >= 0)) STRICT",
    "INSERT INTO amount (id, bytes) VALUES (1, 0)",
    "CREATE TRIGGER answer_added AFTER INSERT ON answer BEGIN UPDATE amount SET bytes = bytes + new.size; END",
    "CREATE TRIGGER answer_gone AFTER DELETE ON answer BEGIN UPDATE amount SET bytes = bytes - old.size; END",
)

_MOST_WAL = 1024 * 1024
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
_AGAIN = "another program is writing to it; try again when that has ended"
_CLEAR = "empty it with: cs cache clear"
_ADVICE = {
    "SQLITE_BUSY": _AGAIN,
    "SQLITE_LOCKED": _AGAIN,
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_READONLY": "it may not be written; check the permissions of the file and of its directory",
    "SQLITE_CANTOPEN": "it cannot be opened; check the permissions of its directory",
    "SQLITE_IOERR": "the disk is full or has failed; free some space or check it",
}
_FIRST_LOCKED = 0x40000002
_LOCKED_BYTES = 510
"""Where SQLite locks a file that is open in WAL mode: SHARED_FIRST and SHARED_SIZE of its ``src/os.h``."""


class Place(NamedTuple):
    """Which file a path leads to: another one after it was deleted and made again."""

    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Place | None:
        """The file at `path`; None if there is none."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return cls(found.st_dev, found.st_ino)


def opened(path: Path, wait_s: float, *, create: bool) -> sqlite3.Connection | None:
    """An open connection to the cache at `path`; None where there is none and `create` is not set.

    Raises:
        DatabaseError, OSError, sqlite3.Error: it cannot be used; see `said_plainly`.
    """
    if create:
        make_directories(path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    elif not path.exists():
        return None
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
        _make_private(path)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # an answer that is deleted is overwritten
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_MOST_WAL}")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables where there are none; refuse what is not ours, or newer."""
    with transaction(connection, "BEGIN"):
        if _is_ours(connection, path):
            return
    with transaction(connection):
        if not _is_ours(connection, path):  # another process may have been quicker
            for statement in _CREATE:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
    with suppress(sqlite3.OperationalError):  # somebody else has just opened it: it works as it is, though they wait
        connection.execute("PRAGMA journal_mode = WAL")


def _is_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the tables are there.

    Raises:
        DatabaseError: others are.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner == APPLICATION_ID and version > SCHEMA:
        raise DatabaseError(
            f"The cache {path} was written by a newer codesession: upgrade this one, or {_CLEAR}.",
            path=str(path),
            reason="newer_schema",
        )
    if tables and owner != APPLICATION_ID:
        raise DatabaseError(
            f"The cache {path} was not made by codesession: move it away, or {_CLEAR}.",
            path=str(path),
            reason="foreign_schema",
        )
    return bool(tables)


def _make_private(path: Path) -> None:
    """Take a cache that others can read, and SQLite's files beside it, from them."""
    if sys.platform == "win32":  # it has access lists instead of modes; a user's profile is private there already
        return
    for file in _files(path):
        with suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)


@contextmanager
def said_plainly(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises into a `DatabaseError` that says what to do."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite's words quote what it read
        reason = getattr(error, "sqlite_errorname", None) or type(error).__name__
        advice = next((text for key, text in _ADVICE.items() if reason.startswith(key)), f"it is damaged; {_CLEAR}")
        raise DatabaseError(f"The cache {path} cannot be used: {advice}.", path=str(path), reason=reason) from error
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> DatabaseError:
    return DatabaseError(
        f"The cache {path} cannot be used: {error.strerror or error}; check its directory's permissions.",
        path=str(path),
        reason=type(error).__name__,
    )


def was_busy(error: DatabaseError) -> bool:
    """Whether it would have gone well a moment later."""
    return str(error.extra.get("reason")).startswith(_BUSY)


def discard(path: Path) -> int:
    """Delete a cache that cannot be read, with SQLite's files beside it; returns how many bytes they had.

    This process must not have it open.

    Raises:
        DatabaseError: another one has, or it may not be deleted; it is left as it is.
    """
    try:
        size = sum(file.stat().st_size for file in _files(path) if file.exists())
        with _nobody_else(path):
            for file in reversed(_files(path)):  # the file itself last: it bears the lock
                file.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error
    return size


@contextmanager
def _nobody_else(path: Path) -> Iterator[None]:
    """Keep others from opening the file meanwhile (Windows does not delete what is open, and needs no lock).

    Raises:
        DatabaseError: another process has it open; its files must not be taken from under it
            (https://www.sqlite.org/howtocorrupt.html, 4.2).
    """
    if sys.platform == "win32" or not path.exists():
        yield
        return
    import fcntl

    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _FIRST_LOCKED)
        except OSError as error:
            raise DatabaseError(
                f"The cache {path} is damaged, and in use: end what runs with it (cs run, cs proxy), then try again.",
                path=str(path),
                reason="in_use",
            ) from error
        yield


def _files(path: Path) -> tuple[Path, Path, Path]:
    """The file, and those that SQLite has beside it."""
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
