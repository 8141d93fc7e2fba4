"""What does the page of prices show? The models used, those without a price, every price there is, and hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model.classes import CLASS_NAMES, KIND_OF
from codesession.report.evidence import Figure, figure_of
from codesession.report.pricing import CUSTOM, WORDS, by_name, counted_rate, dollars_of, listed_as, shown_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from codesession.model import Evidence
    from codesession.model.analysis import Spent, SpentByModel
    from codesession.model.price import AppliedPrice, ListedPrice, PriceExplanation, PriceList
    from codesession.report.documents import Document

    Explained = Mapping[tuple[str | None, str], PriceExplanation | None]

_PLAIN = ("input", "output", "cache_read", "cache_write")
"""the classes that have a column of their own, in order"""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A model with the price that applies to it now, in dollars per million tokens."""

    provider: str | None
    """None: wherever it is called"""
    model: str
    applied: AppliedPrice | None
    """None: no price is known"""
    is_set: bool = False
    """whether the user has set one for just this"""

    @property
    def key(self) -> str:
        """``provider/model``, or the model alone."""
        return self.model if self.provider is None else f"{self.provider}/{self.model}"

    def rate(self, name: str) -> Decimal | None:
        """What a million of a class of usage costs, in the first step; None where no price is known."""
        return None if self.applied is None else self.applied.tiers[0].classes[name]

    @property
    def rates(self) -> Sequence[str]:
        """The rates that have a column, as they are shown."""
        return [shown_rate(self.rate(name)) for name in _PLAIN]

    @property
    def source(self) -> str:
        """Where the price is from."""
        return "" if self.applied is None else listed_as(self.applied)

    @property
    def is_own(self) -> bool:
        """Whether a price of the user's applies."""
        return self.applied is not None and self.applied.is_custom

    @property
    def said(self) -> dict[str, str]:
        """What the fields in which its price is set begin with: its names, and the rates that the user has set."""
        said = {"model": self.model, "provider": self.provider or ""}
        if not self.is_set:
            return said
        as_input = self.rate("input")
        for name in _PLAIN:
            rate = self.rate(name)
            if rate is not None and (name not in KIND_OF or rate != as_input):
                said[CLASS_NAMES[name]] = format(rate, "f")
        return said

    def more(self) -> list[tuple[str, list[str]]]:
        """The other classes whose price is not that of their kind, in words, with their rate in each step."""
        if self.applied is None:
            return []
        tiers = self.applied.tiers
        told = [
            (word, [shown_rate(counted_rate(tier, name)) for tier in tiers])
            for name, word in WORDS.items()
            if any(_is_told(tier.classes, name, is_stepped=len(tiers) > 1) for tier in tiers)
        ]
        if any(tier.per_request for tier in tiers):
            told.append(("Each call", [shown_rate(tier.per_request) for tier in tiers]))
        return told

    @property
    def steps(self) -> list[str]:
        """What the columns of `more` are called: the price, and those above so many tokens of a prompt."""
        tiers = () if self.applied is None else self.applied.tiers
        return ["Price", *(f"Prompt above {tier.above:,}" for tier in tiers[1:])]


def _is_told(rates: Mapping[str, Decimal | None], name: str, *, is_stepped: bool) -> bool:
    rate = rates[name]
    if rate is None:
        return False
    if name in _PLAIN:
        return is_stepped
    return name not in KIND_OF or rate != rates[KIND_OF[name]]


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A model of the ledger's calls, with its price."""

    row: PriceRow
    figure: Figure

    @property
    def spent(self) -> Spent:
        """What it has come to, ever."""
        return self.figure.spent


@dataclass(frozen=True, slots=True)
class PricePage:
    """Prices, as far as they are shown."""

    used: Sequence[UsedModel]
    """dearest first"""
    unpriced: Sequence[UsedModel]
    """those with calls that have no cost, the most calls first"""
    rows: Sequence[PriceRow]
    """a page of all there are, the user's own first"""
    total: int
    """how many there are on all pages"""
    own: int
    """how many prices the user has set"""
    source: str
    """which published list it is"""
    problems: Sequence[str]

    @property
    def unpriced_calls(self) -> int:
        """Calls that have no cost, as no price is known."""
        return sum(used.spent.unpriced for used in self.unpriced)


def matching(listed: PriceList, search: str) -> list[ListedPrice]:
    """The prices whose provider and model have every word of `search` in them, the user's own first."""
    words = search.lower().split()
    found = [price for price in listed.prices if all(word in price.key.lower() for word in words)]
    return sorted(found, key=lambda price: (not price.is_set, not price.first_party, price.provider or "", price.model))


def used_models(found: Iterable[SpentByModel], most: int) -> list[tuple[str, str, Figure]]:
    """The models of the ledger's calls, those with unpriced calls first and then the dearest; at most `most`."""
    parts: dict[tuple[str, str], list[tuple[Evidence, Spent]]] = {}
    for one in found:
        parts.setdefault((one.provider, one.model), []).append((one.evidence, one.spent))
    used = [(provider, model, figure_of(by)) for (provider, model), by in parts.items()]
    used.sort(key=lambda one: (not one[2].spent.unpriced, -one[2].spent.cost_nanos, one[0], one[1]))
    return used[:most]


def price_page(
    listed: PriceList,
    page: Sequence[ListedPrice],
    total: int,
    used: Iterable[tuple[str, str, Figure]],
    explained: Explained,
    problems: Sequence[str],
) -> PricePage:
    """The page, of a `page` of the `total` prices that are looked for and the models that were `used`."""
    own = {price.key.lower() for price in listed.prices if price.is_set}

    def row(provider: str | None, model: str) -> PriceRow:
        found = explained.get((provider, model))
        price = PriceRow(provider, model, found.prices[0] if found else None)
        return PriceRow(provider, model, price.applied, price.key.lower() in own)

    models = [UsedModel(row(provider, model), figure) for provider, model, figure in used]
    lacking = sorted((one for one in models if one.spent.unpriced), key=lambda one: -one.spent.unpriced)
    dearest = sorted(models, key=lambda one: -one.spent.cost_nanos)
    rows = [row(price.provider, price.model) for price in page]
    return PricePage(dearest, lacking, rows, total, len(own), listed.source, problems)


# --- documents ---


def pricing_document(listed: PriceList) -> Document:
    """What ``GET /pricing`` answers: dollars per million by ``provider/model``, and by name alone at their makers."""
    return by_name(listed, _sides)


def _sides(price: ListedPrice) -> Document:
    return {"input": dollars_of(price.input), "output": dollars_of(price.output)}


def prices_document(view: PricePage) -> Document:
    """What ``GET /prices`` answers: a page of prices, with where each is from."""
    return {
        "prices": [_row(row) for row in view.rows],
        "total": view.total,
        "unpriced": [
            {"provider": one.row.provider, "model": one.row.model, "calls": one.spent.unpriced} for one in view.unpriced
        ],
        "source": view.source,
        "problems": list(view.problems),
    }


def _row(row: PriceRow) -> Document:
    classes = {} if row.applied is None else row.applied.tiers[0].classes
    return {
        "key": row.key,
        "provider": row.provider,
        "model": row.model,
        "input": dollars_of(row.rate("input")),
        "output": dollars_of(row.rate("output")),
        "source": CUSTOM if row.is_own else "built-in",
        "priceSource": row.source,
        "own": row.is_set,
        "classes": {CLASS_NAMES[name]: dollars_of(rate) for name, rate in classes.items()},
    }
