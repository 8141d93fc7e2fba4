"""What was spent in one session, and by whom? In SQLite's words."""

from __future__ import annotations

from codesession.ledger.rows import Rows
from codesession.ledger.totals import BILLED, TOKEN_COLUMNS
from codesession.model import Evidence, Usage
from codesession.model.analysis import Spent

_NEWEST = 30
"""Calls of a session that are looked at for who made them: all of one may be a hundred thousand."""
_SUMMED = ", ".join(f"sum({name})" for name in TOKEN_COLUMNS)


class SpendingReader(Rows):
    """Questions about the spending of one session."""

    def agents_of(self, session_id: int) -> tuple[str, ...]:
        """The agents of a session's newest calls; see `Analyst.agents_of`."""
        rows = self._rows(
            "SELECT agent FROM (SELECT agent FROM call WHERE session_id = ? ORDER BY started_ms DESC LIMIT ?) "
            "WHERE agent IS NOT NULL GROUP BY agent ORDER BY count(*) DESC, agent",
            *(session_id, _NEWEST),
        )
        return tuple(agent for (agent,) in rows)

    def spent_in(self, session_id: int) -> list[tuple[str, Evidence, Spent]]:
        """What was spent in a session, by agent and evidence, the dearest agent first; see `Analyst.spent_in`."""
        rows = self._rows(
            f"SELECT coalesce(agent, ''), evidence, count(*), coalesce(sum(cost_nanos), 0), sum(cost_nanos IS NULL), "
            f"{_SUMMED} FROM call WHERE session_id = ? AND {BILLED} GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2",
            session_id,
        )
        return [
            (agent, Evidence(evidence), Spent(calls, cost, unpriced, Usage(*(amount or 0 for amount in amounts))))
            for agent, evidence, calls, cost, unpriced, *amounts in rows
        ]
