"""What does a provider charge for its own tools, and for what else the published list has no rate of its own?

Where the list has a fee for searches it counts; where it has none, the rows here do, and where neither has one a call
that searched is unpriced: a missing fee is not $0. A fee of 0 is in a row where the provider says that it charges none.

Free allowances (Gemini: so many grounded prompts a day, or queries a month, for a whole account) cannot be known from a
call, so every search is charged for from the first. What is shown is then the most that it cost.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from codesession.meter.pricing import fraction, with_own_rate, with_rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.meter.pricing import Rates

READ = date(2026, 11, 28)
"""the day the sources below were read"""

_PER_THOUSAND = 10**12
"""nano-dollars for a million searches at a dollar for a thousand"""


class Fee(NamedTuple):
    """What a search costs with some models of a provider, in thousandths of a dollar for a thousand searches."""

    provider: str
    models: tuple[str, ...]
    """beginnings of the names that the models go by there"""
    field: str
    """one of `codesession.model.REQUESTS`"""
    millis: int
    source: str
    replaces: bool = False
    """whether it stands in the place of a fee the list has"""
    until: date | None = None
    """the UTC day before which it holds; None for always"""

    @property
    def rate(self) -> int:
        """Nano-dollars for a million."""
        return self.millis * _PER_THOUSAND // 1000


_LITELLM = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
"""litellm 1.110.2, for what its maker's own page could not be read"""
_ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
_OPENAI = "https://developers.openai.com/api/docs/pricing"
"""by genai-prices 0.2.3, which agrees: no copy of the page was found that has these fees"""
_OPENAI_PREVIEW = "https://community.openai.com/t/search-web-using-openai-api/1363698"
_GEMINI = "https://ai.google.dev/gemini-api/docs/pricing"
"""by the lists of genai-prices 0.2.3 and litellm 1.110.2, which agree"""
_PERPLEXITY = "https://docs.perplexity.ai/getting-started/pricing"
_XAI = "https://docs.x.ai/developers/pricing"

FEES: tuple[Fee, ...] = (
    Fee("anthropic", ("claude-",), "web_searches", 10_000, _ANTHROPIC),
    Fee("google", ("claude-",), "web_searches", 10_000, _LITELLM),
    Fee("azure", ("",), "web_searches", 14_000, _LITELLM, replaces=True),
    Fee("azure", ("",), "file_searches", 2_500, _OPENAI),
    # The models that always search, of Chat Completions: $25 for a thousand, with what was found for nothing. The list
    # knows the smaller one as gpt-4o-mini, with that model's fee.
    Fee("openai", ("gpt-4o-search-", "gpt-4o-mini-search-"), "web_searches", 25_000, _OPENAI_PREVIEW, replaces=True),
    # The tool web_search. The older web_search_preview costs $25 with models that do not reason, which no usage tells.
    Fee("openai", ("",), "web_searches", 10_000, _OPENAI_PREVIEW),
    Fee("openai", ("",), "file_searches", 2_500, _OPENAI),
    # While Gemini 3 was introduced.
    Fee("google", ("gemini-3-",), "web_searches", 0, _GEMINI, until=date(2026, 1, 5)),
    # For Gemini 2 a fee for the prompt (see `PER_PROMPT`), from Gemini 3 on one for each query.
    Fee("google", ("gemini-1.5", "gemini-2"), "web_searches", 35_000, _GEMINI),
    Fee("google", ("gemini-",), "web_searches", 14_000, _GEMINI),
    Fee("x-ai", ("",), "web_searches", 5_000, _XAI),
    Fee("x-ai", ("",), "file_searches", 2_500, _XAI),
    Fee("groq", ("openai/gpt-oss-",), "web_searches", 5_000, _LITELLM),
    # Searching is in the fee for the request, but for Deep Research, whose fee is in the list.
    Fee("perplexity", ("sonar", "sonar-pro", "sonar-reasoning"), "web_searches", 0, _PERPLEXITY),
)
"""the first row that fits counts"""

PER_PROMPT = ("gemini-1.5", "gemini-2")
"""Gemini models of which a prompt pays for one search at most, however many it led to: `_GEMINI`"""


class OwnRate(NamedTuple):
    """A class of tokens that is dearer than what it is a kind of, where the list has no rate of its own for it."""

    provider: str | None
    """None: wherever the model is sold"""
    models: tuple[str, ...]
    """parts of the names that the models go by"""
    field: str
    times: str
    """of the rate of uncached input"""
    source: str


OWN_RATES: tuple[OwnRate, ...] = (
    OwnRate(
        None,
        ("claude",),
        "cache_write_1h",
        "2",
        "https://platform.claude.com/docs/en/build-with-claude/prompt-caching",
    ),
    # Written for twelve hours; the default, for half an hour, is 1.25 times input and in the list.
    OwnRate("openai", ("gpt-5.6", "gpt-6"), "cache_write_other", "2.5", _LITELLM),
)


def with_fees(rates: Rates, sellers: Sequence[str], model: str, names: Sequence[str], day: date) -> Rates:
    """`rates` with what the rows above add to them on that day.

    Args:
        rates: those of the list, or of whoever's price applies.
        sellers: the provider that was called and the one in whose list the price stands (the list's ids).
        model: its id in that list.
        names: what the model was called, and the spellings of it, in lower case.
        day: the UTC day of the call.
    """
    added: dict[str, int] = {}
    for fee in FEES:
        known = rates.bands[0].rate(fee.field)
        if (
            fee.field not in added
            and (known is None or fee.replaces)
            and (fee.until is None or day < fee.until)
            and _fits(fee, sellers, model, names)
        ):
            added[fee.field] = fee.rate
    if added:
        rates = with_rates(rates, added)
    for own in OWN_RATES:
        if own.provider in (None, *sellers) and any(part in model for part in own.models):
            rates = with_own_rate(rates, own.field, fraction(own.times))
    if "google" in sellers and model.startswith(PER_PROMPT):
        rates = rates._replace(at_most_one=True)
    return rates


def _fits(fee: Fee, sellers: Sequence[str], model: str, names: Sequence[str]) -> bool:
    return fee.provider in sellers and any(name.startswith(fee.models) for name in (model, *names))
