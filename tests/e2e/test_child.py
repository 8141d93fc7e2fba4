"""Is `cs run` as if it were not there? For the arguments, the streams, the signals and the exit code of the child."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":
    pytest.skip("terminals, signals and exit statuses as POSIX has them", allow_module_level=True)

import pty

from tests.e2e.conftest import WAIT_S, agent, eventually, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Machine

RUN = ("run", "--port", "0", "--")

ODD = (
    "two words",
    "it's",
    'say "hi"',
    ";",
    "a;b",
    "$(touch made-by-a-shell)",
    "`touch made-by-a-shell`",
    "${HOME}",
    "*",
    "~",
    "|",
    "&",
    "> made-by-a-shell",
    "naïve ✓ 日本語",
    "",
    "line\nbreak",
    "tab\there",
    "back\\slash",
    "%PATH%",
    "\udcff\udcfe",  # bytes that are no UTF-8, as Python shows them
    "-x",
    "--json",
    "--port",
    "--name=other",
    "-p",
    "--help",
    "--",
    "-",
)


def test_every_argument_arrives_as_it_was_typed(machine: Machine) -> None:
    done = machine.run(*agent("tell(arguments=sys.argv[2:])"), *ODD)
    assert told(done) == [{"arguments": list(ODD)}]
    assert list(machine.work.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("run", "--no-proxy", "echo", "-n", "--json", "--", "-x"), id="without-a-separator"),
        pytest.param(("run", "--no-proxy", "--", "echo", "-n", "--json", "--", "-x"), id="with-a-separator"),
    ],
)
def test_options_after_the_program_are_its_own(machine: Machine, words: tuple[str, ...]) -> None:
    done = machine.cs(*words)
    assert done.stdout == b"--json -- -x"
    assert b"Done echo" in done.stderr


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("pass", 0, id="success"),
        pytest.param("sys.exit(3)", 3, id="failure"),
        pytest.param("sys.exit(255)", 255, id="the-highest"),
        pytest.param("os.kill(os.getpid(), 15)", 143, id="terminated"),
        pytest.param("os.kill(os.getpid(), 9)", 137, id="killed"),
    ],
)
def test_the_exit_code_is_passed_on(machine: Machine, code: str, status: int) -> None:
    done = machine.cs(*RUN, *agent(code))
    assert done.returncode == status
    assert b"Done python" in done.stderr


def test_what_cannot_be_started_exits_as_in_a_shell(machine: Machine) -> None:
    (machine.work / "plain.txt").write_text("no program", encoding="utf-8")
    for program, status, said in (
        ("no-such-program", 127, b"cs: no-such-program: command not found"),
        ("./no/such/path", 127, b"cs: ./no/such/path: command not found"),
        ("./plain.txt", 126, b"cs: ./plain.txt: Permission denied"),
        (".", 126, b"cs: .: Permission denied"),
    ):
        done = machine.cs(*RUN, program, "argument")
        assert (done.returncode, done.stdout) == (status, b"")
        assert said in done.stderr
    assert not any(session.is_active for session in machine.sessions())


def test_the_streams_are_the_childs_own_byte_for_byte(machine: Machine) -> None:
    data = random.Random(1).randbytes(3_000_000)
    copies = "sys.stderr.buffer.write(b'\\xff\\x00 its own\\n'); sys.stdout.buffer.write(sys.stdin.buffer.read())"
    done = machine.cs(*RUN, *agent(copies), feed=data)
    assert done.returncode == 0
    assert done.stdout == data
    assert done.stderr.startswith(b"\xff\x00 its own\nDone python")


def test_an_open_stdin_is_not_read_by_us(machine: Machine) -> None:
    """What the child leaves unread is still there for who comes next, as in a shell script."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"first\nsecond\n")
    process = machine.start(*RUN, *agent("print(os.read(0, 6).decode(), end='', flush=True)"), stdin=read_end)
    done = machine.ended(process)
    assert done.stdout == b"first\n"
    assert os.read(read_end, 100) == b"second\n"
    os.close(read_end)
    os.close(write_end)


# --- signals ---

COUNTS = """
import signal, collections
counts = collections.Counter()
def count(number, _frame):
    counts[signal.Signals(number).name] += 1
    tell(got=signal.Signals(number).name)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
    signal.signal(number, count)
tell(got="ready")
wait_for("go")
tell(counts=counts)
sys.exit(5)
"""


def test_a_signal_sent_to_us_reaches_the_child_once(machine: Machine) -> None:
    process = machine.start(*RUN, *agent(COUNTS))
    assert process.stdout is not None
    assert process.stdout.readline() == b'{"got": "ready"}\n'
    sent = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT")
    for name in sent:
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == b'{"got": "%b"}\n' % name.encode()
    (machine.work / "go").touch()
    done = machine.ended(process)
    assert told(done) == [{"counts": dict.fromkeys(sent, 1)}]
    assert done.returncode == 5
    assert b"Done python" in done.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_child_that_a_signal_ends_is_still_summed_up(machine: Machine, name: str) -> None:
    code = """
        import signal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        ask(input=5, output=7).read()
        tell()
        wait_for("never")
        """
    process = machine.start(*RUN, *agent(code))
    assert process.stdout is not None
    assert process.stdout.readline() == b"{}\n"
    process.send_signal(signal.Signals[name])
    done = machine.ended(process)
    assert done.returncode == 128 + signal.Signals[name]
    assert b"Done python" in done.stderr
    assert b"AI cost" in done.stderr
    (session,) = machine.sessions()
    assert not session.is_active


def test_a_key_typed_at_the_terminal_reaches_the_child_and_does_not_end_us(machine: Machine) -> None:
    """The terminal sends it to the whole foreground group, us included."""
    with at_a_terminal(machine, COUNTS) as (process, terminal):
        until(terminal, b'{"got": "ready"}')
        for key, name in ((b"\x03", b"SIGINT"), (b"\x1c", b"SIGQUIT"), (b"\x03", b"SIGINT")):
            os.write(terminal, key)
            until(terminal, b'{"got": "%b"}' % name)
        (machine.work / "go").touch()
        assert b'{"counts": {"SIGINT": 2, "SIGQUIT": 1}}' in until(terminal, b"AI cost")
        assert process.wait(WAIT_S) == 5


LEAVES_THE_FOREGROUND = """
import signal
if os.fork() == 0:  # one stays, to see when the keys have come
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda number, _: touch(signal.Signals(number).name))
    touch("ready")
    wait_for("go")
    os._exit(0)
os.setpgrp()
"""


def test_a_key_typed_at_the_terminal_is_not_sent_again_by_us(machine: Machine) -> None:
    """A child that has left the foreground group hears only what we send: of two alike, the system may drop one."""
    with at_a_terminal(machine, LEAVES_THE_FOREGROUND + COUNTS) as (process, terminal):
        until(terminal, b'{"got": "ready"}')
        eventually((machine.work / "ready").exists)
        for key, name in ((b"\x03", "SIGINT"), (b"\x1c", "SIGQUIT")):
            os.write(terminal, key)
            eventually((machine.work / name).exists)
        process.send_signal(signal.SIGUSR1)  # which comes after them
        until(terminal, b'{"got": "SIGUSR1"}')
        (machine.work / "go").touch()
        assert b'{"counts": {"SIGUSR1": 1}}' in until(terminal, b"AI cost")
        assert process.wait(WAIT_S) == 5


@contextmanager
def at_a_terminal(machine: Machine, code: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A run in the foreground of a terminal of its own, and the end of that terminal where the keys are."""
    takes_terminal = (
        "import fcntl, os, sys, termios as t; fcntl.ioctl(0, t.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    )
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", "-c", takes_terminal, sys.executable, "-m", "codesession"),
            *(*RUN, *agent(code)),
        ],
        cwd=machine.work,
        env=machine.environ,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    try:
        yield process, main
    finally:
        process.kill()
        process.wait()
        os.close(main)
        os.close(terminal)  # not before: what a terminal shows last may be lost when its last user leaves


def until(terminal: int, end: bytes) -> bytes:
    """What a terminal shows until it shows `end`."""
    seen = b""
    while end not in seen:
        assert select.select([terminal], [], [], WAIT_S)[0], seen
        seen += os.read(terminal, 65536)
    return seen
