"""What is shown of one session? Its figures, its limits, and what it consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import SessionNotFound
from codesession.model import Account, ScopeKind
from codesession.model.analysis import Spent
from codesession.report.documents import (
    annotation_document,
    call_document,
    commit_document,
    file_document,
    session_document,
)
from codesession.report.evidence import Figure, figure_of, plus
from codesession.report.formats import project_name
from codesession.report.timeline import Recorded
from codesession.report.tokens import ratio
from codesession.report.velocity import SessionCost, session_costs
from codesession.report.views import SessionView, whole_view

if TYPE_CHECKING:
    from codesession.model import Nanos, Session, Standing
    from codesession.model.ports import Ledger, Reader
    from codesession.report.documents import Document

_SHORT = 12
"""Digits of a commit's hash that are shown."""
_MANY = 100
"""From so many tokens read for each written on, the fraction says nothing."""


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """One session: what it came to, and what is recorded of it."""

    cost: SessionCost
    figure: Figure
    """what its calls came to, by how the numbers were got"""
    agents: tuple[tuple[str, Spent], ...]
    """who made its calls, dearest first; an empty name: not known"""
    recorded: Recorded
    standings: tuple[Standing, ...] = ()
    """the budgets that are counted for this session alone"""

    @property
    def session(self) -> Session:
        """The session itself."""
        return self.cost.view.session

    @property
    def view(self) -> SessionView:
        """Its totals."""
        return self.cost.view

    @property
    def project(self) -> str:
        """The last part of its directory."""
        return project_name(self.session.directory)

    @property
    def head(self) -> str | None:
        """The commit it began at, shortened."""
        return self.session.start_head and self.session.start_head[:_SHORT]

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Who made its calls, as far as that is known."""
        return tuple(name for name, _ in self.agents if name)

    @property
    def ratio_words(self) -> str | None:
        """How many tokens were read for each one written, such as ``7.5 : 1``; None where none was."""
        value = ratio(self.figure.spent.usage)
        if value is None:
            return None
        said = f"{value:,.0f}" if value >= _MANY else f"{value:.1f}".removesuffix(".0")
        return f"{said} : 1"

    @property
    def average_cost(self) -> Nanos | None:
        """What one of its calls with a known price cost on average; None where there is none."""
        priced = self.figure.spent.calls - self.figure.spent.unpriced
        return self.figure.spent.cost_nanos // priced if priced else None

    @property
    def files(self) -> int:
        """How many files are recorded as changed, each once."""
        return len({file.path for file in self.recorded.files})


def session_detail(reader: Reader, session_id: int, now_ms: int) -> SessionDetail:
    """One session of one reading.

    Raises:
        SessionNotFound: there is none of that id.
    """
    session = session_of(reader, session_id)
    spent = reader.spent_in(session_id)
    agents: dict[str, Spent] = {}
    for agent, _, part in spent:
        agents[agent] = plus(agents.get(agent, Spent()), part)
    (cost,) = session_costs([(session, reader.totals(session_id))], now_ms)
    return SessionDetail(
        cost,
        figure_of((evidence, part) for _, evidence, part in spent),
        tuple(sorted(agents.items(), key=lambda item: -item[1].cost_nanos)),
        Recorded(reader.files(session_id), reader.commits(session_id), reader.annotations(session_id)),
        _own(reader, session, now_ms),
    )


def session_of(reader: Reader, session_id: int) -> Session:
    """The session of that id.

    Raises:
        SessionNotFound: there is none.
    """
    session = reader.session(session_id)
    if session is None:
        raise SessionNotFound(f"No session has the id {session_id}.", id=session_id)
    return session


def _own(reader: Reader, session: Session, now_ms: int) -> tuple[Standing, ...]:
    """The budgets that are counted for an active session alone, those that no call has met yet among them."""
    if not session.is_active:
        return ()
    kept = [standing for standing in reader.standings(now_ms) if standing.account.session_id == session.id]
    known = {standing.account.budget.id for standing in kept}
    coming = [
        reader.standing(Account(budget, "", session.id, 0, None))
        for budget in reader.budgets()
        if budget.kind is ScopeKind.SESSION
        and budget.id not in known
        and budget.name in ("", str(session.id))
        and budget.directory in (None, session.directory)
    ]
    return (*kept, *coming)


def session_detail_document(ledger: Ledger, session_id: int, now_ms: int, newest_calls: int) -> Document:
    """What ``/sessions/{id}`` answers, with so many of its calls; ``/calls?session=`` has them all.

    Raises:
        SessionNotFound: there is none of that id.
    """
    with ledger.reading() as reader:
        session = session_of(reader, session_id)
        view = whole_view(reader, session, reader.totals(session_id), now_ms, newest_calls)
    return {
        "session": session_document(view),
        "aiUsage": [call_document(call) for call in view.calls],
        "aiUsageOmitted": view.totals.calls - len(view.calls),
        "files": [file_document(file, session_id) for file in view.files],
        "commits": [commit_document(commit, session_id) for commit in view.commits],
        "notes": [annotation_document(annotation) for annotation in view.annotations],
    }
