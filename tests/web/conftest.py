from __future__ import annotations

from tests.app.place import compiled_prices, place, priced

__all__ = ["compiled_prices", "place", "priced"]
