from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codesession.errors import InvalidInput
from codesession.model import Scope
from codesession.workspace import find_scope, git

if TYPE_CHECKING:
    from tests.workspace.conftest import Repo

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows does not allow this")


def test_a_subdirectory_belongs_to_the_git_root(repo: Repo) -> None:
    head = repo.git("rev-parse", "HEAD")
    assert find_scope(repo.root / "docs") == Scope(str(repo.root), str(repo.root), head, "main")


def test_outside_git_the_directory_itself_is_the_scope(tmp_path: Path) -> None:
    assert find_scope(tmp_path) == Scope(str(tmp_path.resolve()))


@posix_only
def test_symlinks_are_resolved(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.root / "docs")
    assert find_scope(tmp_path / "link").directory == str(repo.root)
    (tmp_path / "plain").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "plain")
    assert find_scope(tmp_path / "other").directory == str((tmp_path / "plain").resolve())


def test_without_commits_there_is_a_branch_but_no_head(unborn: Repo) -> None:
    assert find_scope(unborn.root) == Scope(str(unborn.root), str(unborn.root), None, "main")


def test_a_file_called_HEAD_is_not_taken_for_the_commit(unborn: Repo) -> None:  # noqa: N802 - the file's name
    unborn.write("HEAD")
    assert find_scope(unborn.root).head is None
    head = unborn.commit("first")
    assert find_scope(unborn.root).head == head


def test_a_detached_head_has_no_branch(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--detach")
    scope = find_scope(repo.root)
    assert scope.branch is None
    assert scope.head == repo.git("rev-parse", "HEAD")


def test_a_branch_keeps_its_name_when_a_tag_has_the_same(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "feature/ü")
    repo.git("tag", "feature/ü")
    assert find_scope(repo.root).branch == "feature/ü"


def test_a_worktree_is_its_own_root(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    scope = find_scope(tmp_path / "side" / "docs")
    assert scope.git_root == str((tmp_path / "side").resolve())
    assert scope.branch == "side"


def test_a_submodule_is_its_own_root(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", str(repo.root), str(tmp_path / "library"))
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    assert find_scope(repo.root / "lib" / "docs").git_root == str(repo.root / "lib")


def test_a_bare_repository_and_the_inside_of_git_count_as_outside(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "bare.git"))
    for directory in (tmp_path / "bare.git", repo.root / ".git", repo.root / ".git" / "objects"):
        assert find_scope(directory) == Scope(str(directory.resolve()))


def test_a_repository_that_git_refuses_to_read_counts_as_outside(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch to test "dubious ownership"
    assert find_scope(repo.root) == Scope(str(repo.root))


@posix_only
def test_a_root_may_have_any_name(repo: Repo, tmp_path: Path) -> None:
    strange = tmp_path / 'a "b"\n ü\n'
    repo.root.rename(strange)
    assert find_scope(strange / "docs").git_root == str(strange.resolve())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_a_root_that_is_not_unicode_is_written_readably(repo: Repo, tmp_path: Path) -> None:
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    repo.root.rename(strange)
    assert find_scope(strange / "docs").git_root == f"{tmp_path.resolve()}/caf\\xe9"


def test_a_directory_that_does_not_exist_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^The directory .*gone does not exist or cannot be entered\.$"):
        find_scope(tmp_path / "gone")


@posix_only
def test_a_current_directory_that_was_deleted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    with pytest.raises(InvalidInput, match="does not exist"):
        find_scope(Path())


def test_a_file_is_refused(repo: Repo) -> None:
    with pytest.raises(InvalidInput, match="is not a directory"):
        find_scope(repo.root / "a.txt")


def test_a_name_no_file_can_have_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        find_scope(Path("a\0b"))


def test_without_git_every_directory_counts_as_outside(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_scope(repo.root) == Scope(str(repo.root))


@posix_only
def test_a_git_of_the_current_directory_is_never_run(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = repo.write("bin/git", "#!/bin/sh\necho > planted-was-run\n")
    planted.chmod(0o755)
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("PATH", "bin")
    assert find_scope(repo.root).git_root is None
    assert not (repo.root / "planted-was-run").exists()


def test_the_variables_of_a_surrounding_hook_do_not_decide(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repo.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert find_scope(tmp_path / "outside") == Scope(str((tmp_path / "outside").resolve()))


def test_a_scope_costs_two_git_processes_and_outside_git_one(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_processes(directory: Path) -> int:
        trace = tmp_path / f"trace-{directory.name}"
        monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
        find_scope(directory)
        return sum(json.loads(line)["event"] == "start" for line in trace.read_text().splitlines())

    assert count_processes(repo.root) == 2
    assert count_processes(tmp_path) == 1


def test_a_git_that_does_not_end_is_a_failure_not_a_guess(repo: Repo) -> None:
    with pytest.raises(git.GitFailed, match=r"^git rev-parse did not end within 1e-09 seconds\.$"):
        find_scope(repo.root, git_wait_s=1e-9)


def test_a_directory_that_cannot_be_entered_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(git.GitFailed, match="git status could not be run: "):
        git.read(tmp_path / "gone", ("status",), wait_s=30)


def test_a_refusal_of_git_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(git.GitFailed, match=r"^git status failed \(fatal: not a git repository.*\)\.$"):
        git.read(tmp_path, ("status",), wait_s=30)
