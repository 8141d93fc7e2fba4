"""Do the days of a report follow each other without a gap, as the calendar of the user's place has them?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.model.analysis import Span
from codesession.report.days import (
    QUARTER_MS,
    coming_days,
    edges,
    last_days,
    quarter_hours,
    rest_of_month,
    stretch,
    stretch_before,
)

HOUR_MS = 3_600_000
NAMES = sorted({"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"} & available_timezones())
ZONES: st.SearchStrategy[tzinfo] = st.integers(-14 * 4, 14 * 4).map(
    lambda quarters: timezone(timedelta(minutes=15 * quarters))
) | (st.sampled_from(NAMES).map(ZoneInfo) if NAMES else st.nothing())
MOMENTS = st.integers(1_325_376_000_000, 2_524_608_000_000)


def place(name: str) -> tzinfo:
    if name not in available_timezones():
        pytest.skip("no time zones are installed here")
    return ZoneInfo(name)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@given(MOMENTS, ZONES, st.integers(1, 100))
def test_days_follow_each_other_and_now_is_in_the_last(now_ms: int, zone: tzinfo, count: int) -> None:
    days = last_days(count, now_ms, zone)
    assert len(days) == count
    assert days[-1].from_ms <= now_ms < days[-1].to_ms
    for day, following in pairwise(days):
        assert (day.to_ms, day.date + timedelta(days=1)) == (following.from_ms, following.date)
    assert edges(days) == [day.from_ms for day in days] + [days[-1].to_ms]
    assert all(edge % QUARTER_MS == 0 for edge in edges(days))


def test_a_day_is_as_long_as_its_clocks_make_it() -> None:
    days = last_days(3, ms("2026-03-30T12:00+02:00"), place("Europe/Berlin"))
    assert [(day.to_ms - day.from_ms) // HOUR_MS for day in days] == [24, 23, 24]
    assert [day.label for day in days] == ["28 Mar", "29 Mar", "30 Mar"]


def test_a_date_that_a_place_left_out_is_no_day() -> None:
    days = last_days(3, ms("2011-12-31T12:00+14:00"), place("Pacific/Apia"))
    assert [day.date for day in days] == [date(2011, 12, 29), date(2011, 12, 31)]
    assert days[0].to_ms == days[1].from_ms


def test_of_no_days_there_are_no_edges() -> None:
    assert edges([]) == []


@pytest.mark.parametrize(
    ("now", "rest"),
    [
        ("2026-11-28T12:00+00:00", [date(2026, 11, 29), date(2026, 11, 30)]),
        ("2026-11-30T23:59+00:00", []),
        ("2028-02-28T00:00+00:00", [date(2028, 2, 29)]),
        ("2026-12-30T00:00+00:00", [date(2026, 12, 31)]),
    ],
)
def test_the_rest_of_a_month_is_what_comes_after_today(now: str, rest: list[date]) -> None:
    assert [day.date for day in rest_of_month(ms(now), UTC)] == rest


def test_coming_days_begin_tomorrow() -> None:
    days = coming_days(2, ms("2026-12-31T12:00+00:00"), UTC)
    assert [day.date for day in days] == [date(2027, 1, 1), date(2027, 1, 2)]
    assert days[0].from_ms == ms("2027-01-01T00:00+00:00")


def test_a_stretch_ends_with_today_and_all_time_has_no_end() -> None:
    now_ms = ms("2026-11-28T12:00+00:00")
    assert stretch(7, now_ms, UTC) == Span(ms("2026-11-22T00:00+00:00"), ms("2026-11-29T00:00+00:00"))
    assert stretch(None, now_ms, UTC) == Span(None, None)


def test_the_stretch_before_ends_at_the_same_time_of_day() -> None:
    before = stretch_before(7, ms("2026-11-28T10:50+00:00"), UTC)
    assert before == Span(ms("2026-11-15T00:00+00:00"), ms("2026-11-21T10:45+00:00"))


def test_the_stretch_before_does_not_go_past_a_day_that_is_shorter_than_today() -> None:
    berlin = place("Europe/Berlin")
    before = stretch_before(1, ms("2026-03-30T23:50+02:00"), berlin)
    assert before == Span(ms("2026-03-29T00:00+01:00"), ms("2026-03-30T00:00+02:00"))


@given(MOMENTS, ZONES, st.integers(1, 90))
def test_the_stretch_before_ends_before_this_one_begins(now_ms: int, zone: tzinfo, count: int) -> None:
    before, this = stretch_before(count, now_ms, zone), stretch(count, now_ms, zone)
    assert before.from_ms is not None
    assert before.to_ms is not None
    assert this.from_ms is not None
    assert before.from_ms <= before.to_ms <= this.from_ms
    assert before.to_ms % QUARTER_MS == 0


@given(MOMENTS)
def test_quarter_hours_end_with_the_one_it_is_now(now_ms: int) -> None:
    moments = quarter_hours(96, now_ms)
    assert len(moments) == 97
    assert moments[-2] <= now_ms < moments[-1]
    assert {later - earlier for earlier, later in pairwise(moments)} == {QUARTER_MS}
    assert moments[0] % QUARTER_MS == 0
