"""What does a model cost? The price book, as the proxy and the commands that must be quick use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter import Catalogue, PriceBook, PricesUnavailable, ensure_shards
from codesession.meter.pricing import per_million, price

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.app.core import App
    from codesession.config import Config
    from codesession.model import Nanos, Usage

BUILT_IN = "built-in"
CUSTOM = "custom"


class Priced(NamedTuple):
    """What a usage of a model costs, and by which price."""

    cost_nanos: Nanos | None
    """None when no price is known, or none for what was used"""
    source: str
    """``custom`` for the user's own price, ``built-in`` otherwise"""
    price_source: str
    """the same for the ledger, with version; empty when no price is known"""
    input_per_million: Nanos | None
    """nano-dollars per million tokens read, in the tier of this usage"""
    output_per_million: Nanos | None
    known: bool
    """whether there is a price for the model"""


def price_book(config: Config, say: Callable[[str], None]) -> PriceBook:
    """Every price there is; says what cannot be used. What it does not know is unpriced."""
    problem: str | None = None
    try:
        catalogue = Catalogue(ensure_shards(config.data_dir))
    except PricesUnavailable as error:
        problem = error.message
        catalogue = Catalogue(None)
    book = book_over(config, catalogue, problem)
    if problem is not None:
        others = "Every call but those of the models you have priced" if book.custom.rows else "Every call"
        say(f"{problem} {others} will be unpriced.")
    for sentence in book.custom.problems:
        say(sentence)
    return book


def shards_in_use(config: Config) -> str | None:
    """Which published list is in use; None: there is none, which the book over it says."""
    try:
        return str(ensure_shards(config.data_dir))
    except PricesUnavailable:
        return None


def book_over(config: Config, catalogue: Catalogue, problem: str | None = None) -> PriceBook:
    """The prices of a published `catalogue`, with those of the user's that come before them."""
    sold_as = {name: settled.prices for name, settled in config.providers.items() if settled.prices}
    return PriceBook(config.data_dir, catalogue, problem, sold_as)


def price_of(app: App, provider: str, model: str, usage: Usage, at_ms: int) -> Priced:
    """What `usage` of `model` costs at `provider` when sent at `at_ms`, milliseconds since the epoch."""
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    found = price_book(app.config, app.problem).resolve(provider, model, at)
    if found is None:
        return Priced(None, BUILT_IN, "", None, None, known=False)
    band = found.rates.band(usage.prompt_tokens)
    return Priced(
        price(found.rates, usage),
        CUSTOM if found.is_custom else BUILT_IN,
        found.source,
        per_million(band.rate("input"), found.rates.per),
        per_million(band.rate("output"), found.rates.per),
        known=True,
    )
