"""Does a person in another process stop, pause and resume what runs: real programs, in real runs and proxies?"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import WAIT_S, agent, eventually, told
from tests.e2e.test_firewall import document, events

from codesession.ledger import SqliteLedger
from codesession.model import Cut, EventKind

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no signals on Windows")

PERSON = """
import os, signal, sys
from codesession.app import allow_session, open_app, pause_session, stop_session
from codesession.config import read_config

with open_app(read_config(), print) as app:
    {act}
    os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED = -signal.SIGKILL


def act(machine: Machine, what: str) -> None:
    """A person's word, said by a process that is killed (-9) as soon as it has said it."""
    done = subprocess.run(
        [sys.executable, "-c", PERSON.format(act=what)],
        cwd=machine.work,
        env=machine.environ,
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == KILLED


def start(machine: Machine, code: str, *options: str) -> subprocess.Popen[bytes]:
    return machine.start("run", "--port", "0", "--json", *options, "--", *agent(code))


def sign(machine: Machine, name: str) -> None:
    eventually((machine.work / name).exists)


STREAMS = """
    import signal, threading
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
    def stream():
        answer = ask(stream=True, input=11, output=400, events=40, hang_after=20)
        answer.events(20)
        running.append(answer)
    running = []
    threads = [threading.Thread(target=stream) for _ in range(6)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    touch("running")
    texts = [answer.read() for answer in running]
    tell(ended=[text.rstrip().rpartition("data: ")[2] for text in texts])
    for _ in range(3):
        answer = ask()
        tell(status=answer.status, text=answer.read())
    asked_to_end.wait(30)
"""


def test_a_run_that_streams_is_stopped_with_all_its_calls_and_its_session_ends(machine: Machine) -> None:
    process = start(machine, STREAMS)
    sign(machine, "running")
    act(machine, "stop_session(app, 1)")
    done = machine.ended(process)

    ended, *refused = told(done)
    assert [json.loads(event)["error"]["type"] for event in ended["ended"]] == ["billing_error"] * 6
    assert all("codesession ended this answer: a person stopped session 1." in event for event in ended["ended"])
    assert [line["status"] for line in refused] == [400] * 3
    assert "codesession refused this call: a person stopped session 1. Do not retry" in refused[0]["text"]
    assert [row.ended for row in machine.truth()] == ["client_left"] * 6
    assert [(call.cut, call.rule) for call in machine.calls()] == [(Cut.CLIENT, "stopped")] * 6
    assert all(call.cost_nanos for call in machine.calls())

    shown = document(done)
    assert (shown["blocked"]["rule"], shown["blocked"]["stopped"]) == ("stopped", True)
    assert shown["blocked"]["message"] == "A person stopped session 1."
    assert shown["blocked"]["refusals"] == 3
    assert shown["exitCode"] == done.returncode == 1
    (session,) = machine.sessions()
    assert not session.is_active
    assert len(events(machine, EventKind.STOPPED)) == 1
    assert len(events(machine, EventKind.ENDED)) == 6
    machine.check_file()


@pytest.mark.parametrize("options", [("--port", "0"), ("--no-proxy",)], ids=["with-a-proxy", "without"])
def test_a_program_that_calls_nothing_is_ended_with_all_it_has_started(
    machine: Machine, options: tuple[str, ...]
) -> None:
    process = machine.start(
        "run", *options, "--", "sh", "-c", "nohup sleep 600 >/dev/null 2>&1 & touch ready; sleep 600"
    )
    sign(machine, "ready")
    act(machine, "stop_session(app, 1, end=True)")
    done = machine.ended(process)

    assert done.returncode == 128 + signal.SIGTERM
    assert re.search(rb"^Session: \d+s \S+ Stopped by hand$", done.stderr, re.MULTILINE)
    assert b"\nA person stopped session 1.\n" in done.stderr
    assert [session.is_active for session in machine.sessions()] == [False]


def test_a_paused_call_reaches_its_provider_once_it_is_resumed(machine: Machine) -> None:
    process = start(
        machine,
        """
        import threading
        touch("ready")
        wait_for("paused")
        base = urlsplit(os.environ["ANTHROPIC_BASE_URL"])
        connection = HTTPConnection(base.hostname, base.port, timeout=30)
        body = json.dumps({"model": CLAUDE, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
        connection.request("POST", base.path + "/v1/messages", body, {"x-api-key": "fake"})
        for _ in range(5):  # the proxy has seen the call when it has answered these
            other = HTTPConnection(base.hostname, base.port, timeout=30)
            other.request("GET", "/health")
            other.getresponse().read()
        touch("waits")
        tell(status=connection.getresponse().status)
        """,
    )
    sign(machine, "ready")
    act(machine, "pause_session(app, 1)")
    (machine.work / "paused").touch()
    sign(machine, "waits")
    assert machine.provider.truth(0) == []
    act(machine, "allow_session(app, 1)")

    assert told(machine.ended(process)) == [{"status": 200}]
    assert len(machine.truth()) == len(machine.calls()) == 1
    assert events(machine, EventKind.REFUSED) == []


def test_a_call_that_waits_for_a_person_is_refused_when_its_session_is_stopped(machine: Machine) -> None:
    code = "answer = ask()\ntell(status=answer.status, text=answer.read())\nwait_for('never')"
    process = start(machine, code, "--budget", "0.0001", "--ask")
    eventually(lambda: machine.database.exists() and machine.json("budget")["waiting"])
    act(machine, "stop_session(app, 1)")
    done = machine.ended(process)

    assert machine.truth() == []
    assert document(done)["blocked"]["rule"] == "stopped"
    (seen,) = told(done) or [{"status": 400, "text": "a person stopped session 1"}]  # it may be ended before it tells
    assert (seen["status"], "a person stopped session 1" in seen["text"]) == (400, True)
    (refused,) = events(machine, EventKind.REFUSED)
    assert refused.rule == "stopped"


def test_calls_without_a_run_are_refused_too_and_allowed_again(machine: Machine) -> None:
    proxy = machine.start("proxy", "--port", "0", "--json")
    assert proxy.stdout
    root = json.loads(proxy.stdout.readline())["url"]

    def ask() -> Any:
        code = "answer = ask()\ntell(status=answer.status, text=answer.read())"
        done = subprocess.run(
            agent(code),
            cwd=machine.work,
            env={**machine.environ, "ANTHROPIC_BASE_URL": root},
            capture_output=True,
            check=True,
            timeout=WAIT_S,
        )
        return json.loads(done.stdout)

    assert ask()["status"] == 200
    act(machine, "stop_session(app, 1, end=True)")
    assert "a person stopped session 1" in ask()["text"]
    assert "a person stopped session 1" in ask()["text"]
    assert machine.json("budget", "why")["refusal"]["rule"] == "stopped"
    act(machine, "allow_session(app, 1)")
    assert ask()["status"] == 200

    with closing(SqliteLedger(machine.database)) as ledger, ledger.reading() as reader:
        assert [(len(reader.calls(session.id))) for session, _ in reader.sessions(None)] == [1, 1]
    assert len(machine.truth()) == 2
