"""Whose price counts? The user's, then our corrections, then the published list: the first that has one.

What that one says is the price on standard terms; `overlay` says what becomes of it on those of the call. A price that
is not known on them is not looked for in the next layer: the call is unpriced.

**The user's own price** is what a call costs on standard terms. On others the published rule applies on top of it: half
of it in a batch where the provider halves, the ratio of the published prices where the list has the model on both terms
and every class has the same one, and the published uplift of a place; where no such rule is known the call is unpriced.
A row that says itself what such terms cost (``"batch": {"input": 1.2, …}``, or ``flex``, ``priority``, ``fast``) is
taken as it is. Searches the row does not name cost what the provider charges.

**On the user's own hardware** (`Terms.is_local`) nobody bills by the token: a price the user has set counts, then the
hourly rate for as long as the call took, and without either it is $0.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from codesession.meter import pricing
from codesession.meter.corrections import Corrections
from codesession.meter.custom import FILE, CustomPrices
from codesession.meter.overlay import Overlay
from codesession.meter.terms import basis_of, may_become, place_of
from codesession.meter.userfiles import LOCAL_MODELS
from codesession.model import Cost
from codesession.model.terms import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from codesession.meter.catalogue import Catalogue, Resolved
    from codesession.meter.local import LocalPrices
    from codesession.model import Nanos, Usage
    from codesession.model.terms import Terms

FIRST_PARTY = ("anthropic", "openai", "google", "mistral", "deepseek", "x-ai")
"""the providers that make the models they sell, in the order in which a model without provider is looked for"""

_LONGEST_LOCAL_MS = 600_000
"""how long a call on the user's own hardware may take, for its ceiling: ten minutes"""


class PriceBook:
    """Every price there is, over the published `catalogue` and the user's files in `data_dir`.

    `problem` is why there is no published list, if there is none. `sold_as` names, by a provider, whose list its models
    are priced by where that is another's: a host of the user's own may sell what OpenAI sells.
    """

    def __init__(
        self,
        data_dir: Path,
        catalogue: Catalogue,
        problem: str | None = None,
        sold_as: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.catalogue = catalogue
        self.custom = CustomPrices(data_dir / FILE, catalogue.provider_of)
        self._corrections = Corrections(catalogue)
        self._overlay = Overlay(catalogue)
        self._local_file = data_dir / LOCAL_MODELS
        self._local: LocalPrices | None = None
        self._problem = problem
        self._sold_as = sold_as

    @property
    def problems(self) -> list[str]:
        """A sentence for each price, or list of them, that cannot be used."""
        return [*([self._problem] if self._problem else []), *self.custom.problems, *self.catalogue.problems]

    @property
    def local(self) -> LocalPrices:
        """The hourly rates of the user's own models."""
        if self._local is None:
            from codesession.meter.local import LocalPrices  # most have none

            self._local = LocalPrices(self._local_file)
        return self._local

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, terms: Terms = STANDARD) -> Cost | None:
        """What `usage` of `model` costs at `provider` when sent at `at`; None means unpriced, never free.

        A call on the user's own hardware that has no price costs what the time does that it took.
        """
        if terms.is_local and self.custom.resolve(provider, model, at) is None:
            return self._local_cost(provider, model, terms)
        found = self.resolve(provider, model, at, terms)
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
        """The most a call of at most so many tokens can cost, in nano-dollars, searches aside; None: unpriced.

        That is at the dearest rate of the terms, and of those the call may be billed on instead: what is asked for as
        ``auto`` may become priority. A local call is held for ten minutes at its hourly rate.
        """
        if terms.is_local and self.custom.resolve(provider, model, at) is None:
            cost = self._local_cost(provider, model, terms, _LONGEST_LOCAL_MS)
            return None if cost is None else cost.nanos
        seller = self._sold_as.get(provider, provider)
        home = self.catalogue.provider_of(seller) or seller
        asked, *others = (self.resolve(provider, model, at, possible) for possible in may_become(home, terms))
        if asked is None:
            return None
        prices = [asked, *(other for other in others if other is not None)]
        return max(pricing.ceiling(price.rates, input_tokens, output_tokens) for price in prices)

    def _local_cost(self, provider: str, model: str, terms: Terms, took_ms: int | None = None) -> Cost | None:
        """What the time of a local call costs; 0 without an hourly rate, None when its length is not known."""
        rate = self.local.resolve(provider, model)
        if rate is None:
            return Cost(0, "local")
        took_ms = terms.took_ms if took_ms is None else took_ms
        if took_ms is None:
            return None
        from codesession.meter.local import price_ms  # as above

        return Cost(price_ms(rate.nanos_per_hour, took_ms), f"local ({rate.hardware})", rate.hardware)

    def resolve(self, provider: str, model: str, at: datetime, terms: Terms = STANDARD) -> Resolved | None:
        """Which rates apply on `terms`, and where they stand; None: unpriced."""
        return next(self._prices(provider, model, at, terms), None)

    def all_for(self, provider: str, model: str, at: datetime, terms: Terms = STANDARD) -> Iterator[Resolved]:
        """The price of each layer that has one, on `terms`; the first applies, and without it none does."""
        for number, found in enumerate(self._prices(provider, model, at, terms)):
            if found is not None:
                yield found
            elif number == 0:
                return

    def _prices(self, provider: str, model: str, at: datetime, terms: Terms) -> Iterator[Resolved | None]:
        """What each layer that has a price for the model says on `terms`, in order; None: not known on them."""
        basis, place = basis_of(terms), place_of(terms)
        seller = self._sold_as.get(provider, provider)
        for standard in (self._own(provider, model, at), self._corrections.resolve(seller, model, at)):
            if standard is not None:
                listed = self._listed_as(standard, seller, model, at)
                found: Resolved | None = standard
                if basis is not None:
                    own = self._own(provider, model, at, basis) if standard.is_custom else None
                    found = own or self._on_basis(standard, listed, seller, model, at, basis)
                yield self._finished(found, listed, model, at, place)
        published = self._overlay.published(seller, model, at, basis)
        if published is not None:
            yield self._finished(published, published.model, model, at, place)

    def _own(self, provider: str, model: str, at: datetime, basis: str | None = None) -> Resolved | None:
        """The user's price at a provider, else at the one by whose list it is priced, whose rules hold for either.

        On a `basis` it is what the row that applies says itself; None where it does not.
        """
        seller = self._sold_as.get(provider, provider)
        where = provider if self.custom.resolve(provider, model, at) is not None else seller
        found = self.custom.resolve(where, model, at) if basis is None else self.custom.on_basis(where, model, basis)
        if found is None or where == seller:
            return found
        return found._replace(biller=self.catalogue.provider_of(seller) or seller)

    def _listed_as(self, standard: Resolved, provider: str, model: str, at: datetime) -> str:
        """The list's id of a model that has a price of ours or the user's; without one, its name there."""
        published = self.catalogue.resolve(provider, model, at)
        return standard.model if published is None else published.model

    def _on_basis(
        self, standard: Resolved, listed: str, provider: str, model: str, at: datetime, basis: str
    ) -> Resolved | None:
        """A price of ours or the user's on other terms, by the published rules."""
        by_rule = self._overlay.on_basis(standard, listed, at, basis)
        return by_rule or self._overlay.in_proportion(standard, provider, model, at, basis)

    def _finished(
        self, found: Resolved | None, listed: str, model: str, at: datetime, place: str | None
    ) -> Resolved | None:
        """A price on the basis of the call with all else that applies."""
        if found is not None and place is not None:
            found = self._overlay.at_place(found, listed, at, place)
        return None if found is None else self._overlay.complete(found, listed, model, at)

    def listed(self, at: datetime) -> Iterator[tuple[str, str, Resolved]]:
        """(provider, model, price that applies) for every model of the published list that has a price at `at`."""
        for published in self.catalogue.listed(at):
            provider, model = published.provider, published.model
            better = self.custom.resolve(provider, model, at) or self._corrections.resolve(provider, model, at)
            yield provider, model, better or self._overlay.on_the_day(published, at)
