"""Which provider, and whose session, does a path name?

::

    /s/12/v1/messages               session 12, Anthropic by its path
    /openai/v1/chat/completions     OpenAI by its prefix
    /openai/deployments/x/…         Azure, whose own paths begin as OpenAI's prefix does
    /v1/models                      whoever the headers belong to
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import CodesessionError, SessionNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers import Endpoint, Provider


class NoProvider(CodesessionError):
    """No provider answers at that path; nothing was forwarded."""

    code = "not_found"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    provider: Provider
    path: str
    """the provider's own path, as it was written (percent escapes and all)"""
    session_id: int | None
    """the session the path names"""
    endpoint: Endpoint | None
    """how to meter it; None: it is relayed unmetered"""

    @property
    def plain_path(self) -> str:
        """The path as the provider reads it."""
        return _plain(self.path)


_SESSION = re.compile(r"/s/([^/]*)(?=/|$)")

_BY_PATH = (
    (re.compile(r"/v1/(?:messages|complete)(?:/|$)"), "anthropic"),
    (re.compile(r"(?:/v1)?/(?:(?:chat/)?completions|responses|embeddings|images|audio|moderations)(?:/|$)"), "openai"),
    (re.compile(r"/models/(?:chat/completions|embeddings)$"), "azure"),
    (re.compile(r"/v1beta/|/v1/models/[^/]*:"), "google"),
    (re.compile(r"/api/(?:chat|generate|embed|embeddings|tags|show|ps|version|pull)$"), "ollama"),
)
"""Paths that name their provider, as each API's reference writes them."""

_DEPLOYED = re.compile(r"/openai/deployments/")
"""Azure's path to a deployment (https://learn.microsoft.com/azure/ai-services/openai/reference, read 2026-11-28)."""

_BY_HEADER = (("anthropic-version", "anthropic"), ("x-api-key", "anthropic"), ("x-goog-api-key", "google"))
"""For other paths below ``/v1``: the headers only one provider's clients send; OpenAI's key comes as a bearer."""


def split_session(path: str) -> tuple[int | None, str]:
    """The session a path names, if it names one, and the rest of the path.

    >>> split_session("/s/12/v1/messages"), split_session("/v1/messages")
    ((12, '/v1/messages'), (None, '/v1/messages'))

    Raises:
        SessionNotFound: what it names cannot be a session.
    """
    match = _SESSION.match(path)
    if not match:
        return None, path
    named = match[1]
    if not (named.isascii() and named.isdigit() and len(named) <= 18 and int(named)):  # noqa: PLR2004 - SQLite's integers
        raise SessionNotFound(f"{named!r} is not a session.", id=named)
    return int(named), path[match.end() :] or "/"


def route(path: str, method: str, headers: Mapping[str, str], providers: Mapping[str, Provider]) -> Route:
    """Where a request for the raw `path` goes; header names in lower case.

    Raises:
        NoProvider: no provider fits.
        SessionNotFound: the path names something that cannot be a session.
    """
    session_id, rest = split_session(path)
    prefix, _, below = rest.removeprefix("/").partition("/")
    if _DEPLOYED.match(_plain(rest)):
        provider, own = providers["azure"], rest
    elif prefix in providers:
        provider, own = providers[prefix], "/" + below
    else:
        provider, own = providers[_provider_of(rest, headers)], rest
    endpoint = provider.endpoint_at(_plain(own)) if method == "POST" else None
    return Route(provider, own, session_id, endpoint)


def _plain(path: str) -> str:
    """The path as providers read it: a client whose base URL ends with a slash writes two."""
    return re.sub("/{2,}", "/", path) if "//" in path else path


def _provider_of(path: str, headers: Mapping[str, str]) -> str:
    plain = _plain(path)
    for pattern, name in _BY_PATH:
        if pattern.match(plain):
            return name
    if plain.startswith("/v1/"):
        for header, name in _BY_HEADER:
            if header in headers:
                return name
        if "authorization" in headers:
            return "openai"
    raise NoProvider(
        "No provider is known at this path. Start it with a provider's name, such as /anthropic or /openai."
    )
