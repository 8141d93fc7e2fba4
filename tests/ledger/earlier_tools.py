"""Databases as the earlier tools wrote them, for the tests of taking them over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CODESESSION_2 = """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, start_time TEXT NOT NULL, end_time TEXT,
        duration INTEGER, working_directory TEXT NOT NULL, git_root TEXT, start_git_head TEXT,
        files_changed INTEGER DEFAULT 0, commits INTEGER DEFAULT 0, ai_cost REAL DEFAULT 0, ai_tokens INTEGER DEFAULT 0,
        notes TEXT, status TEXT DEFAULT 'active');
    CREATE TABLE file_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER NOT NULL, file_path TEXT NOT NULL,
        change_type TEXT NOT NULL, timestamp TEXT NOT NULL);
    CREATE TABLE commits (
        id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER NOT NULL, hash TEXT NOT NULL, message TEXT NOT NULL,
        timestamp TEXT NOT NULL);
    CREATE TABLE ai_usage (
        id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
        tokens INTEGER NOT NULL, prompt_tokens INTEGER, completion_tokens INTEGER, cost REAL,
        timestamp TEXT NOT NULL, agent_name TEXT);
    CREATE TABLE session_notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER NOT NULL, message TEXT NOT NULL,
        timestamp TEXT NOT NULL);
    CREATE TABLE today_projects (
        id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, name TEXT NOT NULL, added_at TEXT NOT NULL);
"""
COSTHQ_4 = (
    CODESESSION_2.partition("CREATE TABLE today_projects")[0]
    + """
    ALTER TABLE ai_usage ADD COLUMN duration_seconds REAL;
    CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT);
    CREATE INDEX idx_ai_usage_session ON ai_usage (session_id);
"""
)
DOCUMENTED = """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, description TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
        duration_minutes INTEGER, files_changed INTEGER DEFAULT 0, commits_count INTEGER DEFAULT 0, notes TEXT,
        status TEXT DEFAULT 'active');
    CREATE TABLE ai_usage (
        id INTEGER PRIMARY KEY, session_id INTEGER, provider TEXT, model TEXT, tokens INTEGER, cost REAL,
        logged_at TEXT, FOREIGN KEY (session_id) REFERENCES sessions (id));
"""

BEGAN = "2026-03-02T14:30:11.042Z"
BEGAN_MS = 1_772_461_811_042

SESSION: dict[str, Any] = {
    "name": "Fix login",
    "start_time": BEGAN,
    "end_time": "2026-03-02T14:44:18.042Z",
    "duration": 847,
    "working_directory": "/repo",
    "git_root": "/repo",
    "status": "completed",
}
CALL: dict[str, Any] = {
    "session_id": 1,
    "provider": "anthropic",
    "model": "claude-sonnet-4",
    "tokens": 1500,
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "cost": 0.0105,
    "timestamp": "2026-03-02T14:31:00.000Z",
}
FILE: dict[str, Any] = {
    "session_id": 1,
    "file_path": "a.py",
    "change_type": "created",
    "timestamp": "2026-03-02T14:32:00.000Z",
}
COMMIT: dict[str, Any] = {
    "session_id": 1,
    "hash": "0123456789abcdef",
    "message": "Fix it",
    "timestamp": "2026-03-02T14:33:00.000Z",
}
NOTE: dict[str, Any] = {"session_id": 1, "message": "hm", "timestamp": "2026-03-02T14:34:00.000Z"}
ORDINARY = {"sessions": SESSION, "ai_usage": CALL, "file_changes": FILE, "commits": COMMIT, "session_notes": NOTE}


def fill(connection: sqlite3.Connection, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Add rows by table; each has the ordinary values of its table where it names no others."""
    for table, wanted in rows.items():
        there = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        for row in wanted:
            whole = {name: value for name, value in {**ORDINARY[table], **row}.items() if name in there}
            connection.execute(
                f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({', '.join('?' * len(whole))})", [*whole.values()]
            )
    connection.commit()


def earlier_database(
    path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, schema: str = CODESESSION_2, strict: bool = True
) -> Path:
    """A database with those rows at `path`; not `strict`, any column takes NULL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema if strict else schema.replace(" NOT NULL", ""))
        fill(connection, rows)
    return path


def with_wal(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Add those rows as a program did that was killed: they are only in the ``-wal`` beside the database."""
    aside = path.with_name(f"{path.name}.aside")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        before = path.read_bytes()
        fill(connection, rows)
        wal = path.with_name(f"{path.name}-wal").read_bytes()
        aside.write_bytes(before)
    aside.replace(path)
    path.with_name(f"{path.name}-wal").write_bytes(wal)
