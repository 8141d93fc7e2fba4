"""The installed price list in the form in which it is published, so that a test can change it and give it back.

The form is that of https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json
(read 2026-11-28).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from genai_prices.data_snapshot import get_snapshot

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

Raw = list[dict[str, Any]]


def raw_list(*providers: str) -> Raw:
    """All of it, or what it has of some providers, to be changed freely."""
    return [_provider(row) for row in get_snapshot().providers if not providers or row.id in providers]


def as_bytes(raw: object) -> bytes:
    """A list as it is downloaded."""
    return json.dumps(raw, default=float).encode()


def model_in(raw: Raw, provider: str, model: str) -> dict[str, Any]:
    """The row of a model."""
    (seller,) = [row for row in raw if row["id"] == provider]
    found: list[dict[str, Any]] = [row for row in seller["models"] if row["id"] == model]
    (row,) = found
    return row


def _provider(provider: Provider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "name": provider.name,
        "api_pattern": provider.api_pattern,
        "provider_match": _clause(provider.provider_match),
        "fallback_model_providers": provider.fallback_model_providers and [*provider.fallback_model_providers],
        "models": [_model(model) for model in provider.models],
    }


def _model(model: ModelInfo) -> dict[str, Any]:
    row = {"id": model.id, "match": _clause(model.match), "prices": _prices(model.prices)}
    if model.price_variants:
        row["price_variants"] = [
            {"when": dict(one.when), "constraint": _constraint(one.constraint), "prices": _prices(one.prices)}
            for one in model.price_variants
        ]
    return row


def _clause(clause: Any) -> Any:
    if clause is None:
        return None
    ((name, operand),) = vars(clause).items()
    return {name.rstrip("_"): [_clause(part) for part in operand] if isinstance(operand, list) else operand}


def _prices(prices: Any) -> Any:
    if isinstance(prices, list):
        return [{"constraint": _constraint(one.constraint), "prices": _prices(one.prices)} for one in prices]
    return {key: _price(price) for key, price in vars(prices).items() if price is not None}


def _price(price: Any) -> Any:
    if hasattr(price, "tiers"):
        return {
            "base": price.base,
            "tiers": [{"start": tier.start, "price": tier.price} for tier in price.tiers],
        }
    return price


def _constraint(constraint: Any) -> Any:
    if constraint is None:
        return None
    return {name: value.isoformat() for name, value in vars(constraint).items() if hasattr(value, "isoformat")}
