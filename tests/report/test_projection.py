"""Is what is projected what the days of late say, and nothing where they say nothing?"""

from __future__ import annotations

from datetime import date, timedelta

import hypothesis.strategies as st
from hypothesis import given

from codesession.report.projection import Projection

MONDAY = date(2026, 11, 2)


def history(*costs: int) -> Projection:
    """Of days from a Monday on."""
    return Projection([(MONDAY + timedelta(days=number), cost) for number, cost in enumerate(costs)])


def test_without_a_whole_day_nothing_is_projected() -> None:
    nothing = history()
    assert nothing.day_average is None
    assert nothing.expected(MONDAY) is None
    assert nothing.total([MONDAY]) is None
    assert nothing.rest_of_today(MONDAY, 5) == 0
    assert nothing.method == "Nothing is projected before one whole day has passed since the first call."


def test_with_few_days_every_day_is_expected_to_be_average() -> None:
    few = history(10, 20, 33)
    assert few.day_average == 21
    assert [few.expected(MONDAY + timedelta(days=number)) for number in (0, 5)] == [21, 21]
    assert few.method == "Projected: each coming day at the average of the last 3 whole days (since 2 Nov)."


def test_from_two_weeks_on_each_weekday_is_expected_to_be_as_it_was() -> None:
    two_weeks = history(10, 0, 0, 0, 0, 0, 0, 30, 7, 0, 0, 0, 0, 0)
    monday, tuesday, wednesday = (MONDAY + timedelta(days=14 + number) for number in range(3))
    assert [two_weeks.expected(day) for day in (monday, tuesday, wednesday)] == [20, 4, 0]
    assert two_weeks.total([monday, tuesday, wednesday]) == 24
    assert two_weeks.method == (
        "Projected: each coming day at the average of its weekday in the last 14 whole days (since 2 Nov)."
    )


def test_thirteen_days_are_too_few_for_that() -> None:
    assert history(*([13] + [0] * 12)).expected(MONDAY + timedelta(days=14)) == 1


def test_a_month_without_days_to_come_has_nothing_to_come() -> None:
    assert history(10).total([]) == 0


def test_what_was_spent_today_is_not_expected_again() -> None:
    assert history(10).rest_of_today(MONDAY, 4) == 6
    assert history(10).rest_of_today(MONDAY, 25) == 0


@given(st.lists(st.integers(0, 10**15), min_size=14, max_size=28), st.integers(0, 27))
def test_a_day_is_expected_to_cost_between_the_least_and_the_most(costs: list[int], ahead: int) -> None:
    expected = history(*costs).expected(MONDAY + timedelta(days=ahead))
    assert expected is not None
    assert min(costs) <= expected <= max(costs)
