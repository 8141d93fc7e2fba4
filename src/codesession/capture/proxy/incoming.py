"""What came in at the proxy, and what is kept of it before it goes on?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.proxy.client import TooLarge
from codesession.capture.proxy.headers import value_of
from codesession.capture.proxy.routing import split_session
from codesession.errors import CodesessionError
from codesession.model import Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers import Asked, Endpoint
    from codesession.capture.proxy.client import Client
    from codesession.capture.proxy.outbound import Upstream
    from codesession.capture.proxy.routing import Route

MOST_REQUEST = 64 * 1024 * 1024
"""Bytes of a metered request: it is read whole before it is sent."""


class BadBody(CodesessionError):
    """The body of a metered request is not JSON; nothing was forwarded."""

    code = "invalid_json"
    http_status = 400


@dataclass(slots=True)
class Tally:
    """What the ledger does not know: requests relayed without being metered or recorded."""

    unmetered: dict[str, int] = field(default_factory=dict)
    """requests relayed unread that may have cost something, by provider"""
    unrecorded: int = 0
    """metered calls that the ledger could not take"""
    unreachable: dict[str, int] = field(default_factory=dict)
    """calls to which no answer came, by provider"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request, checked and routed."""

    method: str
    query: str
    headers: dict[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    peer: tuple[str, int] | None
    route: Route
    upstream: Upstream
    client: Client

    @property
    def is_local(self) -> bool:
        """Whether it goes to a model on the user's own hardware."""
        return self.route.provider.is_local and not self.upstream.is_public


def attempt_at(
    incoming: Incoming, endpoint: Endpoint, asked: Asked, request_bytes: int, session_id: int | None
) -> Attempt:
    """The call a metered request asks for."""
    return Attempt(
        session_id,
        incoming.route.provider.name,
        asked.model,
        endpoint.name,
        asked.streamed,
        request_bytes,
        asked.max_output,
        *_whose(incoming),
        reads_elsewhere=asked.reads_elsewhere,
        is_unbounded=asked.is_unbounded,
        trace=asked.trace,
        terms=replace(asked.terms, is_local=True) if incoming.is_local and not asked.runs_elsewhere else asked.terms,
    )


def unread_attempt(incoming: Incoming, session_id: int | None) -> Attempt:
    """A request that is passed on unread, as far as its path and headers tell; it stands under its path's last word."""
    named = _IN_PATH.search(incoming.route.path)
    model = (named[1] if named else incoming.route.path.rpartition("/")[2])[:200]
    return Attempt(session_id, incoming.route.provider.name, model, "unread", False, 0, None, *_whose(incoming))


_IN_PATH = re.compile(r"/models/([^/:]+):")
"""The model in a path of Google's (https://ai.google.dev/api, read 2026-11-22)."""


_AGENTS = (
    ("originator", "codex_", "codex"),
    ("user-agent", "claude-cli/", "claude-code"),
    ("user-agent", "GeminiCLI", "gemini-cli"),
)
"""A header, how it begins, and which agent that is (seen on the wire, 2026-11-22: CLIENTS, sections 2, 5 and 6)."""


def _agent(headers: Mapping[str, str]) -> str | None:
    """The agent that is known by its own headers."""
    return next((agent for name, begins, agent in _AGENTS if headers.get(name, "").startswith(begins)), None)


def _whose(incoming: Incoming) -> tuple[str | None, str | None, str | None, str | None, str | None, int]:
    headers = incoming.headers
    return (
        value_of(headers, "x-codesession-agent", "x-costhq-agent") or _agent(headers),
        value_of(headers, "x-codesession-user"),
        value_of(headers, "x-codesession-customer"),
        value_of(headers, "x-codesession-feature"),
        value_of(headers, *(key.decode() for key in incoming.route.provider.session_headers)),
        _retry(headers),
    )


async def read_body(incoming: Incoming) -> tuple[bytes, bytes]:
    """The body as it came, and decoded."""
    declared = incoming.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_REQUEST:
        raise TooLarge(f"The request is larger than {MOST_REQUEST // (1024 * 1024)} MB.")
    body = await incoming.client.body(MOST_REQUEST)
    try:
        read = decoder(incoming.headers.get("content-encoding", "")).decode(body)
    except Undecodable as error:
        raise BadBody("The request body is not what its content-encoding says.") from error
    return body, read


def named_session(incoming: Incoming) -> int | None:
    """The session the path names, or the header."""
    if incoming.route.session_id is not None:
        return incoming.route.session_id
    named = value_of(incoming.headers, "x-codesession-session", "x-costhq-session")
    return split_session(f"/s/{named}")[0] if named else None


def _retry(headers: Mapping[str, str]) -> int:
    count = headers.get("x-stainless-retry-count", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0  # noqa: PLR2004 - a count, not an attack
