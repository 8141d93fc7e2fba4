"""Does a real ``cs dashboard`` begin, keep strangers out, and end, as it says?"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import eventually
from tests.e2e.dashboards import begun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no signals on Windows")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_it_begins_with_one_line_and_ends_when_asked(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    line = board.line
    assert list(line) == ["url", "port", "pid", "host", "apiVersion", "token"]
    assert (line["url"], line["host"]) == (f"http://127.0.0.1:{board.port}", "127.0.0.1")
    assert (line["pid"], line["apiVersion"]) == (board.process.pid, 1)
    data = machine.home / ".codesession"
    assert (data / f"dashboard-{board.port}.pid").read_text() == f"{board.process.pid}\n"
    assert (data / "dashboard.token").read_text() == f"{board.token}\n"

    version = board.ask("/api/v1/version")
    assert (version.status, version.json["apiVersion"]) == (200, 1)
    assert version.headers["x-codesession-api-version"] == "1"
    assert board.ask("/api/version").json == version.json
    page = board.ask("/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in page.headers["content-security-policy"]

    board.process.terminate()
    done = machine.ended(board.process)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not list(data.glob("*.pid"))


def test_it_ends_soon_although_somebody_listens(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    with board.listening() as first, board.listening() as second:
        assert (first.status, first.kind) == (200, "text/event-stream")
        assert first.next()["event"] == second.next()["event"] == "hello"
        began_s = time.monotonic()
        board.process.send_signal(signal.SIGINT)
        assert first.next() == second.next() == {}
        done = machine.ended(board.process)
    assert time.monotonic() - began_s < 2
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stream_tells_of_a_change_and_of_a_refusal(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    with board.listening() as stream:
        hello = stream.next()
        assert hello["event"] == "hello"
        machine.json("start", "some work", env={"CLAUDECODE": "1"})
        change = stream.next()
        assert change["event"] == "change"
        assert change["data"] != hello["data"]
        machine.json("budget", "--daily", "0.000001", "--enforce")
        refused = machine.cs("run", "--port", "0", "--", "python3", "-c", _CALL)
        assert refused.stdout.strip() == b"400", refused
        seen = [stream.next()]
        while seen[-1]["event"] != "alert":
            seen.append(stream.next())
        alert = json.loads(seen[-1]["data"])
        assert (alert["kind"], alert["rule"], str(alert["id"])) == ("refused", "budget", seen[-1]["id"])
    with board.listening(Last_Event_ID=hello["id"]) as again:
        assert again.next()["event"] == "hello"
        assert again.next() == seen[-1]
    board.process.terminate()
    machine.ended(board.process)


_CALL = """
import json, os, urllib.error, urllib.request
body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
asked = urllib.request.Request(url, body.encode(), {"content-type": "application/json"})
try:
    print(urllib.request.urlopen(asked).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


# --- its port ---


def test_a_port_that_is_asked_for_and_taken_is_an_error(machine: Machine, taken: int) -> None:
    told = machine.cs("dashboard", "--port", str(taken), "--json")
    message = f"Port {taken} is taken by another program."
    assert (told.returncode, told.stderr) == (1, b"")
    assert json.loads(told.stdout) == {"error": "EADDRINUSE", "message": message, "port": taken}
    told = machine.cs("dashboard", "--port", str(taken))
    assert (told.returncode, told.stdout, told.stderr.decode()) == (1, b"", f"cs: {message}\n")


def test_what_a_killed_one_left_behind_is_in_nobodys_way(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    board.process.kill()
    machine.ended(board.process)
    file = machine.home / ".codesession" / f"dashboard-{board.port}.pid"
    assert file.read_text() == f"{board.process.pid}\n"
    again = begun(machine, "dashboard", "--port", str(board.port))
    assert file.read_text() == f"{again.process.pid}\n"
    assert again.token == board.token
    again.process.terminate()
    assert machine.ended(again.process).returncode == 0
    assert not file.exists()


# --- who may come in ---


def test_a_rebound_name_and_a_foreign_page_are_refused(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    for host in ("evil.example", f"localhost:{board.port}.evil.example", f"evil.example:{board.port}"):
        answer = board.ask("/api/v1/stats", host=host)
        assert (answer.status, answer.json["code"]) == (403, "foreign_host")
    for origin in ("http://evil.example", f"http://127.0.0.1:{board.port}.evil.example", "null"):
        answer = board.ask("/api/v1/reset", "POST", b"{}", origin=origin, content_type="application/json")
        assert (answer.status, answer.json["code"]) == (403, "foreign_origin")
    answer = board.ask("/api/v1/reset", "POST", b"{}", content_type="application/json")
    assert (answer.status, answer.json["code"]) == (401, "token_required")
    board.process.terminate()
    machine.ended(board.process)


def test_too_large_a_body_is_refused_and_the_connection_goes_on(machine: Machine) -> None:
    board = begun(machine, "dashboard", "--port", "0")
    for length in ("content-length: 2000000\r\n", "transfer-encoding: chunked\r\n"):
        with socket.create_connection(("127.0.0.1", board.port), 10) as connection:
            piece = b"x" * 100_000
            head = f"POST /api/v1/calls HTTP/1.1\r\nhost: 127.0.0.1:{board.port}\r\ncontent-type: application/json\r\n"
            connection.sendall(f"{head}{length}\r\n".encode())
            for _ in range(20):
                connection.sendall(piece if "length" in length else b"186a0\r\n" + piece + b"\r\n")
            if "length" not in length:
                connection.sendall(b"0\r\n\r\n")
            answer = HTTPResponse(connection)
            answer.begin()
            assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    board.process.terminate()
    assert machine.ended(board.process).stderr == b""


def test_bound_to_every_address_it_warns_and_asks_for_the_token(machine: Machine) -> None:
    process = machine.start("dashboard", "--port", "0", "--host", "0.0.0.0", "--no-open")
    assert process.stderr is not None
    assert process.stdout is not None
    assert process.stderr.readline().startswith(b"WARNING: everybody who can reach 0.0.0.0 on port ")
    told = [process.stdout.readline().decode() for _ in range(4)]
    entrance = told[1].strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", entrance)
    assert told[2].strip().endswith(entrance.partition("/?")[2])
    token = told[3].split()[-1]
    process.terminate()
    machine.ended(process)

    board = begun(machine, "dashboard", "--port", "0", "--host", "0.0.0.0")
    assert (board.line["host"], board.line["url"]) == ("0.0.0.0", f"http://127.0.0.1:{board.port}")
    assert board.token == token
    assert board.ask("/api/v1/version").json["code"] == "token_required"
    assert board.ask("/static/icon.svg").status == board.ask("/").status == board.ask("/live").status == 401
    assert board.ask(f"/api/v1/version?token={token}").status == 200
    assert board.ask("/api/v1/version", authorization=f"Bearer {token}").status == 200
    opened = board.ask(f"/?token={token}")
    assert (opened.status, opened.headers["location"]) == (303, "/")
    cookie = opened.headers["set-cookie"]
    assert cookie.endswith("; HttpOnly; SameSite=Strict")
    assert board.ask("/static/icon.svg", cookie=cookie.partition(";")[0]).status == 200
    assert board.ask(f"/?token={token}").status == 401
    board.process.terminate()
    assert b"WARNING" not in machine.ended(board.process).stdout


def test_a_browser_opens_for_a_person(machine: Machine) -> None:
    told = machine.root / "opened"
    machine.program("browser", f"import sys\nopen({str(told)!r}, 'w').write(sys.argv[1])")
    leader, terminal = os.openpty()
    process = machine.start("dashboard", "--port", "0", env={"BROWSER": "browser %s"}, stdout=terminal)
    url = os.read(leader, 1000).decode().split()[-1]
    assert eventually(lambda: told.exists() and told.read_text()) == url
    process.terminate()
    assert machine.ended(process).returncode == 0
    os.close(leader)
    os.close(terminal)
