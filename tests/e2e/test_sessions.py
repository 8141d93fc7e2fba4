"""Do the commands keep their contract, as processes? Documents on stdout, sentences on stderr, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import agent

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SESSION = {
    "id": int,
    "name": str,
    "status": str,
    "startTime": str,
    "duration": int,
    "durationFormatted": str,
    "workingDirectory": str,
    "gitRoot": str,
    "filesChanged": int,
    "aiTokens": int,
    "commitsCount": int,
}


def error_of(machine: Machine, *words: str) -> dict[str, Any]:
    """The error document of a command that fails, in both its forms."""
    plain = machine.cs(*words)
    assert (plain.returncode, plain.stdout) == (1, b"")
    assert plain.stderr.startswith(b"cs: ")
    assert plain.stderr.count(b"\n") == 1
    done = machine.cs(*words, "--json")
    assert (done.returncode, done.stderr) == (1, b"")
    document: dict[str, Any] = json.loads(done.stdout)
    assert (document["schemaVersion"], document["codesessionVersion"]) == (1, document["costhqVersion"])
    error: dict[str, Any] = document["error"]
    said = [error["message"], *([error["hint"]] if "hint" in error else [])]
    assert plain.stderr.decode() == f"cs: {' '.join(said)}\n"
    return error


def test_a_session_begun_and_ended_by_hand_from_a_subdirectory(machine: Machine) -> None:
    root = machine.repository()
    below = root / "deep" / "below"
    below.mkdir(parents=True)

    started = machine.json("start", "Fix the login", cwd=below)
    assert started["directory"] == started["gitRoot"] == str(root)
    assert (started["id"], started["name"], started["status"], started["branch"]) == (
        1,
        "Fix the login",
        "active",
        "main",
    )
    assert TIME.fullmatch(started["startTime"])

    (root / "new.txt").touch()
    (below / "deep.txt").touch()
    machine.git("add", "new.txt")
    machine.git("commit", "-qm", "second")
    for where in (root, below):
        status = machine.json("status", cwd=where)
        assert (status["id"], status["status"], status["filesChanged"], status["commits"]) == (1, "active", 2, 1)
        assert isinstance(status["liveDuration"], int)
        assert (status["endTime"], status["duration"], status["aiUsage"], status["annotations"]) == (None, None, [], [])

    machine.run(*agent("ask(input=5, output=7).read()"), cwd=below)  # it joins
    ended = machine.json("end", "-n", "Works again", cwd=below)
    assert {key: type(ended[key]) for key in SESSION} == SESSION
    assert (ended["status"], ended["notes"], ended["annotations"]) == ("completed", "Works again", [])
    assert TIME.fullmatch(ended["endTime"])
    assert [file["filePath"] for file in ended["files"]] == ["deep/below/deep.txt", "new.txt"]
    assert [commit["message"] for commit in ended["commits"]] == ["second"]
    assert ended["aiCost"] == ended["aiUsage"][0]["cost"] == pytest.approx(5 * 3e-6 + 7 * 15e-6)

    shown = machine.json("show", "1")
    assert (shown["commits"], shown["commitsCount"], "files" in shown) == (1, 1, False)
    again = machine.json("show", "1", "--files", "--commits")
    assert {**again, "notes": None} == {**ended, "notes": None}
    (listed,) = machine.json("list")
    assert {key: listed[key] for key in listed if key != "commits"} == {
        key: ended[key] for key in listed if key != "commits"
    }
    assert machine.json("ls") == [listed]


def test_the_forms_for_people_say_the_same(machine: Machine) -> None:
    machine.repository()
    begun = machine.cs("start", "Fix the login", env={"CLAUDECODE": "1"})  # an agent, which waits for it to return
    assert begun.stdout.decode() == f'Session 1 "Fix the login" has begun in {machine.work}\n'
    (machine.work / "new.txt").touch()
    status = machine.cs("status").stdout.decode()
    assert "Fix the login" in status
    assert "Active" in status
    ended = machine.cs("end").stdout.decode()
    assert re.fullmatch(r"Session ended: Fix the login\n\d+s • 1 file • 0 commits • \$0\.00 AI cost\n", ended)
    assert "Completed" in machine.cs("show").stdout.decode()
    assert "Fix the login" in machine.cs("list").stdout.decode()


def test_errors_are_one_document_or_one_sentence_and_exit_1(machine: Machine) -> None:
    assert error_of(machine, "status")["code"] == "no_active_session"
    assert error_of(machine, "end")["code"] == "no_active_session"
    assert error_of(machine, "show")["code"] == "session_not_found"
    missing = error_of(machine, "show", "7")
    assert (missing["code"], missing["id"]) == ("session_not_found", 7)
    assert error_of(machine, "end", "-s", "7")["code"] == "session_not_found"
    assert error_of(machine, "start", "  ")["code"] == "invalid_input"
    assert error_of(machine, "start")["code"] == "invalid_input"
    assert error_of(machine, "show", "one")["code"] == "invalid_input"
    assert error_of(machine, "list", "-l", "none")["code"] == "invalid_input"
    assert error_of(machine, "list", "--frobnicate")["code"] == "invalid_input"
    assert error_of(machine, "frobnicate")["code"] == "invalid_input"


def test_one_session_a_scope_and_never_anothers(machine: Machine) -> None:
    machine.repository()
    other = machine.repository("other")
    machine.json("start", "Here")
    taken = error_of(machine, "start", "Here too")
    assert (taken["code"], taken["id"], taken["activeSession"]) == ("session_active", 1, "Here")
    assert "cs end" in taken["hint"]

    assert machine.cs("status", "--json", cwd=other).returncode == 1
    assert machine.cs("end", "--json", cwd=other).returncode == 1
    assert machine.json("start", "There", cwd=other)["id"] == 2
    assert [session["name"] for session in machine.json("list")] == ["There", "Here"]
    assert machine.json("end", "-s", "2")["name"] == "There"
    assert machine.json("status")["name"] == "Here"


def test_a_ledger_that_is_none_is_left_as_it_is(machine: Machine) -> None:
    machine.database.write_bytes(b"a letter to my aunt\n" * 100)
    assert error_of(machine, "list")["code"] == "database_error"
    done = machine.cs("run", "--port", "0", "--", *agent("touch('ran')"))
    assert done.returncode == 1
    assert machine.database.read_bytes() == b"a letter to my aunt\n" * 100
    assert list(machine.work.iterdir()) == []


def test_the_demo_needs_nothing_and_touches_nothing(machine: Machine) -> None:
    machine.repository()
    no_provider = {name: "" for name in machine.environ if name.startswith("CODESESSION_UPSTREAM")}
    before_s = time.monotonic()
    done = machine.cs("demo", env={**no_provider, "ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""})
    took_s = time.monotonic() - before_s
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    assert re.search(r"Done demo agent\n\d+s • 2 files • 1 commit • \$0\.\d\d AI cost\nTop model: claude-sonnet", said)
    assert "1 call interrupted, billed for what came" in said
    assert took_s < 10
    assert machine.truth() == []
    assert not machine.database.exists()
    assert machine.git("status", "--porcelain") == ""
    assert list((machine.root / "tmp").iterdir()) == []

    (look,) = re.findall(r"^ +(CODESESSION_DB_PATH=.* show --json)$", said, re.MULTILINE)
    shown = json.loads(subprocess.run(look, shell=True, env=machine.environ, capture_output=True, check=True).stdout)
    assert (shown["aiCalls"], shown["interruptedCalls"], shown["unpricedCalls"], shown["commitsCount"]) == (6, 1, 0, 1)
