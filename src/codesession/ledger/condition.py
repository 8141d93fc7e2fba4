"""Is the ledger whole, and do its rows agree with each other? What can be wrong, as sentences.

`inspect_file` opens the file for reading only, so that nothing of a damaged ledger is ever changed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from codesession.ledger import project_files
from codesession.ledger.accounts import differing
from codesession.ledger.opening import APPLICATION_ID, SCHEMA, address, said_plainly
from codesession.ledger.totals import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["ours", "earlier", "foreign", "empty"]
"""Whose a file is: ours, an earlier tool's, another program's, or nobody's yet."""

MOST_DAMAGE = 20
"""How many faults of a damaged file are listed."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What of an earlier tool's database could not be taken over as it was."""

    source: str
    place: str
    """table and row there"""
    problem: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What was found in the rows of a ledger; each list holds sentences, and none means that all is well."""

    schema: int
    sessions: int
    calls: int
    newest_ms: int | None
    """when the newest session or call began or ended, in milliseconds since the epoch"""
    migrations: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    held: Mapping[int, int] = field(default_factory=dict)
    """calls in flight, by owner"""
    troubles: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a ledger's file is, seen without a write."""

    damage: list[str]
    """SQLite's words for what is broken; then nothing else was looked at"""
    condition: Condition | None
    """None if the file is damaged, or its schema is not the one we know"""


def kind_of(path: Path) -> Kind:
    """Whose file that is, by what stands in the file itself; not even SQLite's files are made beside it.

    Raises:
        DatabaseError: it cannot be read.
    """
    from codesession.ledger.earlier.source import is_earlier

    with said_plainly(path), closing(_read_only(path, 0, "immutable=1")) as connection:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        if owner == APPLICATION_ID:
            return "ours"
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not (owner or tables):
            return "empty"
        return "earlier" if is_earlier(connection) else "foreign"


def inspect_file(path: Path, wait_s: float) -> Inspection:
    """Look at our ledger at `path` and change nothing; `wait_s` is how long to wait for another program's lock.

    SQLite's own check and ours read beside each other: at a million calls each takes about four seconds.

    Raises:
        DatabaseError: it cannot be opened or read.
    """
    from concurrent.futures import ThreadPoolExecutor

    with said_plainly(path), ThreadPoolExecutor(1) as beside, closing(_read_only(path, wait_s)) as connection:
        damage = beside.submit(_damage, path, wait_s)
        condition, reason = None, None
        try:
            connection.execute("BEGIN")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == SCHEMA:
                condition = check(connection)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Of a damaged file, most likely: what is wrong with it says more.
            reason = error
        found = damage.result()
        if reason and not found:
            raise reason
    return Inspection(found, None if found else condition)


def _read_only(path: Path, wait_s: float, how: str = "mode=ro") -> sqlite3.Connection:
    return sqlite3.connect(address(path, how), uri=True, timeout=wait_s, isolation_level=None)


def _damage(path: Path, wait_s: float) -> list[str]:
    with closing(_read_only(path, wait_s)) as connection:
        found = connection.execute(f"PRAGMA integrity_check({MOST_DAMAGE})").fetchall()
    return [str(line) for (line,) in found if line != "ok"]


def check(connection: sqlite3.Connection) -> Condition:
    """What the rows say, inside a transaction; whether the file is whole is `inspect_file`'s question."""
    sessions, newest_session = connection.execute(
        "SELECT count(*), max(max(started_ms, coalesce(ended_ms, 0))) FROM session"
    ).fetchone()
    calls, newest_call, backwards, unbilled, cut = connection.execute(_CALLS).fetchone()
    impossible = {
        "ended before it began": backwards,
        "was never billed, and yet has a cost": unbilled,
        "is said to be cut by its process's death, and was not lost": cut,
    }
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    return Condition(
        schema,
        sessions,
        calls,
        max((at for at in (newest_session, newest_call) if at is not None), default=None),
        _missing_migrations(connection, schema),
        _dangling(connection),
        differences(connection)
        + differing(connection)
        + project_files.differences(connection)
        + _miscounted(connection),
        _crowded_scopes(connection),
        [f"{_rows(count)} of call: a call that {what}." for what, count in impossible.items() if count],
        dict(connection.execute("SELECT owner_id, count(*) FROM call WHERE state = 'held' GROUP BY 1").fetchall()),
        [Trouble(*row) for row in connection.execute(_TROUBLES).fetchall()],
    )


_CALLS = """
    SELECT count(*), max(max(started_ms, coalesce(ended_ms, 0))),
        count(*) FILTER (WHERE ended_ms < started_ms),
        count(*) FILTER (WHERE state IN ('held', 'released') AND cost_nanos IS NOT NULL),
        count(*) FILTER (WHERE cut = 'process' AND state <> 'lost')
    FROM call
"""
_TROUBLES = """
    SELECT takeover.source, takeover_problem.place, takeover_problem.problem
    FROM takeover_problem JOIN takeover ON takeover.id = takeover_problem.takeover_id ORDER BY takeover_problem.id
"""


def _missing_migrations(connection: sqlite3.Connection, schema: int) -> list[str]:
    applied = {number for (number,) in connection.execute("SELECT number FROM migration")}
    needed = set(range(1, schema + 1))
    missing = [f"Migration {number} is not recorded." for number in sorted(needed - applied)]
    return missing + [f"Migration {number} is recorded, and unknown." for number in sorted(applied - needed)]


def _dangling(connection: sqlite3.Connection) -> list[str]:
    """Rows that name a row of another table which is not there, by the two tables."""
    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    return [
        f"{_rows(count)} of {table} belonging to a row of {parent} that does not exist."
        for (table, parent), count in sorted(counts.items())
    ]


COUNTED = {
    "files": "(SELECT count(DISTINCT path) FROM file_change WHERE session_id = session.id)",
    "commits": "(SELECT count(*) FROM git_commit WHERE session_id = session.id)",
}
"""What a session counts. It may count more than there are rows: an earlier tool kept only the number."""


def _miscounted(connection: sqlite3.Connection) -> list[str]:
    found = []
    for column, true in COUNTED.items():
        (count,) = connection.execute(f"SELECT count(*) FROM session WHERE {column} < {true}").fetchone()
        if count:
            found.append(f"{_rows(count)} of session counting fewer {column} than are recorded.")
    return found


def _crowded_scopes(connection: sqlite3.Connection) -> list[str]:
    """Scopes with two active sessions: an index forbids that, and an index can be dropped."""
    return [
        f"{count} active sessions in {directory}; there can be one."
        for directory, count in connection.execute(
            "SELECT directory, count(*) FROM session WHERE ended_ms IS NULL GROUP BY 1 HAVING count(*) > 1"
        )
    ]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
