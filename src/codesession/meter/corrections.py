"""Where is the published price list wrong? A few dated rows of our own, each with its source and the day it was read.

They stand over the published list and below the user's prices, for exact names at their own provider. Before the first
day of a name's rows the published price applies.
"""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter.catalogue import Resolved
from codesession.meter.listing import named_rate
from codesession.meter.names import spellings
from codesession.meter.pricing import Band, Rates
from codesession.model import USAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from codesession.meter.names import ProviderOf

READ = date(2026, 11, 22)
"""the day the sources below were read"""


class Correction(NamedTuple):
    """What some models of a provider cost from a UTC day on, in nano-dollars per million tokens."""

    provider: str
    models: tuple[str, ...]
    start: date
    input: int
    cache_read: int
    output: int
    source: str

    @property
    def rates(self) -> Rates:
        """The rates; what is not named is billed as what it is a kind of."""
        band = {"input": self.input, "cache_read": self.cache_read, "output": self.output}
        return Rates((Band(tuple(named_rate(band, field) for field in USAGE_FIELDS)),))


CORRECTIONS: tuple[Correction, ...] = (
    # The alias moved from Large 2 to Large 3 on that day. Rates as the source has them from the mistral.ai price page,
    # cached input as genai-prices 0.2.3 has it for mistral-large-2512.
    Correction(
        "mistral",
        ("mistral-large-latest",),
        date(2025, 12, 2),
        500_000_000,
        50_000_000,
        1_500_000_000,
        "https://github.com/simonw/llm-prices/pull/63",
    ),
    # In force from 16:00 UTC; the dearer price is taken for all of the day.
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        date(2025, 9, 5),
        560_000_000,
        70_000_000,
        1_680_000_000,
        "https://api-docs.deepseek.com/quick_start/pricing",
    ),
    # V3.2-Exp (the day is in https://api-docs.deepseek.com/updates).
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        date(2025, 9, 29),
        280_000_000,
        28_000_000,
        420_000_000,
        "https://github.com/BerriAI/litellm/pull/18884",
    ),
    # Both names led to V4 Flash until they were switched off on 2026-07-24, when it still had its first, flat price.
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        date(2026, 4, 24),
        140_000_000,
        2_800_000,
        280_000_000,
        "https://github.com/BerriAI/litellm/pull/28789",
    ),
)
"""the rows of a name in the order of their days"""


class Corrections:
    """The rows, found as the published list is; `provider_of` is its word for a provider."""

    def __init__(self, provider_of: ProviderOf, rows: Sequence[Correction] = CORRECTIONS) -> None:
        self._provider_of = provider_of
        self._rows = rows
        self._providers = {row.provider for row in rows}

    def resolve(self, provider: str, model: str, at: datetime) -> Resolved | None:
        """The corrected price of `model` at `at` (a time without zone is UTC); None: nothing to correct."""
        home = self._provider_of(provider) or provider.strip().lower()
        if home not in self._providers:
            return None
        names = [name for road, name in spellings(home, model, self._provider_of) if road == home]
        day = (at if at.tzinfo is None else at.astimezone(UTC)).date()
        for row in reversed(self._rows):
            if row.provider == home and row.start <= day:
                name = next((name for name in names if name in row.models), None)
                if name is not None:
                    source = f"correction of {READ.isoformat()} ({row.source})"
                    return Resolved(home, name, row.rates, source, row.start)
        return None
