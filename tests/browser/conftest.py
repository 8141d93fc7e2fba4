"""A real `cs dashboard` on a ledger of two months, and a real browser that tells of all that goes wrong in it.

`page` is a page of that dashboard in a light, wide window; `pages` opens others. Whatever goes wrong there is a line of
`trouble`, and fails the test unless it takes the line away. Tests that change something ask for `own`, a dashboard with
a ledger of their own.

There is one browser, and dashboards of tests' own are one after the other at the same address: what their pages load is
read and compiled once. What a page stores is gone with its test.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.browser.filled import fill
from tests.browser.finding import ADVICE, browser
from tests.browser.looking import WIDE
from tests.e2e.prices import prices_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize
    from tests.browser.filled import Filled

Theme = Literal["light", "dark"]
WAIT_S = 30
"""How long anything may take before a test fails; nothing here waits that long when all is well."""
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--process-per-site",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_", "COV", "SYSTEMROOT")
"""Variables of whoever runs the tests that go on to the program under test."""
_TELL_OF_POLICY = """
  document.addEventListener("securitypolicyviolation", (event) => {
    const { violatedDirective, blockedURI, sourceFile, lineNumber } = event;
    console.error(`against the policy: ${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`);
  });
"""
_QUIET = "/static/icon.svg"
"""What is shown without a script, so that nothing happens there."""


@dataclass(frozen=True)
class Dashboard:
    """A ``cs dashboard`` that listens."""

    url: str
    token: str
    pid: int
    filled: Filled | None = None
    """what it shows; None: nothing yet"""


@contextmanager
def serving(home: Path, filled: Filled | None = None, *, port: int = 0) -> Iterator[Dashboard]:
    """``cs dashboard`` for the user whose home that is, while the block runs; nothing may have gone wrong in it.

    It listens on `port`, or on another one while some other program has it.
    """
    process, told = _begun(home, port)
    if told.get("error") == "EADDRINUSE":
        process, told = _begun(home, 0)
    assert "error" not in told, told
    try:
        yield Dashboard(told["url"], told["token"], told["pid"], filled)
        process.terminate()
        _, wrong = process.communicate(timeout=WAIT_S)
        assert wrong.decode() == ""
    finally:
        process.kill()
        process.communicate()


def _begun(home: Path, port: int) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """A ``cs dashboard``, and the line that it tells first; it has ended if that is an error."""
    environ = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    environ |= {"HOME": str(home), "USERPROFILE": str(home), "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1"}
    words = ["dashboard", "--json", "--no-open", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "codesession", *words],
        cwd=home,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watchdog = threading.Timer(WAIT_S, process.kill)
    watchdog.start()
    assert process.stdout
    line = process.stdout.readline()
    watchdog.cancel()
    told: dict[str, Any] = json.loads(line) if line else {}
    if "error" in told or not line:
        _, wrong = process.communicate()
        assert line, wrong.decode()
    return process, told


# --- homes ---


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes homes of users who never ran codesession, but for the prices."""

    def make() -> Path:
        home = tmp_path_factory.mktemp("browser").resolve() / "home"
        prices_for(home, tmp_path_factory)
        return home

    return make


@pytest.fixture(scope="session")
def filled_homes(homes: Callable[[], Path]) -> Callable[[], AbstractContextManager[Filled]]:
    """Makes homes with two months of work, that end now."""

    @contextmanager
    def make() -> Iterator[Filled]:
        home = homes()
        filled = fill(home, home.parent / "work", time.time_ns() // 1_000_000)
        try:
            yield filled
        finally:
            filled.close()

    return make


@pytest.fixture(scope="session")
def dashboard(filled_homes: Callable[[], AbstractContextManager[Filled]]) -> Iterator[Dashboard]:
    """The dashboard that all tests look at which change nothing."""
    with filled_homes() as filled, serving(filled.home, filled) as board:
        yield board


@pytest.fixture(scope="session")
def port() -> int:
    """Where a test's own dashboard listens: one after the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


@pytest.fixture
def windows() -> Iterator[ExitStack]:
    """What closes the windows of a test; a dashboard of its own does that before it ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def own(
    filled_homes: Callable[[], AbstractContextManager[Filled]], windows: ExitStack, port: int
) -> Iterator[Dashboard]:
    """A dashboard of the test's own, on a ledger like that of the others."""
    with filled_homes() as filled, serving(filled.home, filled, port=port) as board, windows:
        yield board


@pytest.fixture
def empty(homes: Callable[[], Path], windows: ExitStack, port: int) -> Iterator[Dashboard]:
    """A dashboard of somebody who has just begun."""
    with serving(homes(), port=port) as board, windows:
        yield board


# --- the browser ---


@pytest.fixture(scope="session")
def launched() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """The browser, and the loop in which Playwright talks with it."""
    path = browser()
    assert path, ADVICE
    expect.set_options(timeout=WAIT_S * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)  # noqa: SLF001 - see `chromium`
        yield running, loop
        asyncio._set_running_loop(loop)  # noqa: SLF001 - as above
        running.close()


@pytest.fixture(scope="module")
def chromium(launched: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """The browser, for the tests of a module.

    Playwright says of its loop that it runs, even while nothing waits for it: no other test of this process could use
    asyncio. So it says that only while the tests of such a module run.
    """
    running, loop = launched
    asyncio._set_running_loop(loop)  # noqa: SLF001 - as Playwright does
    yield running
    asyncio._set_running_loop(None)  # noqa: SLF001 - as above


class Pages(Protocol):
    """Opens a window on a dashboard; addresses given to it are paths there.

    With `is_new`, or an option that Playwright has for a context, the window is of somebody who has never been there.
    """

    def __call__(
        self,
        board: Dashboard,
        *,
        theme: Theme = "light",
        size: ViewportSize = ...,
        is_new: bool = False,
        **options: Any,
    ) -> Page: ...


@pytest.fixture
def trouble() -> list[str]:
    """What went wrong in the browser so far; whoever expects it takes it away."""
    return []


@pytest.fixture(scope="session")
def visitors() -> dict[str, BrowserContext]:
    """Who has been at a dashboard before, by its address; each has one window open there, in which nothing happens."""
    return {}


@pytest.fixture
def pages(
    chromium: Browser, trouble: list[str], windows: ExitStack, visitors: dict[str, BrowserContext]
) -> Iterator[Pages]:
    """Opens windows of their own, without anything that another has stored; nothing goes wrong in them."""

    def visitor(board: Dashboard, **options: Any) -> BrowserContext:
        options = {"viewport": WIDE, "reduced_motion": "reduce", **options}
        context = chromium.new_context(base_url=board.url, **options)
        context.add_init_script(_TELL_OF_POLICY)
        context.set_default_timeout(WAIT_S * 1000)
        return context

    def new(
        board: Dashboard,
        *,
        theme: Theme = "light",
        size: ViewportSize = WIDE,
        is_new: bool = False,
        **options: Any,
    ) -> Page:
        if board.url not in visitors:
            context = visitors[board.url] = visitor(board)
            context.new_page().goto(_QUIET)  # the process that draws these pages stays as long as one is open
        context = visitors[board.url]
        is_new = is_new or bool(options) or len(context.pages) > 1
        if is_new:
            context = visitor(board, color_scheme=theme, **options)
            windows.callback(context.close)
        else:
            windows.callback(leave, context, board)
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        watch(page, board.url, trouble)
        return page

    yield new
    windows.close()
    assert trouble == []


def leave(context: BrowserContext, board: Dashboard) -> None:
    """Close all windows but the first, and have forgotten whatever was stored there."""
    first, *opened = context.pages
    for window in opened:
        window.close()
    asked = {"origin": board.url, "storageTypes": "all"}
    context.new_cdp_session(first).send("Storage.clearDataForOrigin", asked)


@pytest.fixture
def page(pages: Pages, dashboard: Dashboard) -> Page:
    """A light, wide window on the dashboard that all look at."""
    return pages(dashboard)


_GIVEN_UP = ("htmx:sendAbort", "htmx:afterRequest, [object")
"""What htmx says of a search that gives way to the next letter typed: that is meant."""


def watch(page: Page, origin: str, trouble: list[str]) -> None:
    """Write down each error in the console and the page, and each request to anybody else, as it comes."""

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_GIVEN_UP):
            trouble.append(f"error on {page.url}: {message.text} ({message.location.get('url', '')})")

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            trouble.append(f"{page.url} asked for {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: trouble.append(f"error on {page.url}: {error.stack or error.message}"))
    page.on("request", asked)
