"""Which days does a report show? Whole ones of the user's calendar, today the last of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from codesession.model.analysis import Span
from codesession.model.days import day_of, first_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

QUARTER_MS = 15 * 60 * 1000
"""Milliseconds in a quarter of an hour: every day begins on one."""


class Day(NamedTuple):
    """A day and its two ends, in milliseconds since the epoch; the second is not in it."""

    date: date
    from_ms: int
    to_ms: int

    @property
    def label(self) -> str:
        """As charts and lists name it.

        >>> Day(date(2026, 3, 2), 0, 0).label
        '2 Mar'
        """
        return short_date(self.date)


def short_date(day: date) -> str:
    """Day and month.

    >>> short_date(date(2026, 11, 28))
    '28 Nov'
    """
    return f"{day.day} {day:%b}"


def last_days(count: int, now_ms: int, zone: tzinfo | None) -> list[Day]:
    """The last so many days, today the last of them; a date that the calendar of the place left out is none."""
    today = day_of(now_ms, zone)
    return list(_days(today - timedelta(days=count - 1), today, zone))


def rest_of_month(now_ms: int, zone: tzinfo | None) -> list[Day]:
    """The days after today that are still in its month."""
    today = day_of(now_ms, zone)
    last = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return list(_days(today + timedelta(days=1), last, zone))


def coming_days(count: int, now_ms: int, zone: tzinfo | None) -> list[Day]:
    """The so many days after today."""
    today = day_of(now_ms, zone)
    return list(_days(today + timedelta(days=1), today + timedelta(days=count), zone))


def _days(first: date, last: date, zone: tzinfo | None) -> Iterator[Day]:
    from_ms = first_moment(first, zone)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        to_ms = first_moment(day + timedelta(days=1), zone)
        if to_ms > from_ms:  # Samoa had no 30 December 2011
            yield Day(day, from_ms, to_ms)
        from_ms = to_ms


def edges(days: Sequence[Day]) -> list[int]:
    """Where neighbouring days begin, and where the last of them ends."""
    return [day.from_ms for day in days] + [day.to_ms for day in days[-1:]]


def stretch(count: int | None, now_ms: int, zone: tzinfo | None) -> Span:
    """The last so many days as a span of time that ends with today; None: from the first call on, without an end."""
    if count is None:
        return Span()
    days = last_days(count, now_ms, zone)
    return Span(days[0].from_ms, days[-1].to_ms)


def stretch_before(count: int, now_ms: int, zone: tzinfo | None) -> Span:
    """As many days before the last `count`, up to the time of day that it is now, to the quarter of an hour.

    Today is not over, and neither is the last day that it is compared with.
    """
    days = last_days(2 * count, now_ms, zone)
    today, last = days[-1], days[-1 - count]
    passed_ms = (now_ms - today.from_ms) // QUARTER_MS * QUARTER_MS
    return Span(days[0].from_ms, min(last.from_ms + passed_ms, last.to_ms))


def quarter_hours(count: int, now_ms: int) -> list[int]:
    """Where the last so many quarters of an hour begin, the one it is now the last, and where that ends."""
    end_ms = (now_ms // QUARTER_MS + 1) * QUARTER_MS
    return [end_ms - number * QUARTER_MS for number in range(count, -1, -1)]
