"""Does a proxy listen where proxies usually do? It is asked itself, on loopback."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from codesession.config import PROXY_PORT

_LOOPBACK = "127.0.0.1"
_WAIT_S = 0.5
_LONGEST = 100_000
"""Bytes of an answer that are read; ours has a few hundred."""


class ProxyStatus(NamedTuple):
    """Whether a proxy of ours listens at `port`, and what it says of itself."""

    running: bool
    port: int
    version: str | None = None
    session_id: int | None = None
    """to which unnamed calls go now"""
    unmetered: int = 0
    """requests that it passed on unread, and that may have cost something"""
    unrecorded: int = 0
    """calls that the ledger could not take"""


def proxy_status(port: int = PROXY_PORT, wait_s: float = _WAIT_S) -> ProxyStatus:
    """What listens at the port that a proxy has unless it is told otherwise; it has `wait_s` seconds to answer."""
    with closing(HTTPConnection(_LOOPBACK, port, timeout=wait_s)) as connection:
        try:
            connection.request("GET", "/health")
            told = json.loads(connection.getresponse().read(_LONGEST))
        except (OSError, HTTPException, ValueError):  # nobody is there, or somebody else
            return ProxyStatus(running=False, port=port)
    if not isinstance(told, dict) or told.get("status") != "running" or "codesessionVersion" not in told:
        return ProxyStatus(running=False, port=port)
    active, unmetered = told.get("activeSession"), told.get("unmetered")
    return ProxyStatus(
        running=True,
        port=port,
        version=str(told["codesessionVersion"]),
        session_id=active.get("id") if isinstance(active, dict) else None,
        unmetered=sum(unmetered.values()) if isinstance(unmetered, dict) else 0,
        unrecorded=int(told.get("unrecorded") or 0),
    )
