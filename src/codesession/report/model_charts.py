"""How is the page of models drawn? The options of its charts, and what each says in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.report.charts import SLICES, TOKEN_KINDS, UNSPLIT, Chart, Options, amounts, frame, named_bars, tooltip
from codesession.report.formats import money, tokens
from codesession.report.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model import Nanos
    from codesession.report.model_use import ModelsView, ModelUse

_MOST_BARS = 10
_LONG_NAME_PX = 176
"""Longer names are cut, so that bars have room in a narrow window."""


class Slice(NamedTuple):
    """A part of the whole cost; `place` is that of its colour."""

    place: int
    name: str
    cost: Nanos
    share: float
    """from 0 to 1"""


class ModelCharts(NamedTuple):
    """The charts of the page of models."""

    cost: Chart
    slices: Sequence[Slice]
    """what the first one shows"""
    tokens: Chart


def model_charts(view: ModelsView) -> ModelCharts:
    """The charts of the page of models."""
    parts = slices(view)
    return ModelCharts(cost_chart(parts, view.whole.spent.cost_nanos), parts, tokens_chart(view.models))


def slices(view: ModelsView) -> list[Slice]:
    """The dearest models, and all the others together, with their shares of the whole cost; none that cost nothing."""
    total = view.whole.spent.cost_nanos
    names = _names(view.models)
    costs = [(name, use.spent.cost_nanos) for name, use in zip(names, view.models, strict=True) if use.spent.cost_nanos]
    most = len(SLICES) - 1
    shown = costs if len(costs) <= len(SLICES) else costs[:most]
    parts = [Slice(place, name, cost, cost / total) for place, (name, cost) in enumerate(shown)]
    if others := costs[len(shown) :]:
        cost = sum(cost for _, cost in others)
        parts.append(Slice(most, f"{len(others)} others", cost, cost / total))
    return parts


def cost_chart(parts: Sequence[Slice], total: Nanos) -> Chart:
    """What each model cost, as parts of a ring; its legend is a list beside it."""
    options: Options = {
        "tooltip": {"trigger": "item", "valueFormatter": "fn:usd"},
        "series": [
            {
                "name": "Cost",
                "type": "pie",
                "radius": ["62%", "92%"],
                "padAngle": 1.5 if len(parts) > 1 else 0,
                "itemStyle": {"borderRadius": 3},
                "label": {"show": False},
                "data": [
                    {"name": part.name, "value": to_usd(part.cost), "itemStyle": {"color": SLICES[part.place]}}
                    for part in parts
                ],
            }
        ],
    }
    told = ", ".join(f"{part.name} {money(part.cost)}" for part in parts)
    return Chart(options, f"Cost by model, {money(total)} in all: {told}." if parts else "No cost is known.")


def tokens_chart(models: Sequence[ModelUse]) -> Chart:
    """What the ten models with most tokens consumed, by kind, the most at the top."""
    most = sorted(models, key=lambda use: -use.spent.usage.tokens)[:_MOST_BARS]
    names = _names(most)
    used = [(name, tokens_of(use.spent.usage)) for name, use in zip(names, most, strict=True)][::-1]
    kinds = [*TOKEN_KINDS, *([UNSPLIT] if any(found.unsplit for _, found in used) else [])]
    options = frame() | {
        **named_bars([name for name, _ in used], _LONG_NAME_PX, top=38),
        "tooltip": tooltip("fn:tokens") | {"axisPointer": {"type": "shadow"}},
        "xAxis": amounts("fn:tokens"),
        "series": [
            {
                "name": name,
                "type": "bar",
                "stack": "tokens",
                "data": [getattr(found, kind) for _, found in used],
                "color": colour,
                "barMaxWidth": 16,
            }
            for kind, name, colour in kinds
        ],
    }
    told = ", ".join(f"{name} {tokens(use.spent.usage.tokens)}" for name, use in zip(names, most, strict=True))
    return Chart(options, f"Tokens by model: {told}." if most else "No tokens were counted.")


def _names(models: Sequence[ModelUse]) -> list[str]:
    """What each model is called: with its provider, where several offer one of that name."""
    often = Counter(use.model for use in models)
    return [use.model if often[use.model] == 1 else f"{use.provider}/{use.model}" for use in models]
