"""How do the servers on one's own machine differ from OpenAI's chat? They say how long they took.

llama.cpp: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md; vLLM:
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html; LM Studio: https://lmstudio.ai/docs/api/openai-api
(read 2026-11-28).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.demo.clouds import wire
from codesession.demo.openai_chat import Dialect
from codesession.model import Terms

if TYPE_CHECKING:
    from codesession.demo.plan import Plan

_SAYS = frozenset({"input", "cache_read", "output"})


def _counters(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "total_tokens": usage.tokens,
        "completion_tokens": usage.completion_tokens,
    }


def _llamacpp_usage(plan: Plan) -> dict[str, Any]:
    return {**_counters(plan), "prompt_tokens_details": {"cached_tokens": plan.usage.cache_read}}


def _timings(plan: Plan) -> dict[str, Any]:
    """Half of the time is for reading, half for writing; the prompt is what was cached and what was not."""
    usage, half_ms = plan.usage, plan.script.took_ms / 2
    timings = {
        "cache_n": usage.cache_read,
        "prompt_n": usage.prompt_tokens - usage.cache_read,
        "prompt_ms": half_ms,
        "predicted_n": usage.completion_tokens,
        "predicted_ms": half_ms,
    }
    return {"timings": timings}


LLAMACPP = Dialect(
    wire("llamacpp"),
    _llamacpp_usage,
    says=_SAYS | {"took_ms"},
    common=lambda _plan: {"system_fingerprint": "b7000-simulated"},
    beside=_timings,
    terms=lambda plan: Terms(took_ms=plan.script.took_ms),
)


def _vllm_usage(plan: Plan) -> dict[str, Any]:
    """Cached tokens are told only by a server started with ``--enable-prompt-tokens-details``."""
    cached = plan.usage.cache_read
    return {**_counters(plan), "prompt_tokens_details": {"cached_tokens": cached} if cached else None}


VLLM = Dialect(wire("vllm"), _vllm_usage, says=_SAYS)

LMSTUDIO = Dialect(
    wire("lmstudio"),
    _counters,
    says=frozenset({"input", "output"}),
    common=lambda _plan: {"system_fingerprint": "simulated"},
    beside=lambda _plan: {"stats": {}},
)

OLLAMA = Dialect(
    wire("ollama"),
    _counters,
    says=frozenset({"input", "output"}),
    common=lambda _plan: {"system_fingerprint": "fp_ollama"},
)
"""https://docs.ollama.com/api/openai-compatibility: what it says below ``/v1``"""
