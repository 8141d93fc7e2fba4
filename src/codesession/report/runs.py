"""What is shown of a run: its own share of a session?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from codesession.report.views import SessionView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Commit, FileChange, Nanos, Session
    from codesession.model.ports import Ledger


@dataclass(frozen=True, slots=True)
class BlockedView:
    """That calls of a run were refused, or answers ended, and by what."""

    rule: str
    """a `Rule`"""
    message: str
    """what was wrong, in a sentence with its figures; what to do is not in it"""
    scope: str | None = None
    """whose budget it was: ``session 12``, ``customer:acme per day``; None: it was no budget's"""
    limit_nanos: Nanos | None = None
    """of that budget, with what was approved beyond it"""
    spent_nanos: Nanos | None = None
    refusals: int = 0
    """calls that were not sent; 0: a running answer was ended"""
    stopped: bool = False
    """whether the program was ended"""


@dataclass(frozen=True, slots=True)
class RunView:
    """What one `cs run` came to: its own share of a session."""

    session: SessionView
    """with the totals, models and hardware of this run alone"""
    exit_code: int
    joined: bool
    port: int | None
    unmetered: Mapping[str, int] = field(default_factory=dict)
    """requests relayed unread that may have cost something, by provider"""
    unrecorded: int = 0
    unreachable: Mapping[str, int] = field(default_factory=dict)
    """calls to which no answer came, by provider"""
    problem: str | None = None
    blocked: BlockedView | None = None
    """None: every call was allowed"""


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
        hardware = tuple(reader.hardware(session.id, owner_id))
    return SessionView(session, totals, seconds, models, files=tuple(files), commits=tuple(commits), hardware=hardware)
