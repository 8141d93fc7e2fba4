"""A real `cs dashboard` on a ledger of two months, and a real browser that tells of all that goes wrong in it.

`page` is a page of that dashboard in a light, wide window; `pages` opens others. Whatever goes wrong there is a line of
`trouble`, and fails the test unless it takes the line away. Tests that change something ask for `own`, a dashboard with
a ledger of their own.
"""

from __future__ import annotations

import json
import os
import shutil
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

from codesession.meter import ensure_shards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize
    from tests.browser.filled import Filled

Theme = Literal["light", "dark"]
WAIT_S = 30
"""How long anything may take before a test fails; nothing here waits that long when all is well."""
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
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


@dataclass(frozen=True)
class Dashboard:
    """A ``cs dashboard`` that listens."""

    url: str
    token: str
    pid: int
    filled: Filled | None = None
    """what it shows; None: nothing yet"""


@contextmanager
def serving(home: Path, filled: Filled | None = None) -> Iterator[Dashboard]:
    """``cs dashboard`` for the user whose home that is, while the block runs; nothing may have gone wrong in it."""
    environ = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    environ |= {"HOME": str(home), "USERPROFILE": str(home), "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1"}
    words = ["dashboard", "--json", "--no-open", "--port", "0"]
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
    try:
        assert process.stdout
        line = process.stdout.readline()
        watchdog.cancel()
        assert line, process.communicate()[1].decode()
        told = json.loads(line)
        yield Dashboard(told["url"], told["token"], told["pid"], filled)
        process.terminate()
        _, wrong = process.communicate(timeout=WAIT_S)
        assert wrong.decode() == ""
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


# --- homes ---


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes homes of users who never ran codesession, but for the prices, which are compiled once."""
    prices = tmp_path_factory.mktemp("prices")
    ensure_shards(prices)

    def make() -> Path:
        home = tmp_path_factory.mktemp("browser").resolve() / "home"
        shutil.copytree(prices, home / ".codesession", copy_function=os.link)  # never written again
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


@pytest.fixture
def windows() -> Iterator[ExitStack]:
    """What closes the windows of a test; a dashboard of its own does that before it ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def own(filled_homes: Callable[[], AbstractContextManager[Filled]], windows: ExitStack) -> Iterator[Dashboard]:
    """A dashboard of the test's own, on a ledger like that of the others."""
    with filled_homes() as filled, serving(filled.home, filled) as board, windows:
        yield board


@pytest.fixture
def empty(homes: Callable[[], Path], windows: ExitStack) -> Iterator[Dashboard]:
    """A dashboard of somebody who has just begun."""
    with serving(homes()) as board, windows:
        yield board


# --- the browser ---


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; for each module anew, since no other test of this process can use asyncio while it runs."""
    path = browser()
    assert path, ADVICE
    expect.set_options(timeout=WAIT_S * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield running
        finally:
            running.close()


class Pages(Protocol):
    """Opens a window on a dashboard; addresses given to it are paths there."""

    def __call__(
        self, board: Dashboard, *, theme: Theme = "light", size: ViewportSize = ..., **options: Any
    ) -> Page: ...


@pytest.fixture
def trouble() -> list[str]:
    """What went wrong in the browser so far; whoever expects it takes it away."""
    return []


@pytest.fixture
def pages(chromium: Browser, trouble: list[str], windows: ExitStack) -> Iterator[Pages]:
    """Opens windows of their own, without anything that another has stored; nothing goes wrong in them."""

    def new(board: Dashboard, *, theme: Theme = "light", size: ViewportSize = WIDE, **options: Any) -> Page:
        options = {"color_scheme": theme, "viewport": size, "reduced_motion": "reduce", **options}
        context = chromium.new_context(base_url=board.url, **options)
        windows.callback(context.close)
        context.add_init_script(_TELL_OF_POLICY)
        context.set_default_timeout(WAIT_S * 1000)
        page = context.new_page()
        watch(page, board.url, trouble)
        return page

    yield new
    windows.close()
    assert trouble == []


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
