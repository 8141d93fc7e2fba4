"""What does the page of models show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.report.hardware import UNRATED, cost_text, time_text
from codesession.report.model_charts import ModelCharts, model_charts
from codesession.report.model_use import ORDERS, ModelsView, ModelUse, models_view, sorted_models
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.web.pages import Asked

STRETCHES = ("30", "7", "90", "all")
"""Of how many days the page can tell; the first unless another is asked for."""


_MANY = 100


def ratio_words(ratio: float) -> str:
    """How many tokens were read for each one written.

    >>> ratio_words(7.46)
    '7.5 : 1'
    """
    return f"{ratio:,.{2 if ratio < 1 else 1 if ratio < _MANY else 0}f} : 1"


class Shown(NamedTuple):
    """The page of models and how it is drawn."""

    use: ModelsView
    charts: ModelCharts
    rows: Sequence[ModelUse]
    """of the table, in the order in force"""
    days: str
    order: str
    is_descending: bool
    most_ratio: float
    """the largest there is; 0 where there is none"""
    hardware: Sequence[tuple[str, str, str, str]]
    """name, calls, time and cost of the user's own hardware"""

    def stretches(self) -> list[tuple[str, str, bool]]:
        """The choice between the stretches: word, address, whether it is this one."""
        words = {"7": "7d", "30": "30d", "90": "90d", "all": "All"}
        return [(word, self.listing.at(days=key), key == self.days) for key, word in words.items()]

    def ratio_words(self, use: ModelUse) -> str | None:
        """How many tokens a model read for each one it wrote; None where it wrote none."""
        return None if use.ratio is None else ratio_words(use.ratio)

    @property
    def listing(self) -> Listing:
        """The addresses of the page, asked for otherwise."""
        said = {"days": self.days, "sort": self.order, "dir": "desc" if self.is_descending else "asc"}
        return Listing("/models", said, {"days": STRETCHES[0], "sort": "cost", "dir": "desc"})

    def sorted_by(self, order: str, down: bool) -> str:  # noqa: FBT001 - as the macro of columns calls it
        """Where the table is sorted so."""
        return self.listing.sorted_by(order, down)


def view(asked: Asked) -> Shown:
    """The page of models, telling of as many days as ``days`` says, sorted as ``sort`` and ``dir`` say."""
    days = asked.choice("days", STRETCHES)
    found = models_view(asked.app.ledger, None if days == "all" else int(days), asked.now_ms, asked.zone)
    order, is_descending = asked.choice("sort", tuple(ORDERS)), asked.choice("dir", ("desc", "asc")) == "desc"
    return Shown(
        found,
        model_charts(found),
        sorted_models(found.models, order, descending=is_descending),
        days,
        order,
        is_descending,
        max((use.ratio or 0 for use in found.models), default=0),
        [
            (worked.hardware or UNRATED, f"{worked.calls:,}", time_text(worked), cost_text(worked))
            for worked in found.hardware
        ],
    )
