from __future__ import annotations

import socket
import sys
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from codesession.demo import server, simulated_provider
from codesession.errors import PortTaken


def test_it_starts_quickly_and_leaves_no_thread_and_no_port() -> None:
    with simulated_provider():
        pass  # the imports
    before = threading.active_count()
    begun = time.monotonic()
    with simulated_provider() as provider:
        assert time.monotonic() - begun < 0.3
        address = ("127.0.0.1", urlsplit(provider.url).port or 0)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_it_stops_while_clients_wait() -> None:
    script = {"x-sim": '{"hang": true}'}
    with simulated_provider() as provider:
        connections = [HTTPConnection(urlsplit(provider.url).netloc, timeout=10) for _ in range(3)]
        for connection in connections:
            connection.request("POST", "/v1/messages", b'{"model": "m"}', script)
        deadline = time.monotonic() + 10
        while len(provider.truth(wait_s=0)) < len(connections):
            assert time.monotonic() < deadline
    for connection in connections:
        with pytest.raises(ConnectionError):
            connection.getresponse()
        connection.close()


def test_a_port_in_use_is_told() -> None:
    with simulated_provider() as provider:
        port = urlsplit(provider.url).port or 0
        with pytest.raises(PortTaken, match=str(port)), simulated_provider(port=port):
            pass


def test_it_listens_on_loopback_only() -> None:
    with server.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_without_uvloop_it_runs_on_the_standard_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr(server, "new_event_loop", server.fastest_loop())
    with simulated_provider() as provider:
        assert provider.truth() == []


def test_a_failure_to_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(server, "serve", fails)
    with pytest.raises(RuntimeError, match="no"), simulated_provider():
        pass


def test_the_date_is_kept_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(server, "_DATE_EVERY_S", 0.001)
    monkeypatch.setattr(server, "_date", lambda: [(b"date", str(next(ticks)).encode())])
    with simulated_provider() as provider:
        connection = HTTPConnection(urlsplit(provider.url).netloc, timeout=10)
        seen: set[str | None] = set()
        while len(seen) < 2:
            connection.request("GET", "/_sim/health")
            with connection.getresponse() as answer:
                seen.add(answer.headers["date"])
                answer.read()
        connection.close()
