"""Whose price counts? The user's, then our corrections, then the published list: the first that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.meter import pricing
from codesession.meter.corrections import Corrections
from codesession.meter.custom import FILE, CustomPrices
from codesession.model import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from codesession.meter.catalogue import Catalogue, Resolved
    from codesession.model import Nanos, Usage

FIRST_PARTY = ("anthropic", "openai", "google", "mistral", "deepseek", "x-ai")
"""the providers that make the models they sell, in the order in which a model without provider is looked for"""


class PriceBook:
    """Every price there is, over the published `catalogue` and the user's file in `data_dir`.

    `problem` is why there is no published list, if there is none.
    """

    def __init__(self, data_dir: Path, catalogue: Catalogue, problem: str | None = None) -> None:
        self.catalogue = catalogue
        self.custom = CustomPrices(data_dir / FILE, catalogue.provider_of)
        self._corrections = Corrections(catalogue.provider_of)
        self._layers = (self.custom, self._corrections, catalogue)
        self._problem = problem

    @property
    def problems(self) -> list[str]:
        """A sentence for each price, or list of them, that cannot be used."""
        return [*([self._problem] if self._problem else []), *self.custom.problems, *self.catalogue.problems]

    def cost(self, provider: str, model: str, usage: Usage, at: datetime) -> Cost | None:
        """What `usage` of `model` costs at `provider` when sent at `at`; None means unpriced, never free."""
        found = self.resolve(provider, model, at)
        nanos = None if found is None else pricing.price(found.rates, usage)
        return None if found is None or nanos is None else Cost(nanos, found.source)

    def ceiling(self, provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime) -> Nanos | None:
        """The most a call of at most so many tokens can cost, in nano-dollars, web searches aside; None: unpriced."""
        found = self.resolve(provider, model, at)
        return None if found is None else pricing.ceiling(found.rates, input_tokens, output_tokens)

    def resolve(self, provider: str, model: str, at: datetime) -> Resolved | None:
        """Which rates apply, and where they stand; None: unpriced."""
        return next(self.all_for(provider, model, at), None)

    def all_for(self, provider: str, model: str, at: datetime) -> Iterator[Resolved]:
        """The price of each layer that has one; the first applies."""
        for layer in self._layers:
            found = layer.resolve(provider, model, at)
            if found is not None:
                yield found

    def listed(self, at: datetime) -> Iterator[tuple[str, str, Resolved]]:
        """(provider, model, price that applies) for every model of the published list that has a price at `at`."""
        for published in self.catalogue.listed(at):
            provider, model = published.provider, published.model
            better = self.custom.resolve(provider, model, at) or self._corrections.resolve(provider, model, at)
            yield provider, model, better or published
