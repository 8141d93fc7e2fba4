"""What does the ledger hold? The look-ups, in SQLite's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.model import (
    USAGE_FIELDS,
    Annotation,
    Call,
    CallState,
    ChangeType,
    Commit,
    Cut,
    Evidence,
    FileChange,
    FileMark,
    ModelTotals,
    Session,
    Totals,
    Usage,
)

if TYPE_CHECKING:
    import sqlite3

_SESSION = "id, name, directory, git_root, branch, start_head, started_ms, ended_ms, notes, background"
_USAGE = ", ".join(USAGE_FIELDS)
_CALL = (
    "id, session_id, provider, coalesce(model_answered, model), endpoint, state, streamed, started_ms, ended_ms, "
    "hold_nanos, cost_nanos, evidence, price_source, cut, http_status, request_id, response_id, agent, user, "
    f"customer, feature, client_session, retry, {_USAGE}"
)
_TOKENS = " + ".join(f"coalesce({name}, 0)" for name in USAGE_FIELDS if name != "web_searches")
_BILLED = "state IN ('settled', 'lost')"
_TOTALS = f"""
    count(*) FILTER (WHERE {_BILLED}),
    coalesce(sum({_TOKENS}), 0),
    coalesce(sum(cost_nanos), 0),
    count(*) FILTER (WHERE {_BILLED} AND cost_nanos IS NULL),
    count(*) FILTER (WHERE evidence = 'estimated' AND cut IS NULL),
    count(*) FILTER (WHERE cut IN ('client', 'upstream')),
    count(*) FILTER (WHERE state = 'lost'),
    count(*) FILTER (WHERE state = 'held'),
    count(*) FILTER (WHERE state = 'released')
"""
_FILES = "(SELECT count(DISTINCT path) FROM file_change WHERE file_change.session_id = session.id)"
_COMMITS = "(SELECT count(*) FROM git_commit WHERE git_commit.session_id = session.id)"


class SqliteReader:
    """The `Reader` of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def session(self, session_id: int) -> Session | None:
        row = self._row(f"SELECT {_SESSION} FROM session WHERE id = ?", session_id)
        return _session(row) if row else None

    def active_session(self, directory: str) -> Session | None:
        row = self._row(f"SELECT {_SESSION} FROM session WHERE directory = ? AND ended_ms IS NULL", directory)
        return _session(row) if row else None

    def active_sessions(self) -> list[Session]:
        rows = self._rows(f"SELECT {_SESSION} FROM session WHERE ended_ms IS NULL ORDER BY id")
        return [_session(row) for row in rows]

    def sessions(self, limit: int) -> list[tuple[Session, Totals]]:
        rows = self._rows(f"SELECT {_SESSION} FROM session ORDER BY started_ms DESC, id DESC LIMIT ?", limit)
        return [(_session(row), self.totals(row[0])) for row in rows]

    def totals(self, session_id: int, owner_id: int | None = None) -> Totals:
        row = self._row(
            f"SELECT {_TOTALS} FROM call WHERE session_id = ?1 AND (?2 IS NULL OR owner_id = ?2)", session_id, owner_id
        )
        work = self._row(f"SELECT {_FILES}, {_COMMITS} FROM session WHERE id = ?", session_id)
        return Totals(*(row or ()), *(work or ()))

    def models(self, session_id: int, owner_id: int | None = None) -> list[ModelTotals]:
        rows = self._rows(
            f"""
            SELECT provider, coalesce(model_answered, model) AS name, count(*), coalesce(sum({_TOKENS}), 0),
                coalesce(sum(cost_nanos), 0) AS cost, count(*) FILTER (WHERE cost_nanos IS NULL)
            FROM call
            WHERE session_id = ?1 AND (?2 IS NULL OR owner_id = ?2) AND {_BILLED}
            GROUP BY provider, name
            ORDER BY cost DESC, 4 DESC, name, provider
            """,
            session_id,
            owner_id,
        )
        return [ModelTotals(*row) for row in rows]

    def calls(self, session_id: int) -> list[Call]:
        rows = self._rows(f"SELECT {_CALL} FROM call WHERE session_id = ? ORDER BY id", session_id)
        return [_call(row) for row in rows]

    def call(self, call_id: int) -> Call | None:
        row = self._row(f"SELECT {_CALL} FROM call WHERE id = ?", call_id)
        return _call(row) if row else None

    def files(self, session_id: int) -> list[FileChange]:
        rows = self._rows(
            "SELECT path, change, timestamp_ms, id FROM file_change WHERE session_id = ? ORDER BY id", session_id
        )
        return [FileChange(path, ChangeType(change), at, row_id) for path, change, at, row_id in rows]

    def commits(self, session_id: int) -> list[Commit]:
        rows = self._rows(
            "SELECT hash, message, timestamp_ms, id FROM git_commit WHERE session_id = ? ORDER BY id", session_id
        )
        return [Commit(*row) for row in rows]

    def annotations(self, session_id: int) -> list[Annotation]:
        rows = self._rows(
            "SELECT id, session_id, message, timestamp_ms FROM annotation WHERE session_id = ? ORDER BY id", session_id
        )
        return [Annotation(*row) for row in rows]

    def marks(self, session_id: int) -> list[FileMark]:
        rows = self._rows("SELECT path, size, mtime_ns FROM file_mark WHERE session_id = ? ORDER BY path", session_id)
        return [FileMark(*row) for row in rows]

    def session_owner(self, session_id: int) -> int | None:
        row = self._row("SELECT owner_id FROM session WHERE id = ?", session_id)
        return row[0] if row else None

    def last_activity(self, session_id: int) -> int | None:
        row = self._row(
            # a lost call ended when that was noticed, which may be days after its process died
            "SELECT max(CASE WHEN state = 'lost' THEN started_ms ELSE coalesce(ended_ms, started_ms) END) "
            "FROM call WHERE session_id = ?",
            session_id,
        )
        return row[0] if row else None

    def owners_holding(self) -> list[int]:
        return [owner_id for (owner_id,) in self._rows("SELECT DISTINCT owner_id FROM call WHERE state = 'held'")]


def _session(row: tuple[Any, ...]) -> Session:
    return Session(*(*row[:-1], bool(row[-1])))


def _call(row: tuple[Any, ...]) -> Call:
    """A call from a row of `_CALL`; its usage is known when any of its tokens are."""
    head, tokens = row[: -len(USAGE_FIELDS)], row[-len(USAGE_FIELDS) :]
    (
        row_id, session_id, provider, model, endpoint, state, streamed, started, ended, hold, cost, evidence,
        source, cut, *rest,
    ) = head  # fmt: skip
    return Call(
        row_id,
        session_id,
        provider,
        model,
        endpoint,
        CallState(state),
        bool(streamed),
        started,
        ended,
        hold,
        None if tokens[0] is None else Usage(*tokens),
        cost,
        None if evidence is None else Evidence(evidence),
        source,
        None if cut is None else Cut(cut),
        *rest,
    )
