"""Which calls are asked for? A page of them, by way of the index in which the fewest calls have what is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING

from codesession.ledger.call_ways import (
    ALL,
    HELD,
    MOST_LOOKED_UP,
    MOST_TRIED,
    RELEASED,
    UNKNOWN,
    Walk,
    conditions_of,
    of_model,
    of_word,
    orders,
    within,
)
from codesession.ledger.names import NameReader
from codesession.ledger.shapes import CALL, call_of
from codesession.ledger.spans import SpanReader
from codesession.ledger.splicing import spliced
from codesession.ledger.totals import QUARTER_MS
from codesession.model.analysis import ALWAYS, MOST_COUNTED, CallOrder, CallsFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.ledger.call_ways import Condition, Question, Range
    from codesession.model.analysis import CallQuery, Span
    from codesession.model.call import Call


class CallSearch(NameReader, SpanReader):
    """A page of calls."""

    def find_calls(self, query: CallQuery) -> CallsFound:
        walk = self._way(query)
        wanted = replace(query, limit=query.limit + 1)  # one more, to see whether there are
        if not walk.conditions:
            return self._all_calls(query)
        ids = self._by_cost(walk, wanted) if query.order is CallOrder.COST else self._by_start(walk, wanted)
        total, is_exact = self._counted(walk, query.offset, ids, query.limit)
        return CallsFound(self._calls(ids[: query.limit]), total, is_exact)

    def _way(self, query: CallQuery) -> Walk:
        """The shortest way to what is asked for."""
        conditions = conditions_of(query)
        if query.provider or query.model or query.search:
            names = self._names()
            if query.provider or query.model:
                conditions.append(of_model(names, query))
            conditions += [of_word(names, word) for word in query.search.split()]
        ways = [condition for condition in conditions if condition.ranges] or [ALL]
        lengths = [self._length(way, query.started) for way in ways]
        shortest = min(range(len(ways)), key=lengths.__getitem__)
        return Walk(ways[shortest], conditions, query.started, lengths[shortest])

    def _length(self, way: Condition, span: Span) -> int:
        """How many entries its ranges have, counted to one more than `MOST_COUNTED`."""
        length = 0
        for part in way.ranges:
            length += self._length_of(part, span, MOST_COUNTED + 1 - length)
            if length > MOST_COUNTED:
                break
        return length

    def _length_of(self, part: Range, span: Span, most: int) -> int:
        where, values = within(part, span)
        entries = f"SELECT 1 FROM call INDEXED BY {part.name} WHERE {where} LIMIT ?"
        return self._number(f"SELECT count(*) FROM ({entries})", *values, most)

    def _number(self, question: str, *values: object) -> int:
        row = self._row(question, *values)
        return int(row[0]) if row else 0

    def _counted(self, walk: Walk, offset: int, ids: Sequence[int], limit: int) -> tuple[int, bool]:
        """How many there are, as far as that is quickly said; `ids` are those of a page and perhaps one more."""
        if len(ids) <= limit and (ids or not offset):
            return offset + len(ids), True
        seen = offset + len(ids) if ids else 0
        if walk.length > MOST_COUNTED and not walk.rest:
            return max(MOST_COUNTED, seen), False
        counted = self._number(*walk.count(MOST_LOOKED_UP))
        return max(counted, seen), walk.length <= MOST_COUNTED

    # --- in the order in which they began ---

    def _by_start(self, walk: Walk, query: CallQuery) -> list[int]:
        turn = 1 if query.descending else -1
        held = [] if walk.way.has_held else sorted(self._rows(*walk.held()), reverse=query.descending)
        parts = walk.by_start(query.descending)
        if len(parts) == 1:
            ((question, values),) = parts
            return spliced(
                held,
                lambda limit, offset: self._rows(f"{question} LIMIT ? OFFSET ?", *values, limit, offset),
                query.limit,
                query.offset,
                is_descending=query.descending,
            )
        cursors = [self._connection.execute(*part) for part in parts]
        merged = merge(held, *cursors, key=lambda row: (-turn * row[0], -turn * row[1]))
        found = (row_id for (_, row_id), _ in groupby(merged))
        return list(islice(found, query.offset, query.offset + query.limit))

    def _all_calls(self, query: CallQuery) -> CallsFound:
        """A page of all calls of a span; the second half of them is counted from the other end."""
        ranged = Walk(ALL, (), query.started, MOST_COUNTED + 1)
        is_all = query.started == ALWAYS
        total = self._number_of_all(query.started)
        if query.order is CallOrder.COST:
            ids = self._all_by_cost(query, total) if is_all else self._by_cost(ranged, query)
            return CallsFound(self._calls(ids), total)
        ((question, values),) = ranged.by_start(query.descending)
        ((mirrored, _),) = ranged.by_start(not query.descending)
        return CallsFound(self._calls(self._nearer((question, mirrored), values, query, total)), total)

    def _number_of_all(self, span: Span) -> int:
        """How many calls there are, by what is summed up where the span allows that."""
        if any((moment or 0) % QUARTER_MS for moment in span):
            where, values = within(ALL.ranges[0], span)
            return self._number(f"SELECT count(*) FROM call INDEXED BY call_started WHERE {where}", *values)
        return self._billed(span) + sum(self._length_of(part, span, -1) for part in (RELEASED, HELD))

    def _nearer(self, questions: tuple[str, str], values: Sequence[object], query: CallQuery, total: int) -> list[int]:
        """A page, by one question or the same in the other order, whichever has fewer rows before it."""
        limit = min(query.limit, total - query.offset)
        if limit <= 0:
            return []
        after = total - query.offset - limit
        if query.offset <= after:
            return self._ids(questions[0], values, limit, query.offset)
        return self._ids(questions[1], values, limit, after)[::-1]

    # --- in the order of what they cost ---

    def _by_cost(self, walk: Walk, query: CallQuery) -> list[int]:
        """A page of calls by what they cost, those of which that is not known last."""
        if walk.length > MOST_COUNTED and query.offset + query.limit <= MOST_TRIED:
            ids = self._ids(*walk.tried(query.descending), query.limit, query.offset)
            if len(ids) == query.limit:
                return ids
        reach = query.offset + query.limit
        priced = self._first(walk.priced(query.descending), reach, is_descending=query.descending)
        ids = priced[query.offset :]
        if len(priced) < reach:
            unknown = walk.unknown(query.descending)
            others = self._first(unknown, reach - len(priced), is_descending=query.descending)
            ids += others[max(0, query.offset - len(priced)) :]
        return ids

    def _first(self, parts: Sequence[Question], most: int, *, is_descending: bool) -> list[int]:
        """The ids of the first rows of several questions together, each of which is in order; each call once."""
        rows = {row for question, values in parts for row in self._rows(f"{question} LIMIT ?", *values, most)}
        return [row_id for _, row_id in sorted(rows, reverse=is_descending)[:most]]

    def _all_by_cost(self, query: CallQuery, total: int) -> list[int]:
        priced = total - sum(self._length_of(part, ALWAYS, -1) for part in UNKNOWN)
        questions = [
            f"SELECT id FROM call INDEXED BY call_cost WHERE cost_nanos IS NOT NULL ORDER BY cost_nanos {way}, id {way}"
            for way in orders(query.descending)
        ]
        ids = self._nearer((questions[0], questions[1]), (), query, priced)
        missing = min(query.limit, total - query.offset) - len(ids)
        if missing > 0:
            way, _ = orders(query.descending)
            unknown = " UNION ALL ".join(
                f"SELECT id FROM call INDEXED BY {part.name} WHERE {part.where}" for part in UNKNOWN
            )
            ids += self._ids(f"SELECT id FROM ({unknown}) ORDER BY 1 {way}", (), missing, max(0, query.offset - priced))
        return ids

    def _ids(self, question: str, values: Sequence[object], limit: int, offset: int) -> list[int]:
        return [row[-1] for row in self._rows(f"{question} LIMIT ? OFFSET ?", *values, limit, offset)]

    def _calls(self, ids: Sequence[int]) -> tuple[Call, ...]:
        rows = self._rows(f"SELECT {CALL} FROM call WHERE id IN (SELECT value FROM json_each(?))", json.dumps(ids))
        found = {row[0]: call_of(row) for row in rows}
        return tuple(found[call_id] for call_id in ids)
