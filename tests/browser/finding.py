"""Which browser do the tests drive? Chromium or its kin; run as a program this prints where it is, or how to get one.

Standard library only: `tasks.py` runs it before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
ELSEWHERE = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
)
"""Where macOS and Windows have it, which is not on the PATH."""
ADVICE = (
    "The browser tests need Chromium, and none was found. On Debian and Ubuntu run 'sudo apt-get install chromium', on "
    "macOS 'brew install --cask chromium', elsewhere install Chromium, Chrome or Edge; or say in CODESESSION_BROWSER "
    "where it is."
)


def browser() -> str | None:
    """The path of the browser that CODESESSION_BROWSER names, or of the first one found."""
    if named := os.environ.get("CODESESSION_BROWSER"):
        return named
    on_path = (shutil.which(name) for name in NAMES)
    elsewhere = (path for path in map(os.path.expandvars, ELSEWHERE) if Path(path).is_file())
    return next((path for path in (*on_path, *elsewhere) if path), None)


if __name__ == "__main__":
    print(browser() or ADVICE)  # noqa: T201 # it is what the program is for
    sys.exit(browser() is None)
