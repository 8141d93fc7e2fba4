"""What does Groq say of a call? As OpenAI does, with seconds among the tokens; at the end of a stream, beside it.

https://console.groq.com/docs/api-reference#chat-create and the types of its Python SDK (`groq` 1.7.0, read
2026-11-28): the last chunk has ``x_groq.usage``, whether or not ``include_usage`` was asked for; in a whole answer
that object tells only which memory the cache was in. Its SDK writes ``/openai/v1`` itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from codesession.capture.providers import openai_usage
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.compatible import CHAT, EMBEDDINGS, RESPONSES, Counted, compatible


class _XGroq(msgspec.Struct):
    usage: Any = None


class _Answered(Counted):
    x_groq: Any = None

    def counters(self) -> dict[str, Any] | None:
        if self.usage:
            return self.usage
        beside = self.x_groq.get("usage") if isinstance(self.x_groq, dict) else None
        return beside if isinstance(beside, dict) and "prompt_tokens" in beside else None


GROQ = compatible(
    "groq",
    "https://api.groq.com",
    {"GROQ_API_BASE": "/openai/v1", "GROQ_BASE_URL": ""},
    answered=_Answered,
    paths=(CHAT, RESPONSES, EMBEDDINGS),
    prefixes=("/openai/v1", "/v1", ""),
    asks_usage=False,
    reaches=("compound_custom", "search_settings"),
    results=file_results(openai_usage.tell, r"/+(?:openai/)?(?:v1/)?files/[^/]+/content"),
    free=("/files*",),
)
