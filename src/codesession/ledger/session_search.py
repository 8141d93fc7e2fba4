"""Which sessions are asked for, in which order, and what do they amount to?

Where few are asked for they are all looked at, and sorted; else the index is walked that has the order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from codesession.ledger.rows import Rows
from codesession.ledger.shapes import SESSION, session_of
from codesession.ledger.splicing import spliced
from codesession.ledger.totals import AMOUNTS, SUMS
from codesession.model import Totals
from codesession.model.analysis import SessionOrder, SessionsFound

if TYPE_CHECKING:
    from codesession.model.analysis import SessionQuery

_KEYS = {
    SessionOrder.STARTED: "started_ms",
    SessionOrder.NAME: "name COLLATE NOCASE",
    SessionOrder.COST: "cost_nanos",
    SessionOrder.TOKENS: "tokens",
    SessionOrder.CALLS: "calls",
    SessionOrder.DURATION: "ended_ms - started_ms",
    SessionOrder.FILES: "files",
    SessionOrder.COMMITS: "commits",
}
_SUMMED_UP = {
    order: f"(SELECT coalesce(sum({_KEYS[order]}), 0) FROM session_model WHERE session_id = session.id)"
    for order in (SessionOrder.COST, SessionOrder.TOKENS, SessionOrder.CALLS)
}
"""What a session comes to, active or not."""
_ACTIVE = "session INDEXED BY session_active WHERE ended_ms IS NULL"
_FEW = 2_000
"""Sessions that are sorted sooner than that others are passed over."""
_DIRECTORIES = """
    WITH RECURSIVE found (directory) AS (
        SELECT min(directory) FROM session
        UNION ALL SELECT (SELECT min(directory) FROM session WHERE directory > found.directory) FROM found
        WHERE found.directory IS NOT NULL)
    SELECT directory FROM found WHERE directory IS NOT NULL
"""

_SUMMED = ", ".join(f"coalesce(sum({name}), 0)" for name in AMOUNTS)


class SessionSearch(Rows):
    """Sessions, and what they amount to."""

    def totals(self, session_id: int, owner_id: int | None = None) -> Totals:
        if owner_id is None:
            sums = self._row(f"SELECT {_SUMMED} FROM session_model WHERE session_id = ?", session_id)
        else:
            sums = self._row(
                f"SELECT {', '.join(SUMS.values())} FROM call WHERE session_id = ? AND owner_id = ?",
                session_id,
                owner_id,
            )
        held = self._row(
            "SELECT count(*) FROM call WHERE state = 'held' AND session_id = ?1 AND (?2 IS NULL OR owner_id = ?2)",
            session_id,
            owner_id,
        )
        work = self._row("SELECT files, commits FROM session WHERE id = ?", session_id)
        known = dict(zip(AMOUNTS, sums or (), strict=True))
        (in_flight,) = held or (0,)
        files, commits = work or (0, 0)
        return Totals(**known, held=in_flight, files=files, commits=commits)

    def find_sessions(self, query: SessionQuery) -> SessionsFound:
        where, values = self._where(query)
        key = _KEYS[query.order]
        way = "DESC" if query.descending else "ASC"
        page = f"{way} NULLS LAST, id {way} LIMIT ? OFFSET ?"
        if query.search:
            total, ids = self._searched(
                f"SELECT id, {_now(query.order)} FROM session WHERE {where}", values, page, query
            )
            return self._found(ids, total)
        (total,) = self._row(f"SELECT count(*) FROM session WHERE {where}", *values) or (0,)
        if total <= _FEW:  # an expression keeps SQLite from walking the index of the order
            question = f"SELECT id FROM session WHERE {where} ORDER BY +{_now(query.order)} {page}"
        elif query.order in _SUMMED_UP:
            return self._found(self._with_active(f"SELECT {key}, id FROM session WHERE {where}", values, query), total)
        else:
            question = f"SELECT id FROM session WHERE {where} ORDER BY {key} {page}"
        return self._found([row_id for (row_id,) in self._rows(question, *values, query.limit, query.offset)], total)

    def _found(self, ids: list[int], total: int) -> SessionsFound:
        rows = [self._row(f"SELECT {SESSION} FROM session WHERE id = ?", row_id) for row_id in ids]
        return SessionsFound(tuple((session_of(row), self.totals(row[0])) for row in rows if row), total)

    def _searched(self, question: str, values: list[object], page: str, query: SessionQuery) -> tuple[int, list[int]]:
        """A page of what `question` finds, which looks at every session: so it is asked once, for the total too."""
        (total,), *found = self._rows(
            f"WITH found (id, sorted_by) AS MATERIALIZED ({question}) "
            "SELECT count(*) FROM found UNION ALL SELECT id FROM ("
            f"SELECT id FROM found ORDER BY sorted_by COLLATE NOCASE {page})",
            *values,
            query.limit,
            query.offset,
        )
        return total, [row_id for (row_id,) in found]

    def _with_active(self, question: str, values: list[object], query: SessionQuery) -> list[int]:
        """A page by what only the rows of ended sessions say; the others, of which there are few, are summed up now."""
        order, way = query.order, "DESC" if query.descending else "ASC"
        active = self._rows(
            question.replace(_KEYS[order], _SUMMED_UP[order], 1).replace("session WHERE", f"{_ACTIVE} AND", 1), *values
        )
        ended = f"{question} AND ended_ms IS NOT NULL ORDER BY 1 {way}, 2 {way} LIMIT ? OFFSET ?"
        return spliced(
            active,
            lambda limit, offset: self._rows(ended, *values, limit, offset),
            query.limit,
            query.offset,
            is_descending=query.descending,
        )

    def _where(self, query: SessionQuery) -> tuple[str, list[object]]:
        where, values = ["true"], list[object]()
        for condition, value in (
            ("started_ms >= ?", query.started.from_ms),
            ("started_ms < ?", query.started.to_ms),
            ("directory = ?", query.directory or None),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        if query.is_active is not None:
            where.append("ended_ms IS NULL" if query.is_active else "ended_ms IS NOT NULL")
        if query.search:
            condition, wanted = self._has(query.search)
            where.append(condition)
            values += wanted
        return " AND ".join(where), values

    def _has(self, search: str) -> tuple[str, list[object]]:
        """Whether a session has these letters, in upper or lower case; ``%`` and ``_`` are letters too."""
        folded = search.casefold()
        directories = [name for (name,) in self._rows(_DIRECTORIES) if folded in name.casefold()]
        # SQLite knows upper and lower case of ASCII only (https://www.sqlite.org/lang_expr.html#like)
        escaped = "".join(re.sub(r"([\\%_])", r"\\\1", letter) if letter.isascii() else "%" for letter in search)
        like, values = "{0} LIKE ? ESCAPE '\\'", list[object]([f"%{escaped}%"])
        if not search.isascii():
            self._connection.create_function("folded", 1, _folded, deterministic=True)
            like += " AND instr(folded({0}), ?)"
            values.append(folded)
        in_text = " OR ".join(f"({like.format(column)})" for column in ("name", "notes"))
        return (
            f"({in_text} OR directory IN (SELECT value FROM json_each(?)))",
            [*values, *values, json.dumps(directories)],
        )


def _now(order: SessionOrder) -> str:
    """What sessions are sorted by, where it need not be in an index."""
    known = _SUMMED_UP.get(order)
    return f"CASE WHEN ended_ms IS NULL THEN {known} ELSE {_KEYS[order]} END" if known else _KEYS[order]


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()
