"""Which files count as a session's work, and which does everybody leave out?

In a git repository git decides, asked anew each time, so that a ``.gitignore`` counts from the moment it is saved; a
repository inside it is a scope of its own. Outside git what is hidden, built or installed is left out by its name.
Nothing counts that lies behind a symlink: it is somewhere else.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Protocol

from codesession.workspace import git

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

SNAPSHOT = 50_000
"""Files of one directory that are looked at, at most."""
_UNCOUNTED = frozenset({b"node_modules", b"dist", b"build", b"__pycache__"})
_DOT = b"."
_GIT = b".git"
_HERE = b"./"
_SOME, _NONE = 0, 1
"""exit statuses of ``git check-ignore``: some path is ignored, none is"""


class Rules(Protocol):
    """What counts in one kind of scope; paths are relative to its root."""

    def may_enter(self, directory: bytes) -> bool:
        """Whether files in `directory` can count, if those beside it can."""
        ...

    def left_out(self, paths: Sequence[bytes]) -> set[bytes]:
        """Those of `paths` that do not count; they may be gone."""
        ...


class GitRules:
    """What git would show as untracked or changed in the work tree `root`; `submodules` are those of its start."""

    def __init__(self, root: Path, submodules: Collection[bytes], *, wait_s: float) -> None:
        """`wait_s` is how many seconds git may take for one answer."""
        self._root = os.fsencode(root)
        self._submodules = submodules
        self._root_path = root
        self._wait_s = wait_s

    def may_enter(self, directory: bytes) -> bool:
        """Not git's own directory, another repository, or somewhere else."""
        full = self._root + b"/" + directory
        if directory.rpartition(b"/")[2] == _GIT or directory in self._submodules:
            return False
        return not _is_symlink(full) and not os.path.lexists(full + b"/" + _GIT)

    def left_out(self, paths: Sequence[bytes]) -> set[bytes]:
        """What git ignores; a tracked file is not ignored, whatever its name.

        Raises `GitFailed` when git does not say.
        """
        if not paths:
            return set()
        # With "./" in front no name can be taken for an option or for pathspec magic.
        feed = b"".join(_HERE + path + b"\0" for path in paths)
        answer = git.ask(self._root_path, ("check-ignore", "-z", "--stdin"), wait_s=self._wait_s, feed=feed)
        if answer.status not in (_SOME, _NONE):
            reason = answer.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise git.GitFailed(f"git check-ignore failed ({reason or f'exit status {answer.status}'}).")
        return {path.removeprefix(_HERE) for path in answer.stdout.split(b"\0")}


class NameRules:
    """What is neither hidden nor built nor installed, by its name, below `root`."""

    def __init__(self, root: Path) -> None:
        """Outside git there is nobody to ask."""
        self._root = os.fsencode(root)

    def may_enter(self, directory: bytes) -> bool:
        """Not a directory that programs fill, or somewhere else."""
        name = directory.rpartition(b"/")[2]
        return not (name.startswith(_DOT) or name in _UNCOUNTED or _is_symlink(self._root + b"/" + directory))

    def left_out(self, paths: Sequence[bytes]) -> set[bytes]:
        """The dotfiles."""
        return {path for path in paths if path.rpartition(b"/")[2].startswith(_DOT)}


def countable(rules: Rules, paths: Collection[bytes]) -> list[bytes]:
    """Those of `paths` that count, sorted; raises `GitFailed` when git does not say."""
    known: dict[bytes, bool] = {}

    def is_reachable(path: bytes) -> bool:
        end = path.find(b"/")
        while end != -1:
            directory = path[:end]
            if directory not in known:
                known[directory] = rules.may_enter(directory)
            if not known[directory]:
                return False
            end = path.find(b"/", end + 1)
        return True

    reachable = sorted(path for path in paths if is_reachable(path))
    left_out = rules.left_out(reachable)
    return [path for path in reachable if path not in left_out]


def files_below(root: Path, directory: bytes, may_enter: Callable[[bytes], bool]) -> Iterator[bytes]:
    """The files below `directory`, which is empty for `root` itself, in every directory that one may enter."""
    waiting = [directory]
    while waiting:
        here = waiting.pop()
        if here and not may_enter(here):
            continue
        try:
            with os.scandir(os.fsencode(root) + b"/" + here) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:  # gone meanwhile, or not ours to read: nothing is known of it
            continue
        for name, is_directory in found:
            path = here + b"/" + name if here else name
            if is_directory:
                waiting.append(path)
            else:
                yield path


def is_directory(full: bytes) -> bool:
    """Whether there is a directory, not a symlink to one, at this path."""
    return stat.S_ISDIR(_mode(full))


def _is_symlink(full: bytes) -> bool:
    return stat.S_ISLNK(_mode(full))


def _mode(full: bytes) -> int:
    """The mode of what is at this path; 0, which is neither, when there is nothing to be seen."""
    try:
        return os.lstat(full).st_mode
    except OSError:
        return 0
