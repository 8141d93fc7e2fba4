"""What was spent, and where is it heading? The first page: figures, days, and the sessions that matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.model.analysis import SessionOrder, SessionQuery, Span
from codesession.report.daily import daily_costs_document, sums_of_days
from codesession.report.days import coming_days, last_days, rest_of_month, stretch_before
from codesession.report.documents import usd
from codesession.report.evidence import Figure, evidence_document, figure_of, known_cost, sum_of
from codesession.report.formats import iso
from codesession.report.projection import HISTORY_DAYS, Projection
from codesession.report.velocity import fastest, last_day, named_costs, session_costs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo

    from codesession.model import Nanos
    from codesession.model.analysis import Analyst, Spent, Work
    from codesession.model.ports import Ledger
    from codesession.report.daily import DaySum
    from codesession.report.documents import Document
    from codesession.report.velocity import Quarter, SessionCost

STRETCHES = (30, 7, 90)
"""Of how many days, today the last of them, the page can tell; the first unless another is asked for."""
_COMING_DAYS = 7
_LONGEST_MONTH = 31
_CANDIDATES = 50
"""Dearest sessions among which those that spend fastest are looked for."""
_LISTED = 6
_RECENT = 8


@dataclass(frozen=True, slots=True)
class Month:
    """What the month of the user's calendar has come to, and what is expected of it; in nano-dollars."""

    first: date
    so_far: Nanos | None
    """None where no call has a price"""
    expected: Nanos | None
    """of all of it; None where nothing is known"""
    days_left: int
    """whole days after today"""


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page; costs in nano-dollars, durations in seconds, moments in milliseconds since the epoch."""

    now_ms: int
    stretch: int
    """how many days it tells of, today the last of them"""
    days: Sequence[DaySum]
    today: Figure
    whole: Figure
    """of the stretch"""
    before: Spent
    """of as many days before the stretch, to the same time of day"""
    since: date | None
    """the day of the first call, if that is in the stretch or in the one before it"""
    projection: Projection
    coming: Sequence[tuple[date, Nanos]]
    """what each of the next days is expected to cost; none where nothing is known"""
    month: Month
    work: Work
    """of the sessions that began in the stretch"""
    live: int
    """how many sessions go on, whenever they began"""
    quarters: Sequence[Quarter]
    """the last 24 hours"""
    dearest: Sequence[SessionCost]
    """the sessions of the stretch that cost most"""
    fastest: Sequence[SessionCost]
    """of the 50 dearest of the stretch, those that spent most by the hour"""
    recent: Sequence[SessionCost]
    """the newest sessions there are"""
    is_empty: bool
    """whether there has never been a call or a session"""

    @property
    def change(self) -> float | None:
        """How much more was spent than before, as a share of that; None where that is not known, or was nothing."""
        if not self.before.cost_nanos or self.whole.cost is None:
            return None
        return self.whole.cost / self.before.cost_nanos - 1

    @property
    def average_seconds(self) -> int | None:
        """How long a session of the stretch lasts on average; None without sessions."""
        return round(self.work.seconds / self.work.sessions) if self.work.sessions else None

    @property
    def average_cost(self) -> Nanos | None:
        """What was spent in the stretch for each session that began in it; None without sessions or prices."""
        cost = self.whole.cost
        return None if cost is None or not self.work.sessions else cost // self.work.sessions


def overview(ledger: Ledger, now_ms: int, zone: tzinfo | None, days: int = STRETCHES[0]) -> Overview:
    """The first page as of now, telling of the last so many days."""
    known = last_days(max(2 * days, HISTORY_DAYS + 1, _LONGEST_MONTH), now_ms, zone)
    span, today = Span(known[-days].from_ms, known[-1].to_ms), Span(known[-1].from_ms, known[-1].to_ms)
    with ledger.reading() as reader:
        sums = sums_of_days(reader, known)
        ever_before = _spent_in(reader, Span(0, known[0].from_ms)).calls > 0
        dearest = SessionQuery(started=span, order=SessionOrder.COST, limit=_CANDIDATES)
        candidates = session_costs(reader.find_sessions(dearest).rows, now_ms)
        recent = named_costs(reader, reader.find_sessions(SessionQuery(limit=_RECENT)).rows, now_ms)
        since = None if ever_before else _first_call(sums)
        projection = Projection(_history(sums, known[0].date if ever_before else since))
        return Overview(
            now_ms=now_ms,
            stretch=days,
            days=sums[-days:],
            today=figure_of(reader.spent(today).items()),
            whole=figure_of(reader.spent(span).items()),
            before=_spent_in(reader, stretch_before(days, now_ms, zone)),
            since=since,
            projection=projection,
            coming=_coming(projection, [day.date for day in coming_days(_COMING_DAYS, now_ms, zone)]),
            month=_month(projection, sums, [day.date for day in rest_of_month(now_ms, zone)]),
            work=reader.work(span, now_ms),
            live=len(reader.active_sessions()),
            quarters=last_day(reader, now_ms),
            dearest=[cost for cost in candidates if cost.cost][:_LISTED],
            fastest=fastest(candidates, _LISTED),
            recent=recent,
            is_empty=not recent and not ever_before and since is None,
        )


def _spent_in(reader: Analyst, span: Span) -> Spent:
    return reader.spent_between([span.from_ms or 0, span.to_ms or 0])[0]


def _first_call(sums: Sequence[DaySum]) -> date | None:
    return next((day.date for day, spent, _ in sums if spent.calls), None)


def _history(sums: Sequence[DaySum], begun: date | None) -> list[tuple[date, Nanos]]:
    """The last whole days from the one on which it had begun, those aside of which no cost is known."""
    whole = [(day.date, known_cost(spent)) for day, spent, _ in sums[-1 - HISTORY_DAYS : -1]]
    return [(day, cost) for day, cost in whole if cost is not None and begun is not None and day >= begun]


def _coming(projection: Projection, days: Sequence[date]) -> list[tuple[date, Nanos]]:
    expected = [(day, projection.expected(day)) for day in days]
    return [(day, cost) for day, cost in expected if cost is not None]


def _month(projection: Projection, sums: Sequence[DaySum], rest: Sequence[date]) -> Month:
    today = sums[-1].day.date
    first = today.replace(day=1)
    so_far = known_cost(sum_of(spent for day, spent, _ in sums if day.date >= first))
    to_come = projection.total(rest)
    if so_far is None or to_come is None:
        return Month(first, so_far, None, len(rest))
    return Month(
        first, so_far, so_far + projection.rest_of_today(today, sums[-1].spent.cost_nanos) + to_come, len(rest)
    )


# --- documents ---


def overview_document(view: Overview) -> Document:
    """What ``/overview`` answers: all of the page; days as ``2026-11-28``, what is not known null."""
    work = view.work
    return {
        "days": view.stretch,
        "today": _figure(view.today),
        "spent": _figure(view.whole)
        | {
            "before": usd(known_cost(view.before)) if view.before.calls else None,
            "callsBefore": view.before.calls,
            "change": view.change,
        },
        "since": None if view.since is None else view.since.isoformat(),
        "projection": {
            "dayAverage": usd(view.projection.day_average),
            "monthSoFar": usd(view.month.so_far),
            "month": usd(view.month.expected),
            "daysLeft": view.month.days_left,
            "historyDays": len(view.projection.history),
            "method": view.projection.method,
            "comingDays": [{"day": day.isoformat(), "cost": to_usd(cost)} for day, cost in view.coming],
        },
        "sessions": {
            "totalSessions": work.sessions,
            "activeSessions": view.live,
            "totalTime": work.seconds,
            "avgSessionTime": view.average_seconds,
            "avgSessionCost": usd(view.average_cost),
            "totalFiles": work.files,
            "totalCommits": work.commits,
        },
        "dailyCosts": daily_costs_document(view.days),
        "velocity": [
            {"time": iso(quarter.from_ms), "cost": usd(known_cost(quarter.spent)), "costPerHour": usd(quarter.per_hour)}
            for quarter in view.quarters
        ],
        "topSessions": [_session(cost) for cost in view.dearest],
        "fastestSessions": [_session(cost) for cost in view.fastest],
        "recentSessions": [_session(cost) | {"agents": list(cost.agents)} for cost in view.recent],
    }


def _figure(figure: Figure) -> Document:
    spent = figure.spent
    return {
        "cost": usd(figure.cost),
        "calls": spent.calls,
        "tokens": spent.usage.tokens,
        "unpricedCalls": spent.unpriced,
        "evidence": evidence_document(figure),
    }


def _session(cost: SessionCost) -> Document:
    session, totals = cost.view.session, cost.view.totals
    return {
        "id": session.id,
        "name": session.name,
        "status": "active" if session.is_active else "completed",
        "startTime": iso(session.started_ms),
        "workingDirectory": session.directory,
        "duration": cost.view.seconds,
        "aiCost": usd(cost.cost),
        "aiTokens": totals.tokens,
        "aiCalls": totals.calls,
        "unpricedCalls": totals.unpriced,
        "costPerHour": usd(cost.per_hour),
    }
