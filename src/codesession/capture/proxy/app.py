"""What happens to a request that comes in at the proxy? It is checked, routed, admitted, forwarded, settled.

A plain ASGI callable: no framework stands between an agent and its provider.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from codesession.capture.providers import PROVIDERS
from codesession.capture.proxy.client import Client, ClientGone, unless_gone
from codesession.capture.proxy.exchange import Answer, Broken
from codesession.capture.proxy.headers import onward
from codesession.capture.proxy.incoming import Incoming, Tally, unread_attempt
from codesession.capture.proxy.metered import Metered, nothing, session_of
from codesession.capture.proxy.outbound import upstream_at
from codesession.capture.proxy.peers import Forbidden, check_peer
from codesession.capture.proxy.refusing import refusal_answer
from codesession.capture.proxy.results import Results
from codesession.capture.proxy.routing import NoProvider, route, split_session
from codesession.errors import CodesessionError
from codesession.model import to_usd

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from codesession.capture.providers import Provider
    from codesession.capture.proxy.cache import Answers
    from codesession.capture.proxy.client import Receive, Send
    from codesession.capture.proxy.outbound import Upstream, WayOut
    from codesession.capture.proxy.refusing import Refused
    from codesession.capture.proxy.routing import Route
    from codesession.model.relaying import Gate, Sessions

INTERCEPTING = ("/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1/embeddings")


class UpgradeRefused(CodesessionError):
    """A WebSocket cannot be metered here; Codex then falls back to POST and SSE within 0.2 s."""

    code = "websocket_unsupported"
    http_status = 426


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
        answers: Answers | None = None,
    ) -> None:
        self._gate = gate
        self._sessions = sessions
        self._way_out = way_out
        self._version = version
        self._providers = providers
        known = {key: upstream_at(provider.upstream) for key, provider in providers.items() if provider.upstream}
        self._upstreams: dict[str, Upstream] = {**known, **(upstreams or {})}
        self.tally = Tally()
        self._metered = Metered(gate, sessions, way_out, self.tally, answers)

    def stop(self, sessions: Collection[int]) -> None:
        """Have the calls of these sessions end that run now; any thread may call it, and it returns at once."""
        self._metered.stop(sessions)

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
                self._upstream(way),
                Client(receive),
            )
            if way.endpoint:
                await self._metered.serve(incoming, way.endpoint, send)
            elif not await self._metered.follow(incoming, send):
                await self._unmetered(incoming, send)
        except (ClientGone, Broken):
            return  # the server closes the connection of an answer that was begun and not ended
        except CodesessionError as error:
            await _refuse(send, refusal_answer(provider, error, headers))

    def _upstream(self, way: Route) -> Upstream:
        provider, upstream = way.provider, self._upstreams.get(way.provider.name)
        if upstream is None and provider.upstream_in and (address := provider.upstream_in(way.path)):
            return upstream_at(address)
        if upstream is None:
            raise NoProvider(
                f"Where {provider.name} is found is not known: set CODESESSION_UPSTREAM_{provider.name.upper()}."
            )
        return upstream

    async def _unmetered(self, incoming: Incoming, send: Send) -> None:
        """Pass a request and its answer through, unread, but for what a batch has come to.

        Raises:
            BudgetExceeded: it may cost something, and a budget refuses what cannot be metered; nothing was sent.
        """
        provider = incoming.route.provider
        if incoming.method == "POST" and not provider.is_free(incoming.route.path):
            if not provider.is_local and await self._gate.refuses():
                attempt = unread_attempt(incoming, await session_of(self._sessions, incoming))
                await self._gate.admit_unmetered(attempt)
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

        results = await self._results(incoming)

        async def exchange() -> None:
            url = incoming.upstream.url(incoming.route.path, incoming.query)
            response = await self._way_out.send(incoming.method, url, sent, body)
            try:
                if results and response.status == HTTPStatus.OK:
                    await results.forward(response, send)
                else:
                    await Answer(response).forward(send, nothing)
            finally:
                response.close()

        try:
            await unless_gone(incoming.client, exchange())
        finally:
            if results:
                await results.keep()

    async def _results(self, incoming: Incoming) -> Results | None:
        """What reads the answers of a batch beside the relay, where a request fetches them."""
        reader = incoming.route.provider.results_at(incoming.route.plain_path) if incoming.method == "GET" else None
        if reader is None:
            return None
        attempt = unread_attempt(incoming, await session_of(self._sessions, incoming))
        return Results(reader(), attempt, self._gate, self.tally)

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


async def _refuse(send: Send, refused: Refused) -> None:
    await send({"type": "http.response.start", "status": refused.status, "headers": refused.headers})
    await send({"type": "http.response.body", "body": refused.body})


async def _answer(send: Send, status: int, document: dict[str, Any]) -> None:
    body = msgspec.json.encode(document)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


__all__ = ["Forbidden", "ProxyApp", "Tally"]
