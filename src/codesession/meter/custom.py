"""Which price has the user set? From ``pricing.json``, over everything published.

::

    {"openai/gpt-4o":  {"input": 2.5, "output": 10},                        at one provider, dollars per million tokens
     "claude-sonnet-4-5": {"input": 3, "output": 15, "cacheRead": 0.3}}     wherever the model is called

A row may name further classes (`CLASS_NAMES`); one that is not named is billed as what it is a kind of. Under
``batch``, ``flex``, ``priority`` or ``fast`` it may say, in a row of the same form, what those cost. A model is
looked up under ``provider/model`` first, in each spelling `names` knows, the exact one before others, and then under
its name alone, at last without the maker's prefix. A key that begins with a provider of the published list is that
provider's: ``openai/gpt-4o`` is not the price of the model of that name at OpenRouter.

The file is looked at before each answer and read again when it has changed, so a running proxy takes new prices.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from codesession.meter.catalogue import Resolved
from codesession.meter.names import spellings
from codesession.meter.pricing import PER_MILLION, Rates, band_of
from codesession.meter.terms import name_of
from codesession.meter.userfiles import MOST_DOLLARS, exact_dollars, file_mark, read_json
from codesession.model.classes import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from codesession.meter.names import ProviderOf

FILE = "pricing.json"
SOURCE = f"custom ({FILE})"

ON_TERMS = ("batch", "flex", "priority", "fast")
"""the terms, as `terms.name_of` has them, for which a row may have a price of its own"""

_NANO_PLACES = 9
_NAMES_KEPT = 4096

_SAME_PROVIDER = {"bedrock": "aws", "gemini": "google", "mistralai": "mistral", "xai": "x-ai"}
"""names of providers in a key, and the price list's id of the same"""


class CustomPrices:
    """The user's prices, as the file `path` holds them at each moment.

    `provider_of` is the price list's word for a provider, where it has one.
    """

    def __init__(self, path: Path, provider_of: ProviderOf) -> None:
        self._path = path
        self._published = provider_of
        self._mark: tuple[int, int, int] | None = None
        self._rows: dict[str, Rates] = {}
        self._known: dict[str, tuple[str, Rates]] = {}
        self._anywhere: dict[str, tuple[str, Rates]] = {}
        self._on_terms: dict[str, dict[str, Rates]] = {}
        self._problems: tuple[str, ...] = ()
        self._found = lru_cache(_NAMES_KEPT)(self._find)

    @property
    def rows(self) -> Mapping[str, Rates]:
        """The rates by key, as the keys stand in the file."""
        self._refresh()
        return self._rows

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for the file, or for each row of it, that cannot be used."""
        self._refresh()
        return self._problems

    def resolve(self, provider: str, model: str, at: datetime) -> Resolved | None:
        """The user's price of `model` at `provider`, which holds at any time; None when there is none."""
        del at
        self._refresh()
        return self._found(provider, model) if self._known else None

    def on_basis(self, provider: str, model: str, basis: str) -> Resolved | None:
        """The user's price of `model` at `provider` on other terms, where the row that applies says one.

        `basis` is that of `terms.basis_of`.
        """
        self._refresh()
        found = self._found(provider, model) if self._known else None
        name = name_of(basis)
        rates = None if found is None else self._on_terms.get(found.model, {}).get(name)
        if found is None or rates is None:
            return None
        return found._replace(rates=rates, source=f"{SOURCE}, {name}")

    def anywhere(self, model: str) -> Resolved | None:
        """The user's price of `model` wherever it is called."""
        self._refresh()
        return self._first(self._anywhere, (name for _, name in spellings("", model, self._provider)), "")

    def _find(self, provider: str, model: str) -> Resolved | None:
        home = self._provider(provider)
        said = provider.strip().lower()
        names = list(spellings(home, model, self._provider))
        there = self._first(self._known, _keys_at_provider(said, home, names), home)
        return there or self._first(self._anywhere, _keys_anywhere(names), home)

    def _first(self, rows: Mapping[str, tuple[str, Rates]], keys: Iterable[str], provider: str) -> Resolved | None:
        for key in keys:
            if key in rows:
                name, rates = rows[key]
                return Resolved(provider, name, rates, SOURCE, is_custom=True, biller=provider)
        return None

    def _provider(self, name: str) -> str:
        return self._published(name) or name.strip().lower()

    def _refresh(self) -> None:
        """Read the file again if it is not the one that was read last."""
        mark = file_mark(self._path)
        if mark == self._mark:
            return
        content, problem = read_json(self._path)
        rows, problems = read_rows(content, self._path) if problem is None else ({}, [f"{problem} It is ignored."])
        on_terms, more = _read_on_terms(content, rows, self._path)
        known: dict[str, tuple[str, Rates]] = {}
        anywhere: dict[str, tuple[str, Rates]] = {}
        for key, rates in rows.items():
            lowered = key.strip().lower()
            prefix, slash, name = lowered.partition("/")
            known[lowered] = (key, rates)
            if slash and prefix in _SAME_PROVIDER:
                known.setdefault(f"{_SAME_PROVIDER[prefix]}/{name}", (key, rates))
            if not slash or self._published(prefix) is None:
                anywhere[lowered] = (key, rates)
        self._rows, self._known, self._anywhere, self._problems = rows, known, anywhere, (*problems, *more)
        self._on_terms = on_terms
        self._found = lru_cache(_NAMES_KEPT)(self._find)
        self._mark = mark


def _keys_at_provider(said: str, home: str, names: list[tuple[str, str]]) -> Iterator[str]:
    """The keys of a price at one provider, the most exact first: as the provider was named, then by the list's id."""
    for road, name in names:
        if road == home and said != home:
            yield f"{said}/{name}"
        yield f"{road}/{name}"


def _keys_anywhere(names: list[tuple[str, str]]) -> Iterator[str]:
    """The keys of a price wherever a model is called: its names, and at last those without the maker's prefix."""
    for _, name in names:
        yield name
    for _, name in names:
        yield name.rpartition("/")[2]


def read_rows(content: object, path: Path) -> tuple[dict[str, Rates], list[str]]:
    """The usable rows of `content` by key, and a sentence for what is not usable."""
    if content is None:
        return {}, []
    if not isinstance(content, dict):
        return {}, [f"{path} holds no object of prices by model. It is ignored."]
    rows: dict[str, Rates] = {}
    problems: list[str] = []
    for key, row in content.items():
        rates = _read_row(row) if key.strip() else "its key is blank"
        if isinstance(rates, Rates):
            rows[key] = rates
        else:
            problems.append(f"{path}: the price of {key!r} is ignored: {rates}.")
    return rows, problems


def _read_on_terms(
    content: object, rows: Mapping[str, Rates], path: Path
) -> tuple[dict[str, dict[str, Rates]], list[str]]:
    """What the usable `rows` of `content` say of other terms, by key and terms; a sentence for what is not usable."""
    found: dict[str, dict[str, Rates]] = {}
    problems: list[str] = []
    if not isinstance(content, dict):
        return found, problems
    for key in rows:
        for name in ON_TERMS:
            if name in content[key]:
                rates = _read_row(content[key][name])
                if isinstance(rates, Rates):
                    found.setdefault(key, {})[name] = rates
                else:
                    problems.append(f"{path}: the price of {key!r} for {name} is ignored: {rates}.")
    return found, problems


def _read_row(row: object) -> Rates | str:
    """The rates of one row, or why there are none."""
    if not isinstance(row, dict):
        return 'it is not of the form {"input": 2.5, "output": 10}'
    exact: dict[str, tuple[int, int]] = {}
    for field, name in CLASS_NAMES.items():
        if name in row:
            dollars = exact_dollars(row[name])
            if dollars is None:
                return f"{name} is not a number of dollars from 0 to {MOST_DOLLARS:,}"
            exact[field] = dollars
    missing = [side for side in ("input", "output") if side not in exact]
    return f"{missing[0]} is missing" if missing else _rates(exact)


def _rates(exact: Mapping[str, tuple[int, int]]) -> Rates:
    """Rates of dollars per million given as (digits, exponent), in whole nano-dollars of so many tokens."""
    finer = max(0, *(-exponent - _NANO_PLACES for _, exponent in exact.values()))
    band = {field: digits * 10 ** (exponent + _NANO_PLACES + finer) for field, (digits, exponent) in exact.items()}
    return Rates((band_of(band),), PER_MILLION * 10**finer)
