"""What did many calls and sessions come to? The questions of pages, in SQLite's words, off the sums in `days`."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from codesession.ledger.days import SIZES, known_until
from codesession.ledger.shapes import CALL, call_of
from codesession.ledger.spans import FIRST_MS, IN_DAYS, IN_TIME, LAST_MS, SpanReader, bounds
from codesession.ledger.totals import TOKEN_COLUMNS
from codesession.model import Evidence, Usage
from codesession.model.analysis import ALWAYS, Hotspot, Hour, ProjectTotals, Spent, SpentByModel, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codesession.model.analysis import Span
    from codesession.model.call import Call

HOUR_MS = 3_600_000
_AMOUNTS = ("calls", "cost_nanos", "unpriced", *TOKEN_COLUMNS)
_SUMS = ", ".join(f"sum({name})" for name in _AMOUNTS)
_OCCURS = ", ".join(f"EXISTS (SELECT 1 FROM project WHERE {name} <> 0)" for name in _AMOUNTS)
_MODEL_KEYS = "provider, model, evidence"

_BOUNDS = """
    WITH bounds (place, from_ms, to_ms, size_ms) AS MATERIALIZED (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
            json_extract(value, '$[3]') FROM json_each(?))
"""
_WITHIN = "started_ms >= bounds.from_ms AND started_ms < bounds.to_ms GROUP BY bounds.place"
_OF_STRETCHES = f"FROM bounds CROSS JOIN stretch WHERE stretch.size_ms = bounds.size_ms AND {_WITHIN}"
_OF_QUARTERS = f"{_BOUNDS} SELECT bounds.place, {_SUMS} FROM bounds CROSS JOIN quarter_hour WHERE {_WITHIN}"
_OF_SESSIONS = f"""
    {_BOUNDS} SELECT bounds.place, (SELECT count(*) FROM session INDEXED BY session_started
        WHERE started_ms >= bounds.from_ms AND started_ms < bounds.to_ms)
    FROM bounds
"""
_WORK = """
    count(*), count(*) - count(ended_ms), coalesce(sum((coalesce(ended_ms, {now}) - started_ms) / 1000), 0),
    coalesce(sum(files), 0), coalesce(sum(commits), 0)
"""
_HOURLY = "sum(calls), sum(cost_nanos), sum(unpriced)"
_HOUR_OF_WEEK = f"((started_ms + ?) / {HOUR_MS} + 96) % 168"
"""The epoch was 96 hours after a Sunday's midnight."""


class AnalysisReader(SpanReader):
    """Questions about many calls and sessions at once."""

    def spent(self, span: Span = ALWAYS) -> dict[Evidence, Spent]:
        found: dict[str, list[int]] = {}
        for (_, _, evidence), amounts in self._by_model(span).items():
            _add(found, evidence, amounts)
        return {Evidence(evidence): _spent(found[evidence]) for evidence in Evidence if evidence in found}

    def spent_by_model(self, span: Span = ALWAYS) -> list[SpentByModel]:
        found = [
            SpentByModel(provider, model, Evidence(evidence), _spent(amounts))
            for (provider, model, evidence), amounts in self._by_model(span).items()
        ]
        return sorted(found, key=lambda one: (-one.spent.cost_nanos, one.provider, one.model, one.evidence))

    def agents(self, span: Span = ALWAYS) -> list[tuple[str, Spent]]:
        found = self._by("day_agent", "agent", span)
        spent = [(agent, _spent(amounts)) for (agent,), amounts in found.items()]
        return sorted(spent, key=lambda one: (-one[1].cost_nanos, one[0]))

    def spent_by_project(self, span: Span) -> list[tuple[str, Spent]]:
        rows = self._rows(
            f"SELECT directory, {_HOURLY} FROM quarter_hour WHERE {IN_TIME} AND directory <> '' GROUP BY directory",
            *bounds(span),
        )
        found = [(directory, Spent(*amounts)) for directory, *amounts in rows if amounts[0]]
        return sorted(found, key=lambda one: (-one[1].cost_nanos, one[0]))

    @cached_property
    def _sums_of_days(self) -> str:
        """As `_SUMS`, for the tables in `days`; of what never occurs, nothing is added up: that is half of the time."""
        (*occur,) = self._row(f"SELECT {_OCCURS}") or ()
        return ", ".join(f"sum({name})" if is_there else "0" for name, is_there in zip(_AMOUNTS, occur, strict=True))

    def _by_model(self, span: Span) -> dict[tuple[Any, ...], list[int]]:
        return self._by("day_model", _MODEL_KEYS, span)

    def _by(self, table: str, keys: str, span: Span) -> dict[tuple[Any, ...], list[int]]:
        """The sums of what is billed in a span, by the columns `keys`; without what comes to nothing."""
        parts = self._parts(span)
        rows = []
        if parts.days:
            sums = self._sums_of_days
            rows += self._rows(f"SELECT {keys}, {sums} FROM {table} WHERE {IN_DAYS} GROUP BY {keys}", *parts.days)
        for edge in parts.edges:
            rows += self._rows(f"SELECT {keys}, {_SUMS} FROM quarter_hour WHERE {IN_TIME} GROUP BY {keys}", *edge)
        found: dict[tuple[Any, ...], list[int]] = {}
        for row in rows:
            _add(found, row[: -len(_AMOUNTS)], row[-len(_AMOUNTS) :])
        return {key: amounts for key, amounts in found.items() if amounts[0]}

    def spent_between(self, moments: Sequence[int]) -> list[Spent]:
        until_ms = known_until(self._connection)
        over, rest = [], []
        for place, (from_ms, to_ms) in enumerate(pairwise(moments)):
            turn = min(to_ms, until_ms or 0)
            over += [(place, *part) for part in _stretches(from_ms, turn)]
            if max(from_ms, turn) < to_ms:
                rest.append((place, max(from_ms, turn), to_ms))
        found: dict[int, list[int]] = {}
        of_stretches = f"{_BOUNDS} SELECT bounds.place, {self._sums_of_days} {_OF_STRETCHES}"
        for question, asked in ((of_stretches, over), (_OF_QUARTERS, rest)):
            for place, *amounts in self._rows(question, json.dumps(asked)) if asked else ():
                _add(found, place, amounts)
        nothing = [0] * len(_AMOUNTS)
        return [_spent(found.get(place, nothing)) for place in range(len(moments) - 1)]

    def sessions_between(self, moments: Sequence[int]) -> list[int]:
        asked = [(place, *pair) for place, pair in enumerate(pairwise(moments))]
        found = dict(self._rows(_OF_SESSIONS, json.dumps(asked)))
        return [found.get(place, 0) for place in range(len(moments) - 1)]

    def work(self, span: Span = ALWAYS, now_ms: int | None = None) -> Work:
        row = self._row(
            f"SELECT {_WORK.format(now='?3')} FROM session INDEXED BY session_started "
            "WHERE started_ms >= ?1 AND started_ms < ?2",
            *bounds(span),
            now_ms,
        )
        return Work(*(row or ()))

    def projects(self, limit: int | None = None, now_ms: int | None = None) -> list[ProjectTotals]:
        spent = {directory: amounts for (directory,), amounts in self._by_project().items()}
        rows = self._rows(
            f"SELECT directory, max(started_ms), {_WORK.format(now='?')} FROM session INDEXED BY session_project "
            "GROUP BY directory",
            now_ms,
        )
        nothing = [0] * len(_AMOUNTS)
        found = [
            ProjectTotals(directory, Work(*work), _spent(spent.get(directory, nothing)), last_ms)
            for directory, last_ms, *work in rows
        ]
        found.sort(key=lambda one: (-one.spent.cost_nanos, -(one.last_ms or 0), one.directory))
        return found[:limit]

    def _by_project(self) -> dict[tuple[Any, ...], list[int]]:
        rows = self._rows(f"SELECT directory, {', '.join(_AMOUNTS)} FROM project")
        until_ms = known_until(self._connection)
        if until_ms is not None:
            rows += self._rows(
                f"SELECT directory, {_SUMS} FROM quarter_hour WHERE started_ms >= ? GROUP BY 1", until_ms
            )
        found: dict[tuple[Any, ...], list[int]] = {}
        for directory, *amounts in rows:
            _add(found, (directory,), amounts)
        return found

    def hotspots(self, limit: int) -> list[Hotspot]:
        rows = self._rows(
            "SELECT directory, path, changes, sessions, last_ms, creates, modifies, deletes FROM project_file "
            "ORDER BY changes DESC, directory, path LIMIT ?",
            limit,
        )
        return [Hotspot(*row) for row in rows]

    def week(self, stretches: Sequence[tuple[Span, int]]) -> list[Hour]:
        sessions, spent = [0] * 168, [[0, 0, 0] for _ in range(168)]
        until_ms = known_until(self._connection) or 0
        for span, ahead_ms in stretches:
            from_ms, to_ms = bounds(span)
            turn = min(to_ms, until_ms)
            for hour, count in self._rows(
                f"SELECT {_HOUR_OF_WEEK}, count(*) FROM session INDEXED BY session_started WHERE {IN_TIME} GROUP BY 1",
                *(ahead_ms, from_ms, to_ms),
            ):
                sessions[hour] += count
            is_hourly = not any(moment % HOUR_MS for moment in (ahead_ms, *filter(_is_moment, (from_ms, turn))))
            size = HOUR_MS if is_hourly else SIZES[-1]
            rows = self._rows(
                f"SELECT {_HOUR_OF_WEEK}, {_HOURLY} FROM stretch WHERE size_ms = ? AND {IN_TIME} GROUP BY 1",
                *(ahead_ms, size, from_ms, turn),
            )
            rows += self._rows(
                f"SELECT {_HOUR_OF_WEEK}, {_HOURLY} FROM quarter_hour WHERE {IN_TIME} GROUP BY 1",
                *(ahead_ms, max(from_ms, turn), to_ms),
            )
            for hour, *amounts in rows:
                spent[hour] = [one + other for one, other in zip(spent[hour], amounts, strict=True)]
        hours = [Hour(hour, sessions[hour], *spent[hour]) for hour in range(168)]
        return [hour for hour in hours if hour.sessions or hour.calls]

    def held_calls(self, limit: int) -> list[Call]:
        rows = self._rows(
            f"SELECT {CALL} FROM call INDEXED BY call_held WHERE state = 'held' ORDER BY started_ms, id LIMIT ?", limit
        )
        return [call_of(row) for row in rows]

    def version(self) -> str:
        (others,) = self._row("PRAGMA data_version") or (0,)
        return f"{others}.{self._connection.total_changes}"

    def began_ms(self) -> int | None:
        row = self._row(
            "SELECT min(at) FROM (SELECT min(started_ms) AS at FROM session UNION ALL SELECT min(started_ms) FROM call)"
        )
        return row[0] if row else None


def _is_moment(at_ms: int) -> bool:
    return at_ms not in (FIRST_MS, LAST_MS)


def _stretches(from_ms: int, to_ms: int, sizes: Sequence[int] = SIZES) -> Iterator[tuple[int, int, int]]:
    """From, to and size of the fewest whole stretches that make up that time."""
    if from_ms >= to_ms or not sizes:
        return
    size = sizes[0]
    first, last = -(-from_ms // size) * size, to_ms // size * size
    if first >= last:
        yield from _stretches(from_ms, to_ms, sizes[1:])
        return
    yield first, last, size
    yield from _stretches(from_ms, first, sizes[1:])
    yield from _stretches(last, to_ms, sizes[1:])


def _add(found: dict[Any, list[int]], key: object, amounts: Iterable[int]) -> None:
    known = found.get(key)
    found[key] = list(amounts) if known is None else [one + other for one, other in zip(known, amounts, strict=True)]


def _spent(amounts: Sequence[int]) -> Spent:
    calls, cost_nanos, unpriced, *tokens = amounts
    return Spent(calls, cost_nanos, unpriced, Usage(*tokens))
