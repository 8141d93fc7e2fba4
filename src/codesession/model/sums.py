"""What do calls come to: those of a model, those on the user's own hardware, those of all sessions?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.model.money import Nanos


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """What one model did; `cost_nanos` is the sum of its priced calls, `unpriced` counts the others."""

    provider: str
    model: str
    calls: int
    tokens: int
    cost_nanos: Nanos
    unpriced: int


@dataclass(frozen=True, slots=True)
class HardwareTotals:
    """How long hardware of the user's own worked, and what that cost."""

    hardware: str
    """as its rate names it; empty: of calls for which no hourly rate was known"""
    calls: int
    took_ms: int
    cost_nanos: Nanos
    """the sum of what is known: nothing, where there was no rate"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What all completed sessions come to together; each is the sum over those sessions."""

    sessions: int
    seconds: int
    """of whole seconds for each session, as they are shown one by one"""
    files: int
    commits: int
    tokens: int
    cost_nanos: Nanos
    unpriced: int
    hardware: tuple[HardwareTotals, ...] = ()
    """what of the user's own worked, the longest first"""
