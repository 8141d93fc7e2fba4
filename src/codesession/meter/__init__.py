"""What does a call cost? Tokens to money, from published prices, without a network.

::

    genai-prices (a package) ── snapshot, once per version ──► shards (JSON files) ──► catalogue ──┐
                                published: its words into ours                  names, clauses, listing
    corrections, a few rows of our own ────────────────────────────────────────────────────────────┼► layers ──► pricing
    pricing.json, the user's ── custom ────────────────────────────────────────────────────────────┤
    terms of the call ── overlay: multipliers, calendars, fees ────────────────────────────────────┤
    local-models.json, the user's ── local ────────────────────────────────────────────────────────┘

Importing this room opens no file and loads none of its modules: each name below is loaded when first asked for,
so a command that prices nothing pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of

if TYPE_CHECKING:
    from codesession.meter.catalogue import Catalogue, Resolved
    from codesession.meter.layers import PriceBook
    from codesession.meter.local import LocalPrices, find_local_model, price_ms, price_power, read_local_models
    from codesession.meter.localfile import remove_local_model, write_local_models
    from codesession.meter.pricefile import remove_prices, write_price
    from codesession.meter.pricing import Band, Rates
    from codesession.meter.snapshot import PricesUnavailable, compile_shards, ensure_shards

_HOME = {
    "Band": "pricing",
    "Catalogue": "catalogue",
    "LocalPrices": "local",
    "PriceBook": "layers",
    "PricesUnavailable": "snapshot",
    "Rates": "pricing",
    "Resolved": "catalogue",
    "compile_shards": "snapshot",
    "ensure_shards": "snapshot",
    "find_local_model": "local",
    "price_ms": "local",
    "price_power": "local",
    "read_local_models": "local",
    "remove_local_model": "localfile",
    "remove_prices": "pricefile",
    "write_local_models": "localfile",
    "write_price": "pricefile",
}

__all__ = [
    "Band",
    "Catalogue",
    "LocalPrices",
    "PriceBook",
    "PricesUnavailable",
    "Rates",
    "Resolved",
    "compile_shards",
    "ensure_shards",
    "find_local_model",
    "price_ms",
    "price_power",
    "read_local_models",
    "remove_local_model",
    "remove_prices",
    "write_local_models",
    "write_price",
]

__getattr__ = names_of(__name__, _HOME)
