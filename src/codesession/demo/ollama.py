"""What does Ollama answer? Lines of JSON, the last of which says what was used and how long it took.

https://docs.ollama.com/api (read 2026-11-28); the ollama 0.6.3 SDK is the proof. It counts neither cached nor thinking
tokens apart, and streams unless the request refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo.shapes import JSON_LINES, Endpoint, Headers, Stream, Wire
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.demo.plan import Plan

_json = msgspec.json.encode

_CREATED = "2026-11-28T10:00:00.000000Z"
_NANOS_PER_MS = 1_000_000
_LOAD_MS = 5
_DIMENSIONS = 768
_MODEL = "llama3.2:latest"
_DIGEST = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72"
_BYTES = 2_019_393_189


def _headers(_request: str) -> Headers:
    return []  # it gives a request no id


def _error(_status: int, message: str, _request: str) -> bytes:
    return _json({"error": message})


WIRE = Wire("ollama", _headers, lambda plan_id: plan_id, _error)


def _durations(plan: Plan) -> dict[str, int]:
    total = plan.script.took_ms * _NANOS_PER_MS
    return {"total_duration": total, "load_duration": min(total, _LOAD_MS * _NANOS_PER_MS)}


def _final(plan: Plan, text: dict[str, Any]) -> dict[str, Any]:
    """The last line, or the whole answer. A counter of nothing is left out, as Go does."""
    durations = _durations(plan)
    half = (durations["total_duration"] - durations["load_duration"]) // 2
    counted: dict[str, Any] = {}
    if plan.usage.input:
        counted |= {"prompt_eval_count": plan.usage.input, "prompt_eval_duration": half}
    if plan.usage.output:
        counted |= {"eval_count": plan.usage.output, "eval_duration": half}
    reason = plan.script.stop_reason or ("length" if plan.is_truncated else "stop")
    known = {"model": plan.model, "created_at": _CREATED, **text, "done": True, "done_reason": reason}
    return {**known, **durations, **counted, **plan.script.usage_extra}


def _said(text: str) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}}


def _written(text: str) -> dict[str, Any]:
    return {"response": text}


def _writing(name: str, say: Callable[[str], dict[str, Any]]) -> Endpoint:
    """An endpoint where a model writes; `say` puts its text where that endpoint has it."""

    def answer(plan: Plan) -> bytes:
        return _json(_final(plan, say(plan.text)))

    def stream(plan: Plan) -> Stream:
        start = {"model": plan.model, "created_at": _CREATED}
        deltas = {piece: _line({**start, **say(piece), "done": False}) for piece in set(plan.deltas)}
        told = plan.script.error_event
        failed = told if isinstance(told, dict) else {"error": told if isinstance(told, str) else "model stopped"}
        return Stream(
            head=(),
            deltas=map(deltas.__getitem__, plan.deltas),
            tail=(_line(_final(plan, say(""))),),
            error=(_line(failed),),
            final_at=0,
            media_type=JSON_LINES,
        )

    says = frozenset({"input", "output", "took_ms"})
    return Endpoint(WIRE, name, answer, stream, says=says, streams="unless refused", terms=_terms)


def _terms(plan: Plan) -> Terms:
    return Terms(took_ms=plan.script.took_ms)


def _line(data: object) -> bytes:
    return _json(data) + b"\n"


def _embedded(plan: Plan) -> bytes:
    asked = plan.body.get("input", "")
    count = len(asked) if isinstance(asked, list) else 1
    vectors = [[0.5, -0.25] * (_DIMENSIONS // 2)] * count
    known = {"model": plan.model, "embeddings": vectors, **_durations(plan)}
    return _json({**known, "prompt_eval_count": plan.usage.input, **plan.script.usage_extra})


def _tags(_plan: Plan) -> bytes:
    known = {"name": _MODEL, "model": _MODEL, "modified_at": _CREATED, "size": _BYTES, "digest": _DIGEST}
    return _json({"models": [{**known, "details": _DETAILS}]})


def _ps(_plan: Plan) -> bytes:
    known = {"name": _MODEL, "model": _MODEL, "size": _BYTES, "digest": _DIGEST, "details": _DETAILS}
    return _json({"models": [{**known, "expires_at": _CREATED, "size_vram": _BYTES, "context_length": 4096}]})


_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "3.2B",
    "quantization_level": "Q4_K_M",
}


def _free(name: str, answer: Callable[[Plan], bytes]) -> Endpoint:
    return Endpoint(WIRE, name, answer, writes=False, is_billed=False)


CHAT = _writing("chat", _said)
GENERATE = _writing("generate", _written)
EMBED = Endpoint(
    WIRE, "embed", _embedded, says=frozenset({"input", "took_ms"}), writes=False, streams="never", terms=_terms
)
TAGS = _free("tags", _tags)
PS = _free("ps", _ps)
VERSION = _free("version", lambda _plan: _json({"version": "0.13.0"}))
UNKNOWN = _free("unknown", lambda _plan: b"")
"""always answered with an error, never with this"""
