"""What is shown of a run: its own share of a session?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from codesession.report.views import SessionView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Commit, FileChange, Session
    from codesession.model.ports import Ledger


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
