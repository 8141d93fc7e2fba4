"""How does a request leave? To the provider's own host, through the user's proxy, by the system's certificates."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import aiohttp
import truststore
from yarl import URL

from codesession.capture.proxy.peers import is_loopback
from codesession.errors import CodesessionError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LARGE = 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_HEADER = 64 * 1024
_PARTING_S = 1.0
"""How long a provider may take what is still on its way to it when the proxy ends."""


class Unreachable(CodesessionError):
    """The provider could not be reached, or never answered; nothing came back."""

    code = "upstream_unreachable"
    http_status = 502


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a provider's paths are found: ``scheme://host[:port][/prefix]``.

    `without` is what is taken from the start of a path first: a base URL the user has exported may already
    stand for ``/v1``.
    """

    root: str
    without: str = ""

    def url(self, path: str, query: str) -> URL:
        """The address of the provider's own `path`, kept as it is written."""
        rest = path.removeprefix(self.without) if f"{path}/".startswith(f"{self.without}/") else path
        return URL(self.root + rest + (f"?{query}" if query else ""), encoded=True)

    @property
    def is_public(self) -> bool:
        """Whether its host is out on the internet, and not this machine or one of the same network.

        >>> Upstream("https://ollama.com").is_public, Upstream("http://192.168.1.7:11434").is_public
        (True, False)
        """
        host = urlsplit(self.root).hostname or ""
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return "." in host and not host.endswith((".local", ".internal", ".lan", ".localhost"))


def upstream_at(address: str, expected_path: str = "") -> Upstream:
    """The upstream for an address a user wrote; `expected_path` is what clients expect such an address to end with.

    >>> upstream_at("https://gateway.example/v1", "/v1")
    Upstream(root='https://gateway.example', without='')
    >>> upstream_at("https://gateway.example/llm", "/v1")
    Upstream(root='https://gateway.example/llm', without='/v1')

    Raises:
        InvalidInput: it is not an http(s) address.
    """
    address = address.rstrip("/")
    if not _is_address(address):
        raise InvalidInput(f"{address!r} is not the address of a provider: write it as https://host[:port][/path].")
    if expected_path and address.endswith(expected_path):
        return Upstream(address.removesuffix(expected_path))
    return Upstream(address, expected_path)


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s?#]", address)


class WayOut:
    """One pool of connections to providers. Times in seconds; `idle_s` is the longest silence in an answer."""

    def __init__(self, connect_s: float, idle_s: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s, sock_read=idle_s)
        self._session: aiohttp.ClientSession | None = None
        self._sockets: WeakSet[socket.socket] = WeakSet()

    async def open(self) -> None:
        """Make the pool, in the running event loop."""
        # no cookie may pass from one client's answer into another's request
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), socket_factory=self._socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=self._timeout,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )

    async def close(self) -> None:
        """Close every connection; those whose provider does not take what was sent to it are broken off."""
        if self._session is not None:
            closing = asyncio.ensure_future(self._session.close())
            self._session = None
            await asyncio.wait((closing,), timeout=_PARTING_S)
            for connection in self._sockets:
                with suppress(OSError):  # it is closed
                    connection.shutdown(socket.SHUT_RDWR)
            await closing

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        connection = socket.socket(*address[:3])
        self._sockets.add(connection)
        return connection

    async def send(
        self, method: str, url: URL, headers: list[tuple[str, str]], body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """The answer's status and headers, its body still to come.

        Raises:
            Unreachable: no answer began.
        """
        if self._session is None:
            raise Unreachable("The proxy is closed.")
        data = body
        if url.user is not None:  # an address with credentials means those, as it does to the clients' own libraries
            headers = [(name, value) for name, value in headers if name != "authorization"]
        if isinstance(body, bytes):
            headers = [*headers, ("content-length", str(len(body)))]
            data = _in_pieces(body) if len(body) > _LARGE else body or None
        try:
            return await self._session.request(
                method,
                url,
                headers=headers,
                data=data,
                allow_redirects=False,
                proxy=_proxy_for(url.scheme, url.host or "", url.port),
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable("The provider could not be reached, or did not answer in time.") from error


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A large body a piece at a time, so that other calls go on in between."""
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        yield bytes(view[start : start + _PIECE])


@lru_cache(maxsize=64)
def _proxy_for(scheme: str, host: str, port: int | None) -> str | None:
    """The user's proxy for that host: ``HTTPS_PROXY`` and its kin, or the system's setting, less ``NO_PROXY``.

    No proxy can reach this machine's loopback, so none is asked to (Go's ProxyFromEnvironment rules the same).
    """
    if is_loopback(host) or proxy_bypass(host if ":" in host else f"{host}:{port}"):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy  # curl reads host:port as this, too
