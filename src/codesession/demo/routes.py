"""Which endpoint is asked for? Each provider at the root where its paths are its own, and below its name.

Below its name a provider has the paths that follow its host (``/groq/openai/v1/…``), and the same without what every
base URL of it begins with (``/groq/v1/…``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from codesession.demo import (
    anthropic,
    anthropic_batches,
    clouds,
    google,
    google_content,
    local_servers,
    ollama,
    openai,
    openai_batches,
    openai_media,
    rerank,
)
from codesession.demo.openai_chat import CHAT, chat
from codesession.demo.openai_completions import COMPLETIONS, completions
from codesession.demo.openai_responses import RESPONSES
from codesession.demo.shapes import Endpoint, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.exchange import Exchange
    from codesession.demo.openai_chat import Dialect

Paths = dict[tuple[str, str], Endpoint]

_OPENAI: Paths = {
    ("POST", "/chat/completions"): CHAT,
    ("POST", "/responses"): RESPONSES,
    ("POST", "/completions"): COMPLETIONS,
    ("POST", "/embeddings"): openai.EMBEDDINGS,
    ("GET", "/models"): openai.MODELS,
    ("POST", "/images/generations"): openai_media.IMAGES,
    ("POST", "/images/edits"): openai_media.IMAGE_EDITS,
    ("POST", "/audio/transcriptions"): openai_media.TRANSCRIPTIONS,
    ("POST", "/audio/translations"): openai_media.TRANSLATIONS,
    ("POST", "/audio/speech"): openai_media.SPEECH,
    ("POST", "/moderations"): openai_media.MODERATIONS,
    ("POST", "/files"): openai_batches.FILES,
    ("POST", "/batches"): openai_batches.CREATE,
}
_ANTHROPIC: Paths = {
    ("POST", "/v1/messages"): anthropic.MESSAGES,
    ("POST", "/v1/messages/count_tokens"): anthropic.COUNT_TOKENS,
    ("POST", "/v1/messages/batches"): anthropic_batches.CREATE,
}
_OLLAMA: Paths = {
    ("POST", "/api/chat"): ollama.CHAT,
    ("POST", "/api/generate"): ollama.GENERATE,
    ("POST", "/api/embed"): ollama.EMBED,
    ("GET", "/api/tags"): ollama.TAGS,
    ("GET", "/api/ps"): ollama.PS,
    ("GET", "/api/version"): ollama.VERSION,
}

_DIALECTS: tuple[tuple[Dialect, tuple[str, ...]], ...] = (
    (clouds.MISTRAL, ("/mistral/v1",)),
    (clouds.DEEPSEEK, ("/deepseek", "/deepseek/v1")),
    (clouds.XAI, ("/xai/v1",)),
    (clouds.GROQ, ("/groq/openai/v1", "/groq/v1")),
    (clouds.OPENROUTER, ("/openrouter/api/v1", "/openrouter/v1")),
    (clouds.TOGETHER, ("/together/v1",)),
    (clouds.FIREWORKS, ("/fireworks/inference/v1", "/fireworks/v1")),
    (clouds.AZURE, ("/azure/openai/v1",)),
    (local_servers.LMSTUDIO, ("/lmstudio/v1",)),
    (local_servers.LLAMACPP, ("/llamacpp/v1",)),
    (local_servers.VLLM, ("/vllm/v1",)),
    (local_servers.OLLAMA, ("/ollama/v1",)),
)
"""What speaks like OpenAI, and where."""

_ONLY_SOME: Paths = {
    **{("POST", f"{path}/responses"): clouds.XAI_RESPONSES for path in ("/xai/v1",)},
    **{("POST", f"{path}/responses"): clouds.OPENROUTER_RESPONSES for path in ("/openrouter/api/v1", "/openrouter/v1")},
    **{("POST", f"{path}/rerank"): rerank.OPENROUTER for path in ("/openrouter/api/v1", "/openrouter/v1")},
    **{("POST", f"/azure/openai{path}"): clouds.AZURE_RESPONSES for path in ("/responses", "/v1/responses")},
    **{("POST", f"{path}/rerank"): rerank.COHERE for path in ("/v1", "/v2", "/cohere/v1", "/cohere/v2")},
    ("POST", "/jina/v1/rerank"): rerank.JINA,
    ("POST", "/voyage/v1/rerank"): rerank.VOYAGE,
    ("POST", "/together/v1/rerank"): rerank.TOGETHER,
    ("POST", "/vllm/v1/rerank"): rerank.VLLM,
}


def _of_dialect(dialect: Dialect) -> Paths:
    return {
        ("POST", "/chat/completions"): chat(dialect),
        ("POST", "/completions"): completions(dialect),
        ("POST", "/embeddings"): openai.embeddings(dialect.wire),
        ("GET", "/models"): openai.models(dialect.wire),
    }


def _below(prefix: str, paths: Paths) -> Paths:
    return {(method, prefix + path): endpoint for (method, path), endpoint in paths.items()}


def _routes() -> Paths:
    """By method and path, where the path names nothing."""
    routes: Paths = {}
    for dialect, prefixes in _DIALECTS:
        paths = _of_dialect(dialect)
        for prefix in prefixes:
            routes |= _below(prefix, paths)
    for prefix in ("", "/v1", "/openai", "/openai/v1"):
        routes |= _below(prefix, _OPENAI)
    for prefix in ("", "/anthropic"):
        routes |= _below(prefix, _ANTHROPIC)
    for prefix in ("", "/ollama"):
        routes |= _below(prefix, _OLLAMA)
    return {**routes, ("GET", "/anthropic/v1/models"): anthropic.MODELS, **_ONLY_SOME}


_AZURE = _of_dialect(clouds.AZURE)
_GOOGLE_ACTIONS = {
    "generateContent": google_content.GENERATE,
    "streamGenerateContent": google_content.STREAM_ARRAY,
    "countTokens": google.COUNT_TOKENS,
    "embedContent": google.EMBED,
    "batchEmbedContents": google.EMBED_BATCH,
}


def _patterns() -> Iterator[tuple[str, re.Pattern[str], Endpoint]]:
    """Method, path and endpoint, where the path names something: each name becomes a member of the body."""
    version = r"(?:/google)?/v1(?:beta|alpha)?"
    vertex = rf"{version}(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/(?P<publisher>[^/]+)"
    for action, endpoint in _GOOGLE_ACTIONS.items():
        for start in (version, vertex):
            yield "POST", re.compile(rf"{start}/models/(?P<model>[^/:]+):{action}"), endpoint
    yield "GET", re.compile(r"(?:/google/v1|(?:/google)?/v1beta)/models"), google.MODELS
    yield "GET", re.compile(rf"{version}/models/(?P<model>[^/:]+)"), google.MODEL
    deployed = r"(?:/azure)?/openai/deployments/(?P<model>[^/]+)"
    for (method, path), endpoint in _AZURE.items():
        yield method, re.compile(deployed + path), endpoint
    batch = r"(?:/anthropic)?/v1/messages/batches/(?P<batch_id>[^/]+)"
    yield "GET", re.compile(batch), anthropic_batches.RETRIEVE
    yield "GET", re.compile(f"{batch}/results"), anthropic_batches.RESULTS
    start = r"(?:/openai)?(?:/v1)?"
    yield "GET", re.compile(rf"{start}/batches/(?P<batch_id>[^/]+)"), openai_batches.RETRIEVE
    yield "GET", re.compile(rf"{start}/files/(?P<file_id>[^/]+)"), openai_batches.FILE
    yield "GET", re.compile(rf"{start}/files/(?P<file_id>[^/]+)/content"), openai_batches.CONTENT


_ROUTES = _routes()
_PATTERNS = tuple(_patterns())

_UNKNOWN = {
    # by the first part of the path; each in the words of its provider
    "google": google.UNKNOWN,
    "v1beta": google.UNKNOWN,
    "ollama": ollama.UNKNOWN,
    "api": ollama.UNKNOWN,
}


def route(exchange: Exchange) -> Route:
    """Where a request leads: to one of the unknown endpoints when it leads nowhere."""
    endpoint = _ROUTES.get((exchange.method, exchange.path))
    if endpoint is None:
        return _by_pattern(exchange)
    if endpoint is openai.MODELS:
        if b"anthropic-version" in exchange.headers:
            return Route(anthropic.MODELS, {})
        if b"x-goog-api-key" in exchange.headers:
            return Route(google.MODELS, {})
    return Route(endpoint, {})


def _by_pattern(exchange: Exchange) -> Route:
    for method, pattern, endpoint in _PATTERNS:
        match = pattern.fullmatch(exchange.path) if method == exchange.method else None
        if match and not _is_anothers(endpoint, exchange):
            named: dict[str, Any] = {**match.groupdict(), "url": _url(exchange)}
            if endpoint is google_content.STREAM_ARRAY and parse_qs(exchange.query).get("alt") == ["sse"]:
                endpoint = google_content.STREAM_EVENTS  # noqa: PLW2901 - the query decides between the two
            return Route(endpoint, named)
    if b"anthropic-version" in exchange.headers:
        return Route(anthropic.UNKNOWN, {})
    return Route(_UNKNOWN.get(exchange.path.split("/")[1], openai.UNKNOWN), {})


def _is_anothers(endpoint: Endpoint, exchange: Exchange) -> bool:
    """Whether the path of Google's model is asked for by a client that is not Google's."""
    return endpoint is google.MODEL and exchange.path.startswith("/v1/") and b"x-goog-api-key" not in exchange.headers


def _url(exchange: Exchange) -> str:
    """The address asked, as the client wrote it."""
    host = exchange.headers.get(b"host", b"").decode("latin-1")
    return f"http://{host}{exchange.path}"
