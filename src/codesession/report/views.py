"""What is shown of a session?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codesession.model import not_recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codesession.model import (
        Annotation,
        Call,
        Commit,
        FileChange,
        HardwareTotals,
        ModelTotals,
        Session,
        Totals,
    )
    from codesession.model.ports import Ledger, Reader


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
    """those that count, settled or lost; perhaps only the newest of them"""
    files: tuple[FileChange, ...] = ()
    commits: tuple[Commit, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    hardware: tuple[HardwareTotals, ...] = ()
    """what of the user's own worked, the longest first"""


def view_of_session(
    ledger: Ledger,
    session: Session,
    now_ms: int,
    *,
    found: tuple[Sequence[FileChange], Sequence[Commit]] | None = None,
    newest_calls: int | None = None,
) -> SessionView:
    """All of a session; of an active one also the files and commits that were `found` just now and are not recorded.

    With `newest_calls` only so many of its calls.
    """
    with ledger.reading() as reader:
        view = whole_view(reader, session, reader.totals(session.id), now_ms, newest_calls)
    if found is None:
        return view
    known = {commit.hash for commit in view.commits}
    files = (*view.files, *not_recorded(found[0], view.files))
    commits = (*view.commits, *(commit for commit in found[1] if commit.hash not in known))
    totals = replace(view.totals, files=len({file.path for file in files}), commits=len(commits))
    return replace(view, totals=totals, files=files, commits=commits)


def every_session(ledger: Ledger, limit: int | None, now_ms: int) -> Iterator[SessionView]:
    """All of every session, newest first, at most `limit`; as of one moment, and one after the other."""
    with ledger.reading() as reader:
        for session, totals in reader.sessions(limit):
            yield whole_view(reader, session, totals, now_ms)


def whole_view(
    reader: Reader, session: Session, totals: Totals, now_ms: int, newest_calls: int | None = None
) -> SessionView:
    """All of a session of one reading, with only so many `newest_calls` if that is told."""
    return SessionView(
        session,
        totals,
        lasted_s(session, now_ms),
        tuple(reader.models(session.id)),
        tuple(reader.billed_calls(session.id, newest_calls)),
        tuple(reader.files(session.id)),
        tuple(reader.commits(session.id)),
        tuple(reader.annotations(session.id)),
        tuple(reader.hardware(session.id)),
    )


def views_of_sessions(ledger: Ledger, limit: int, now_ms: int) -> list[SessionView]:
    """The newest sessions, newest first, without what is in them."""
    with ledger.reading() as reader:
        return [SessionView(session, totals, lasted_s(session, now_ms)) for session, totals in reader.sessions(limit)]


def lasted_s(session: Session, now_ms: int) -> int:
    """How many whole seconds a session lasted, or has so far."""
    ended_ms = now_ms if session.ended_ms is None else session.ended_ms
    return max(0, ended_ms - session.started_ms) // 1000
