"""How does the simulated provider run? In one event loop, on loopback only, until it is told to stop."""

from __future__ import annotations

import asyncio
import importlib
import socket
import threading
from concurrent.futures import Future
from email.utils import formatdate
from typing import TYPE_CHECKING, Self

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from codesession.demo.app import Provider
from codesession.demo.exchange import Head
from codesession.demo.truth import Received, Truth
from codesession.errors import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes an event loop: uvloop where there is one."""
    try:
        return importlib.import_module("uvloop").new_event_loop  # type: ignore[no-any-return] # imported by name
    except ImportError:  # Windows has no uvloop
        return asyncio.new_event_loop


new_event_loop = fastest_loop()

_LOOPBACK = "127.0.0.1"
_BACKLOG = 2048
_KEEP_ALIVE_S = 75
_DATE_EVERY_S = 1
_STOP_WITHIN_S = 10


class _Connection(HttpToolsProtocol):
    """uvicorn's connection, which also tells the application what the client literally wrote."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._written: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._written.append((name, value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.scope["state"] = {"head": Head(self.url, self._written, self.transport)}
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the application answers 426."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one. Raises PortTaken."""
    try:
        return socket.create_server((_LOOPBACK, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortTaken(f"port {port} is in use", port=port) from error


def url_of(listener: socket.socket) -> str:
    """Where the socket listens, without a slash at the end."""
    return f"http://{_LOOPBACK}:{listener.getsockname()[1]}"


async def serve(listener: socket.socket, truth: Truth, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Answer on `listener` until `stop` is set; then close it and every connection, and wait for what they ran."""
    config = Config(
        Provider(truth),
        http=_Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    config.load()
    state = ServerState()
    state.default_headers = _date()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(config, state, {}), sock=listener, backlog=_BACKLOG
    )
    ready()
    try:
        while not stop.is_set():
            await _wait(stop)
            state.default_headers = _date()
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.gather(*state.tasks)
        await server.wait_closed()


async def _wait(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_DATE_EVERY_S):
            await stop.wait()
    except TimeoutError:
        pass  # time for a new date


def _date() -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(usegmt=True).encode())]


class SimulatedProvider:
    """A provider in a thread of this process, with an event loop of its own, for as long as its ``with`` block."""

    def __init__(self, *, port: int = 0, records: bool = True, limit: int = 10_000) -> None:
        self._port = port
        self._truth = Truth(is_on=records, limit=limit)
        self._stop = asyncio.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, name="simulated-provider", daemon=True)

    def __enter__(self) -> Self:
        """Start it. Raises PortTaken."""
        self._listener = listen(self._port)
        self.url = url_of(self._listener)
        """where it listens, such as ``http://127.0.0.1:49152``"""
        self._thread.start()
        self._loop = self._started.result(_STOP_WITHIN_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it, closing whatever connection is still open."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_WITHIN_S)

    def truth(self, wait_s: float = 1) -> list[Received]:
        """What was received, in order of arrival, once no request is open or `wait_s` seconds have passed."""
        return asyncio.run_coroutine_threadsafe(self._truth.rows(wait_s), self._loop).result()

    def clear(self) -> None:
        """Forget what was received."""

        async def clear() -> None:
            self._truth.clear()

        asyncio.run_coroutine_threadsafe(clear(), self._loop).result()

    def _run(self) -> None:
        try:
            with self._listener, asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            if self._started.done():
                raise  # pragma: no cover - a fault of ours while running, for the thread to show
            self._started.set_exception(error)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        await serve(self._listener, self._truth, self._stop, lambda: self._started.set_result(loop))
