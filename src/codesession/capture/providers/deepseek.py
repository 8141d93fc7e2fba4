"""What does DeepSeek say of a call? As OpenAI does, with its own words for what its cache had.

https://api-docs.deepseek.com/api/create-chat-completion and https://api-docs.deepseek.com/guides/anthropic_api
(read 2026-11-28). The prompt is what hit the cache and what missed it; reasoning is inside the completion. A stream
tells its usage unasked, in the chunk with the finish reason. ``/v1`` may be left out; ``/beta`` has the completion of
a prefix, and of what is between a prefix and a suffix; ``/anthropic`` speaks Anthropic's Messages API. What its web
tools did stands in ``server_tool_use`` (https://docs.rs/crate/deepseek-sdk/0.7.0/source/src/chat/response.rs); asked
for by themselves (``/v1/tools/search``) they have no tokens, and are not metered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.compatible import CHAT, COMPLETIONS, RESPONSES, compatible, with_cached, without
from codesession.capture.providers.values import count, part
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Told

_TOOLS = "server_tool_use"


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What DeepSeek's counters say; older answers tell what was cached in its own words only.

    >>> from codesession.capture.providers.base import Answered
    >>> tell({"prompt_tokens": 10, "completion_tokens": 4, "prompt_cache_hit_tokens": 8,
    ...       "prompt_cache_miss_tokens": 2}, Answered()).usage
    Usage(input=2, cache_read=8, output=4)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    plain = without(with_cached(counters, "prompt_cache_hit_tokens"), "prompt_cache_miss_tokens", _TOOLS)
    tools = part(counters, _TOOLS)
    searches = count(tools.get("web_search_requests"))
    told = openai_usage.tell({**plain, _TOOLS: without(tools, "web_search_requests")}, answered)
    return told._replace(usage=told.usage + Usage(web_searches=searches))


DEEPSEEK = compatible(
    "deepseek",
    "https://api.deepseek.com",
    {"DEEPSEEK_API_BASE": "", "DEEPSEEK_ANTHROPIC_API_BASE": "/anthropic"},
    tell=tell,
    paths=(CHAT, COMPLETIONS, RESPONSES),
    prefixes=("", "/v1", "/beta"),
    asks_usage=False,
    endpoints={"/anthropic/v1/messages": ANTHROPIC.endpoints["/v1/messages"]},
)
