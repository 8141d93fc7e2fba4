"""What does a gate need to know of the program around it?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import tzinfo

    from codesession import guard
    from codesession.model import Alert, EventKind, Refusal


def _nothing(*_what: object) -> None:
    """Nobody is to be told."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a gate needs to know of the program around it."""

    zone: tzinfo | None = None
    """where days begin; None: in the system's time zone"""
    tell: Callable[[Alert], None] = _nothing
    """takes what a person is to hear, and returns at once"""
    refused: Callable[[Refusal, EventKind], None] = _nothing
    """is called when a call was refused, or an answer ended, and returns at once"""
    watches: guard.Watches | None = None
    """looks for loops; None: nobody does"""
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """waits so many seconds"""


ALONE = Surroundings()
"""Of a gate that nobody listens to."""
