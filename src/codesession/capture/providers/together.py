"""What does Together say of a call? As OpenAI does; a stream tells its usage unasked, in the chunk that finishes it.

https://docs.together.ai/reference/chat-completions-1 and the types of its Python SDK (`together` 3.1.1, read
2026-11-28). What was cached stands beside the counters, or among their details. Its SDK's ``TOGETHER_BASE_URL`` ends
with ``/v1`` in some of its versions and must not in others, so that it is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai_usage
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.compatible import CHAT, COMPLETIONS, EMBEDDINGS, RERANK, compatible, with_cached

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Told


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What Together's counters say.

    >>> from codesession.capture.providers.base import Answered
    >>> tell({"prompt_tokens": 10, "completion_tokens": 4, "cached_tokens": 8}, Answered()).usage
    Usage(input=2, cache_read=8, output=4)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    return openai_usage.tell(with_cached(counters, "cached_tokens"), answered)


TOGETHER = compatible(
    "together",
    "https://api.together.ai",
    {"TOGETHER_AI_API_BASE": "/v1"},
    tell=tell,
    paths=(CHAT, COMPLETIONS, EMBEDDINGS, RERANK),
    asks_usage=False,
    results=file_results(tell),
    free=("/files*",),
)
