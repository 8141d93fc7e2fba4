"""Does ``cs dashboard`` say where it is, to people and to programs, and open a browser for people only?"""

from __future__ import annotations

import json
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.app.test_metering import ended_by

from codesession.web import browser, listening, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.place import Place
    from tests.cli.conftest import Cs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there os.kill ends a process at once")


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open, on a desktop that has one."""
    addresses: list[str] = []
    monkeypatch.setattr(browser, "show", lambda address, _environ: addresses.append(address))
    monkeypatch.setenv("BROWSER", "firefox")
    return addresses


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    del capsys  # whose kind of stdout it is
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)


@pytest.mark.usefixtures("terminal")
def test_a_person_is_told_where_it_is_and_sees_it(cs: Cs, opened: list[str]) -> None:
    with ended_by(signal.SIGTERM):
        told = cs("dashboard", "--port", "0")
    assert (told.status, told.err) == (0, "Ctrl-C ends it.\n")
    (address,) = opened
    assert told.out == f"The dashboard is on {address}\n"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("word", ["--json", "--no-open"])
def test_nobody_is_shown_a_page_who_did_not_ask_for_one(cs: Cs, opened: list[str], word: str) -> None:
    with ended_by(signal.SIGINT):
        assert cs("dashboard", "--port", "0", word).status == 0
    assert opened == []


def test_nor_where_there_is_no_terminal(cs: Cs, opened: list[str]) -> None:
    with ended_by(signal.SIGINT):
        assert cs("dashboard", "--port", "0").status == 0
    assert opened == []


@pytest.mark.usefixtures("terminal")
def test_nor_where_there_is_no_desktop(cs: Cs, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "")
    monkeypatch.setattr(browser.has_browser, "__defaults__", ("linux",))
    with ended_by(signal.SIGINT):
        assert cs("dashboard", "--port", "0").status == 0
    assert opened == []


@pytest.mark.usefixtures("terminal")
def test_bound_elsewhere_it_is_opened_with_a_secret_after_a_warning(cs: Cs, opened: list[str]) -> None:
    with ended_by(signal.SIGINT):
        told = cs("dashboard", "--port", "0", "--host", "0.0.0.0")
    warning, _ = told.err.splitlines()
    assert warning.startswith("WARNING: everybody who can reach 0.0.0.0 on port ")
    first, here, there, token = told.out.splitlines()
    assert first == "The dashboard opens once at"
    assert opened == [here.strip()]
    assert here.partition("?token=")[2] == there.partition("?token=")[2] != token.split()[-1]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that another program has; it is the usual one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(listening, "PORT", other.getsockname()[1])
        yield other.getsockname()[1]


def test_a_free_port_in_the_place_of_the_usual_one_is_said_aloud(cs: Cs, taken: int) -> None:
    with ended_by(signal.SIGINT):
        told = cs("dashboard")
    port = told.out.strip().rpartition(":")[2]
    assert told.err == f"Port {taken} is taken; this is on port {port}.\nCtrl-C ends it.\n"
    with ended_by(signal.SIGINT):
        told = cs("dashboard", "--json")
    assert (told.err, json.loads(told.out)["port"] != taken) == ("", True)


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(cs: Cs, taken: int) -> None:
    message = f"Port {taken} is taken by another program."
    assert cs("dashboard", "--port", str(taken)).sentence() == message
    told = cs("dashboard", "--port", str(taken), "--json")
    assert (told.status, told.err) == (1, "")
    assert json.loads(told.out) == {"error": "EADDRINUSE", "message": message, "port": taken}


def test_what_goes_wrong_at_the_beginning_is_an_error_like_any_other(cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ASSETS", ("never.js",))
    for command in ("dashboard", "serve"):
        assert cs(command, "--json").error()["code"] == "assets_missing"
        assert "never.js" in cs(command).sentence()


def test_the_two_in_one_process_are_one_document(cs: Cs, place: Place, priced: None) -> None:
    del priced
    with ended_by(signal.SIGINT):
        told = cs("serve", "--port", "0", "--dashboard-port", "0", "--json")
    assert (told.status, told.err) == (0, "")
    document = json.loads(told.out)
    assert document["schemaVersion"] == document["apiVersion"] == 1
    proxy = document["proxy"]
    assert proxy["url"] == f"http://127.0.0.1:{proxy['port']}"
    assert proxy["env"] == {"ANTHROPIC_BASE_URL": proxy["url"], "OPENAI_BASE_URL": f"{proxy['url']}/v1"}
    assert document["port"] != proxy["port"]
    assert list(Path(place.home / ".codesession").glob("*.pid")) == []


def test_the_two_in_one_process_tell_a_person_where_they_are(cs: Cs, priced: None, opened: list[str]) -> None:
    del priced
    with ended_by(signal.SIGINT):
        told = cs("serve", "--port", "0", "--dashboard-port", "0")
    assert (told.status, told.err) == (0, "Ctrl-C ends both.\n")
    proxy, board = told.out.splitlines()
    assert proxy.startswith("The proxy listens on http://127.0.0.1:")
    assert board.startswith("The dashboard is on http://127.0.0.1:")
    assert opened == []
