"""Where does the work go? Files changed again and again, hours of the week, projects, and agents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.model.analysis import Hour, Span
from codesession.report.charts import ACCENT, Chart, Options, amounts, frame, named_bars, tooltip
from codesession.report.days import QUARTER_MS, stretch
from codesession.report.evidence import Figure, figure_of, known_cost
from codesession.report.formats import iso, money, plural, project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from codesession.model import Nanos
    from codesession.model.analysis import Hotspot, ProjectTotals, Spent
    from codesession.model.ports import Ledger, Reader
    from codesession.report.documents import Document

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
LEVELS = 4
"""Shades of an hour in which something began."""

_WEEK_MS = 7 * 24 * 3_600_000
_HOURS = 24
_MOST_BARS = 10
_LONG_NAME_PX = 150


class HotFile(NamedTuple):
    """A file, and how often it was changed beside the one that was most often."""

    spot: Hotspot
    share: float
    """from 0 to 1"""


class Cell(NamedTuple):
    """An hour of the week; `level` is its shade, 0 where nothing began."""

    hour: int
    sessions: int
    calls: int
    cost: Nanos | None
    """None where no call has a price"""
    unpriced: int
    level: int

    @property
    def says(self) -> str:
        """What began in it, in words."""
        if not (self.sessions or self.calls):
            return "nothing"
        cost = "no known cost" if self.cost is None else money(self.cost)
        unpriced = f" ({self.unpriced:,} unpriced)" if self.unpriced else ""
        return f"{cost}, {plural(self.sessions, 'session')}, {plural(self.calls, 'call')}{unpriced}"


class DayRow(NamedTuple):
    """A day of the week, hour by hour."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class InsightsView:
    """The page of insights."""

    days: int | None
    """of how many days the week and the agents tell; None: of all time"""
    week: Sequence[DayRow]
    """from Monday on"""
    files: Sequence[HotFile]
    """changed most often, ever"""
    projects: Sequence[ProjectTotals]
    """dearest first, ever"""
    agents: Sequence[tuple[str, Spent]]
    """dearest first; those of no name under an empty one"""
    figure: Figure
    """what they came to together, by how it is known"""
    costs: Chart
    """of the dearest projects"""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.projects or self.files or self.agents)

    def share(self, spent: Spent) -> float:
        """The share of an agent in the cost of all of them, from 0 to 1."""
        total = sum(own.cost_nanos for _, own in self.agents)
        return spent.cost_nanos / total if total else 0.0


def insights_view(
    ledger: Ledger, days: int | None, now_ms: int, zone: tzinfo | None, *, by: str = "cost", most: int = 50
) -> InsightsView:
    """What the page shows: the week shaded ``by`` cost, sessions or calls; at most so many files and projects."""
    span = stretch(days, now_ms, zone)
    with ledger.reading() as reader:
        hours = week_hours(reader, span, now_ms, zone)
        spots = reader.hotspots(most)
        projects = reader.projects(most, now_ms)
        agents = reader.agents(span)
        figure = figure_of((one.evidence, one.spent) for one in reader.spent_by_model(span))
    changes = max((spot.changes for spot in spots), default=0)
    return InsightsView(
        days,
        week_rows(hours, by),
        [HotFile(spot, spot.changes / changes) for spot in spots],
        projects,
        agents,
        figure,
        project_chart(projects),
    )


# --- the week ---


def week_hours(reader: Reader, span: Span, now_ms: int, zone: tzinfo | None) -> list[Hour]:
    """What began in each hour of the week on the clock of the place, those with nothing left out."""
    if span.from_ms is None:  # the clock is not followed through years in which there was nothing
        began_ms = reader.began_ms() or 0
        span = Span(began_ms // QUARTER_MS * QUARTER_MS, span.to_ms)
    return reader.week(clock_stretches(span, now_ms, zone))


def clock_stretches(span: Span, now_ms: int, zone: tzinfo | None) -> list[tuple[Span, int]]:
    """The stretches of `span` in which the clock of the place is equally far ahead of UTC, in milliseconds.

    A clock that is changed twice within a week, and back, is not seen to have been.
    """
    from_ms, end_ms = span.from_ms or 0, span.to_ms or (now_ms // QUARTER_MS + 1) * QUARTER_MS
    found: list[tuple[Span, int]] = []
    began_ms, ahead = from_ms, _ahead_ms(from_ms, zone)
    while from_ms < end_ms:
        to_ms = min(from_ms + _WEEK_MS, end_ms)
        if _ahead_ms(to_ms, zone) != ahead:
            to_ms = _changed_ms(from_ms, to_ms, zone)
            found.append((Span(began_ms, to_ms), ahead))
            began_ms, ahead = to_ms, _ahead_ms(to_ms, zone)
        from_ms = to_ms
    return [*found, (Span(began_ms, end_ms), ahead)] if began_ms < end_ms else found


def _changed_ms(before_ms: int, after_ms: int, zone: tzinfo | None) -> int:
    """The quarter of an hour from which on the clock shows what it does at `after_ms`, and not at `before_ms`."""
    ahead = _ahead_ms(before_ms, zone)
    low, high = before_ms // QUARTER_MS, after_ms // QUARTER_MS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _ahead_ms(middle * QUARTER_MS, zone) == ahead else (low, middle)
    return high * QUARTER_MS


def _ahead_ms(at_ms: int, zone: tzinfo | None) -> int:
    """How far the clock of the place is ahead of UTC."""
    ahead = datetime.fromtimestamp(at_ms / 1000, tz=zone).astimezone(zone).utcoffset()
    assert ahead is not None  # noqa: S101 - it has a zone
    return round(ahead.total_seconds() * 1000)


def week_rows(hours: Sequence[Hour], by: str) -> list[DayRow]:
    """The week from Monday on, each hour shaded by its rank among those in which something began."""
    known = {hour.hour: hour for hour in hours}
    amount = _AMOUNTS[by]
    steps = sorted({amount(hour) for hour in hours if amount(hour)})

    def cell(number: int) -> Cell:
        hour = known.get(number, Hour(number, 0, 0, 0))
        value = amount(hour)
        level = -(-(steps.index(value) + 1) * LEVELS // len(steps)) if value else 0
        return Cell(number % _HOURS, hour.sessions, hour.calls, known_cost(hour), hour.unpriced, level)

    return [
        DayRow(DAYS[day], [cell(day * _HOURS + hour) for hour in range(_HOURS)]) for day in (*range(1, len(DAYS)), 0)
    ]


_AMOUNTS: dict[str, Callable[[Hour], int]] = {
    "cost": lambda hour: hour.cost_nanos,
    "sessions": lambda hour: hour.sessions,
    "calls": lambda hour: hour.calls,
}
"""By what the week can be shaded."""


# --- projects ---


def project_chart(projects: Sequence[ProjectTotals]) -> Chart:
    """What the dearest projects cost, the dearest at the top."""
    dearest = [project for project in projects if project.spent.cost_nanos][:_MOST_BARS][::-1]
    names = [project_name(project.directory) for project in dearest]
    options: Options = frame(has_legend=False) | {
        **named_bars(names, _LONG_NAME_PX),
        "tooltip": tooltip("fn:usd") | {"axisPointer": {"type": "shadow"}},
        "xAxis": amounts("fn:usd"),
        "series": [
            {
                "name": "Cost",
                "type": "bar",
                "data": [to_usd(project.spent.cost_nanos) for project in dearest],
                "color": ACCENT,
                "barMaxWidth": 16,
            }
        ],
    }
    told = ", ".join(
        f"{name} {money(project.spent.cost_nanos)}" for name, project in zip(names[::-1], dearest[::-1], strict=True)
    )
    return Chart(options, f"Cost by project: {told}." if dearest else "No cost is known.")


# --- documents ---


def hotspots_document(spots: Sequence[Hotspot]) -> list[Document]:
    """What ``/file-hotspots`` answers: the files changed most often first."""
    return [
        {
            "filePath": spot.path,
            "project": spot.directory,
            "changeCount": spot.changes,
            "sessionCount": spot.sessions,
            "lastChanged": iso(spot.last_ms),
            "creates": spot.creates,
            "modifies": spot.modifies,
            "deletes": spot.deletes,
        }
        for spot in spots
    ]


def heatmap_document(hours: Sequence[Hour]) -> list[Document]:
    """What ``/activity-heatmap`` answers: the hours of the week in which something began; day 0 is Sunday."""
    return [
        {
            "dayOfWeek": hour.hour // _HOURS,
            "hour": hour.hour % _HOURS,
            "sessions": hour.sessions,
            "calls": hour.calls,
            "cost": to_usd(hour.cost_nanos),
            "unpricedCalls": hour.unpriced,
        }
        for hour in hours
    ]


def projects_document(projects: Sequence[ProjectTotals]) -> list[Document]:
    """What ``/projects`` answers: dearest first."""
    return [
        {
            "project": project.directory,
            "sessions": project.work.sessions,
            "activeSessions": project.work.active,
            "totalCost": to_usd(project.spent.cost_nanos),
            "totalTime": project.work.seconds,
            "totalFiles": project.work.files,
            "totalCommits": project.work.commits,
            "totalTokens": project.spent.usage.tokens,
            "calls": project.spent.calls,
            "unpricedCalls": project.spent.unpriced,
            "lastActive": None if project.last_ms is None else iso(project.last_ms),
        }
        for project in projects
    ]


def agents_document(agents: Sequence[tuple[str, Spent]]) -> list[Document]:
    """What ``/agents`` answers: dearest first; null is the name of those that had none."""
    return [
        {
            "agent": name or None,
            "calls": spent.calls,
            "totalTokens": spent.usage.tokens,
            "totalCost": None if (cost := known_cost(spent)) is None else to_usd(cost),
            "unpricedCalls": spent.unpriced,
        }
        for name, spent in agents
    ]
