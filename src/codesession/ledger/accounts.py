"""What have budgets come to? Accounts, kept in the transaction that changes a call, as `totals` keeps its sums.

What one call adds to an account is defined once, as expressions over its row; a change of the call takes away what it
added before and adds what it adds now. An account that is not there yet is filled from the calls.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codesession.ledger.totals import BILLED
from codesession.model import Evidence

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

FOREVER_MS = 2**63 - 1
"""Where an account without an end ends."""

SPENT = tuple(f"{evidence}_nanos" for evidence in Evidence)
"""What was spent, by how the number was got."""

_HELD = (
    "coalesce(CASE WHEN budget.strict THEN call.hold_nanos ELSE coalesce(call.expected_nanos, call.hold_nanos) END, "
    "budget.unpriced_nanos, 0)"
)


def _spent(evidence: Evidence) -> str:
    known = f"CASE WHEN {BILLED} AND call.evidence = '{evidence}' THEN coalesce(call.cost_nanos, 0) ELSE 0 END"
    if evidence is not Evidence.ESTIMATED:
        return known
    unpriced = f"CASE WHEN {BILLED} AND call.cost_nanos IS NULL THEN coalesce(budget.unpriced_nanos, 0) ELSE 0 END"
    return f"{known} + {unpriced}"


AMOUNTS: Mapping[str, str] = {
    **{column: _spent(evidence) for column, evidence in zip(SPENT, Evidence, strict=True)},
    "held_nanos": f"CASE WHEN call.state = 'held' THEN {_HELD} ELSE 0 END",
    "unpriced": f"({BILLED} AND call.cost_nanos IS NULL)",
}
"""What one call adds to each column of an account, by its row and the budget's."""

_PATTERN = "(lower(call.model) GLOB account.subject OR lower(call.provider || '/' || call.model) GLOB account.subject)"
_COUNTS = f"""
    call.started_ms >= account.began_ms AND call.started_ms < account.ends_ms
    AND (account.session_id = 0 OR account.session_id = call.session_id)
    AND (account.directory = '' OR account.directory = session.directory)
    AND CASE account.kind
        WHEN 'project' THEN session.directory = account.subject
        WHEN 'agent' THEN call.agent = account.subject
        WHEN 'user' THEN call.user = account.subject
        WHEN 'customer' THEN call.customer = account.subject
        WHEN 'model' THEN {_PATTERN}
        ELSE 1 END
"""
"""Whether a call counts toward an account."""

# Each kind is looked up by the index over kind, subject and session, so that accounts of others cost nothing.
_CANDIDATES = """
    SELECT id FROM account WHERE kind = 'all' AND subject = '' AND session_id = 0
    UNION ALL SELECT id FROM account WHERE kind = 'session' AND subject = '' AND session_id = call.session_id
    UNION ALL SELECT id FROM account WHERE kind = 'project' AND subject = session.directory
        AND session_id IN (0, call.session_id)
    UNION ALL SELECT id FROM account WHERE kind = 'agent' AND subject = call.agent
        AND session_id IN (0, call.session_id)
    UNION ALL SELECT id FROM account WHERE kind = 'user' AND subject = call.user
        AND session_id IN (0, call.session_id)
    UNION ALL SELECT id FROM account WHERE kind = 'customer' AND subject = call.customer
        AND session_id IN (0, call.session_id)
    UNION ALL SELECT id FROM account WHERE kind = 'model' AND session_id IN (0, call.session_id)
"""
_ADDED = f"""
    SELECT {", ".join(AMOUNTS.values())}, account.id
    FROM call LEFT JOIN session ON session.id = call.session_id
    JOIN account ON account.id IN ({_CANDIDATES}) JOIN budget ON budget.id = account.budget_id
    WHERE call.id = ? AND {_COUNTS}
"""
_ADDED_TO = f"""
    SELECT {", ".join(AMOUNTS.values())}, account.id
    FROM call JOIN account ON account.id IN (SELECT value FROM json_each(?))
    JOIN budget ON budget.id = account.budget_id
    WHERE call.id = ?
"""
_ADD = f"UPDATE account SET {', '.join(f'{name} = {name} + ?' for name in AMOUNTS)} WHERE id = ?"

_SUMS = ", ".join(f"coalesce(sum({amount}), 0)" for amount in AMOUNTS.values())
_KEY = ("budget_id", "kind", "subject", "session_id", "directory", "began_ms", "ends_ms")
"""What an account is of."""


def _question(calls: str) -> str:
    return f"""
        WITH account ({", ".join(_KEY)}) AS (VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7))
        SELECT {_SUMS} FROM account JOIN budget ON budget.id = account.budget_id JOIN call {calls}
        LEFT JOIN session ON session.id = call.session_id WHERE {_COUNTS}
    """


_IN_SESSION = _question("INDEXED BY call_session ON call.session_id = ?4")
_IN_TIME = _question("INDEXED BY call_started ON call.started_ms >= ?6 AND call.started_ms < ?7")

Key = tuple[int, str, str, int, str, int, int]
"""The values of `_KEY`."""


Counted = list[tuple[int, ...]]
"""What a call adds to each account it counts toward: the values of `AMOUNTS`, then the account's id."""


def add(connection: sqlite3.Connection, call_id: int) -> Counted:
    """Count a call that was not counted, as its row now stands; returns what it adds."""
    counted = added(connection, call_id)
    connection.executemany(_ADD, counted)
    return counted


def added(connection: sqlite3.Connection, call_id: int) -> Counted:
    """What a call adds, as its row now stands."""
    if not _are_there(connection):
        return []
    return connection.execute(_ADDED, (call_id,)).fetchall()


def recount(connection: sqlite3.Connection, call_id: int, before: Counted) -> None:
    """Count a call anew that added what stands in `before`: of its row, what decides where it counts is the same."""
    if before:
        had = {row[-1]: row for row in before}
        now = connection.execute(_ADDED_TO, (json.dumps(list(had)), call_id)).fetchall()
        changes = [(*(new - old for new, old in zip(row[:-1], had[row[-1]], strict=False)), row[-1]) for row in now]
        connection.executemany(_ADD, changes)


def _are_there(connection: sqlite3.Connection) -> bool:
    """Whether there is any account: most users have no budget, and looking for theirs takes five times as long."""
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM account)").fetchone()[0])


def sums(connection: sqlite3.Connection, key: Key) -> tuple[int, ...]:
    """The values of `AMOUNTS` by the calls, for the account of that key, be it kept or not."""
    found: tuple[int, ...] = connection.execute(_IN_SESSION if key[3] else _IN_TIME, key).fetchone()
    return found


def open_account(connection: sqlite3.Connection, key: Key) -> int:
    """Keep an account that was not kept before, with every call there is counted; returns its id."""
    columns = ", ".join((*_KEY, *AMOUNTS))
    marks = ", ".join("?" * (len(_KEY) + len(AMOUNTS)))
    values = (*key, *sums(connection, key))
    (row_id,) = connection.execute(f"INSERT INTO account ({columns}) VALUES ({marks}) RETURNING id", values).fetchone()
    return int(row_id)


def refill(connection: sqlite3.Connection) -> None:
    """Count every call toward every account anew."""
    assigned = ", ".join(f"{name} = ?" for name in AMOUNTS)
    for account_id, key, _ in _kept(connection):
        connection.execute(f"UPDATE account SET {assigned} WHERE id = ?", (*sums(connection, key), account_id))


def differing(connection: sqlite3.Connection) -> list[str]:
    """A sentence if accounts do not equal their calls."""
    wrong = sum(kept != sums(connection, key) for _, key, kept in _kept(connection))
    return [f"{wrong} rows of account do not equal the calls they sum up."] if wrong else []


def _kept(connection: sqlite3.Connection) -> list[tuple[int, Key, tuple[int, ...]]]:
    rows = connection.execute(f"SELECT id, {', '.join((*_KEY, *AMOUNTS))} FROM account").fetchall()
    return [(row[0], row[1 : 1 + len(_KEY)], row[1 + len(_KEY) :]) for row in rows]
