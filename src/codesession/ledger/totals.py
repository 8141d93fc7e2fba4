"""What do calls come to? Tables of sums, kept in the transaction that settles a call and checked against the rows.

``session_model`` answers what a session came to, ``quarter_hour`` what any stretch of time did, by scope, provider,
model, agent, customer and evidence, ``session_hardware`` how long the user's own hardware worked. Each is defined
once, as a question to the calls; keeping it adds the answer for the calls that have just changed, rebuilding takes the
answer for all, and checking compares. What is kept of long stretches of time is in `days`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.ledger.days import WholeDays
from codesession.model import REQUESTS, USAGE_FIELDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

QUARTER_MS = 15 * 60 * 1000
"""Milliseconds in a quarter of an hour."""

TOKEN_COLUMNS = (*USAGE_FIELDS, "unsplit")
"""The columns of a call that count what it consumed."""

MODEL = "coalesce(call.model_answered, call.model)"
TOKENS = " + ".join(f"coalesce(call.{name}, 0)" for name in TOKEN_COLUMNS if name not in REQUESTS)
BILLED = "call.state IN ('settled', 'lost')"

AMOUNTS: Mapping[str, str] = {
    "calls": BILLED,
    "tokens": TOKENS,
    "cost_nanos": "coalesce(call.cost_nanos, 0)",
    "unpriced": f"{BILLED} AND call.cost_nanos IS NULL",
    "estimated": "coalesce(call.evidence = 'estimated' AND call.cut IS NULL, 0)",
    "cut": "coalesce(call.cut IN ('client', 'upstream'), 0)",
    "lost": "call.state = 'lost'",
    "failed": "call.state = 'released'",
}
"""What one call adds to each amount, as an expression over its row; what is true counts 1."""

SUMS: Mapping[str, str] = {name: f"coalesce(sum({amount}), 0)" for name, amount in AMOUNTS.items()}
"""What a set of calls comes to, each amount as an aggregate over ``call``."""


class _Sums(NamedTuple):
    """A table of sums: its `keys` and `amounts`, each a column with the expression it stands for in one call's row."""

    table: str
    keys: Mapping[str, str]
    amounts: Mapping[str, str]
    source: str

    def question(self) -> str:
        """The rows of this table for all calls."""
        sums = {name: f"sum({amount})" for name, amount in self.amounts.items()}
        grouped = ", ".join(str(number) for number in range(1, len(self.keys) + 1))
        return f"SELECT {_columns({**self.keys, **sums})} {self.source} GROUP BY {grouped}"

    def all_calls(self) -> str:
        """The statement that fills the empty table."""
        return f"INSERT INTO {self.table} ({self._names()}) {self.question()}"

    def one_call(self, sign: str = "+") -> str:
        """The statement that adds the call of an id: its row as it stands, for to group one takes twice as long.

        With ``-`` it takes away what a call has added, whose row there then is.
        """
        added = ", ".join(f"{name} = {self.table}.{name} {sign} excluded.{name}" for name in self.amounts)
        return (
            f"INSERT INTO {self.table} ({self._names()}) {self.row_of_call()} "
            f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {added}"
        )

    def row_of_call(self) -> str:
        """The row that the call of an id alone would make."""
        return f"SELECT {_columns({**self.keys, **self.amounts})} {self.source} AND call.id = ?"

    def _names(self) -> str:
        return ", ".join([*self.keys, *self.amounts])


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(f"{what} AS {name}" for name, what in expressions.items())


_SESSION_MODEL = _Sums(
    "session_model",
    {"session_id": "call.session_id", "provider": "call.provider", "model": MODEL},
    AMOUNTS,
    "FROM call WHERE call.session_id IS NOT NULL AND call.state <> 'held'",
)
_QUARTER_HOUR = _Sums(
    "quarter_hour",
    {
        "started_ms": f"call.started_ms - call.started_ms % {QUARTER_MS}",
        "directory": "coalesce(session.directory, '')",
        "provider": "call.provider",
        "model": MODEL,
        "agent": "coalesce(call.agent, '')",
        "customer": "coalesce(call.customer, '')",
        "evidence": "call.evidence",
    },
    {
        **{name: AMOUNTS[name] for name in ("calls", "unpriced", "cost_nanos")},
        **{name: f"coalesce(call.{name}, 0)" for name in TOKEN_COLUMNS},
    },
    f"FROM call LEFT JOIN session ON session.id = call.session_id WHERE {BILLED}",
)
_SESSION_HARDWARE = _Sums(
    "session_hardware",
    {"session_id": "call.session_id", "hardware": "coalesce(call.hardware, '')"},
    {"calls": "1", "took_ms": "call.ended_ms - call.started_ms", "cost_nanos": AMOUNTS["cost_nanos"]},
    f"FROM call WHERE call.session_id IS NOT NULL AND call.local = 1 AND {BILLED}",
)
_TABLES = (_SESSION_MODEL, _QUARTER_HOUR, _SESSION_HARDWARE)
_OF_EVERY_CALL = tuple(sums.one_call() for sums in (_SESSION_MODEL, _QUARTER_HOUR))
_TAKEN_AWAY = tuple(sums.one_call("-") for sums in (_SESSION_MODEL, _QUARTER_HOUR))
_DAYS = WholeDays(tuple(_QUARTER_HOUR.amounts), _QUARTER_HOUR.row_of_call())

IN_SESSION = ("calls", "tokens", "cost_nanos")
"""What an ended session's row says of its calls too, as ``session_model`` does, so that sessions can be sorted by it.

An active session's row says 0: three indices would have to follow each of its calls.
"""

_ADDS = f"""
    SELECT {", ".join(AMOUNTS[name] for name in IN_SESSION)}, call.session_id, session.ended_ms, call.started_ms,
        (SELECT until_ms FROM whole_days)
    FROM call LEFT JOIN session ON session.id = call.session_id WHERE call.id = ?
"""
_ADD_TO_SESSION = f"UPDATE session SET {', '.join(f'{name} = {name} + ?' for name in IN_SESSION)} WHERE id = ?"
_OF_SESSION = (
    f"(SELECT {', '.join(f'coalesce(sum({name}), 0)' for name in IN_SESSION)} "
    "FROM session_model WHERE session_id = session.id AND session.ended_ms IS NOT NULL)"
)
_WRONG_SESSIONS = f"""
    WITH summed AS MATERIALIZED (
        SELECT session_id, {", ".join(f"{SUMS[name]} AS {name}" for name in IN_SESSION)} FROM call GROUP BY session_id)
    SELECT count(*) FROM session LEFT JOIN summed ON session.ended_ms IS NOT NULL AND summed.session_id = session.id
    WHERE {" OR ".join(f"session.{name} <> coalesce(summed.{name}, 0)" for name in IN_SESSION)}
"""
_SUM_UP_SESSION = f"UPDATE session SET ({', '.join(IN_SESSION)}) = {_OF_SESSION}"


def add_call(connection: sqlite3.Connection, call_id: int, *, is_local: bool = False) -> None:
    """Count a call that has just left ``held``; each may be counted once."""
    for statement in _OF_EVERY_CALL:
        connection.execute(statement, (call_id,))
    *amounts, session_id, ended_ms, started_ms, until_ms = connection.execute(_ADDS, (call_id,)).fetchone()
    if ended_ms is not None:
        connection.execute(_ADD_TO_SESSION, (*amounts, session_id))
    _DAYS.add(connection, call_id, started_ms, until_ms)
    if is_local:
        connection.execute(_SESSION_HARDWARE.one_call(), (call_id,))


def take_call_away(connection: sqlite3.Connection, call_id: int, *, is_local: bool = False) -> None:
    """Undo `add_call` of a call, before its row is changed; then it is added again."""
    for statement in _TAKEN_AWAY:
        connection.execute(statement, (call_id,))
    *amounts, session_id, ended_ms, started_ms, until_ms = connection.execute(_ADDS, (call_id,)).fetchone()
    if ended_ms is not None:
        connection.execute(_ADD_TO_SESSION, (*(-amount for amount in amounts), session_id))
    _DAYS.take_away(connection, call_id, started_ms, until_ms)
    if is_local:  # on what it ran may change with its cost, and then nothing may be left of what it was
        connection.execute(_SESSION_HARDWARE.one_call("-"), (call_id,))
        connection.execute("DELETE FROM session_hardware WHERE calls = 0")


def end_session(connection: sqlite3.Connection, session_id: int) -> None:
    """Let a session's row say what its calls come to, from now on."""
    connection.execute(f"{_SUM_UP_SESSION} WHERE id = ?", (session_id,))


def rebuild(connection: sqlite3.Connection) -> None:
    """Count every call anew; for use inside a write transaction."""
    for sums in _TABLES:
        connection.execute(f"DELETE FROM {sums.table}")
        connection.execute(sums.all_calls())
    connection.execute(_SUM_UP_SESSION)
    _DAYS.rebuild(connection)


def differences(connection: sqlite3.Connection) -> list[str]:
    """A sentence for each table of sums that does not equal its calls."""
    found = []
    for sums in _TABLES:
        columns = ", ".join([*sums.keys, *sums.amounts])
        kept, true = f"SELECT {columns} FROM {sums.table}", f"SELECT {columns} FROM summed"
        (wrong,) = connection.execute(
            f"WITH summed AS MATERIALIZED ({sums.question()}) "  # once: it reads every call
            f"SELECT (SELECT count(*) FROM ({kept} EXCEPT {true})) + (SELECT count(*) FROM ({true} EXCEPT {kept}))"
        ).fetchone()
        if wrong:
            found.append(f"{wrong} rows of {sums.table} do not equal the calls they sum up.")
    (wrong,) = connection.execute(_WRONG_SESSIONS).fetchone()
    if wrong:
        found.append(f"{wrong} rows of session do not equal the calls they sum up.")
    return found + _DAYS.differences(connection)
