"""Real git repositories, away from the settings of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from codesession.workspace import changes_since, find_scope, mark_uncommitted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codesession.model import FileMark, Scope
    from codesession.workspace import Changes


@dataclass(frozen=True)
class Work:
    """A session that has begun in a repository."""

    scope: Scope
    marks: Sequence[FileMark]
    started_ms: int

    def changes(self, *, now_ms: int | None = None, git_wait_s: float = 30) -> Changes:
        return changes_since(
            self.scope.directory,
            self.scope.git_root,
            self.scope.head,
            self.marks,
            self.started_ms,
            now_ms=int(time.time() * 1000) if now_ms is None else now_ms,
            git_wait_s=git_wait_s,
        )

    def files(self) -> dict[str, str]:
        """What happened to which path; every test but those of problems expects none."""
        changes = self.changes()
        assert changes.problems == []
        paths = [file.path for file in changes.files]
        assert len(set(paths)) == len(paths)
        return {file.path: file.change.value for file in changes.files}

    def subjects(self) -> list[str]:
        return [commit.message for commit in self.changes().commits]


@dataclass(frozen=True)
class Repo:
    """A git repository on disk."""

    root: Path

    def git(self, *arguments: str, when_s: int | None = None, feed: bytes | None = None) -> str:
        date = {} if when_s is None else {"GIT_AUTHOR_DATE": f"{when_s} +0000", "GIT_COMMITTER_DATE": f"{when_s} +0000"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env={**os.environ, **date}, input=feed, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, name: str, text: str = "one line\n") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def commit(self, subject: str, *names: str, when_s: int | None = None) -> str:
        """The hash of a new commit of everything, with a line added to each of the files `names`."""
        for name in names:
            path = self.root / name
            self.write(name, (path.read_text() if path.exists() else "") + f"{subject}\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject, when_s=when_s)
        return self.git("rev-parse", "HEAD")

    def begin(self) -> Work:
        """A session that begins here and now."""
        scope = find_scope(self.root)
        return Work(scope, mark_uncommitted(scope), int(time.time() * 1000))


def make_repo(root: Path) -> Repo:
    root.mkdir(parents=True, exist_ok=True)
    repo = Repo(root.resolve())
    repo.git("init", "--quiet", "--template=", "--initial-branch=main")
    return repo


@pytest.fixture(autouse=True)
def _no_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = str(tmp_path_factory.mktemp("home"))
    for name, value in {
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }.items():
        monkeypatch.setenv(name, value)


@cache
def made_once(directory: Path) -> Path:
    """Two repositories in `directory` to be copied: one without commits, and one with a commit of three files."""
    unborn, born = make_repo(directory / "repos" / "unborn"), make_repo(directory / "repos" / "born")
    for name in ("a.txt", "b.txt", "docs/c.txt"):
        born.write(name, "".join(f"{name} line {number}\n" for number in range(20)))
    born.commit("first")
    return unborn.root.parent


def copied(name: str, target: Path, factory: pytest.TempPathFactory) -> Repo:
    """One of them, as it would be had it been made here: git takes longer to make one."""
    shutil.copytree(made_once(factory.getbasetemp()) / name, target, symlinks=True)
    repo = Repo(target.resolve())
    repo.git("update-index", "-q", "--refresh")  # to git these are other files than those it has seen
    return repo


@pytest.fixture
def unborn(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository without commits."""
    return copied("unborn", tmp_path / "repo", tmp_path_factory)


@pytest.fixture
def repo(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository with one commit, of three files."""
    return copied("born", tmp_path / "repo", tmp_path_factory)
