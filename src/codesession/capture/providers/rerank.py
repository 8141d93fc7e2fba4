"""What do providers of embeddings and rankings say of a call? How many tokens were read, and nothing else.

Jina: https://api.jina.ai/redoc; Voyage: https://docs.voyageai.com/reference/reranker-api (read 2026-11-28). With
``total_tokens`` alone, all of them were read. Voyage's ``/v1/multimodalembeddings`` is paid by the pixel: unmetered.
"""

from __future__ import annotations

from codesession.capture.providers.compatible import EMBEDDINGS, RERANK, compatible, openai_endpoints

_READS = openai_endpoints()[EMBEDDINGS]

JINA = compatible(
    "jina",
    "https://api.jina.ai",
    {"JINA_AI_API_BASE": "/v1"},
    paths=(EMBEDDINGS, RERANK),
    endpoints={"/v1/classify": _READS},
)
VOYAGE = compatible(
    "voyage",
    "https://api.voyageai.com",
    paths=(EMBEDDINGS, RERANK),
    endpoints={"/v1/contextualizedembeddings": _READS},
)
