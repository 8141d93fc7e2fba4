"""How are backups made, and how is everything deleted? Both on the user's own ledger, by its settings."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.app.core import App
    from codesession.ledger.backup import Backup
    from codesession.ledger.upkeep import Contents


@dataclass(frozen=True, slots=True)
class Reset:
    """What a reset did."""

    deleted: Contents
    backup: Path | None
    """where everything was copied to before"""


def back_up(app: App, target: Path, *, replace: bool = False) -> Backup:
    """Copy the ledger to a file, or, where `target` is a directory, to ``sessions-<time>.db`` in it.

    Raises:
        InvalidInput: the file is there and `replace` is not set, or its directory is not there.
        DatabaseError: it could not be written; nothing is left behind.
    """
    if target.is_dir():
        target /= f"sessions-{_stamp(app)}.db"
    with closing(_ledger(app)) as ledger:
        return ledger.back_up(target.absolute(), replace=replace)


def ledger_contents(app: App) -> Contents:
    """What a reset would delete.

    Raises:
        DatabaseError: the ledger cannot be read.
    """
    with closing(_ledger(app)) as ledger:
        return ledger.contents()


def reset_ledger(app: App, *, with_backup: bool = True, with_limits: bool = False) -> Reset:
    """Delete every session and call, and `with_limits` the budgets and mandates that the user set.

    Before that, they are copied to ``sessions-before-reset-<time>.db`` beside the ledger.

    Raises:
        InvalidInput: a `cs run` or `cs proxy` still writes to the ledger; nothing was deleted.
        DatabaseError: the ledger is damaged, or could not be copied; nothing was deleted.
    """
    path = app.config.database
    backup = path.with_name(f"sessions-before-reset-{_stamp(app)}.db") if with_backup else None
    with closing(_ledger(app)) as ledger:
        return Reset(ledger.reset(backup, with_limits=with_limits), backup)


def _ledger(app: App) -> SqliteLedger:
    """The ledger as a file, which not every ledger is."""
    return SqliteLedger(app.config.database, durable=app.config.durable)


def _stamp(app: App) -> str:
    return datetime.fromtimestamp(app.now_ms() / 1000).astimezone().strftime("%Y%m%d-%H%M%S")
