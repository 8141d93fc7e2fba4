"""Is this the same request as before, may its answer be kept, and how is a kept one given again? No sockets, no SQL.

A request is the same when everything that can change its answer is: see `key_of`. Only whole, final, plain answers are
kept, decoded, as they were sent to the client; a stream is given again as a stream, event by event.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from codesession.capture.proxy.headers import OURS, back
from codesession.capture.sse import events
from codesession.model import Evidence
from codesession.model.money import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.capture.providers import Reading
    from codesession.capture.proxy.client import Send
    from codesession.capture.proxy.headers import RawHeaders
    from codesession.model import Attempt, Nanos, Outcome

_OK = 200

CREDENTIALS = frozenset(
    {
        b"api-key",
        b"authorization",
        b"chatgpt-account-id",
        b"cookie",
        b"ocp-apim-subscription-key",
        b"x-api-key",
        b"x-goog-api-key",
    }
)
"""Whose answer it is. What these say is only ever in a digest of a digest."""

RELEVANT = frozenset(
    {
        b"accept",
        b"anthropic-beta",
        b"anthropic-version",
        b"openai-beta",
        b"openai-organization",
        b"openai-project",
        b"x-amzn-bedrock-guardrailidentifier",
        b"x-amzn-bedrock-guardrailversion",
        b"x-amzn-bedrock-performanceconfig-latency",
        b"x-amzn-bedrock-service-tier",
        b"x-amzn-bedrock-trace",
        b"x-goog-user-project",
        b"x-vertex-ai-llm-request-type",
        b"x-vertex-ai-llm-shared-request-type",
    }
)
"""What else can change an answer. A client's own noise (its name, its session, its count of retries) cannot."""

_NOT_AGAIN = frozenset({b"age", b"content-encoding", b"content-length", b"date", b"set-cookie"})
"""Headers of an answer that were true of that one time only."""


@dataclass(frozen=True, slots=True)
class Request:
    """All of a request that can change its answer."""

    provider: str
    upstream: str
    """the address it goes on to: a gateway may answer otherwise than the provider itself"""
    method: str
    path: str
    """the provider's own path, as it is written"""
    query: str
    headers: RawHeaders
    body: bytes
    """as the client sent it, decoded"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer, as it is kept and given again."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """decoded"""
    is_streamed: bool
    model: str
    """which answered"""
    cost_nanos: Nanos | None = None
    """what the call cost that brought it; None where that is not known"""


class Answers(Protocol):
    """The kept answers of a proxy. Nothing here raises: a cache that cannot be used is one that finds nothing."""

    @property
    def largest(self) -> int:
        """The most bytes a body may have to be kept."""
        ...

    async def scope_of(self, session_id: int) -> str | None:
        """The directory of a session's scope; None if that cannot be told now."""
        ...

    async def find(self, key: bytes) -> Kept | None:
        """The answer under `key`; counted as a hit."""
        ...

    def keep(self, key: bytes, directory: str, kept: Kept, attempt: Attempt, outcome: Outcome) -> None:
        """Have an answer kept; returns at once. Whoever asks for it afterwards finds it."""
        ...


def key_of(request: Request, directory: str) -> bytes:
    """The 32 bytes under which the answer to `request`, in the scope `directory`, is kept."""
    named = [(name.lower(), value) for name, value in request.headers]
    told = (
        b"codesession exact cache 1",
        request.provider.encode(),
        request.upstream.encode(),
        request.method.encode(),
        request.path.encode(),
        request.query.encode(),
        directory.encode(),
        _digest(*_these(named, CREDENTIALS)),
        _digest(*_these(named, RELEVANT)),
        request.body,
    )
    return _digest(*told)


def _these(headers: RawHeaders, names: frozenset[bytes]) -> Iterable[bytes]:
    """The names and values of these headers, by name; those of one name in the order they came."""
    for name, value in sorted((header for header in headers if header[0] in names), key=lambda header: header[0]):
        yield name
        yield value.strip()


def _digest(*parts: bytes) -> bytes:
    """SHA-256 of the parts, each after its length: no two sequences read the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


class Wish(Enum):
    """What a request wants of a cache, by its ``cache-control`` (RFC 9111, section 5.2.1)."""

    ANY = "any"
    FRESH = "fresh"
    """a new answer, which may be kept"""
    NONE = "none"

    @classmethod
    def of(cls, headers: RawHeaders) -> Wish:
        """The wish in the headers of a request."""
        said = b",".join(value for name, value in headers if name.lower() == b"cache-control")
        wishes = {wish.strip().lower().replace(b" ", b"") for wish in said.split(b",")}
        if b"no-store" in wishes:
            return cls.NONE
        return cls.FRESH if wishes & {b"no-cache", b"max-age=0"} else cls.ANY


class CachedCall:
    """What one request has to do with the cache; `open_call` makes it."""

    def __init__(self, answers: Answers, key: bytes, directory: str, wish: Wish) -> None:
        self._answers = answers
        self._key = key
        self._directory = directory
        self._wish = wish
        self._body: bytearray | None = None if wish is Wish.NONE else bytearray()

    async def find(self) -> Kept | None:
        """The answer, if it is kept and a kept one will do."""
        return await self._answers.find(self._key) if self._wish is Wish.ANY else None

    def marks(self) -> RawHeaders:
        """What is added to the headers of the provider's answer."""
        if self._wish is Wish.NONE:
            return [(b"x-codesession-cache", b"bypass")]
        return [(b"x-codesession-cache", b"miss"), (b"x-costhq-cache", b"MISS")]

    def feed(self, piece: bytes | None) -> None:
        """Take the next piece of the answer as the client gets it, decoded; None for one that cannot be decoded."""
        if self._body is None:
            return
        if piece is None or len(self._body) + len(piece) > self._answers.largest:
            self._body = None
        else:
            self._body += piece

    def end(
        self, status: int, raw_headers: Iterable[tuple[bytes, bytes]], attempt: Attempt, outcome: Outcome, read: Reading
    ) -> None:
        """Have the answer kept if it may be, now that all of it has come; it is not collected any further."""
        body, self._body = self._body, None
        if not body or status != _OK or not _is_whole(outcome, read):
            return
        headers = _again(raw_headers)
        is_streamed = any(name == "content-type" and "event-stream" in value.lower() for name, value in headers)
        kept = Kept(status, headers, bytes(body), is_streamed, outcome.model or attempt.model)
        self._answers.keep(self._key, self._directory, kept, attempt, outcome)


async def open_call(answers: Answers | None, request: Request, session_id: int | None) -> CachedCall | None:
    """What the request has to do with the cache; None where there is none, or it is not known whose it is."""
    if answers is None or session_id is None:
        return None
    directory = await answers.scope_of(session_id)
    if directory is None:
        return None
    return CachedCall(answers, key_of(request, directory), directory, Wish.of(request.headers))


def _is_whole(outcome: Outcome, read: Reading) -> bool:
    """Whether the answer said all that it was to say, its usage included, and nobody ended it before."""
    said_all = read.has_ended and read.is_final and not read.is_broken and not read.is_opaque
    was_left_alone = outcome.cut is None and outcome.rule is None
    return said_all and was_left_alone and outcome.evidence is Evidence.MEASURED


def _again(raw_headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """The headers of an answer that may be said again, in lower case."""
    named = [(name.lower(), value) for name, value in back(raw_headers, _NOT_AGAIN)]
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in named
        if b"ratelimit" not in name and not name.startswith(OURS)
    )


async def replay(kept: Kept, send: Send) -> None:
    """Give a kept answer again: JSON in one piece, a stream as one, an event at a time."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers]
    headers += [(b"x-codesession-cache", b"hit"), (b"x-costhq-cache", b"HIT")]
    if kept.cost_nanos is not None:
        saved = dollars(kept.cost_nanos).encode()
        headers += [(b"x-codesession-saved-cost", saved), (b"x-costhq-saved-cost", saved)]
    if not kept.is_streamed:
        headers.append((b"content-length", str(len(kept.body)).encode()))
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    if not kept.is_streamed:
        await send({"type": "http.response.body", "body": kept.body})
        return
    waiting = b""
    for event in events(kept.body):
        if waiting:
            await send({"type": "http.response.body", "body": waiting, "more_body": True})
        waiting = event
    await send({"type": "http.response.body", "body": waiting})
