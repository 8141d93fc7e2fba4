"""How does a page come up by itself? By whatever the system opens addresses with, and without waiting for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def has_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether there is a desktop to open a page on."""
    if platform in ("darwin", "win32"):
        return True
    return any(environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def show(address: str, environ: Mapping[str, str]) -> None:
    """Open a page, in a process of its own.

    The standard library's `webbrowser` may wait for the browser to end, and browsers like to talk: here nothing waits,
    and nothing is said in the terminal.
    """
    nowhere = subprocess.DEVNULL

    def run() -> None:
        subprocess.run(  # noqa: S603 - no shell, and our own interpreter
            [sys.executable, "-m", "webbrowser", address],
            env=dict(environ),
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
            check=False,
        )

    threading.Thread(target=run, name="browser", daemon=True).start()
