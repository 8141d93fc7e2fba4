from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from codesession.workspace.untracked import additions, count_lines

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="such files are POSIX's")


@pytest.mark.parametrize(
    ("content", "lines"), [(b"", 0), (b"x", 1), (b"x\n", 1), (b"x\ny", 2), (b"\n\n", 2), (b"x\0\n", None)]
)
def test_lines_are_counted_as_a_diff_does(tmp_path: Path, content: bytes, lines: int | None) -> None:
    (tmp_path / "f").write_bytes(content)
    assert count_lines(tmp_path.resolve(), b"f") == lines


def test_what_is_gone_adds_nothing(tmp_path: Path) -> None:
    assert additions(tmp_path.resolve(), b"gone", 100) == (b"", False)
    assert count_lines(tmp_path.resolve(), b"gone") is None


@posix
def test_neither_a_pipe_nor_what_lies_behind_a_symlinked_directory_is_read(tmp_path: Path) -> None:
    root = (tmp_path / "repo").resolve()
    root.mkdir()
    (tmp_path / "secret").write_text("a secret\n")
    (root / "out").symlink_to("..")
    os.mkfifo(root / "pipe")
    assert additions(root, b"out/secret", 100) == (b"", False)
    assert additions(root, b"pipe", 100) == (b"", False)


@posix
def test_a_program_and_an_odd_name_are_written_as_git_does(tmp_path: Path) -> None:
    (tmp_path / "a\x01b\x7f").write_text("x\n")
    (tmp_path / "a\x01b\x7f").chmod(0o755)
    assert additions(tmp_path.resolve(), b"a\x01b\x7f", 100)[0] == (
        b'diff --git "a/a\\001b\\177" "b/a\\001b\\177"\nnew file mode 100755\n'
        b'--- /dev/null\n+++ "b/a\\001b\\177"\n@@ -0,0 +1 @@\n+x\n'
    )


def test_a_long_file_is_cut_without_a_word_on_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abc\ndef")
    assert additions(tmp_path.resolve(), b"f", 5) == (
        b"diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+abc\n+d\n",
        True,
    )
