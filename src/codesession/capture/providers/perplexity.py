"""What does Perplexity say of a call? What it cost, with the searches that each of its models makes.

https://docs.perplexity.ai/api-reference/chat-completions-post, https://docs.perplexity.ai/guides/streaming-responses,
https://docs.perplexity.ai/docs/sonar/pro-search/stream-mode and the types of its Python SDK (`perplexityai` 0.46.1,
read 2026-11-28): every chunk of a stream tells the usage so far, with a cost of nothing; only the last tells the fee
of the request, and no ``[DONE]`` need follow. The tokens of reasoning and of citations stand beside the completion.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai_usage
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.compatible import (
    CHAT,
    EMBEDDINGS,
    RESPONSES,
    Counted,
    compatible,
    reaching_always,
    without,
)
from codesession.capture.providers.reported import nanos_of
from codesession.capture.providers.values import count, part
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Provider, Told

_BESIDE = ("citation_tokens", "reasoning_tokens", "num_search_queries", "cost", "tool_calls_details")
_CACHED = {"cache_read_input_tokens": "cached_tokens", "cache_creation_input_tokens": "cache_write_tokens"}
"""Its agents' words for what OpenAI calls otherwise."""


class _Answered(Counted):
    object: Any = None

    def is_last(self) -> bool:
        """Whether the request's fee is told, or that the answer is done."""
        fee = part(part({"usage": self.usage}, "usage"), "cost").get("request_cost")
        return fee is not None or self.object == "chat.completion.done"


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What Perplexity's counters say, and the total cost it tells.

    >>> from codesession.capture.providers.base import Answered
    >>> told = tell({"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "citation_tokens": 20016,
    ...              "num_search_queries": 18, "reasoning_tokens": 73997, "cost": {"total_cost": 0.409}}, Answered())
    >>> told.usage, told.reported_nanos
    (Usage(input=20049, output=7163, reasoning=73997, web_searches=18), 409000000)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    plain = without(counters, *_BESIDE)
    if counters.get("reasoning_tokens") is not None:
        thought = count(counters["reasoning_tokens"])
        plain["completion_tokens"] = count(counters.get("completion_tokens")) + thought
        plain["completion_tokens_details"] = {"reasoning_tokens": thought}
    details = part(counters, "input_tokens_details")
    if any(key in details for key in _CACHED):
        plain["input_tokens_details"] = {_CACHED.get(key, key): value for key, value in details.items()}
    told = openai_usage.tell(plain, answered)
    tools = part(counters, "tool_calls_details")
    searches = counters.get("num_search_queries", part(tools, "search_web").get("invocation"))
    beside = Usage(input=count(counters.get("citation_tokens")), web_searches=count(searches))
    paid = nanos_of(part(counters, "cost").get("total_cost"))
    return told._replace(usage=told.usage + beside, reported_nanos=paid)


def _perplexity() -> Provider:
    provider = compatible(
        "perplexity",
        "https://api.perplexity.ai",
        {"PERPLEXITY_API_BASE": "", "PERPLEXITY_BASE_URL": ""},
        tell=tell,
        answered=_Answered,
        paths=(CHAT, RESPONSES, EMBEDDINGS),
        asks_usage=False,
        results=file_results(tell),
    )
    embeddings = provider.endpoints["/v1" + EMBEDDINGS]
    searching = {
        path: reaching_always(endpoint)
        for path, endpoint in provider.endpoints.items()
        if endpoint.name != embeddings.name
    }
    more = {"/v1/contextualizedembeddings": embeddings, "/v1/sonar": searching[CHAT], "/v1/agent": searching[RESPONSES]}
    return replace(provider, endpoints={**provider.endpoints, **searching, **more}, free=frozenset({"/v1/files*"}))


PERPLEXITY = _perplexity()
