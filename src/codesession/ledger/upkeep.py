"""How are sums made right again, and how is a ledger emptied? Each inside a transaction of an open ledger."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError, InvalidInput
from codesession.ledger import project_files
from codesession.ledger.accounts import refill
from codesession.ledger.condition import COUNTED
from codesession.ledger.totals import rebuild

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from codesession.model import Nanos


@dataclass(frozen=True, slots=True)
class Contents:
    """How many rows a ledger has, and what its calls cost; `calls` counts those in flight and failed too.

    Budgets and mandates are those that the user set: neither those of a project's file, nor those of one session.
    """

    sessions: int
    calls: int
    files: int
    commits: int
    annotations: int
    cost_nanos: Nanos
    """of the calls that have a price"""
    unpriced: int
    """calls that came to something, and have none"""
    budgets: int
    mandates: int

    @property
    def known_cost(self) -> Nanos | None:
        """What its calls cost as far as that is known, in nano-dollars; None where none of them has a price."""
        return None if self.unpriced and not self.cost_nanos else self.cost_nanos


def rebuild_totals(connection: sqlite3.Connection) -> None:
    """Make every kept sum and count what the rows say, inside a write transaction."""
    rebuild(connection)
    refill(connection)
    project_files.rebuild(connection)
    for column, true in COUNTED.items():
        connection.execute(f"UPDATE session SET {column} = {true} WHERE {column} < {true}")


_EMPTIED = (
    "receipt",
    "switch",
    "question",
    "event",
    "account",
    "takeover_problem",
    "takeover",
    "whole_days",
    "stretch",
    "day_model",
    "day_agent",
    "project",
    "project_file",
    "quarter_hour",
    "session_model",
    "session_hardware",
    "repricing",
    "call",
    "annotation",
    "git_commit",
    "file_change",
    "file_mark",
    "session",
    "owner",
)
"""The tables that `empty` empties, those that name others first; a test holds that it leaves nothing else."""


def contents(connection: sqlite3.Connection) -> Contents:
    """What there is now."""
    return Contents(*connection.execute(_CONTENTS).fetchone())


_CONTENTS = """
    SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM call), (SELECT count(*) FROM file_change),
        (SELECT count(*) FROM git_commit), (SELECT count(*) FROM annotation),
        (SELECT coalesce(sum(cost_nanos), 0) FROM call), (SELECT coalesce(sum(unpriced), 0) FROM quarter_hour),
        (SELECT count(*) FROM budget WHERE directory = '' AND NOT (kind = 'session' AND name <> '')),
        (SELECT count(*) FROM mandate WHERE directory = '')
"""


def refuse_in_use(connection: sqlite3.Connection, is_alive: Callable[[int], bool]) -> None:
    """Raise while a program that would go on writing to sessions that are gone still runs.

    Raises:
        InvalidInput: one does.
    """
    for owner_id, pid in connection.execute("SELECT id, pid FROM owner ORDER BY id DESC"):
        if is_alive(owner_id):
            raise InvalidInput(
                f"A cs run or cs proxy still writes to this ledger (process {pid}): end it first.", pid=pid
            )


def refuse_damaged(connection: sqlite3.Connection, path: Path) -> None:
    """Raise for a file that SQLite finds broken.

    Raises:
        DatabaseError: it is.
    """
    ((first,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if first != "ok":
        raise DatabaseError(
            f"The ledger {path} is damaged; move it away and restore a backup. SQLite says: {first}.",
            path=str(path),
            reason="SQLITE_CORRUPT",
        )


def empty(connection: sqlite3.Connection, *, with_limits: bool) -> Contents:
    """Delete every session, call and what belongs to them, inside a write transaction; returns what there was.

    Budgets and mandates are settings, and stay, but those of one session; `with_limits` says that all of them go that
    the user set. What a project's file sets would be back at once.

    The ids of sessions begin at 1 again. Those of owners never do: a lock that tells whether one lives is known by
    its id alone.
    """
    there_was = contents(connection)
    for table in _EMPTIED:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM budget WHERE kind = 'session' AND name <> ''")  # another will have that id
    for table in ("budget", "mandate") if with_limits else ():
        connection.execute(f"DELETE FROM {table} WHERE directory = ''")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'session'")
    return there_was


def give_back_space(connection: sqlite3.Connection) -> bool:
    """Shrink the file to what is in it; False, and it stays as large as it was, if another program is reading."""
    try:
        connection.execute("VACUUM")
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # what was deleted is deleted; its space is used again by what comes next
        return False
    return not busy
