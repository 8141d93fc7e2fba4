"""How is Google's Gemini API metered? The model, and whether an answer is a stream, are told by the path.

https://ai.google.dev/api (read 2026-11-28); see `google_answers` and `google_usage`. What is kept in a cache by
``cachedContents`` is billed by the hour until it is deleted, which no answer tells: such requests are relayed
unmetered, and what is read from a cache is metered as any call. Unmetered are also batches, until their results are
fetched, and videos, which are made long after they are asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from codesession.capture.providers import google_interactions, openai_usage
from codesession.capture.providers.base import Endpoint, Provider
from codesession.capture.providers.compatible import CHAT, EMBEDDINGS, openai_endpoints
from codesession.capture.providers.google_answers import (
    GoogleArray,
    GoogleStream,
    read_answer,
    read_embeddings,
    read_predictions,
    refusal,
)
from codesession.capture.providers.google_batches import read_batch, read_line
from codesession.capture.providers.google_request import read_request, read_unwriting_request
from codesession.capture.providers.results import DocumentReader, ResultsReader
from codesession.capture.providers.values import count, name
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Asked, Told

_NAMED = re.compile(r"(?:.*/)?(models|tunedModels|endpoints|dynamic)/([^/]+?):(\w+)")


def in_path(asked: Asked, path: str) -> Asked:
    """What is asked for, with what the path tells of it.

    >>> from codesession.capture.providers.base import Asked
    >>> told = in_path(Asked("(none)", False), "/v1beta/models/gemini-2.5-flash:streamGenerateContent")
    >>> told.model, told.streamed
    ('gemini-2.5-flash', True)
    """
    found = _NAMED.fullmatch(unquote(path))
    if not found:
        return asked
    kind, model, what = found.groups()
    told = model if kind == "models" else f"{kind}/{model}"
    return replace(asked, model=name(told), streamed=what.startswith("stream"))


def tell_compatible(counters: dict[str, Any], answered: Answered) -> Told:
    """What the counters of Google's OpenAI-compatible API say: thoughts are only in their total.

    https://ai.google.dev/gemini-api/docs/openai (read 2026-11-28).

    >>> from codesession.capture.providers.base import Answered
    >>> tell_compatible({"prompt_tokens": 8, "completion_tokens": 10, "total_tokens": 45}, Answered()).usage
    Usage(input=8, output=10, reasoning=27)

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    told = openai_usage.tell(counters, answered)
    thoughts = max(0, count(counters.get("total_tokens")) - told.usage.tokens)
    return told._replace(usage=told.usage + Usage(reasoning=thoughts))


ENDPOINTS = {
    "generateContent": Endpoint("generateContent", read_request, read_answer, GoogleStream, in_path=in_path),
    "streamGenerateContent": Endpoint(
        "streamGenerateContent",
        read_request,
        read_answer,
        GoogleStream,
        framed={"application/json": GoogleArray},
        in_path=in_path,
    ),
    "embedContent": Endpoint("embedContent", read_unwriting_request, read_embeddings, GoogleStream, in_path=in_path),
    "batchEmbedContents": Endpoint(
        "batchEmbedContents", read_unwriting_request, read_embeddings, GoogleStream, in_path=in_path
    ),
    "predict": Endpoint("predict", read_unwriting_request, read_predictions, GoogleStream, in_path=in_path),
}
"""What can be asked of a model, by the last word of its path."""


def calls_of(models: str) -> tuple[tuple[re.Pattern[str], Endpoint], ...]:
    """The `Provider.patterns` of these endpoints, for models at paths that match the pattern `models`."""
    return tuple((re.compile(rf"{models}/[^/]+?(?::|%3[Aa]){what}"), endpoint) for what, endpoint in ENDPOINTS.items())


_COMPATIBLE = openai_endpoints(tell_compatible)
INTERACTIONS = Endpoint(
    "interactions",
    google_interactions.read_request,
    google_interactions.read_answer,
    google_interactions.InteractionStream,
)

GOOGLE = Provider(
    name="google",
    upstream="https://generativelanguage.googleapis.com",
    refusal=refusal,
    # a call that asked for priority may be served, and billed, at the standard tier
    # (https://ai.google.dev/gemini-api/docs/priority-inference, read 2026-11-28)
    told_tier_header="x-gemini-service-tier",
    endpoints={
        f"{version}{path}": endpoint
        for version in ("/v1", "/v1beta", "/v1alpha")
        for path, endpoint in (
            ("/interactions", INTERACTIONS),
            (f"/openai{CHAT}", _COMPATIBLE[CHAT]),
            (f"/openai{EMBEDDINGS}", _COMPATIBLE[EMBEDDINGS]),
        )
    },
    patterns=calls_of(r"(?:/v1(?:beta|alpha)?)?/(?:publishers/[^/]+/)?(?:models|tunedModels|dynamic)"),
    later=((re.compile(r"/+v1(?:beta|alpha)?/interactions/([^/]+)(?:/cancel)?"), INTERACTIONS),),
    results=(
        (re.compile(r"/+v1(?:beta|alpha)?/batches/[^/:]+"), partial(DocumentReader, read_batch)),
        (
            re.compile(r"/+download/v1(?:beta|alpha)?/files/[^/:]+(?::|%3[Aa])download"),
            partial(ResultsReader, read_line),
        ),
    ),
    # what is uploaded, counted or cancelled costs nothing (https://ai.google.dev/gemini-api/docs/pricing, 2026-11-28)
    free=frozenset(
        {
            "*:countTokens",
            "*:computeTokens",
            "/upload/*",
            "/v1*/files*",
            "*/batches/*:cancel",
            "*/interactions/*/cancel",
        }
    ),
    base_urls={"GOOGLE_GEMINI_BASE_URL": "", "GEMINI_API_BASE": "/v1beta"},
)
