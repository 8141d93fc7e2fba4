"""How is the file of the ledger opened? Private to its user, in WAL mode, at our schema, or not at all."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_ID = 0x63537331
"""``cSs1`` in SQLite's header: the file is ours."""

MIGRATIONS = Path(__file__).parent / "migrations"
SCHEMA = 7
"""The newest migration's number; a test holds it against the folder."""

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables: https://www.sqlite.org/stricttables.html"""

_NO_ROOM = "the disk is full or has failed; free some space and try again"
_ADVICE = {
    "SQLITE_BUSY": "another program is writing to it; try again when that has ended",
    "SQLITE_LOCKED": "another program is writing to it; try again when that has ended",
    "SQLITE_FULL": "the disk is full; free some space and try again",
    "SQLITE_READONLY": "it may not be written; check the permissions of the file and of its directory",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the directory exists and may be written",
    "SQLITE_NOTADB": "it is not a ledger; move it away, or set CODESESSION_DB_PATH to another file",
    "SQLITE_CORRUPT": "it is damaged; move it away and restore a backup",
    "SQLITE_IOERR_SHMSIZE": _NO_ROOM,
    "SQLITE_IOERR_WRITE": _NO_ROOM,
    "SQLITE_IOERR": "the disk failed; check it, then try again",
}
_PERMISSION_ADVICE = "check the directory's permissions"
_PATH_ADVICE = "its path leads through a file, set CODESESSION_DB_PATH to another one"


@contextmanager
def said_plainly(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises into a `DatabaseError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        advice = next((text for key, text in _ADVICE.items() if name.startswith(key)), str(error).rstrip("."))
        raise DatabaseError(f"The ledger {path} cannot be used: {advice}.", path=str(path), reason=name) from error
    except UnicodeDecodeError as error:  # SQLite's words quote what it read, which in a damaged file may be no text
        raise DatabaseError(
            f"The ledger {path} cannot be used: {_ADVICE['SQLITE_CORRUPT']}.", path=str(path), reason="SQLITE_CORRUPT"
        ) from error
    except (OverflowError, UnicodeEncodeError) as error:  # a number beyond 64 bits, or text that is none
        raise DatabaseError(
            f"The ledger {path} cannot keep such a value: {error}.", path=str(path), reason=type(error).__name__
        ) from error
    except OSError as error:
        advice = _PATH_ADVICE if isinstance(error, (FileExistsError, NotADirectoryError)) else _PERMISSION_ADVICE
        if error.errno == errno.ENOSPC:
            advice = "free some space and try again"
        raise DatabaseError(
            f"The ledger {path} cannot be used: {error.strerror or error}; {advice}.",
            path=str(path),
            reason=type(error).__name__,
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """One transaction: it all happens, or none of it does."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise


def connect(
    path: Path, wait_s: float, *, durable: bool, elsewhere: Path | None = None
) -> tuple[sqlite3.Connection, bool]:
    """An open connection to the ledger at `path`, created or migrated if need be.

    `wait_s` is how long to wait for another writer; `durable` makes every commit survive power loss, not
    only the death of a process. A database of an earlier tool at `path` is taken over, and with it, or where there
    is no ledger yet, the one at `elsewhere`; the second value tells whether that has just happened.

    Raises:
        DatabaseError: the file cannot be used; it is left as it was.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseError(f"SQLite {sqlite3.sqlite_version} is too old; codesession needs 3.37 or newer.")
    with said_plainly(path):
        was_taken = _may_be_earlier(path, elsewhere) and _take_over(path, elsewhere, wait_s)
        for _ in range(2):
            _create(path)
            connection = _opened(path, wait_s, durable=durable)
            if connection is not None:
                return connection, was_taken
            was_taken = _take_over(path, elsewhere, wait_s)
    raise foreign(path)  # pragma: no cover - another program makes one again and again


def _opened(path: Path, wait_s: float, *, durable: bool) -> sqlite3.Connection | None:
    """The connection; None, and nothing changed, for a database of an earlier tool."""
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        if not _prepare(connection, path, wait_s):
            connection.close()
            return None
        _make_private(path)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    except BaseException:
        connection.close()
        raise
    return connection


def _may_be_earlier(path: Path, elsewhere: Path | None) -> bool:
    """Whether a look at copies must come before SQLite opens the file at `path`.

    Opening a database may replay what is in files beside it, and an earlier tool's is kept as it was. Where there is
    nothing to replay it can be opened: if it is an earlier tool's, that shows, and changes nothing.
    """
    real = os.fspath(path)
    try:
        found = os.lstat(real)
        if stat.S_ISLNK(found.st_mode):
            real = os.path.realpath(real)  # SQLite's files lie beside the file itself
            found = path.stat()
    except FileNotFoundError:
        return elsewhere is not None and elsewhere.is_file()
    if not found.st_size:
        return elsewhere is not None and elsewhere.is_file()
    return any(_is_filled(f"{real}{ending}") for ending in ("-wal", "-journal")) and not is_ours_at_rest(real)


def _is_filled(file: str) -> bool:
    try:
        return Path(file).stat().st_size > 0
    except FileNotFoundError:
        return False


def address(path: Path, how: str) -> str:
    """The file at `path` as a URI for SQLite, with `how` it is to be opened (https://www.sqlite.org/uri.html)."""
    return f"{path.absolute().as_uri()}?{how}"


def is_ours_at_rest(file: str) -> bool:
    """Whether the file says so itself, without its ``-wal``.

    SQLite must read it: if this process has it open, reading it in any other way would let go of SQLite's locks
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        with closing(sqlite3.connect(address(Path(file), "immutable=1"), uri=True)) as connection:
            (owner,) = connection.execute("PRAGMA application_id").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # what is wrong with it shows, and is told, when it is opened
        return True
    return bool(owner == APPLICATION_ID)


def _take_over(path: Path, elsewhere: Path | None, wait_s: float) -> bool:
    from codesession.ledger.earlier.takeover import take_over

    return take_over(path, elsewhere, wait_s)


def _create(path: Path) -> None:
    """Create the directories (0700) and the file (0600) where there is none."""
    try:
        _create_file(path)
    except FileNotFoundError:
        make_directories(path)
        _create_file(path)


def _create_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not path.is_file():  # a directory, a device, a link to nowhere
            raise DatabaseError(
                f"The ledger {path} cannot be used: it is not a file; set CODESESSION_DB_PATH to one.",
                path=str(path),
                reason="not_a_file",
            ) from None


def make_directories(path: Path) -> None:
    """Make the directories that lead to `path` where they are missing, the user's alone."""
    for directory in reversed(path.parents):
        if not directory.is_dir():
            directory.mkdir(mode=0o700, exist_ok=True)


def foreign(path: Path) -> DatabaseError:
    """What is raised for a database that is neither ours nor an earlier tool's."""
    return DatabaseError(
        f"{path} was not made by this version of codesession. It is left as it is: "
        "set CODESESSION_DB_PATH to another file, or move this one away.",
        path=str(path),
        reason="foreign_schema",
    )


def _make_private(path: Path) -> None:
    """Take a ledger that others can read, and SQLite's files beside it, from them."""
    if sys.platform == "win32":  # it has access lists instead of modes; a user's profile is private there already
        return
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)


def _prepare(connection: sqlite3.Connection, path: Path, wait_s: float) -> bool:
    """Bring the file to our schema; False for one of an earlier tool. Refuses any other, and one newer than us."""
    connection.execute("BEGIN")  # all three of one moment: another process may just be creating the tables
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    connection.execute("COMMIT")
    if owner == APPLICATION_ID and version == SCHEMA:
        return True
    if owner != APPLICATION_ID and tables:
        from codesession.ledger.earlier.source import is_earlier

        if is_earlier(connection):
            return False
        raise foreign(path)
    if version > SCHEMA:
        raise DatabaseError(
            f"{path} was written by a newer codesession (schema {version}; this one knows {SCHEMA}): upgrade it.",
            path=str(path),
            reason="newer_schema",
        )
    _use_wal(connection, wait_s)
    migrate(connection)
    if not tables:  # so that the file itself tells whose it is: see `is_ours_at_rest`
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return True


def _use_wal(connection: sqlite3.Connection, wait_s: float) -> None:
    """Switch to WAL. SQLite does not wait for other connections here, so we do.

    See "busy_timeout" against mode changes: https://www.sqlite.org/wal.html#activating_and_configuring_wal_mode
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing migrations, each in one transaction with the record of it."""
    for file in sorted(MIGRATIONS.glob("[0-9]*.sql")):
        number = int(file.name.partition("_")[0])
        with transaction(connection):
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version < number:  # another process may have been quicker
                for statement in _statements(file.read_text(encoding="utf-8")):
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO migration (number, name, applied_ms) VALUES (?, ?, ?)",
                    (number, file.stem, int(time.time() * 1000)),
                )
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (`executescript` would commit behind our back)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
