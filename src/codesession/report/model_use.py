"""Which models were used, and what did each come to? By model and by provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.report.days import stretch
from codesession.report.evidence import Figure, evidence_document, figure_of, known_cost
from codesession.report.hardware import hardware_rows
from codesession.report.tokens import cache_share, ratio, tokens_document, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    from codesession.model import Evidence, HardwareTotals, Nanos
    from codesession.model.analysis import Spent, SpentByModel
    from codesession.model.ports import Ledger
    from codesession.report.documents import Document


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one model came to."""

    provider: str
    model: str
    figure: Figure

    @property
    def spent(self) -> Spent:
        """What it came to, however the numbers were got."""
        return self.figure.spent

    @property
    def cache_share(self) -> float | None:
        """How much of what it read came from the provider's cache, from 0 to 1; None where it read nothing."""
        return cache_share(self.spent.usage)

    @property
    def ratio(self) -> float | None:
        """How many tokens it read for each that it wrote; None where it wrote none."""
        return ratio(self.spent.usage)

    @property
    def average_cost(self) -> Nanos | None:
        """What one of its calls with a known price cost on average; None where there is none."""
        priced = self.spent.calls - self.spent.unpriced
        return self.spent.cost_nanos // priced if priced else None


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """What all models of one provider came to."""

    provider: str
    models: int
    figure: Figure


@dataclass(frozen=True, slots=True)
class ModelsView:
    """The page of models."""

    days: int | None
    """of how many days, today the last of them; None: of all time"""
    models: Sequence[ModelUse]
    """dearest first"""
    providers: Sequence[ProviderUse]
    """dearest first"""
    whole: Figure
    hardware: Sequence[HardwareTotals]
    """how long the user's own hardware has worked, ever"""

    def share(self, spent: Spent) -> float | None:
        """The share of the whole cost, from 0 to 1; None where there is none, or it is not known."""
        total = self.whole.spent.cost_nanos
        return None if known_cost(spent) is None or not total else spent.cost_nanos / total


def models_view(ledger: Ledger, days: int | None, now_ms: int, zone: tzinfo | None) -> ModelsView:
    """What each model and provider came to in the last so many days, or ever."""
    with ledger.reading() as reader:
        found = reader.spent_by_model(stretch(days, now_ms, zone))
        hardware = reader.hardware()
    models = _models(found)
    return ModelsView(days, models, _providers(models), figure_of((row.evidence, row.spent) for row in found), hardware)


def _models(found: Iterable[SpentByModel]) -> list[ModelUse]:
    parts: dict[tuple[str, str], list[tuple[Evidence, Spent]]] = {}
    for row in found:
        parts.setdefault((row.provider, row.model), []).append((row.evidence, row.spent))
    used = [ModelUse(provider, model, figure_of(by)) for (provider, model), by in parts.items()]
    return sorted(used, key=lambda use: (*_by_cost(use.figure), use.provider, use.model))


def _providers(models: Iterable[ModelUse]) -> list[ProviderUse]:
    figures: dict[str, list[Figure]] = {}
    for use in models:
        figures.setdefault(use.provider, []).append(use.figure)
    used = [
        ProviderUse(provider, len(own), figure_of(part for figure in own for part in figure.by.items()))
        for provider, own in figures.items()
    ]
    return sorted(used, key=lambda use: (*_by_cost(use.figure), use.provider))


def _by_cost(figure: Figure) -> tuple[int, int]:
    return -figure.spent.cost_nanos, -figure.spent.usage.tokens


# --- order ---


def _told(value: float | None) -> float:
    """What is not known comes after everything, when the most comes first."""
    return -1 if value is None else value


ORDERS: dict[str, Callable[[ModelUse], float | str]] = {
    "cost": lambda use: _told(use.figure.cost),
    "model": lambda use: f"{use.provider}/{use.model}",
    "calls": lambda use: use.spent.calls,
    "prompt": lambda use: use.spent.usage.prompt_tokens,
    "completion": lambda use: use.spent.usage.completion_tokens,
    "cache": lambda use: _told(use.cache_share),
    "ratio": lambda use: _told(use.ratio),
    "average": lambda use: _told(use.average_cost),
}
"""By what the table of models can be sorted."""


def sorted_models(models: Iterable[ModelUse], order: str, *, descending: bool) -> list[ModelUse]:
    """The models by one of `ORDERS`."""
    return sorted(models, key=ORDERS[order], reverse=descending)


# --- documents ---


def model_breakdown_document(view: ModelsView) -> list[Document]:
    """What ``/model-breakdown`` answers: dearest first; what is unpriced is not in the cost, and counted."""
    return [
        {"provider": use.provider, "model": use.model}
        | _amounts(use.figure)
        | tokens_document(tokens_of(use.spent.usage))
        | {
            "avgCost": None if use.average_cost is None else to_usd(use.average_cost),
            "cacheShare": use.cache_share,
            "evidence": evidence_document(use.figure),
        }
        for use in view.models
    ]


def provider_breakdown_document(view: ModelsView) -> list[Document]:
    """What ``/provider-breakdown`` answers: dearest first; ``models`` is how many."""
    return [
        {"provider": use.provider}
        | _amounts(use.figure)
        | {"models": use.models, "evidence": evidence_document(use.figure)}
        for use in view.providers
    ]


def token_ratios_document(view: ModelsView) -> list[Document]:
    """What ``/token-ratios`` answers: tokens read for each one written, null where none was; most calls first."""
    return [
        {
            "provider": use.provider,
            "model": use.model,
            "promptTokens": use.spent.usage.prompt_tokens,
            "completionTokens": use.spent.usage.completion_tokens,
            "ratio": use.ratio,
            "calls": use.spent.calls,
        }
        for use in sorted_models(view.models, "calls", descending=True)
    ]


def models_document(view: ModelsView) -> Document:
    """All of the page."""
    return {
        "days": view.days,
        **_amounts(view.whole),
        "evidence": evidence_document(view.whole),
        "models": model_breakdown_document(view),
        "providers": provider_breakdown_document(view),
        "hardware": hardware_rows(view.hardware),
    }


def _amounts(figure: Figure) -> Document:
    spent = figure.spent
    return {
        "calls": spent.calls,
        "totalTokens": spent.usage.tokens,
        "promptTokens": spent.usage.prompt_tokens,
        "completionTokens": spent.usage.completion_tokens,
        "totalCost": to_usd(spent.cost_nanos),
        "unpricedCalls": spent.unpriced,
    }
