"""Does the system tell what is touched, and is it said when it cannot?"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psutil
import pytest

from codesession.workspace.touched import WatchFailed, touched_files

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from codesession.workspace.touched import Touched

WAIT_S = 20


def until(touches: Generator[Touched, None, None], is_enough: Callable[[Touched], bool]) -> Touched:
    """All that was touched until that is enough."""
    deadline = time.monotonic() + WAIT_S
    seen: Touched = {}
    for touched in touches:
        seen |= touched
        if is_enough(seen):
            break
        assert time.monotonic() < deadline, seen
    return seen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    return tmp_path.resolve() / "root"


def test_what_is_touched_anywhere_below_is_told_and_gits_own_files_are_not(root: Path) -> None:
    (root / ".git").mkdir()
    with closing(touched_files(root)) as touches:
        assert next(touches) == {}
        (root / ".git" / "index").touch()
        (root / "sub" / "new.txt").write_text("x")
        seen = until(touches, lambda seen: b"sub/new.txt" in seen)
        assert seen[b"sub/new.txt"]
        (root / "sub" / "new.txt").unlink()
        (root / "last.txt").touch()
        seen |= until(touches, lambda seen: b"last.txt" in seen and b"sub/new.txt" in seen)
    assert not any(b".git" in path for path in seen)


def test_closing_leaves_no_thread(root: Path) -> None:
    before = psutil.Process().num_threads()
    with closing(touched_files(root)) as touches:
        next(touches)
    deadline = time.monotonic() + WAIT_S
    while psutil.Process().num_threads() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are Unicode there")
def test_a_name_that_is_not_unicode_takes_none_of_the_others_with_it(root: Path) -> None:
    odd = b"caf\xe9"
    (root / "node").mkdir()
    (root / "node" / "old.txt").touch()
    os.utime(root / "node" / "old.txt", (1000, 1000))
    with closing(touched_files(root)) as touches:
        next(touches)
        (root / "sub" / "before.txt").touch()
        (root / os.fsdecode(odd)).touch()
        seen = until(touches, lambda seen: {b"sub/before.txt", odd} <= seen.keys())
        assert b"node/old.txt" not in seen
        (root / "after.txt").touch()
        until(touches, lambda seen: b"after.txt" in seen)


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are Unicode there")
def test_a_system_that_fails_again_and_again_is_left_alone(root: Path) -> None:
    count = 0
    with pytest.raises(WatchFailed, match="Unable to decode"), closing(touched_files(root)) as touches:  # noqa: PT012
        next(touches)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            count += 1
            (root / os.fsdecode(b"\xff%d" % count)).touch()
            next(touches)


def test_a_directory_that_is_deleted_or_replaced_is_not_watched_any_longer(root: Path) -> None:
    with closing(touched_files(root)) as touches:
        next(touches)
        shutil.rmtree(root)
        root.mkdir()
        with pytest.raises(WatchFailed, match=r"root is gone"):
            until(touches, lambda _seen: False)


@pytest.mark.parametrize("there", [True, False], ids=["the-whole-file-system", "nothing"])
def test_what_cannot_be_watched_is_said(tmp_path: Path, *, there: bool) -> None:
    root = tmp_path.resolve().root if there else tmp_path / "nothing"
    with pytest.raises(WatchFailed, match="whole file system" if there else "is gone"):
        next(touched_files(tmp_path.joinpath(root)))
