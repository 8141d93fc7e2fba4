"""When does a day begin? By the calendar of the user's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


def day_of(at_ms: int, zone: tzinfo | None = None) -> date:
    """The date that the calendar of `zone` (None: the system's) shows at a moment, milliseconds since the epoch."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(zone).date()


def first_moment(day: date, zone: tzinfo | None = None) -> int:
    """When `day` begins in `zone` (None: the system's), in milliseconds since the epoch.

    That is midnight; on a day that has none, for the clocks go forward then, the moment when they do.

    >>> first_moment(date(2026, 3, 2), UTC)
    1772409600000
    """
    midnight = datetime.combine(day, time())
    # not midnight.astimezone(): where there is no midnight, that is an hour early
    there = midnight if zone is None else midnight.replace(tzinfo=zone)
    return int(there.timestamp() * 1000)
