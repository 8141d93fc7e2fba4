"""What does OpenAI answer? Its headers, errors, models and embeddings.

Everything else has its own file. The shapes are those that the openai 3.57.0 SDK reads; its tests are the proof.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo.shapes import Endpoint, Headers, Wire
from codesession.model import Terms

if TYPE_CHECKING:
    from codesession.demo.plan import Plan

_json = msgspec.json.encode

CREATED = 1_763_800_000
"""the moment every answer says it was made, in seconds since the epoch: fixed, so that answers are the same twice"""

_HEADERS: Headers = [
    (b"openai-organization", b"simulated"),
    (b"openai-processing-ms", b"7"),
    (b"openai-version", b"2020-10-01"),
    (b"x-ratelimit-limit-requests", b"10000"),
    (b"x-ratelimit-remaining-requests", b"9999"),
    (b"set-cookie", b"__cf_bm=simulated; path=/; HttpOnly"),
    (b"set-cookie", b"_cfuvid=simulated; path=/; HttpOnly"),
]

_ERRORS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
}

_DIMENSIONS = 1536


def _headers(request_id: str) -> Headers:
    return [(b"x-request-id", request_id.encode()), *_HEADERS]


def request_id(plan_id: str) -> str:
    """As the real ones look."""
    return f"req_{plan_id}"


def error(status: int, message: str, _request: str) -> bytes:
    """The body of an error answer."""
    kind, code = _ERRORS.get(status, ("server_error", None))
    return _json({"error": {"message": message, "type": kind, "param": None, "code": code}})


def event_error(told: bool | str | Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: FBT001 - as the script says it
    """The data of an error event in the middle of a chat stream."""
    if isinstance(told, Mapping):
        return told
    message = told if isinstance(told, str) else "The server had an error while processing your request."
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def event(data: object) -> bytes:
    """A server-sent event without a name."""
    return b"data: %b\n\n" % _json(data)


WIRE = Wire("openai", _headers, request_id, error)


def tier(plan: Plan) -> Terms:
    """The tier that every answer of a model names."""
    return Terms(plan.script.service_tier or "default")


def _embeddings(plan: Plan) -> bytes:
    asked = plan.body.get("input", "")
    # one text, or the tokens of one text, or a list of either
    count = len(asked) if isinstance(asked, list) and asked and not isinstance(asked[0], int) else 1
    dimensions = plan.body.get("dimensions") or _DIMENSIONS
    vector: str | tuple[float, ...] = (0.5, -0.25) * (dimensions // 2) + (0.125,) * (dimensions % 2)
    if plan.body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
    tokens = plan.usage.prompt_tokens
    return _json(
        {
            "object": "list",
            "data": [{"object": "embedding", "index": index, "embedding": vector} for index in range(count)],
            "model": plan.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens, **plan.script.usage_extra},
        }
    )


def _models(_plan: Plan) -> bytes:
    names = ("gpt-4o", "gpt-5", "gpt-5-mini", "text-embedding-3-small")
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "openai"} for name in names]
    return _json({"object": "list", "data": data})


def embeddings(wire: Wire) -> Endpoint:
    """Embeddings, which every compatible server answers alike."""
    return Endpoint(wire, "embeddings", _embeddings, says=frozenset({"input"}), writes=False)


def models(wire: Wire) -> Endpoint:
    """The list of models, which every compatible server answers alike."""
    return Endpoint(wire, "models", _models, writes=False, is_billed=False)


EMBEDDINGS = embeddings(WIRE)
MODELS = models(WIRE)
UNKNOWN = Endpoint(WIRE, "unknown", lambda _plan: b"", writes=False, is_billed=False)
"""always answered with an error, never with this"""
