"""A server of this machine that takes webhooks, and answers as a test wants."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from codesession.model import Account, Budget, Evidence, Mode, ScopeKind, Standing, Window

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

LIMIT_S = 20.0
"""After which a test that waits for something fails."""


class Receiver:
    """Takes POSTs; each is answered by the next of `answers`, a status and its headers, and then by 200."""

    def __init__(self, *answers: int | tuple[int, dict[str, str]], tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.has_one = threading.Event()
        """set when the first has come"""
        self.may_answer = threading.Event()
        self.may_answer.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.address = f"http://{self.host}/services/secret"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        self.targets.append(request.path)
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
        answer = self.answers.pop(0) if self.answers else 200
        status, headers = (answer, {}) if isinstance(answer, int) else answer
        self.has_one.set()
        assert self.may_answer.wait(LIMIT_S)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def standing(kind: ScopeKind = ScopeKind.CUSTOMER, subject: str = "acme", spent_nanos: int = 4_100_000_000) -> Standing:
    """What a budget of five dollars a day has come to, with one more approved."""
    budget = Budget(kind, "*", Window.DAY, 5_000_000_000, Mode.BLOCK)
    account = Account(budget, subject, 12 if kind is ScopeKind.SESSION else None, 0, None)
    return Standing(account, {Evidence.MEASURED: spent_nanos}, 200_000_000, 0, 1_000_000_000)
