"""What does a call cost, and by whose word?

A file and a tuple of its own: whoever prices a call in a fresh process loads this, and no word for what a call is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codesession.model.money import Nanos


class Cost(NamedTuple):
    """What a usage costs, and by which price."""

    nanos: Nanos
    source: str
    """where the price is from, with its version, such as ``genai-prices 0.2.3``"""
    hardware: str | None = None
    """on what of the user's own it ran, where that is what is paid for"""
