"""Does ``cs start`` see what happens while it waits, and end when it should?"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import WAIT_S, eventually

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX's")

_HINT = "Ctrl-C leaves it running; cs end ends it. (--json begins it and returns at once.)\n"


def files_of(machine: Machine, session_id: int = 1) -> list[tuple[str, str]]:
    """The changes that are recorded by now."""
    with closing(SqliteLedger(machine.database)) as ledger, ledger.reading() as reader:
        return [(file.path, file.change.value) for file in reader.files(session_id)]


def watched(machine: Machine, *words: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """A ``cs start`` without a terminal, once it watches."""
    process = machine.start("start", *words, cwd=cwd)
    assert process.stderr
    assert process.stderr.readline().decode() == _HINT
    return process


def test_what_happens_meanwhile_is_recorded_and_the_session_goes_on(machine: Machine) -> None:
    root = machine.repository()
    (root / ".gitignore").write_text("*.log\n")
    (root / "docs").mkdir()
    process = watched(machine, "Fix the login", cwd=root / "docs")

    (root / "docs" / "new.md").write_text("new")
    (root / "noise.log").write_text("noise")
    eventually(lambda: files_of(machine) == [("docs/new.md", "created")])
    (root / "README.md.tmp").write_text("saved")
    (root / "README.md.tmp").rename(root / "README.md")
    eventually(lambda: ("README.md", "modified") in files_of(machine))
    (root / "README.md").unlink()
    eventually(lambda: ("README.md", "deleted") in files_of(machine))
    machine.git("add", "--all")
    machine.git("commit", "--quiet", "--message", "done")

    process.send_signal(signal.SIGINT)
    done = machine.ended(process)
    assert (done.returncode, done.stderr) == (0, b"")
    begun, *rest = done.stdout.decode().splitlines()
    assert begun.startswith('Session 1 "Fix the login" has begun in ')
    assert rest == ["Session 1 goes on. End it with: cs end"]
    status = machine.json("status")
    assert (status["status"], status["filesChanged"], status["commits"]) == ("active", 3, 1)  # .gitignore was committed

    ended = machine.json("end", "-n", "it works")
    assert [(file["filePath"], file["changeType"]) for file in ended["files"]] == [
        ("docs/new.md", "created"),
        ("README.md", "modified"),
        ("README.md", "deleted"),
        (".gitignore", "created"),
    ]
    assert [commit["message"] for commit in ended["commits"]] == ["done"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_leave_it_running_too(machine: Machine, number: signal.Signals) -> None:
    process = watched(machine, "x")
    process.send_signal(number)
    done = machine.ended(process)
    assert (done.returncode, done.stderr) == (0, b"")
    assert machine.json("status")["status"] == "active"


def test_outside_git_files_are_recorded_as_they_change(machine: Machine) -> None:
    (machine.work / "old.txt").touch()
    process = watched(machine, "x")
    (machine.work / "node_modules").mkdir()
    (machine.work / "node_modules" / "x.js").touch()
    (machine.work / "old.txt").write_text("other")
    eventually(lambda: files_of(machine) == [("old.txt", "modified")])
    machine.cs("end")
    done = machine.ended(process)
    assert done.returncode == 0
    assert re.search(r"Session ended: x\n\d+s • 1 file • 0 commits • \$0\.00 AI cost\n$", done.stdout.decode())


def test_a_session_that_is_resumed_is_watched_again(machine: Machine) -> None:
    root = machine.repository()
    machine.json("start", "x")
    process = watched(machine, "--resume")
    (root / "new.txt").touch()
    eventually(lambda: files_of(machine) == [("new.txt", "created")])
    process.send_signal(signal.SIGINT)
    assert machine.ended(process).returncode == 0


# --- on a terminal ---


class Terminal:
    """A terminal of 100 columns, and all that was written on it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.text = ""

    def until(self, words: str) -> str:
        """All that was written until `words` were."""
        deadline = time.monotonic() + WAIT_S
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            self.read()
        return self.text

    def read(self) -> bool:
        """Read on; False when everybody has left."""
        try:
            self.text += os.read(self.descriptor, 10_000).decode()
        except OSError:  # Linux says so when the last program has closed it
            return False
        return True


@contextmanager
def on_terminal(machine: Machine, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """``cs <words>`` on a terminal of its own."""
    ours, theirs = os.openpty()
    try:
        env = {"TERM": "xterm", "COLUMNS": "100"}
        process = machine.start(*words, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        os.close(ours)


def test_on_a_terminal_one_line_tells_how_it_stands_until_somebody_ends_it(machine: Machine) -> None:
    root = machine.repository()
    with on_terminal(machine, "start", "x") as (process, terminal):
        assert "0 files • 0 commits • $0.00" in terminal.until("$0.00")
        (root / "one.txt").touch()
        (root / "two.txt").touch()
        terminal.until("2 files • 0 commits")
        machine.json("end")
        while terminal.read():
            pass
        assert process.wait(WAIT_S) == 0
    shown = terminal.text.replace("\r\n", "\n")
    assert re.search(r"\r *\rSession ended: x\n\d+s • 2 files • 0 commits • \$0\.00 AI cost\n$", shown)
    assert shown.count("\n") == 4  # begun, the hint, and the two of the end


def test_ctrl_c_leaves_nothing_of_the_line(machine: Machine) -> None:
    machine.repository()
    with on_terminal(machine, "start", "x") as (process, terminal):
        terminal.until("0 files")
        os.killpg(process.pid, signal.SIGINT)
        while terminal.read():
            pass
        assert process.wait(WAIT_S) == 0
    assert re.search(r"\r +\rSession 1 goes on\. End it with: cs end\r\n$", terminal.text)
