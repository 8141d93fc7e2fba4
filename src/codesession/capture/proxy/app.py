"""What happens to a request that comes in at the proxy? It is checked, routed, admitted, forwarded, settled.

A plain ASGI callable: no framework stands between an agent and its provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.providers import PROVIDERS, Reading, Unreadable
from codesession.capture.providers.base import storable
from codesession.capture.proxy.client import Client, ClientGone, TooLarge, unless_gone
from codesession.capture.proxy.exchange import OK, Answer, Broken, estimate, outcome
from codesession.capture.proxy.headers import onward, value_of
from codesession.capture.proxy.outbound import Unreachable, upstream_at
from codesession.capture.proxy.peers import Forbidden, check_peer
from codesession.capture.proxy.routing import NoProvider, Route, route, split_session
from codesession.errors import CodesessionError, DatabaseError
from codesession.model import Attempt, Cut, Evidence, Hold, Outcome, to_usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers import Endpoint, Provider
    from codesession.capture.proxy.client import Receive, Send
    from codesession.capture.proxy.outbound import Upstream, WayOut
    from codesession.model.ports import Gate, Sessions

MOST_REQUEST = 64 * 1024 * 1024
"""Bytes of a metered request: it is read whole before it is sent."""

INTERCEPTING = ("/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1/embeddings")


class UpgradeRefused(CodesessionError):
    """A WebSocket cannot be metered here; Codex then falls back to POST and SSE within 0.2 s."""

    code = "websocket_unsupported"
    http_status = 426


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


class ProxyApp:
    """The relay, as an ASGI application."""

    def __init__(
        self,
        gate: Gate,
        sessions: Sessions,
        way_out: WayOut,
        *,
        version: str,
        upstreams: Mapping[str, Upstream] | None = None,
        providers: Mapping[str, Provider] = PROVIDERS,
    ) -> None:
        self._gate = gate
        self._sessions = sessions
        self._way_out = way_out
        self._version = version
        self._providers = providers
        known = {key: upstream_at(provider.upstream) for key, provider in providers.items() if provider.upstream}
        self._upstreams: dict[str, Upstream] = {**known, **(upstreams or {})}
        self.tally = Tally()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        path = scope["raw_path"].decode("latin-1")
        provider = None
        try:
            check_peer(scope["client"][0] if scope["client"] else None, headers)
            if ("%" in path or path.endswith("/health")) and unquote(split_session(path)[1]) == "/health":
                await _answer(send, 200, await self._health())
                return
            way = route(path, scope["method"], headers, self._providers)
            provider = way.provider
            if headers.get("upgrade", "").lower() == "websocket":
                raise UpgradeRefused("WebSockets are not supported here; use HTTP.")
            incoming = Incoming(
                scope["method"],
                scope["query_string"].decode("latin-1"),
                headers,
                scope["headers"],
                scope["client"],
                way,
                self._upstream(way.provider),
                Client(receive),
            )
            if way.endpoint:
                await self._metered(incoming, way.endpoint, send)
            else:
                await self._unmetered(incoming, send)
        except (ClientGone, Broken):
            return  # the server closes the connection of an answer that was begun and not ended
        except CodesessionError as error:
            shape = provider.refusal if provider else _plain_refusal
            await _answer(send, error.http_status, shape(error.http_status, error.code, error.message))

    def _upstream(self, provider: Provider) -> Upstream:
        upstream = self._upstreams.get(provider.name)
        if upstream is None:
            raise NoProvider(
                f"Where {provider.name} is found is not known: set CODESESSION_UPSTREAM_{provider.name.upper()}."
            )
        return upstream

    async def _unmetered(self, incoming: Incoming, send: Send) -> None:
        """Pass a request and its answer through, unread."""
        provider = incoming.route.provider
        if incoming.method == "POST" and incoming.route.path not in provider.free:
            self.tally.unmetered[provider.name] = self.tally.unmetered.get(provider.name, 0) + 1
        has_body = "transfer-encoding" in incoming.headers or incoming.headers.get("content-length", "0") != "0"
        sent = onward(incoming.raw_headers)
        if has_body:
            body = incoming.client.pieces()
            if "content-length" in incoming.headers:
                sent.append(("content-length", incoming.headers["content-length"]))
        else:
            body = None
            await incoming.client.body(0)

        async def exchange() -> None:
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            response = await self._way_out.send(incoming.method, url, sent, body)
            try:
                await Answer(response).forward(send, _nothing)
            finally:
                response.close()

        await unless_gone(incoming.client, exchange())

    async def _metered(self, incoming: Incoming, endpoint: Endpoint, send: Send) -> None:
        """Admit a call, send it, pass its answer on, and settle it."""
        body, read = await _read_body(incoming)
        try:
            asked = endpoint.read_request(read)
        except Unreadable as error:
            raise BadBody("The request body is not a JSON object.") from error
        amendment = endpoint.amendment if asked.lacks_usage else None
        sent = onward(incoming.raw_headers)
        if amendment:
            try:
                body = amendment.request(read)
                sent = [(key, value) for key, value in sent if key != "content-encoding"]
            except Unreadable:
                amendment = None
        try:
            session_id = await self._sessions.attribute(_named_session(incoming), incoming.peer)
        except DatabaseError:
            session_id = None
        attempt = Attempt(
            session_id,
            incoming.route.provider.name,
            asked.model,
            endpoint.name,
            asked.streamed,
            len(read),
            asked.max_output,
            value_of(incoming.headers, "x-codesession-agent", "x-costhq-agent"),
            value_of(incoming.headers, "x-codesession-user"),
            value_of(incoming.headers, "x-codesession-customer"),
            value_of(incoming.headers, "x-codesession-feature"),
            value_of(incoming.headers, *(key.decode() for key in incoming.route.provider.session_headers)),
            _retry(incoming.headers),
        )
        call = _MeteredCall(self._gate, await self._admit(attempt), attempt, incoming.route.provider, self.tally)

        async def exchange() -> None:
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            try:
                response = await self._way_out.send(incoming.method, url, sent, body)
            except Unreachable:
                provider = incoming.route.provider.name
                self.tally.unreachable[provider] = self.tally.unreachable.get(provider, 0) + 1
                await call.release(None)
                raise
            try:
                if response.status in OK:
                    call.answer = Answer(response, endpoint, amendment.answer() if amendment else None)
                    call.response = response
                    await call.answer.forward(send, call.settle)
                else:
                    await call.release(response.status)
                    await Answer(response).forward(send, _nothing)
            finally:
                response.close()

        try:
            await unless_gone(incoming.client, exchange())
        except Broken:
            await call.settle(Cut.UPSTREAM)
            raise
        finally:
            await call.settle(Cut.CLIENT)

    async def _admit(self, attempt: Attempt) -> Hold | None:
        """The call's hold; None when the ledger cannot take it, which is counted and must not stop an agent."""
        try:
            return await self._gate.admit(attempt)
        except DatabaseError:
            self.tally.unrecorded += 1
            return None

    async def _health(self) -> dict[str, Any]:
        standing = await self._sessions.standing()
        active = None
        if standing:
            session, totals = standing
            active = {
                "id": session.id,
                "name": session.name,
                "cost": to_usd(totals.cost_nanos),
                "tokens": totals.tokens,
            }
        return {
            "schemaVersion": 1,
            "codesessionVersion": self._version,
            "costhqVersion": self._version,
            "status": "running",
            "intercepting": list(INTERCEPTING),
            "activeSession": active,
            "unmetered": self.tally.unmetered,
            "unrecorded": self.tally.unrecorded,
        }


class _MeteredCall:
    """One call between its hold and its end; whichever end comes first is the one that counts."""

    def __init__(self, gate: Gate, hold: Hold | None, attempt: Attempt, provider: Provider, tally: Tally) -> None:
        self._gate = gate
        self._hold = hold
        self._attempt = attempt
        self._provider = provider
        self._tally = tally
        self.answer: Answer | None = None
        self.response: Any = None

    async def release(self, http_status: int | None) -> None:
        hold, self._hold = self._hold, None
        if hold:
            await self._record(self._gate.release(hold, http_status))

    async def settle(self, cut: Cut | None = None) -> None:
        hold, self._hold = self._hold, None
        if hold:
            await self._record(self._gate.settle(hold, self._outcome(cut)))

    async def _record(self, writing: Any) -> None:  # noqa: ANN401 - a coroutine of the gate
        try:
            await writing
        except DatabaseError:
            self._tally.unrecorded += 1  # the hold stands; it is billed at its ceiling when the proxy ends

    def _outcome(self, cut: Cut | None) -> Outcome:
        if not self.answer:
            # the client left before any answer: the provider has the request, and reads it
            return Outcome(estimate(self._attempt, Reading()), Evidence.ESTIMATED, cut=cut)
        header = self.response.headers.get
        names = (key.decode() for key in self._provider.request_id_headers)
        request_id = next((header(key) for key in names if header(key)), None)
        told = outcome(self._attempt, self.answer.read(), cut, self.response.status, storable(request_id))
        return replace(told, model=storable(told.model), response_id=storable(told.response_id))


async def _read_body(incoming: Incoming) -> tuple[bytes, bytes]:
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


def _named_session(incoming: Incoming) -> int | None:
    """The session the path names, or the header."""
    if incoming.route.session_id is not None:
        return incoming.route.session_id
    named = value_of(incoming.headers, "x-codesession-session", "x-costhq-session")
    return split_session(f"/s/{named}")[0] if named else None


def _retry(headers: Mapping[str, str]) -> int:
    count = headers.get("x-stainless-retry-count", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0  # noqa: PLR2004 - a count, not an attack


async def _nothing() -> None:
    """Nothing is to be done before the last byte of an answer that is not metered."""


def _plain_refusal(_status: int, code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


async def _answer(send: Send, status: int, document: dict[str, Any]) -> None:
    body = msgspec.json.encode(document)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


__all__ = ["Forbidden", "ProxyApp", "Tally"]
