"""What does the ledger hold? The look-ups, in SQLite's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession import model
from codesession.ledger.analysis import AnalysisReader
from codesession.ledger.budgets import BudgetReader
from codesession.ledger.call_search import CallSearch
from codesession.ledger.events import EventReader
from codesession.ledger.receipts import ReceiptReader
from codesession.ledger.repricing import RepricingReader
from codesession.ledger.session_search import SessionSearch
from codesession.ledger.shapes import CALL, SESSION, call_of, session_of
from codesession.ledger.spending import SpendingReader
from codesession.ledger.switches import SwitchReader
from codesession.ledger.totals import BILLED, MODEL, SUMS

if TYPE_CHECKING:
    from codesession.model import (
        Annotation,
        Call,
        Commit,
        FileChange,
        FileMark,
        HardwareTotals,
        ModelTotals,
        Session,
        Statistics,
        Takeover,
        Totals,
    )

_WORKED = "hardware, sum(calls), sum(took_ms), sum(cost_nanos)"
_LONGEST_FIRST = "GROUP BY 1 ORDER BY 3 DESC, 1"


class SqliteReader(
    AnalysisReader,
    BudgetReader,
    CallSearch,
    EventReader,
    ReceiptReader,
    RepricingReader,
    SessionSearch,
    SwitchReader,
    SpendingReader,
):
    """The `Reader` of one transaction."""

    def session(self, session_id: int) -> Session | None:
        row = self._row(f"SELECT {SESSION} FROM session WHERE id = ?", session_id)
        return session_of(row) if row else None

    def active_session(self, directory: str) -> Session | None:
        row = self._row(f"SELECT {SESSION} FROM session WHERE directory = ? AND ended_ms IS NULL", directory)
        return session_of(row) if row else None

    def active_sessions(self) -> list[Session]:
        rows = self._rows(f"SELECT {SESSION} FROM session WHERE ended_ms IS NULL ORDER BY id")
        return [session_of(row) for row in rows]

    def sessions(self, limit: int | None) -> list[tuple[Session, Totals]]:
        rows = self._rows(
            f"SELECT {SESSION} FROM session ORDER BY started_ms DESC, id DESC LIMIT ?", -1 if limit is None else limit
        )
        return [(session_of(row), self.totals(row[0])) for row in rows]

    def models(self, session_id: int, owner_id: int | None = None) -> list[ModelTotals]:
        shown = ("calls", "tokens", "cost_nanos", "unpriced")
        if owner_id is None:
            rows = self._rows(
                f"SELECT provider, model, {', '.join(shown)} FROM session_model WHERE session_id = ? AND calls > 0 "
                "ORDER BY cost_nanos DESC, tokens DESC, model, provider",
                session_id,
            )
        else:
            rows = self._rows(
                f"SELECT provider, {MODEL} AS name, {', '.join(SUMS[amount] for amount in shown)} "
                f"FROM call WHERE session_id = ? AND owner_id = ? AND {BILLED} "
                "GROUP BY provider, name ORDER BY 5 DESC, 4 DESC, name, provider",
                session_id,
                owner_id,
            )
        return [model.ModelTotals(*row) for row in rows]

    def hardware(self, session_id: int | None = None, owner_id: int | None = None) -> list[HardwareTotals]:
        rows = self._rows(
            f"SELECT {_WORKED} FROM session_hardware WHERE ?1 IS NULL OR session_id = ?1 {_LONGEST_FIRST}", session_id
        )
        if rows and owner_id is not None:  # which process it was, only the calls know
            rows = self._rows(
                "SELECT coalesce(hardware, ''), count(*), sum(ended_ms - started_ms), "
                f"coalesce(sum(cost_nanos), 0) FROM call WHERE session_id = ? AND owner_id = ? AND local = 1 "
                f"AND {BILLED} {_LONGEST_FIRST}",
                session_id,
                owner_id,
            )
        return [model.HardwareTotals(*row) for row in rows]

    def statistics(self) -> Statistics:
        work = self._row(
            "SELECT count(*), coalesce(sum((ended_ms - started_ms) / 1000), 0), coalesce(sum(files), 0), "
            "coalesce(sum(commits), 0) FROM session WHERE ended_ms IS NOT NULL"
        )
        money = self._row(
            "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost_nanos), 0), coalesce(sum(unpriced), 0) "
            "FROM session_model WHERE session_id NOT IN (SELECT id FROM session WHERE ended_ms IS NULL)"
        )
        worked = self._rows(
            f"SELECT {_WORKED} FROM session_hardware "
            f"WHERE session_id NOT IN (SELECT id FROM session WHERE ended_ms IS NULL) {_LONGEST_FIRST}"
        )
        hardware = tuple(model.HardwareTotals(*row) for row in worked)
        return model.Statistics(*(*(work or ()), *(money or ()), hardware))

    def calls(self, session_id: int) -> list[Call]:
        rows = self._rows(f"SELECT {CALL} FROM call WHERE session_id = ? ORDER BY id", session_id)
        return [call_of(row) for row in rows]

    def billed_calls(self, session_id: int, newest: int | None = None) -> list[Call]:
        rows = self._rows(
            f"SELECT {CALL} FROM call WHERE session_id = ? AND {BILLED} ORDER BY id DESC LIMIT ?",
            session_id,
            -1 if newest is None else newest,
        )
        return [call_of(row) for row in reversed(rows)]

    def call(self, call_id: int) -> Call | None:
        row = self._row(f"SELECT {CALL} FROM call WHERE id = ?", call_id)
        return call_of(row) if row else None

    def files(self, session_id: int) -> list[FileChange]:
        rows = self._rows(
            "SELECT path, change, timestamp_ms, id FROM file_change WHERE session_id = ? ORDER BY id", session_id
        )
        return [model.FileChange(path, model.ChangeType(change), at, row_id) for path, change, at, row_id in rows]

    def commits(self, session_id: int) -> list[Commit]:
        rows = self._rows(
            "SELECT hash, message, timestamp_ms, id FROM git_commit WHERE session_id = ? ORDER BY id", session_id
        )
        return [model.Commit(*row) for row in rows]

    def annotations(self, session_id: int) -> list[Annotation]:
        rows = self._rows(
            "SELECT id, session_id, message, timestamp_ms FROM annotation WHERE session_id = ? ORDER BY id", session_id
        )
        return [model.Annotation(*row) for row in rows]

    def marks(self, session_id: int) -> list[FileMark]:
        rows = self._rows("SELECT path, size, mtime_ns FROM file_mark WHERE session_id = ? ORDER BY path", session_id)
        return [model.FileMark(*row) for row in rows]

    def session_owner(self, session_id: int) -> int | None:
        row = self._row("SELECT owner_id FROM session WHERE id = ?", session_id)
        return row[0] if row else None

    def last_activity(self, session_id: int) -> int | None:
        row = self._row(
            # a lost call ended when that was noticed, which may be days after its process died
            """
            SELECT max(at) FROM (
                SELECT CASE WHEN state = 'lost' THEN started_ms ELSE coalesce(ended_ms, started_ms) END AS at
                FROM call WHERE session_id = ?1
                UNION ALL SELECT timestamp_ms FROM annotation WHERE session_id = ?1
                UNION ALL SELECT timestamp_ms FROM file_change WHERE session_id = ?1
                UNION ALL SELECT timestamp_ms FROM git_commit WHERE session_id = ?1)
            """,
            session_id,
        )
        return row[0] if row else None

    def takeovers(self) -> list[Takeover]:
        rows = self._rows(
            "SELECT id, source, kept, taken_ms, sessions, calls, files, commits, annotations FROM takeover ORDER BY id"
        )
        problems = "SELECT place, problem FROM takeover_problem WHERE takeover_id = ? ORDER BY id"
        return [model.Takeover(*(*row[1:], tuple(self._rows(problems, row[0])))) for row in rows]

    def owners_holding(self) -> list[int]:
        return [owner_id for (owner_id,) in self._rows("SELECT DISTINCT owner_id FROM call WHERE state = 'held'")]
