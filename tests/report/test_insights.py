"""Do hours, files, projects and agents come to what was done, on the clock of the place?"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import Attempt, ChangeType, Commit, Cost, Evidence, FileChange, Outcome, Usage
from codesession.model.analysis import Hour, ProjectTotals, Span, Spent, Work
from codesession.report.formats import project_name
from codesession.report.insights import (
    LEVELS,
    agents_document,
    clock_stretches,
    heatmap_document,
    hotspots_document,
    insights_view,
    project_chart,
    projects_document,
    week_rows,
)

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger
    from codesession.report.insights import InsightsView

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham")
MONDAY = "2026-11-23T09:30+00:00"
HOUR_MS = 3_600_000


def seen(ledger: SqliteLedger, days: int | None = 30, by: str = "cost", most: int = 50) -> InsightsView:
    return insights_view(ledger, days, ms(NOW), UTC, by=by, most=most)


def called(ledger: SqliteLedger, nanos: int | None, agent: str | None) -> None:
    attempt = Attempt(None, "p", "m", "e", streamed=False, request_bytes=1, agent=agent)
    cost = None if nanos is None else Cost(nanos, "table")
    with ledger.writing() as tx:
        tx.record(attempt, Outcome(Usage(input=7, output=3), Evidence.MEASURED), cost, ms(MONDAY), ms(MONDAY) + 1000)


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    """Two projects: one dear and over, one cheap and under way."""
    shop = begin(ledger, "shop", MONDAY)
    call(ledger, MONDAY, 3 * DOLLAR, shop)
    changed = [
        FileChange("a.py", ChangeType.CREATED, ms(MONDAY) + 60_000),
        FileChange("b.py", ChangeType.MODIFIED, ms(MONDAY) + 60_000),
    ]
    end(ledger, shop, "2026-11-23T10:30+00:00", files=changed, commits=[Commit("c" * 40, "Add", ms(MONDAY))])
    again = begin(ledger, "shop", "2026-11-24T22:00+00:00")
    removed = [FileChange("a.py", ChangeType.DELETED, ms("2026-11-24T22:01+00:00"))]
    end(ledger, again, "2026-11-24T22:10+00:00", files=removed, commits=[])
    site = begin(ledger, "site", "2026-11-28T14:00+00:00")
    call(ledger, "2026-11-28T14:01+00:00", 1 * DOLLAR, site)
    call(ledger, "2026-11-28T14:02+00:00", None, site)
    return ledger


# --- the week ---


def test_the_week_runs_from_monday_to_sunday_and_tells_of_each_hour(filled: SqliteLedger) -> None:
    view = seen(filled)
    assert [day.name[:2] for day in view.week] == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    assert all([cell.hour for cell in day.cells] == list(range(24)) for day in view.week)
    monday, saturday = view.week[0].cells[9], view.week[5].cells[14]
    assert (monday.sessions, monday.calls, monday.cost) == (1, 1, 3 * DOLLAR)
    assert (saturday.sessions, saturday.calls, saturday.cost) == (1, 2, 1 * DOLLAR)
    assert (monday.says, saturday.says) == ("$3.00, 1 session, 1 call", "$1.00, 1 session, 2 calls (1 unpriced)")
    assert sum(cell.sessions for day in view.week for cell in day.cells) == 3


def test_an_hour_is_that_on_the_clock_of_the_place(ledger: SqliteLedger) -> None:
    call(ledger, "2026-07-05T22:30+00:00", DOLLAR)  # in Berlin it is half past midnight on Monday
    call(ledger, "2026-11-01T22:30+00:00", DOLLAR)  # in winter half past eleven on Sunday
    view = insights_view(ledger, None, ms(NOW), BERLIN)
    assert view.week[0].cells[0].calls == 1
    assert view.week[6].cells[23].calls == 1


def test_an_hour_without_a_known_price_has_no_cost_which_is_not_0(ledger: SqliteLedger) -> None:
    call(ledger, MONDAY, None)
    hour = seen(ledger, by="calls").week[0].cells[9]
    assert (hour.cost, hour.says) == (None, "no known cost, 0 sessions, 1 call (1 unpriced)")


def test_only_the_days_that_are_asked_for_are_in_the_week_and_the_agents(filled: SqliteLedger) -> None:
    view = seen(filled, days=1)
    assert sum(cell.calls for day in view.week for cell in day.cells) == 2
    assert sum(spent.calls for _, spent in view.agents) == 2
    assert [project.directory for project in view.projects] == ["/src/shop", "/src/site"]


@pytest.mark.parametrize(("by", "levels"), [("cost", (4, 2)), ("calls", (2, 4)), ("sessions", (4, 4))])
def test_hours_are_shaded_by_what_is_asked_for(filled: SqliteLedger, by: str, levels: tuple[int, int]) -> None:
    week = seen(filled, by=by).week
    assert (week[0].cells[9].level, week[5].cells[14].level, week[6].cells[3].level) == (*levels, 0)


@given(st.dictionaries(st.integers(0, 167), st.integers(0, 10**12), max_size=40))
def test_a_darker_hour_never_cost_less(costs: dict[int, int]) -> None:
    rows = week_rows([Hour(hour, 1, 1, cost) for hour, cost in costs.items()], "cost")
    cells = sorted((cell for row in rows for cell in row.cells), key=lambda cell: cell.cost or 0)
    assert all(one.level <= other.level for one, other in pairwise(cells))
    assert all((cell.level == 0) == (cell.cost == 0) for cell in cells)
    assert max(cell.level for cell in cells) == (LEVELS if any(costs.values()) else 0)


def test_the_clock_is_told_apart_where_it_was_changed() -> None:
    span = Span(ms("2026-10-01T00:00+00:00"), ms("2026-11-28T00:00+00:00"))
    changed = ms("2026-10-25T01:00+00:00")
    assert clock_stretches(span, ms(NOW), BERLIN) == [
        (Span(span.from_ms, changed), 2 * HOUR_MS),
        (Span(changed, span.to_ms), HOUR_MS),
    ]


@given(st.sampled_from(ZONES), st.integers(0, 1_990_000), st.integers(1, 40_000))
def test_stretches_of_the_clock_follow_each_other_and_fill_the_span(zone: str, quarter: int, quarters: int) -> None:
    span = Span(quarter * 900_000, (quarter + quarters) * 900_000)
    found = clock_stretches(span, ms(NOW), ZoneInfo(zone))
    assert (found[0][0].from_ms, found[-1][0].to_ms) == span
    for (one, ahead), (other, next_ahead) in pairwise(found):
        assert one.to_ms == other.from_ms
        assert ahead != next_ahead


@given(st.sampled_from(ZONES), st.integers(0, 1_990_000), st.integers(1, 40_000), st.floats(0, 1, exclude_max=True))
def test_each_quarter_of_an_hour_is_told_by_the_clock_of_then(
    zone: str, quarter: int, quarters: int, part: float
) -> None:
    span = Span(quarter * 900_000, (quarter + quarters) * 900_000)
    for (from_ms, to_ms), ahead_ms in clock_stretches(span, ms(NOW), ZoneInfo(zone)):
        assert from_ms is not None
        assert to_ms is not None
        within_ms = from_ms + int((to_ms - from_ms) // 900_000 * part) * 900_000
        for moment_ms in (from_ms, within_ms, to_ms - 900_000):
            clock = datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone)).replace(tzinfo=UTC)
            assert clock.timestamp() * 1000 == moment_ms + ahead_ms


def test_a_stretch_of_no_time_has_no_clock() -> None:
    assert clock_stretches(Span(900_000, 900_000), ms(NOW), UTC) == []


# --- files, projects, agents ---


def test_files_changed_most_often_come_first_with_their_share(filled: SqliteLedger) -> None:
    first, second = seen(filled).files
    assert (first.spot.path, first.spot.changes, first.spot.sessions, first.share) == ("a.py", 2, 2, 1.0)
    assert (first.spot.creates, first.spot.modifies, first.spot.deletes) == (1, 0, 1)
    assert (second.spot.path, second.spot.changes, second.share) == ("b.py", 1, 0.5)


def test_no_more_files_and_projects_are_told_than_are_asked_for(filled: SqliteLedger) -> None:
    view = seen(filled, most=1)
    assert (len(view.files), len(view.projects)) == (1, 1)


def test_the_share_of_an_agent_is_that_of_what_is_known_to_have_been_spent(ledger: SqliteLedger) -> None:
    called(ledger, 3 * DOLLAR, "codex")
    called(ledger, 1 * DOLLAR, None)
    called(ledger, None, "aider")
    view = seen(ledger)
    assert {name: view.share(spent) for name, spent in view.agents} == {"codex": 0.75, "": 0.25, "aider": 0.0}


def test_how_the_cost_of_all_agents_is_known_is_told_of_the_days_that_are_asked_for(filled: SqliteLedger) -> None:
    assert seen(filled).figure.cost_words == "$4.00 measured · 1 call unpriced, not counted"
    assert seen(filled, days=1).figure.cost_words == "$1.00 measured · 1 call unpriced, not counted"


def test_nothing_is_told_of_an_empty_ledger(ledger: SqliteLedger) -> None:
    view = seen(ledger)
    assert view.is_empty
    assert view.costs.says == "No cost is known."
    assert view.share(Spent()) == 0.0


def test_the_dearest_project_is_at_the_top_of_the_chart_and_said_first(filled: SqliteLedger) -> None:
    chart = seen(filled).costs
    assert chart.options["yAxis"]["data"] == ["site", "shop"]  # ECharts draws from the bottom up
    assert chart.options["series"][0]["data"] == [1.0, 3.0]
    assert chart.says == "Cost by project: shop $3.00, site $1.00."


def test_the_chart_has_ten_bars_at_most_and_leaves_out_what_cost_nothing() -> None:
    many = [ProjectTotals(f"/src/p{n}", Work(), Spent(calls=1, cost_nanos=n * DOLLAR), None) for n in range(12, -1, -1)]
    bars = project_chart(many).options["yAxis"]["data"]
    assert (len(bars), bars[0], bars[-1]) == (10, "p3", "p12")
    assert project_chart(many[-1:]).options["yAxis"]["data"] == []


@pytest.mark.parametrize(
    ("directory", "name"), [("/", "/"), ("/home/ada/shop/", "shop"), ("", "no project"), ("D:\\work\\shop", "shop")]
)
def test_a_project_is_called_by_the_end_of_its_path(directory: str, name: str) -> None:
    assert project_name(directory) == name


# --- documents ---


def test_the_documents_have_what_was_promised(filled: SqliteLedger) -> None:
    with filled.reading() as reader:
        spots, projects = hotspots_document(reader.hotspots(1)), projects_document(reader.projects())
        week = heatmap_document(reader.week([(Span(), 0)]))
    assert spots == [
        {
            "filePath": "a.py",
            "project": "/src/shop",
            "changeCount": 2,
            "sessionCount": 2,
            "lastChanged": "2026-11-24T22:01:00.000Z",
            "creates": 1,
            "modifies": 0,
            "deletes": 1,
        }
    ]
    assert projects[0] == {
        "project": "/src/shop",
        "sessions": 2,
        "activeSessions": 0,
        "totalCost": 3.0,
        "totalTime": 4200,
        "totalFiles": 3,
        "totalCommits": 1,
        "totalTokens": 110,
        "calls": 1,
        "unpricedCalls": 0,
        "lastActive": "2026-11-24T22:00:00.000Z",
    }
    assert {"dayOfWeek": 1, "hour": 9, "sessions": 1, "calls": 1, "cost": 3.0, "unpricedCalls": 0} in week
    assert {"dayOfWeek": 6, "hour": 14, "sessions": 1, "calls": 2, "cost": 1.0, "unpricedCalls": 1} in week
    assert len(week) == 3


def test_calls_of_no_session_are_no_project(ledger: SqliteLedger) -> None:
    call(ledger, MONDAY, DOLLAR)
    assert seen(ledger).projects == []
    assert not seen(ledger).is_empty


def test_an_agent_without_a_known_price_has_no_cost_which_is_not_0(ledger: SqliteLedger) -> None:
    called(ledger, None, "aider")
    called(ledger, 2 * DOLLAR, None)
    with ledger.reading() as reader:
        told = agents_document(reader.agents())
    assert told == [
        {"agent": None, "calls": 1, "totalTokens": 10, "totalCost": 2.0, "unpricedCalls": 0},
        {"agent": "aider", "calls": 1, "totalTokens": 10, "totalCost": None, "unpricedCalls": 1},
    ]
