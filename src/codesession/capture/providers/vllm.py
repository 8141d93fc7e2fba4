"""What does a vLLM server say of a call? As OpenAI does; what was cached, only if it was started so.

https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html (read 2026-11-28): without
``--enable-prompt-tokens-details`` the details are null. Rankings, scores, classes and pooled vectors stand with and
without ``/v1``, and tell what was read.
"""

from __future__ import annotations

from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.compatible import EMBEDDINGS, RERANK, compatible, openai_endpoints

_KNOWN = openai_endpoints()

VLLM = compatible(
    "vllm",
    "http://127.0.0.1:8000",
    {"HOSTED_VLLM_API_BASE": "/v1"},
    is_local=True,
    endpoints={
        "/v1/messages": ANTHROPIC.endpoints["/v1/messages"],
        "/v2/rerank": _KNOWN[RERANK],
        **dict.fromkeys(("/score", "/v1/score", "/pooling", "/classify"), _KNOWN[EMBEDDINGS]),
    },
    free=("/tokenize", "/detokenize", "/messages/count_tokens"),
)
