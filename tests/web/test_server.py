"""Where do the pages listen, who is told, and is nothing left when they end?"""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from codesession.errors import DatabaseError, InvalidInput, PortTaken
from codesession.web import browser, listening, server
from codesession.web.guarding import Place
from codesession.web.listening import listen, listen_near
from codesession.web.passes import FILE, Passes, lasting_token
from codesession.web.running import noted, pid_file
from codesession.web.server import AssetsMissing, Telling, check_assets, dashboard, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send
    from tests.app.place import Place as Home


# --- listening ---


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_free_port_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "MyBox.example")
    found = listen("127.0.0.1", 0)
    with found.listener:
        port = found.listener.getsockname()[1]
        assert found.place == Place(
            "127.0.0.1", port, frozenset({"127.0.0.1", "mybox.example", "mybox", "mybox.local"})
        )
        assert found.root == f"http://127.0.0.1:{port}"
        assert found.roots == (found.root,)


def test_a_taken_port_is_said_to_be(taken: int) -> None:
    with pytest.raises(PortTaken, match=f"Port {taken} is taken by another program") as caught:
        listen("127.0.0.1", taken)
    assert caught.value.extra == {"port": taken}
    found, is_other = listen_near("127.0.0.1", taken)
    with found.listener:
        assert is_other
        assert found.place.port != taken


def test_a_port_that_is_not_taken_is_used(taken: int) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
    found, is_other = listen_near("127.0.0.1", port)
    with found.listener:
        assert (found.place.port, is_other) == (port, False)
        assert port != taken


@pytest.mark.parametrize("host", ["", " ", "a b", "192.0.2.1", "1.2.3.4.5", "[::1]", "x" * 300, "a\0b"])
def test_what_is_no_address_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput):
        listen(host, 0)


def test_localhost_is_loopback() -> None:
    found = listen("localhost", 0)
    with found.listener:
        assert (found.place.address, found.host) == ("127.0.0.1", "localhost")
        assert found.place.is_loopback


@pytest.mark.parametrize(
    ("address", "roots"),
    [
        ("0.0.0.0", ("http://127.0.0.1:1", "http://mybox:1")),
        ("::", ("http://[::1]:1", "http://mybox:1")),
        ("192.0.2.7", ("http://192.0.2.7:1",)),
        ("2001:db8::1", ("http://[2001:db8::1]:1",)),
    ],
)
def test_the_address_for_a_browser(monkeypatch: pytest.MonkeyPatch, address: str, roots: tuple[str, ...]) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "MyBox")
    with socket.socket() as unused:
        found = listening.Listening(unused, Place(address, 1), address)
        assert (found.root, found.roots) == (roots[0], roots)
        assert not found.place.is_loopback


# --- who is told ---


def test_a_process_is_noted_while_it_serves(tmp_path: Path) -> None:
    with noted(tmp_path / "new", 3737):
        assert pid_file(tmp_path / "new", 3737).read_text() == f"{os.getpid()}\n"
        assert [file.name for file in (tmp_path / "new").iterdir()] == ["dashboard-3737.pid"]
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("left", ["4711\n", f"{os.getppid()}\n", "", "\xff\0"])
def test_what_a_killed_one_left_behind_is_replaced(tmp_path: Path, left: str) -> None:
    pid_file(tmp_path, 3737).write_text(left, encoding="latin-1")
    with noted(tmp_path, 3737):
        assert pid_file(tmp_path, 3737).read_text() == f"{os.getpid()}\n"


def test_the_note_of_another_is_left_to_it(tmp_path: Path) -> None:
    with noted(tmp_path, 3737):
        pid_file(tmp_path, 3737).write_text("4711\n")
    assert pid_file(tmp_path, 3737).read_text() == "4711\n"
    with noted(tmp_path, 3738):
        pid_file(tmp_path, 3738).unlink()


def test_the_token_lasts(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    token = lasting_token(directory)
    assert len(token) == 43
    assert lasting_token(directory) == token
    assert (directory / FILE).read_text() == f"{token}\n"
    if os.name == "posix":
        assert stat.S_IMODE((directory / FILE).stat().st_mode) == 0o600
    (directory / FILE).unlink()
    assert lasting_token(directory) != token


@pytest.mark.parametrize("left", ["", "short", "x" * 42 + "\n", "x" * 44, "\xff" * 43])
def test_a_half_written_token_is_none(tmp_path: Path, left: str) -> None:
    (tmp_path / FILE).write_text(left, encoding="latin-1")
    token = lasting_token(tmp_path)
    assert token != left.strip()
    assert lasting_token(tmp_path) == token


def test_servers_that_begin_at_once_have_one_token(tmp_path: Path) -> None:
    for number in range(20):
        together, directory = threading.Barrier(8), tmp_path / str(number)

        def token(together: threading.Barrier = together, directory: Path = directory) -> str:
            together.wait()
            return lasting_token(directory)

        with ThreadPoolExecutor(8) as servers:
            tokens = {made.result() for made in [servers.submit(token) for _ in range(8)]}
        assert {(directory / FILE).read_text().strip()} == tokens
        assert [file.name for file in directory.iterdir()] == [FILE]


def test_where_files_cannot_be_linked_the_token_lasts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError("there are no links here")

    monkeypatch.setattr(os, "link", no_links)
    assert lasting_token(tmp_path) == lasting_token(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_token_that_cannot_be_kept_is_an_error(place: Home) -> None:
    (place.home / ".codesession").mkdir(exist_ok=True)
    (place.home / ".codesession" / FILE).mkdir()
    found = listen("127.0.0.1", 0)
    cannot = pytest.raises(DatabaseError, match="The token of the dashboard cannot be kept")
    with found.listener, cannot, dashboard(place.app(), found):
        pytest.fail("it did begin")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_token_whose_file_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "nowhere" / FILE)
    with pytest.raises(FileExistsError):
        lasting_token(tmp_path)


def test_every_secret_is_another() -> None:
    one, other = Passes("a" * 43, 1), Passes("a" * 43, 2)
    assert len({one.ticket, other.ticket, one.cookie(), other.cookie(), one.token}) == 5
    assert one.cookie().startswith("codesession-1=")


# --- the browser ---


@pytest.mark.parametrize(
    ("environ", "platform", "is_there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_whether_there_is_a_browser(environ: dict[str, str], platform: str, *, is_there: bool) -> None:
    assert browser.has_browser(environ, platform) is is_there


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a script")
def test_a_page_is_opened_in_a_process_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "browser"
    told = tmp_path / "told"
    os.mkfifo(told)
    program.write_text(f'#!/bin/sh\necho "a browser talks"\necho "$@" > "{told}"\n')
    program.chmod(0o755)
    browser.show("http://127.0.0.1:1/?token=a&b", {**os.environ, "BROWSER": str(program)})
    assert told.read_text() == "http://127.0.0.1:1/?token=a&b\n"
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join()
    assert capfd.readouterr() == ("", "")


# --- serving ---


def test_without_the_files_of_others_it_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="CODESESSION_SKIP_UI_BUILD=1") as caught:
        check_assets(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("assets_missing", 1)
    for name in server.ASSETS:
        (tmp_path / name).touch()
    check_assets(tmp_path)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def test_a_site_is_served_until_the_block_ends() -> None:
    ended: list[str] = []
    found = listen("127.0.0.1", 0)
    with serving(hello, found.listener, lambda: ended.append(threading.current_thread().name)):
        connection = HTTPConnection("127.0.0.1", found.place.port, timeout=10)
        connection.request("GET", "/x")
        assert connection.getresponse().read() == b"/x"
        connection.close()
        assert ended == []
    assert ended == ["dashboard"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", found.place.port), 1)


def test_headers_have_a_limit() -> None:
    found = listen("127.0.0.1", 0)
    where, endless = ("127.0.0.1", found.place.port), b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"x" * 100_000_000
    refused = pytest.raises(ConnectionError)  # after some of it
    with serving(hello, found.listener, lambda: None), socket.create_connection(where, 10) as connection, refused:
        connection.sendall(endless)


def test_a_server_that_cannot_begin_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    found = listen("127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="no"), serving(hello, found.listener, lambda: None):
        pytest.fail("it did begin")
    assert found.listener.fileno() == -1


def test_the_dashboard_is_guarded_and_noted(place: Home) -> None:
    found = listen("127.0.0.1", 0)
    data_dir = place.home / ".codesession"
    with dashboard(place.app(), found) as board:
        assert pid_file(data_dir, board.port).exists()
        assert (board.url, board.host, board.is_loopback) == (f"http://127.0.0.1:{board.port}", "127.0.0.1", True)
        assert board.entrances == (board.url,)
        assert board.token == (data_dir / FILE).read_text().strip()
        connection = HTTPConnection("127.0.0.1", board.port, timeout=10)
        for path, host, status in (
            ("/static/icon.svg", None, 200),
            ("/", "evil.example", 403),
            ("/nowhere", None, 404),
        ):
            connection.request("GET", path, headers={"host": host} if host else {})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert "default-src 'none'" in (answer.getheader("content-security-policy") or "")
        connection.close()
    assert not pid_file(data_dir, board.port).exists()


def test_that_it_cannot_be_noted_is_said(place: Home) -> None:
    found = listen("127.0.0.1", 0)
    pid_file(place.home / ".codesession", found.place.port).mkdir(parents=True)
    with dashboard(place.app(), found):
        (said,) = place.said
        assert said.startswith("The process cannot be noted in ")


def test_elsewhere_than_on_loopback_the_entrance_has_a_secret(place: Home) -> None:
    found = listen("0.0.0.0", 0)
    with dashboard(place.app(), found) as board:
        first, _ = board.entrances
        assert not board.is_loopback
        assert board.url == f"http://127.0.0.1:{board.port}"
        assert board.token not in first
        connection = HTTPConnection("127.0.0.1", board.port, timeout=10)
        statuses = []
        for path in ("/static/icon.svg", first.removeprefix(board.url), first.removeprefix(board.url)):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        assert statuses == [401, 303, 401]
        connection.close()


def test_a_mistake_of_ours_is_told_on_the_terminal(place: Home) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        raise ValueError("a bug")

    found = listen("127.0.0.1", 0)
    with serving(Telling(broken, place.app()), found.listener, lambda: None):
        connection = HTTPConnection("127.0.0.1", found.place.port, timeout=10)
        connection.request("GET", "/x?token=secret")
        assert connection.getresponse().status == 500
        connection.close()
    assert place.said == ["Something went wrong in codesession itself, at /x: ValueError('a bug')"]
