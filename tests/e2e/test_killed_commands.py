"""Does a command that is killed at any step happen whole or not at all, and does the next one work?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing forks or is killed there")

KILLING = Path(__file__).parent / "killing.py"
LOG = ("log-ai", "-p", "anthropic", "-m", "claude-sonnet-4-5", "-t", "5", "--json")
START = ("start", "x", "--json")
END = ("end", "-n", "done", "--json")

State = dict[str, Any]


class Killed:
    """A command that was killed at each of its steps: how it was `before`, what it makes of that, and what was left."""

    def __init__(self, machine: Machine, words: tuple[str, ...], *, every: int = 1, torn: bool = False) -> None:
        done = subprocess.run(
            [sys.executable, KILLING, json.dumps({"words": words, "every": every, "torn": torn})],
            cwd=machine.work,
            env=machine.environ,
            capture_output=True,
            check=False,
            timeout=240,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        before, *self.kills, ended = [json.loads(line) for line in done.stdout.splitlines()]
        assert ended["status"] == 0
        self.before: State = before["state"]
        self.after: State = ended["state"]
        for kill in self.kills:
            assert kill["state"]["wrong"] == kill["finally"]["wrong"] == [], kill
            assert not [name for name in kill["left"] if name.endswith(("-wal", "-shm", "-journal"))], kill

    def is_whole_or_nothing(self) -> None:
        """Some kills came before the command had done its work, some after, and none left half of it."""
        assert [kill for kill in self.kills if kill["state"] not in (self.before, self.after)] == []
        assert self.before != self.after
        assert self.kills[0]["state"] == self.before

    def is_done_before_its_last_step(self) -> None:
        """Its work is whole when the ledger is closed, which is the last step there is."""
        assert self.kills[-1]["state"] == self.after

    def then(self, refusal: str) -> None:
        """The same command again does the work, or is refused since it was done."""
        for kill in self.kills:
            assert kill["finally"] == self.after, kill
            assert kill["again"] == (1 if kill["state"] == self.after else 0), kill
            if kill["again"]:
                assert json.loads(kill["document"])["error"]["code"] == refusal


@pytest.fixture
def used(machine: Machine) -> Machine:
    """A machine with an active session: a call, a commit, an uncommitted file, and one from before."""
    root = machine.repository()
    (root / "dirty").touch()
    machine.json("start", "work")
    machine.json(*LOG[:-1])
    (root / "new").touch()
    machine.git("add", "new")
    machine.git("commit", "-qm", "second")
    (root / "another").touch()
    return machine


def test_a_killed_end_keeps_files_and_commits_with_the_end_or_leaves_the_session_active(used: Machine) -> None:
    killed = Killed(used, END, every=5)
    killed.is_whole_or_nothing()
    killed.is_done_before_its_last_step()
    killed.then("no_active_session")
    assert (killed.before["sessions"], killed.before["file_change"], killed.before["file_mark"]) == (
        [[1, 0, None]],
        0,
        1,
    )
    assert (killed.after["sessions"], killed.after["file_change"], killed.after["file_mark"]) == (
        [[1, 1, "done"]],
        2,
        0,
    )
    assert killed.after["git_commit"] == 1


def test_a_killed_start_of_all_leaves_a_ledger_without_a_session_or_with_one(machine: Machine) -> None:
    (machine.repository() / "dirty").touch()
    killed = Killed(machine, START, every=7)
    killed.is_whole_or_nothing()
    killed.is_done_before_its_last_step()
    killed.then("session_active")
    assert (killed.after["sessions"], killed.after["file_mark"]) == ([[1, 0, None]], 1)


@pytest.mark.parametrize(
    ("words", "counted"), [(("note", "hello", "--json"), "annotation"), (LOG, "call")], ids=["note", "log-ai"]
)
@pytest.mark.parametrize(("every", "torn"), [(4, False), (5_001, True)], ids=["between-steps", "in-a-write"])
def test_what_a_killed_command_adds_is_there_or_not(
    used: Machine, words: tuple[str, ...], counted: str, every: int, *, torn: bool
) -> None:
    killed = Killed(used, words, every=every, torn=torn)
    killed.is_whole_or_nothing()
    if not torn:
        killed.is_done_before_its_last_step()
    assert killed.after[counted] == killed.before[counted] + 1
    for kill in killed.kills:
        assert (kill["again"], kill["finally"][counted]) == (0, kill["state"][counted] + 1)


def test_an_end_torn_in_the_middle_of_a_write_is_none(used: Machine) -> None:
    killed = Killed(used, END, every=4_099, torn=True)
    killed.is_whole_or_nothing()
    killed.then("no_active_session")


def test_a_killed_recovery_ends_each_session_or_leaves_it(used: Machine) -> None:
    other = used.repository("other")
    used.json("start", "elsewhere", cwd=other)
    (other / "new").touch()
    killed = Killed(used, ("recover", "--max-age", "0", "--json"), every=7)
    ended = [[1, 1, "[auto-recovered: stale session]"], [2, 1, "[auto-recovered: stale session]"]]
    assert killed.after["sessions"] == ended
    assert [killed.after[table] for table in ("file_change", "git_commit", "file_mark")] == [3, 1, 0]
    for kill in killed.kills:
        states = kill["state"]["sessions"]
        assert states in ([[1, 0, None], [2, 0, None]], [ended[0], [2, 0, None]], ended)
        assert kill["state"]["file_change"] == 2 * states[0][1] + states[1][1]
        assert kill["state"]["git_commit"] == states[0][1]
        assert (kill["again"], kill["finally"]) == (0, killed.after)


def test_a_killed_export_changes_nothing(used: Machine) -> None:
    killed = Killed(used, ("export", "--json"), every=4)
    assert len(killed.kills) >= 5
    for kill in killed.kills:
        assert kill["state"] == kill["finally"] == killed.before
        assert [row["id"] for row in json.loads(kill["document"])] == [1]


def test_a_killed_price_is_set_or_not_and_the_file_is_always_whole(used: Machine) -> None:
    killed = Killed(used, ("pricing", "set", "a-model", "1", "2", "--json"))
    killed.is_whole_or_nothing()
    assert (killed.before["prices"], json.loads(killed.after["prices"])["a-model"]) == (None, {"input": 1, "output": 2})
    for kill in killed.kills:
        assert (kill["again"], kill["finally"]) == (0, killed.after)
