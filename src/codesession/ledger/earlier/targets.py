"""Where do the rows of earlier tools go? Which of our columns they become, and when two of them are the same row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesession.ledger.earlier.rows import call_of, commit_of, file_of, note_of
from codesession.ledger.earlier.source import CALLS, COMMITS, FILES, NOTES, Kind
from codesession.ledger.totals import TOKEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codesession.ledger.earlier.rows import RowOf


@dataclass(frozen=True, slots=True)
class Target:
    """Where the rows of a `Kind` go: `columns` are given, the `constant` ones follow from them.

    `same` is what two rows have in common that stand for one; when they are `unique` a database has only one such.
    """

    kind: Kind
    row_of: RowOf
    table: str
    columns: tuple[str, ...]
    same: str
    constant: Mapping[str, str] = field(default_factory=dict)
    unique: bool = False

    def insertion(self) -> str:
        """The statement for one row, whose columns are given."""
        given = {name: f"?{number}" for number, name in enumerate(self.columns, 1)}
        return self._into(f"VALUES ({', '.join([*given.values(), *self._following(given)])})") + self._once

    def staging(self) -> str:
        """The statement that makes a table for rows that may be there already."""
        unique = f", UNIQUE ({self.same})" if self.unique else ""
        return f"CREATE TEMP TABLE incoming_{self.table} ({', '.join(self.columns)}{unique})"

    def stage(self) -> str:
        """As `insertion`, into that table."""
        return f"INSERT INTO incoming_{self.table} VALUES ({', '.join('?' * len(self.columns))}){self._once}"

    @property
    def _once(self) -> str:
        return f" ON CONFLICT ({self.same}) DO NOTHING" if self.unique else ""

    def addition(self) -> str:
        """The statement that adds those staged rows that are not there, with their ids where these are free."""
        own = {name: name for name in self.columns} | {"id": "CASE WHEN is_taken THEN NULL ELSE id END"}
        nth = f"row_number() OVER (PARTITION BY {self.same} ORDER BY id)"
        return self._into(
            f"SELECT {', '.join([*own.values(), *self._following(own)])} FROM ("
            f"SELECT *, {nth} AS nth, id IN (SELECT id FROM {self.table}) AS is_taken FROM incoming_{self.table}) "
            f"WHERE ({self.same}, nth) NOT IN (SELECT {self.same}, {nth} FROM {self.table}) ORDER BY is_taken, id"
        )

    def _into(self, rows: str) -> str:
        return f"INSERT INTO {self.table} ({', '.join([*self.columns, *self.constant])}) {rows}"

    def _following(self, columns: Mapping[str, str]) -> Iterator[str]:
        return (what.format(**columns) for what in self.constant.values())


_OTHER_TOKENS = tuple(name for name in TOKEN_COLUMNS if name not in ("input", "output", "unsplit"))
TARGETS = {
    "calls": Target(
        CALLS,
        call_of,
        "call",
        (
            *("id", "session_id", "started_ms", "ended_ms", "provider", "model"),
            *("cost_nanos", "agent", "input", "output", "unsplit"),
        ),
        "session_id, started_ms, provider, model, coalesce(input + output + unsplit, -1), coalesce(cost_nanos, -1)",
        {
            "state": "'settled'",
            "endpoint": "'imported'",
            "streamed": "0",
            "evidence": "'imported'",
            "price_source": "CASE WHEN {cost_nanos} IS NOT NULL THEN 'imported' END",
            **dict.fromkeys(_OTHER_TOKENS, "{input} * 0"),  # known to be none, or as unknown as the input
        },
    ),
    "files": Target(
        FILES,
        file_of,
        "file_change",
        ("id", "session_id", "timestamp_ms", "path", "change"),
        "session_id, path, change, timestamp_ms",
    ),
    "commits": Target(
        COMMITS,
        commit_of,
        "git_commit",
        ("id", "session_id", "timestamp_ms", "hash", "message"),
        "session_id, hash",
        unique=True,
    ),
    "annotations": Target(
        NOTES,
        note_of,
        "annotation",
        ("id", "session_id", "timestamp_ms", "message"),
        "session_id, message, timestamp_ms",
    ),
}
"""By the name of the count in ``takeover``."""
