"""What is shown of a session, and of a run?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Annotation, Call, Commit, FileChange, ModelTotals, Session, Totals
    from codesession.model.ports import Ledger


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session with all that is known of it at one moment; durations in whole seconds."""

    session: Session
    totals: Totals
    seconds: int
    """from its beginning to its end, or to now"""
    models: tuple[ModelTotals, ...] = ()
    """dearest first"""
    calls: tuple[Call, ...] = ()
    """those that count: settled or lost"""
    files: tuple[FileChange, ...] = ()
    commits: tuple[Commit, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class RunView:
    """What one `cs run` came to: its own share of a session."""

    session: SessionView
    """with the totals and models of this run alone"""
    exit_code: int
    joined: bool
    port: int | None
    unmetered: Mapping[str, int] = field(default_factory=dict)
    """requests relayed unread that may have cost something, by provider"""
    unrecorded: int = 0
    unreachable: Mapping[str, int] = field(default_factory=dict)
    """calls to which no answer came, by provider"""
    problem: str | None = None


def view_of_session(
    ledger: Ledger,
    session: Session,
    now_ms: int,
    *,
    files: list[FileChange] | None = None,
    commits: list[Commit] | None = None,
) -> SessionView:
    """All of a session; for an active one, the `files` and `commits` that were found just now."""
    with ledger.reading() as reader:
        known_files = reader.files(session.id) if files is None else files
        known_commits = reader.commits(session.id) if commits is None else commits
        totals = replace(reader.totals(session.id), files=len(known_files), commits=len(known_commits))
        return SessionView(
            session,
            totals,
            _seconds(session, now_ms),
            tuple(reader.models(session.id)),
            tuple(reader.billed_calls(session.id)),
            tuple(known_files),
            tuple(known_commits),
            tuple(reader.annotations(session.id)),
        )


def views_of_sessions(ledger: Ledger, limit: int, now_ms: int) -> list[SessionView]:
    """The newest sessions, newest first, without what is in them."""
    with ledger.reading() as reader:
        return [SessionView(session, totals, _seconds(session, now_ms)) for session, totals in reader.sessions(limit)]


def view_of_run(
    ledger: Ledger,
    session: Session,
    owner_id: int,
    seconds: int,
    files: list[FileChange],
    commits: list[Commit],
) -> SessionView:
    """A run's share of its session."""
    with ledger.reading() as reader:
        totals = replace(reader.totals(session.id, owner_id), files=len(files), commits=len(commits))
        models = tuple(reader.models(session.id, owner_id))
    return SessionView(session, totals, seconds, models, files=tuple(files), commits=tuple(commits))


def _seconds(session: Session, now_ms: int) -> int:
    ended_ms = now_ms if session.ended_ms is None else session.ended_ms
    return max(0, ended_ms - session.started_ms) // 1000
