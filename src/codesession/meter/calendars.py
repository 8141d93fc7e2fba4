"""On which days and at which hours is a price another? What the published list cannot say, with its source.

DeepSeek bills half of its peak rates off-peak. Peak hours are 09:00 to 12:00 and 14:00 to 18:00 in Beijing, since
Monday, 2026-08-17, and since Sunday, 2026-08-23, on Mondays to Fridays that are no Chinese public holidays only. Rules
begin and end at midnight in Beijing, which is UTC+8 all year. The days are days in Beijing too: for these hours that
comes to the same as UTC days. That holidays are left out is by readers of the Chinese page, such as
https://github.com/J-Chien/dsh-meter (read 2026-11-28); the copies of the English one do not say so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

SOURCE = "https://api-docs.deepseek.com/quick_start/pricing"
READ = date(2026, 11, 28)
"""the day the source was read"""

BEIJING = timezone(timedelta(hours=8))

PROVIDER = "deepseek"
MODELS = ("deepseek-flash", "deepseek-v4-")
"""beginnings of the ids of the models that have peak hours"""

PEAK_FACTOR = "2"

_FRIDAY = 5


class _Hours(NamedTuple):
    begin: time
    """in Beijing, as `end`"""
    end: time
    utc: tuple[time, time]


_PEAK_HOURS = (
    _Hours(time(9), time(12), (time(1), time(4))),
    _Hours(time(14), time(18), (time(6), time(10))),
)
_PEAKS_SINCE = date(2026, 8, 17)
_WEEKENDS_SINCE = date(2026, 8, 23)

# Days off by the notice of the State Council for 2026 (https://politics.gmw.cn/2025-11/04/content_38391083.htm, read
# 2026-11-28). Working weekends are weekends. That for 2027 was not found yet, but New Year is one by law.
_HOLIDAYS = frozenset(
    (
        date(2026, 9, 25),
        *(date(2026, 10, day) for day in range(1, 8)),
        date(2027, 1, 1),
    )
)
"""Chinese public holidays since the rule is known to leave them out"""


def has_peaks(provider: str, model: str) -> bool:
    """Whether that `model` of `provider` (the list's ids) has peak hours."""
    return provider == PROVIDER and model.startswith(MODELS)


def in_beijing(at: datetime) -> datetime:
    """`at` by the clock in Beijing (a time without zone is UTC)."""
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(BEIJING)


def peak_hours(at: datetime) -> tuple[time, time] | None:
    """The UTC times of day between which DeepSeek's peak rates apply, if they do at `at` (without zone it is UTC).

    >>> peak_hours(datetime(2026, 11, 27, 1, tzinfo=UTC)), peak_hours(datetime(2026, 11, 28, 1, tzinfo=UTC))
    ((datetime.time(1, 0), datetime.time(4, 0)), None)
    """
    there = in_beijing(at)
    day, clock = there.date(), there.time()
    is_workday = day.isoweekday() <= _FRIDAY and day not in _HOLIDAYS
    if day < _PEAKS_SINCE or (day >= _WEEKENDS_SINCE and not is_workday):
        return None
    return next((hours.utc for hours in _PEAK_HOURS if hours.begin <= clock < hours.end), None)
