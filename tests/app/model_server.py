"""A model server of this machine, which answers as a test wants."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_S = 20.0
"""after which a test that waits for something fails"""

OLLAMA: Mapping[str, Any] = {
    "/api/version": {"version": "0.13.0"},
    "/api/tags": {
        "models": [
            {
                "name": "llama3.2:latest",
                "model": "llama3.2:latest",
                "size": 2_019_393_189,
                "details": {"parameter_size": "3.2B", "quantization_level": "Q4_K_M"},
            },
            {"name": "qwen3:8b", "size": 5_225_388_164, "details": {}},
            {"name": "big:cloud", "size": 384, "remote_model": "big", "remote_host": "https://ollama.com:443"},
        ]
    },
    "/api/ps": {"models": [{"name": "qwen3:8b"}]},
}
"""Shapes: https://docs.ollama.com/api/tags, /api/ps (read 2026-11-28)."""


class ModelServer:
    """Answers each path of `answers`: with a document, with a status, or with bytes; an Event is waited for first."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                answer = answers.get(self.path, 404)
                if isinstance(answer, threading.Event):
                    answer.wait(LIMIT_S)
                status, body = (answer, b"") if isinstance(answer, int) else (200, answer)
                content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
