"""How does a ledger that was filled from earlier tools become whole? Ends, counts and sums, once every row is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.ledger import accounts, totals
from codesession.ledger.earlier.rows import End
from codesession.ledger.upkeep import rebuild_totals
from codesession.model import to_usd

if TYPE_CHECKING:
    import sqlite3

    from codesession.model import Nanos

_ROUNDING_NANOS = 1_000
"""How far a kept sum of floats may be off, beside the nano-dollar that each call may have been rounded by."""

_TIMES = """
    SELECT started_ms AS first, ended_ms AS last FROM call WHERE session_id = session.id
    UNION ALL SELECT timestamp_ms, timestamp_ms FROM file_change WHERE session_id = session.id
    UNION ALL SELECT timestamp_ms, timestamp_ms FROM git_commit WHERE session_id = session.id
    UNION ALL SELECT timestamp_ms, timestamp_ms FROM annotation WHERE session_id = session.id
"""
_FIRST = f"coalesce((SELECT min(first) FROM ({_TIMES})), started_ms)"
_LAST = f"coalesce((SELECT max(last) FROM ({_TIMES})), started_ms)"


def finish(ledger: sqlite3.Connection) -> None:
    """Settle what depends on all rows, inside the transaction that brought them (see `merging.Merging`)."""
    _begin_with_their_rows(ledger)
    _leave_one_active(ledger)
    ledger.execute(
        f"UPDATE session SET ended_ms = max(started_ms, {_LAST}) "
        "WHERE id IN (SELECT session_id FROM origin WHERE end_is = ?)",
        (End.LAST_ROW,),
    )
    rebuild_totals(ledger)
    _bill_what_has_no_calls(ledger)
    _tell_other_sums(ledger)
    ledger.execute("DROP TABLE origin")


def _begin_with_their_rows(ledger: sqlite3.Connection) -> None:
    """Give sessions that were missing the times of their first and last row."""
    ledger.execute(
        f"UPDATE session SET started_ms = {_FIRST}, ended_ms = {_LAST} "
        "WHERE id IN (SELECT session_id FROM origin WHERE end_is = ?)",
        (End.MISSING,),
    )


def _leave_one_active(ledger: sqlite3.Connection) -> None:
    """Of several active sessions of a scope leave the newest; the others ended with their last row."""
    ledger.execute(
        "CREATE TEMP TABLE active AS SELECT session_id, row_number() OVER ("
        "PARTITION BY session.directory ORDER BY session.started_ms DESC, session_id DESC) AS nth "
        "FROM origin JOIN session ON session.id = session_id WHERE end_is = ?",
        (End.ACTIVE,),
    )
    ledger.execute("UPDATE session SET ended_ms = NULL WHERE id IN (SELECT session_id FROM active WHERE nth = 1)")
    ledger.execute(
        "INSERT INTO takeover_problem (takeover_id, place, problem) SELECT takeover_id, place, "
        "'was active beside a newer session of its scope; it is kept as ended with its last row' "
        "FROM active JOIN origin USING (session_id) WHERE nth > 1 ORDER BY session_id"
    )
    ledger.execute(
        "UPDATE origin SET end_is = ? WHERE session_id IN (SELECT session_id FROM active WHERE nth > 1)",
        (End.LAST_ROW,),
    )
    ledger.execute("DROP TABLE active")


_SUMMED = """
    FROM origin LEFT JOIN (
        SELECT session_id, sum(calls) AS calls, sum(cost_nanos) AS cost_nanos, sum(tokens) AS tokens
        FROM session_model GROUP BY session_id) AS summed USING (session_id)
"""


def _bill_what_has_no_calls(ledger: sqlite3.Connection) -> None:
    """Make one call of the sums of a session that has no calls at all: no money is lost."""
    rows = ledger.execute(
        "SELECT session_id, takeover_id, place, started_ms, origin.cost_nanos, origin.tokens "
        f"{_SUMMED} WHERE calls IS NULL AND (origin.cost_nanos > 0 OR origin.tokens > 0)"
    ).fetchall()
    others = ", ".join(name for name in totals.TOKEN_COLUMNS if name != "unsplit")
    for session_id, takeover_id, place, started_ms, cost, tokens in rows:
        added = ledger.execute(
            "INSERT INTO call (session_id, state, provider, model, endpoint, streamed, started_ms, ended_ms, "
            f"cost_nanos, price_source, evidence, unsplit, {others}) "
            "VALUES (?1, 'settled', 'unknown', 'unknown', 'imported', 0, ?2, ?2, "
            "?3, CASE WHEN ?3 IS NOT NULL THEN 'imported' END, 'imported', ?4, "
            f"{', '.join(['?4 * 0'] * (len(totals.TOKEN_COLUMNS) - 1))})",
            (session_id, started_ms, cost, tokens),
        )
        totals.add_call(ledger, added.lastrowid or 0)
        accounts.add(ledger, added.lastrowid or 0)
        what = " and ".join(filter(None, (_dollars(cost), None if tokens is None else f"{tokens:,} tokens")))
        _tell(ledger, takeover_id, place, f"has {what} and no calls; they are kept as one call of an unknown model")


def _tell_other_sums(ledger: sqlite3.Connection) -> None:
    """Tell where the sums that stood beside a session are not those of its calls, which are right."""
    is_other_cost = f"abs(origin.cost_nanos - summed.cost_nanos) > {_ROUNDING_NANOS} + calls"
    rows = ledger.execute(
        "SELECT takeover_id, place, origin.cost_nanos, summed.cost_nanos, origin.tokens, summed.tokens, "
        f"{is_other_cost}, origin.tokens <> summed.tokens {_SUMMED} "
        f"WHERE NOT is_matched AND ({is_other_cost} OR origin.tokens <> summed.tokens) ORDER BY session_id"
    ).fetchall()
    for takeover_id, place, cost, true_cost, tokens, true_tokens, other_cost, other_tokens in rows:
        told = []
        if other_cost:
            told.append(f"ai_cost was {_dollars(cost)}, its calls come to {_dollars(true_cost)}")
        if other_tokens:
            told.append(f"ai_tokens was {tokens:,}, its calls come to {true_tokens:,}")
        _tell(ledger, takeover_id, place, f"{'; '.join(told)}: the calls count")


def _dollars(nanos: Nanos | None) -> str | None:
    return None if nanos is None else f"${to_usd(nanos):,.10g}"


def _tell(ledger: sqlite3.Connection, takeover_id: int, place: str, problem: str) -> None:
    ledger.execute(
        "INSERT INTO takeover_problem (takeover_id, place, problem) VALUES (?, ?, ?)", (takeover_id, place, problem)
    )
