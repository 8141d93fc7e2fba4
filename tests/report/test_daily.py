"""Is every day told, with what began on it?"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import Usage
from codesession.report.daily import daily_costs_document, daily_sums, daily_tokens_document
from codesession.report.stats import stats, totals_document
from codesession.report.velocity import dearest_sessions, newest_costs, velocity_document

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

YESTERDAY, TODAY = "2026-11-27T09:00+00:00", "2026-11-28T09:00+00:00"


def test_days_with_nothing_are_told_too(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", TODAY)
    call(ledger, TODAY, 2 * DOLLAR, session)
    call(ledger, TODAY, None, session)
    assert daily_costs_document(daily_sums(ledger, 2, ms(NOW), UTC)) == [
        {"day": "2026-11-27", "cost": 0.0, "sessions": 0, "tokens": 0, "calls": 0, "unpricedCalls": 0},
        {"day": "2026-11-28", "cost": 2.0, "sessions": 1, "tokens": 220, "calls": 2, "unpricedCalls": 1},
    ]


def test_tokens_are_told_by_side_and_by_kind(ledger: SqliteLedger) -> None:
    usage = Usage(input=1, cache_read=20, cache_write=3, cache_write_other=4, output=5, reasoning=6, unsplit=100)
    call(ledger, TODAY, 1, usage=usage)
    assert daily_tokens_document(daily_sums(ledger, 1, ms(NOW), UTC)) == [
        {
            "day": "2026-11-28",
            "promptTokens": 28,
            "completionTokens": 11,
            "totalTokens": 139,
            "inputTokens": 1,
            "outputTokens": 11,
            "cacheWriteTokens": 7,
            "cacheReadTokens": 20,
            "unsplitTokens": 100,
        }
    ]


# --- in all ---


def test_all_sessions_and_calls_are_summed_up(ledger: SqliteLedger) -> None:
    for began, ended in [(YESTERDAY, "2026-11-27T10:00+00:00"), (TODAY, "2026-11-28T09:30+00:00")]:
        session = begin(ledger, "work", began)
        call(ledger, began, 3 * DOLLAR, session)
        end(ledger, session, ended)
    assert totals_document(stats(ledger, None, ms(NOW), UTC)) == {
        "totalSessions": 2,
        "totalTime": 5400,
        "totalFiles": 0,
        "totalCommits": 0,
        "totalAICost": 6.0,
        "avgSessionTime": 2700,
        "activeSessions": 0,
        "totalCalls": 2,
        "totalTokens": 220,
        "unpricedCalls": 0,
        "evidence": {"measured": {"calls": 2, "tokens": 220, "cost": 6.0, "unpricedCalls": 0}},
    }
    today = totals_document(stats(ledger, 1, ms(NOW), UTC))
    assert (today["totalSessions"], today["totalAICost"], today["totalTime"]) == (1, 3.0, 1800)


def test_of_nothing_all_is_nothing(ledger: SqliteLedger) -> None:
    document = totals_document(stats(ledger, 7, ms(NOW), UTC))
    assert {document[key] for key in document if key != "evidence"} == {0}


# --- sessions by the hour ---


def test_the_newest_sessions_are_told_by_the_hour_and_those_without_a_cost_are_not(ledger: SqliteLedger) -> None:
    first = begin(ledger, "first", YESTERDAY)
    call(ledger, YESTERDAY, 3 * DOLLAR, first)
    end(ledger, first, "2026-11-27T09:00:30+00:00")
    free = begin(ledger, "free", "2026-11-27T20:00+00:00")
    call(ledger, "2026-11-27T20:00+00:00", None, free)
    last = begin(ledger, "last", TODAY)
    call(ledger, TODAY, 4 * DOLLAR, last)
    call(ledger, TODAY, None, last)
    end(ledger, last, "2026-11-28T11:00+00:00")
    assert velocity_document(newest_costs(ledger, 50, None, ms(NOW), UTC)) == [
        {
            "id": last.id,
            "name": "last",
            "startTime": "2026-11-28T09:00:00.000Z",
            "duration": 7200,
            "aiCost": 4.0,
            "costPerHour": 2.0,
            "unpricedCalls": 1,
        },
        {
            "id": first.id,
            "name": "first",
            "startTime": "2026-11-27T09:00:00.000Z",
            "duration": 30,
            "aiCost": 3.0,
            "costPerHour": 360.0,
            "unpricedCalls": 0,
        },
    ]
    assert [cost.view.session.name for cost in newest_costs(ledger, 1, None, ms(NOW), UTC)] == ["last"]
    assert [cost.view.session.name for cost in newest_costs(ledger, 9, 1, ms(NOW), UTC)] == ["last"]
    assert [cost.view.session.name for cost in newest_costs(ledger, 2, None, ms(NOW), UTC)] == ["last", "first"]


def test_sessions_of_unknown_cost_take_no_place_of_those_of_known(ledger: SqliteLedger) -> None:
    known = begin(ledger, "known", YESTERDAY)
    call(ledger, YESTERDAY, DOLLAR, known)
    end(ledger, known, TODAY)
    for minute in range(60):
        end(ledger, begin(ledger, "empty", f"2026-11-28T10:{minute:02}+00:00"), NOW)
    assert [cost.view.session.name for cost in newest_costs(ledger, 1, None, ms(NOW), UTC)] == ["known"]


def test_the_dearest_sessions_come_first(ledger: SqliteLedger) -> None:
    for name, dollars in [("a", 1), ("b", 3), ("c", 2)]:
        call(ledger, TODAY, dollars * DOLLAR, begin(ledger, name, TODAY))
    found = dearest_sessions(ledger, 2, 7, ms(NOW), UTC)
    assert [cost.view.session.name for cost in found] == ["b", "c"]


def test_a_session_that_has_just_begun_has_no_cost_by_the_hour(ledger: SqliteLedger) -> None:
    call(ledger, NOW, DOLLAR, begin(ledger, "work", NOW))
    assert newest_costs(ledger, 1, None, ms(NOW), UTC) == []
    (cost,) = dearest_sessions(ledger, 1, None, ms(NOW), UTC)
    assert (cost.cost, cost.per_hour) == (DOLLAR, None)


def test_the_clock_may_have_gone_back(ledger: SqliteLedger) -> None:
    call(ledger, TODAY, DOLLAR, begin(ledger, "work", "2026-11-28T23:00+00:00"))
    assert newest_costs(ledger, 1, None, ms(NOW), UTC) == []
    (cost,) = dearest_sessions(ledger, 1, None, ms(NOW), UTC)
    assert (cost.view.seconds, cost.per_hour) == (0, None)
