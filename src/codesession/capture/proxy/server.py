"""How does the proxy run beside a child program? An event loop in a thread of its own, on a loopback port."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from codesession.errors import InvalidInput, PortTaken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.capture.proxy.app import ProxyApp
    from codesession.capture.proxy.outbound import WayOut

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_S = 900
"""Idle connections are kept longer than the pause an agent makes between two prompts."""

_GARBAGE = (20_000, 20, 50)
"""A call makes thousands of short-lived objects; looked through less often than by default, it is a tenth quicker."""

GRACE_S = 2
"""How long answers in flight may go on when the proxy ends."""


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback address; port 0 is any free one.

    Raises:
        InvalidInput: there is no such port.
        PortTaken: another program has it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(2048)
    except OverflowError as error:
        listener.close()
        raise InvalidInput(f"{port} is not a port: choose one from 0 (any free one) to 65535.") from error
    except OSError as error:
        listener.close()
        raise PortTaken(f"Port {port} cannot be used: {error.strerror}.", port=port) from error
    return listener


def _config(app: ProxyApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # who calls is who is connected, whatever a header says
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals to the program it runs in."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(app: ProxyApp, way_out: WayOut, listener: socket.socket) -> Iterator[None]:
    """Serve `app` on `listener` while the block runs; answers in flight at its end get a short grace."""
    ready = threading.Event()
    server = _Server(_config(app), ready)
    failures: list[BaseException] = []

    async def main() -> None:
        await way_out.open()
        try:
            await server.serve(sockets=[listener])
        finally:
            await way_out.close()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(main())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            failures.append(error)
        finally:
            ready.set()

    before = gc.get_threshold()
    gc.set_threshold(*_GARBAGE)
    thread = threading.Thread(target=run, name="proxy", daemon=True)
    thread.start()
    ready.wait()
    try:
        if failures:
            raise failures[0]
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        gc.set_threshold(*before)


def _loop_factory() -> Any:  # noqa: ANN401 - uvloop has no stubs on every platform
    if sys.platform == "win32":
        return asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
