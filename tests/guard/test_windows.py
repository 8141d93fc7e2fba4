"""Does every moment lie in one window, and does each begin where the calendar of its place says?"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.guard.windows import span
from codesession.model import Window

HOUR_MS = 3_600_000
ZONES = sorted(
    {
        "Africa/Casablanca",
        "America/Havana",
        "America/New_York",
        "America/Nuuk",
        "America/Santiago",
        "America/Sao_Paulo",
        "Asia/Beirut",
        "Asia/Gaza",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Atlantic/Azores",
        "Australia/Lord_Howe",
        "Europe/Berlin",
        "Pacific/Apia",
        "Pacific/Chatham",
    }
    & available_timezones()
)
"""Where clocks change at midnight, by half an hour, or are off by a quarter."""
PLACES: st.SearchStrategy[tzinfo] = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
) | (st.sampled_from(ZONES).map(ZoneInfo) if ZONES else st.nothing())
MOMENTS = st.integers(1_325_376_000_000, 2_524_608_000_000)
"""2012 to 2050: earlier some clocks were set back over midnight, and a day was in two pieces."""
WITH_ENDS = st.sampled_from([Window.DAY, Window.WEEK, Window.MONTH])


def place(name: str) -> tzinfo:
    if name not in available_timezones():
        pytest.skip("no time zones are installed here")
    return ZoneInfo(name)


def ms(text: str) -> int:
    """A moment of ISO 8601 with its offset."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def ends(window: Window, moment: str, zone: tzinfo | None) -> tuple[str, str]:
    """Where the window of that moment begins and ends, in ISO 8601 of UTC."""
    began, ended = span(window, ms(moment), zone)
    assert ended is not None
    first, last = (datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M") for at in (began, ended))
    return first, last


@pytest.mark.parametrize(
    ("zone", "moment", "began", "ended"),
    [
        pytest.param("Europe/Berlin", "2026-03-29T12:00+02:00", "2026-03-28T23:00", "2026-03-29T22:00", id="23-hours"),
        pytest.param("Europe/Berlin", "2026-10-25T12:00+01:00", "2026-10-24T22:00", "2026-10-25T23:00", id="25-hours"),
        pytest.param(
            "Europe/Berlin", "2026-10-25T02:30+02:00", "2026-10-24T22:00", "2026-10-25T23:00", id="half-past-2"
        ),
        pytest.param("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-24T22:00", "2026-10-25T23:00", id="and-again"),
        pytest.param(
            "America/Sao_Paulo", "2018-11-04T01:00-02:00", "2018-11-04T03:00", "2018-11-05T02:00", id="no-midnight"
        ),
        pytest.param(
            "America/Sao_Paulo", "2018-11-03T23:59-03:00", "2018-11-03T03:00", "2018-11-04T03:00", id="the-day-before"
        ),
        pytest.param("Asia/Beirut", "2026-03-29T12:00+03:00", "2026-03-28T22:00", "2026-03-29T21:00", id="beirut"),
        pytest.param("Asia/Beirut", "2026-10-24T23:30+02:00", "2026-10-23T21:00", "2026-10-24T22:00", id="2330-twice"),
        pytest.param(
            "America/Havana", "2026-11-01T00:30-05:00", "2026-11-01T04:00", "2026-11-02T05:00", id="0030-twice"
        ),
        pytest.param(
            "Pacific/Apia", "2011-12-29T12:00-10:00", "2011-12-29T10:00", "2011-12-30T10:00", id="before-none"
        ),
        pytest.param("Pacific/Apia", "2011-12-31T12:00+14:00", "2011-12-30T10:00", "2011-12-31T10:00", id="after-none"),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05T12:00+10:30", "2026-04-04T13:00", "2026-04-05T13:30", id="half-an-hour"
        ),
        pytest.param("Asia/Kathmandu", "2026-01-01T00:00+05:45", "2025-12-31T18:15", "2026-01-01T18:15", id="quarter"),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, moment: str, began: str, ended: str) -> None:
    assert ends(Window.DAY, moment, place(zone)) == (began, ended)


WEST = timezone(timedelta(hours=-9, minutes=-30))


@pytest.mark.parametrize(
    ("window", "moment", "began", "ended"),
    [
        pytest.param(Window.DAY, "2028-02-29T00:00-09:30", "2028-02-29T09:30", "2028-03-01T09:30", id="leap-day"),
        pytest.param(Window.DAY, "2028-02-28T23:59-09:30", "2028-02-28T09:30", "2028-02-29T09:30", id="before-it"),
        pytest.param(Window.DAY, "2027-12-31T23:59-09:30", "2027-12-31T09:30", "2028-01-01T09:30", id="new-year"),
        pytest.param(Window.WEEK, "2026-11-22T23:59-09:30", "2026-11-16T09:30", "2026-11-23T09:30", id="sunday"),
        pytest.param(Window.WEEK, "2026-11-23T00:00-09:30", "2026-11-23T09:30", "2026-11-30T09:30", id="monday"),
        pytest.param(Window.WEEK, "2027-01-01T12:00-09:30", "2026-12-28T09:30", "2027-01-04T09:30", id="of-two-years"),
        pytest.param(Window.MONTH, "2028-02-29T12:00-09:30", "2028-02-01T09:30", "2028-03-01T09:30", id="29-days"),
        pytest.param(Window.MONTH, "2026-02-28T23:59-09:30", "2026-02-01T09:30", "2026-03-01T09:30", id="28-days"),
        pytest.param(Window.MONTH, "2026-01-31T12:00-09:30", "2026-01-01T09:30", "2026-02-01T09:30", id="31-days"),
        pytest.param(Window.MONTH, "2026-12-01T00:00-09:30", "2026-12-01T09:30", "2027-01-01T09:30", id="december"),
    ],
)
def test_weeks_and_months_begin_with_a_day(window: Window, moment: str, began: str, ended: str) -> None:
    assert ends(window, moment, WEST) == (began, ended)


def test_a_month_is_as_long_as_its_clocks_make_it() -> None:
    began, ended = span(Window.MONTH, ms("2026-03-15T12:00+01:00"), place("Europe/Berlin"))
    assert ended is not None
    assert ended - began == (31 * 24 - 1) * HOUR_MS


@pytest.mark.parametrize("window", [Window.SESSION, Window.TOTAL])
def test_what_has_no_end_began_before_everything(window: Window) -> None:
    assert span(window, 1_772_452_800_000, UTC) == (0, None)


@given(WITH_ENDS, MOMENTS, PLACES)
def test_every_moment_lies_in_its_window_and_the_next_begins_where_it_ends(
    window: Window, now_ms: int, zone: tzinfo
) -> None:
    began, ended = span(window, now_ms, zone)
    assert ended is not None
    assert began <= now_ms < ended
    assert span(window, began, zone) == (began, ended) == span(window, ended - 1, zone)
    assert span(window, ended, zone)[0] == ended
    assert span(window, began - 1, zone)[1] == began


@given(MOMENTS, PLACES)
def test_weeks_and_months_are_made_of_whole_days(now_ms: int, zone: tzinfo) -> None:
    day = span(Window.DAY, now_ms, zone)
    for window in (Window.WEEK, Window.MONTH):
        began, ended = span(window, now_ms, zone)
        assert ended is not None
        assert day[1] is not None
        assert began <= day[0] < day[1] <= ended
        assert span(Window.DAY, began, zone)[0] == began
        assert span(Window.DAY, ended, zone)[0] == ended


SYSTEM = """
from codesession.guard.windows import span
from codesession.model import Window
print(span(Window.DAY, MOMENT))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes no zone from TZ")
@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Berlin", "2026-10-25T12:00+01:00"),
        ("America/Sao_Paulo", "2018-11-04T01:00-02:00"),
        ("America/Sao_Paulo", "2018-11-03T23:59-03:00"),
        ("America/Havana", "2026-11-01T00:30-05:00"),
        ("Asia/Beirut", "2026-10-24T23:30+02:00"),
        ("Pacific/Apia", "2011-12-29T12:00-10:00"),
    ],
)
def test_without_a_zone_it_is_the_systems(zone: str, moment: str) -> None:
    expected = span(Window.DAY, ms(moment), place(zone))
    told = subprocess.run(
        [sys.executable, "-c", SYSTEM.replace("MOMENT", str(ms(moment)))],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(expected)
