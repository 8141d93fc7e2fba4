"""How is a proxy begun and ended by somebody who cannot type `cs proxy`? In a thread of the program that is running.

It has the ledger open for itself. When the program ends, it ends: calls under way get their grace, and are settled.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from codesession.app.core import open_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.app.core import App

_LOOK_S = 0.2
"""How often it is looked whether the program ends, in seconds."""


class ProxySwitch:
    """Turns one proxy on and off, from any thread.

    `beside` is the port of a proxy that is part of this program, and ends with it; None: there is none.
    """

    def __init__(self, app: App, beside: int | None = None) -> None:
        self._app = app
        self.beside = beside
        self._turn = threading.Lock()
        self._running: _Running | None = None

    @property
    def port(self) -> int | None:
        """Where the proxy listens that was begun here; None: there is none."""
        running = self._running
        return running.port if running is not None and running.thread.is_alive() else None

    def start(self, port: int) -> int:
        """Begin a proxy, unless one runs that was begun here; returns where it listens. Port 0 is any free one.

        Raises:
            PortTaken: another program has the port.
            InvalidInput, DatabaseError: it cannot be begun.
        """
        with self._turn:
            if self.port is None:
                self._running = _Running(self._app, port)
            assert self._running is not None  # noqa: S101 - it was made just now, or is the one that runs
            return self._running.port

    def stop(self) -> bool:
        """End the proxy that was begun here; False: there was none."""
        with self._turn:
            running, self._running = self._running, None
            if running is None:
                return False
            was_alive = running.thread.is_alive()
            running.end()
            return was_alive


class _Running:
    """A proxy in a thread; made when it listens."""

    def __init__(self, app: App, port: int) -> None:
        self.port = 0
        self._is_to_end = threading.Event()
        self._is_ready = threading.Event()
        self._failure: BaseException | None = None
        # No daemon: the program ends when the thread has, which ends when the program wants to.
        self.thread = threading.Thread(target=self._run, args=(app, port), name="proxy-switch")
        self.thread.start()
        self._is_ready.wait()
        if self._failure is not None:
            self.thread.join()
            raise self._failure

    def end(self) -> None:
        """End it, and wait until it has."""
        self._is_to_end.set()
        self.thread.join()

    def _run(self, app: App, port: int) -> None:
        from codesession.app.proxying import standalone_proxy  # most never begin one

        try:
            with open_app(app.config, app.say, app.warn) as own, standalone_proxy(own, port, None) as (proxy, _):
                self.port = proxy.port
                self._is_ready.set()
                self._wait(threading.main_thread().is_alive)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            if self._is_ready.is_set():
                app.problem(f"The proxy that was begun from the dashboard has ended: {error}")
            self._failure = error
        finally:
            self._is_ready.set()

    def _wait(self, goes_on: Callable[[], bool]) -> None:
        while goes_on() and not self._is_to_end.wait(_LOOK_S):
            pass
