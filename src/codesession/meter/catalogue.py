"""Which rate applies to a provider, a model and a moment?

The price list lies in a directory of shards, one JSON file for each provider, made by `snapshot`. A shard is read when
a model of its provider is first asked for, and a model's row is understood when that model is; both are then kept.
What holds *now* is never kept: prices change on a date and by the hour.

::

    index.json         {"version": "0.2.3", "providers": {"x-ai": ["equals", "xai"], "avian": null, …}, "problems": […]}
    <provider>.json    {"fallbacks": ["openai", …], "models": [{"id": …, "match": …, "prices": […]}, …]}

The rows of ``models`` are in the published order, and the first that fits wins; see `clauses` and `listing`.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.meter import pricing
from codesession.meter.clauses import matches
from codesession.meter.listing import Listing, read_listing
from codesession.meter.names import spellings
from codesession.meter.terms import basis_of, name_of
from codesession.model import Cost
from codesession.model.terms import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, time
    from pathlib import Path

    from codesession.meter.pricing import Rates
    from codesession.model import Nanos, Usage
    from codesession.model.terms import Terms

INDEX = "index.json"
"""the file that is there when, and only when, a set of shards is complete"""

_NAMES_KEPT = 4096
"""how many (provider, model) answers a catalogue remembers; names come from requests, so their number has a bound"""


class Resolved(NamedTuple):
    """What the price list says about a model at a moment."""

    provider: str
    """the provider in whose list the price stands: ``openai`` for a GPT model at azure"""
    model: str
    """the list's own id of the model"""
    rates: Rates
    source: str
    """the list and its version, such as ``genai-prices 0.2.3``"""
    start: date | None = None
    """the UTC day from which these rates hold; None for always"""
    window: tuple[time, time] | None = None
    """the UTC times of day between which they hold, if only then"""
    is_custom: bool = False
    """whether the user has set them"""
    biller: str = ""
    """who bills for the call by that price, by the list's id: ``azure`` for a GPT model there"""


class Catalogue:
    """Published prices, read from the directory `shards`; with None everything is unpriced.

    `version` is shown in the source of each price; by default it is the one the shards were made from. The files are
    read as they are needed; one that cannot be read prices nothing, and `problems` says so.
    """

    def __init__(self, shards: Path | None, version: str | None = None) -> None:
        self.problems: list[str] = []
        """one sentence for each part of the price list that cannot be used"""
        self._shards = shards
        self._loaded: dict[str, Mapping[str, Any]] = {}
        index = self._read(INDEX)
        self.problems += index.get("problems", ())
        self._providers: Mapping[str, Sequence[Any] | None] = index.get("providers", {})
        self.source = f"genai-prices {version or index.get('version', 'missing')}"
        self._listing = lru_cache(_NAMES_KEPT)(self._find)

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, terms: Terms = STANDARD) -> Cost | None:
        """What `usage` of `model` costs at `provider` when sent at `at`; None means unpriced, never free.

        A time without zone is UTC. Of the terms it is what the list knows that counts, which is no geography.
        """
        found = self.resolve(provider, model, at, basis_of(terms))
        nanos = None if found is None else pricing.price(found.rates, usage)
        return None if found is None or nanos is None else Cost(nanos, found.source)

    def ceiling(
        self,
        provider: str,
        model: str,
        input_tokens: int,
        output_tokens: int,
        at: datetime,
        terms: Terms = STANDARD,
    ) -> Nanos | None:
        """The most a call of at most so many tokens can cost, in nano-dollars, searches aside; None: unpriced."""
        found = self.resolve(provider, model, at, basis_of(terms))
        return None if found is None else pricing.ceiling(found.rates, input_tokens, output_tokens)

    def resolve(
        self, provider: str, model: str, at: datetime, basis: str | None = None, *, by_hours: bool = True
    ) -> Resolved | None:
        """Which published rates apply, and where they stand; None: unpriced.

        `basis` is that of `terms.basis_of`. Prices on other than standard terms are a provider's own: they do not hold
        where its models are sold by somebody else. Without `by_hours` no price counts that holds at some hours only.
        """
        listing = self._listing(provider, model)
        return None if listing is None else self._resolved(listing, at, basis, by_hours=by_hours)

    def listed(self, at: datetime) -> Iterator[Resolved]:
        """Every model that has a price at `at`, by provider, each once under the list's own id; reads every shard."""
        for provider in self._providers:
            listings = {row["id"]: row for row in reversed(self._shard(provider).get("models", ()))}
            for name in sorted(listings):
                resolved = self._resolved(read_listing(provider, listings[name]), at)
                if resolved is not None:
                    yield resolved

    def _resolved(
        self, listing: Listing, at: datetime, basis: str | None = None, *, by_hours: bool = True
    ) -> Resolved | None:
        dated = listing.dated(at, basis, by_hours=by_hours)
        if dated.rates is None:
            return None
        source = self.source if basis is None else f"{self.source}, {name_of(basis)}"
        return Resolved(
            listing.provider,
            listing.model,
            dated.rates,
            source,
            dated.start,
            dated.window,
            biller=listing.biller or listing.provider,
        )

    def _find(self, provider: str, model: str) -> Listing | None:
        """The listing of `model` at `provider` under the first spelling the list knows."""
        home = self.provider_of(provider)
        if home is None:
            return None
        for road, name in spellings(home, model, self.provider_of):
            for spelled in dict.fromkeys((name, _with_dashed_date(name))):
                listing = self._at(road, spelled)
                if listing is not None:
                    return listing
        return None

    def provider_of(self, name: str) -> str | None:
        """The list's id of the provider that goes by `name`: its id if there is one, else by the match clauses."""
        name = name.strip().lower()
        if name in self._providers:
            return name
        return next((known for known, clause in self._providers.items() if clause and matches(clause, name)), None)

    def has_id(self, provider: str, name: str) -> bool:
        """Whether the lower-case `name` is the very id of a model in the list of `provider` (the list's id)."""
        if provider not in self._providers:
            return False
        return any(row["id"].lower() == name for row in self._shard(provider).get("models", ()))

    def _at(self, provider: str, name: str) -> Listing | None:
        """The first listing that fits `name` at `provider`, or at those whose models it offers (one step only)."""
        for seller in (provider, *self._shard(provider).get("fallbacks", ())):
            for row in self._shard(seller).get("models", ()):
                if matches(row["match"], name):
                    listing = read_listing(seller, row)
                    return listing if seller == provider else listing._replace(biller=provider, variants={})
        return None

    def _shard(self, provider: str) -> Mapping[str, Any]:
        """The shard of `provider`, read once; empty when it cannot be."""
        if provider not in self._loaded:
            self._loaded[provider] = self._read(f"{provider}.json")
        return self._loaded[provider]

    def _read(self, name: str) -> Mapping[str, Any]:
        """The JSON object in the file `name`; empty without shards, and, with a problem, when it cannot be read."""
        if self._shards is None:
            return {}
        try:
            found = json.loads((self._shards / name).read_bytes())
            if not _is_ours(found):
                raise ValueError("it is damaged")  # noqa: TRY301 - told like what is no JSON
        except (OSError, ValueError, RecursionError) as error:
            self.problems.append(
                f"The price list {self._shards / name} cannot be read: {error}. "
                f"Delete {self._shards}; the next command makes it anew."
            )
            return {}
        read: Mapping[str, Any] = found
        return read


def _is_ours(found: object) -> bool:
    """Whether JSON has the form of an index or a shard, as far down as its lists and rows."""
    if not isinstance(found, dict):
        return False
    clauses, problems, rows = found.get("providers", {}), found.get("problems", []), found.get("models", [])
    return (
        isinstance(clauses, dict)
        and all(isinstance(clause, list | None) for clause in clauses.values())
        and isinstance(problems, list)
        and isinstance(rows, list)
        and all(isinstance(row, dict) and {"id", "match"} <= row.keys() for row in rows)
    )


def _with_dashed_date(name: str) -> str:
    """`name` with compact dates spelled with dashes, as some lists have them; only real dates.

    >>> _with_dashed_date("gpt-5.2-20251211"), _with_dashed_date("gpt-5.2-20251399")
    ('gpt-5.2-2025-12-11', 'gpt-5.2-20251399')
    """
    return re.sub(r"-(20\d\d)(\d\d)(\d\d)(?=-|:|$)", _dashed, name)


def _dashed(compact: re.Match[str]) -> str:
    """``-2025-12-11`` for ``-20251211``; a number that is no date stays."""
    dashed = "-".join(compact.groups())
    try:
        date.fromisoformat(dashed)
    except ValueError:
        return compact.group()
    return f"-{dashed}"
