"""Which day is a moment on, and when does that day begin?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.model.days import day_of, first_moment


def test_a_day_is_of_its_place() -> None:
    half_past_eleven = int(datetime(2026, 3, 2, 23, 30, tzinfo=UTC).timestamp() * 1000)
    assert day_of(half_past_eleven, UTC) == date(2026, 3, 2)
    assert day_of(half_past_eleven, timezone(timedelta(hours=1))) == date(2026, 3, 3)


@pytest.mark.skipif("America/Sao_Paulo" not in available_timezones(), reason="no time zones are installed here")
def test_a_day_without_a_midnight_begins_when_the_clocks_go_forward() -> None:
    began = first_moment(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"))
    assert datetime.fromtimestamp(began / 1000, tz=UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)


@given(st.dates(date(2012, 1, 1), date(2050, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_the_first_moment_of_a_day_is_on_it_and_the_one_before_is_not(day: date, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    began = first_moment(day, zone)
    assert (day_of(began, zone), day_of(began - 1, zone)) == (day, day - timedelta(days=1))
