"""What does an examination find? One fact after another, each fine, doubtful or wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    status: Status
    text: str
    advice: str | None = None
    """what to do about it"""
    facts: Mapping[str, object] = field(default_factory=dict)
    """the same for programs: JSON values by their camelCase names"""


def fine(topic: str, text: str, **facts: object) -> Finding:
    """A finding that asks for nothing."""
    return Finding(topic, "ok", text, None, facts)


def doubtful(topic: str, text: str, advice: str | None = None, **facts: object) -> Finding:
    """A finding that a person should know."""
    return Finding(topic, "warning", text, advice, facts)


def wrong(topic: str, text: str, advice: str | None = None, **facts: object) -> Finding:
    """A finding that a person must do something about."""
    return Finding(topic, "wrong", text, advice, facts)


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "call"), counted(1204, "call")
    ('1 call', '1,204 calls')
    """
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
