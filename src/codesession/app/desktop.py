"""How does an alert show on the desktop? By the system's own program, where there is a desktop and the program."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from shutil import which
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLE = "codesession"
TIMEOUT_S = 5.0
_APPLE_SCRIPT = ("on run texts", "display notification (item 2 of texts) with title (item 1 of texts)", "end run")


def notification(text: str, environ: Mapping[str, str], platform: str = sys.platform) -> list[str] | None:
    """The command line that shows `text`, which may be anything: it is an argument of its own, and never markup.

    None where there is no desktop, or no such program on its path.
    """
    if platform == "darwin":
        program = which("osascript", path=environ.get("PATH", ""))
        script = [word for line in _APPLE_SCRIPT for word in ("-e", line)]
        return [program, *script, TITLE, text] if program else None  # what follows the title is no option to it
    if platform != "linux" or not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    program = which("notify-send", path=environ.get("PATH", ""))
    # Bodies may hold markup (https://specifications.freedesktop.org/notification-spec/latest/markup.html), and
    # notify-send reads escapes such as \n in them (g_strcompress in its source).
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\", "\\\\")
    return [program, f"--app-name={TITLE}", "--", TITLE, plain] if program else None


def show(text: str, environ: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
    """Show `text`, if that is possible within so many seconds."""
    command = notification(text, environ)
    if command is None:
        return
    nowhere = subprocess.DEVNULL
    # The sentence has been said on the terminal already: that a desktop cannot show it is no news.
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603 - no shell, and the system's own program
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=environ, timeout=timeout_s, check=False
        )
