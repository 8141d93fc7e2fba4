"""What will it come to? An estimate of the days to come, from what days cost of late.

A coming day is expected to cost what the same weekday cost on average in the last four weeks, for people rest at
weekends. With less than two weeks of history there is but one of each weekday, or none: then every coming day is
expected to cost what a day has cost on average. Days before the first call are no history: nothing is known of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.report.days import short_date
from codesession.report.formats import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from codesession.model import Nanos

HISTORY_DAYS = 28
"""How many whole days an estimate is made from, at most."""
_FEW_DAYS = 14
"""From so many on, each weekday is looked at for itself."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What is expected of coming days."""

    history: Sequence[tuple[date, Nanos]]
    """the whole days that it is made from, none before the first call"""

    @property
    def day_average(self) -> Nanos | None:
        """What a day cost on average; None: no whole day has passed since the first call."""
        return _mean([cost for _, cost in self.history])

    @property
    def is_by_weekday(self) -> bool:
        """Whether each weekday is looked at for itself."""
        return len(self.history) >= _FEW_DAYS

    def expected(self, day: date) -> Nanos | None:
        """What `day` is expected to cost; None: nothing is known."""
        if not self.is_by_weekday:
            return self.day_average
        return _mean([cost for past, cost in self.history if past.weekday() == day.weekday()])

    def total(self, days: Sequence[date]) -> Nanos | None:
        """What `days` are expected to cost together; None: nothing is known."""
        expected = [self.expected(day) for day in days]
        return sum(cost for cost in expected if cost is not None) if self.history else None

    def rest_of_today(self, today: date, spent: Nanos) -> Nanos:
        """What is still expected of today, of which so much was `spent`; nothing where that is more than expected."""
        return max(0, (self.expected(today) or 0) - spent)

    @property
    def method(self) -> str:
        """How it is got, in a sentence."""
        if not self.history:
            return "Nothing is projected before one whole day has passed since the first call."
        days = plural(len(self.history), "whole day")
        since = f"the last {days} (since {short_date(self.history[0][0])})"
        if self.is_by_weekday:
            return f"Projected: each coming day at the average of its weekday in {since}."
        return f"Projected: each coming day at the average of {since}."


def _mean(costs: Sequence[Nanos]) -> Nanos | None:
    return (sum(costs) + len(costs) // 2) // len(costs) if costs else None
