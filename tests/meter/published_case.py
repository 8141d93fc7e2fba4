"""What is a case of a published price, and where were the prices read?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codesession.model import STANDARD

if TYPE_CHECKING:
    from codesession.model import Nanos, Terms, Usage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday at noon, outside of everybody's peak hours."""

READ = "read 2026-11-28"
"""The day on which every source below was looked at, most of them as a stored copy of the page."""

LISTS = f"the lists of genai-prices 0.2.3 and litellm 1.110.2, which agree ({READ})"
"""The second source, and the only one where the provider's own page was not to be had."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call, and what it costs by the provider's published prices."""

    name: str
    provider: str
    model: str
    usage: Usage
    at: datetime
    terms: Terms
    nanos: Nanos | None
    """None where the honest answer is that the price is not known"""
    why: str
    """amounts times dollars per million, summed; then where the rates are from"""


@dataclass(frozen=True, slots=True)
class Page:
    """A page with prices of `provider`, as which cases are written down."""

    provider: str
    source: str

    def __call__(
        self,
        name: str,
        model: str,
        usage: Usage,
        nanos: Nanos | None,
        arithmetic: str,
        terms: Terms = STANDARD,
        at: datetime = NOW,
    ) -> Case:
        """A case of this page."""
        why = f"{arithmetic}; {self.source}"
        return Case(f"{self.provider}: {name}", self.provider, model, usage, at, terms, nanos, why)


def utc(moment: str) -> datetime:
    """The moment written as ``2026-08-16T16:00``, or with microseconds, in UTC.

    >>> utc("2026-08-16T16:00")
    datetime.datetime(2026, 8, 16, 16, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)
