"""What may be written to the ledger, in SQLite's words, inside one transaction?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codesession import model
from codesession.errors import SessionActive
from codesession.ledger import accounts, project_files
from codesession.ledger.budgets import BudgetWriter
from codesession.ledger.events import EventWriter
from codesession.ledger.reader import SqliteReader
from codesession.ledger.receipts import ReceiptWriter
from codesession.ledger.repricing import RepricingWriter
from codesession.ledger.switches import SwitchWriter
from codesession.ledger.totals import TOKEN_COLUMNS, add_call, end_session
from codesession.model import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codesession.model import (
        Annotation,
        Attempt,
        Commit,
        Cost,
        FileChange,
        FileMark,
        Nanos,
        Outcome,
        Scope,
        Terms,
        Usage,
    )
    from codesession.model.terms import Extra

_HOLD = """
    INSERT INTO call (session_id, owner_id, state, provider, model, endpoint, streamed, started_ms, hold_nanos,
        expected_nanos, agent, user, customer, feature, client_session, retry, service_tier, speed, geography, batch,
        local)
    VALUES (?, ?, 'held', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SETTLE = f"""
    UPDATE call SET state = 'settled', ended_ms = max(started_ms, ?), model_answered = ?, cost_nanos = ?,
        price_source = ?, hardware = ?, evidence = ?, cut = ?, http_status = ?, request_id = ?, response_id = ?,
        rule = ?, service_tier = coalesce(?, service_tier), speed = coalesce(?, speed),
        geography = coalesce(?, geography), batch = max(batch, ?), local = max(local, ?), extra = ?,
        {", ".join(f"{name} = ?" for name in TOKEN_COLUMNS)}
    WHERE id = ? AND state = 'held'
"""
_RECORD = f"""
    INSERT INTO call (session_id, state, provider, model, endpoint, streamed, started_ms, ended_ms, model_answered,
        cost_nanos, price_source, hardware, evidence, cut, http_status, request_id, response_id, rule, agent, user,
        customer, feature, client_session, retry, saved_nanos, service_tier, speed, geography, batch, local, extra,
        {", ".join(TOKEN_COLUMNS)})
    VALUES ({", ".join(["?", "'settled'", *["?"] * 29, *["?"] * len(TOKEN_COLUMNS)])})
"""
_CEILING = "CASE WHEN hold_nanos IS NOT NULL THEN 'ceiling' END"
_SETTLE_UNREAD = f"""
    UPDATE call SET state = 'settled', ended_ms = max(started_ms, ?), model_answered = ?, cost_nanos = hold_nanos,
        price_source = {_CEILING}, evidence = 'estimated', cut = ?, http_status = ?, request_id = ?, response_id = ?,
        rule = ?
    WHERE id = ? AND state = 'held'
"""


class SqliteWriter(SqliteReader, ReceiptWriter, RepricingWriter, BudgetWriter, EventWriter, SwitchWriter):
    """The `Writer` of one ``BEGIN IMMEDIATE`` transaction."""

    def add_owner(self, pid: int, started_ms: int) -> int:
        return self._insert("INSERT INTO owner (pid, started_ms) VALUES (?, ?)", pid, started_ms)

    def begin_session(
        self,
        scope: Scope,
        name: str,
        started_ms: int,
        *,
        marks: Iterable[FileMark] = (),
        owner_id: int | None = None,
        background: bool = False,
    ) -> Session:
        active = self.active_session(scope.directory)
        if active and active.is_background and not background:
            self.end_session(active.id, started_ms)
        elif active:
            raise SessionActive(
                f'Session {active.id} "{active.name}" is already active here.',
                id=active.id,
                activeSession=active.name,
                hint="End it with: cs end. Or: cs start --resume, or --close-stale.",
            )
        session_id = self._insert(
            "INSERT INTO session (name, directory, git_root, branch, start_head, started_ms, owner_id, background) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            name,
            scope.directory,
            scope.git_root,
            scope.branch,
            scope.head,
            started_ms,
            owner_id,
            background,
        )
        self._connection.executemany(
            "INSERT INTO file_mark (session_id, path, size, mtime_ns) VALUES (?, ?, ?, ?)",
            ((session_id, mark.path, mark.size, mark.mtime_ns) for mark in marks),
        )
        return Session(
            session_id,
            name,
            scope.directory,
            scope.git_root,
            scope.branch,
            scope.head,
            started_ms,
            None,
            None,
            is_background=background,
        )

    def end_session(
        self,
        session_id: int,
        ended_ms: int,
        *,
        notes: str | None = None,
        files: Sequence[FileChange] = (),
        commits: Sequence[Commit] = (),
    ) -> bool:
        ended = self._changed(
            "UPDATE session SET ended_ms = max(started_ms, ?), notes = coalesce(?, notes) "
            "WHERE id = ? AND ended_ms IS NULL",
            ended_ms,
            notes,
            session_id,
        )
        if not ended:
            return False
        end_session(self._connection, session_id)
        self._add_changes(session_id, model.not_recorded(files, self.files(session_id)), commits)
        self._changed("DELETE FROM file_mark WHERE session_id = ?", session_id)
        return True

    def record_changes(self, session_id: int, files: Sequence[FileChange], commits: Sequence[Commit]) -> bool:
        if self._row("SELECT 1 FROM session WHERE id = ? AND ended_ms IS NULL", session_id) is None:
            return False
        self._add_changes(session_id, files, commits)
        return True

    def _add_changes(self, session_id: int, files: Sequence[FileChange], commits: Sequence[Commit]) -> None:
        """Keep changes, and count them where the session and the file say how many there are."""
        if not (files or commits):
            return
        newest = project_files.newest_change(self._connection)
        self._connection.executemany(
            "INSERT INTO file_change (session_id, path, change, timestamp_ms) VALUES (?, ?, ?, ?)",
            ((session_id, file.path, file.change, file.timestamp_ms) for file in files),
        )
        self._connection.executemany(
            "INSERT INTO git_commit (session_id, hash, message, timestamp_ms) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (session_id, hash) DO NOTHING",
            ((session_id, commit.hash, commit.message, commit.timestamp_ms) for commit in commits),
        )
        project_files.add_changes(self._connection, session_id, newest)
        self._changed(
            "UPDATE session SET "
            "files = (SELECT count(DISTINCT path) FROM file_change WHERE session_id = session.id), "
            "commits = (SELECT count(*) FROM git_commit WHERE session_id = session.id) WHERE id = ?",
            session_id,
        )

    def disown_session(self, session_id: int) -> None:
        self._changed("UPDATE session SET owner_id = NULL WHERE id = ?", session_id)

    def annotate(self, session_id: int, message: str, timestamp_ms: int) -> Annotation:
        row_id = self._insert(
            "INSERT INTO annotation (session_id, message, timestamp_ms) VALUES (?, ?, ?)",
            session_id,
            message,
            timestamp_ms,
        )
        return model.Annotation(row_id, session_id, message, timestamp_ms)

    def hold(
        self, attempt: Attempt, ceiling: Nanos | None, owner_id: int, started_ms: int, expected: Nanos | None = None
    ) -> int:
        call_id = self._insert(
            _HOLD,
            attempt.session_id,
            owner_id,
            attempt.provider,
            attempt.model,
            attempt.endpoint,
            attempt.streamed,
            started_ms,
            ceiling,
            expected,
            *_whose(attempt),
            *_terms(attempt.terms),
        )
        accounts.add(self._connection, call_id)
        return call_id

    def record(self, attempt: Attempt, outcome: Outcome, cost: Cost | None, started_ms: int, ended_ms: int) -> int:
        terms = attempt.terms.told(outcome.terms)
        call_id = self._insert(
            _RECORD,
            attempt.session_id,
            attempt.provider,
            attempt.model,
            attempt.endpoint,
            attempt.streamed,
            started_ms,
            max(started_ms, ended_ms),
            outcome.model,
            *_price(cost),
            outcome.evidence,
            *_ids(outcome),
            *_whose(attempt),
            outcome.saved_nanos,
            *_terms(terms),
            _json(outcome.extra),
            *_tokens(outcome.usage),
        )
        self._count(call_id, is_local=terms.is_local)
        return call_id

    def has_result(self, provider: str, response_id: str) -> bool:
        found = self._row(
            "SELECT 1 FROM call WHERE provider = ? AND response_id = ? AND batch = 1", provider, response_id
        )
        return found is not None

    def settle(self, call_id: int, outcome: Outcome, cost: Cost | None, ended_ms: int) -> bool:
        if outcome.usage is None:
            return self._leaves_held(call_id, _SETTLE_UNREAD, ended_ms, outcome.model, *_ids(outcome), call_id)
        priced = (*_price(cost), outcome.evidence)
        known = (*_ids(outcome), *_terms(outcome.terms), _json(outcome.extra), *_tokens(outcome.usage))
        return self._leaves_held(call_id, _SETTLE, ended_ms, outcome.model, *priced, *known, call_id)

    def release(self, call_id: int, http_status: int | None, ended_ms: int) -> bool:
        return self._leaves_held(
            call_id,
            "UPDATE call SET state = 'released', ended_ms = max(started_ms, ?), http_status = ? "
            "WHERE id = ? AND state = 'held'",
            ended_ms,
            http_status,
            call_id,
        )

    def lose(self, owner_id: int, ended_ms: int) -> int:
        held = self._rows("SELECT id FROM call WHERE owner_id = ? AND state = 'held'", owner_id)
        for (call_id,) in held:
            self._leaves_held(
                call_id,
                "UPDATE call SET state = 'lost', ended_ms = max(started_ms, ?), cost_nanos = hold_nanos, "
                f"price_source = {_CEILING}, evidence = 'estimated', cut = 'process' WHERE id = ? AND state = 'held'",
                ended_ms,
                call_id,
            )
        return len(held)

    def _leaves_held(self, call_id: int, statement: str, *values: object) -> bool:
        """Run the statement that takes a call out of ``held``; once it has, the call counts."""
        before = accounts.added(self._connection, call_id)
        left = bool(self._changed(statement, *values))
        if left:
            (is_local,) = self._row("SELECT local FROM call WHERE id = ?", call_id) or (0,)
            add_call(self._connection, call_id, is_local=bool(is_local))
            accounts.recount(self._connection, call_id, before)
            self._touch(before)
        return left

    def _count(self, call_id: int, *, is_local: bool) -> None:
        """Add a call that is over, and was never held, to all sums."""
        add_call(self._connection, call_id, is_local=is_local)
        self._touch(accounts.add(self._connection, call_id))


def _whose(attempt: Attempt) -> tuple[object, ...]:
    return attempt.agent, attempt.user, attempt.customer, attempt.feature, attempt.client_session, attempt.retry


def _price(cost: Cost | None) -> tuple[Nanos | None, str | None, str | None]:
    return (cost.nanos, cost.source, cost.hardware) if cost else (None, None, None)


def _terms(terms: Terms) -> tuple[object, ...]:
    return terms.service_tier, terms.speed, terms.geography, terms.is_batch, terms.is_local


def _json(extra: Extra) -> str | None:
    return json.dumps(dict(extra), separators=(",", ":")) if extra else None


def _ids(outcome: Outcome) -> tuple[object, ...]:
    return outcome.cut, outcome.http_status, outcome.request_id, outcome.response_id, outcome.rule


def _tokens(usage: Usage | None) -> tuple[int | None, ...]:
    """The values of `TOKEN_COLUMNS`."""
    return tuple(None if usage is None else getattr(usage, name) for name in TOKEN_COLUMNS)
