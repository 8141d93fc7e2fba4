"""Which endpoint is asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.demo import anthropic, openai
from codesession.demo.openai_chat import CHAT
from codesession.demo.openai_responses import RESPONSES
from codesession.demo.shapes import Endpoint

if TYPE_CHECKING:
    from codesession.demo.exchange import Exchange


# what is unknown is always answered with an error, never with this
UNKNOWN_ANTHROPIC = Endpoint("anthropic", "unknown", lambda _plan: b"", writes=False, is_billed=False)
UNKNOWN_OPENAI = Endpoint("openai", "unknown", lambda _plan: b"", writes=False, is_billed=False)


def _routes() -> dict[tuple[str, str], Endpoint]:
    """By method and path: each provider at the root, and below its name as behind a gateway."""
    routes: dict[tuple[str, str], Endpoint] = {}
    for prefix in ("", "/v1", "/openai", "/openai/v1"):
        routes["POST", f"{prefix}/chat/completions"] = CHAT
        routes["POST", f"{prefix}/responses"] = RESPONSES
        routes["POST", f"{prefix}/embeddings"] = openai.EMBEDDINGS
        routes["GET", f"{prefix}/models"] = openai.MODELS
    for prefix in ("", "/anthropic"):
        routes["POST", f"{prefix}/v1/messages"] = anthropic.MESSAGES
        routes["POST", f"{prefix}/v1/messages/count_tokens"] = anthropic.COUNT_TOKENS
    routes["GET", "/anthropic/v1/models"] = anthropic.MODELS
    return routes


_ROUTES = _routes()


def endpoint_of(exchange: Exchange) -> Endpoint:
    """The endpoint for a request; one of the unknown ones when there is none."""
    endpoint = _ROUTES.get((exchange.method, exchange.path))
    speaks_anthropic = b"anthropic-version" in exchange.headers
    if endpoint is None:
        return UNKNOWN_ANTHROPIC if speaks_anthropic else UNKNOWN_OPENAI
    if endpoint is openai.MODELS and speaks_anthropic:
        return anthropic.MODELS
    return endpoint
