"""What does a ledger look like with a hundred thousand sessions and calls? Rows as plain SQL makes them, summed up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 100_000

_NUMBERS = f"WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})"
_SESSIONS = f"""
    {_NUMBERS} INSERT INTO session (id, name, directory, started_ms, ended_ms)
    SELECT n, printf('Task %06d', n), '/work/project-' || n % 40, :now_ms - n * 60000, :now_ms - n * 60000 + 50000
    FROM number
"""
_CALLS = f"""
    {_NUMBERS} INSERT INTO call (session_id, state, provider, model, endpoint, streamed, started_ms, ended_ms,
        cost_nanos, price_source, evidence, input, output, request_id)
    SELECT n, 'settled', 'anthropic', 'claude-sonnet-4-5', 'messages', 1, :now_ms - n * 60000,
        :now_ms - n * 60000 + 900, n * 1000, 'genai-prices', 'measured', 1000 + n % 7, 100, printf('req_%06d', n)
    FROM number
"""


def crowd(database: Path, now_ms: int) -> None:
    """Put `ROWS` sessions of a minute each into the ledger, the newest first by id, with a call each."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(SqliteLedger(database)) as ledger:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            for statement in (_SESSIONS, _CALLS):
                connection.execute(statement, {"now_ms": now_ms})
        ledger.rebuild_totals()
