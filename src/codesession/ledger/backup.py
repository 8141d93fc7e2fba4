"""How is a ledger copied while others write to it? By SQLite's backup API, checked before it gets its name.

Copying the file itself would miss what is still in the ``-wal`` file beside it, or tear a write in two
(https://www.sqlite.org/howtocorrupt.html#_backup_or_restore_while_a_transaction_is_active).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError, InvalidInput
from codesession.ledger.flushing import flush, flush_directory
from codesession.ledger.upkeep import contents, refuse_damaged

if TYPE_CHECKING:
    from pathlib import Path

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file; one of another database would be read as part of ours."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the ledger: one file, which can be used as a ledger."""

    path: Path
    size: int
    """bytes"""
    sessions: int
    calls: int


def back_up(connection: sqlite3.Connection, ledger: Path, target: Path, *, replace: bool) -> Backup:
    """Write what the current read transaction sees to the file `target`, whole or not at all.

    It is written beside its place, checked, flushed to the disk and then renamed. A file that is there is
    only overwritten with `replace`.

    Raises:
        InvalidInput: `target` may not be written over.
        DatabaseError: it could not be written, or the ledger is damaged; nothing is left behind.
    """
    _refuse_target(ledger, target, replace=replace)
    partial = target.with_name(f".{target.name}.{os.urandom(4).hex()}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        there_is = contents(connection)
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            connection.backup(copy)
            refuse_damaged(copy, ledger)
            if contents(copy) != there_is:  # pragma: no cover - SQLite has never been seen to
                raise DatabaseError(f"The backup {target} is not what the ledger is; try again.", path=str(target))
        flush(partial)
        size = partial.stat().st_size
        _put_in_place(partial, target, replace=replace)
    except FileExistsError:
        raise _already_there(target) from None
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise  # that is the ledger, not the backup
        raise _unwritten(target, error) from error
    finally:
        for name in (partial.name, *(partial.name + ending for ending in _BESIDE)):
            with suppress(OSError):  # it is not there, as it should be; or its directory may no longer be written
                partial.with_name(name).unlink()
    return Backup(target, size, there_is.sessions, there_is.calls)


def _refuse_target(ledger: Path, target: Path, *, replace: bool) -> None:
    if not target.parent.is_dir():
        raise InvalidInput(f"{target} cannot be written: its directory does not exist.", path=str(target))
    beside = [ledger.with_name(ledger.name + ending) for ending in ("", *_BESIDE, "-owners")]
    if target in beside or any(target.exists() and file.exists() and target.samefile(file) for file in beside):
        raise InvalidInput(f"{target} is the ledger itself: name another file.", path=str(target))
    if target.exists() or target.is_symlink():
        if not replace:
            raise _already_there(target)
        if not target.is_file():
            raise InvalidInput(f"{target} is not a file: name another one.", path=str(target))
    for ending in _BESIDE:
        if target.with_name(target.name + ending).exists():
            raise InvalidInput(
                f"{target.name}{ending} lies beside {target}: a database there is in use. Name another file.",
                path=str(target),
            )


def _already_there(target: Path) -> InvalidInput:
    return InvalidInput(f"{target} exists already: name another file, or add --force to replace it.", path=str(target))


def _unwritten(target: Path, error: Exception) -> DatabaseError:
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    said = getattr(error, "strerror", None) or str(error).rstrip(".")
    advice = "free some space there" if "full" in said or "space" in said else "name a place that can be written"
    return DatabaseError(
        f"The backup {target} could not be written ({said}); nothing was left behind. Try again, or {advice}.",
        path=str(target),
        reason=name,
    )


def _put_in_place(partial: Path, target: Path, *, replace: bool) -> None:
    """Rename `partial` to `target`; raises `FileExistsError` if that has come into being meanwhile."""
    if replace:
        partial.replace(target)
    elif sys.platform == "win32":
        partial.rename(target)  # refuses what exists
    else:
        try:
            target.hardlink_to(partial)  # as a rename, but it refuses what exists
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if target.exists():
                raise FileExistsError(target) from None
            partial.rename(target)
    flush_directory(target)
