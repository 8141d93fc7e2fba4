"""How is a memory kept within bounds? What was used last stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections import OrderedDict

K = TypeVar("K")
V = TypeVar("V")


def keep(things: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    """Keep `value` as the newest of `things`, of which there are no more than `most`."""
    things[key] = value
    things.move_to_end(key)
    if len(things) > most:
        things.popitem(last=False)
