"""What would calls cost at other prices, and what do they cost now that there are some? In SQLite's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.ledger import accounts
from codesession.ledger.budgets import BudgetWriter
from codesession.ledger.rows import Rows
from codesession.ledger.totals import BILLED, MODEL, TOKEN_COLUMNS, add_call, take_call_away
from codesession.model import USAGE_FIELDS, Evidence, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.model import Cost, Nanos
    from codesession.model.price_changes import UnpricedCall

_TOKENS = ", ".join(TOKEN_COLUMNS)
_IS_READ = "call.input IS NOT NULL AND coalesce(call.unsplit, 0) = 0"
_MAY_CHANGE = (
    f"{BILLED} AND (call.cost_nanos IS NULL OR (call.evidence = 'estimated' AND call.price_source = 'ceiling'))"
)
"""A cost that a price could have given and has not. A cost that is there is the word of whoever said it."""
# Without the index over started_ms: few of the calls after a moment are wanted, and in the order of their ids.
_SINCE = "(?1 IS NULL OR +call.started_ms >= ?1)"
_UNPRICED = f"""
    SELECT id, provider, model, model_answered, started_ms, cost_nanos, evidence, service_tier, speed, geography, batch,
        local, CASE WHEN local THEN ended_ms - started_ms END, {_TOKENS}
    FROM call WHERE {_SINCE} AND call.id > ?2 AND {_MAY_CHANGE} AND {_IS_READ} ORDER BY id LIMIT ?3
"""
_WHY_LEFT_OUT = f"""
    CASE WHEN call.local THEN 'local' WHEN call.price_source = 'cache' THEN 'cached'
        WHEN call.input IS NULL THEN 'unread' WHEN NOT ({_IS_READ}) THEN 'unsplit'
        WHEN call.cost_nanos IS NULL THEN 'unpriced' END
"""
_IS_PAID = f"call.local = 0 AND call.price_source IS NOT 'cache' AND {_IS_READ} AND call.cost_nanos IS NOT NULL"
"""What none of these is said of."""
_AMOUNTS = ", ".join(f"coalesce(call.{name}, 0)" for name in USAGE_FIELDS)  # a class may be younger than the call
_OF_SESSION = "call.session_id = ?2 AND (?1 IS NULL OR +call.started_ms >= ?1)"
_OF_ALL = "call.started_ms >= coalesce(?1, 0) AND ?2 IS NULL"


class RepricingReader(Rows):
    """Questions about what calls cost, and why."""

    def models_used(self) -> list[tuple[str, str, Terms]]:
        rows = self._rows(
            f"SELECT DISTINCT provider, {MODEL} AS model, service_tier, speed, geography, batch FROM call "
            f"WHERE {BILLED} AND local = 0 ORDER BY 1, 2, 6, 3, 4, 5"
        )
        return [
            (provider, name, Terms(tier, speed, geography, bool(batch)))
            for provider, name, tier, speed, geography, batch in rows
        ]

    def unpriced_calls(self, since_ms: int | None, after_id: int, most: int) -> list[UnpricedCall]:
        return [_unpriced(row) for row in self._rows(_UNPRICED, since_ms, after_id, most)]

    def unmendable_calls(self, since_ms: int | None) -> int:
        row = self._row(f"SELECT count(*) FROM call WHERE {_SINCE} AND {_MAY_CHANGE} AND NOT ({_IS_READ})", since_ms)
        return row[0] if row else 0

    def paid_work(
        self, since_ms: int | None, session_id: int | None
    ) -> Iterator[tuple[str, str, Nanos, tuple[int, ...]]]:
        where = _OF_ALL if session_id is None else _OF_SESSION
        rows = self._connection.execute(
            f"SELECT provider, {MODEL}, cost_nanos, {_AMOUNTS} FROM call WHERE {where} AND {BILLED} AND {_IS_PAID}",
            (since_ms, session_id),
        )
        for row in rows:
            yield row[0], row[1], row[2], row[3:]

    def unpaid_work(self, since_ms: int | None, session_id: int | None) -> dict[str, int]:
        where = _OF_ALL if session_id is None else _OF_SESSION
        rows = self._rows(
            f"SELECT {_WHY_LEFT_OUT} AS why, count(*) FROM call WHERE {where} AND {BILLED} AND why IS NOT NULL "
            "GROUP BY why ORDER BY why",
            since_ms,
            session_id,
        )
        return dict(rows)


class RepricingWriter(BudgetWriter, RepricingReader):
    """A cost is found anew, together with every sum that it is part of, and what it was is kept."""

    def reprice(self, call: UnpricedCall, cost: Cost, now_ms: int) -> bool:
        row = self._row(
            f"SELECT price_source FROM call WHERE id = ? AND cost_nanos IS ? AND {_MAY_CHANGE}",
            call.id,
            call.cost_nanos,
        )
        if row is None:
            return False
        is_local = call.terms.is_local
        before = accounts.added(self._connection, call.id)
        take_call_away(self._connection, call.id, is_local=is_local)
        self._changed(
            "UPDATE call SET cost_nanos = ?, price_source = ?, hardware = ? WHERE id = ?",
            cost.nanos,
            cost.source,
            cost.hardware,
            call.id,
        )
        add_call(self._connection, call.id, is_local=is_local)
        accounts.recount(self._connection, call.id, before)
        self._touch(before)
        self._insert(
            "INSERT INTO repricing (call_id, at_ms, before_nanos, before_source, after_nanos, after_source, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            call.id,
            now_ms,
            call.cost_nanos,
            row[0],
            cost.nanos,
            cost.source,
            "unpriced" if call.cost_nanos is None else "estimated",
        )
        return True


def _unpriced(row: tuple[Any, ...]) -> UnpricedCall:
    from codesession.model.price_changes import UnpricedCall  # most commands price nothing anew

    row_id, provider, asked, answered, started_ms, nanos, evidence, tier, speed, geography, batch, local, took_ms = row[
        : -len(TOKEN_COLUMNS)
    ]
    return UnpricedCall(
        row_id,
        provider,
        asked,
        answered,
        started_ms,
        Usage(*(amount or 0 for amount in row[-len(TOKEN_COLUMNS) :])),
        Terms(tier, speed, geography, bool(batch), bool(local), took_ms),
        nanos,
        Evidence(evidence),
    )
