from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from codesession.model import ChangeType
from codesession.workspace import changes_since

if TYPE_CHECKING:
    from tests.workspace.conftest import Repo

from codesession.workspace.history import parse_differences


@pytest.mark.parametrize(
    ("output", "letters", "renames"),
    [
        pytest.param(b"", {}, {}, id="nothing"),
        pytest.param(b"M\0a\nb\0D\0c\0T\0d\0", {b"a\nb": "M", b"c": "D", b"d": "T"}, {}, id="one-name-each"),
        pytest.param(b"R100\0old\0new\0", {b"old": "D", b"new": "A"}, {b"old": b"new"}, id="renamed"),
        pytest.param(
            b"C100\0old\0one\0R090\0old\0two\0",
            {b"one": "A", b"two": "A", b"old": "D"},
            {b"old": b"two"},
            id="copied-then-renamed",
        ),
    ],
)
def test_a_comparison_reads_as(output: bytes, letters: dict[bytes, str], renames: dict[bytes, bytes]) -> None:
    assert parse_differences(output) == (letters, renames)


# --- history that was rewritten, or is elsewhere ---


def test_an_amended_commit_is_the_one_that_counts(repo: Repo) -> None:
    repo.commit("to amend", "a.txt", when_s=1_000_000_000)
    work = repo.begin()
    repo.write("b.txt", "amended\n")
    repo.git("commit", "--quiet", "--all", "--amend", "--message", "amended")
    assert work.files() == {"b.txt": "modified"}
    assert work.subjects() == ["amended"]


def test_a_rebase_leaves_the_new_commits(repo: Repo) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.commit("old work", "a.txt", when_s=1_000_000_000)
    work = repo.begin()
    repo.git("checkout", "--quiet", "-b", "upstream", base)
    repo.commit("upstream", "b.txt")
    repo.git("checkout", "--quiet", "main")
    repo.git("rebase", "--quiet", "upstream")
    assert work.files() == {"b.txt": "modified"}
    assert work.subjects() == ["upstream", "old work"]


def test_a_reset_to_before_the_start_has_no_commits(repo: Repo) -> None:
    repo.commit("to forget", "a.txt", "extra.txt")
    work = repo.begin()
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert work.files() == {"a.txt": "modified", "extra.txt": "deleted"}
    assert work.subjects() == []


def prune(repo: Repo) -> None:
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")


def test_when_the_start_was_pruned_the_commit_before_the_session_takes_its_place(repo: Repo) -> None:
    just_before_s = int(time.time()) - 5
    base = repo.commit("base", "a.txt", when_s=just_before_s)
    start = repo.commit("to vanish", "b.txt", when_s=just_before_s)
    work = repo.begin()
    repo.git("reset", "--quiet", "--hard", base)
    repo.commit("instead", "new.txt")
    prune(repo)
    changes = work.changes()
    assert [(file.path, file.change) for file in changes.files] == [("new.txt", ChangeType.CREATED)]
    assert [commit.message for commit in changes.commits] == ["instead"]
    assert changes.problems == [f"The start commit {start} is gone: changes are counted from {base} on."]


def test_when_nothing_is_older_than_the_session_everything_is_its_work(unborn: Repo) -> None:
    unborn.commit("to vanish", "a.txt", when_s=1_000_000_000)
    work = unborn.begin()
    unborn.git("update-ref", "-d", "HEAD")
    assert {path: change for path, change in work.files().items() if path != "a.txt"} == {}
    unborn.commit("instead", "b.txt")
    prune(unborn)
    changes = work.changes()
    assert {file.path: file.change for file in changes.files} == {
        "a.txt": ChangeType.CREATED,
        "b.txt": ChangeType.CREATED,
    }
    assert changes.problems == [
        f"The start commit {work.scope.head} is gone: changes are counted from the first commit on."
    ]


@pytest.mark.parametrize("start", ["--output=planted", "HEAD", "main"])
def test_a_start_that_is_no_hash_is_never_given_to_git(repo: Repo, start: str) -> None:
    root = str(repo.root)
    changes = changes_since(root, root, start, [], int(time.time() * 1000), now_ms=0)
    assert changes.problems[0].startswith(f"The start commit {start} is gone")
    assert not (repo.root / "planted").exists()


def test_a_short_start_hash_is_understood(repo: Repo) -> None:
    start = repo.git("rev-parse", "--short", "HEAD")
    repo.commit("work", "a.txt")
    root = str(repo.root)
    assert [file.path for file in changes_since(root, root, start, [], 0, now_ms=0).files] == ["a.txt"]
    repo.git("update-ref", "-d", "HEAD")
    assert changes_since(root, root, start, [], 0, now_ms=0).problems == []


def test_another_branch_brings_its_files_but_only_new_commits(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("long ago", "side.txt", when_s=1_000_000_000)
    repo.git("checkout", "--quiet", "main")
    work = repo.begin()
    repo.git("checkout", "--quiet", "side")
    repo.commit("now", "a.txt")
    assert work.files() == {"a.txt": "modified", "side.txt": "created"}
    assert work.subjects() == ["now"]


# --- commits ---


def test_commits_come_oldest_first_with_full_hash_subject_and_time(repo: Repo) -> None:
    work = repo.begin()
    now_s = work.started_ms // 1000 + 5
    repo.write("a.txt", "1\n")
    repo.git("commit", "--quiet", "--all", "-m", 'wrapped\nsubject "ü"\n\nbody', when_s=now_s)
    hashes = [repo.git("rev-parse", "HEAD")]
    # within one second, and with an older clock: the order is still the order of making
    hashes += [repo.commit(f"number {number}", when_s=now_s - number % 2) for number in range(5)]
    commits = work.changes().commits
    assert [commit.hash for commit in commits] == hashes
    assert commits[0].message == 'wrapped subject "ü"'
    assert commits[0].timestamp_ms == now_s * 1000


def test_a_commit_in_the_second_of_the_start_counts_and_an_older_one_does_not(repo: Repo) -> None:
    work = repo.begin()
    start_s = work.started_ms // 1000
    repo.commit("two seconds before", when_s=start_s - 2)
    repo.commit("within the slack", when_s=start_s)
    assert work.subjects() == ["within the slack"]


def test_a_merge_brings_both_sides_in_order(repo: Repo) -> None:
    work = repo.begin()
    now_s = work.started_ms // 1000
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("side", "side.txt", when_s=now_s + 1)
    repo.git("checkout", "--quiet", "main")
    repo.commit("main", "main.txt", when_s=now_s + 2)
    repo.git("merge", "--quiet", "--no-edit", "side", when_s=now_s + 3)
    assert work.subjects() == ["side", "main", "Merge branch 'side'"]
    assert work.files() == {"main.txt": "created", "side.txt": "created"}


def test_a_conflict_in_the_middle_of_a_merge_is_readable(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write("a.txt", "side\n")
    repo.commit("side", when_s=1_000_000_000)
    repo.git("checkout", "--quiet", "main")
    repo.write("a.txt", "main\n")
    repo.commit("main")
    work = repo.begin()
    with pytest.raises(AssertionError):
        repo.git("merge", "side")
    assert work.files() == {"a.txt": "modified"}


def test_a_parent_comes_before_its_children_whatever_the_clocks_said(repo: Repo) -> None:
    work = repo.begin()
    now_s = work.started_ms // 1000
    repo.commit("parent", when_s=now_s + 10)
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("side", "side.txt", when_s=now_s + 5)
    repo.git("checkout", "--quiet", "main")
    repo.commit("main", "main.txt", when_s=now_s + 1)
    repo.git("merge", "--quiet", "--no-edit", "side", when_s=now_s + 20)
    assert work.subjects() == ["parent", "main", "side", "Merge branch 'side'"]


def put_raw_commit(repo: Repo, when_s: int, header: str, message: bytes) -> None:
    """Commit what git itself would not write."""
    tree, parent = repo.git("rev-parse", "HEAD^{tree}"), repo.git("rev-parse", "HEAD")
    person = f"Ada <ada@example.org> {when_s} +0000"
    raw = f"tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n{header}\n".encode() + message
    repo.git("update-ref", "HEAD", repo.git("hash-object", "-t", "commit", "-w", "--stdin", feed=raw))


def test_an_empty_subject_and_broken_letters_do_no_harm(repo: Repo) -> None:
    work = repo.begin()
    repo.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "")
    repo.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "-F", "-", feed=b"caf\xe9")
    put_raw_commit(repo, work.started_ms // 1000 + 1, "", b"caf\xe9\n")
    assert work.subjects() == ["", "café", "caf\ufffd"]


@pytest.mark.skipif(os.name == "nt", reason="the planted program is a shell script")
def test_signatures_are_not_checked(repo: Repo) -> None:
    program = repo.write(".git/planted", f"#!/bin/sh\necho > '{repo.root}/planted-was-run'\n")
    program.chmod(0o755)
    repo.git("config", "gpg.program", str(program))
    repo.git("config", "log.showSignature", "true")
    work = repo.begin()
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    put_raw_commit(repo, work.started_ms // 1000 + 1, signature, b"signed\n")
    assert work.subjects() == ["signed"]
    assert not (repo.root / "planted-was-run").exists()


def test_ten_thousand_commits_take_less_than_two_seconds(repo: Repo) -> None:
    work = repo.begin()
    now_s = work.started_ms // 1000
    lines = [b"feature done\n"]
    for number in range(10_000):
        lines.append(b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % (now_s + number // 100))
        lines.append(b"data 7\nsubject\n")
        if number == 0:
            lines.append(b"from refs/heads/main^0\n")
        lines.append(b"M 100644 inline f%d.txt\ndata 6\n%05d\n\n" % (number % 50, number))
    lines.append(b"done\n")
    repo.git("-c", "core.compression=0", "fast-import", "--quiet", "--done", feed=b"".join(lines))
    repo.git("reset", "--quiet", "--hard")
    for _ in range(3):  # up to three times, since other tests run at the same time
        before = time.perf_counter()
        changes = work.changes()
        if (seconds := time.perf_counter() - before) < 2:
            break
    assert len(changes.commits) == 10_000
    assert len(changes.files) == 50
    assert seconds < 2
