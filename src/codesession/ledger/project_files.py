"""Which files are changed again and again? What sessions did to each, kept in the transaction that records a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_KEYS = "directory, path"
_COLUMNS = f"{_KEYS}, changes, sessions, last_ms, creates, modifies, deletes"
_KINDS = ", ".join(f"sum(file_change.change = '{change}')" for change in ("created", "modified", "deleted"))
_FROM = "FROM file_change JOIN session ON session.id = file_change.session_id"


def _question(sessions: str, which: str = "true") -> str:
    return (
        f"SELECT session.directory, file_change.path, count(*), {sessions}, max(file_change.timestamp_ms), {_KINDS} "
        f"{_FROM} WHERE {which} GROUP BY 1, 2"
    )


_ALL = _question("count(DISTINCT file_change.session_id)")
_IS_FIRST = """
    NOT EXISTS (SELECT 1 FROM file_change AS earlier WHERE earlier.session_id = file_change.session_id
        AND earlier.path = file_change.path AND earlier.id <= ?2)
"""
_ADDED = _question(_IS_FIRST, "file_change.session_id = ?1 AND file_change.id > ?2")
_ADD = f"""
    INSERT INTO project_file ({_COLUMNS}) {_ADDED}
    ON CONFLICT ({_KEYS}) DO UPDATE SET last_ms = max(last_ms, excluded.last_ms),
        {", ".join(f"{name} = {name} + excluded.{name}" for name in _COLUMNS.split(", ")[2:] if name != "last_ms")}
"""


def newest_change(connection: sqlite3.Connection) -> int:
    """The id of the change that was recorded last; 0 if there is none."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM file_change").fetchone()
    return int(newest)


def add_changes(connection: sqlite3.Connection, session_id: int, after_id: int) -> None:
    """Count a session's changes that were recorded after the one of `after_id`; each may be counted once."""
    connection.execute(_ADD, (session_id, after_id))


def rebuild(connection: sqlite3.Connection) -> None:
    """Count every change anew; for use inside a write transaction."""
    connection.execute("DELETE FROM project_file")
    connection.execute(f"INSERT INTO project_file ({_COLUMNS}) {_ALL}")


def differences(connection: sqlite3.Connection) -> list[str]:
    """A sentence if what is kept is not what the changes say."""
    kept = f"SELECT {_COLUMNS} FROM project_file"
    (wrong,) = connection.execute(
        f"WITH counted ({_COLUMNS}) AS MATERIALIZED ({_ALL}) SELECT "
        f"(SELECT count(*) FROM ({kept} EXCEPT SELECT {_COLUMNS} FROM counted)) "
        f"+ (SELECT count(*) FROM (SELECT {_COLUMNS} FROM counted EXCEPT {kept}))"
    ).fetchone()
    return [f"{wrong} rows of project_file do not equal the changes they count."] if wrong else []
