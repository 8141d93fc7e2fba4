"""Which prices are there, and why does this one apply? Questions of people to the price book."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from codesession.app.pricing import price_book
from codesession.errors import InvalidInput, UnknownModel
from codesession.meter.layers import FIRST_PARTY
from codesession.model import USAGE_FIELDS
from codesession.model.price import AppliedPrice, ListedPrice, PriceExplanation, PriceList, PriceTier
from codesession.model.terms import STANDARD, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.config import Config
    from codesession.meter import PriceBook, Rates, Resolved

DOCUMENTED = {
    "anthropic": (
        *("claude-opus-4", "claude-opus-4-6", "claude-opus-4.6", "claude-sonnet-4", "claude-sonnet-4-20250514"),
        *("claude-sonnet-4-5", "claude-sonnet-4.5", "claude-3-7-sonnet", "claude-3-5-sonnet-20241022"),
        *("claude-3.5-sonnet", "claude-3-5-haiku-20241022", "claude-3.5-haiku", "claude-3-opus-20240229"),
        *("claude-3-sonnet-20240229", "claude-3-haiku-20240307"),
    ),
    "openai": (
        *("gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "o1", "o1-mini", "o3-mini", "o4-mini"),
        *("gpt-5.1-codex-max", "gpt-5.1-codex-mini", "gpt-5.3-codex", "codex-mini-latest"),
    ),
    "google": ("gemini-2.5-flash", "gemini-2.5-pro"),
    "mistral": ("mistral-large-latest",),
    "deepseek": ("deepseek-chat", "deepseek-reasoner"),
}
"""models that the documentation names; listed under these names too, where the published list has others"""

_NANOS_PLACES = 9
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""a tier, a speed or a place, as providers write them"""


def list_prices(config: Config, say: Callable[[str], None], at_ms: int, provider: str | None = None) -> PriceList:
    """Every price at `at_ms` (milliseconds since the epoch), or those of a provider; the user's own come first.

    Raises:
        InvalidInput: no price at that provider is known.
    """
    return list_book(price_book(config, say), at_ms, provider)


def list_book(book: PriceBook, at_ms: int, provider: str | None = None) -> PriceList:
    """The same, of a book that is at hand."""
    at = _moment(at_ms)
    wanted = None if provider is None else _home(book, provider)
    rows: dict[tuple[str | None, str], ListedPrice] = {}
    for listed in _all_prices(book, at):
        if wanted is None or (listed.provider is not None and _home(book, listed.provider) == wanted):
            rows.setdefault((listed.provider, listed.model), listed)
    if wanted is not None and not rows:
        raise InvalidInput(f"No price at the provider {provider!r} is known. All there are: cs pricing list --all")
    return PriceList(tuple(rows.values()), book.catalogue.source, tuple(book.problems))


def _home(book: PriceBook, provider: str) -> str:
    """The price list's id of a provider, or its name in lower case."""
    return book.catalogue.provider_of(provider) or provider.strip().lower()


def _all_prices(book: PriceBook, at: datetime) -> Iterator[ListedPrice]:
    """Each price there is; the same key may come twice, and the first then counts."""
    for key, rates in book.custom.rows.items():
        provider, slash, model = key.strip().partition("/")
        home = provider.lower() if slash else None
        price = _listed(home, model if slash else key.strip(), rates, is_custom=True)
        yield replace(price, is_set=True)
    for home, models in DOCUMENTED.items():
        for model in models:
            found = book.resolve(home, model, at)
            if found is not None:
                yield _listed(home, model, found.rates, is_custom=found.is_custom)
    for home, model, found in book.listed(at):
        yield _listed(home, model, found.rates, is_custom=found.is_custom)


def _listed(provider: str | None, model: str, rates: Rates, *, is_custom: bool) -> ListedPrice:
    band = rates.bands[0]
    read, written = (_million(band.rate(side), rates.per) for side in ("input", "output"))
    return ListedPrice(provider, model, read, written, is_custom, first_party=provider in FIRST_PARTY)


def explain_price(
    config: Config,
    say: Callable[[str], None],
    model: str,
    at_ms: int,
    provider: str | None = None,
    terms: Terms = STANDARD,
) -> PriceExplanation:
    """Which price applies to `model` on `terms` at `at_ms` (milliseconds since the epoch), and why.

    Without `provider` it is taken from a name such as ``openai/gpt-4o``; else it is the first maker of models, or
    provider the user has priced a model of, that knows the name.

    Raises:
        InvalidInput: a name is blank.
        UnknownModel: no price is known, or none on these terms.
    """
    _check_asked(model, provider, terms)
    return explain_in(price_book(config, say), model, at_ms, provider, terms)


def explain_in(
    book: PriceBook, model: str, at_ms: int, provider: str | None = None, terms: Terms = STANDARD
) -> PriceExplanation:
    """The same, of a book that is at hand."""
    _check_asked(model, provider, terms)
    model = model.strip()
    at = _moment(at_ms)
    for home, name in [(provider.strip(), model)] if provider is not None else _readings(book, model):
        standard = list(book.all_for(home, name, at))
        if standard and (provider is not None or _says_provider(book, home, standard)):
            prices = standard if terms == STANDARD else list(book.all_for(home, name, at, terms))
            return _explanation(book, home, name, at_ms, prices, terms)
    anywhere = None if provider is not None else book.custom.anywhere(model)
    if anywhere is not None:
        prices = [anywhere] if terms == STANDARD else list(book.all_for("", model, at, terms))[:1]
        return _explanation(book, None, model, at_ms, prices, terms)
    where = f"{provider.strip()}/{model}" if provider is not None else model
    hint = "" if provider is not None else " Name its provider with --provider, or"
    raise UnknownModel(
        f"No price is known for {where}.{hint or ' You can'} set one with: cs pricing set {model} <input> <output>"
        + (f" --provider {provider.strip()}" if provider is not None else ""),
        model=model,
        provider=provider and provider.strip(),
    )


def _readings(book: PriceBook, model: str) -> Iterator[tuple[str, str]]:
    """(provider, model) pairs that the name alone may mean."""
    prefix, slash, name = model.partition("/")
    if slash and name:
        yield prefix, name
    for home in FIRST_PARTY:
        yield home, model
    for key in book.custom.rows:
        home, slash, _ = key.strip().partition("/")
        if slash and home.lower() not in FIRST_PARTY:
            yield home, model


def _says_provider(book: PriceBook, home: str, prices: list[Resolved]) -> bool:
    """Whether one of `prices` is a price at `home`, and not only one the user has set for wherever it is called."""
    homes = {home.lower(), book.catalogue.provider_of(home)}
    return any(not price.is_custom or price.model.strip().lower().partition("/")[0] in homes for price in prices)


def _check_asked(model: str, provider: str | None, terms: Terms) -> None:
    """Refuse what is no name, and what no provider can have said."""
    if not model.strip():
        raise InvalidInput("Name a model, such as: cs pricing explain claude-sonnet-4-5")
    if provider is not None and not provider.strip():
        raise InvalidInput("The provider is blank.")
    for option, word in (("tier", terms.service_tier), ("speed", terms.speed), ("geography", terms.geography)):
        if word is not None and not _WORD.fullmatch(word):
            raise InvalidInput(f"--{option} {word!r} is no word of a provider's: write it as in the request.")


def _explanation(
    book: PriceBook, provider: str | None, model: str, at_ms: int, prices: list[Resolved], terms: Terms
) -> PriceExplanation:
    if not prices:
        where = model if provider is None else f"{provider}/{model}"
        raise UnknownModel(
            f"No price of {where} is known on these terms ({terms.in_words}), so such a call is unpriced. "
            "On standard terms it has one: leave them out to see it.",
            model=model,
            provider=provider,
        )
    return PriceExplanation(
        provider,
        model,
        at_ms,
        tuple(
            AppliedPrice(
                price.provider,
                price.model,
                price.source,
                price.is_custom,
                _tiers(price.rates),
                price.start,
                price.window,
            )
            for price in prices
        ),
        tuple(book.problems),
        terms,
    )


def _tiers(rates: Rates) -> tuple[PriceTier, ...]:
    """`rates` as exact dollars."""
    return tuple(
        PriceTier(
            band.above,
            {name: _million(rate, rates.per) for name, rate in zip(USAGE_FIELDS, band.classes, strict=True)},
            _dollars(band.request, rates.per, 0),
        )
        for band in rates.bands
    )


def _million(rate: int | None, per: int) -> Decimal | None:
    """A rate as dollars for a million; None where there is none."""
    return None if rate is None else _dollars(rate, per, 6)


def _dollars(nanos: int, per: int, places: int) -> Decimal:
    """`nanos` for each `per`, a power of ten, as dollars for each 10**`places`; exact.

    >>> _dollars(3_000_000_000, 1_000_000, 6), _dollars(375, 10_000_000, 6)
    (Decimal('3'), Decimal('3.75E-8'))
    """
    zeros = len(str(per)) - 1
    figures = tuple(map(int, str(nanos)))
    return Decimal((0, figures, places - zeros - _NANOS_PLACES)).normalize()


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
