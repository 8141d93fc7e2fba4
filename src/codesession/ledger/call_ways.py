"""By which indices are calls found? What is asked for as conditions, and the statements that walk to what meets them.

Each thing that is asked for is a condition, and for most of them there is an index, or several, whose ranges hold all
calls that meet it, in the order in which they began. The shortest of these ways is walked, as far as the page asks; the
other conditions are looked up in the rows on it. Calls in flight are in none of these indices, for they would have to
be moved when they end: there are few, and they are found beside the others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.ledger.totals import BILLED, MODEL
from codesession.model.analysis import MOST_COUNTED
from codesession.model.call import CallState, Evidence

if TYPE_CHECKING:
    from codesession.ledger.names import Names
    from codesession.model.analysis import CallQuery, Span

_MOST_RANGES = 100
"""Of one way; with more of them, most calls are likely to be on it."""
MOST_TRIED = 2_000
"""Calls, those that cost most, among which a page is looked for before all that are on the way are sorted."""
MOST_LOOKED_UP = 2_500
"""Calls on the way whose rows are looked at to count how many are what is asked for."""
_OVER = "call.state <> 'held'"
ODD_STATE = "call.state IN ('released', 'lost')"
"""As the partial index has it: SQLite does not see that one of the two implies it."""
_LOOKED_UP = (
    "id, session_id, state, provider, model, model_answered, started_ms, cost_nanos, evidence, request_id, agent, "
    "user, customer, feature"
)
"""What conditions are about."""


Question = tuple[str, Sequence[object]]
"""A statement and its values."""


class Range(NamedTuple):
    """A part of an index: what its rows have in common."""

    name: str
    where: str
    values: tuple[object, ...] = ()


class Condition(NamedTuple):
    """What calls must be; `ranges` have all that are, those in flight aside unless `has_held`."""

    where: str
    values: tuple[object, ...] = ()
    ranges: tuple[Range, ...] = ()
    has_held: bool = False


ALL = Condition("true", (), (Range("call_started", "true"),), has_held=True)
_NONE = Range("call_started", "false")
HELD = Range("call_held", "call.state = 'held'")
RELEASED = Range("call_state", f"{ODD_STATE} AND call.state = 'released'")
UNKNOWN = (RELEASED, Range("call_unpriced", f"{BILLED} AND call.cost_nanos IS NULL"), HELD)
"""Every call whose cost is not known is in one of these, and no other call."""


def orders(is_descending: bool) -> tuple[str, str]:  # noqa: FBT001 - it is the whole question
    """The order that is asked for, and the other."""
    return ("DESC", "ASC") if is_descending else ("ASC", "DESC")


class Walk:
    """The statements that walk a way and look up the `rest` of the conditions."""

    def __init__(self, way: Condition, conditions: Sequence[Condition], span: Span, length: int) -> None:
        self.way = way
        self.conditions = conditions
        self.rest = [condition for condition in conditions if condition is not way]
        self.length = length
        """how many calls are on the way, counted to one more than `MOST_COUNTED`"""
        self._span = span

    def _selects(self, columns: str, ranges: Sequence[Range]) -> list[Question]:
        rest, values = _all_of(self.rest)
        found = list[Question]()
        for part in ranges:
            where, bounds = within(part, self._span)
            found.append(
                (f"SELECT {columns} FROM call INDEXED BY {part.name} WHERE {where} AND {rest}", (*bounds, *values))
            )
        return found

    def held(self) -> tuple[Any, ...]:
        """The calls in flight that are asked for: when they began, and their ids."""
        where, values = _all_of([*self.conditions, of_span(self._span)])
        return f"SELECT started_ms, id FROM call INDEXED BY call_held WHERE state = 'held' AND {where}", *values

    def by_start(self, is_descending: bool) -> list[Question]:  # noqa: FBT001
        """A question for each range, for when calls began and their ids."""
        way, _ = orders(is_descending)
        order = f"ORDER BY 1 {way}, 2 {way}"
        if self._is_common():
            common, values = self._intersection()
            return [(f"SELECT started_ms, id FROM ({common} ORDER BY 1 {way}, 2 {way}, 3 {way})", values)]
        return [(f"{select} {order}", values) for select, values in self._selects("started_ms, id", self.way.ranges)]

    def _is_common(self) -> bool:
        """Whether what several long ways have in common is looked for."""
        return (
            self.length > MOST_COUNTED and len(self.way.ranges) == 1 and not self.way.has_held and bool(self._beside())
        )

    def _beside(self) -> list[Condition]:
        return [condition for condition in self.rest if len(condition.ranges) == 1 and not condition.has_held]

    def _intersection(self, which: str = "true") -> Question:
        """Where all ways are long, looking at what their indices have in common takes less than looking up rows."""
        beside = self._beside()
        others = [condition for condition in self.rest if condition not in beside]
        selects, known = [], list[object]()
        for condition in (self.way, *beside):
            (part,) = condition.ranges
            where, bounds = within(part, self._span)
            looked_up, values = _all_of(others if condition is self.way else [])
            selects.append(
                f"SELECT started_ms, cost_nanos, id FROM call INDEXED BY {part.name} "
                f"WHERE {where} AND {which} AND {looked_up}"
            )
            known += [*bounds, *values]
        return " INTERSECT ".join(selects), known

    def priced(self, is_descending: bool) -> list[Question]:  # noqa: FBT001
        """A question for each range, for what calls cost and their ids, of which that is known."""
        way, _ = orders(is_descending)
        parts = self._selects("cost_nanos, id", self.way.ranges)
        if self._is_common():
            common, values = self._intersection()
            # in the order of the indices SQLite merges them; without a limit it would leave that order out
            parts = [(f"SELECT cost_nanos, id FROM ({common} ORDER BY 1, 2, 3 LIMIT -1) AS call WHERE true", values)]
        order = f"ORDER BY cost_nanos {way}, id {way}"
        return [(f"{select} AND cost_nanos IS NOT NULL {order}", values) for select, values in parts]

    def unknown(self, is_descending: bool) -> list[Question]:  # noqa: FBT001
        """As `priced`, of which it is not."""
        way, _ = orders(is_descending)
        parts = [
            (f"{select} AND cost_nanos IS NULL", values) for select, values in self._selects("0, id", self.way.ranges)
        ]
        if self._is_common():
            common, values = self._intersection("cost_nanos IS NULL")
            parts = [(f"SELECT 0, id FROM ({common}) AS call WHERE true", values)]
        if not self.way.has_held:
            where, values = _all_of([*self.conditions, of_span(self._span)])
            parts.append((f"SELECT 0, id FROM call INDEXED BY call_held WHERE state = 'held' AND {where}", values))
        return [(f"{select} ORDER BY id {way}", values) for select, values in parts]

    def tried(self, is_descending: bool) -> Question:  # noqa: FBT001
        """What is asked for among all calls that cost most, or least."""
        way, _ = orders(is_descending)
        order = f"ORDER BY cost_nanos {way}, id {way}"
        where, values = _all_of([*self.conditions, of_span(self._span)])
        dearest = f"SELECT {_LOOKED_UP} FROM call INDEXED BY call_cost WHERE cost_nanos IS NOT NULL {order}"
        return f"SELECT id FROM ({dearest} LIMIT {MOST_TRIED}) AS call WHERE {where} {order}", values

    def count(self, most: int) -> tuple[Any, ...]:
        """A question for how many of the first `most` calls of each range are what is asked for."""
        if self.length <= MOST_COUNTED or not self.rest:
            compound, values = self._compound("id")
            return f"SELECT count(*) FROM ({compound})", *values
        rest, known = _all_of(self.rest)
        where, bounds = within(self.way.ranges[0], self._span)
        newest = f"SELECT {_LOOKED_UP} FROM call INDEXED BY {self.way.ranges[0].name} WHERE {where}"
        newest += " ORDER BY started_ms DESC LIMIT ?"
        return f"SELECT count(*) FROM ({newest}) AS call WHERE {rest}", *bounds, most, *known

    def _compound(self, columns: str) -> tuple[str, list[object]]:
        """All that are found, each once."""
        selects = self._selects(columns, self.way.ranges)
        if not self.way.has_held:
            rest, values = _all_of([self.way])
            ((held, bounds),) = self._selects(columns, [HELD])
            selects.append((f"{held} AND {rest}", (*bounds, *values)))
        return " UNION ".join(select for select, _ in selects), [one for _, values in selects for one in values]


def within(part: Range, span: Span) -> tuple[str, tuple[object, ...]]:
    """The condition of a range in a span of time."""
    when = of_span(span)
    return f"{part.where} AND {when.where}", (*part.values, *when.values)


def of_span(span: Span) -> Condition:
    """Calls that began in a span of time."""
    where, values = ["true"], list[object]()
    if span.from_ms is not None:
        where.append("call.started_ms >= ?")
        values.append(span.from_ms)
    if span.to_ms is not None:
        where.append("call.started_ms < ?")
        values.append(span.to_ms)
    return Condition(" AND ".join(where), tuple(values))


def _all_of(conditions: Sequence[Condition]) -> tuple[str, tuple[object, ...]]:
    where = " AND ".join(["true", *(f"({condition.where})" for condition in conditions)])
    return where, tuple(value for condition in conditions for value in condition.values)


def conditions_of(query: CallQuery) -> list[Condition]:
    """What is asked for, but for names that are to be looked up."""
    found = []
    if query.session_id is not None:
        is_it, session = "call.session_id = ?", (query.session_id,)
        found.append(Condition(is_it, session, (Range("call_session", is_it, session),), has_held=True))
    for name, wanted in (("agent", query.agent), ("customer", query.customer)):
        if wanted:
            found.append(Condition(f"call.{name} = ?", (wanted,), (_named(name, wanted),)))
    if query.evidence is not None:
        is_it = f"call.evidence = '{query.evidence}'"
        odd = Range("call_evidence", f"{is_it} AND call.evidence <> 'measured'")
        found.append(Condition(is_it, (), () if query.evidence is Evidence.MEASURED else (odd,)))
    if query.state is not None:
        is_it = f"call.state = '{query.state}'"
        ranges = {CallState.HELD: (HELD,), CallState.SETTLED: ()}.get(
            query.state, (Range("call_state", f"{is_it} AND {ODD_STATE}"),)
        )
        found.append(Condition(is_it, (), ranges, has_held=query.state is CallState.HELD))
    if query.is_unpriced:
        is_it = f"{BILLED} AND call.cost_nanos IS NULL"
        found.append(Condition(is_it, (), (Range("call_unpriced", is_it),)))
    return found


def _named(name: str, wanted: str) -> Range:
    return Range(f"call_{name}", f"{_OVER} AND call.{name} = ?", (wanted,))


def _of_models(pairs: Sequence[tuple[str, str]]) -> tuple[Range, ...]:
    return tuple(Range("call_model", f"{_OVER} AND call.provider = ? AND {MODEL} = ?", pair) for pair in pairs)


def of_model(names: Names, query: CallQuery) -> Condition:
    """Calls of the provider and the model that are asked for."""
    where, values = ["true"], list[object]()
    for column, wanted in (("call.provider", query.provider), (MODEL, query.model)):
        if wanted:
            where.append(f"{column} = ?")
            values.append(wanted)
    pairs = [
        (provider, model)
        for provider, model in sorted(names.models)
        if (query.provider or provider) == provider and (query.model or model) == model
    ]
    return Condition(" AND ".join(where), tuple(values), _of_models(pairs) or (_NONE,))


def of_word(names: Names, word: str) -> Condition:
    """Calls with a name that has the word in it, or with that request id."""
    wanted = word.casefold()
    those = names.those(lambda name: wanted in name.casefold())
    pairs = sorted(those.models)
    where, values = ["call.request_id = ?"], list[Any]([word])
    if pairs:
        listed = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
        where.append(f"(call.provider, {MODEL}) IN ({listed})")
        values.append(json.dumps(pairs))
    ranges = [Range("call_request", "call.request_id = ?", (word,)), *_of_models(pairs)]
    for name in ("agent", "user", "customer", "feature"):
        found = sorted(getattr(those, name))
        if found:
            where.append(f"call.{name} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(found))
            ranges += [_named(name, one) for one in found]
    return Condition(" OR ".join(where), tuple(values), tuple(ranges) if len(ranges) <= _MOST_RANGES else ())
