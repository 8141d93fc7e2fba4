"""A server of this machine that publishes a price list, well or badly."""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

LIMIT_S = 20.0
"""After which a test that waits for something fails."""


class Publisher:
    """Answers each GET with `status`, `headers` and `body`; of the body only what `stops_after` lets through."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"[]"
        self.stops_after: int | None = None
        """bytes after which the answer ends, or waits if it `waits`"""
        self.waits = False
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.asked: list[tuple[str, dict[str, str]]] = []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher._answer(self)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.address = f"http://{self.host}/v2/data.json"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, dict(request.headers)))
        headers = self.headers if "/v2/" in request.path else {}
        request.send_response(self.status if "/v2/" in request.path else 200)
        for name, value in ({"Content-Length": str(len(self.body))} | headers).items():
            request.send_header(name, value)
        request.end_headers()
        with suppress(OSError):  # whoever asked has had enough
            request.wfile.write(self.body[: self.stops_after])
            request.wfile.flush()
            self.has_begun.set()
            if self.waits:
                assert self.may_end.wait(LIMIT_S)

    def close(self) -> None:
        self.may_end.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = Publisher()
    yield made
    made.close()
