"""When does a window begin and end? By the calendar of the user's time zone."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from codesession.model import Window
from codesession.model.days import day_of, first_moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, tzinfo


def span(window: Window, now_ms: int, zone: tzinfo | None = None) -> tuple[int, int | None]:
    """The beginning and end, in milliseconds since the epoch, of the `window` that `now_ms` lies in.

    Days, weeks (from Monday) and months begin at midnight in `zone` (None: the system's); on a day that has no
    midnight, for the clocks go forward then, at its first moment. ``session`` and ``total`` have neither end.

    >>> from datetime import timezone
    >>> span(Window.DAY, 1_772_452_800_000, timezone.utc)  # noon of 2 March 2026
    (1772409600000, 1772496000000)
    """
    if window not in _BOUNDS:
        return 0, None
    return _bounds(window, day_of(now_ms, zone), zone)


@lru_cache(maxsize=64)
def _bounds(window: Window, today: date, zone: tzinfo | None) -> tuple[int, int]:
    first, after = _BOUNDS[window](today)
    return first_moment(first, zone), first_moment(after, zone)


def _day(today: date) -> tuple[date, date]:
    return today, today + timedelta(days=1)


def _week(today: date) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday())
    return monday, monday + timedelta(days=7)


def _month(today: date) -> tuple[date, date]:
    first = today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


if TYPE_CHECKING:
    from collections.abc import Callable

_BOUNDS: Mapping[Window, Callable[[date], tuple[date, date]]] = {
    Window.DAY: _day,
    Window.WEEK: _week,
    Window.MONTH: _month,
}
