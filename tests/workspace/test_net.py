from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.conftest import Repo


# --- files ---


def test_committed_staged_unstaged_and_untracked_work_all_count(repo: Repo) -> None:
    work = repo.begin()
    repo.commit("commit", "a.txt", "committed.txt")
    repo.write("staged.txt")
    repo.git("add", "staged.txt")
    repo.write("b.txt", "changed\n")
    repo.write("new dir/untracked.txt")
    assert work.files() == {
        "a.txt": "modified",
        "b.txt": "modified",
        "committed.txt": "created",
        "new dir/untracked.txt": "created",
        "staged.txt": "created",
    }


def test_a_deleted_file_is_deleted_committed_or_not(repo: Repo) -> None:
    work = repo.begin()
    (repo.root / "a.txt").unlink()
    repo.commit("remove a")
    (repo.root / "b.txt").unlink()
    repo.git("rm", "--quiet", "docs/c.txt")
    assert work.files() == {"a.txt": "deleted", "b.txt": "deleted", "docs/c.txt": "deleted"}


def test_what_was_created_and_deleted_again_did_not_happen(repo: Repo) -> None:
    work = repo.begin()
    repo.commit("one", "brief.txt", "shorter.txt")
    (repo.root / "brief.txt").unlink()
    repo.commit("two")
    (repo.root / "shorter.txt").unlink()
    assert work.files() == {}
    assert work.subjects() == ["one", "two"]


def test_a_file_deleted_in_a_commit_and_written_again_is_modified(repo: Repo) -> None:
    work = repo.begin()
    (repo.root / "a.txt").unlink()
    repo.commit("remove a")
    repo.write("a.txt", "another\n")
    assert work.files() == {"a.txt": "modified"}


def test_a_file_taken_out_of_the_index_but_still_there_is_modified(repo: Repo) -> None:
    work = repo.begin()
    repo.git("rm", "--quiet", "--cached", "a.txt")
    assert work.files() == {"a.txt": "modified"}


def test_a_file_taken_out_of_the_index_and_ignored_is_deleted_as_for_git(repo: Repo) -> None:
    repo.write(".gitignore", "a.txt\n")
    repo.commit("ignore")
    work = repo.begin()
    repo.git("rm", "--quiet", "--cached", "a.txt")
    assert work.files() == {"a.txt": "deleted"}


def test_ignored_files_do_not_count(repo: Repo) -> None:
    repo.write(".gitignore", "*.log\n")
    repo.commit("ignore")
    work = repo.begin()
    repo.write("debug.log")
    assert work.files() == {}


def test_a_session_without_a_first_commit_starts_from_nothing(unborn: Repo) -> None:
    unborn.write("before.txt")
    work = unborn.begin()
    assert work.scope.head is None
    unborn.write("pending.txt")
    assert work.files() == {"pending.txt": "created"}
    unborn.git("add", "pending.txt")
    unborn.git("commit", "--quiet", "--message", "first")
    unborn.commit("second", "later.txt")
    assert work.files() == {"before.txt": "created", "later.txt": "created", "pending.txt": "created"}
    assert work.subjects() == ["first", "second"]


def test_a_repository_with_the_longer_hash_works_alike(tmp_path: Path, unborn: Repo) -> None:
    shutil.rmtree(unborn.root / ".git")
    unborn.git("init", "--quiet", "--object-format=sha256")
    work = unborn.begin()
    unborn.commit("first", "a.txt")
    assert work.files() == {"a.txt": "created"}
    assert len(work.changes().commits[0].hash) == 64
    assert not (tmp_path / ".git").exists()


def test_a_branch_without_commits_begun_in_the_session_keeps_the_files(repo: Repo) -> None:
    work = repo.begin()
    repo.git("checkout", "--quiet", "--orphan", "fresh")
    repo.git("rm", "--quiet", "--force", "a.txt")
    files = work.files()
    assert files == {"a.txt": "deleted", "b.txt": "modified", "docs/c.txt": "modified"}
    assert work.subjects() == []


# --- what was uncommitted at the start ---


def test_what_was_dirty_before_and_left_alone_does_not_count(repo: Repo) -> None:
    repo.write("a.txt", "dirty\n")
    repo.write("untracked.txt")
    repo.write("staged.txt")
    repo.git("add", "staged.txt")
    (repo.root / "b.txt").unlink()
    work = repo.begin()
    repo.git("add", "untracked.txt")
    assert work.files() == {}


def test_what_was_dirty_before_and_changed_again_is_modified(repo: Repo) -> None:
    repo.write("a.txt", "dirty\n")
    repo.write("untracked.txt")
    work = repo.begin()
    repo.write("a.txt", "dirtier\n")
    repo.write("untracked.txt", "more lines\nthan before\n")
    assert work.files() == {"a.txt": "modified", "untracked.txt": "modified"}


def test_a_change_of_the_same_length_is_seen_by_its_time(repo: Repo) -> None:
    path = repo.write("untracked.txt", "one")
    os.utime(path, ns=(0, 1_000_000_000))
    work = repo.begin()
    repo.write("untracked.txt", "two")
    assert work.files() == {"untracked.txt": "modified"}


def test_what_was_dirty_before_and_is_clean_again_is_modified(repo: Repo) -> None:
    repo.write("a.txt", "dirty\n")
    work = repo.begin()
    repo.git("checkout", "--quiet", "--", "a.txt")
    assert work.files() == {"a.txt": "modified"}


def test_what_was_untracked_before_and_is_gone_is_deleted(repo: Repo) -> None:
    repo.write("scratch.txt")
    repo.write("folder")
    work = repo.begin()
    (repo.root / "scratch.txt").unlink()
    (repo.root / "folder").unlink()
    repo.write("folder/file")
    assert work.files() == {"folder": "deleted", "folder/file": "created", "scratch.txt": "deleted"}


def test_what_was_deleted_before_and_is_back_is_created(repo: Repo) -> None:
    (repo.root / "a.txt").unlink()
    work = repo.begin()
    repo.git("checkout", "--quiet", "--", "a.txt")
    assert work.files() == {"a.txt": "created"}


def test_what_was_dirty_before_and_is_committed_in_the_session_counts(repo: Repo) -> None:
    repo.write("a.txt", "dirty\n")
    repo.write("untracked.txt")
    work = repo.begin()
    repo.commit("commit what was there")
    assert work.files() == {"a.txt": "modified", "untracked.txt": "created"}


def test_what_was_untracked_before_and_is_ignored_now_does_not_count(repo: Repo) -> None:
    repo.write("scratch.txt")
    work = repo.begin()
    repo.write(".gitignore", "scratch.txt\n")
    assert work.files() == {".gitignore": "created"}


# --- renames ---


def test_a_committed_rename_is_its_new_name_modified(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "docs/renamed a.txt")
    repo.commit("rename", "docs/renamed a.txt")
    assert work.files() == {"docs/renamed a.txt": "modified"}


def test_a_staged_rename_is_its_new_name_modified(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "renamed.txt")
    assert work.files() == {"renamed.txt": "modified"}


def test_a_file_renamed_twice_is_its_last_name(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "second.txt")
    repo.commit("rename")
    repo.git("mv", "second.txt", "third.txt")
    assert work.files() == {"third.txt": "modified"}


def test_a_file_renamed_there_and_back_is_modified(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "b2.txt")
    repo.commit("there")
    repo.git("mv", "b2.txt", "a.txt")
    assert work.files() == {"a.txt": "modified"}


def test_an_old_name_used_again_is_modified_and_the_new_one_created(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "renamed.txt")
    repo.commit("rename")
    repo.write("a.txt", "something else\n")
    assert work.files() == {"a.txt": "modified", "renamed.txt": "created"}


def test_a_renamed_file_that_is_then_deleted_is_the_old_one_deleted(repo: Repo) -> None:
    work = repo.begin()
    repo.git("mv", "a.txt", "renamed.txt")
    repo.commit("rename")
    (repo.root / "renamed.txt").unlink()
    assert work.files() == {"a.txt": "deleted"}


def test_a_file_that_became_two_is_one_moved_and_one_created(repo: Repo) -> None:
    work = repo.begin()
    shutil.copy(repo.root / "a.txt", repo.root / "one.txt")
    (repo.root / "a.txt").rename(repo.root / "two.txt")
    repo.commit("split")
    assert sorted(work.files().values()) == ["created", "modified"]


def test_a_dirty_file_that_is_renamed_and_committed_is_its_new_name(repo: Repo) -> None:
    repo.commit("dirty soon", "a.txt")
    repo.write("a.txt", (repo.root / "a.txt").read_text() + "dirty\n")
    work = repo.begin()
    repo.git("mv", "a.txt", "renamed.txt")
    repo.commit("rename")
    assert work.files() == {"renamed.txt": "modified"}


def test_renames_are_found_whatever_the_user_has_configured(repo: Repo) -> None:
    for name, value in {
        "diff.renames": "false",
        "status.renames": "false",
        "diff.relative": "true",
        "diff.external": "false",
        "status.showUntrackedFiles": "no",
        "color.ui": "always",
        "core.quotePath": "true",
        "i18n.logOutputEncoding": "ISO-8859-1",
    }.items():
        repo.git("config", name, value)
    work = repo.begin()
    repo.git("mv", "a.txt", "docs/ü.txt")
    repo.commit("rename ü")
    repo.git("mv", "b.txt", "docs/ö.txt")
    repo.write("new.txt")
    assert work.files() == {"docs/ö.txt": "modified", "docs/ü.txt": "modified", "new.txt": "created"}
    assert work.subjects() == ["rename ü"]


def test_without_the_contents_a_rename_is_a_deletion_and_a_creation(repo: Repo) -> None:
    # A partial clone lacks old contents, which comparing similar files would need.
    content = repo.git("rev-parse", "HEAD:a.txt")
    work = repo.begin()
    repo.git("mv", "a.txt", "renamed.txt")
    repo.commit("rename", "renamed.txt")
    stored = repo.root / ".git" / "objects" / content[:2] / content[2:]
    stored.chmod(0o644)
    stored.unlink()
    assert work.files() == {"a.txt": "deleted", "renamed.txt": "created"}
