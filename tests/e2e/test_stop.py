"""Does a program that is stopped take nothing with it? Neither the script that called us nor the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import WAIT_S

if sys.platform == "win32":
    pytest.skip("process groups and terminals as POSIX has them", allow_module_level=True)

import pty

if TYPE_CHECKING:
    from pathlib import Path

OURS = """
import os, sys, threading, time
sys.path[:] = {path!r}
from codesession.capture.child import Child

def stop():
    deadline = time.monotonic() + 30
    while not os.path.exists("ready") and time.monotonic() < deadline:
        time.sleep(0.005)
    child.stop(0.1)

child = Child()
stopper = threading.Thread(target=stop)
stopper.start()
code = child.run([sys.executable, "-I", "-S", "-c", {program!r}], os.environ)
stopper.join()
{after}
sys.exit(code)
"""

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{first}
open("ready", "w").close()
time.sleep(30)
"""


def ours(*, first: str = "", after: str = "") -> str:
    """A process that stops its child, which does not hear, when it is ready."""
    return OURS.format(path=sys.path, program=DEAF.format(first=first), after=textwrap.dedent(after))


def test_the_script_that_called_us_goes_on_in_the_same_process_group(tmp_path: Path) -> None:
    script = """
        sleep 30 & beside=$!
        "$@"; echo "went on with $?"
        kill -0 $beside && echo "beside lives"
        kill $beside
    """
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-c", ours()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=WAIT_S,
        check=False,
    )

    assert done.stdout.splitlines() == ["went on with 137", "beside lives"], done.stderr


TAKES_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
ECHOES = "bool(termios.tcgetattr(0)[3] & termios.ECHO)"


@pytest.mark.parametrize("is_raw", [False, True], ids=["it-left-it", "it-was-killed-before-it-could-restore-it"])
def test_the_terminal_is_given_back_as_it_was(tmp_path: Path, *, is_raw: bool) -> None:
    raw = f"import sys; sys.path[:] = {sys.path!r}; import tty; tty.setraw(0)"
    after = f"""
        import json, termios
        with open("modes", "w") as file:
            json.dump({ECHOES}, file)
        """
    main, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"{TAKES_TERMINAL}\n{ours(first=raw if is_raw else '', after=after)}"],
            cwd=tmp_path,
            stdin=terminal,
            capture_output=True,
            start_new_session=True,
            timeout=WAIT_S,
            check=False,
        )
    finally:
        os.close(main)
        os.close(terminal)

    assert done.returncode == 137, done.stderr
    assert json.loads((tmp_path / "modes").read_text(encoding="utf-8")) is True
