"""How is a stretch of time put together from what is summed up? Whole days, and quarters of an hour on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.ledger.days import DAY_MS, known_until
from codesession.ledger.rows import Rows

if TYPE_CHECKING:
    from codesession.model.analysis import Span

FIRST_MS, LAST_MS = -(2**63), 2**63 - 1
"""Before, and after, everything that there is."""

IN_DAYS = "day_ms >= ? AND day_ms < ?"
IN_TIME = "started_ms >= ? AND started_ms < ?"


class Parts(NamedTuple):
    """A span of time as whole days that are summed up, from midnight to midnight, and what is left on both sides."""

    days: tuple[int, int] | None
    edges: list[tuple[int, int]]


def bounds(span: Span) -> tuple[int, int]:
    """From when and up to when, in milliseconds."""
    return FIRST_MS if span.from_ms is None else span.from_ms, LAST_MS if span.to_ms is None else span.to_ms


class SpanReader(Rows):
    """What of a span is summed up, at the moment of this transaction."""

    def _parts(self, span: Span) -> Parts:
        from_ms, to_ms = bounds(span)
        until_ms = known_until(self._connection)
        if until_ms is None:
            return Parts(None, [])
        first = from_ms if from_ms == FIRST_MS else -(-from_ms // DAY_MS) * DAY_MS
        last = min(to_ms // DAY_MS * DAY_MS, until_ms)
        if first >= last:
            return Parts(None, [(from_ms, to_ms)])
        edges = [(from_ms, first), (last, to_ms)]
        return Parts((first, last), [edge for edge in edges if edge[0] < edge[1]])

    def _billed(self, span: Span) -> int:
        """How many calls of a span are billed."""
        parts = self._parts(span)
        asked = [("quarter_hour", IN_TIME, edge) for edge in parts.edges]
        if parts.days:
            asked.append(("day_agent", IN_DAYS, parts.days))
        rows = [self._row(f"SELECT sum(calls) FROM {table} WHERE {where}", *when) for table, where, when in asked]
        return sum(row[0] or 0 for row in rows if row)
