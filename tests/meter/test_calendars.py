"""At which moments DeepSeek's peak rates apply: every edge of its hours, days and rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter import Catalogue, PriceBook
from codesession.meter.calendars import has_peaks, peak_hours
from codesession.model import Cost, Usage

MILLION = Usage(input=1_000_000)


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "peak"),
    [
        # Friday, 2026-11-27
        ("2026-11-27T00:59:59.999999", False),
        ("2026-11-27T01:00", True),
        ("2026-11-27T03:59:59.999999", True),
        ("2026-11-27T04:00", False),
        ("2026-11-27T05:59:59.999999", False),
        ("2026-11-27T06:00", True),
        ("2026-11-27T09:59:59.999999", True),
        ("2026-11-27T10:00", False),
        # the weekend, and the Monday after it
        ("2026-11-28T01:00", False),
        ("2026-11-29T09:00", False),
        ("2026-11-30T00:59:59.999999", False),
        ("2026-11-30T01:00", True),
        # the first peak of all, on a Monday, and the hours of the Sunday before it
        ("2026-08-16T09:00", False),
        ("2026-08-17T01:00", True),
        # the last Saturday that had peaks, and the first Sunday that had none
        ("2026-08-22T09:59:59.999999", True),
        ("2026-08-23T01:00", False),
        # public holidays on weekdays, and a weekend that was worked on
        ("2026-09-24T02:00", True),
        ("2026-09-25T02:00", False),
        ("2026-10-01T02:00", False),
        ("2026-10-07T09:00", False),
        ("2026-10-08T02:00", True),
        ("2026-10-10T02:00", False),
        ("2027-01-01T02:00", False),
    ],
)
def test_peaks_are_on_workdays_from_9_to_12_and_14_to_18_in_beijing(moment: str, *, peak: bool) -> None:
    assert (peak_hours(utc(moment)) is not None) is peak


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 - naive is UTC
def test_the_zone_in_which_a_moment_is_told_changes_nothing(moment: datetime, hours: int) -> None:
    elsewhere = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert peak_hours(elsewhere) == peak_hours(moment)


@given(st.datetimes(datetime(2026, 8, 17), datetime(2028, 1, 1)))  # noqa: DTZ001 - naive is UTC
def test_a_peak_lies_in_its_hours(moment: datetime) -> None:
    hours = peak_hours(moment)
    assert hours is None or hours[0] <= moment.time() < hours[1]


def test_only_the_models_of_now_have_peaks() -> None:
    assert has_peaks("deepseek", "deepseek-flash")
    assert has_peaks("deepseek", "deepseek-v4-pro")
    assert not has_peaks("deepseek", "deepseek-chat")
    assert not has_peaks("openrouter", "deepseek-v4-pro")


@pytest.mark.parametrize(
    ("moment", "dollars"),
    [
        ("2026-08-16T15:59:59.999999", "0.14"),  # its first, flat price
        ("2026-08-16T16:00", "0.22"),  # midnight in Beijing
        ("2026-08-17T02:00", "0.44"),  # the peak of those days, which the list does not have any more
        ("2026-08-22T02:00", "0.44"),
        ("2026-08-23T02:00", "0.22"),
        ("2026-09-11T02:00", "0.3"),
        ("2026-09-12T02:00", "0.15"),
        ("2026-11-27T02:00", "0.3"),
        ("2026-11-27T04:00", "0.15"),
    ],
)
def test_v4_flash_costs_what_it_did(tmp_path: object, catalogue: Catalogue, moment: str, dollars: str) -> None:
    book = PriceBook(tmp_path, catalogue)  # type: ignore[arg-type] # pytest's path
    cost = book.cost("deepseek", "deepseek-v4-flash", MILLION, utc(moment))
    assert cost
    assert cost.nanos == round(float(dollars) * 10**9)


def test_the_source_says_that_it_was_a_peak(tmp_path: object, catalogue: Catalogue) -> None:
    book = PriceBook(tmp_path, catalogue)  # type: ignore[arg-type] # pytest's path
    assert book.cost("deepseek", "deepseek-flash", MILLION, utc("2026-11-27T02:00")) == Cost(
        300_000_000,
        f"{catalogue.source}, peak hours x2 (https://api-docs.deepseek.com/quick_start/pricing, 2026-11-28)",
    )
    assert book.cost("deepseek", "deepseek-flash", MILLION, utc("2026-11-28T02:00")) == Cost(
        150_000_000, catalogue.source
    )
