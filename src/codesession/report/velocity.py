"""How fast is money spent? By the hour: of each session, and lately of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.model.analysis import SessionOrder, SessionQuery
from codesession.report.days import quarter_hours, stretch
from codesession.report.documents import usd
from codesession.report.evidence import known_cost
from codesession.report.formats import iso, plural, project_name
from codesession.report.views import SessionView, lasted_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from codesession.model import Nanos, Session, Totals
    from codesession.model.analysis import Analyst, Spent
    from codesession.model.ports import Ledger
    from codesession.report.documents import Document

_HOUR_S = 3600
_A_MINUTE_S = 60
_AT_ONCE, _LOOKED_THROUGH = 50, 2_000
_QUARTERS_OF_A_DAY = 96
_QUARTERS_OF_AN_HOUR = 4


class SessionCost(NamedTuple):
    """A session with what it cost, and that by the hour."""

    view: SessionView
    cost: Nanos | None
    """None where no call has a price"""
    per_hour: Nanos | None
    """None where the cost is not known, or no whole second has passed"""
    agents: tuple[str, ...] = ()
    """who made its newest calls, where that was asked; the most calls first"""

    @property
    def how(self) -> str:
        """How the cost is known: ``13 calls, 2 of them estimated, 1 unpriced and not counted``."""
        totals = self.view.totals
        told = [plural(totals.calls, "call")]
        told += [f"{totals.estimated:,} of them estimated"] if totals.estimated else []
        told += [f"{totals.cut:,} cut off and billed for what came"] if totals.cut else []
        told += [] if totals.estimated or totals.cut or totals.lost else ["none estimated"]
        told += [f"{totals.lost:,} lost and billed at the most they can have cost"] if totals.lost else []
        told += [f"{totals.unpriced:,} unpriced and not counted"] if totals.unpriced else []
        return ", ".join(told)

    @property
    def project(self) -> str:
        """The last part of its directory."""
        return project_name(self.view.session.directory)

    @property
    def is_telling(self) -> bool:
        """Whether it lasted so long, a minute, that what an hour of it costs means something."""
        return self.per_hour is not None and self.view.seconds >= _A_MINUTE_S


class Quarter(NamedTuple):
    """What began in a quarter of an hour; `from_ms` in milliseconds since the epoch."""

    from_ms: int
    spent: Spent

    @property
    def per_hour(self) -> Nanos | None:
        """What an hour costs that goes on like that; None where no call has a price."""
        cost = known_cost(self.spent)
        return None if cost is None else cost * _QUARTERS_OF_AN_HOUR


def session_costs(rows: Iterable[tuple[Session, Totals]], now_ms: int) -> list[SessionCost]:
    """What each session cost, in the same order."""
    return [_session_cost(session, totals, now_ms) for session, totals in rows]


def named_costs(reader: Analyst, rows: Iterable[tuple[Session, Totals]], now_ms: int) -> list[SessionCost]:
    """The same, with the agents of each session."""
    return [cost._replace(agents=reader.agents_of(cost.view.session.id)) for cost in session_costs(rows, now_ms)]


def _session_cost(session: Session, totals: Totals, now_ms: int) -> SessionCost:
    view = SessionView(session, totals, lasted_s(session, now_ms))
    cost = known_cost(totals)
    return SessionCost(view, cost, None if cost is None or not view.seconds else cost * _HOUR_S // view.seconds)


def fastest(costs: Sequence[SessionCost], limit: int) -> list[SessionCost]:
    """Those that spent most by the hour, of those that lasted a minute and cost something."""
    telling = [cost for cost in costs if cost.is_telling and cost.per_hour]
    return sorted(telling, key=lambda cost: -(cost.per_hour or 0))[:limit]


def last_day(reader: Analyst, now_ms: int) -> list[Quarter]:
    """What was spent in each quarter of an hour of the last 24 hours."""
    moments = quarter_hours(_QUARTERS_OF_A_DAY, now_ms)
    return [Quarter(*found) for found in zip(moments[:-1], reader.spent_between(moments), strict=True)]


def newest_costs(ledger: Ledger, limit: int, days: int | None, now_ms: int, zone: tzinfo | None) -> list[SessionCost]:
    """What the newest sessions, of the last so many days or of all, cost by the hour; newest first.

    Those of which that is not known are passed over, 2,000 at most.
    """
    started, found = stretch(days, now_ms, zone), list[SessionCost]()
    with ledger.reading() as reader:
        for offset in range(0, _LOOKED_THROUGH, _AT_ONCE):
            rows = reader.find_sessions(SessionQuery(started=started, offset=offset, limit=_AT_ONCE)).rows
            found += [cost for cost in session_costs(rows, now_ms) if cost.per_hour]
            if len(found) >= limit or len(rows) < _AT_ONCE:
                break
    return found[:limit]


def dearest_sessions(
    ledger: Ledger, limit: int, days: int | None, now_ms: int, zone: tzinfo | None
) -> list[SessionCost]:
    """The sessions that cost most, of those that began in the last so many days or of all; dearest first."""
    query = SessionQuery(started=stretch(days, now_ms, zone), order=SessionOrder.COST, limit=limit)
    with ledger.reading() as reader:
        return session_costs(reader.find_sessions(query).rows, now_ms)


def velocity_document(costs: Iterable[SessionCost]) -> list[Document]:
    """What ``/cost-velocity`` answers: those of which it is known; seconds, dollars, and dollars an hour."""
    return [
        {
            "id": cost.view.session.id,
            "name": cost.view.session.name,
            "startTime": iso(cost.view.session.started_ms),
            "duration": cost.view.seconds,
            "aiCost": usd(cost.cost),
            "costPerHour": to_usd(cost.per_hour),
            "unpricedCalls": cost.view.totals.unpriced,
        }
        for cost in costs
        if cost.per_hour
    ]
