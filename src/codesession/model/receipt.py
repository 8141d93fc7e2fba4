"""What is remembered of usage that was pushed with a key? Enough to answer the same push again as it was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codesession.model.money import Nanos


class SessionSums(NamedTuple):
    """What a session came to at one moment; `cost_nanos` is of the calls that have a price."""

    session_id: int
    calls: int
    cost_nanos: Nanos
    tokens: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a push."""

    key: str
    digest: str
    """of what was pushed: another push of the same key is a mistake"""
    at_ms: int
    """milliseconds since the epoch"""
    calls: tuple[int, ...]
    """their ids, in the order they were pushed"""
    sums: tuple[SessionSums, ...]
    """of their sessions, when they had been kept"""
