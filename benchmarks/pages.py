"""How long does a page take to be drawn, at a million calls and at a thousand?

A real `cs dashboard` and a headless Chromium on the same machine. *Drawn* is from the request until the last chart of
the page has its canvas, or, where it has none, until the browser has loaded it; the help page, which asks the ledger
nothing, is the baseline of the run. Ledgers are those that benchmarks/million.py builds.

    python benchmarks/pages.py --many /tmp/million.db --few /tmp/thousand.db [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PAGES = (
    "/help",
    "/",
    "/models",
    "/insights",
    "/sessions",
    "/sessions?q=parser",
    "/calls",
    "/console",
    "/alerts",
    "/pricing",
)


@contextmanager
def dashboard(database: Path) -> Iterator[str]:
    """The address of a dashboard over that ledger, until the block ends."""
    command = [sys.executable, "-m", "codesession", "dashboard", "--json", "--no-open", "--port", "0"]
    environ = {**os.environ, "CODESESSION_DB_PATH": str(database)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())["url"].rstrip("/")
        process.terminate()


def drawn_s(page: Page, address: str) -> float:
    """Seconds until the page at `address` is drawn."""
    began = time.perf_counter()
    page.goto(address, wait_until="load")
    for chart in page.locator(".chart").all():
        chart.locator("canvas").first.wait_for(state="attached")
    return time.perf_counter() - began


def measured(database: Path, rounds: int) -> dict[str, float]:
    """The median of each page, in seconds, after a first look at all of them."""
    with dashboard(database) as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        times: dict[str, list[float]] = {path: [] for path in PAGES}
        for _ in range(rounds + 1):
            for path in PAGES:
                times[path].append(drawn_s(page, root + path))
        browser.close()
    return {path: statistics.median(found[1:]) for path, found in times.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=Path, required=True)
    parser.add_argument("--few", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    few, many = (measured(database, arguments.rounds) for database in (arguments.few, arguments.many))
    print(f"{'page':22}{'few, ms':>10}{'many, ms':>10}{'ratio':>8}{'over help, ms':>15}")
    for path in PAGES:
        over = (many[path] - many["/help"]) * 1000
        print(f"{path:22}{few[path] * 1000:10.0f}{many[path] * 1000:10.0f}{many[path] / few[path]:8.2f}{over:15.0f}")


if __name__ == "__main__":
    main()
