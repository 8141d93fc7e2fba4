"""What did whole days come to? Sums over ``quarter_hour``, for the questions that are about years of it.

A year of ``quarter_hour`` is some hundred thousand rows, a day of it some hundred. So each question to a long stretch
of time is answered by coarser tables for the days that are over, and by ``quarter_hour`` itself for the rest.

``whole_days`` has one row: the midnight (UTC) before which every call is in the coarser tables too. Calls of today are
not, so that ending one costs no more than ``quarter_hour`` does. The first call that began on a later day than that
midnight's sums up the days in between, some milliseconds once a day; a call that began earlier is added at once. All of
it happens in the transaction that ends the call, so what is asked is always true of one moment.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

DAY_MS = 86_400_000
"""Milliseconds in a day of UTC."""

SIZES = (21_600_000, 3_600_000, 900_000)
"""The stretches that are summed up, in milliseconds: six hours, an hour, a quarter of one.

A day that begins at any quarter of an hour is twelve or fewer of them, but for a few.
"""


def _beginning(size: str | int) -> str:
    return f"quarter_hour.started_ms - quarter_hour.started_ms % {size}"


_SIZES = " UNION ALL ".join(f"SELECT {size} AS ms" for size in SIZES)


class _Coarse(NamedTuple):
    """A table of sums: its `keys`, each with the expression it stands for over ``quarter_hour``."""

    table: str
    keys: Mapping[str, str]
    joined: str = ""


_DAY = {"day_ms": _beginning(DAY_MS)}
_TABLES = (
    _Coarse("stretch", {"size_ms": "size.ms", "started_ms": _beginning("size.ms")}, f"CROSS JOIN ({_SIZES}) AS size"),
    _Coarse("day_model", {name: f"quarter_hour.{name}" for name in ("provider", "model", "evidence")} | _DAY),
    _Coarse("day_agent", {"agent": "quarter_hour.agent"} | _DAY),
    _Coarse("project", {"directory": "quarter_hour.directory"}),
)


class WholeDays:
    """The coarser tables, whose columns of sums are `amounts`; `of_call` asks for what a call of an id adds."""

    def __init__(self, amounts: Sequence[str], of_call: str) -> None:
        """Put the statements together; `of_call` has the columns of ``quarter_hour``, and one parameter."""
        self._amounts = amounts
        self._of_call = tuple(
            {sign: self._addition(sums, f"({of_call})", "true", sign) for sign in "+-"} for sums in _TABLES
        )

    def _question(self, sums: _Coarse, source: str, which: str) -> str:
        keys = ", ".join(f"{what} AS {name}" for name, what in sums.keys.items())
        amounts = ", ".join(f"sum(quarter_hour.{name}) AS {name}" for name in self._amounts)
        grouped = ", ".join(str(number) for number in range(1, len(sums.keys) + 1))
        return f"SELECT {keys}, {amounts} FROM {source} AS quarter_hour {sums.joined} WHERE {which} GROUP BY {grouped}"

    def _addition(self, sums: _Coarse, source: str, which: str, sign: str = "+") -> str:
        added = ", ".join(f"{name} = {sums.table}.{name} {sign} excluded.{name}" for name in self._amounts)
        return (
            f"INSERT INTO {sums.table} ({', '.join([*sums.keys, *self._amounts])}) "
            f"{self._question(sums, source, which)} ON CONFLICT ({', '.join(sums.keys)}) DO UPDATE SET {added}"
        )

    def add(self, connection: sqlite3.Connection, call_id: int, started_ms: int, until_ms: int | None) -> None:
        """Count a call that ``quarter_hour`` has just counted, and sum up the days that are over by then.

        `until_ms` is what `known_until` tells.
        """
        if until_ms is None:
            connection.execute("INSERT INTO whole_days (until_ms) VALUES (?)", (_midnight(started_ms),))
        elif started_ms < until_ms:
            self._change(connection, call_id, "+")
        elif started_ms >= until_ms + DAY_MS and _midnight(started_ms) > until_ms:
            self._sum_up(connection, until_ms, _midnight(started_ms))

    def take_away(self, connection: sqlite3.Connection, call_id: int, started_ms: int, until_ms: int | None) -> None:
        """Undo `add`."""
        if until_ms is not None and started_ms < until_ms:
            self._change(connection, call_id, "-")

    def _change(self, connection: sqlite3.Connection, call_id: int, sign: str) -> None:
        for statements in self._of_call:
            connection.execute(statements[sign], (call_id,))

    def _sum_up(self, connection: sqlite3.Connection, from_ms: int, until_ms: int) -> None:
        which = "quarter_hour.started_ms >= ? AND quarter_hour.started_ms < ?"
        for sums in _TABLES:
            connection.execute(self._addition(sums, "quarter_hour", which), (from_ms, until_ms))
        connection.execute("UPDATE whole_days SET until_ms = ?", (until_ms,))

    def rebuild(self, connection: sqlite3.Connection) -> None:
        """Sum up ``quarter_hour`` anew; for use inside a write transaction."""
        for table in (*(sums.table for sums in _TABLES), "whole_days"):
            connection.execute(f"DELETE FROM {table}")
        first_ms, last_ms = connection.execute("SELECT min(started_ms), max(started_ms) FROM quarter_hour").fetchone()
        if last_ms is not None:
            connection.execute("INSERT INTO whole_days (until_ms) VALUES (?)", (first_ms,))
            self._sum_up(connection, first_ms, _midnight(last_ms))

    def differences(self, connection: sqlite3.Connection) -> list[str]:
        """A sentence for each table that does not equal ``quarter_hour``."""
        until_ms = known_until(connection)
        found = []
        for sums in _TABLES:
            columns = ", ".join([*sums.keys, *self._amounts])
            kept, true = f"SELECT {columns} FROM {sums.table}", f"SELECT {columns} FROM summed"
            (wrong,) = connection.execute(
                f"WITH summed AS MATERIALIZED "
                f"({self._question(sums, 'quarter_hour', 'quarter_hour.started_ms < ?')}) "
                f"SELECT (SELECT count(*) FROM ({kept} EXCEPT {true})) + (SELECT count(*) FROM ({true} EXCEPT {kept}))",
                (until_ms,),
            ).fetchone()
            if wrong:
                found.append(f"{wrong} rows of {sums.table} do not equal the quarters of an hour they sum up.")
        return found


def known_until(connection: sqlite3.Connection) -> int | None:
    """The midnight before which the coarser tables know every call, in milliseconds; None: they know nothing."""
    row = connection.execute("SELECT until_ms FROM whole_days").fetchone()
    return int(row[0]) if row else None


def _midnight(at_ms: int) -> int:
    """That which began the day, or today's: a call of the year 2100 would else make all of this century slow."""
    at_ms = min(at_ms, time.time_ns() // 1_000_000)
    return at_ms - at_ms % DAY_MS
