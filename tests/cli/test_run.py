"""Does ``cs run`` tell what it came to, where it was asked to, and pass the exit status on?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs

NOTHING = [sys.executable, "-c", ""]
EXIT_7 = [sys.executable, "-c", "raise SystemExit(7)"]


def test_the_exit_status_is_the_programs_and_stdout_is_too(cs: Cs) -> None:
    done = cs("run", "--no-proxy", "-n", "try", "--", *EXIT_7)
    assert (done.status, done.out) == (7, "")
    assert done.err.startswith("Done try\n0s • 0 files • 0 commits • $0.00 AI cost\n")


def test_a_run_without_a_name_is_called_by_its_command_less_what_is_private(cs: Cs) -> None:
    cs("run", "--no-proxy", *NOTHING)
    (entry,) = cs("list", "--json").json()
    assert entry["name"].startswith("python")
    assert entry["name"].endswith("-c …")


def test_the_document_is_one_line_on_stderr(cs: Cs) -> None:
    done = cs("run", "--no-proxy", "--json", "--name", "try", "--", *EXIT_7)
    assert (done.status, done.out, done.err.count("\n")) == (7, "", 1)
    told = json.loads(done.err)
    assert (told["exitCode"], told["joined"], told["port"], told["name"]) == (7, False, None, "try")
    assert (told["status"], told["files"], told["commits"], told["commitsCount"]) == ("completed", [], [], 0)


def test_the_document_may_go_to_a_file(place: Place, cs: Cs) -> None:
    file = place.home / "run.json"
    done = cs("run", "--no-proxy", "--json-file", str(file), "--", *NOTHING)
    assert done.err.startswith("Done ")
    assert json.loads(file.read_text())["exitCode"] == 0
    assert [path.name for path in place.home.glob("run.json*")] == ["run.json"]


def test_a_file_that_cannot_be_written_is_said_and_changes_no_status(place: Place, cs: Cs) -> None:
    (place.home / "run.json.new").mkdir()
    done = cs("run", "--no-proxy", "--json-file", str(place.home / "run.json"), "--", *EXIT_7)
    assert done.status == 7
    assert done.err.startswith(f"cs: {place.home / 'run.json'} cannot be written: Is a directory.\n")


def test_a_file_in_a_directory_that_is_not_there_starts_nothing(place: Place, cs: Cs) -> None:
    words = ["--no-proxy", "--json-file", str(place.home / "no" / "run.json"), "--", *NOTHING]
    assert cs("run", *words).sentence().endswith("cannot be written: its directory does not exist.")
    assert cs("run", "--json", *words).error()["code"] == "invalid_input"
    assert cs("list", "--json").json() == []


def test_a_program_that_is_not_there_is_said(cs: Cs) -> None:
    done = cs("run", "--no-proxy", "no-such-program-anywhere")
    assert done.status == 127
    assert done.err.startswith("cs: no-such-program-anywhere: command not found\nDone ")


def test_a_joined_run_says_so_before_and_after(cs: Cs) -> None:
    cs("start", "by hand")
    done = cs("run", "--no-proxy", "--", *NOTHING)
    assert done.err.splitlines()[0] == 'This run joins session 1 "by hand", which is active here.'
    assert done.err.splitlines()[-1] == 'Part of session 1 "by hand", which goes on'
    told = json.loads(cs("run", "--no-proxy", "--json", "--", *NOTHING).err)
    assert (told["joined"], told["status"], told["endTime"], told["duration"]) == (True, "active", None, None)


@pytest.mark.usefixtures("priced")
def test_with_a_proxy_its_port_is_told(cs: Cs) -> None:
    told = json.loads(cs("run", "--port", "0", "--json", "--", *NOTHING).err.splitlines()[-1])
    assert told["port"] > 0
    assert (told["models"], told["topModel"], told["unmeteredRequests"], told["unrecordedCalls"]) == ([], None, {}, 0)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_starts_nothing(cs: Cs, port: str) -> None:
    assert "--port" in cs("run", f"--port={port}", "--", *NOTHING).sentence()
    assert cs("list", "--json").json() == []


def test_a_blank_name_starts_nothing(cs: Cs) -> None:
    assert "needs a name" in cs("run", "--no-proxy", "--name", " ", "--", *NOTHING).sentence()
    assert cs("list", "--json").json() == []
