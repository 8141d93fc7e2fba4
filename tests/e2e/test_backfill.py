"""What does `cs end` tell of a repository in which much, or something odd, has happened? All that can be known."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine


def files_of(ended: dict[str, Any]) -> dict[str, str]:
    """What happened to which path."""
    assert ended["filesChanged"] == len(ended["files"])
    return {file["filePath"]: file["changeType"] for file in ended["files"]}


def subjects_of(ended: dict[str, Any]) -> list[str]:
    assert ended["commitsCount"] == len(ended["commits"])
    return [commit["message"] for commit in ended["commits"]]


# --- much ---


def test_thousands_of_commits_are_all_told_in_the_order_they_were_made(machine: Machine) -> None:
    count, files = 2_000, 40
    subjects = [f'{number}: Größe "ändern" 变更 🎉 \t\\n {"x" * (number % 100)}'.strip() for number in range(count)]
    root = machine.repository()
    machine.json("start", "work")
    second = int(time.time()) + 60
    lines = [b"feature done\n"]
    for number, subject in enumerate(subjects):
        message = f"{subject}\n\nA body that is not told.\n".encode()
        when = second + number // 700  # hundreds within one second
        lines.append(b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % when)
        lines.append(b"data %d\n%s\n" % (len(message), message))
        lines.append(b"from refs/heads/main^0\n" if not number else b"")
        lines.append(b"M 100644 inline new/%d\ndata 4\n%04d\n\n" % (number % files, number))
    subprocess.run(
        ["git", "fast-import", "--quiet", "--done"], cwd=root, input=b"".join([*lines, b"done\n"]), check=True
    )
    machine.git("reset", "--quiet", "--hard")

    ended = machine.json("end")
    assert subjects_of(ended) == subjects
    assert files_of(ended) == {f"new/{number}": "created" for number in range(files)}
    hashes = [commit["hash"] for commit in ended["commits"]]
    assert hashes == machine.git("rev-list", "--reverse", f"--max-count={count}", "HEAD").split()
    assert subjects_of(machine.json("show", "1", "--commits")) == subjects


# --- odd ---

ODD = [
    "with space",
    "Übersicht 变更.md",
    'quo"te',
    "new\nline",
    "tab\there",
    "back\\slash",
    "-rf",
    ":(glob)*",
    "é/ü ö/🎉",
]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_odd_names_and_renames_are_told_as_they_are(machine: Machine) -> None:
    root = machine.repository()
    for name in ("moved before", "moved and staged", "gone"):
        (root / name).write_text(f"{name}\n" * 20)
    machine.git("add", "--all")
    machine.git("commit", "-qm", "second")
    (root / "dirty before").touch()
    machine.json("start", "work")

    for number, name in enumerate(ODD):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        if number % 3:
            machine.git("add", "--", f":(literal){name}")
        if number % 3 == 2:
            machine.git("commit", "-qm", name)
    machine.git("mv", "moved before", "moved\tafter")
    machine.git("commit", "-qm", "a move")
    machine.git("mv", "moved and staged", "moved\nthere")
    (root / "gone").unlink()
    (root / "README.md").write_text("changed\n")

    moved = {"moved\tafter": "modified", "moved\nthere": "modified"}
    ended = machine.json("end")
    assert files_of(ended) == {
        **dict.fromkeys(ODD, "created"), **moved, "gone": "deleted", "README.md": "modified"
    }  # fmt: skip
    assert subjects_of(ended) == [*ODD[2::3], "a move"]


# --- rewritten ---


def work(machine: Machine, name: str) -> None:
    (machine.work / name).touch()
    machine.git("add", "--all")
    machine.git("commit", "-qm", name)


def amended(machine: Machine) -> None:
    work(machine, "new")
    machine.git("commit", "--quiet", "--amend", "-m", "better words")


def start_amended(machine: Machine) -> None:
    """The commit that the session began with is another now."""
    (machine.work / "new").touch()
    machine.git("add", "new")
    machine.git("commit", "--quiet", "--amend", "-m", "instead of the second")


def rebased(machine: Machine) -> None:
    machine.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    work(machine, "new")
    machine.git("rebase", "--quiet", "main")


def reset_to_before(machine: Machine) -> None:
    machine.git("reset", "--quiet", "--hard", "HEAD~1")


def reset_and_forgotten(machine: Machine) -> None:
    reset_to_before(machine)
    work(machine, "new")
    machine.git("reflog", "expire", "--expire=now", "--all")
    machine.git("gc", "--quiet", "--prune=now")


@pytest.mark.parametrize(
    ("rewrite", "files", "subjects"),
    [
        (amended, {"new": "created"}, ["better words"]),
        (start_amended, {"new": "created"}, ["instead of the second"]),
        (rebased, {"new": "created"}, ["new"]),
        (reset_to_before, {"old": "deleted"}, []),
        (reset_and_forgotten, {"new": "created"}, ["new"]),
    ],
    ids=lambda case: case.__name__ if callable(case) else "",
)
def test_what_history_became_is_told(
    machine: Machine, rewrite: Callable[[Machine], None], files: dict[str, str], subjects: list[str]
) -> None:
    machine.environ["GIT_COMMITTER_DATE"] = "2026-01-01T00:00:00Z"
    machine.repository()
    work(machine, "old")
    del machine.environ["GIT_COMMITTER_DATE"]
    start = machine.git("rev-parse", "HEAD")
    machine.json("start", "work")
    rewrite(machine)

    done = machine.cs("end")
    assert (done.returncode, b"Session ended: work" in done.stdout) == (0, True)
    gone = f"The start commit {start} is gone: changes are counted from" if rewrite is reset_and_forgotten else ""
    assert done.stderr.decode().startswith(gone)
    assert done.stderr.count(b"\n") == bool(gone)
    ended = machine.json("export")[0]
    assert (files_of(ended), subjects_of(ended)) == (files, subjects)


# --- gone ---


def without_git(root: Path) -> None:
    shutil.rmtree(root / ".git")


@pytest.mark.parametrize("spoil", [without_git, shutil.rmtree], ids=lambda case: case.__name__)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["plain", "json"])
def test_a_session_whose_repository_is_gone_ends_from_elsewhere(
    machine: Machine, spoil: Callable[[Path], None], form: list[str]
) -> None:
    root = machine.repository()
    machine.json("start", "work")
    spoil(root)
    done = machine.cs("end", "-s", "1", "-n", "done", *form, cwd=machine.root)
    assert done.returncode == 0, done
    if form:
        ended = json.loads(done.stdout)
        assert (ended["status"], ended["files"], ended["commits"]) == ("completed", [], [])
    else:
        (said,) = done.stderr.decode().splitlines()
        assert said.endswith("is not known.")
        assert str(root) in said
    (listed,) = machine.json("list", cwd=machine.root)
    assert (listed["status"], listed["notes"]) == ("completed", "done")
