"""How is the first page drawn? The options of its charts, and what each says in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.report.charts import (
    ACCENT,
    THIRD,
    TOKEN_KINDS,
    UNSPLIT,
    Chart,
    Options,
    amounts,
    by_day,
    frame,
    tooltip,
)
from codesession.report.days import short_date
from codesession.report.documents import usd
from codesession.report.evidence import known_cost
from codesession.report.formats import money, plural, tokens
from codesession.report.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from codesession.model import Nanos
    from codesession.report.daily import DaySum
    from codesession.report.overview import Overview
    from codesession.report.velocity import Quarter


class OverviewCharts(NamedTuple):
    """The charts of the first page."""

    cost: Chart
    tokens: Chart
    sessions: Chart
    velocity: Chart


def overview_charts(view: Overview, zone: tzinfo | None) -> OverviewCharts:
    """The charts of the first page; times of day as the clock of `zone` (None: the system's) shows them."""
    return OverviewCharts(
        cost_chart(view), tokens_chart(view.days), sessions_chart(view.days), velocity_chart(view.quarters, zone)
    )


def cost_chart(view: Overview) -> Chart:
    """What each day cost, as an area, and, dashed, what the next ones are expected to.

    A day of which no cost is known is a gap, and so are those before the first call. The dashes begin where the line
    ends: at today, so far.
    """
    costs = [_cost_of(day, view) for day in view.days]
    values = [usd(cost) for cost in costs]
    labels = [day.label for day, _, _ in view.days] + [short_date(day) for day, _ in view.coming]
    series: list[Options] = [
        _line("Cost", [*values, *([None] * len(view.coming))], ACCENT) | {"areaStyle": {"opacity": 0.12}}
    ]
    if view.coming:
        dashes = [*([None] * (len(values) - 1)), values[-1], *(to_usd(cost) for _, cost in view.coming)]
        series.append(_line("Projected", dashes, ACCENT, dashed=True))
    options = frame() | {
        "tooltip": tooltip("fn:usd"),
        "xAxis": by_day(labels, is_line=True),
        "yAxis": amounts("fn:usd"),
        "series": series,
    }
    return Chart(options, _cost_words(view))


def _cost_of(one: DaySum, view: Overview) -> Nanos | None:
    is_before = view.since is not None and one.day.date < view.since
    return None if is_before else known_cost(one.spent)


def _cost_words(view: Overview) -> str:
    known = [(cost, one.day) for one in view.days if (cost := _cost_of(one, view)) is not None]
    words = f"Cost of each of the last {view.stretch} days"
    if known:
        most, when = max(known, key=lambda found: found[0])
        words += f": {money(sum(cost for cost, _ in known))} in all, at most {money(most)} on {when.label}"
    if view.coming:
        total = sum(cost for _, cost in view.coming)
        words += f"; {money(total)} expected in the next {len(view.coming)} days"
    return words + "."


def tokens_chart(days: Sequence[DaySum]) -> Chart:
    """What each day consumed, by kind; the kind of which only the total is known only where there is some."""
    used = [tokens_of(spent.usage) for _, spent, _ in days]
    kinds = [*TOKEN_KINDS, *([UNSPLIT] if any(found.unsplit for found in used) else [])]
    options = frame() | {
        "tooltip": tooltip("fn:tokens"),
        "xAxis": by_day([day.label for day, _, _ in days]),
        "yAxis": amounts("fn:tokens"),
        "series": [
            _bar(name, [getattr(found, kind) for found in used], colour) | {"stack": "tokens"}
            for kind, name, colour in kinds
        ],
    }
    sums = [f"{name.lower()} {tokens(sum(getattr(found, kind) for found in used))}" for kind, name, _ in kinds]
    return Chart(options, f"Tokens of each of the last {len(days)} days; in all {', '.join(sums)}.")


def sessions_chart(days: Sequence[DaySum]) -> Chart:
    """How many sessions began on each day."""
    begun = [sessions for _, _, sessions in days]
    options = frame(has_legend=False) | {
        "tooltip": tooltip("fn:count"),
        "xAxis": by_day([day.label for day, _, _ in days]),
        "yAxis": amounts("fn:count") | {"minInterval": 1},
        "series": [_bar("Sessions", begun, ACCENT)],
    }
    most = f", at most {max(begun)} on one" if any(begun) else ""
    return Chart(options, f"{plural(sum(begun), 'session')} began in the last {len(days)} days{most}.")


def velocity_chart(quarters: Sequence[Quarter], zone: tzinfo | None) -> Chart:
    """What an hour cost at the pace of each quarter of an hour, in the last 24 hours."""
    paces = [quarter.per_hour for quarter in quarters]
    options = frame(has_legend=False) | {
        "tooltip": tooltip("fn:usd"),
        "xAxis": by_day([_clock(quarter.from_ms, zone) for quarter in quarters], is_line=True),
        "yAxis": amounts("fn:usd"),
        "series": [
            {
                "name": "An hour at this pace",
                "type": "line",
                "step": "end",
                "data": [usd(pace) for pace in paces],
                "color": THIRD,
                "showSymbol": False,
                "lineStyle": {"width": 2},
                "areaStyle": {"opacity": 0.12},
            }
        ],
    }
    spent = sum(quarter.spent.cost_nanos for quarter in quarters)
    fastest = f", at most at a pace of {money(max(pace or 0 for pace in paces))} an hour" if spent else ""
    return Chart(options, f"{money(spent)} spent in the last 24 hours{fastest}.")


def _clock(at_ms: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(zone):%H:%M}"


def _line(name: str, data: Sequence[float | None], colour: str, *, dashed: bool = False) -> Options:
    """A line that is smooth between the days, and passes neither above nor below them; a day alone in it is a dot."""
    alone = {place for place, value in enumerate(data) if value is not None and _is_alone(data, place)}
    return {
        "name": name,
        "type": "line",
        "data": [{"value": value, "symbol": "circle"} if place in alone else value for place, value in enumerate(data)],
        "color": colour,
        "smooth": 0.4,
        "smoothMonotone": "x",
        "lineStyle": {"width": 2, "type": "dashed" if dashed else "solid"},
        **({"symbol": "none", "showAllSymbol": True} if alone else {"showSymbol": False}),
    }


def _is_alone(data: Sequence[float | None], place: int) -> bool:
    """Whether nothing is known on either side, so that no line leads there."""
    return all(value is None for value in (*data[max(place - 1, 0) : place], *data[place + 1 : place + 2]))


def _bar(name: str, data: Sequence[int], colour: str) -> Options:
    return {"name": name, "type": "bar", "data": list(data), "color": colour, "barMaxWidth": 18}
