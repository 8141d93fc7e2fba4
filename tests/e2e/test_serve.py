"""Does a real ``cs serve`` meter, show and count in one process, and leave nothing behind however it ends?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import agent, eventually, published_cost
from tests.e2e.dashboards import begun

from codesession.model import CallState, Cut

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine
    from tests.e2e.dashboards import Board

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no signals on Windows")

PORTS = ("--port", "0", "--dashboard-port", "0")


def calling(machine: Machine, board: Board, code: str) -> subprocess.CompletedProcess[bytes]:
    """An agent of nobody's that calls through the proxy."""
    return machine.ended(started(machine, board, code))


def started(machine: Machine, board: Board, code: str) -> subprocess.Popen[bytes]:
    environ = {**machine.environ, **board.line["proxy"]["env"]}
    return subprocess.Popen(agent(code), cwd=machine.work, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def metrics(board: Board) -> dict[str, float]:
    answer = board.ask("/metrics")
    assert answer.status == 200
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_a_call_through_the_proxy_is_on_the_pages_and_in_the_metrics(machine: Machine) -> None:
    board = begun(machine, "serve", *PORTS)
    with board.listening() as stream:
        assert stream.next()["event"] == "hello"
        done = calling(machine, board, "tell(n=ask(input=9, output=7).status)")
        assert json.loads(done.stdout) == {"n": 200}, done
        assert stream.next()["event"] == "change"
        (row,) = machine.truth()
        cost = published_cost("claude-sonnet-4-5", row.usage) / 1e9
        (session,) = board.ask("/api/v1/sessions").json["sessions"]
        assert (session["name"], session["status"]) == ("Background API Session", "active")
        assert session["aiCost"] == cost
        told = metrics(board)
        model = next(key for key in told if key.startswith("codesession_cost_usd_total"))
        assert told[model] == cost
        assert 'provider="anthropic"' in model
        assert (told["codesession_active_sessions"], told["codesession_holds"]) == (1, 0)
        board.process.send_signal(signal.SIGINT)
        done = machine.ended(board.process)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (ended,) = machine.sessions()
    assert not ended.is_active
    assert not list((machine.home / ".codesession").glob("*.pid"))


def test_an_answer_in_flight_gets_its_grace_and_is_settled(machine: Machine) -> None:
    board = begun(machine, "serve", *PORTS)
    child = started(machine, board, "answer = ask(stream=True, events=8, delay_ms=60)\ntell(n=len(answer.read()) > 0)")
    eventually(lambda: metrics(board)["codesession_holds"] == 1)
    with board.listening() as stream:
        assert stream.next()["event"] == "hello"
        board.process.terminate()
        assert machine.ended(board.process).returncode == 0
        while stream.next():
            pass
    out, wrong = child.communicate(timeout=30)
    assert json.loads(out) == {"n": True}, wrong
    call = machine.call()
    assert (call.state, call.cut) == (CallState.SETTLED, None)


def test_killed_it_is_in_nobodys_way(machine: Machine) -> None:
    board = begun(machine, "serve", *PORTS)
    child = started(machine, board, "ask(hang=True)")
    eventually(lambda: machine.provider.truth(0))
    board.process.kill()
    machine.ended(board.process)
    child.communicate(timeout=30)
    held = machine.call().hold_nanos
    assert held

    ports = ("--port", str(board.line["proxy"]["port"]), "--dashboard-port", str(board.port))
    again = begun(machine, "serve", *ports)
    assert again.line["proxy"] == board.line["proxy"]
    told = metrics(again)
    assert told["codesession_holds"] == told["codesession_held_usd"] == 0
    lost = machine.call()
    assert (lost.state, lost.cut, lost.cost_nanos) == (CallState.LOST, Cut.PROCESS, held)
    again.process.terminate()
    assert machine.ended(again.process).returncode == 0
    machine.check_file()


def test_a_slow_page_keeps_no_call_waiting(machine: Machine) -> None:
    """Somebody reads a page that never ends, and asks for all the others at once."""
    board = begun(machine, "serve", *PORTS)
    slow = [socket.create_connection(("127.0.0.1", board.port), 10) for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{board.port}\r\n\r\n".encode() * 3)
        done = calling(machine, board, "tell(n=ask(input=9, output=7).status)")
        assert json.loads(done.stdout) == {"n": 200}, done
    finally:
        for connection in slow:
            connection.close()
    board.process.terminate()
    assert machine.ended(board.process).returncode == 0


def test_a_taken_port_of_either_is_an_error_and_nothing_is_left(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        told = machine.cs("serve", "--port", "0", "--dashboard-port", port, "--json")
        assert json.loads(told.stdout)["error"] == "EADDRINUSE"
        told = machine.cs("serve", "--port", port, "--dashboard-port", "0", "--json")
        error: dict[str, Any] = json.loads(told.stdout)["error"]
        assert (told.returncode, error["code"]) == (1, "port_taken")
    assert machine.sessions() == []
    assert not list((machine.home / ".codesession").glob("*.pid"))
