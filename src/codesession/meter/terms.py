"""What do a provider's words for the terms of a call mean for its price?

Providers name tiers, speeds and places in words of their own, in requests and in answers. Here they become a *basis*,
which is how the price list names what is not standard (``service_tier=flex``, ``processing=batch``, ``speed=fast``), or
None for the standard price. A word that nobody here knows stays in the basis as it is: nothing is priced on it, so the
call is unpriced and never silently standard.

The words, read 2026-11-28: OpenAI https://developers.openai.com/api/docs/guides/priority-processing and
https://developers.openai.com/api/docs/guides/flex-processing, Anthropic
https://platform.claude.com/docs/en/api/service-tiers, Gemini https://ai.google.dev/gemini-api/docs/optimization, Vertex
AI https://docs.cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo, Groq
https://console.groq.com/docs/service-tiers, xAI
https://docs.x.ai/developers/advanced-api-usage/priority-processing, Mistral
https://docs.mistral.ai/inference/priority-tier.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.model.terms import Terms

BATCH = "processing=batch"
FLEX = "service_tier=flex"
PRIORITY = "service_tier=priority"
FAST = "speed=fast"

_STANDARD_TIERS = frozenset(
    {"", "auto", "default", "on_demand", "service_tier_standard", "service_tier_unspecified", "standard"}
    | {"standard_only", "traffic_type_unspecified", "unspecified"}
)
"""words for the standard tier, or for leaving the choice to the provider, of which the answer then tells"""

_SAME_TIER = {
    "on_demand_flex": "flex",
    "on_demand_priority": "priority",
    "service_tier_flex": "flex",
    "service_tier_priority": "priority",
}
"""longer words for the same: Google's"""

_STANDARD_SPEEDS = frozenset({"", "standard"})

_NOWHERE = frozenset({"", "global", "not_available"})
"""words that say that a call may run anywhere"""

_TIERS_OF_AUTO = {"openai": ("priority",)}
"""what else than standard ``auto`` may become: at OpenAI what the project is set to"""


def basis_of(terms: Terms) -> str | None:
    """The basis on which a call with these `terms` is priced; None: the standard price.

    >>> from codesession.model.terms import Terms
    >>> basis_of(Terms(service_tier="standard_only")), basis_of(Terms(is_batch=True, service_tier="batch"))
    (None, 'processing=batch')
    >>> basis_of(Terms(service_tier="ON_DEMAND_PRIORITY")), basis_of(Terms(service_tier="scale"))
    ('service_tier=priority', 'service_tier=scale')
    """
    tier = _word(terms.service_tier)
    speed = _word(terms.speed)
    parts = []
    if terms.is_batch or tier == "batch":
        parts.append(BATCH)
    if tier not in _STANDARD_TIERS and tier != "batch":
        parts.append(f"service_tier={_SAME_TIER.get(tier, tier)}")
    if speed not in _STANDARD_SPEEDS:
        parts.append(f"speed={speed}")
    return ",".join(parts) or None


def place_of(terms: Terms) -> str | None:
    """Where it is made sure that the model runs, in lower case; None: anywhere."""
    place = _word(terms.geography)
    return None if place in _NOWHERE else place


def may_become(home: str, terms: Terms) -> Iterator[Terms]:
    """The terms on which a call asked for on `terms` at the provider `home` (the price list's id) may be billed.

    A priority or fast request may be served, and billed, as a standard one; that costs less, but where prices step up
    with the length of the prompt not surely so.
    """
    yield terms
    tier = _word(terms.service_tier)
    if tier == "auto":
        for other in _TIERS_OF_AUTO.get(home, ()):
            yield replace(terms, service_tier=other)
    elif _SAME_TIER.get(tier, tier) in ("priority", "fast"):
        yield replace(terms, service_tier=None)


def name_of(basis: str) -> str:
    """A basis in a word, for people.

    >>> name_of("processing=batch"), name_of("processing=batch,speed=fast")
    ('batch', 'batch, fast')
    """
    return ", ".join(part.partition("=")[2] for part in basis.split(","))


def _word(said: str | None) -> str:
    return "" if said is None else said.strip().lower()
