from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from codesession.capture import child as between
from codesession.capture.child import NOT_EXECUTABLE, NOT_FOUND, CannotStart, Child, signals_to

if sys.platform == "win32":
    pytest.skip("there a program is not sent signals but ended", allow_module_level=True)

import pty

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = sys.executable


def run(code: str, **environ: str) -> int:
    return Child().run([PYTHON, "-c", code], {**os.environ, **environ})


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_its_exit_code_is_ours(code: int) -> None:
    assert run(f"raise SystemExit({code})") == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_that_ends_it_is_said_as_a_shell_says_it(number: signal.Signals) -> None:
    assert run(f"import os; os.kill(os.getpid(), {number.value})") == 128 + number


def test_arguments_pass_no_shell_and_the_environment_is_as_given(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["$HOME", "a  b", "*", ";exit 9", "'\"\\", ""]
    script = "import os, sys; print(sys.argv[1:], os.environ['TOLD'])"
    code = Child().run([PYTHON, "-c", script, *words], {**os.environ, "TOLD": "yes"})

    assert (code, capfd.readouterr().out) == (0, f"{words} yes\n")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="command not found") as told:
        Child().run([str(tmp_path / "nothing")], os.environ)
    assert told.value.exit_code == NOT_FOUND

    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CannotStart) as told:
        Child().run([str(tmp_path / "file" / "in-a-file")], os.environ)
    assert told.value.exit_code == NOT_FOUND


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_program_that_cannot_be_run(tmp_path: Path, mode: int) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fnot a program")
    program.chmod(mode)
    with pytest.raises(CannotStart) as told:
        Child().run([str(program)], os.environ)

    assert told.value.exit_code == NOT_EXECUTABLE


WAITING = """
    import signal, sys
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(42))
    signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(43))
    print("ready", flush=True)
    while True:
        signal.pause()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 42), (signal.SIGUSR1, 43), (signal.SIGHUP, 128 + 1)])
def test_a_signal_that_is_sent_to_us_goes_on(number: signal.Signals, code: int) -> None:
    ours = f"""
        import os, sys
        from codesession.capture.child import Child, signals_to
        child = Child()
        with signals_to(child):
            code = child.run([{PYTHON!r}, "-c", {textwrap.dedent(WAITING)!r}], os.environ)
        sys.exit(code)
    """
    with subprocess.Popen([PYTHON, "-c", textwrap.dedent(ours)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(20) == code


def test_a_signal_that_comes_early_waits() -> None:
    child = Child()
    child.signal(signal.SIGTERM)

    assert child.run([PYTHON, "-c", "import signal; signal.pause()"], os.environ) == 128 + signal.SIGTERM


def test_a_signal_that_comes_late_is_nobodys() -> None:
    child = Child()
    assert child.run([PYTHON, "-c", ""], os.environ) == 0
    child.signal(signal.SIGTERM)


def test_signals_are_ours_again_afterwards() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with signals_to(Child()):
        assert signal.getsignal(signal.SIGTERM) is not before[signal.SIGTERM]

    assert {number: signal.getsignal(number) for number in before} == before


class Noted(Child):
    """A child that only notes what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[int] = []

    def signal(self, number: int) -> None:
        self.got.append(number)


@pytest.mark.parametrize(("is_foreground", "got"), [(True, [signal.SIGTERM]), (False, [signal.SIGINT, signal.SIGTERM])])
def test_a_key_that_has_reached_it_already_is_not_pressed_twice(
    monkeypatch: pytest.MonkeyPatch, got: list[int], *, is_foreground: bool
) -> None:
    monkeypatch.setattr(between, "_is_foreground", lambda: is_foreground)
    child = Noted()
    with signals_to(child):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

    assert child.got == got


OURS = "from codesession.capture.child import _is_foreground as is_ours; raise SystemExit(is_ours())"
TAKE_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"


def test_whether_the_terminal_is_ours() -> None:
    none = subprocess.DEVNULL
    alone = subprocess.run([PYTHON, "-c", OURS], stdin=none, stdout=none, stderr=none, check=False)
    terminal, ours = pty.openpty()
    try:
        within = subprocess.run(
            [PYTHON, "-c", f"{TAKE_TERMINAL}; {OURS}"], stdin=ours, start_new_session=True, check=False
        )
    finally:
        os.close(terminal)
        os.close(ours)

    assert (alone.returncode, within.returncode) == (0, 1)
