"""Is a diff exactly a session's work, and does a hostile repository learn nothing and run nothing?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from tests.workspace.conftest import Repo, make_repo

from codesession.model import ChangeType, Commit, FileChange, Session
from codesession.workspace import diffs, git
from codesession.workspace.diffs import (
    FileStat,
    NoRepository,
    PathOutside,
    commit_part,
    commits_since,
    parse_stats,
    read_diff,
    read_stats,
    session_parts,
)
from codesession.workspace.git import GitFailed
from codesession.workspace.marks import mark_uncommitted
from codesession.workspace.scope import find_scope

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.model import FileMark

posix = pytest.mark.skipif(sys.platform == "win32", reason="such names and programs are POSIX's")


@dataclass
class Sitting:
    """A session in a repository, as far as diffs are concerned."""

    session: Session
    marks: list[FileMark]
    files: list[FileChange] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)

    def diff(self, path: str | None = None) -> str:
        return read_diff(session_parts(self.session, self.files, self.commits, self.marks), path).text

    def stats(self) -> list[tuple[str, int | None, int | None]]:
        parts = session_parts(self.session, self.files, self.commits, self.marks)
        return [(stat.path, stat.additions, stat.deletions) for stat in read_stats(parts)]

    def end(self, *commits: str, files: dict[str, str] | None = None, at_ms: int = 4_000_000_000_000) -> None:
        self.commits = [Commit(one, "s", 0) for one in commits]
        self.files = [FileChange(path, ChangeType(change), 0) for path, change in (files or {}).items()]
        self.session = replace(self.session, ended_ms=at_ms)


def sit(repo: Repo, started_ms: int = 0) -> Sitting:
    scope = find_scope(repo.root)
    session = Session(1, "s", scope.directory, scope.git_root, scope.branch, scope.head, started_ms, None, None)
    return Sitting(session, mark_uncommitted(scope))


# --- what is a session's ---


def test_an_active_session_has_what_is_committed_uncommitted_and_new(repo: Repo) -> None:
    sitting = sit(repo)
    repo.commit("made", "a.txt")
    repo.write("b.txt", "other\n")
    repo.write("new.txt", "one\ntwo\n")
    assert sitting.stats() == [("a.txt", 1, 0), ("b.txt", 1, 20), ("new.txt", 2, 0)]
    assert sitting.diff("new.txt") == (
        "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n"
        "@@ -0,0 +1,2 @@\n+one\n+two\n"
    )
    assert "+made\n" in sitting.diff("a.txt")


def test_what_was_uncommitted_before_is_left_out_until_it_is_touched(repo: Repo) -> None:
    repo.write("a.txt", "dirty\n")
    repo.write("old.txt", "untracked\n")
    sitting = sit(repo)
    assert (sitting.diff(), sitting.stats()) == ("", [])
    repo.write("old.txt", "touched it\n")
    assert sitting.stats() == [("old.txt", 1, 0)]
    repo.commit("all of it")
    assert [path for path, *_ in sitting.stats()] == ["a.txt", "old.txt"]


def test_a_file_that_was_only_touched_has_no_diff(repo: Repo) -> None:
    sitting = sit(repo)
    os.utime(repo.root / "a.txt", (2_000_000_000, 2_000_000_000))
    assert (sitting.diff(), sitting.stats()) == ("", [])


def test_an_ended_session_ends_at_its_last_commit_by_topology(repo: Repo) -> None:
    sitting = sit(repo)
    made = [repo.commit(f"number {name}", name, when_s=1_900_000_000) for name in ("1.txt", "2.txt", "3.txt", "4.txt")]
    repo.commit("after the end", "late.txt", when_s=1_900_000_000)
    sitting.end(*reversed(made))
    assert [path for path, *_ in sitting.stats()] == ["1.txt", "2.txt", "3.txt", "4.txt"]


def test_an_ended_session_without_commits_has_what_nobody_touched_since(repo: Repo) -> None:
    sitting = sit(repo)
    repo.write("a.txt", "mine\n")
    repo.write("new.txt", "mine\n")
    repo.write("b.txt", "somebody's\n")
    repo.write("c.txt", "somebody's\n")
    (repo.root / "docs" / "c.txt").unlink()
    for name, second in (("a.txt", 1000), ("new.txt", 1000), ("b.txt", 3000)):
        os.utime(repo.root / name, (second, second))
    files = {"a.txt": "modified", "new.txt": "created", "b.txt": "modified", "docs/c.txt": "deleted"}
    sitting.end(files=files, at_ms=2_000_000)
    assert sitting.stats() == [("a.txt", 1, 20), ("docs/c.txt", 0, 20), ("new.txt", 1, 0)]
    repo.commit("by the user, later")
    assert sitting.stats() == [("a.txt", 1, 20), ("docs/c.txt", 0, 20), ("new.txt", 1, 0)]


def test_of_an_ended_session_what_was_committed_and_then_changed_is_told_once(repo: Repo) -> None:
    sitting = sit(repo)
    made = repo.commit("first", "a.txt")
    repo.write("a.txt", "rewritten\n")
    os.utime(repo.root / "a.txt", (1000, 1000))
    sitting.end(made, files={"a.txt": "modified"}, at_ms=2_000_000)
    assert sitting.stats() == [("a.txt", 1, 20)]


def test_a_session_that_did_nothing_has_no_diff(repo: Repo) -> None:
    sitting = sit(repo)
    sitting.end()
    repo.commit("later", "a.txt")
    assert (sitting.diff(), sitting.stats()) == ("", [])


def test_a_first_commit_is_compared_with_nothing(unborn: Repo) -> None:
    sitting = sit(unborn)
    made = unborn.commit("first", "a.txt")
    assert sitting.stats() == [("a.txt", 1, 0)]
    sitting.end(made)
    assert sitting.stats() == [("a.txt", 1, 0)]


def test_an_amended_commit_does_not_count(repo: Repo) -> None:
    sitting = sit(repo)
    first = repo.commit("to amend", "a.txt", when_s=1_900_000_000)
    repo.write("b.txt", "amended\n")
    repo.git("commit", "--quiet", "--all", "--amend", "--message", "amended", when_s=1_900_000_000)
    sitting.end(first, repo.git("rev-parse", "HEAD"))
    assert [path for path, *_ in sitting.stats()] == ["a.txt", "b.txt"]


def test_commits_that_are_no_longer_stored_leave_nothing(repo: Repo) -> None:
    sitting = sit(repo)
    sitting.end("f" * 40)
    assert sitting.diff() == ""


def test_a_recorded_commit_that_is_no_hash_is_passed_over(repo: Repo) -> None:
    sitting = sit(repo)
    made = repo.commit("made", "a.txt")
    sitting.end(made, "--all", "HEAD\n^HEAD", "main")
    assert [path for path, *_ in sitting.stats()] == ["a.txt"]


def test_a_moved_file_is_one_file(repo: Repo) -> None:
    sitting = sit(repo)
    repo.git("mv", "a.txt", "moved.txt")
    made = repo.commit("moved")
    parts = session_parts(sitting.session, [], [], sitting.marks)
    assert read_stats(parts) == [FileStat("moved.txt", 0, 0, "a.txt")]
    assert "rename from a.txt\nrename to moved.txt\n" in sitting.diff("moved.txt")
    sitting.end(made, files={"moved.txt": "modified"})
    assert "rename from a.txt\nrename to moved.txt\n" in sitting.diff()


def test_what_is_no_text_has_no_lines(repo: Repo) -> None:
    sitting = sit(repo)
    repo.write("tracked.bin", "\0\1")
    repo.commit("binary")
    repo.write("new.bin", "\0\1")
    assert sitting.stats() == [("new.bin", None, None), ("tracked.bin", None, None)]
    assert "Binary files /dev/null and b/new.bin differ\n" in sitting.diff()


def test_a_new_file_is_added_as_git_would(repo: Repo) -> None:
    sitting = sit(repo)
    texts = {
        "one": "line",
        "two words": "a\nb\n",
        "empty": "",
        "cr\t.txt" if sys.platform != "win32" else "cr.txt": "x\r\ny",
    }
    for name, text in texts.items():
        repo.write(name, text)
    ours = sorted(sitting.diff().split("diff --git ")[1:])
    repo.git("add", "--all")
    theirs = repo.git("diff", "--cached", "--no-color", "--src-prefix=a/", "--dst-prefix=b/") + "\n"
    without_hashes = [line for line in theirs.splitlines(keepends=True) if not line.startswith("index ")]
    assert ours == sorted("".join(without_hashes).split("diff --git ")[1:])


def test_ignored_files_and_repositories_within_are_left_out(repo: Repo) -> None:
    sitting = sit(repo)
    repo.write(".gitignore", "*.log\n")
    repo.write("x.log")
    make_repo(repo.root / "inner").commit("inner", "f.txt")
    assert [path for path, *_ in sitting.stats()] == [".gitignore"]


# --- commits ---


def test_a_commit_is_compared_with_its_first_parent(repo: Repo) -> None:
    sitting = sit(repo)
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("on the side", "side.txt")
    repo.git("checkout", "--quiet", "main")
    repo.commit("on main", "main.txt")
    repo.git("merge", "--quiet", "--no-ff", "--message", "merged", "side")
    part = commit_part(sitting.session, repo.git("rev-parse", "HEAD"))
    assert part
    assert read_stats([part]) == [FileStat("side.txt", 1, 0)]
    first = commit_part(sitting.session, repo.git("rev-list", "--max-parents=0", "HEAD"))
    assert first
    assert [stat.path for stat in read_stats([first])] == ["a.txt", "b.txt", "docs/c.txt"]
    assert commit_part(sitting.session, "f" * 40) is None
    assert [commit.message for commit in commits_since(sitting.session)][-1] == "merged"


# --- paths ---


@posix
@pytest.mark.parametrize(
    "name", ["--output=x", "-O", ":(exclude)a.txt", "two  words", "new\nline", 'quo"te', "tab\there", "ünï", "*"]
)
def test_a_file_of_any_name_is_that_file(repo: Repo, name: str) -> None:
    sitting = sit(repo)
    repo.write(name)
    repo.write("a.txt", "changed\n")
    assert sitting.diff(name).count("diff --git ") == 1
    repo.commit("all")
    assert sitting.diff(name).count("diff --git ") == 1
    assert (name, 1, 0) in sitting.stats()
    assert not (repo.root / "x").exists()


@posix
def test_a_name_that_is_not_utf8_is_found_as_it_is_shown(repo: Repo) -> None:
    sitting = sit(repo)
    (repo.root / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"caf\xe9\n")
    assert sitting.stats() == [("caf\\xe9.txt", 1, 0)]
    assert sitting.diff("caf\\xe9.txt").endswith("+caf\\xe9\n")


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a/../../secret", "", ".", "a//b", "nul\0", "out/secret", "./a.txt"]
)
def test_a_path_outside_is_not_found(repo: Repo, path: str) -> None:
    (repo.root.parent / "secret").write_text("secret\n")
    if sys.platform != "win32":
        (repo.root / "out").symlink_to(repo.root.parent)
    sitting = sit(repo)
    with pytest.raises(PathOutside):
        sitting.diff(path)


@posix
def test_a_symlink_is_shown_and_not_followed(repo: Repo) -> None:
    (repo.root.parent / "secret").write_text("a secret\n")
    sitting = sit(repo)
    (repo.root / "link").symlink_to("../secret")
    (repo.root / "directory").symlink_to("..")
    os.mkfifo(repo.root / "pipe")
    shown = sitting.diff()
    assert "new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+../secret\n\\ No newline" in shown
    assert "a secret" not in shown
    assert "pipe" not in shown


def test_a_path_that_has_not_changed_has_no_diff(repo: Repo) -> None:
    sitting = sit(repo)
    assert sitting.diff("a.txt") == ""
    assert sitting.diff("nothing/there") == ""


def test_git_is_given_many_paths_in_rounds(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffs, "_ROUND", 10)
    for name in ("1.txt", "2.txt", "3.txt"):
        repo.write(name)
    repo.git("add", "--all")
    sitting = sit(repo)
    repo.commit("work", "a.txt", "b.txt", "docs/c.txt")
    repo.git("reset", "--quiet", "HEAD~")
    assert [path for path, *_ in sitting.stats()] == ["a.txt", "b.txt", "docs/c.txt"]
    assert sitting.diff().count("diff --git ") == 3


# --- hostile repositories ---


@posix
def test_nothing_that_a_repository_names_is_run(repo: Repo) -> None:
    trap = repo.root.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repo.root.parent}/sprung\ncat\n")
    trap.chmod(0o755)
    sitting = sit(repo)
    made = repo.commit("first", "a.txt")
    for setting in (
        "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.process",
        "filter.evil.smudge", "filter.a=b.clean", "core.pager", "pager.diff-index", "core.fsmonitor", "core.editor",
        "core.sshCommand", "log.showSignature",
    ):  # fmt: skip
        repo.git("config", setting, str(trap))
    repo.git("config", "filter.evil.required", "true")
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "color.ui", "always")
    repo.git("config", "diff.orderFile", str(repo.root.parent / "nowhere"))
    attributes = repo.root / ".git" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.txt diff=evil filter=evil\n*.log filter=a=b\n")
    repo.write("a.txt", "uncommitted\n")
    repo.write("new.txt", "new\n")
    assert sitting.stats() == [("a.txt", 1, 20), ("new.txt", 1, 0)]
    shown = sitting.diff()
    assert "+uncommitted\n" in shown
    assert "diff --git a/a.txt b/a.txt\n" in shown
    assert "\x1b" not in shown
    part = commit_part(sitting.session, made)
    assert part
    assert "+first\n" in read_diff([part]).text
    assert not (repo.root.parent / "sprung").exists()


@posix
@pytest.mark.parametrize("fence", ["GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH"])
def test_a_partial_clone_fetches_nothing(
    repo: Repo, tmp_path: Path, fence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fence == "GIT_ALLOW_PROTOCOL":  # earlier versions of git know only this one
        monkeypatch.setattr(git, "_IMPOSED", {fence: "", "LC_ALL": "C"})
    repo.git("config", "uploadpack.allowFilter", "true")
    head = repo.commit("second", "a.txt")
    repo.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", repo.root.as_uri(), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.git("config", "remote.origin.uploadpack", f"touch {tmp_path}/fetched; git-upload-pack")
    session = Session(1, "s", str(clone.root), str(clone.root), "main", head, 0, None, None)
    part = commit_part(session, head)
    assert part
    with pytest.raises(GitFailed):
        read_diff([part])
    assert not (tmp_path / "fetched").exists()


def test_the_environment_of_a_hook_changes_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = sit(repo)
    repo.write("a.txt", "changed\n")
    repo.write("*.txt" if sys.platform != "win32" else "x.txt", "new\n")
    expected = (sitting.diff(), sitting.stats(), sitting.diff("a.txt"))
    for name, value in {
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/", "GIT_EXTERNAL_DIFF": "false", "GIT_DIFF_OPTS": "--unified=0",
        "GIT_LITERAL_PATHSPECS": "1", "GIT_ICASE_PATHSPECS": "1", "GIT_INDEX_FILE": "/nowhere", "GIT_PAGER": "false",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "somebody",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert (sitting.diff(), sitting.stats(), sitting.diff("a.txt")) == expected


def test_a_repository_that_points_elsewhere_is_none(repo: Repo, tmp_path: Path) -> None:
    sitting = sit(repo)
    repo.git("config", "core.worktree", str(tmp_path))
    with pytest.raises(NoRepository, match="No git repository can be read at"):
        sitting.diff()


def test_a_submodule_is_its_commit(repo: Repo, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner")
    inner.commit("inner", "f.txt")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
    repo.commit("with it")
    sitting = sit(repo)
    (repo.root / "sub" / "f.txt").write_text("dirty\n")
    assert sitting.diff() == ""


# --- sizes, and what is not there ---


def test_a_long_diff_is_cut_at_a_line(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffs, "MOST_BYTES", 1000)
    sitting = sit(repo)
    repo.commit("long", *[f"{number}.txt" for number in range(40)])
    found = read_diff(session_parts(sitting.session, [], [], sitting.marks))
    assert found.is_cut
    assert 800 < len(found.text) <= 1000
    assert found.text.endswith("\n")
    repo.write("0.txt", "x" * 5000)
    found = read_diff(session_parts(sitting.session, [], [], sitting.marks), "0.txt")
    assert (found.is_cut, len(found.text) <= 1000) == (True, True)


def test_a_long_new_file_is_cut_and_not_counted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from codesession.workspace import untracked

    monkeypatch.setattr(diffs, "MOST_BYTES", 1000)
    monkeypatch.setattr(untracked, "_MOST_COUNTED", 1000)
    sitting = sit(repo)
    repo.write("long.txt", "a line\n" * 1000)
    found = read_diff(session_parts(sitting.session, [], [], sitting.marks))
    assert (found.is_cut, found.text.endswith("+a line\n"), len(found.text) <= 1000) == (True, True, True)
    assert sitting.stats() == [("long.txt", None, None)]


def test_outside_git_there_is_no_diff(tmp_path: Path) -> None:
    session = Session(7, "s", str(tmp_path), None, None, None, 0, None, None)
    with pytest.raises(NoRepository, match="Session 7 is not in a git repository"):
        session_parts(session, [], [], [])
    gone = replace(session, git_root=str(tmp_path / "gone"))
    with pytest.raises(NoRepository, match="No git repository can be read"):
        session_parts(gone, [], [], [])


def test_git_that_does_not_end_is_ended(repo: Repo) -> None:
    sitting = sit(repo)
    repo.write("a.txt", "x\n")
    parts = session_parts(sitting.session, [], [], sitting.marks)
    with pytest.raises(GitFailed, match="did not end within"):
        read_diff(parts, wait_s=0)


def test_an_unreadable_comparison_says_why(repo: Repo) -> None:
    sitting = sit(repo)
    (part,) = session_parts(sitting.session, [], [], sitting.marks)
    with pytest.raises(GitFailed, match=r"git diff-index failed \(fatal: "):
        read_diff([replace(part, before="f" * 40)])


def test_numbers_of_a_name_with_tabs_are_read() -> None:
    assert list(parse_stats(b"1\t2\ta\tb\0-\t-\tc\0")) == [FileStat("a\tb", 1, 2), FileStat("c", None, None)]


def test_a_directory_that_cannot_be_entered_says_so(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="git version could not be run"):
        git.read_at_most(tmp_path / "gone", ("version",), most=10, wait_s=30, settings={})
