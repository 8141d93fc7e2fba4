"""What does the first page show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.report.days import short_date
from codesession.report.overview import STRETCHES, Overview, overview
from codesession.report.overview_charts import OverviewCharts, overview_charts
from codesession.report.tokens import cache_share

if TYPE_CHECKING:
    from codesession.web.pages import Asked


class Shown(NamedTuple):
    """The first page and how it is drawn."""

    overview: Overview
    charts: OverviewCharts
    stretches: tuple[int, ...] = tuple(sorted(STRETCHES))
    """between how many days there is a choice"""

    @property
    def month(self) -> str:
        """What is projected, by its name."""
        return f"Projected, {self.overview.month.first:%B}"

    @property
    def cached(self) -> float | None:
        """How much of what was read came from the providers' caches, from 0 to 1; None where nothing was read."""
        return cache_share(self.overview.whole.spent.usage)

    @property
    def began_before(self) -> str | None:
        """The day of the first call, if what was spent before the stretch is of fewer days than that for it."""
        since = self.overview.since
        return None if since is None else short_date(since)


def view(asked: Asked) -> Shown:
    """The first page, telling of as many days as ``days`` says."""
    days = int(asked.choice("days", tuple(map(str, STRETCHES))))
    found = overview(asked.app.ledger, asked.now_ms, asked.zone, days)
    return Shown(found, overview_charts(found, asked.zone))
