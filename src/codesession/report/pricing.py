"""How are prices shown? As documents of dollars per million tokens, and as tables."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from codesession.model import REQUESTS
from codesession.model.classes import CLASS_NAMES, KIND_OF
from codesession.report.documents import Document, document
from codesession.report.formats import iso
from codesession.report.tables import columns, harmless

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from pathlib import Path

    from codesession.model.price import AppliedPrice, ListedPrice, PriceExplanation, PriceList, PriceTier

CUSTOM = "custom"
BUILT_IN = "built-in"

WORDS = {
    "input": "Input",
    "cache_read": "Cached input, read",
    "cache_write": "Cached input, written",
    "cache_write_1h": "Cached input, written for 1 hour",
    "cache_write_other": "Cached input, written for another time",
    "input_audio": "Audio input",
    "cache_read_audio": "Cached audio, read",
    "input_image": "Image input",
    "cache_read_image": "Cached images, read",
    "input_video": "Video input",
    "output": "Output",
    "reasoning": "Reasoning",
    "output_audio": "Audio output",
    "output_image": "Image output",
    "output_video": "Video output",
    "web_searches": "1,000 web searches",
    "file_searches": "1,000 file searches",
    "rerank_searches": "1,000 reranked queries",
}
_SAME_AS = {name: kind for name, kind in KIND_OF.items() if name not in ("cache_read", "cache_write")}
"""a class that costs as much as this one goes without saying"""


# --- documents ---


def price_list_document(listed: PriceList) -> Document:
    """What ``pricing list`` answers: models by ``provider/model``, and by name alone at their makers."""
    return document({"models": by_name(listed, _row), "source": listed.source, "problems": list(listed.problems)})


def by_name(listed: PriceList, row: Callable[[ListedPrice], Document]) -> dict[str, Document]:
    """A row for each price, by ``provider/model``, and by the model's name alone at its maker."""
    models: dict[str, Document] = {}
    for price in listed.prices:
        models.setdefault(price.key, row(price))
    for price in listed.prices:
        if price.first_party:
            models.setdefault(price.model, row(price))
    return models


def price_document(explained: PriceExplanation) -> Document:
    """What ``pricing explain`` answers."""
    applied, *others = explained.prices
    return document(
        {
            "model": explained.model,
            "provider": explained.provider,
            "at": iso(explained.at_ms),
            "terms": {
                "serviceTier": explained.terms.service_tier,
                "speed": explained.terms.speed,
                "geography": explained.terms.geography,
                "batch": explained.terms.is_batch,
            },
            "known": True,
            **_applied(applied),
            "overrides": [_applied(other) for other in others],
            "problems": list(explained.problems),
        }
    )


def set_price_document(key: str, input_: Decimal, output: Decimal, path: Path) -> Document:
    """What ``pricing set`` answers."""
    return document({"key": key, "input": dollars_of(input_), "output": dollars_of(output), "path": str(path)})


def reset_prices_document(removed: int, path: Path) -> Document:
    """What ``pricing reset`` answers."""
    return document({"reset": True, "removed": removed, "path": str(path)})


def _row(price: ListedPrice) -> Document:
    return {
        "input": dollars_of(price.input),
        "output": dollars_of(price.output),
        "source": _source(is_custom=price.is_custom),
    }


def _applied(price: AppliedPrice) -> Document:
    content: Document = {
        "source": _source(is_custom=price.is_custom),
        "priceSource": price.source,
        "listedAs": price.model,
        **_tier(price.tiers[0]),
        "tiers": [{"aboveTokens": tier.above, **_tier(tier)} for tier in price.tiers[1:]],
    }
    if price.valid_from is not None:
        content["validFrom"] = price.valid_from.isoformat()
    if price.window is not None:
        content["validBetween"] = [clock.isoformat() for clock in price.window]
    return content


def _tier(tier: PriceTier) -> Document:
    content: Document = {"classes": {CLASS_NAMES[name]: dollars_of(rate) for name, rate in tier.classes.items()}}
    if tier.per_request:
        content["perRequest"] = dollars_of(tier.per_request)
    return content


def dollars_of(dollars: Decimal | None) -> float | None:
    """Dollars as the float that JSON has, rounded to 1e-10."""
    return None if dollars is None else round(float(dollars), 10)


def _source(*, is_custom: bool) -> str:
    return CUSTOM if is_custom else BUILT_IN


# --- text ---


def price_list_text(listed: PriceList, *, everything: bool) -> str:
    """The price list as a table; without `everything` what the user has set and the models' makers."""
    shown = [price for price in listed.prices if everything or price.is_set or price.first_party]
    parts = []
    if shown:
        rows = [
            (
                price.provider or "any",
                price.model,
                shown_rate(price.input),
                shown_rate(price.output),
                "yours" if price.is_custom else "",
            )
            for price in sorted(shown, key=lambda price: (not price.is_custom, price.provider or "", price.model))
        ]
        names = ("Provider", "Model", "Input", "Output", "")
        parts.append(columns("Prices in dollars per million tokens", names, rows, ("Input", "Output")))
    parts.append(f"{len(shown):,} models. Published prices: {listed.source}. Set your own with: cs pricing set")
    hidden = len(listed.prices) - len(shown)
    if hidden:
        parts.append(f"{hidden:,} more at clouds and resellers: cs pricing list --all, or --provider <name>")
    return "\n".join(parts)


def price_text(explained: PriceExplanation) -> str:
    """Which price applies, and why, in a table and words."""
    applied, *others = explained.prices
    where = f" at {explained.provider}" if explained.provider else ""
    names = ["Dollars per million tokens", "Price"]
    names += [f"Prompt above {tier.above:,}" for tier in applied.tiers[1:]]
    rows = [
        (word, *(shown_rate(counted_rate(tier, field)) for tier in applied.tiers))
        for field, word in WORDS.items()
        if any(_differs(tier, field) for tier in applied.tiers)
    ]
    if any(tier.per_request for tier in applied.tiers):
        rows.append(("Each call", *(shown_rate(tier.per_request) for tier in applied.tiers)))
    table = columns(f"{explained.model}{where}", names, rows, names[1:])
    parts = [f"Source: {listed_as(applied)}."]
    moment = datetime.fromtimestamp(explained.at_ms / 1000).astimezone().strftime("%b %d, %Y %H:%M %Z")
    terms = explained.terms.in_words
    parts.append(f"It applies to calls sent at {moment}{f', on these terms: {terms}' if terms else ''}.")
    parts += [f"It comes before {_sides(other)}: {listed_as(other)}." for other in others]
    return "\n".join([table, *map(harmless, parts)])


def counted_rate(tier: PriceTier, field: str) -> Decimal | None:
    """What is shown of a class of usage, in dollars: the price of a million tokens, or of a thousand searches."""
    rate = tier.classes[field]
    return rate.scaleb(-3) if rate is not None and field in REQUESTS else rate


def _differs(tier: PriceTier, field: str) -> bool:
    """Whether the price of this class is worth a line."""
    rate = tier.classes[field]
    return rate is not None and (field not in _SAME_AS or rate != tier.classes[_SAME_AS[field]])


def listed_as(price: AppliedPrice) -> str:
    """Where a price is from, and since when it holds."""
    return f'{price.source}, where it is "{price.model}"{_when(price)}'


def _sides(price: AppliedPrice) -> str:
    rates = price.tiers[0].classes
    return f"${shown_rate(rates['input'])} in and ${shown_rate(rates['output'])} out"


def _when(price: AppliedPrice) -> str:
    """Since when a price holds, or at which hours."""
    since = f", since {price.valid_from.isoformat()}" if price.valid_from else ""
    if price.window is None:
        return since
    begin, end = (clock.strftime("%H:%M") for clock in price.window)
    return f"{since}, from {begin} to {end} UTC"


def shown_rate(dollars: Decimal | None) -> str:
    """Dollars with their cents, and what more there is.

    >>> from decimal import Decimal
    >>> shown_rate(Decimal("3.000")), shown_rate(Decimal("0.075")), shown_rate(None)
    ('3.00', '0.075', '-')
    """
    if dollars is None:
        return "-"
    plain = f"{dollars.normalize():f}"
    whole, _, cents = plain.partition(".")
    return f"{int(whole):,}.{cents:0<2}"
