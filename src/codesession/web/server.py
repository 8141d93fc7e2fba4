"""How are the pages served? Guarded, by an event loop in a thread of its own, until this process is asked to end."""

from __future__ import annotations

import asyncio
import threading
import traceback
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from anyio.to_thread import current_default_thread_limiter

from codesession.errors import CodesessionError, DatabaseError
from codesession.web.passes import Passes, lasting_token
from codesession.web.patience import Patient
from codesession.web.running import noted

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from codesession.app import App
    from codesession.web.listening import Listening

VENDOR = Path(__file__).parent / "static" / "vendor"
ASSETS = ("htmx.min.js", "idiomorph-ext.min.js", "echarts.common.min.js", "inter.woff2")
THREADS = 8
"""That read the ledger, in which they take turns; more would only take memory. One may wait for git meanwhile."""
GRACE_S = 1
"""How long answers under way may go on when the server ends; streams are told to end at once."""


class AssetsMissing(CodesessionError):
    """The front-end files of others are not installed; nothing was started."""

    code = "assets_missing"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A server at work."""

    url: str
    """its address on this machine, without a slash at its end"""
    host: str
    """what was asked to listen on"""
    port: int
    token: str
    """for programs"""
    entrances: tuple[str, ...]
    """addresses to open in a browser; where others can reach it, they open it once"""
    is_loopback: bool
    """whether only programs of this machine can reach it"""


def check_assets(vendor: Path = VENDOR) -> None:
    """Return if the files are there that the build gets from others.

    Raises:
        AssetsMissing: they are not.
    """
    missing = [name for name in ASSETS if not (vendor / name).is_file()]
    if missing:
        raise AssetsMissing(
            f"The dashboard lacks its front-end files ({', '.join(missing)}): codesession was built with "
            "CODESESSION_SKIP_UI_BUILD=1. Unset that, and install it again from where it came (pip install "
            "--force-reinstall --no-deps …). Every other command works without them."
        )


@contextmanager
def dashboard(
    app: App,
    listening: Listening,
    unmetered: Callable[[], Mapping[str, int]] | None = None,
    proxy_port: int | None = None,
) -> Iterator[Dashboard]:
    """Serve the pages and the API over `app` while the block runs.

    `unmetered` is what a proxy beside them counts, and `proxy_port` where it listens.

    Raises:
        DatabaseError: the token cannot be kept.
    """
    from starlette.routing import Route

    from codesession.web.guarding import Guard
    from codesession.web.live import Live
    from codesession.web.metrics import Metrics
    from codesession.web.site import build_site

    place = listening.place
    passes = Passes(_token(app.config.data_dir), place.port)
    live = Live(app)
    routes = [
        Route("/live", live, methods=["GET"]),
        Route("/metrics", Metrics(app, unmetered), methods=["GET"]),
    ]
    site = Guard(Telling(build_site(app, routes, proxy_port), app), place, passes)
    with ExitStack() as stack:
        try:
            stack.enter_context(noted(app.config.data_dir, place.port))
        except OSError as error:
            app.problem(f"The process cannot be noted in {app.config.data_dir}: {error.strerror}.")
        stack.enter_context(serving(site, listening.listener, live.end))
        yield Dashboard(
            listening.root, listening.host, place.port, passes.token, _entrances(listening, passes), place.is_loopback
        )


def _token(data_dir: Path) -> str:
    try:
        return lasting_token(data_dir)
    except OSError as error:
        raise DatabaseError(
            f"The token of the dashboard cannot be kept in {data_dir}: {error.strerror or error}."
        ) from error


def _entrances(listening: Listening, passes: Passes) -> tuple[str, ...]:
    if listening.place.is_loopback:
        return (listening.root,)
    return tuple(f"{root}/?token={passes.ticket}" for root in listening.roots)


class Telling:
    """An ASGI application that tells on the terminal of what went wrong in another; the page says that it did."""

    def __init__(self, site: ASGIApp, app: App) -> None:
        self._site = site
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        try:
            await self._site(scope, receive, send)
        except Exception as error:
            what = traceback.format_exc() if self._app.config.environ.get("CODESESSION_DEBUG") else repr(error)
            self._app.problem(f"Something went wrong in codesession itself, at {scope['path']}: {what}")
            raise


@contextmanager
def serving(site: ASGIApp, listener: socket.socket, ending: Callable[[], None]) -> Iterator[None]:
    """Serve `site` on `listener` while the block runs; `ending` is called in its event loop when it is to end.

    Answers under way at its end get a short grace.
    """
    server = _Server(_config(site))
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                runner.run(server.serve(sockets=[listener]))
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            failures.append(error)
        finally:
            server.is_ready.set()

    thread = threading.Thread(target=run, name="dashboard", daemon=True)
    thread.start()
    server.is_ready.wait()
    try:
        if failures:
            raise failures[0]
        yield
    finally:
        if server.loop is not None:
            with suppress(RuntimeError):  # it has ended already
                server.loop.call_soon_threadsafe(ending)
        server.should_exit = True
        thread.join()
        listener.close()


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals to the program it runs in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.is_ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(site: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        http=Patient,  # of h11, which limits what headers may come to; httptools does not
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who is connected, whatever a header says
        timeout_graceful_shutdown=GRACE_S,
    )
