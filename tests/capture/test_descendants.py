"""Is all ended that a stopped program has started, and nothing else?"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from codesession.capture.child import Child
from codesession.capture.descendants import VARIABLE, end_all, marked

if sys.platform == "win32":
    pytest.skip("there a program is not asked to end, and sessions are another thing", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

WAIT_S = 30
"""How long anything may take before a test fails; programs that a failed test leaves end by then too."""
SOON_S = 0.2
"""The grace of programs that do not hear."""

WORDS = """
import os, signal, subprocess, sys, time

def tell(name):
    file = os.path.join(os.environ["PLACE"], name)
    with open(file + ".new", "w") as new:
        new.write(str(os.getpid()))
    os.rename(file + ".new", file)

def on_end(does):
    signal.signal(signal.SIGTERM, does)

def deaf():
    on_end(signal.SIG_IGN)

def wait():
    time.sleep(30)

def fork():
    return os.fork() == 0

def python(code, **options):
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", os.environ["WORDS"] + code], **options)
"""


class Place:
    """Where programs tell who they are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {**os.environ, "PLACE": str(root), "WORDS": WORDS}
        self._seen: list[psutil.Process] = []

    def program(self, code: str) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", WORDS + code]

    def start(self, code: str, **environ: str) -> psutil.Process:
        """A program that is nobody's but the test's."""
        started = psutil.Popen(self.program(code), env={**self.environ, **environ})
        self._seen.append(started)
        return started

    def has(self, name: str) -> bool:
        return (self.root / name).exists()

    def told(self, name: str) -> psutil.Process:
        """The process that told `name`, as soon as it has."""
        eventually(lambda: self.has(name))
        found = self._process(name)
        assert found is not None, f"{name} has ended"
        self._seen.append(found)
        return found

    def lives(self, name: str) -> bool:
        """Whether the process that told `name` still runs."""
        found = self._process(name)
        return found is not None and runs(found)

    def _process(self, name: str) -> psutil.Process | None:
        """The process that told `name`; what it left is not mistaken for what has its id now."""
        with suppress(psutil.Error):
            found = psutil.Process(int((self.root / name).read_text(encoding="utf-8")))
            return found if found.environ().get("PLACE") == str(self.root) else None
        return None

    def close(self) -> None:
        for process in self._seen:
            with suppress(psutil.Error):
                process.kill()
            if isinstance(process, psutil.Popen):
                process.wait(WAIT_S)


def eventually(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as made:
        yield made


@pytest.fixture
def bystanders(place: Place) -> Iterator[list[psutil.Process]]:
    """Who must not be touched: a sibling of our group, and a program of another run."""
    found = [
        place.start("on_end(lambda *_: tell('sibling was touched')); tell('sibling'); wait()"),
        place.start("on_end(lambda *_: tell('stranger was touched')); tell('stranger'); wait()", **{VARIABLE: "0f0f"}),
    ]
    place.told("sibling")
    place.told("stranger")
    yield found
    assert all(map(runs, found))
    assert not list(place.root.glob("*touched"))


@contextmanager
def running(command: list[str], place: Place) -> Iterator[tuple[Child, Future[int]]]:
    """A program that runs, and what will be its exit code."""
    child = Child()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield child, pool.submit(child.run, command, place.environ)
        finally:
            child.stop(0)


def test_what_does_not_hear_is_killed_with_the_shell_it_was_started_by(
    place: Place, bystanders: list[psutil.Process]
) -> None:
    deaf = place.program("deaf(); tell('deaf'); wait()")
    with running(["sh", "-c", '"$@"; exit 0', "sh", *deaf], place) as (child, code):
        process = place.told("deaf")
        child.stop(SOON_S)

        assert not runs(process)
        assert code.result(WAIT_S) == 128 + signal.SIGTERM
        assert child.was_stopped
    assert bystanders


def test_a_program_is_asked_first_and_what_it_does_then_is_its_own(place: Place) -> None:
    with running(place.program("on_end(lambda *_: sys.exit(0)); tell('polite'); wait()"), place) as (child, code):
        place.told("polite")
        assert not child.was_stopped
        child.stop()

        assert (code.result(WAIT_S), child.was_stopped) == (0, True)


def test_without_grace_it_is_killed_at_once(place: Place) -> None:
    with running(place.program("on_end(lambda *_: tell('asked')); tell('here'); wait()"), place) as (child, code):
        place.told("here")
        child.stop(0)

        assert code.result(WAIT_S) == 128 + signal.SIGKILL
        assert not place.has("asked")


DAEMON = """
if fork():
    os.setsid()
    if fork():
        deaf()
        tell('daemon')
        wait()
    os._exit(0)
os.wait()
"""


def test_a_daemon_is_found_by_its_mark(place: Place, bystanders: list[psutil.Process]) -> None:
    with running(place.program(DAEMON + "tell('parent'); wait()"), place) as (child, code):
        place.told("parent")
        daemon = place.told("daemon")
        child.stop(SOON_S)

        assert not runs(daemon)
        assert code.result(WAIT_S) == 128 + signal.SIGTERM
    assert bystanders


def test_one_without_the_mark_is_found_by_its_parent(place: Place) -> None:
    code = "python('deaf(); tell(\"bare\"); wait()', env={k: v for k, v in os.environ.items() if k != '%s'}); wait()"
    with running(place.program(code % VARIABLE), place) as (child, _):
        bare = place.told("bare")
        assert VARIABLE not in bare.environ()
        child.stop(SOON_S)

        assert not runs(bare)


def test_what_is_stopped_hears_it_too(place: Place) -> None:
    with running(place.program("on_end(lambda *_: (tell('heard'), sys.exit(7))); tell('here'); wait()"), place) as (
        child,
        code,
    ):
        process = place.told("here")
        process.suspend()
        eventually(lambda: process.status() == psutil.STATUS_STOPPED)
        child.stop(WAIT_S)

        assert place.has("heard")
        assert code.result(WAIT_S) == 7


@pytest.mark.parametrize("leaves", ["fork()", "fork() and (os.setsid() or fork())"], ids=["a-child", "a-daemon"])
def test_what_is_started_in_answer_is_ended_too(place: Place, leaves: str) -> None:
    answer = f"""
def answer(*_):
    if {leaves}:
        on_end(lambda *_: (tell('late was asked'), os._exit(0)))
        tell('late')
        wait()
    os._exit(3)
on_end(answer)
tell('here')
wait()
"""
    with running(place.program(answer), place) as (child, code):
        place.told("here")
        child.stop(WAIT_S)

        assert place.has("late was asked")
        assert not place.lives("late")
        assert code.result(WAIT_S) == 3


def test_what_is_started_again_and_again_is_ended_in_the_end(place: Place) -> None:
    supervisor = "deaf()\nfor _ in range(400):\n    one = python('deaf(); tell(\"worker\"); wait()')\n    one.wait()\n"
    with running(place.program(supervisor), place) as (child, code):
        worker = place.told("worker")
        child.stop(SOON_S)

        assert not runs(worker)
        assert not place.lives("worker")
        assert code.result(WAIT_S) == 128 + signal.SIGKILL


def test_one_that_is_stopped_before_is_not_started(place: Place) -> None:
    child = Child()
    child.stop()

    assert child.run(place.program("tell('started')"), place.environ) == 128 + signal.SIGTERM
    assert not place.has("started")
    assert child.was_stopped


def test_of_one_that_has_ended_what_it_left_is_ended(place: Place, bystanders: list[psutil.Process]) -> None:
    child = Child()
    assert child.run(place.program(DAEMON), place.environ) == 0
    daemon = place.told("daemon")
    assert (runs(daemon), child.was_stopped) == (True, False)
    child.stop(SOON_S)

    assert not runs(daemon)
    assert child.was_stopped
    assert bystanders


def test_the_second_time_nothing_is_done(place: Place) -> None:
    with running(place.program("tell('here'); wait()"), place) as (child, code):
        mark = place.told("here").environ()[VARIABLE]
        child.stop()
        assert code.result(WAIT_S) == 128 + signal.SIGTERM
        late = place.start("tell('late'); wait()", **{VARIABLE: mark})
        place.told("late")
        child.stop()

        assert runs(late)


def test_whoever_stops_it_returns_when_it_is_gone(place: Place) -> None:
    with running(place.program("deaf(); tell('here'); wait()"), place) as (child, _):
        process = place.told("here")
        seen: list[bool] = []

        def stop() -> None:
            child.stop(SOON_S)
            seen.append(runs(process))

        threads = [threading.Thread(target=stop) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)

        assert seen == [False] * 3


def test_a_run_returns_when_what_it_started_is_gone_too(place: Place) -> None:
    code = "python('deaf(); tell(\"deaf\"); wait()'); on_end(lambda *_: (tell('ended'), sys.exit(0))); wait()"
    with running(place.program(code), place) as (child, ended):
        deaf = place.told("deaf")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(child.stop, SOON_S)
            assert ended.result(WAIT_S) == 0
            assert not runs(deaf)


NESTED = f"""
import sys
sys.path[:] = {sys.path!r}
from codesession.capture.child import Child
tell('outer')
inner = Child()
inner.run([sys.executable, "-I", "-S", "-c", os.environ["WORDS"] + {DAEMON!r}], os.environ)
"""


def test_what_a_run_within_a_run_left_belongs_to_both(place: Place) -> None:
    with running(place.program(NESTED), place) as (child, code):
        daemon = place.told("daemon")
        assert code.result(WAIT_S) == 0
        assert runs(daemon)
        child.stop(SOON_S)

        assert not runs(daemon)


def test_a_run_within_a_run_stops_only_its_own(place: Place) -> None:
    left = "beside = python('tell(\"beside\"); wait()')\n"
    with running(place.program(left + NESTED + "inner.stop(0.1)\ntell('inner has stopped')\nwait()"), place):
        beside = place.told("beside")
        place.told("inner has stopped")

        assert place.has("daemon")
        assert not place.lives("daemon")
        assert runs(beside)


def test_neither_we_nor_those_above_us_are_ended(place: Place) -> None:
    """Even if all of us had the mark."""
    ours = f"""
import sys
sys.path[:] = {sys.path!r}
from codesession.capture.descendants import end_all
end_all("abcd", None, 5.0)
tell('we are alive')
wait()
"""
    place.environ[VARIABLE] = "abcd"
    other = place.start("tell('other'); wait()")
    place.told("other")
    above = place.start(f"python({ours!r}); tell('above'); wait()")
    place.told("above")

    assert runs(place.told("we are alive"))
    assert runs(above)
    assert not runs(other)


def test_what_may_not_be_signalled_is_left_and_not_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(place.program("tell('here'); wait()"), place) as (child, code):
        process = place.told("here")

        def forbidden(_pid: int, _number: int) -> None:
            raise PermissionError

        with monkeypatch.context() as edge:
            edge.setattr(os, "kill", forbidden)
            began = time.monotonic()
            child.stop(WAIT_S)
            assert time.monotonic() - began < WAIT_S
        assert runs(process)
        process.kill()
        assert code.result(WAIT_S) == 128 + signal.SIGKILL


def test_what_the_system_does_not_let_go_is_left_after_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    process = place.start("tell('here'); wait()", **{VARIABLE: "stuck"})
    place.told("here")
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    end_all("stuck", None, 0.05, kill_s=0.05)

    numbers = (signal.SIGTERM, signal.SIGCONT, signal.SIGKILL)
    monkeypatch.undo()
    assert sent == [(process.pid, number) for number in numbers]


@pytest.mark.parametrize(
    ("name", "returncode"),
    [
        pytest.param("far", None, id="its-id-is-that-of-a-process-that-is-not-our-child"),
        pytest.param("near", 0, id="it-has-ended"),
        pytest.param(None, None, id="its-id-is-nobodys"),
    ],
)
def test_a_process_id_that_may_be_used_again_is_not_believed(
    place: Place, name: str | None, returncode: int | None
) -> None:
    place.start("python('tell(\"far\"); wait()'); tell('near'); wait()")
    processes = {named: place.told(named) for named in ("far", "near")}
    child: Any = SimpleNamespace(pid=processes[name].pid if name else 2**22, returncode=returncode)
    end_all("nobodys", child, 0)

    assert all(map(runs, processes.values()))


def test_a_child_of_ours_needs_no_mark(place: Place) -> None:
    process = place.start("tell('here'); wait()")
    place.told("here")
    child: Any = SimpleNamespace(pid=process.pid, returncode=None)
    end_all("nobodys", child, WAIT_S)

    assert not runs(process)


def test_a_child_that_is_older_than_its_parent_is_not_its_child(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parent has ended, and the id was used again."""
    parent = place.start("python('tell(\"young\"); wait()'); tell('old'); wait()", **{VARIABLE: "again"})
    young = place.told("young")
    place.told("old")
    environ = psutil.Process.environ
    monkeypatch.setattr(
        psutil.Process, "environ", lambda process: {} if process == young else environ(process)
    )  # found by its parent alone
    began = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: began(process) + (process == parent) * 100)
    end_all("again", None, WAIT_S)

    assert not runs(parent)
    assert runs(young)


def test_the_mark_is_added_to_those_that_are_there() -> None:
    assert marked({"A": "1"}, "m") == {"A": "1", VARIABLE: "m"}
    assert marked({VARIABLE: "outer"}, "m") == {VARIABLE: "outer:m"}
