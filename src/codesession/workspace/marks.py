"""What is not committed now, and what does each such file look like?"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import FileMark, Scope
from codesession.workspace import git
from codesession.workspace.names import text_to_directory, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Submodules count when they stand at another commit; what is uncommitted inside one is its own scope's matter.
_STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--find-renames",
    "--ignore-submodules=dirty",
    "--",
)
_ABSENT = b"000000"

# Fields before the path, the path included, in `git status --porcelain=v2` (git-status(1), "Changed Tracked
# Entries"), and where in them the modes in HEAD and in the work tree stand.
_SHAPES = {
    b"1": (9, 3, 5),  # 1 XY sub mH mI mW hH hI path
    b"2": (10, 3, 5),  # 2 XY sub mH mI mW hH hI Xscore path, then the old path as an entry of its own
    b"u": (11, 4, 6),  # u XY sub m1 m2 m3 mW h1 h2 h3 path; stage 2 is ours, which is HEAD
}


class Look(NamedTuple):
    """Size in bytes and modification time in nanoseconds since the epoch of a file that exists."""

    size: int
    mtime_ns: int


class Pending(NamedTuple):
    """One path that is not committed as it stands."""

    path: bytes
    in_head: bool
    """whether the commit checked out has a file of this name"""
    on_disk: bool
    old_path: bytes | None = None
    """the name in HEAD, when git sees a rename"""


def mark_uncommitted(scope: Scope, *, git_wait_s: float = git.DEFAULT_WAIT_S) -> list[FileMark]:
    """The look of every file of `scope` that is uncommitted or untracked (not ignored) now.

    Empty outside git, and when git gives no status within `git_wait_s` seconds: a session may begin in a
    broken repository, and `changes_since` says at its end what is wrong.
    """
    if scope.git_root is None:
        return []
    root = text_to_directory(scope.git_root)
    try:
        pending = read_pending(root, wait_s=git_wait_s)
    except git.GitFailed:
        return []
    return [_mark(root, path) for path in pending]


def _mark(root: Path, path: bytes) -> FileMark:
    """The look of the file `path` below `root`, as it is kept."""
    seen = look(root, path)
    return FileMark(to_text(path), None, None) if seen is None else FileMark(to_text(path), seen.size, seen.mtime_ns)


def look(root: Path, path: bytes) -> Look | None:
    """How the file `path` below `root` looks, a symlink as itself; None when there is none.

    A directory is no file, unless it is a submodule.
    """
    full = os.fsencode(root) + b"/" + path
    try:
        seen = os.lstat(full)
    except OSError:  # gone, its parent is a file now, or it may not be seen: not there for us
        return None
    if not stat.S_ISDIR(seen.st_mode):
        return Look(seen.st_size, seen.st_mtime_ns)
    is_submodule = os.path.lexists(full + b"/.git")
    return Look(0, seen.st_mtime_ns) if is_submodule else None


def read_pending(root: Path, *, wait_s: float) -> dict[bytes, Pending]:
    """Every uncommitted path in the work tree `root`, by path; raises `GitFailed`."""
    pending: dict[bytes, Pending] = {}
    for entry in parse_status(git.read(root, _STATUS, wait_s=wait_s)):
        earlier = pending.get(entry.path)
        pending[entry.path] = entry if earlier is None else _joined(earlier, entry)
    return pending


def _joined(one: Pending, other: Pending) -> Pending:
    """Two entries of one path: it left the index, and is there under the same name, untracked."""
    return Pending(
        one.path,
        in_head=one.in_head or other.in_head,
        on_disk=one.on_disk or other.on_disk,
        old_path=one.old_path or other.old_path,
    )


def parse_status(output: bytes) -> Iterator[Pending]:
    """The entries of ``git status --porcelain=v2 -z``; a rename also yields its old name, as gone."""
    parts = iter(output.split(b"\0"))
    for part in parts:
        kind = part[:1]
        if kind == b"?":
            if not part.endswith(b"/"):  # with a slash it is another repository: a scope of its own
                yield Pending(part[2:], in_head=False, on_disk=True)
        elif kind in _SHAPES:
            count, head, work_tree = _SHAPES[kind]
            fields = part.split(b" ", count - 1)
            path, on_disk = fields[-1], fields[work_tree] != _ABSENT
            if kind == b"2":
                old_path = next(parts)
                is_rename = fields[8].startswith(b"R")
                yield Pending(path, in_head=False, on_disk=on_disk, old_path=old_path if is_rename else None)
                if is_rename:
                    yield Pending(old_path, in_head=True, on_disk=False)
            else:
                yield Pending(path, in_head=fields[head] != _ABSENT, on_disk=on_disk)
