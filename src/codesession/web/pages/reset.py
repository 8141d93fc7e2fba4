"""What does the page show on which one begins anew? What would go, what stays, and which copies there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.app import ledger_contents
from codesession.report.formats import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codesession.web.pages import Asked

COPIES = "sessions-before-reset-*.db"
"""How the copies are called that a reset makes."""
WORD = "start fresh"
"""What is to be typed."""


class Copy(NamedTuple):
    """What was kept when somebody began anew before."""

    path: Path
    size: int
    """bytes"""
    made_ms: int


class Reset(NamedTuple):
    """The page."""

    goes: Sequence[tuple[str, int]]
    """what would be deleted, and how much of it there is"""
    cost_nanos: int | None
    """of the calls among it, in nano-dollars; None: none of them has a price"""
    unpriced: int
    """calls among it that have none"""
    limits: str
    """the budgets and mandates that go if that is wanted; empty: there are none"""
    place: Path
    """where the copy would be"""
    copies: Sequence[Copy]
    """the newest first"""
    word: str = WORD

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could go."""
        return not any(count for _, count in self.goes)


def view(asked: Asked) -> Reset:
    """What there is now.

    Raises:
        DatabaseError: the ledger cannot be read.
    """
    there_is, place = ledger_contents(asked.app), asked.app.config.database.parent
    goes = (
        ("session", there_is.sessions),
        ("AI call", there_is.calls),
        ("changed file", there_is.files),
        ("commit", there_is.commits),
        ("note", there_is.annotations),
    )
    limits = (("budget", there_is.budgets), ("mandate", there_is.mandates))
    return Reset(
        goes,
        there_is.known_cost,
        there_is.unpriced,
        " and ".join(plural(count, noun) for noun, count in limits if count),
        place,
        sorted(_copies(place), key=lambda copy: copy.made_ms, reverse=True),
    )


def _copies(place: Path) -> list[Copy]:
    found = [(path, path.stat()) for path in place.glob(COPIES)]
    return [Copy(path, stat.st_size, stat.st_mtime_ns // 1_000_000) for path, stat in found]
