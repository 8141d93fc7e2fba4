"""What does a session amount to, or one process in it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.model.money import Nanos


@dataclass(frozen=True, slots=True)
class Totals:
    """What a session, or one process in it, amounts to; calls are those settled or lost."""

    calls: int = 0
    tokens: int = 0
    cost_nanos: Nanos = 0
    """the sum of the priced calls: with `unpriced` above 0 the true cost is higher"""
    unpriced: int = 0
    estimated: int = 0
    """whole answers whose usage or price the provider did not give"""
    cut: int = 0
    """calls whose answer was cut, by the client or the provider"""
    lost: int = 0
    held: int = 0
    """calls still in flight"""
    failed: int = 0
    """calls the provider refused or never answered: nothing was billed"""
    files: int = 0
    commits: int = 0
