"""Is it found out what happened to a file from nothing but that it was touched?"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from codesession.model import ChangeType, FileChange, Session
from codesession.workspace import find_scope, mark_uncommitted
from codesession.workspace.git import GitFailed
from codesession.workspace.ignored import NameRules
from codesession.workspace.watch import LiveFiles, live_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.workspace.conftest import Repo


def begin(directory: Path) -> Session:
    """A session that begins in `directory` now."""
    scope = find_scope(directory)
    return Session(1, "x", scope.directory, scope.git_root, scope.branch, scope.head, now_ms(), None, None)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Watched:
    """A scope whose files somebody watches; each look is two seconds after the one before."""

    files: LiveFiles
    at_ms: int

    def sees(self, *touched: str, new: Sequence[str] = ()) -> dict[str, str]:
        """What happened to which path, when these were touched, and the system called some of them new."""
        self.at_ms += 2000
        paths = dict.fromkeys(map(os.fsencode, touched), False) | dict.fromkeys(map(os.fsencode, new), True)
        changes = self.files.changes(paths, self.at_ms)
        assert len({change.path for change in changes}) == len(changes)
        return {change.path: change.change.value for change in changes}


def watch(directory: Path, session: Session | None = None, recorded: Sequence[FileChange] = ()) -> Watched:
    scope = find_scope(directory)
    session = session or begin(directory)
    return Watched(live_files(session, mark_uncommitted(scope), recorded, now_ms=now_ms()), now_ms())


# --- what was there, and what is there now ---


def test_was_there_and_is_there_make_the_change_whatever_the_system_says(repo: Repo) -> None:
    watched = watch(repo.root)
    repo.write("new.txt")
    repo.write("a.txt", "other\n")
    (repo.root / "b.txt").unlink()
    assert watched.sees("new.txt", "b.txt", "docs/c.txt", new=["a.txt"]) == {
        "a.txt": "modified",  # an editor wrote a new file and renamed it over the old one
        "b.txt": "deleted",
        "docs/c.txt": "modified",
        "new.txt": "created",
    }


def test_a_file_that_came_and_went_in_between_adds_nothing(repo: Repo) -> None:
    assert watch(repo.root).sees("a.txt~", new=["4913"]) == {}


def test_what_was_seen_before_was_there(repo: Repo) -> None:
    watched = watch(repo.root)
    new = repo.write("new.txt")
    assert watched.sees("new.txt") == {"new.txt": "created"}
    assert watched.sees(new=["new.txt"]) == {"new.txt": "modified"}
    new.unlink()
    assert watched.sees("new.txt") == {"new.txt": "deleted"}
    assert watched.sees("new.txt") == {}
    repo.write("new.txt")
    assert watched.sees("new.txt") == {"new.txt": "created"}


def test_what_was_uncommitted_at_the_start_was_there_or_was_not(repo: Repo) -> None:
    repo.write("untracked.txt")
    (repo.root / "a.txt").unlink()
    watched = watch(repo.root)
    repo.write("a.txt")
    assert watched.sees(new=["untracked.txt", "a.txt"]) == {"untracked.txt": "modified", "a.txt": "created"}


def test_what_was_recorded_before_one_watched_again_is_known(repo: Repo) -> None:
    recorded = [
        FileChange("a.txt", ChangeType.DELETED, 1),
        FileChange("new.txt", ChangeType.CREATED, 1),
        FileChange("b.txt", ChangeType.DELETED, 1),
        FileChange("b.txt", ChangeType.CREATED, 2),
    ]
    watched = watch(repo.root, recorded=recorded)
    assert watched.sees("a.txt", "b.txt", "new.txt") == {
        "a.txt": "created",
        "b.txt": "modified",
        "new.txt": "deleted",
    }


def test_what_was_staged_or_committed_since_the_start_was_not_there(repo: Repo) -> None:
    session = begin(repo.root)
    repo.commit("second", "committed.txt")
    repo.write("staged.txt")
    repo.git("add", "staged.txt")
    files = live_files(session, [], [], now_ms=now_ms())
    assert Watched(files, now_ms()).sees("committed.txt", "staged.txt") == {
        "committed.txt": "created",
        "staged.txt": "created",
    }


def test_in_a_repository_without_commits_nothing_was_there(unborn: Repo) -> None:
    watched = watch(unborn.root)
    unborn.write("first.txt")
    assert watched.sees("first.txt") == {"first.txt": "created"}


def test_when_the_start_commit_is_gone_the_systems_words_count(repo: Repo) -> None:
    watched = watch(repo.root, replace(begin(repo.root), start_head="ab" * 20))
    (repo.root / "b.txt").unlink()
    repo.write("new.txt")
    assert watched.sees("a.txt", "b.txt", new=["new.txt", "vanished.txt"]) == {
        "a.txt": "modified",
        "b.txt": "deleted",
        "new.txt": "created",
    }


# --- directories and symlinks ---


def test_a_directory_that_came_as_a_whole_brings_its_files(repo: Repo) -> None:
    watched = watch(repo.root)
    for name in ("d/one", "d/deep/er/two", "d/out.log", "d/.git/HEAD", "d2/.git/HEAD", "d2/three"):
        repo.write(name)
    (repo.root / "d" / ".git" / "HEAD").unlink()
    (repo.root / "d" / ".git").rmdir()
    repo.write(".gitignore", "*.log\nignored/\n")
    repo.write("ignored/four")
    assert watched.sees(new=["d", "d2", "ignored"]) == {"d/one": "created", "d/deep/er/two": "created"}


def test_a_directory_that_was_only_touched_tells_nothing(repo: Repo) -> None:
    assert watch(repo.root).sees("docs", new=["."]) == {}


def test_a_directory_of_known_files_does_not_make_them_new(repo: Repo) -> None:
    assert watch(repo.root).sees(new=["docs"]) == {}


def test_a_directory_that_left_as_a_whole_takes_its_files(repo: Repo) -> None:
    watched = watch(repo.root)
    repo.write("docs/deep/new.txt")
    assert watched.sees("docs/deep/new.txt") == {"docs/deep/new.txt": "created"}
    (repo.root / "docs").rename(repo.root.parent / "elsewhere")
    assert watched.sees("docs") == {"docs/c.txt": "deleted", "docs/deep/new.txt": "deleted"}


def test_a_file_whose_name_becomes_a_directory_is_deleted(repo: Repo) -> None:
    watched = watch(repo.root)
    (repo.root / "a.txt").unlink()
    repo.write("a.txt/inside")
    (repo.root / "a.txt" / "inside").unlink()
    assert watched.sees("a.txt/inside", "a.txt") == {}
    (repo.root / "a.txt").rmdir()
    assert watched.sees("a.txt") == {"a.txt": "deleted"}


@pytest.mark.skipif(os.name == "nt", reason="symlinks need a privilege there")
def test_a_symlink_counts_itself_and_nothing_behind_it_does(repo: Repo, tmp_path: Path) -> None:
    watched = watch(repo.root)
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "f").touch()
    (repo.root / "link").symlink_to(tmp_path / "away")
    assert watched.sees("link/f", new=["link"]) == {"link": "created"}


# --- what git ignores ---


def test_git_decides_what_is_ignored_as_its_rules_are_now(repo: Repo) -> None:
    repo.write(".gitignore", "*.log\nout/\n")
    repo.write("kept.log")
    repo.git("add", "--force", "kept.log")
    repo.commit("rules")
    watched = watch(repo.root)
    for name in ("x.log", "out/x", "kept.log", "x.tmp"):
        repo.write(name, "new\n")
    repo.write("x.tmp")
    assert watched.sees("x.log", "out/x", "out", "kept.log", "x.tmp") == {"kept.log": "modified", "x.tmp": "created"}
    repo.write(".gitignore", "*.tmp\n")
    assert watched.sees("x.log", "x.tmp", ".gitignore") == {"x.log": "created", ".gitignore": "modified"}


def test_neither_gits_own_files_nor_those_of_another_repository_count(repo: Repo) -> None:
    watched = watch(repo.root)
    repo.write("nested/f")
    repo.git("init", "--quiet", "nested")
    assert watched.sees(".git/index", "nested/f", "nested/.git/HEAD", new=["nested"]) == {}


def test_a_submodule_that_was_emptied_is_no_reason_to_stop(repo: Repo) -> None:
    head = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.commit("a submodule")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("commit", "--quiet", "--allow-empty", "--message", "again")
    (repo.root / "sub").mkdir()
    watched = watch(repo.root)
    repo.write("sub/f")
    assert watched.sees("sub/f", "a.txt") == {"a.txt": "modified"}


@pytest.mark.skipif(os.name == "nt", reason="not names there")
@pytest.mark.parametrize("name", [":(odd)x", "-z", "two\nlines", "back\\slash", "\u00fc", " x "])
def test_no_name_is_too_odd(repo: Repo, name: str) -> None:
    repo.write(".gitignore", "*.log\n")
    watched = watch(repo.root)
    repo.write(name)
    repo.write(f"{name}.log")
    assert watched.sees(name, f"{name}.log") == {name: "created"}


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_unicode_is_written_as_everywhere(repo: Repo) -> None:
    watched = watch(repo.root)
    (repo.root / os.fsdecode(b"caf\xe9")).touch()
    assert watched.sees(os.fsdecode(b"caf\xe9")) == {"caf\\xe9": "created"}


def test_when_git_does_not_say_the_same_may_be_asked_again(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = watch(repo.root)
    repo.write("new.txt")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(GitFailed, match="not found"):
            watched.sees("new.txt")
    index = repo.root / ".git" / "index"
    good = index.read_bytes()
    index.write_bytes(b"broken")
    with pytest.raises(GitFailed, match="check-ignore failed"):
        watched.sees("new.txt")
    index.write_bytes(good)
    assert watched.sees("new.txt") == {"new.txt": "created"}


# --- when ---


def test_the_same_change_to_a_path_is_told_once_a_second(repo: Repo) -> None:
    files = watch(repo.root).files
    repo.write("new.txt")
    begun_ms = now_ms() + 1000

    def told(after_ms: int) -> list[str]:
        return [change.change.value for change in files.changes({b"new.txt": False}, begun_ms + after_ms)]

    assert [told(after_ms) for after_ms in (0, 1, 500, 1000, 1001, 2000, 2001)] == [
        ["created"],
        ["modified"],
        [],
        [],
        ["modified"],
        [],
        ["modified"],
    ]


def test_a_change_is_dated_by_its_file_or_by_now(repo: Repo) -> None:
    session = begin(repo.root)
    files = live_files(session, [], [], now_ms=now_ms())
    start_s = session.started_ms // 1000 + 10
    for name, second in (("old.txt", start_s - 1000), ("right.txt", start_s), ("future.txt", start_s + 1000)):
        os.utime(repo.write(name), (second, second))
    (repo.root / "a.txt").unlink()
    at_ms = (start_s + 5) * 1000
    touched = dict.fromkeys((b"old.txt", b"right.txt", b"future.txt", b"a.txt"), False)
    assert {change.path: change.timestamp_ms for change in files.changes(touched, at_ms)} == {
        "old.txt": at_ms,
        "right.txt": start_s * 1000,
        "future.txt": at_ms,
        "a.txt": at_ms,
    }


# --- outside git ---


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory outside git with a file in it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    directory = tmp_path.resolve() / "plain"
    directory.mkdir()
    old = directory / "old.txt"
    old.touch()
    os.utime(old, (1000, 1000))
    return directory


def put(directory: Path, name: str) -> None:
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text("x")


def test_outside_git_what_programs_fill_and_what_is_hidden_does_not_count(plain: Path) -> None:
    watched = watch(plain)
    left_out = [
        "node_modules/x/y.js",
        "sub/dist/a",
        "build/a",
        "__pycache__/a.pyc",
        ".env",
        "sub/.cache/a",
        ".git/index",
    ]
    for name in ("new.txt", "sub/building.txt", "came/dist/a", "came/b", *left_out):
        put(plain, name)
    touched = ["new.txt", "old.txt", "sub/building.txt", *left_out]
    assert watched.sees(*touched, new=["came", "node_modules", ".hidden"]) == {
        "new.txt": "created",
        "old.txt": "modified",
        "sub/building.txt": "created",
        "came/b": "created",
    }


def test_outside_git_what_was_written_before_one_watched_is_not_lost(plain: Path) -> None:
    session = replace(begin(plain), started_ms=now_ms() - 60_000)
    for name in ("new.txt", "known.txt", "again.txt", ".hidden"):
        put(plain, name)
    put(plain, "future.txt")
    ahead_s = time.time() + 1000
    os.utime(plain / "future.txt", (ahead_s, ahead_s))
    recorded = [
        FileChange("known.txt", ChangeType.CREATED, now_ms() + 5),
        FileChange("again.txt", ChangeType.CREATED, session.started_ms),
        FileChange("gone.txt", ChangeType.CREATED, session.started_ms),
    ]
    files = live_files(session, [], recorded, now_ms=now_ms() + 10)
    changes = files.changes(files.missed, now_ms() + 10)
    assert {change.path: change.change.value for change in changes} == {
        "new.txt": "created",
        "again.txt": "modified",
        "gone.txt": "deleted",
    }


def test_where_there_are_too_many_files_to_remember_the_systems_words_count(plain: Path) -> None:
    files = LiveFiles(plain, NameRules(plain), (), started_ms=0, is_complete=False)
    put(plain, "new.txt")
    assert Watched(files, 0).sees("old.txt", "gone.txt", new=["new.txt", "vanished.txt"]) == {
        "gone.txt": "deleted",
        "new.txt": "created",
        "old.txt": "modified",
    }
