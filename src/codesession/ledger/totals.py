"""What do calls come to? Two tables of sums, kept in the transaction that settles a call and checked against the rows.

``session_model`` answers what a session came to, ``quarter_hour`` what any stretch of time did, by scope, provider,
model, agent, customer and evidence. Each is defined once, as a question to the calls; keeping it adds the answer for
the calls that have just changed, rebuilding takes the answer for all, and checking compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import USAGE_FIELDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

QUARTER_MS = 15 * 60 * 1000
"""Milliseconds in a quarter of an hour."""

TOKEN_COLUMNS = (*USAGE_FIELDS, "unsplit")
"""The columns of a call that count what it consumed."""

MODEL = "coalesce(call.model_answered, call.model)"
TOKENS = " + ".join(f"coalesce(call.{name}, 0)" for name in TOKEN_COLUMNS if name != "web_searches")
BILLED = "call.state IN ('settled', 'lost')"

AMOUNTS: Mapping[str, str] = {
    "calls": f"count(*) FILTER (WHERE {BILLED})",
    "tokens": f"coalesce(sum({TOKENS}), 0)",
    "cost_nanos": "coalesce(sum(call.cost_nanos), 0)",
    "unpriced": f"count(*) FILTER (WHERE {BILLED} AND call.cost_nanos IS NULL)",
    "estimated": "count(*) FILTER (WHERE call.evidence = 'estimated' AND call.cut IS NULL)",
    "cut": "count(*) FILTER (WHERE call.cut IN ('client', 'upstream'))",
    "lost": "count(*) FILTER (WHERE call.state = 'lost')",
    "failed": "count(*) FILTER (WHERE call.state = 'released')",
}
"""What a set of calls comes to, each amount as an aggregate over ``call``."""


class _Sums(NamedTuple):
    """A table of sums: its `keys` and `amounts`, each a column with the expression it stands for."""

    table: str
    keys: Mapping[str, str]
    amounts: Mapping[str, str]
    source: str

    def question(self, condition: str) -> str:
        """The rows of this table for the calls that meet `condition`."""
        columns = ", ".join(f"{what} AS {name}" for name, what in {**self.keys, **self.amounts}.items())
        grouped = ", ".join(str(number) for number in range(1, len(self.keys) + 1))
        return f"SELECT {columns} {self.source} AND {condition} GROUP BY {grouped}"

    def addition(self, condition: str) -> str:
        """The statement that adds the calls that meet `condition`."""
        added = ", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name in self.amounts)
        return (
            f"INSERT INTO {self.table} ({', '.join([*self.keys, *self.amounts])}) {self.question(condition)} "
            f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {added}"
        )


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
        **{name: f"coalesce(sum(call.{name}), 0)" for name in TOKEN_COLUMNS},
    },
    f"FROM call LEFT JOIN session ON session.id = call.session_id WHERE {BILLED}",
)
_TABLES = (_SESSION_MODEL, _QUARTER_HOUR)

_ADD_ONE = tuple(sums.addition("call.id = ?") for sums in _TABLES)
_ADD_ALL = tuple(sums.addition("true") for sums in _TABLES)


def add_calls(connection: sqlite3.Connection, call_ids: Sequence[int]) -> None:
    """Count calls that have just left ``held``; each may be counted once."""
    for call_id in call_ids:
        for statement in _ADD_ONE:
            connection.execute(statement, (call_id,))


def rebuild(connection: sqlite3.Connection) -> None:
    """Count every call anew; for use inside a write transaction."""
    for sums, statement in zip(_TABLES, _ADD_ALL, strict=True):
        connection.execute(f"DELETE FROM {sums.table}")
        connection.execute(statement)


def differences(connection: sqlite3.Connection) -> list[str]:
    """A sentence for each table of sums that does not equal its calls."""
    found = []
    for sums in _TABLES:
        columns = ", ".join([*sums.keys, *sums.amounts])
        kept, true = f"SELECT {columns} FROM {sums.table}", f"SELECT {columns} FROM summed"
        (wrong,) = connection.execute(
            f"WITH summed AS MATERIALIZED ({sums.question('true')}) "  # once: it reads every call
            f"SELECT (SELECT count(*) FROM ({kept} EXCEPT {true})) + (SELECT count(*) FROM ({true} EXCEPT {kept}))"
        ).fetchone()
        if wrong:
            found.append(f"{wrong} rows of {sums.table} do not equal the calls they sum up.")
    return found
