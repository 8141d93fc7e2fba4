from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from codesession.model import FileMark, Scope
from codesession.workspace import find_scope, mark_uncommitted
from codesession.workspace.marks import Pending, parse_status

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.conftest import Repo


def test_a_clean_repository_has_no_marks(repo: Repo) -> None:
    assert mark_uncommitted(find_scope(repo.root)) == []


def test_outside_git_there_are_no_marks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert mark_uncommitted(find_scope(tmp_path)) == []


def test_every_uncommitted_file_is_marked_with_its_look(repo: Repo) -> None:
    repo.write(".gitignore", "ignored\n")
    repo.commit("ignore")
    repo.write("ignored")
    new = repo.write("new/deep.txt", "12345")
    staged = repo.write("staged.txt", "123")
    repo.git("add", "staged.txt")
    changed = repo.write("a.txt", "1")
    (repo.root / "b.txt").unlink()
    marks = {mark.path: mark for mark in mark_uncommitted(find_scope(repo.root))}
    assert marks == {
        "a.txt": FileMark("a.txt", 1, changed.stat().st_mtime_ns),
        "b.txt": FileMark("b.txt", None, None),
        "new/deep.txt": FileMark("new/deep.txt", 5, new.stat().st_mtime_ns),
        "staged.txt": FileMark("staged.txt", 3, staged.stat().st_mtime_ns),
    }


def test_a_marked_path_keeps_its_spaces_quotes_and_letters(repo: Repo) -> None:
    names = {" lead", "ü ö.txt", "日本/é.md"} | ({"q\"uo'te", "new\nline", "tab\t"} if os.name != "nt" else set())
    for name in names:
        repo.write(name)
    assert {mark.path for mark in mark_uncommitted(find_scope(repo.root))} == names


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_symlink_is_marked_as_itself(repo: Repo) -> None:
    (repo.root / "dangling").symlink_to("nowhere")
    [mark] = mark_uncommitted(find_scope(repo.root))
    assert mark.size == len("nowhere")


def test_a_repository_inside_the_repository_is_its_own_matter(repo: Repo) -> None:
    repo.git("init", "--quiet", "inner")
    repo.write("inner/file")
    assert mark_uncommitted(find_scope(repo.root)) == []


def test_a_repository_that_cannot_be_read_has_no_marks(repo: Repo) -> None:
    repo.write("new.txt")
    scope = find_scope(repo.root)
    (repo.root / ".git" / "index").write_bytes(b"not an index")
    assert mark_uncommitted(scope) == []


def test_marking_writes_nothing_into_the_repository(repo: Repo) -> None:
    os.utime(repo.root / "a.txt", ns=(1, 1))  # git would like to note the new time in its index
    before = (repo.root / ".git" / "index").read_bytes()
    mark_uncommitted(find_scope(repo.root))
    assert (repo.root / ".git" / "index").read_bytes() == before


def test_a_program_named_by_the_repository_is_not_run(repo: Repo) -> None:
    repo.git("config", "core.fsmonitor", "touch fsmonitor-was-run; false")
    mark_uncommitted(find_scope(repo.root))
    assert not (repo.root / "fsmonitor-was-run").exists()


def test_a_scope_whose_directory_is_gone_has_no_marks(tmp_path: Path) -> None:
    assert mark_uncommitted(Scope(str(tmp_path / "gone"), str(tmp_path / "gone"))) == []


CONFLICT = (
    b"u AA N... 000000 100644 100644 100644 1 2 3 both.txt\0u UA N... 000000 000000 100644 100644 1 2 3 theirs.txt\0"
)


@pytest.mark.parametrize(
    ("output", "entries"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"? a b\0", [Pending(b"a b", in_head=False, on_disk=True)], id="untracked"),
        pytest.param(b"? nested/\0", [], id="repository-inside"),
        pytest.param(
            b"1 .D N... 100644 100644 000000 1 2 gone\0", [Pending(b"gone", in_head=True, on_disk=False)], id="deleted"
        ),
        pytest.param(
            b"2 R. N... 100644 100644 100644 1 2 R90 new name\0old name\0",
            [
                Pending(b"new name", in_head=False, on_disk=True, old_path=b"old name"),
                Pending(b"old name", in_head=True, on_disk=False),
            ],
            id="renamed",
        ),
        pytest.param(
            b"2 C. N... 100644 100644 100644 1 2 C90 copy\0model\0? next\0",
            [Pending(b"copy", in_head=False, on_disk=True), Pending(b"next", in_head=False, on_disk=True)],
            id="copied",
        ),
        pytest.param(
            CONFLICT,
            [Pending(b"both.txt", in_head=True, on_disk=True), Pending(b"theirs.txt", in_head=False, on_disk=True)],
            id="in-conflict",
        ),
    ],
)
def test_a_status_reads_as(output: bytes, entries: list[Pending]) -> None:
    assert list(parse_status(output)) == entries
