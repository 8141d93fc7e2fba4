"""How are models metered that Google's cloud runs: Gemini, and those of others, such as Claude?

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference and
https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai (read 2026-11-28). The model and the place
where it runs are in the path; a place can have a price of its own. The bearer token is bound to no host, so that a
request can be relayed as it is. What batches come to is written to a bucket, and never seen here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from codesession.capture.providers import anthropic, google
from codesession.capture.providers.base import Endpoint, Provider
from codesession.capture.providers.compatible import CHAT, openai_endpoints
from codesession.capture.providers.google_answers import refusal
from codesession.capture.providers.values import name

if TYPE_CHECKING:
    from codesession.capture.providers.base import Asked

_PLACE = re.compile(r"/+v1(?:beta1)?/projects/[^/]+/locations/([^/]+)/.+")
_MODEL = re.compile(r".*/models/([^/]+?):\w+")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
_NO_REGION = {
    "global": "https://aiplatform.googleapis.com",
    "us": "https://aiplatform.us.rep.googleapis.com",
    "eu": "https://aiplatform.eu.rep.googleapis.com",
}


def upstream_in(path: str) -> str | None:
    """The host of the place that the path names; None if that is no place of Google's.

    As the SDKs name it (google-genai 3.6.1, anthropic 2.14.0). Without a place, as with an API key, it is the global
    one.

    >>> upstream_in("/v1/projects/p/locations/us-east5/publishers/anthropic/models/m:rawPredict")
    'https://us-east5-aiplatform.googleapis.com'
    >>> upstream_in("/v1/projects/p/locations/evil.example%2F/x"), upstream_in("/v1/publishers/google/models/m:x")
    (None, 'https://aiplatform.googleapis.com')
    """
    found = _PLACE.fullmatch(path)
    place = found[1] if found else "global"
    return f"https://{place}-aiplatform.googleapis.com" if _REGION.fullmatch(place) else _NO_REGION.get(place)


def _placed(asked: Asked, path: str) -> Asked:
    """What is asked for, with the place in the path."""
    found = _PLACE.fullmatch(path)
    place = found[1] if found and (_REGION.fullmatch(found[1]) or found[1] in _NO_REGION) else None
    return replace(asked, terms=replace(asked.terms, geography=place))


def _gemini_in_path(asked: Asked, path: str) -> Asked:
    return _placed(google.in_path(asked, path), path)


def _model_in_path(asked: Asked, path: str) -> Asked:
    """What is asked for with the request's own word for the stream, and the model from the path."""
    found = _MODEL.fullmatch(unquote(path))
    return _placed(replace(asked, model=name(found[1])) if found else asked, path)


_BEFORE = r"/v1(?:beta1)?/(?:projects/[^/]+/locations/[^/]+/)?"
_RAW = r"(?::|%3[Aa])(?:rawPredict|streamRawPredict)"
_CLAUDE = Endpoint(
    "messages", anthropic.read_request, anthropic.read_answer, anthropic.MessagesStream, in_path=_model_in_path
)
_OTHERS = replace(openai_endpoints(asks_usage=False)[CHAT], in_path=_model_in_path)
_OPENAPI = replace(openai_endpoints(google.tell_compatible)[CHAT], in_path=_placed)

VERTEX = Provider(
    name="vertex",
    upstream=None,
    upstream_in=upstream_in,
    refusal=refusal,
    patterns=(
        (re.compile(rf"{_BEFORE}publishers/anthropic/models/(?!count-tokens)[^/]+?{_RAW}"), _CLAUDE),
        (re.compile(rf"{_BEFORE}publishers/(?!anthropic/|google/)[^/]+/models/[^/]+?{_RAW}"), _OTHERS),
        (re.compile(rf"{_BEFORE}endpoints/openapi{CHAT}"), _OPENAPI),
        *(
            (pattern, replace(endpoint, in_path=_gemini_in_path))
            for pattern, endpoint in google.calls_of(rf"{_BEFORE}(?:publishers/google/models|endpoints)")
        ),
    ),
    # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (read 2026-11-28)
    free=frozenset({"*:countTokens", "*:computeTokens", "*/models/count-tokens:rawPredict"}),
    # GOOGLE_VERTEX_BASE_URL is set for nobody: with it, google-genai 3.6.1 forgets a project and a place that are told
    # by the environment, and calls the bare address (tried on 2026-11-28)
    base_urls={"ANTHROPIC_VERTEX_BASE_URL": "/v1"},
    request_id_headers=(b"request-id", b"x-request-id"),
    # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo (read 2026-11-28)
    tier_header="x-vertex-ai-llm-shared-request-type",
)
