"""Are the figures of the first page those of the ledger, and is nothing told that is not known?"""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone
from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import Attempt, ChangeType, Commit, Cost, Cut, Evidence, FileChange, Outcome, Usage
from codesession.report.overview import overview, overview_document

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger
    from codesession.report.overview import Overview


def seen(ledger: SqliteLedger, now: str = NOW, days: int = 7) -> Overview:
    return overview(ledger, ms(now), UTC, days)


# --- nothing ---


def test_of_an_empty_ledger_nothing_is_told(ledger: SqliteLedger) -> None:
    view = seen(ledger)
    assert view.is_empty
    assert (view.change, view.average_seconds, view.average_cost, view.since) == (None, None, None, None)
    assert (view.projection.day_average, view.month.expected, view.coming) == (None, None, [])
    assert (view.today.cost, view.whole.cost, view.work.sessions) == (0, 0, 0)
    assert [day.day.date for day in view.days] == [date(2026, 11, 22) + timedelta(days=number) for number in range(7)]


def test_a_session_without_calls_is_something(ledger: SqliteLedger) -> None:
    begin(ledger, "work", "2026-11-28T15:00+00:00")
    assert not seen(ledger).is_empty


def test_a_call_long_ago_is_something(ledger: SqliteLedger) -> None:
    call(ledger, "2025-01-01T00:00+00:00", DOLLAR)
    view = seen(ledger)
    assert not view.is_empty
    assert view.since is None


# --- what was spent ---


def test_each_call_counts_on_the_day_it_began(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-21T09:00+00:00", 1 * DOLLAR)
    call(ledger, "2026-11-22T00:00+00:00", 2 * DOLLAR)
    call(ledger, "2026-11-27T23:59+00:00", 4 * DOLLAR)
    call(ledger, "2026-11-28T00:00+00:00", 8 * DOLLAR)
    view = seen(ledger)
    assert [day.spent.cost_nanos // DOLLAR for day in view.days] == [2, 0, 0, 0, 0, 4, 8]
    assert (view.today.cost, view.whole.cost, view.before.cost_nanos) == (8 * DOLLAR, 14 * DOLLAR, 1 * DOLLAR)
    assert view.change == 13.0


def test_days_are_those_of_the_users_place(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-27T23:30+00:00", DOLLAR)
    there = overview(ledger, ms(NOW), timezone(timedelta(hours=1)), 7)
    assert [day.spent.calls for day in there.days] == [0, 0, 0, 0, 0, 0, 1]


def test_it_is_compared_with_as_much_of_the_days_before(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-21T14:59+00:00", 3 * DOLLAR)
    call(ledger, "2026-11-21T15:00+00:00", 5 * DOLLAR)  # a week ago it was not yet this late
    call(ledger, "2026-11-28T15:00+00:00", 6 * DOLLAR)
    view = seen(ledger, "2026-11-28T15:10+00:00")
    assert (view.before.cost_nanos, view.change) == (3 * DOLLAR, 1.0)


def test_where_nothing_was_spent_before_there_is_no_change(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T15:00+00:00", DOLLAR)
    assert seen(ledger).change is None
    call(ledger, "2026-11-16T15:00+00:00", 0)
    assert seen(ledger).change is None


def test_how_each_number_was_got_is_told(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T15:00+00:00", 3 * DOLLAR)
    call(ledger, "2026-11-27T15:00+00:00", 1 * DOLLAR, evidence=Evidence.IMPORTED)
    view = seen(ledger)
    assert view.today.cost_words == "$3.00 measured"
    assert view.whole.cost_words == "$3.00 measured (75%) · $1.00 imported (25%)"


def test_what_has_no_price_is_not_known_and_never_zero(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-26T15:00+00:00", None)
    call(ledger, "2026-11-28T15:00+00:00", None)
    view = seen(ledger)
    assert (view.today.cost, view.whole.cost, view.whole.spent.unpriced) == (None, None, 2)
    assert (view.change, view.average_cost, view.month.so_far, view.month.expected) == (None, None, None, None)
    document = overview_document(view)
    assert (document["spent"]["cost"], document["spent"]["unpricedCalls"]) == (None, 2)


def test_the_last_day_is_told_by_quarters_of_an_hour(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-27T15:14+00:00", 7 * DOLLAR)
    call(ledger, "2026-11-27T15:15+00:00", 1 * DOLLAR)
    call(ledger, "2026-11-28T15:00+00:00", 2 * DOLLAR)
    call(ledger, "2026-11-28T15:09+00:00", None)
    quarters = seen(ledger).quarters
    assert len(quarters) == 96
    assert (quarters[0].from_ms, quarters[0].per_hour) == (ms("2026-11-27T15:15+00:00"), 4 * DOLLAR)
    assert (quarters[-1].from_ms, quarters[-1].per_hour) == (ms("2026-11-28T15:00+00:00"), 8 * DOLLAR)
    assert {quarter.per_hour for quarter in quarters[1:-1]} == {0}


def test_a_quarter_without_a_price_has_no_pace(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T15:09+00:00", None)
    assert seen(ledger).quarters[-1].per_hour is None


# --- where it is heading ---


def test_the_projection_begins_with_the_first_call(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-26T15:00+00:00", 6 * DOLLAR)
    call(ledger, "2026-11-28T15:00+00:00", 1 * DOLLAR)
    view = seen(ledger)
    assert view.since == date(2026, 11, 26)
    assert view.projection.history == [(date(2026, 11, 26), 6 * DOLLAR), (date(2026, 11, 27), 0)]
    assert view.projection.day_average == 3 * DOLLAR
    assert view.coming == [(date(2026, 11, 29) + timedelta(days=number), 3 * DOLLAR) for number in range(7)]
    # $7 so far, $2 of today's $3 to come, and two days more
    assert (view.month.so_far, view.month.expected, view.month.days_left) == (7 * DOLLAR, 15 * DOLLAR, 2)


def test_on_the_first_day_nothing_is_projected(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T09:00+00:00", DOLLAR)
    view = seen(ledger)
    assert (view.projection.day_average, view.month.so_far, view.month.expected) == (None, DOLLAR, None)


def test_whoever_began_long_ago_and_rested_has_days_of_nothing(ledger: SqliteLedger) -> None:
    call(ledger, "2025-01-01T00:00+00:00", 99 * DOLLAR)
    call(ledger, "2026-11-27T09:00+00:00", 28 * DOLLAR)
    view = seen(ledger)
    assert len(view.projection.history) == 28
    assert view.projection.day_average == DOLLAR
    assert view.projection.is_by_weekday


def test_a_day_without_a_price_is_no_day_of_nothing(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-26T15:00+00:00", None)
    call(ledger, "2026-11-27T15:00+00:00", 4 * DOLLAR)
    assert seen(ledger).projection.history == [(date(2026, 11, 27), 4 * DOLLAR)]


def test_the_month_is_whole_whatever_the_stretch(ledger: SqliteLedger) -> None:
    call(ledger, "2026-10-31T23:59+00:00", 64 * DOLLAR)
    call(ledger, "2026-11-01T00:00+00:00", 5 * DOLLAR)
    assert seen(ledger, days=7).month.so_far == 5 * DOLLAR
    assert seen(ledger, days=90).month == seen(ledger, days=7).month


# --- sessions ---


def test_sessions_are_told_dearest_fastest_and_newest_first(ledger: SqliteLedger) -> None:
    for name, began, ended, dollars in [
        ("long", "2026-11-24T10:00+00:00", "2026-11-24T20:00+00:00", 20),
        ("quick", "2026-11-25T10:00+00:00", "2026-11-25T10:30+00:00", 9),
        ("flash", "2026-11-26T10:00+00:00", "2026-11-26T10:00:59+00:00", 5),
        ("free", "2026-11-27T10:00+00:00", "2026-11-27T11:00+00:00", 0),
        ("old", "2026-11-02T10:00+00:00", "2026-11-02T10:01+00:00", 90),
    ]:
        session = begin(ledger, name, began)
        call(ledger, began, dollars * DOLLAR, session)
        end(ledger, session, ended)
    view = seen(ledger)
    assert [cost.view.session.name for cost in view.dearest] == ["long", "quick", "flash"]
    assert [(cost.view.session.name, cost.per_hour) for cost in view.fastest] == [
        ("quick", 18 * DOLLAR),
        ("long", 2 * DOLLAR),
    ]
    assert [cost.view.session.name for cost in view.recent] == ["free", "flash", "quick", "long", "old"]
    assert [day.sessions for day in view.days] == [0, 0, 1, 1, 1, 1, 0]
    assert (view.work.sessions, view.work.seconds) == (4, 36_000 + 1_800 + 59 + 3_600)
    assert view.average_seconds == 10_365
    assert view.average_cost == 34 * DOLLAR // 4


def test_a_live_session_lasts_until_now(ledger: SqliteLedger) -> None:
    session = begin(ledger, "live", "2026-11-28T14:40+00:00")
    call(ledger, "2026-11-28T15:00+00:00", 2 * DOLLAR, session)
    (recent,) = seen(ledger).recent
    assert (recent.view.seconds, recent.per_hour, recent.project) == (1800, 4 * DOLLAR, "live")
    assert recent.how == "1 call, none estimated"


def test_what_goes_on_is_live_whenever_it_began(ledger: SqliteLedger) -> None:
    begin(ledger, "long", "2026-09-01T10:00+00:00")
    view = seen(ledger)
    assert (view.live, view.work.sessions, overview_document(view)["sessions"]["activeSessions"]) == (1, 0, 1)


def test_of_a_session_it_is_told_how_its_cost_is_known(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:40+00:00")
    for nanos, evidence in [(DOLLAR, Evidence.MEASURED), (DOLLAR, Evidence.ESTIMATED), (None, Evidence.MEASURED)]:
        call(ledger, "2026-11-28T15:00+00:00", nanos, session, evidence=evidence)
    (recent,) = seen(ledger).recent
    assert recent.how == "3 calls, 1 of them estimated, 1 unpriced and not counted"


def test_what_was_cut_off_or_lost_is_not_said_to_be_free_of_estimates(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:40+00:00")
    attempt = Attempt(session.id, "p", "m", "e", streamed=True, request_bytes=1)
    with ledger.writing() as tx:
        for cut in (Cut.CLIENT, Cut.UPSTREAM):
            ended = Outcome(Usage(input=1), Evidence.ESTIMATED, cut=cut)
            tx.record(attempt, ended, Cost(DOLLAR, "table"), ms("2026-11-28T15:00+00:00"), ms(NOW))
    (recent,) = seen(ledger).recent
    assert recent.how == "2 calls, 2 cut off and billed for what came"


def test_a_session_without_any_price_has_no_cost(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T15:00+00:00", None, begin(ledger, "work", "2026-11-28T14:40+00:00"))
    view = seen(ledger)
    assert (view.recent[0].cost, view.recent[0].per_hour, view.dearest, view.fastest) == (None, None, [], [])


# --- documents ---


def test_programs_are_told_all_of_it(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-27T10:00+00:00")
    call(ledger, "2026-11-27T10:00+00:00", 3 * DOLLAR, session, usage=Usage(input=1000, output=500), agent="codex")
    files = [FileChange("a.py", ChangeType.MODIFIED, ms(NOW))]
    end(ledger, session, "2026-11-27T10:30+00:00", files=files, commits=[Commit("a" * 40, "c", ms(NOW))])
    document = overview_document(seen(ledger))
    measured = {"measured": {"calls": 1, "tokens": 1500, "cost": 3.0, "unpricedCalls": 0}}
    assert document["today"] == {"cost": 0.0, "calls": 0, "tokens": 0, "unpricedCalls": 0, "evidence": {}}
    assert document["spent"] == {
        "cost": 3.0,
        "calls": 1,
        "tokens": 1500,
        "unpricedCalls": 0,
        "evidence": measured,
        "before": None,
        "callsBefore": 0,
        "change": None,
    }
    assert document["sessions"] == {
        "totalSessions": 1,
        "activeSessions": 0,
        "totalTime": 1800,
        "avgSessionTime": 1800,
        "avgSessionCost": 3.0,
        "totalFiles": 1,
        "totalCommits": 1,
    }
    assert document["projection"] == {
        "dayAverage": 3.0,
        "monthSoFar": 3.0,
        "month": 12.0,
        "daysLeft": 2,
        "historyDays": 1,
        "method": "Projected: each coming day at the average of the last 1 whole day (since 27 Nov).",
        "comingDays": [{"day": f"{date(2026, 11, 29) + timedelta(days=number)}", "cost": 3.0} for number in range(7)],
    }
    assert (document["days"], document["since"]) == (7, "2026-11-27")
    assert document["dailyCosts"][-2] == {
        "day": "2026-11-27",
        "cost": 3.0,
        "sessions": 1,
        "tokens": 1500,
        "calls": 1,
        "unpricedCalls": 0,
    }
    told = {
        "id": session.id,
        "name": "work",
        "status": "completed",
        "startTime": "2026-11-27T10:00:00.000Z",
        "workingDirectory": "/src/work",
        "duration": 1800,
        "aiCost": 3.0,
        "aiTokens": 1500,
        "aiCalls": 1,
        "unpricedCalls": 0,
        "costPerHour": 6.0,
    }
    assert document["topSessions"] == document["fastestSessions"] == [told]
    assert document["recentSessions"] == [told | {"agents": ["codex"]}]
    assert document["velocity"][0] == {"time": "2026-11-27T15:15:00.000Z", "cost": 0.0, "costPerHour": 0.0}
