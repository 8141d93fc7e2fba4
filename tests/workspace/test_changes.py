from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from codesession.model import ChangeType, FileMark
from codesession.workspace import Changes, changes_since

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.conftest import Repo

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows does not allow such names")


def test_outside_git_nothing_is_tracked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert changes_since(str(tmp_path), None, None, [], 0, now_ms=1) == Changes()


def test_a_session_in_which_nothing_happened_is_empty(repo: Repo) -> None:
    assert repo.begin().changes() == Changes()


def test_the_index_of_a_surrounding_hook_is_not_the_one_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    work = repo.begin()
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo.root / ".git" / "index of a hook"))
    monkeypatch.setenv("GIT_PREFIX", "docs/")
    assert work.changes() == Changes()


# --- names ---


def test_spaces_and_letters_of_any_language_stay(repo: Repo) -> None:
    work = repo.begin()
    names = ["with space.txt", "Übersicht/日本.md", "-dash", "😀.txt"]
    repo.commit("names", *names[:2])
    for name in names[2:]:
        repo.write(name)
    assert set(work.files()) == set(names)


@posix_only
def test_quotes_newlines_and_backslashes_stay(repo: Repo) -> None:
    work = repo.begin()
    names = ['say "hi".txt', "it's", "two\nlines", "tab\t", "back\\slash", "\\xff", ":(glob)*"]
    repo.commit("names", *names[::2])
    for name in names[1::2]:
        repo.write(name)
    assert set(work.files()) == {name.replace("\\xff", "\\x5cxff") for name in names}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_a_name_that_is_not_unicode_is_written_readably_and_recognised(repo: Repo) -> None:
    before, new = (os.fsdecode(name) for name in (b"old\xe9", b"new\xe9"))
    repo.write(before)
    work = repo.begin()
    repo.write(new)
    assert work.files() == {"new\\xe9": "created"}
    (repo.root / before).unlink()
    assert work.files() == {"new\\xe9": "created", "old\\xe9": "deleted"}


# --- time ---


def test_a_file_has_its_own_time_and_a_deleted_one_that_of_the_commit_or_now(repo: Repo) -> None:
    work = repo.begin()
    later_s = work.started_ms // 1000 + 60
    (repo.root / "b.txt").unlink()
    repo.commit("remove b", when_s=later_s)
    (repo.root / "docs" / "c.txt").unlink()
    os.utime(repo.write("a.txt", "changed\n"), ns=(0, (later_s + 1) * 1_000_000_000 + 5_999_999))
    now_ms = (later_s + 100) * 1000
    assert {file.path: file.timestamp_ms for file in work.changes(now_ms=now_ms).files} == {
        "a.txt": (later_s + 1) * 1000 + 5,
        "b.txt": later_s * 1000,
        "docs/c.txt": now_ms,
    }


def test_no_change_is_older_than_the_session(repo: Repo) -> None:
    work = repo.begin()
    os.utime(repo.write("copied with its old time.txt"), ns=(0, 0))
    assert [file.timestamp_ms for file in work.changes().files] == [work.started_ms]


# --- places ---


def test_a_worktree_sees_only_its_own_work(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    main = repo.begin()
    side = type(repo)((tmp_path / "side").resolve())
    work = side.begin()
    side.commit("on the side", "side.txt")
    side.write("a.txt", "changed\n")
    assert work.files() == {"a.txt": "modified", "side.txt": "created"}
    assert work.subjects() == ["on the side"]
    assert main.changes() == Changes()


def test_a_submodule_counts_above_when_it_stands_elsewhere_and_below_by_its_files(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", str(repo.root), str(tmp_path / "library"))
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    repo.commit("add lib")
    inner = type(repo)(repo.root / "lib")
    above, below = repo.begin(), inner.begin()
    inner.write("a.txt", "changed\n")
    assert below.files() == {"a.txt": "modified"}
    assert above.files() == {}
    inner.commit("below")
    assert above.files() == {"lib": "modified"}
    repo.commit("above")
    assert above.files() == {"lib": "modified"}
    assert above.subjects() == ["above"]
    assert below.subjects() == ["below"]


def test_a_sparse_checkout_does_not_make_the_rest_deleted(repo: Repo) -> None:
    work = repo.begin()
    repo.commit("work", "a.txt", "docs/c.txt")
    repo.git("sparse-checkout", "set", "--cone")
    assert not (repo.root / "docs").exists()
    assert work.files() == {"a.txt": "modified", "docs/c.txt": "modified"}


@posix_only
def test_symlinks_are_files_of_their_own(repo: Repo) -> None:
    (repo.root / "old link").symlink_to("a.txt")
    work = repo.begin()
    (repo.root / "dangling").symlink_to("nowhere")
    (repo.root / "directory").symlink_to("docs")
    assert work.files() == {"dangling": "created", "directory": "created"}


# --- what cannot be read ---


def force_remove(directory: Path) -> None:
    for path in directory.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)  # git writes its objects read-only, and Windows will not delete those
    shutil.rmtree(directory)


def test_a_repository_that_was_deleted_is_a_problem_not_an_exception(repo: Repo) -> None:
    work = repo.begin()
    force_remove(repo.root)
    changes = work.changes()
    assert (changes.files, changes.commits) == ([], [])
    assert len(changes.problems) == 1
    assert str(repo.root) in changes.problems[0]


def test_the_repository_around_a_deleted_one_is_not_taken_for_it(repo: Repo) -> None:
    inner = type(repo)(repo.root / "inner")
    inner.root.mkdir()
    inner.git("init", "--quiet")
    inner.commit("first", "file.txt")
    work = inner.begin()
    force_remove(inner.root / ".git")
    changes = work.changes()
    assert changes == Changes(problems=[f"No git repository can be read at {inner.root}: what changed is not known."])


def test_without_git_what_changed_is_not_known(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = repo.begin()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert work.changes().problems == [f"No git repository can be read at {repo.root}: what changed is not known."]


def test_a_git_that_does_not_end_is_a_problem(repo: Repo) -> None:
    problems = repo.begin().changes(git_wait_s=1e-9).problems
    assert problems == [f"git rev-parse did not end within 1e-09 seconds. What changed in {repo.root} is not known."]


def test_a_broken_index_hides_files_but_not_commits(repo: Repo) -> None:
    work = repo.begin()
    repo.commit("work", "a.txt")
    (repo.root / ".git" / "index").write_bytes(b"not an index")
    changes = work.changes()
    assert changes.files == []  # git compares not even two commits then
    assert [commit.message for commit in changes.commits] == ["work"]
    assert [problem.split(". ")[-1] for problem in changes.problems] == [
        "Committed changes are incomplete.",
        "Uncommitted changes are not known.",
    ]


def test_missing_objects_hide_only_what_is_committed(repo: Repo) -> None:
    work = repo.begin()
    repo.commit("work", "docs/c.txt")
    repo.write("new.txt")
    tree = repo.git("rev-parse", "HEAD:docs")
    (repo.root / ".git" / "objects" / tree[:2] / tree[2:]).chmod(0o644)
    (repo.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    changes = work.changes()
    assert changes.problems[0].endswith("Committed changes are incomplete.")


def test_marks_of_files_that_never_were_do_no_harm(repo: Repo) -> None:
    root = str(repo.root)
    marks = [FileMark("a.txt/below/a/file", None, None), FileMark("nothing", 1, 1)]
    head = repo.git("rev-parse", "HEAD")
    changes = changes_since(root, root, head, marks, 0, now_ms=7)
    assert [(file.path, file.change, file.timestamp_ms) for file in changes.files] == [
        ("nothing", ChangeType.DELETED, 7)
    ]
