"""What does the page of insights show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.report.evidence import known_cost
from codesession.report.formats import project_name
from codesession.report.insights import InsightsView, insights_view
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from codesession.model.analysis import Spent
    from codesession.web.pages import Asked

STRETCHES = ("90", "30", "365", "all")
"""Of how many days the page can tell; the first unless another is asked for."""
SHADES = ("cost", "sessions", "calls")

_MOST_ROWS = 20


class Shown(NamedTuple):
    """The page of insights and how it is drawn."""

    found: InsightsView
    days: str
    by: str

    @property
    def listing(self) -> Listing:
        """The addresses of the page, asked for otherwise."""
        return Listing("/insights", {"days": self.days, "by": self.by}, {"days": STRETCHES[0], "by": SHADES[0]})

    def stretches(self) -> list[tuple[str, str, bool]]:
        """The choice between the stretches: word, address, whether it is this one."""
        words = {"30": "30d", "90": "90d", "365": "1y", "all": "All"}
        return [(word, self.listing.at(days=key), key == self.days) for key, word in words.items()]

    def shades(self) -> list[tuple[str, str, bool]]:
        """The choice between what the week is shaded by."""
        return [(word.capitalize(), self.listing.at(by=word), word == self.by) for word in SHADES]

    def name(self, directory: str) -> str:
        """A project as it is called."""
        return project_name(directory)

    def cost(self, spent: Spent) -> int | None:
        """What is known of a cost."""
        return known_cost(spent)


def view(asked: Asked) -> Shown:
    """The page of insights, telling of as many days as ``days`` says, the week shaded by what ``by`` says."""
    days, by = asked.choice("days", STRETCHES), asked.choice("by", SHADES)
    count = None if days == "all" else int(days)
    found = insights_view(asked.app.ledger, count, asked.now_ms, asked.zone, by=by, most=_MOST_ROWS)
    return Shown(found, days, by)
