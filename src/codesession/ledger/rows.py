"""How does a transaction ask and change rows? In one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3


class Rows:
    """The connection of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def _changed(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def _insert(self, sql: str, *values: object) -> int:
        row_id = self._connection.execute(sql, values).lastrowid
        if row_id is None:  # pragma: no cover - an INSERT always has one; this tells the type checker
            raise AssertionError(sql)
        return row_id
