"""What does a reranker answer? Some bill the searches, others the tokens.

Cohere: https://docs.cohere.com/reference/rerank; Jina: https://api.jina.ai/redoc; Voyage:
https://docs.voyageai.com/reference/reranker-api; OpenRouter: its SDK's ``CreateRerankUsage`` (read 2026-11-28).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo import clouds
from codesession.demo.shapes import Endpoint, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_BEST = 0.98


def _cohere_error(_status: int, message: str, request: str) -> bytes:
    return _json({"id": request, "message": message})


COHERE_WIRE = Wire("cohere", clouds.wire("cohere").headers, clouds.wire("cohere").request_id, _cohere_error)


def _ranked(plan: Plan) -> list[dict[str, Any]]:
    documents = plan.body.get("documents")
    count = len(documents) if isinstance(documents, list) else 0
    most = plan.body.get("top_n") or plan.body.get("top_k") or count
    return [{"index": index, "relevance_score": _BEST / (index + 1)} for index in range(min(count, most))]


def _cohere(plan: Plan) -> bytes:
    billed = {"search_units": plan.usage.rerank_searches, **plan.script.usage_extra}
    meta = {"api_version": {"version": "2"}, "billed_units": billed}
    return _json({"id": plan.id, "results": _ranked(plan), "meta": meta})


def _usage(plan: Plan) -> dict[str, Any]:
    return {"usage": {"total_tokens": plan.usage.tokens, **plan.script.usage_extra}}


def _jina(plan: Plan) -> bytes:
    return _json({"model": plan.model, "object": "list", "results": _ranked(plan), **_usage(plan)})


def _voyage(plan: Plan) -> bytes:
    return _json({"object": "list", "data": _ranked(plan), "model": plan.model, **_usage(plan)})


def _together(plan: Plan) -> bytes:
    counted = {"prompt_tokens": plan.usage.tokens, "completion_tokens": 0, "total_tokens": plan.usage.tokens}
    known = {"id": plan.id, "object": "rerank", "model": plan.model, "results": _ranked(plan)}
    return _json({**known, "usage": {**counted, **plan.script.usage_extra}})


def _openrouter(plan: Plan) -> bytes:
    counted = {"search_units": plan.usage.rerank_searches, "total_tokens": plan.usage.tokens}
    usage = {**counted, "cost": plan.cost_nanos / clouds.NANOS_PER_USD, **plan.script.usage_extra}
    return _json({"id": plan.id, "model": plan.model, "results": _ranked(plan), "usage": usage})


def _rerank(wire: Wire, answer: Callable[[Plan], bytes], *says: str) -> Endpoint:
    return Endpoint(
        wire,
        "rerank",
        answer,
        response_id=lambda plan: None if answer in (_jina, _voyage) else plan.id,
        says=frozenset(says),
        writes=False,
        streams="never",
    )


COHERE = _rerank(COHERE_WIRE, _cohere, "rerank_searches")
JINA = _rerank(clouds.wire("jina"), _jina, "input")
VOYAGE = _rerank(clouds.wire("voyage"), _voyage, "input")
TOGETHER = _rerank(clouds.TOGETHER.wire, _together, "input")
VLLM = _rerank(clouds.wire("vllm"), _together, "input")
OPENROUTER = _rerank(clouds.OPENROUTER.wire, _openrouter, "input", "rerank_searches", "cost_nanos")
