"""What does xAI say of a call? Exactly what it cost, and the reasoning of a chat beside its completion.

https://docs.x.ai/developers/cost-tracking: ``cost_in_usd_ticks`` is the amount billed, its own tools included, of
which 10^10 are a dollar. https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing: in a chat
prompt, completion and reasoning add up to the total; in a response the reasoning is inside the output, as with
OpenAI. (Read 2026-11-28.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.base import Asked, Endpoint, Told
from codesession.capture.providers.compatible import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    RESPONSES,
    ChunkStream,
    compatible,
    prompt_reader,
    with_reasoning_inside,
    without,
)
from codesession.capture.providers.openai import read_embeddings_request
from codesession.capture.providers.reported import nanos_of
from codesession.capture.providers.values import count, part
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered

_TICKS_PER_USD = 10**10
_TICKS = "cost_in_usd_ticks"
_TOOLS = "server_side_tool_usage_details"


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What xAI's counters say, and what it bills; a picture has a cost, and no tokens.

    >>> from codesession.capture.providers.base import Answered
    >>> told = tell({"prompt_tokens": 10120, "completion_tokens": 1499, "total_tokens": 14428,
    ...              "completion_tokens_details": {"reasoning_tokens": 2809},
    ...              "cost_in_usd_ticks": 232856000}, Answered())
    >>> told.usage, told.reported_nanos
    (Usage(input=10120, output=1499, reasoning=2809), 23285600)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    paid = nanos_of(counters.get(_TICKS), _TICKS_PER_USD)
    rest = with_reasoning_inside(without(counters, _TICKS))
    if paid is not None and not any(_says_tokens(key) for key in rest):
        return Told(Usage(), reported_nanos=paid)
    tools = part(counters, _TOOLS)
    told = openai_usage.tell({**rest, _TOOLS: without(tools, "web_search_calls")}, answered)
    searches = Usage(web_searches=count(tools.get("web_search_calls")))
    return told._replace(usage=told.usage + searches, reported_nanos=paid)


def _says_tokens(key: str) -> bool:
    return key.startswith(("prompt_", "completion_", "input_", "output_"))


def _read_image_request(body: bytes) -> Asked:
    """What a request for pictures asks for: what they cost is known when they have been made."""
    asked = read_embeddings_request(body)
    return Asked(asked.model, streamed=False, is_unbounded=True, trace=asked.trace)


_IMAGES = Endpoint("images", _read_image_request, prompt_reader(tell), ChunkStream)

XAI = compatible(
    "xai",
    "https://api.x.ai",
    {"XAI_API_BASE": "/v1"},
    tell=tell,
    paths=(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS),
    endpoints={
        "/v1/messages": ANTHROPIC.endpoints["/v1/messages"],
        "/v1/images/generations": _IMAGES,
        "/v1/images/edits": _IMAGES,
    },
    reaches=("search_parameters",),
    free=("/tokenize-text", "/files*"),
)
