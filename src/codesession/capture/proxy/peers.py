"""Who may talk to the proxy? Programs of this machine that call it by a loopback name; no browser pages.

A page in a browser could reach a loopback port (DNS rebinding, cross-site requests) and spend with what the
proxy forwards; it cannot hide its ``Origin``, nor the foreign ``Host`` it came by.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Forbidden(CodesessionError):
    """The request may not come in; nothing was forwarded."""

    code = "forbidden"
    http_status = 403


def check_peer(address: str | None, headers: Mapping[str, str]) -> None:
    """Let in a request from `address` with these headers (names in lower case).

    Raises:
        Forbidden: it comes from another machine, by a foreign host name, or from a web page.
    """
    if address is None or not is_loopback(address):
        raise Forbidden("Only programs on this machine may use the proxy.")
    if not is_loopback(_host_name(headers.get("host", ""))):
        raise Forbidden("The proxy answers to 127.0.0.1 and localhost only.")
    if "origin" in headers:
        raise Forbidden("Web pages may not use the proxy.")


def _host_name(host: str) -> str:
    """The name in a ``Host`` header, without port and brackets.

    >>> _host_name("localhost:3739"), _host_name("[::1]:80"), _host_name("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """Whether `name`, an address or a host name, is this machine's own."""
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
