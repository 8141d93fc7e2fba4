"""How do the rows of earlier tools get into a new ledger? One database after the other, what both have only once.

Everything happens in one transaction of a ledger that nobody else has seen yet. The first database keeps its ids.
Of a later one the ids are kept that are still free; a session of it that began at the same moment, with the same name
and in the same directory, is the same session, and of its rows only those are added that are not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.ledger.earlier.rows import End, missing_session, session_of
from codesession.ledger.earlier.source import SESSIONS, chunks
from codesession.ledger.earlier.targets import TARGETS
from codesession.ledger.earlier.values import Values

if TYPE_CHECKING:
    import sqlite3

    from codesession.ledger.earlier.rows import EarlierSession
    from codesession.ledger.earlier.targets import Target


ORIGIN = """
    CREATE TEMP TABLE origin (
        session_id INTEGER PRIMARY KEY, takeover_id, place, started_ms, name, working_directory,
        end_is, cost_nanos, tokens, is_matched)
"""
"""Of each session: where it is from, what makes it itself, what is known of its end, and the sums beside it."""


class Merging:
    """A new ledger while the databases of earlier tools are read into it."""

    def __init__(self, ledger: sqlite3.Connection, taken_ms: int) -> None:
        """Begin; `ledger` is inside a write transaction, and `taken_ms` is now."""
        self._ledger = ledger
        self._taken_ms = taken_ms
        self._values = Values()
        self._takeover_id = 0
        self._sessions: dict[object, tuple[int, int]] = {}
        """by the id that a session had: the one it has, and when it began"""
        self._missing: dict[object, tuple[int, int]] = {}
        self._its_last = 0
        ledger.execute(ORIGIN)
        ledger.execute("CREATE INDEX temp.origin_started ON origin (started_ms)")

    def take(self, earlier: sqlite3.Connection, source: str, kept: str) -> None:
        """Add everything of the database `earlier`, that was at `source` and now lies at `kept`."""
        added = self._ledger.execute(
            "INSERT INTO takeover (source, kept, taken_ms, sessions, calls, files, commits, annotations) "
            "VALUES (?, ?, ?, 0, 0, 0, 0, 0)",
            (source, kept, self._taken_ms),
        )
        is_first = not self._takeover_id
        self._takeover_id = added.lastrowid or 0
        self._sessions = dict(self._missing)
        (self._its_last,) = earlier.execute("SELECT coalesce(max(id), 0) FROM sessions").fetchone()
        counts = {"sessions": self._take_sessions(earlier)}
        for name, target in TARGETS.items():
            counts[name] = self._take_rows(earlier, target) if is_first else self._add_rows(earlier, target)
        self._ledger.execute(
            f"UPDATE takeover SET {', '.join(f'{name} = ?' for name in counts)} WHERE id = ?",
            (*counts.values(), self._takeover_id),
        )

    def _one(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a column's value
        row = self._ledger.execute(sql, values).fetchone()
        return row[0] if row else None

    def _keep_problems(self) -> None:
        self._ledger.executemany(
            f"INSERT INTO takeover_problem (takeover_id, place, problem) VALUES ({self._takeover_id}, ?, ?)",
            self._values.problems,
        )
        self._values.problems.clear()

    # --- sessions ---

    def _take_sessions(self, earlier: sqlite3.Connection) -> int:
        added, before_ms = 0, self._taken_ms
        self._values.table = SESSIONS.table
        for chunk in chunks(earlier, SESSIONS):
            for row in chunk:
                session = session_of(self._values, row, before_ms)
                before_ms = session.started_ms
                same = self._same(session)
                if same is None:
                    added += 1
                    self._sessions[session.id] = self._add(session, f"sessions {session.id}")
                else:
                    self._complete(same, session)
                    self._sessions[session.id] = same, session.started_ms
            self._keep_problems()
        return added

    def _same(self, session: EarlierSession) -> int | None:
        """That session as another database had it; of several the one with the same id."""
        found: int | None = self._one(
            "SELECT session_id FROM origin WHERE started_ms = ? AND name = ? AND working_directory = ? "
            "AND takeover_id < ? AND NOT is_matched ORDER BY session_id <> ?, session_id",
            session.started_ms,
            session.name,
            session.working_directory,
            self._takeover_id,
            session.id,
        )
        return found

    def _add(self, session: EarlierSession, place: str) -> tuple[int, int]:
        """Its new id, which is its own where that is free, and its beginning."""
        session_id = session.id
        if session_id < 1 or self._one("SELECT 1 FROM session WHERE id = ?", session_id):
            session_id = max(self._its_last, self._one("SELECT coalesce(max(id), 0) FROM session")) + 1
        self._ledger.execute(
            "INSERT INTO session (id, name, directory, git_root, start_head, started_ms, ended_ms, notes, files, "
            "commits, begun_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(session_id, session.name, session.directory, session.git_root, session.start_head),
                # also of one that is active, until it is known that no other in its scope is
                *(session.started_ms, session.ended_ms, session.notes, session.files, session.commits),
                None if session.working_directory == session.directory else session.working_directory,
            ),
        )
        self._ledger.execute(
            "INSERT INTO origin VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                *(session_id, self._takeover_id, place, session.started_ms, session.name, session.working_directory),
                *(session.end, session.cost_nanos, session.tokens),
            ),
        )
        return session_id, session.started_ms

    def _complete(self, session_id: int, session: EarlierSession) -> None:
        """Add what only the other database knew of a session: perhaps it ended there."""
        if session.end != End.ACTIVE:
            self._ledger.execute(
                "UPDATE session SET ended_ms = ? "
                "WHERE id = ? AND id IN (SELECT session_id FROM origin WHERE end_is = ?)",
                (session.ended_ms, session_id, End.ACTIVE),
            )
        self._ledger.execute(
            "UPDATE session SET git_root = coalesce(git_root, ?1), directory = coalesce(git_root, ?1, directory), "
            "start_head = coalesce(start_head, ?2), notes = coalesce(notes, ?3), files = max(files, ?4), "
            "commits = max(commits, ?5) WHERE id = ?6",
            (session.git_root, session.start_head, session.notes, session.files, session.commits, session_id),
        )
        self._ledger.execute(
            "UPDATE origin SET is_matched = 1, end_is = CASE WHEN end_is = ?1 THEN ?2 ELSE end_is END, "
            "cost_nanos = coalesce(max(cost_nanos, ?3), cost_nanos, ?3), "
            "tokens = coalesce(max(tokens, ?4), tokens, ?4) WHERE session_id = ?5",
            (End.ACTIVE, session.end, session.cost_nanos, session.tokens, session_id),
        )

    # --- what belongs to them ---

    def _add_rows(self, earlier: sqlite3.Connection, target: Target) -> int:
        """Add the rows that no database before had; returns how many."""
        self._ledger.execute(target.staging())
        self._convert(earlier, target, target.stage())
        added = self._ledger.execute(target.addition()).rowcount
        self._ledger.execute(f"DROP TABLE incoming_{target.table}")
        return added

    def _take_rows(self, earlier: sqlite3.Connection, target: Target) -> int:
        """Add all rows; returns how many."""
        return self._convert(earlier, target, target.insertion())

    def _convert(self, earlier: sqlite3.Connection, target: Target, insertion: str) -> int:
        """Run `insertion` for each row."""
        count, row_of, values = 0, target.row_of, self._values
        for chunk in chunks(earlier, target.kind):
            ready = []
            for row in chunk:
                values.table = target.kind.table
                session_id, began_ms = self._sessions.get(row[1]) or self._placeholder(row[1], row[2])
                ready.append((row[0], session_id, *row_of(values, row, began_ms)))
            count += len(ready)
            if target.unique:
                count -= self._insert_once(insertion, ready)
            else:
                self._ledger.executemany(insertion, ready)
            self._keep_problems()
        return count

    def _insert_once(self, insertion: str, rows: list[tuple[Any, ...]]) -> int:
        """Insert rows that may be there already; returns how many were."""
        repeated = 0
        for row in rows:
            if not self._ledger.execute(insertion, row).rowcount:
                self._values.row = row[0]
                self._values.complain("its session has the same once more; it is kept once")
                repeated += 1
        return repeated

    def _placeholder(self, missing: object, at: object) -> tuple[int, int]:
        """A session for rows whose own is not there; they will say when it was."""
        if (known := self._missing.get(missing)) is None:
            began_ms = self._values.moment(at)
            session = missing_session(missing, self._taken_ms if began_ms is None else began_ms)
            known = self._add(session, f"sessions {missing}")
            self._missing[missing] = known
            self._values.problems.append(
                (f"sessions {missing}", f"is missing, and rows belong to it; they are kept in session {known[0]}")
            )
        self._sessions[missing] = known
        return known
