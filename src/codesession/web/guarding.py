"""Who may ask? Every request passes here before a page or the API sees it.

A page of somebody else's in the user's browser can reach a loopback port too, under a name of its own that it makes
point there (DNS rebinding), or by just sending a form. It can hide neither the ``Host`` it came by nor its ``Origin``:

- ``Host`` must be ours: 127.0.0.1, localhost or [::1], with our port. Bound elsewhere, also the address or name bound,
  the address that the request arrived at, and what the machine is called, alone or in ``.local``. An address as such
  cannot be rebound, and nobody out there can own a name of one word, or in ``.local``.
- What changes something (every method but GET, HEAD and OPTIONS) needs the ``Origin`` of the very host it is sent to,
  or none, as programs send, and the token. On loopback, usage may be pushed without: see `_is_pushed`.
- What changes nothing may be linked to from anywhere, and nothing more: a page of somebody else's that fetches or
  embeds ours could not read the answer, but keep us at work. Browsers say where a request comes from.
- Bound elsewhere than to loopback, everything needs the token, or the cookie that a page gives for it: see `passes`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from codesession.errors import CodesessionError
from codesession.web.bodies import Gone, read_whole, replayed
from codesession.web.refusing import redirect, refuse, sign_in_page
from codesession.web.sealing import is_api, sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from starlette.types import ASGIApp, Receive, Scope, Send

    from codesession.web.passes import Passes

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN = "/signin"
_PUSHED = frozenset(f"/api{version}/{what}" for version in ("", "/v1") for what in ("calls", "sessions/active/ai"))
_FOR_PROGRAMS = ("/live", "/metrics")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9][A-Za-z0-9_.-]{0,253}))(?::([0-9]{1,5}))?")
_HTTP_PORT = 80
_LONGEST_FORM = 1_000


class ForeignHost(CodesessionError):
    """A request was sent to a name that is not ours; it was not looked at."""

    code = "foreign_host"
    http_status = 403


class ForeignOrigin(CodesessionError):
    """A page of somebody else's wanted more than to link here; nothing was told, and nothing changed."""

    code = "foreign_origin"
    http_status = 403


class TokenRequired(CodesessionError):
    """The token is missing or wrong; nothing was told, and nothing changed."""

    code = "token_required"
    http_status = 401


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens, and what it may be called."""

    address: str
    """the IP address that is bound"""
    port: int
    names: frozenset[str] = frozenset()
    """what else it is called, in lower case"""

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return _address_of(self.address).is_loopback

    def is_ours(self, host: str, arrived_at: str | None) -> bool:
        """Whether a ``Host`` header names this server; `arrived_at` is the address that the connection was made to.

        >>> Place("127.0.0.1", 3737).is_ours("localhost:3737", None)
        True
        >>> Place("127.0.0.1", 3737).is_ours("localhost:3737.evil.example", None)
        False
        """
        said = _HOST.fullmatch(host)
        if said is None or int(said[3] or _HTTP_PORT) != self.port:
            return False
        name = said[1] or said[2].lower()
        try:
            address = _address_of(name)
        except ValueError:
            return said[1] is None and (name == "localhost" or name in self.names)
        known = {*_LOOPBACKS, _address_of(self.address)}
        if arrived_at and not self.is_loopback:
            known.add(_address_of(arrived_at))
        return address in known


def _address_of(text: str) -> IPv4Address | IPv6Address:
    """An IP address, without the interface it is on; one of IPv4 that is written as one of IPv6 is what it is."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


_LOOPBACKS = (_address_of("127.0.0.1"), _address_of("::1"))


class Guard:
    """An ASGI application that lets through to another what may come in, and seals what comes out."""

    def __init__(self, site: ASGIApp, place: Place, passes: Passes) -> None:
        self._site = site
        self._place = place
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._site(scope, receive, send)
        elif scope["type"] == "http":
            send = sealed(scope, send)
            try:
                await self._serve(scope, receive, send)
            except Gone:
                return
            except CodesessionError as error:
                await refuse(send, error)
        else:
            await send({"type": "websocket.close", "code": 1008})  # there are none here (RFC 6455, section 7.4.1)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        self._check_host(scope, headers)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        said = next((value for name, value in query if name == "token"), None)
        if said is not None:  # nobody behind us gets to see it
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            scope = {**scope, "query_string": rest.encode()}
        has_token = self._has_token(scope, headers, said)
        if scope["method"] in SAFE:
            _check_site(headers)
        else:
            self._check_origin(scope, headers, has_token=has_token)
        if scope["path"] == SIGN_IN and scope["method"] == "POST" and not self._place.is_loopback:
            await self._sign_in(headers, receive, send)
        elif said is not None and _is_page(scope):
            await self._exchange(scope, headers, said, send)
        elif self._place.is_loopback or has_token or self._passes.is_in(headers.get("cookie", "")):
            body = await read_whole(headers, receive)
            await self._site(_without_cookies(scope), replayed(body, receive), send)
        elif _is_page(scope):
            await sign_in_page(send)
        else:
            raise TokenRequired("The token is missing or wrong: send it as Authorization: Bearer TOKEN.")

    def _check_host(self, scope: Scope, headers: Mapping[str, str]) -> None:
        arrived_at = scope["server"][0] if scope.get("server") else None
        if not self._place.is_ours(headers.get("host", ""), arrived_at):
            raise ForeignHost("The dashboard does not answer to that name: open it as localhost, with its port.")

    def _has_token(self, scope: Scope, headers: Mapping[str, str], said: str | None) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        shown = [bearer.strip()] if scheme.lower() == "bearer" else []
        if said is not None and not _is_page(scope):
            shown.append(said)
        return any([self._passes.is_token(secret) for secret in shown])  # noqa: C419 - each is looked at, always

    def _check_origin(self, scope: Scope, headers: Mapping[str, str], *, has_token: bool) -> None:
        """Return if a request that changes something comes from where it may.

        Raises:
            ForeignOrigin, TokenRequired: it does not.
        """
        if "origin" in headers:
            if headers["origin"] != f"http://{headers['host'].lower()}":
                raise ForeignOrigin("Only the dashboard's own pages may change something here.")
        elif not has_token and not (self._place.is_loopback and _is_pushed(scope, headers)):
            raise TokenRequired("To change something here, programs send the token: Authorization: Bearer TOKEN.")

    async def _sign_in(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Give the cookie to who has typed the token on the page that asks for it."""
        form = parse_qs((await read_whole(headers, receive, _LONGEST_FORM)).decode("latin-1"))
        if self._passes.is_token(form.get("token", [""])[0].strip()):
            await redirect(send, "/", self._passes.cookie())
        else:
            await sign_in_page(send)

    async def _exchange(self, scope: Scope, headers: Mapping[str, str], said: str, send: Send) -> None:
        """Send a browser on to the address without the secret in it, with the cookie if it has none yet."""
        if self._place.is_loopback or self._passes.is_in(headers.get("cookie", "")):
            await redirect(send, _address(scope), None)
        elif scope["method"] == "GET" and self._passes.exchange(said):
            await redirect(send, _address(scope), self._passes.cookie())
        else:
            await sign_in_page(send)


def _headers(scope: Scope) -> dict[str, str]:
    """The headers of a request, by name in lower case; one that is there twice has both values, as RFC 9110 has it."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    often = {name for name, times in Counter(name for name, _ in pairs).items() if times > 1}
    once = {name: value for name, value in pairs if name not in often}
    return once | {name: ", ".join(value for other, value in pairs if other == name) for name in often}


def _without_cookies(scope: Scope) -> Scope:
    """What is asked for, without cookies: those are ours, and FastAPI would read them as Python does: see `passes`."""
    kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"cookie"]
    return {**scope, "headers": kept}


def _is_page(scope: Scope) -> bool:
    """Whether a person is to see the answer."""
    path: str = scope["path"]
    is_for_programs = is_api(path) or path in _FOR_PROGRAMS or path.startswith("/static/")
    return scope["method"] in SAFE and not is_for_programs


def _check_site(headers: Mapping[str, str]) -> None:
    """Return if a request comes from a page of ours, from no page at all, or from a link that somebody followed.

    Another port of the same machine is the same site (https://www.w3.org/TR/fetch-metadata/), and not ours.

    Raises:
        ForeignOrigin: it does not.
    """
    is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if not _is_from_us(headers) and not is_link:
        raise ForeignOrigin("Other sites may link to the dashboard, and nothing more.")


def _is_from_us(headers: Mapping[str, str]) -> bool:
    """Whether it is from a page of ours, or from no page, as far as a browser says where a request comes from."""
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")


def _is_pushed(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether this is usage that an app on this machine tells us of, and no page of somebody else's.

    Browsers send an ``Origin`` with every POST, and ask before one of that content type goes to another site; those
    that say where a request comes from must say: from no site, or ours (https://www.w3.org/TR/fetch-metadata/).
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_ingest = scope["method"] == "POST" and scope["path"] in _PUSHED
    return is_ingest and kind == "application/json" and _is_from_us(headers)


def _address(scope: Scope) -> str:
    """Where a request was sent, without the secret: a path of ours, never the start of another host's address."""
    path = "/" + quote(scope["path"].lstrip("/\\"), safe="/:@!$&'()*+,;=~-._")
    query: str = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
