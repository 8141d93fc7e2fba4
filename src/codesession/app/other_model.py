"""What would past calls have cost on another model? The same amounts, at that model's prices of now.

The calls are read one after another, so that a million need no more room than one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import mul
from typing import TYPE_CHECKING

from codesession.app.price_list import explain_price
from codesession.app.pricing import price_book
from codesession.app.sessions import any_session
from codesession.errors import UnknownModel
from codesession.meter.layers import FIRST_PARTY
from codesession.meter.pricing import divide
from codesession.model import USAGE_FIELDS
from codesession.model.price_changes import WhatIf, WhatIfModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codesession.app.core import App
    from codesession.meter import PriceBook, Rates, Resolved
    from codesession.model import Nanos
    from codesession.model.price import PriceExplanation

_READ = USAGE_FIELDS.index("output")
"""how many of the classes are read, which come first"""
_SEARCHES = USAGE_FIELDS.index("web_searches")
_TOKENS = _SEARCHES
"""how many of the classes are tokens, which come before requests"""

_LEFT_OUT = {
    "unpriced": "without a price",
    "unread": "of which it is not known what they used",
    "unsplit": "of which only the total of tokens is known",
    "local": "on your own hardware, which cost time",
    "cached": "answered from the cache, which cost nothing",
}
_NO_PRICE = "that used what this model has no price for"

_ASSUMPTIONS = (
    "Each call has as many tokens as it had, though models count them differently.",
    "What was read from a cache or written to one would be again, at this model's own cache prices.",
    "What this model has no price of its own for costs as much as what it is a kind of: cached input as input.",
    "Reasoning is as much as it was.",
    "Where this model has a price for long prompts, each call's own prompt decides.",
    "Every call is at the standard price: no batch, service tier, speed or region.",
    "Prices are those of now, also for calls of another day or hour.",
    "Sessions of all directories count.",
)


def what_if(
    app: App,
    model: str,
    provider: str | None = None,
    since_ms: int | None = None,
    session_id: int | None = None,
) -> WhatIf:
    """What the billed calls sent from `since_ms` on, of one session or of all, would have cost on `model`.

    Raises:
        InvalidInput: a name is blank.
        UnknownModel: no price is known.
        SessionNotFound: there is no such session.
        DatabaseError: the ledger could not be read.
    """
    at_ms = app.now_ms()
    book = price_book(app.config, app.say)
    named = _named(app, book, model, provider, at_ms)
    applied = _applied(book, named)
    if session_id is not None:
        any_session(app, session_id)
    with app.ledger.reading() as tx:
        models, impossible = _priced(applied.rates, tx.paid_work(since_ms, session_id))
        unpaid = tx.unpaid_work(since_ms, session_id)
    left_out = [(_LEFT_OUT[why], count) for why, count in unpaid.items()]
    return WhatIf(
        named.provider,
        named.model,
        applied.source,
        at_ms,
        since_ms,
        session_id,
        models,
        (*left_out, *([(_NO_PRICE, impossible)] if impossible else [])),
        _ASSUMPTIONS if session_id is None else _ASSUMPTIONS[:-1],
        tuple(book.problems),
    )


def _priced(
    rates: Rates, work: Iterable[tuple[str, str, Nanos, tuple[int, ...]]]
) -> tuple[tuple[WhatIfModel, ...], int]:
    """The calls by provider and model, the largest difference first; and how many have something without a rate."""
    cost = cost_of_amounts(rates)
    sums: dict[tuple[str, str], list[int]] = {}
    impossible = 0
    for provider, model, paid, amounts in work:
        would_be = cost(amounts)
        if would_be is None:
            impossible += 1
            continue
        so_far = sums.get((provider, model))
        if so_far is None:
            so_far = sums[provider, model] = [0, 0, 0, 0]
        so_far[0] += 1
        so_far[1] += sum(amounts[:_TOKENS])
        so_far[2] += paid
        so_far[3] += would_be
    models = [WhatIfModel(*called, *amounts) for called, amounts in sums.items()]
    return tuple(sorted(models, key=lambda one: (-abs(one.difference_nanos), one.provider, one.model))), impossible


def cost_of_amounts(rates: Rates) -> Callable[[tuple[int, ...]], Nanos | None]:
    """What amounts (those of `USAGE_FIELDS`) cost: what `pricing.price` says of them, in a third of its time.

    It prices one call in 3 microseconds, so that a million takes seconds; a test holds that the two say the same.
    """
    bands = [
        (
            band.above,
            tuple(rate or 0 for rate in band.classes),
            tuple(place for place, rate in enumerate(band.classes) if rate is None),
            band.request,
        )
        for band in reversed(rates.bands)
    ]

    def cost(amounts: tuple[int, ...]) -> Nanos | None:
        prompt = sum(amounts[:_READ]) if len(bands) > 1 else 0
        _, by_class, unrated, request = next(band for band in bands if prompt > band[0])
        for place in unrated:
            if amounts[place]:
                return None
        total = request + sum(map(mul, amounts, by_class))
        if rates.at_most_one and amounts[_SEARCHES] > 1:
            total -= (amounts[_SEARCHES] - 1) * by_class[_SEARCHES]
        return divide(total, rates.per)

    return cost


# --- which model is meant ---


def _named(app: App, book: PriceBook, model: str, provider: str | None, at_ms: int) -> PriceExplanation:
    """The model by its own provider; of one that is not known, what has nearly that name is told."""
    try:
        return explain_price(app.config, lambda _: None, model, at_ms, provider)
    except UnknownModel as error:
        near = _near(book, model, provider, at_ms)
        if not near:
            raise
        raise UnknownModel(error.message, **error.extra, hint=f"Did you mean {' or '.join(near)}?") from None


def _near(book: PriceBook, model: str, provider: str | None, at_ms: int) -> list[str]:
    """Names of models that have a price and are nearly that one."""
    from difflib import get_close_matches

    homes = FIRST_PARTY if provider is None else (book.catalogue.provider_of(provider),)
    known = {name for home, name, _ in book.listed(_moment(at_ms)) if home in homes}
    return get_close_matches(model.strip().lower(), sorted(known), 3)


def _applied(book: PriceBook, named: PriceExplanation) -> Resolved:
    """The rates of a model that has a price."""
    if named.provider is None:
        found = book.custom.anywhere(named.model)
    else:
        found = book.resolve(named.provider, named.model, _moment(named.at_ms))
    assert found is not None  # noqa: S101 - it has just been explained
    return found


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
