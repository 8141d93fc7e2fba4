"""Where does a session belong? To the git root, or to the directory when there is none."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from codesession.errors import InvalidInput
from codesession.model import Scope
from codesession.workspace import git
from codesession.workspace.names import directory_to_text

# rev-parse writes the root, which may hold newlines, then the commit, or the word HEAD if there is none yet
_WHERE = re.compile(rb"(?P<root>.+)\n(?:(?P<head>[0-9a-f]{40,64})|HEAD)\n", re.DOTALL)
_BRANCH = b"refs/heads/"


class Checkout(NamedTuple):
    """A work tree: its `root`, with symlinks resolved, and the commit checked out, if there is one."""

    root: Path
    head: str | None


def find_scope(directory: Path, *, with_branch: bool = True, git_wait_s: float = git.DEFAULT_WAIT_S) -> Scope:
    """The scope of `directory`, asking git at most twice, for `git_wait_s` seconds each; once without the branch.

    A worktree and a submodule are their own root. A bare repository, the inside of ``.git``, a repository
    that git refuses to read and a machine without git count as outside git. The branch of a repository
    without commits is the one its first commit will be on.

    Raises `InvalidInput` when `directory` does not exist, `GitFailed` when git does not answer in time: a
    guess would put the session into the wrong scope.
    """
    try:
        resolved = directory.resolve(strict=True)
        is_directory = resolved.is_dir()
    except (OSError, ValueError) as problem:
        raise InvalidInput(f"The directory {_shown(directory)} does not exist or cannot be entered.") from problem
    if not is_directory:
        raise InvalidInput(f"{_shown(directory)} is not a directory.")
    checkout = find_checkout(resolved, wait_s=git_wait_s)
    if checkout is None:
        return Scope(directory_to_text(resolved))
    root = directory_to_text(checkout.root)
    branch = _branch(checkout.root, git_wait_s) if with_branch else None
    return Scope(root, git_root=root, head=checkout.head, branch=branch)


def find_checkout(directory: Path, *, wait_s: float) -> Checkout | None:
    """The work tree that holds `directory`, or None outside git; raises `GitFailed` after `wait_s` seconds."""
    try:
        answer = git.ask(directory, ("rev-parse", "--show-toplevel", "HEAD"), wait_s=wait_s)
    except git.GitMissing:
        return None
    found = _WHERE.fullmatch(answer.stdout)
    if found is None:
        return None
    head = found["head"]
    return Checkout(Path(os.fsdecode(found["root"])).resolve(), None if head is None else head.decode())


def _branch(root: Path, wait_s: float) -> str | None:
    answer = git.ask(root, ("symbolic-ref", "--quiet", "HEAD"), wait_s=wait_s)
    full = answer.stdout.removesuffix(b"\n")
    return full.removeprefix(_BRANCH).decode("utf-8", "replace") if full else None


def _shown(directory: Path) -> str:
    return str(directory).encode("utf-8", "replace").decode()
