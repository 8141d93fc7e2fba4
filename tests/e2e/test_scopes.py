"""Does a command reach the session of its own scope, and never another one, with real repositories of every kind?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.place import compiled_prices, place, priced
from tests.cli.conftest import cs

if TYPE_CHECKING:
    from tests.app.place import Place
    from tests.cli.conftest import Cs
    from tests.e2e.conftest import Machine

__all__ = ["compiled_prices", "cs", "place", "priced"]

pytestmark = pytest.mark.usefixtures("priced")

LOG = ("log-ai", "-p", "acme", "-m", "m", "-t", "5", "-c", "0.5")
REACHES: dict[str, tuple[str, ...]] = {
    "end": ("end",),
    "status": ("status",),
    "note": ("note", "a remark"),
    "log-ai": LOG,
}
"""The commands that work on the session of the current scope, or on that of ``-s``."""


def started(cs: Cs, directory: Path, place: Place) -> dict[str, Any]:
    """What `cs start` answers in a directory, which becomes the current one."""
    place.monkeypatch.chdir(directory)
    begun: dict[str, Any] = cs("start", f"in {directory.name}", "--json").json()
    return begun


def active_in(cs: Cs, directory: Path, place: Place) -> int | None:
    """The id of the session that a command finds in a directory; None where it finds none."""
    place.monkeypatch.chdir(directory)
    told = json.loads(cs("status", "--json").out)
    if "error" in told:
        assert told["error"]["code"] == "no_active_session"
        return None
    found: int = told["id"]
    return found


def everything(cs: Cs) -> Any:
    """All that is in the ledger, less how long active sessions have been so."""
    return json.loads(cs("export", "--json").out)


# --- which directories are one scope ---


def test_every_directory_of_a_repository_is_its_scope(place: Place, cs: Cs) -> None:
    deep = place.repo / "packages" / "web app" / "ünïcode"
    deep.mkdir(parents=True)
    begun = started(cs, deep, place)
    assert begun["directory"] == begun["gitRoot"] == str(place.repo)
    for directory in (place.repo, deep, deep.parent):
        assert active_in(cs, directory, place) == begun["id"]
    (deep / "new.txt").touch()
    assert [file["filePath"] for file in cs("end", "--json").json()["files"]] == ["packages/web app/ünïcode/new.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need rights there")
def test_a_symlink_leads_to_the_scope_it_points_to(place: Place, cs: Cs) -> None:
    (place.repo / "src").mkdir()
    link, deep_link = place.home / "link", place.home / "deep"
    link.symlink_to(place.repo)
    deep_link.symlink_to(place.repo / "src")
    place.monkeypatch.setenv("PWD", str(link))  # as a shell that was led there says it
    begun = started(cs, link, place)
    assert begun["directory"] == str(place.repo)
    for directory in (place.repo, deep_link, link / "src"):
        assert active_in(cs, directory, place) == begun["id"]
    outside, led = place.home / "plain", place.home / "led"
    outside.mkdir()
    led.symlink_to(outside)
    assert started(cs, led, place)["directory"] == str(outside)


def test_a_worktree_and_a_submodule_are_scopes_of_their_own(place: Place, cs: Cs) -> None:
    tree, library = place.home / "tree", place.home / "library"
    place.git("worktree", "add", "--quiet", "-b", "side", str(tree))
    place.git("clone", "--quiet", str(place.repo), str(library))
    place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "module")
    place.commit("a module")
    scopes = [place.repo, tree, place.repo / "module"]
    sessions = [started(cs, scope, place) for scope in scopes]
    assert [session["gitRoot"] for session in sessions] == [str(scope) for scope in scopes]
    assert [session["branch"] for session in sessions] == ["main", "side", "main"]
    assert [active_in(cs, scope, place) for scope in scopes] == [session["id"] for session in sessions]
    (tree / "in_tree.txt").touch()
    (place.repo / "module" / "in_module.txt").touch()
    ended = {}
    for scope in reversed(scopes):
        place.monkeypatch.chdir(scope)
        ended[scope.name] = [file["filePath"] for file in cs("end", "--json").json()["files"]]
    assert (ended["tree"], ended["module"]) == (["in_tree.txt"], ["in_module.txt"])
    assert "in_module.txt" not in ended["repo"]


def test_what_is_no_work_tree_counts_as_a_plain_directory(place: Place, cs: Cs) -> None:
    bare = place.home / "bare.git"
    place.git("init", "--quiet", "--bare", str(bare))
    for directory in (bare, bare / "refs", place.repo / ".git"):
        begun = started(cs, directory, place)
        assert (begun["directory"], begun["gitRoot"], begun["branch"]) == (str(directory), None, None)
    assert active_in(cs, place.repo, place) is None


def test_a_repository_without_commits_is_a_scope_and_its_first_commit_the_sessions(place: Place, cs: Cs) -> None:
    unborn = place.home / "unborn"
    place.git("init", "--quiet", "--initial-branch=trunk", str(unborn))
    (unborn / "below").mkdir()
    begun = started(cs, unborn / "below", place)
    assert (begun["gitRoot"], begun["branch"]) == (str(unborn), "trunk")
    place.repo = unborn
    place.write("first.txt")
    place.commit("the very first")
    ended = cs("end", "--json").json()
    assert [commit["message"] for commit in ended["commits"]] == ["the very first"]
    assert [file["filePath"] for file in ended["files"]] == ["first.txt"]


def test_outside_git_each_directory_is_a_scope_of_its_own(place: Place, cs: Cs) -> None:
    outer, inner = place.home / "outer", place.home / "outer" / "inner"
    inner.mkdir(parents=True)
    begun = started(cs, outer, place)
    assert (begun["directory"], begun["gitRoot"]) == (str(outer), None)
    assert active_in(cs, inner, place) is None
    assert started(cs, inner, place)["id"] != begun["id"]
    assert active_in(cs, outer, place) == begun["id"]


# --- never another scope's session ---


@pytest.mark.parametrize("command", REACHES)
def test_the_only_active_session_is_not_taken_for_that_of_another_scope(place: Place, cs: Cs, command: str) -> None:
    started(cs, place.repo, place)
    before = everything(cs)
    for directory in (place.outside(), place.repo.parent, place.repo / ".git"):
        place.monkeypatch.chdir(directory)
        assert cs(*REACHES[command], "--json").error()["code"] == "no_active_session"
        assert cs(*REACHES[command]).sentence().startswith("No active session here.")
    assert everything(cs) == before


def test_two_repositories_at_once_do_not_mix(place: Place, cs: Cs) -> None:
    other = place.home / "other"
    place.git("clone", "--quiet", str(place.repo), str(other))
    here, there = started(cs, place.repo, place)["id"], started(cs, other, place)["id"]
    for directory, cost in ((place.repo, "1"), (other, "2"), (place.repo, "4")):
        place.monkeypatch.chdir(directory)
        assert cs(*LOG[:-1], cost, "--json").json()["session"]["id"] == (here if directory == place.repo else there)
        cs("note", f"worth {cost}", "--json")
    (other / "only_there.txt").touch()
    place.monkeypatch.chdir(other)
    fresh = cs("start", "anew", "--close-stale", "--json").json()["id"]  # closes that of this scope alone
    sessions = {session["id"]: session for session in everything(cs)}
    assert (sessions[here]["status"], sessions[there]["status"]) == ("active", "completed")
    assert (sessions[here]["aiCost"], sessions[there]["aiCost"], sessions[fresh]["aiCost"]) == (5.0, 2.0, 0.0)
    assert [remark["message"] for remark in sessions[here]["annotations"]] == ["worth 1", "worth 4"]
    assert [file["filePath"] for file in sessions[there]["files"]] == ["only_there.txt"]
    assert (active_in(cs, place.repo, place), active_in(cs, other, place)) == (here, fresh)


def test_an_id_reaches_the_session_of_any_scope(place: Place, cs: Cs) -> None:
    far = started(cs, place.repo, place)["id"]
    near = started(cs, place.outside(), place)["id"]
    assert cs("status", "-s", str(far), "--json").json()["id"] == far
    assert cs("note", "from afar", "-s", str(far), "--json").json()["sessionId"] == far
    assert cs(*LOG, "-s", str(far), "--json").json()["session"] == {
        "id": far, "aiCost": 0.5, "aiTokens": 5, "totalCost": 0.5, "totalTokens": 5,
    }  # fmt: skip
    assert cs("end", "-s", str(far), "--json").json()["id"] == far
    assert active_in(cs, Path.cwd(), place) == near
    # what is over can still be told about, and neither ended nor looked at as if it went on
    assert cs("note", "afterwards", "-s", str(far), "--json").json()["sessionId"] == far
    assert cs(*LOG, "-s", str(far), "--json").json()["session"]["aiCost"] == 1.0
    for command in ("end", "status"):
        assert cs(command, "-s", str(far), "--json").error()["code"] == "session_not_found"
    shown = cs("show", str(far), "--json").json()
    assert [remark["message"] for remark in shown["annotations"]] == ["from afar", "afterwards"]
    assert (shown["status"], shown["aiCost"]) == ("completed", 1.0)
    assert cs("status", "--json").json()["aiUsage"] == []


@pytest.mark.parametrize("malformed", ["1x", "-1", "0", "1.0", " 1", "1 ", "٣", str(2**63), "", "+1", "1e0", "0x1"])
def test_a_malformed_id_reaches_no_session_at_all(place: Place, cs: Cs, malformed: str) -> None:
    for directory in (place.home, place.outside(), place.repo):  # ids 1 to 3, the last one active here
        started(cs, directory, place)
    before = everything(cs)
    for words in REACHES.values():
        for given in (["-s", malformed], ["--session", malformed], [f"--session={malformed}"]):
            assert cs(*words, *given, "--json").error()["code"] == "invalid_input"
            cs(*words, *given).sentence()
    assert cs("show", "--json", "--", malformed).error()["code"] == "invalid_input"
    assert everything(cs) == before


# --- a directory that is gone ---


@pytest.mark.skipif(sys.platform == "win32", reason="the current directory cannot be deleted there")
def test_in_a_deleted_directory_only_what_needs_it_fails(place: Place, cs: Cs) -> None:
    started(cs, place.repo, place)
    gone = place.outside("gone")
    started(cs, gone, place)
    gone.rmdir()
    before = everything(cs)
    for words in (*REACHES.values(), ("start", "x"), ("start", "--resume")):
        error = cs(*words, "--json").error()
        assert (error["code"], "no longer exists" in error["message"]) == ("invalid_input", True)
        assert "no longer exists" in cs(*words).sentence()
    assert everything(cs) == before
    assert len(cs("list", "--json").json()) == 2
    assert cs("stats", "--json").json()["totalSessions"] == 0
    assert cs("show", "1", "--json").json()["id"] == 1
    assert cs("note", "still there", "-s", "1", "--json").json()["sessionId"] == 1
    assert cs("end", "-s", "1", "--json").json()["status"] == "completed"
    assert cs("end", "-s", "2", "--json").json()["status"] == "completed"


@pytest.mark.skipif(sys.platform == "win32", reason="the current directory cannot be deleted there")
def test_a_process_in_a_deleted_directory_ends_with_a_sentence(machine: Machine) -> None:
    gone = machine.root / "gone"
    gone.mkdir()
    source = (
        "import os, sys\n"
        "from codesession.cli import main\n"  # before: Python itself finds nothing in a directory that is gone
        f"os.rmdir({str(gone)!r})\n"
        "main(['start', 'x', '--json'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], cwd=gone, env=machine.environ, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout)["error"]["code"] == "invalid_input"


# --- at the same time ---


def test_of_many_starts_at_once_in_one_scope_one_begins_a_session(machine: Machine) -> None:
    root = machine.repository()
    below = root / "below"
    below.mkdir()
    rivals = [
        machine.start("start", f"rival {number}", "--json", cwd=root if number % 2 else below) for number in range(8)
    ]
    answers = [json.loads(machine.ended(rival).stdout) for rival in rivals]
    (winner,) = [answer for answer in answers if "error" not in answer]
    losers = [answer["error"] for answer in answers if "error" in answer]
    assert [error["code"] for error in losers] == ["session_active"] * 7
    assert {(error["id"], error["activeSession"]) for error in losers} == {(winner["id"], winner["name"])}
    assert [rival.returncode for rival in rivals].count(1) == 7
    assert [(session.id, session.name) for session in machine.sessions()] == [(winner["id"], winner["name"])]
