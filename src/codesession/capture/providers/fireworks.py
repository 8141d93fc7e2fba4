"""What does Fireworks say of a call? As OpenAI does; a stream tells its usage unasked, in the chunk that finishes it.

https://docs.fireworks.ai/api-reference/post-chatcompletions and the types of its Python SDK (`fireworks-ai` 1.2.30,
read 2026-11-28). If asked for, how long it took stands beside the usage, as ``perf_metrics``. Its SDK sends other
calls, too, to the base URL that its environment names, which are not below ``/inference``: so it is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC
from codesession.capture.providers.compatible import PATHS, Counted, compatible
from codesession.capture.providers.values import extras

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Told


class _Answered(Counted):
    perf_metrics: Any = None


_IN_USAGE = frozenset({"perf_metrics.prompt-tokens", "perf_metrics.cached-prompt-tokens"})


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What Fireworks' counters say, and its seconds beside them; raises `Unreadable`."""
    told = openai_usage.tell(counters, answered)
    metrics = getattr(answered, "perf_metrics", None)
    return told._replace(extra=told.extra + extras({"perf_metrics": metrics}, _IN_USAGE))


FIREWORKS = compatible(
    "fireworks",
    "https://api.fireworks.ai/inference",
    {"FIREWORKS_API_BASE": "/v1"},
    tell=tell,
    answered=_Answered,
    paths=PATHS,
    asks_usage=False,
    endpoints={"/v1/messages": ANTHROPIC.endpoints["/v1/messages"]},
)
