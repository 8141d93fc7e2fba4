"""The two relays that are compared: ours, and the same stack (uvicorn, aiohttp) that only forwards.

``python relays.py bare|metered UPSTREAM_PORT`` serves on a free loopback port, said on stdout, until stdin ends;
``unguarded`` and ``guarded`` are ``metered`` over a ledger of as many calls as follow, without and with five budgets;
``unread`` is ``metered`` without a look at the answers: whatever comes is said to have used the same.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import uvicorn
from yarl import URL

from codesession.capture.providers import Reading, StreamReader
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers import Provider
    from codesession.capture.proxy.client import Receive, Send
    from codesession.config import Config
    from codesession.model import Budget

_DROPPED = {b"host", b"connection", b"content-length", b"transfer-encoding"}


class Bare:
    """Forwards a request and its answer, and does nothing else."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        url = self._upstream + scope["raw_path"].decode()
        if scope["query_string"]:
            url += "?" + scope["query_string"].decode()
        headers = [(key.decode(), value.decode()) for key, value in scope["headers"] if key not in _DROPPED]
        async with self._session.request(
            scope["method"], URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
        ) as response:
            kept = [(key, value) for key, value in response.raw_headers if key.lower() != b"transfer-encoding"]
            await send({"type": "http.response.start", "status": response.status, "headers": kept})
            async for piece in response.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def serve_bare(upstream: str) -> None:
    """Serve `Bare`."""
    import uvloop

    from codesession.capture.proxy import listen

    listener = listen(0)
    config = uvicorn.Config(
        Bare(upstream),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
    )
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


def five_budgets(directory: str) -> list[Budget]:
    """One of each kind that applies to every call here, none of which will be used up."""
    from codesession.model import Budget, Mode, ScopeKind, Window

    plenty = 10**15
    return [
        Budget(ScopeKind.SESSION, "", Window.SESSION, plenty, Mode.BLOCK),
        Budget(ScopeKind.ALL, "", Window.DAY, plenty, Mode.BLOCK),
        Budget(ScopeKind.ALL, "", Window.TOTAL, plenty, Mode.BLOCK, is_strict=True),
        Budget(ScopeKind.PROJECT, directory, Window.MONTH, plenty, Mode.BLOCK),
        Budget(ScopeKind.MODEL, "claude*", Window.WEEK, plenty, Mode.BLOCK),
    ]


class Unread(StreamReader):
    """Looks at nothing."""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""

    def take(self, data: bytes) -> None:
        """Learn from one event's data."""

    def written(self, data: bytes) -> int:
        """Bytes of model output in one event's data."""
        return len(data)

    def so_far(self) -> Reading:
        """What the provider of the benchmark always says."""
        return SAID


SAID = Reading(Usage(input=12, output=9), is_final=True, has_ended=True, model="claude-sonnet-4-5-20250929")


def read_nothing() -> None:
    """Have the proxy of this process pass answers on without a look at them."""
    from codesession.app import metering
    from codesession.capture.providers import PROVIDERS

    known = PROVIDERS["anthropic"]
    endpoints = {
        path: replace(endpoint, read_answer=lambda _body: SAID, stream_reader=Unread)
        for path, endpoint in known.endpoints.items()
    }
    unread = {**PROVIDERS, "anthropic": replace(known, endpoints=endpoints)}

    def providers(config: Config) -> dict[str, Provider]:
        del config
        return unread

    metering.providers = providers


def serve_metered(upstream: str, calls: int = 0, *, is_guarded: bool = False) -> None:
    """Serve our proxy with a ledger of its own."""
    from codesession.app.core import open_app
    from codesession.app.metering import OneSession, metering
    from codesession.capture.proxy import listen, upstream_at
    from codesession.config import read_config
    from codesession.model import Scope

    data_dir = Path(tempfile.mkdtemp(prefix="codesession-bench-"))
    config = read_config({"COSTHQ_DATA_DIR": str(data_dir)})
    if calls:
        from commands import fill

        fill(config.database, str(data_dir / "work"), calls)
    with open_app(config, lambda sentence: print(sentence, file=sys.stderr)) as app:
        owner_id = app.ledger.claim(app.now_ms())
        with app.ledger.writing() as writer:
            session = writer.begin_session(Scope(str(data_dir)), "benchmark", app.now_ms(), owner_id=owner_id)
            for budget in five_budgets(str(data_dir)) if is_guarded else ():
                writer.set_budget(budget)
        listener = listen(0)
        there = {"anthropic": upstream_at(upstream)}
        with metering(app, listener, owner_id, lambda queue: OneSession(queue, session.id), there) as proxy:
            print(proxy.port, flush=True)
            sys.stdin.read()


def _end_with_stdin() -> None:
    import os

    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    kind, port = sys.argv[1:3]
    address = f"http://127.0.0.1:{port}"
    if kind == "bare":
        serve_bare(address)
    else:
        if kind == "unread":
            read_nothing()
        serve_metered(address, int(sys.argv[3]) if sys.argv[3:] else 0, is_guarded=kind == "guarded")
