"""What do calls come to: those of a model, those of all sessions?"""

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
