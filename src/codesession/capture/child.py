r"""How does `cs run` stand between a shell and a program? As if it were not there.

The child has our terminal, our standard streams and our process group; its arguments are passed as a list, by
no shell. Signals sent to us go on to it, and its exit code is ours.

A key typed at the terminal (Ctrl-C, Ctrl-\) already reaches the whole foreground group, so passing it on again
would press it twice; Ctrl-Z stops and resumes both of us, as the shell expects.

A program that must not go on is stopped: it and all that it has started, and nothing else of our group.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from codesession.capture.descendants import end_all, marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

NOT_FOUND = 127
NOT_EXECUTABLE = 126
STOPPED = 1
"""The exit code of a run whose program was stopped, and said nevertheless that all is well."""
GRACE_S = 5.0
"""How long a program that is stopped has to end by itself."""

_BY_SIGNAL = 128

if sys.platform == "win32":
    _TYPED = (signal.SIGINT,)
    _SENT = (signal.SIGTERM, signal.SIGBREAK)
else:
    _TYPED = (signal.SIGINT, signal.SIGQUIT)
    _SENT = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class CannotStart(Exception):
    """The program could not be started; `exit_code` is what a shell would give."""

    def __init__(self, program: str, reason: str, exit_code: int) -> None:
        super().__init__(f"{program}: {reason}")
        self.exit_code = exit_code


class Child:
    """The program that is to be run, may be running, or has run; signals reach it while it runs."""

    def __init__(self, stdout: int | None = None) -> None:
        """Its output goes where ours does, or to the descriptor `stdout`."""
        self._stdout = stdout
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._mark = os.urandom(16).hex()
        self._starting = threading.Lock()
        self._stopping = threading.Lock()
        self._has_ended_all = False
        self.was_stopped = False
        """whether `stop` was called; what `run` returned may be 0 even so"""

    def run(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run `command` to its end and return its exit code (128 + n if signal n ended it).

        If it is stopped, that is when all it has started has ended too. One that was stopped before is not started.

        Raises:
            CannotStart: there is no such program, or it may not be executed.
        """
        terminal = _terminal_modes()
        with self._starting:
            if self.was_stopped:
                return _BY_SIGNAL + signal.SIGTERM
            self._process = process = _start(command, marked(environ, self._mark), self._stdout)
        for number in self._early:
            _send(process, number)
        code = process.wait()
        if self.was_stopped:
            with self._stopping:
                _set_terminal_modes(terminal)
        return _BY_SIGNAL - code if code < 0 else code

    def signal(self, number: int) -> None:
        """Pass a signal on; one that comes before the program has started waits for it."""
        if self._process is None:
            self._early.append(number)
        else:
            _send(self._process, number)

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End the program and all it has started; what is left after `grace_s` seconds is killed.

        Any thread may call it at any time, but not a signal handler; it returns when they are gone. A program that has
        not started will not; of one that has ended, what it left behind is ended. The second time nothing is done.
        """
        with self._stopping:
            with self._starting:
                self.was_stopped = True
            if not self._has_ended_all:
                end_all(self._mark, self._process, grace_s)
                self._has_ended_all = True


@contextmanager
def signals_to(child: Child) -> Iterator[None]:
    """While the block runs, signals sent to this process go to `child` and end nothing here."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number not in _TYPED or not _is_foreground():
            child.signal(number)

    before = {number: signal.signal(number, pass_on) for number in (*_TYPED, *_SENT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(command: Sequence[str], environ: Mapping[str, str], stdout: int | None) -> subprocess.Popen[bytes]:
    program = command[0]
    if sys.platform == "win32":  # CreateProcess does not look for .cmd files, which npm's programs are
        program = shutil.which(program, path=environ.get("PATH")) or program
    try:
        return subprocess.Popen([program, *command[1:]], env=dict(environ), stdout=stdout)  # noqa: S603 - as we are asked
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CannotStart(command[0], "command not found", NOT_FOUND) from error
    except (PermissionError, OSError) as error:
        raise CannotStart(command[0], error.strerror or "it cannot be executed", NOT_EXECUTABLE) from error


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        child.terminate()
    else:
        child.send_signal(number)


def _is_foreground() -> bool:
    """Whether our process group has the terminal: then what is typed there has reached the child already."""
    if sys.platform == "win32":
        return True  # the console sends Ctrl-C to every program attached to it
    for descriptor in (0, 1, 2):
        try:
            return os.tcgetpgrp(descriptor) == os.getpgrp()
        except OSError:
            continue
    return False


def _terminal_modes() -> list[Any] | None:
    """How our terminal shows what is typed; None without one."""
    if sys.platform == "win32" or not os.isatty(0):
        return None
    import termios

    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None  # it was hung up


def _set_terminal_modes(modes: list[Any] | None) -> None:
    """Give the terminal back as it was: a program that was killed had no time to, and no shell sees that it was."""
    if sys.platform == "win32" or modes is None or not _is_foreground():
        return
    import termios

    with suppress(termios.error):  # it was hung up
        termios.tcsetattr(0, termios.TCSANOW, modes)
