"""What is in a database of an earlier tool? Which columns it has, and its rows as they were written.

There were several: the Node tools codesession-cli 2 and CostHQ 4, older files of theirs that lack columns, and a
first form that was only documented (``description``, ``started_at``, ``duration_minutes``, …). What a file lacks is
read as NULL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CHUNK = 2_000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of the earlier tools; each column by all the names it ever had, in the order they are read."""

    table: str
    columns: tuple[tuple[str, ...], ...]


SESSIONS = Kind(
    "sessions",
    (
        ("name", "description"),
        ("start_time", "started_at"),
        ("end_time", "ended_at"),
        ("duration",),
        ("duration_minutes",),
        ("working_directory",),
        ("git_root",),
        ("start_git_head",),
        ("files_changed",),
        ("commits", "commits_count"),
        ("ai_cost",),
        ("ai_tokens",),
        ("notes",),
        ("status",),
    ),
)
_OWNER_AND_TIME = (("session_id",), ("timestamp", "logged_at"))
CALLS = Kind(
    "ai_usage",
    (
        *_OWNER_AND_TIME,
        ("provider",),
        ("model",),
        ("tokens",),
        ("prompt_tokens",),
        ("completion_tokens",),
        ("cost",),
        ("agent_name",),
        ("duration_seconds",),
    ),
)
FILES = Kind("file_changes", (*_OWNER_AND_TIME, ("file_path",), ("change_type",)))
COMMITS = Kind("commits", (*_OWNER_AND_TIME, ("hash",), ("message",)))
NOTES = Kind("session_notes", (*_OWNER_AND_TIME, ("message",)))

_IDENTIFYING = (("name", "description"), ("start_time", "started_at"), ("end_time", "ended_at"), ("status",))


def is_earlier(connection: sqlite3.Connection) -> bool:
    """Whether the database is one of an earlier tool: nobody's by its header, with the sessions table they had."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    columns = {name: (kind.upper(), key) for name, kind, key in _table_info(connection, "sessions")}
    return (
        not owner
        and columns.get("id") == ("INTEGER", 1)
        and all(any(name in columns for name in names) for names in _IDENTIFYING)
    )


def read_plainly(connection: sqlite3.Connection) -> None:
    """Make the connection read text that is not UTF-8 too: what is wrong in it becomes U+FFFD."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")


def chunks(connection: sqlite3.Connection, kind: Kind) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of `kind`, some at a time: the id, then its columns in order; nothing where there is no such table."""
    there = {name for name, _, _ in _table_info(connection, kind.table)}
    if not there:
        return
    wanted = ["rowid", *(_first_known(names, there) for names in kind.columns)]
    cursor = connection.execute(f"SELECT {', '.join(wanted)} FROM {kind.table} ORDER BY rowid")
    while chunk := cursor.fetchmany(CHUNK):
        yield chunk


def _first_known(names: tuple[str, ...], there: set[str]) -> str:
    known = [name for name in names if name in there]
    return f"coalesce({', '.join(known)})" if len(known) > 1 else (known or ["NULL"])[0]


def _table_info(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, int]]:
    """Name, declared type and place in the primary key of each column; nothing for a view."""
    rows = connection.execute(
        "SELECT name, type, pk FROM pragma_table_info(?1) "
        "WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = ?1)",
        (table,),
    ).fetchall()
    return [(name.lower(), kind, key) for name, kind, key in rows]
