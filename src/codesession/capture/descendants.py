"""Who belongs to a program that is to be stopped, and how are they all ended?

By their parents, processes are found as long as these live. What was left behind (``nohup``, a daemon, a session of
its own) is found by a mark in its environment, which every process inherits. A process that has lost both is not
found: it was started with another environment, by a parent that has ended.

The program shares our process group, and that may hold the script that called us; so no group is ever signalled,
only these processes, each by its identity (a process id with the time it began: ids are used again).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from psutil import Process

VARIABLE = "CODESESSION_RUN"
"""The variable with the mark; in a run within a run it holds the marks of both."""

_SEPARATOR = ":"
_PAUSE_S = 0.02
_KILL_S = 5.0
"""How long killed processes may take to go; one that the system does not let go is left."""


def marked(environ: Mapping[str, str], mark: str) -> dict[str, str]:
    """An environment that carries `mark` beside those it has.

    >>> marked(marked({}, "a"), "b")
    {'CODESESSION_RUN': 'a:b'}
    """
    outer = environ.get(VARIABLE)
    return {**environ, VARIABLE: f"{outer}{_SEPARATOR}{mark}" if outer else mark}


def end_all(mark: str, child: subprocess.Popen[bytes] | None, grace_s: float, kill_s: float = _KILL_S) -> None:
    """End `child`, all that descend from it, and all that carry `mark`; returns when they are gone.

    They are asked to end, and after `grace_s` seconds killed; what they start meanwhile is found too. Processes that we
    may not signal are left, as are those that have not gone `kill_s` seconds later.
    """
    family = _Family(mark, child)
    _until_gone(family, _ask_to_end, grace_s)
    _until_gone(family, _kill, kill_s)


def _until_gone(family: _Family, end: Callable[[Process], None], wait_s: float) -> None:
    """Do `end` once to each of `family`, as they are found, until none is left or the time is over."""
    done: set[Process] = set()
    until = time.monotonic() + wait_s
    while time.monotonic() < until and (left := family.living()):
        for process in left - done:
            family.signal(process, end)
        done |= left
        time.sleep(_PAUSE_S)


def _ask_to_end(process: Process) -> None:
    process.terminate()
    if sys.platform != "win32":  # what was stopped hears of it when it goes on
        process.send_signal(signal.SIGCONT)


def _kill(process: Process) -> None:
    process.kill()


class _Family:
    """The processes that belong together."""

    def __init__(self, mark: str, child: subprocess.Popen[bytes] | None) -> None:
        import psutil

        self._mark = mark
        self._spared = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
        self._known: set[Process] = set()
        self._untouchable: set[Process] = set()
        """those that are another user's, or the system's"""
        first = None if child is None else _process_of(child)
        if first is not None:
            self._known.add(first)

    def living(self) -> set[Process]:
        """Those that run now and can be ended."""
        return self._look() or self._look()  # twice: one that is being started as we look has no environment yet

    def signal(self, process: Process, end: Callable[[Process], None]) -> None:
        """Do `end` to one of them."""
        import psutil

        try:
            end(process)
        except psutil.NoSuchProcess:
            pass  # it is gone already
        except psutil.AccessDenied:
            self._untouchable.add(process)

    def _look(self) -> set[Process]:
        import psutil

        self._known = {process for process in self._known if _is_alive(process)}
        strangers: dict[Process, int] = {}
        for pid in psutil.pids():
            with suppress(psutil.Error):  # it is gone, or not ours to look at: then its parent tells
                process = psutil.Process(pid)
                if pid not in self._spared and process not in self._known and _is_alive(process):
                    strangers[process] = process.ppid()
        self._known |= {process for process in strangers if self._has_mark(process)}
        while children := self._children_among(strangers):
            self._known |= children
        return self._known - self._untouchable

    def _children_among(self, strangers: Mapping[Process, int]) -> set[Process]:
        """Those whose parent is known, and older than they are: else its id was another's."""
        began = {process.pid: process.create_time() for process in self._known}
        return {
            process
            for process, parent in strangers.items()
            if process not in self._known and parent in began and began[parent] <= process.create_time()
        }

    def _has_mark(self, process: Process) -> bool:
        import psutil

        try:
            if sys.platform != "win32" and process.uids().real != os.getuid():
                return False
            return self._mark in process.environ().get(VARIABLE, "").split(_SEPARATOR)
        except (psutil.Error, OSError):
            return False  # gone, or not ours to read


def _process_of(child: subprocess.Popen[bytes]) -> Process | None:
    """The process that `child` is; None when it has ended, and its id may be another's."""
    import psutil

    try:
        process = psutil.Process(child.pid)
        is_ours = process.ppid() == os.getpid() and child.returncode is None
    except psutil.Error:
        return None
    return process if is_ours else None


def _is_alive(process: Process) -> bool:
    """Whether it runs; one that has ended and that nobody has waited for does not."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
