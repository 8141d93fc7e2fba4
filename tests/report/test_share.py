"""Does a share card say what the month came to, and of what was worked on no more than is asked for?"""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.errors import InvalidInput
from codesession.model import Usage
from codesession.report.share import Card, card_document, card_of, month_of, months

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

NOVEMBER = date(2026, 11, 1)


def card(ledger: SqliteLedger, month: date = NOVEMBER) -> Card:
    return card_of(ledger, month, UTC)


def test_a_month_is_its_own_calls_and_sessions(ledger: SqliteLedger) -> None:
    before = begin(ledger, "before", "2026-10-31T23:00+00:00")
    call(ledger, "2026-10-31T23:59+00:00", 100 * DOLLAR, before)
    end(ledger, before, "2026-10-31T23:59+00:00")
    work = begin(ledger, "work", "2026-11-01T00:00+00:00")
    call(ledger, "2026-11-01T00:00+00:00", 2 * DOLLAR, work, usage=Usage(input=30, output=12))
    call(ledger, "2026-11-30T23:59+00:00", 3 * DOLLAR, work, usage=Usage(input=5))
    call(ledger, "2026-12-01T00:00+00:00", 50 * DOLLAR, work)
    end(ledger, work, "2026-11-01T01:30+00:00")
    assert card_document(card(ledger)) == {
        "month": "2026-11",
        "title": "November 2026",
        "cost": 5.0,
        "unpricedCalls": 0,
        "calls": 2,
        "tokens": 47,
        "sessions": 1,
        "totalTime": 5400,
        "files": 0,
        "commits": 0,
        "busiestDay": "2026-11-30",
        "dailyCosts": [2.0, *[0.0] * 28, 3.0],
        "models": [{"model": "m", "cost": 5.0}],
        "projects": [{"project": "work", "cost": 5.0}],
    }


def test_an_empty_month_is_told_without_a_busiest_day(ledger: SqliteLedger) -> None:
    empty = card(ledger, date(2026, 2, 1))
    assert (empty.busiest, empty.cost, empty.models, empty.projects, len(empty.days)) == (None, 0, [], [], 28)
    assert empty.says == "February 2026: $0.00, 0 sessions, 0 calls, 0 tokens, 0 files and 0 commits."


def test_a_cost_that_nobody_knows_is_not_nothing(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-05T12:00+00:00", None, begin(ledger, "work", "2026-11-05T11:00+00:00"))
    unknown = card(ledger)
    assert unknown.projects == [("work", None)]
    document = card_document(unknown)
    assert (document["cost"], document["unpricedCalls"], document["models"]) == (
        None,
        1,
        [{"model": "m", "cost": None}],
    )
    assert (document["busiestDay"], document["dailyCosts"][4]) == ("2026-11-05", None)
    assert unknown.says.startswith("November 2026: no known cost, 1 session, 1 call,")


def test_only_the_three_dearest_models_are_named(ledger: SqliteLedger) -> None:
    for cost, model in enumerate(("a", "b", "c", "d"), 1):
        call(ledger, "2026-11-05T12:00+00:00", cost * DOLLAR, model=model)
    assert [(named.name, named.cost) for named in card(ledger).models] == [
        ("d", 4 * DOLLAR),
        ("c", 3 * DOLLAR),
        ("b", 2 * DOLLAR),
    ]


def test_days_are_those_of_the_users_place(ledger: SqliteLedger) -> None:
    call(ledger, "2026-10-31T23:30+00:00", DOLLAR)
    assert card(ledger).spent.calls == 0
    assert card_of(ledger, NOVEMBER, timezone(timedelta(hours=1))).busiest == NOVEMBER


def test_there_is_a_choice_of_the_months_since_the_first_session_or_call(ledger: SqliteLedger) -> None:
    assert months(ledger, ms(NOW), UTC) == [NOVEMBER]
    begin(ledger, "work", "2026-10-31T23:00+00:00")
    assert months(ledger, ms(NOW), UTC) == [NOVEMBER, date(2026, 10, 1)]
    call(ledger, "2026-08-01T00:00+00:00", DOLLAR)
    assert months(ledger, ms(NOW), UTC)[-1] == date(2026, 8, 1)
    call(ledger, "2015-08-01T00:00+00:00", DOLLAR)
    assert (len(months(ledger, ms(NOW), UTC)), months(ledger, ms(NOW), UTC)[-1]) == (36, date(2023, 12, 1))


def test_the_month_is_this_one_unless_another_is_said() -> None:
    assert month_of("", ms(NOW), UTC) == NOVEMBER
    assert month_of("2026-02", ms(NOW), UTC) == date(2026, 2, 1)


@pytest.mark.parametrize(
    "said", ["2026", "2026-13", "2026-1", "11-2026", "2026-11-01", "0001-01", "9999-12", "x" * 900]
)
def test_what_is_no_month_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises(InvalidInput, match="is no month that can be told of: write it as 2026-11") as refused:
        month_of(said, 0, UTC)
    assert len(refused.value.message) < 100


@given(st.text())
def test_whatever_is_said_it_is_the_first_of_a_month_or_refused(said: str) -> None:
    try:
        month = month_of(said, 0, UTC)
    except InvalidInput:
        return
    assert month.day == 1
