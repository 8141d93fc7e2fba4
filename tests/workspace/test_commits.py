"""Are commits told as they are made, each once?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from codesession.model import Session
from codesession.workspace import find_scope
from codesession.workspace.commits import LiveCommits
from codesession.workspace.git import GitFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.conftest import Repo


def commits_of(directory: Path, *, git_wait_s: float = 30) -> LiveCommits:
    scope = find_scope(directory)
    started_ms = time.time_ns() // 1_000_000
    session = Session(1, "x", scope.directory, scope.git_root, scope.branch, scope.head, started_ms, None, None)
    return LiveCommits(session, git_wait_s=git_wait_s)


def subjects(commits: LiveCommits) -> list[str]:
    new, problems = commits.look()
    assert problems == []
    return [commit.message for commit in new]


def test_commits_are_told_once_and_those_from_before_never(repo: Repo) -> None:
    commits = commits_of(repo.root)
    assert subjects(commits) == []
    repo.commit("second")
    repo.commit("third")
    assert subjects(commits) == ["second", "third"]
    assert subjects(commits) == []
    repo.commit("fourth")
    assert subjects(commits) == ["fourth"]


def test_an_older_branch_that_is_checked_out_brings_none(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "older")
    repo.commit("from before", when_s=1_000_000_000)
    repo.git("checkout", "--quiet", "main")
    commits = commits_of(repo.root)
    repo.git("checkout", "--quiet", "older")
    assert subjects(commits) == []


def test_the_first_commit_of_all_is_told(unborn: Repo) -> None:
    commits = commits_of(unborn.root)
    assert subjects(commits) == []
    unborn.commit("first")
    assert subjects(commits) == ["first"]


def test_what_cannot_be_read_is_said_and_what_can_is_told(repo: Repo) -> None:
    scope = find_scope(repo.root)
    started_ms = time.time_ns() // 1_000_000 + 5000
    session = Session(1, "x", scope.directory, scope.git_root, None, "ab" * 20, started_ms, None, None)
    commits = LiveCommits(session)
    repo.commit("second", when_s=started_ms // 1000)
    new, problems = commits.look()
    assert [commit.message for commit in new] == ["second"]
    assert len(problems) == 1
    assert commits.look() == ([], problems)


def test_a_repository_that_is_gone_has_no_new_commits(repo: Repo) -> None:
    commits = commits_of(repo.root)
    (repo.root / ".git").rename(repo.root / "away")
    assert subjects(commits) == []


def test_outside_git_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    assert subjects(commits_of(tmp_path / "plain")) == []


def test_a_git_that_does_not_answer_is_not_a_repository_without_commits(repo: Repo) -> None:
    with pytest.raises(GitFailed):
        commits_of(repo.root, git_wait_s=0).look()
