"""What does the page of prices show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.app import list_local_models, price_board
from codesession.model.local import PRESETS, per_hour
from codesession.report.hardware import UNRATED, cost_text, time_text
from codesession.report.local_models import how_rated
from codesession.report.price_page import PricePage, matching, price_page, used_models
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model.local import LocalModel, LocalRates
    from codesession.web.pages import Asked

_A_PAGE = 25
_MOST_USED = 60
_FURTHEST = 100_000


class Shown(NamedTuple):
    """The page of prices and how it is drawn."""

    prices: PricePage
    rates: LocalRates
    worked: Sequence[tuple[str, str, str, str]]
    """name, calls, time and cost of the user's own hardware"""
    search: str
    offset: int
    limit: int
    named: tuple[str, str]
    """provider and model whose price somebody came here to set; empty: of none"""
    presets: Sequence[tuple[str, str]]

    def address(self, offset: int) -> str:
        """Where another page of prices is."""
        return Listing("/pricing", {"q": self.search}).page(offset) + "#all-prices"

    def per_hour(self, model: LocalModel) -> str:
        """What an hour of it costs."""
        return per_hour(model.nanos_per_hour)

    def how(self, model: LocalModel) -> str:
        """How its rate was got."""
        return how_rated(model)


def view(asked: Asked) -> Shown:
    """Prices, those that ``q`` looks for from ``offset`` on; of ``model`` at ``provider`` one is to be set."""
    board = price_board(asked.app.config, asked.now_ms)
    rates = list_local_models(asked.app)
    with asked.app.ledger.reading() as reader:
        used = used_models(reader.spent_by_model(), _MOST_USED)
    search = asked.query.get("q", "").strip()[:200]
    found = matching(board.listed, search)
    offset = min(asked.count("offset", 0, _FURTHEST), max(len(found) - 1, 0) // _A_PAGE * _A_PAGE)
    page = found[offset : offset + _A_PAGE]
    names = [(provider, model) for provider, model, _ in used]
    explained = board.explain([*names, *((price.provider, price.model) for price in page)])
    return Shown(
        price_page(board.listed, page, len(found), used, explained, (*board.problems, *rates.problems)),
        rates,
        [
            (worked.hardware or UNRATED, f"{worked.calls:,}", time_text(worked), cost_text(worked))
            for worked in rates.hardware
        ],
        search,
        offset,
        _A_PAGE,
        (asked.query.get("provider", "")[:100], asked.query.get("model", "")[:200]),
        [(name, per_hour(nanos)) for name, nanos in PRESETS.items()],
    )
