"""Where is the published price list wrong or silent? Rows of our own, each with its source and the day it was read.

They stand over the published list and below the user's prices, for exact names at their own provider. Before the first
day of a name's rows the published price applies.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter.catalogue import Resolved
from codesession.meter.names import spellings
from codesession.meter.pricing import Rates, band_of, fraction
from codesession.model import NANOS_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.meter.catalogue import Catalogue
    from codesession.meter.pricing import Band

_NAMES_KEPT = 4096


class Correction(NamedTuple):
    """What some models of a provider cost, on standard terms."""

    provider: str
    models: tuple[str, ...]
    start: datetime | None
    """the moment from which it holds, in UTC; None for always"""
    dollars: dict[str, str]
    """by class, for a million tokens (or searches, or calls: ``request``); what is not named is billed as its kind"""
    source: str
    read: date
    above: int | None = None
    """`long` applies to calls with more prompt tokens than that"""
    long: Mapping[str, str] = MappingProxyType({})
    """the classes that then cost something else"""
    end: datetime | None = None
    """the moment before which it holds, in UTC; None while it does"""

    @property
    def rates(self) -> Rates:
        """The rates, exactly."""
        ordinary = _band(self.dollars)
        return Rates(
            (ordinary,) if self.above is None else (ordinary, _band({**self.dollars, **self.long}, self.above))
        )


def _band(dollars: Mapping[str, str], above: int = -1) -> Band:
    """Dollars as whole nano-dollars; the rows have none that are finer."""
    nanos = {name: _nanos(amount) for name, amount in dollars.items()}
    return band_of(nanos, above, nanos.get("request", 0))


def _nanos(dollars: str) -> int:
    """A decimal number of dollars as nano-dollars.

    >>> _nanos("0.0028"), _nanos("15")
    (2800000, 15000000000)
    """
    above, below = fraction(dollars)
    return above * NANOS_PER_USD // below


_FIRST = date(2026, 11, 22)
_SECOND = date(2026, 11, 28)
"""the days on which sources were read"""

_SONNET_4 = {"input": "3", "cache_read": "0.3", "cache_write": "3.75", "cache_write_1h": "6", "output": "15"} | {
    "web_searches": "10000"
}
_SONNET_4_LONG = {"input": "6", "cache_read": "0.6", "cache_write": "7.5", "cache_write_1h": "12", "output": "22.5"}
_CLAUDE_PRICES = "https://platform.claude.com/docs/en/about-claude/pricing"
_GPT_4O_AUDIO = "https://developers.openai.com/api/docs/models/gpt-4o-audio-preview"
_GPT_4O_MINI_AUDIO = "https://developers.openai.com/api/docs/models/gpt-4o-mini-audio-preview"
_GPT_4O_AUDIO_FIRST = "https://huggingface.co/spaces/noumanjavaid/pricing/blob/main/app.py"
_AUDIO_FIRST = {"input": "2.5", "output": "10", "input_audio": "100", "output_audio": "200"}
_AUDIO = {"input": "2.5", "output": "10", "input_audio": "40", "output_audio": "80"}
_MINI_AUDIO = {"input": "0.15", "output": "0.6", "input_audio": "10", "output_audio": "20"}
_COHERE = "https://developer.puter.com/tutorials/cohere-api-pricing/"
_XAI = "https://github.com/simonw/llm-prices/blob/main/data/xai.json"
_PERPLEXITY = "https://docs.perplexity.ai/getting-started/pricing"
_LITELLM = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"

CORRECTIONS: tuple[Correction, ...] = (
    # The alias moved from Large 2 to Large 3 on that day. Rates as the source has them from the mistral.ai price page,
    # cached input as genai-prices 0.2.3 has it for mistral-large-2512.
    Correction(
        "mistral",
        ("mistral-large-latest",),
        datetime(2025, 12, 2, tzinfo=UTC),
        {"input": "0.5", "cache_read": "0.05", "output": "1.5"},
        "https://github.com/simonw/llm-prices/pull/63",
        _FIRST,
    ),
    # V3.1, from the end of that day in Beijing.
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        datetime(2025, 9, 5, 16, tzinfo=UTC),
        {"input": "0.56", "cache_read": "0.07", "output": "1.68"},
        "https://api-docs.deepseek.com/quick_start/pricing",
        _FIRST,
    ),
    # V3.2-Exp (the day is in https://api-docs.deepseek.com/updates).
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        datetime(2025, 9, 29, tzinfo=UTC),
        {"input": "0.28", "cache_read": "0.028", "output": "0.42"},
        "https://github.com/BerriAI/litellm/pull/18884",
        _FIRST,
    ),
    # Both names led to V4 Flash until they were switched off on 2026-07-24, when it still had its first, flat price.
    Correction(
        "deepseek",
        ("deepseek-chat", "deepseek-reasoner"),
        datetime(2026, 4, 24, tzinfo=UTC),
        {"input": "0.14", "cache_read": "0.0028", "output": "0.28"},
        "https://github.com/BerriAI/litellm/pull/28789",
        _FIRST,
    ),
    # Over 200K tokens of prompt all of the call was dearer, as long as there was a window for them. The list has that
    # of Sonnet 4.5 only, with the day on which both ended.
    Correction(
        "anthropic",
        ("claude-sonnet-4", "claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        datetime(2025, 8, 12, tzinfo=UTC),
        _SONNET_4,
        _CLAUDE_PRICES,
        _SECOND,
        above=200_000,
        long=_SONNET_4_LONG,
        end=datetime(2026, 4, 30, tzinfo=UTC),
    ),
    # As above, over 128,000 tokens; cached ones cost the same.
    Correction(
        "x-ai",
        ("grok-4", "grok-4-0709", "grok-4-latest"),
        None,
        {"input": "3", "cache_read": "0.75", "output": "15"},
        _XAI,
        _SECOND,
        above=128_000,
        long={"input": "6", "output": "30"},
    ),
    Correction(
        "x-ai",
        ("grok-4-fast", "grok-4-fast-reasoning", "grok-4-fast-non-reasoning"),
        None,
        {"input": "0.2", "cache_read": "0.05", "output": "0.5"},
        _XAI,
        _SECOND,
        above=128_000,
        long={"input": "0.4", "output": "1"},
    ),
    # The fee for a request depends on how much is searched, and is the lowest unless more is asked for; the list has
    # the highest. The copies of the page are cut off before that: the fees are by litellm 1.110.2's list, too, and
    # which of them is the default by nobody. What Perplexity itself says that a call cost comes before any price.
    Correction("perplexity", ("sonar",), None, {"input": "1", "output": "1", "request": "5000"}, _PERPLEXITY, _SECOND),
    Correction(
        "perplexity", ("sonar-pro",), None, {"input": "3", "output": "15", "request": "6000"}, _PERPLEXITY, _SECOND
    ),
    Correction(
        "perplexity",
        ("sonar-reasoning-pro",),
        None,
        {"input": "2", "output": "8", "request": "6000"},
        _PERPLEXITY,
        _SECOND,
    ),
    # Until 2025-06-03 the alias may have meant either snapshot; the dearer one is taken.
    Correction(
        "openai",
        ("gpt-4o-audio-preview",),
        datetime(2024, 10, 1, tzinfo=UTC),
        _AUDIO_FIRST,
        _GPT_4O_AUDIO_FIRST,
        _SECOND,
    ),
    Correction(
        "openai",
        ("gpt-4o-audio-preview-2024-10-01",),
        datetime(2024, 10, 1, tzinfo=UTC),
        _AUDIO_FIRST,
        _GPT_4O_AUDIO_FIRST,
        _SECOND,
    ),
    Correction(
        "openai",
        ("gpt-4o-audio-preview-2024-12-17", "gpt-4o-audio-preview-2025-06-03"),
        datetime(2024, 12, 17, tzinfo=UTC),
        _AUDIO,
        _GPT_4O_AUDIO,
        _SECOND,
    ),
    Correction("openai", ("gpt-4o-audio-preview",), datetime(2025, 6, 3, tzinfo=UTC), _AUDIO, _GPT_4O_AUDIO, _SECOND),
    Correction(
        "openai",
        ("gpt-4o-mini-audio-preview", "gpt-4o-mini-audio-preview-2024-12-17"),
        datetime(2024, 12, 17, tzinfo=UTC),
        _MINI_AUDIO,
        _GPT_4O_MINI_AUDIO,
        _SECOND,
    ),
    # Rerankers cost by the search: a query with up to a hundred documents. The list has none of them. The third version
    # is by litellm 1.110.2's list, the source has the fourth only.
    Correction(
        "cohere",
        ("rerank-english-v3.0", "rerank-multilingual-v3.0", "rerank-v3.5", "rerank-v4.0-fast"),
        None,
        {"rerank_searches": "2000"},
        _COHERE,
        _SECOND,
    ),
    Correction("cohere", ("embed-v4.0",), None, {"input": "0.12", "input_image": "0.47"}, _COHERE, _SECOND),
    Correction("cohere", ("rerank-v4.0-pro",), None, {"rerank_searches": "2500"}, _COHERE, _SECOND),
    Correction("aws", ("cohere.rerank-v3-5:0",), None, {"rerank_searches": "2000"}, _LITELLM, _SECOND),
    Correction("aws", ("amazon.rerank-v1:0",), None, {"rerank_searches": "1000"}, _LITELLM, _SECOND),
)
"""the rows of a name in the order of their days"""


class Corrections:
    """The rows, over the published `catalogue`, by the same names.

    An id of the list goes before a row that a less exact spelling of it leads to.
    """

    def __init__(self, catalogue: Catalogue, rows: Sequence[Correction] = CORRECTIONS) -> None:
        self._catalogue = catalogue
        self._rows = rows
        self._providers = {row.provider for row in rows}
        self._of_name = lru_cache(_NAMES_KEPT)(self._find)

    def resolve(self, provider: str, model: str, at: datetime) -> Resolved | None:
        """The corrected price of `model` at `at` (a time without zone is UTC); None: nothing to correct."""
        moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        for row, resolved in self._of_name(provider, model):
            if row.start is None or row.start <= moment:
                return resolved if row.end is None or moment < row.end else None
        return None

    def _find(self, provider: str, model: str) -> tuple[tuple[Correction, Resolved], ...]:
        """The rows for the first spelling of `model` that has any, the latest first, each with its price."""
        provider_of = self._catalogue.provider_of
        home = provider_of(provider) or provider.strip().lower()
        if home not in self._providers:
            return ()
        names = [name for road, name in spellings(home, model, provider_of) if road == home]
        for name in names:
            rows = [row for row in reversed(self._rows) if row.provider == home and name in row.models]
            if rows:
                return tuple((row, _resolved(row, name)) for row in rows)
            if self._catalogue.has_id(home, name):
                break
        return ()


def _resolved(row: Correction, name: str) -> Resolved:
    """What a row says of the model `name`, with where it is from, for people."""
    source = f"correction of {row.read.isoformat()} ({row.source})"
    start = None if row.start is None else row.start.date()
    return Resolved(row.provider, name, row.rates, source, start, biller=row.provider)
