"""Which files and commits are a session's work?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesession.model import Commit, FileChange, FileMark
from codesession.workspace import git
from codesession.workspace.history import read_history
from codesession.workspace.marks import look, read_pending
from codesession.workspace.names import text_to_directory, to_raw, to_text
from codesession.workspace.net import Sources, net_changes
from codesession.workspace.scope import Checkout, find_checkout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model import Scope
    from codesession.workspace.marks import Pending


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a scope: `files` by path, `commits` oldest first, and in sentences what could not be read."""

    files: list[FileChange] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def changes_since(
    scope_directory: str,
    git_root: str | None,
    start_head: str | None,
    marks: Sequence[FileMark],
    started_ms: int,
    *,
    now_ms: int,
    here: Scope | None = None,
    git_wait_s: float = git.DEFAULT_WAIT_S,
) -> Changes:
    """What changed in `git_root` since `started_ms` (milliseconds since the epoch), from the commit `start_head` on.

    `start_head` None means that there was no commit yet. What `marks` remember and still looks the same is
    not counted, unless it was committed. Paths are relative to `git_root`, with forward slashes. A renamed
    file is its new name, modified. A file's time is its own or, once it is deleted, that of the last commit
    or `now_ms`; never before the start.

    `here` is a scope found just now: if it is that of `git_root`, git is asked once less.

    Raises nothing for the state a repository is in: what could not be read is named in `problems`. Empty
    outside git. Each git process may take `git_wait_s` seconds.
    """
    if git_root is None:
        return Changes()
    root = text_to_directory(git_root)
    try:
        if here and here.git_root == git_root:
            checkout: Checkout | None = Checkout(root.resolve(), here.head)
        else:
            checkout = find_checkout(root, wait_s=git_wait_s)
    except git.GitFailed as failure:
        return Changes(problems=[f"{failure.message} What changed in {scope_directory} is not known."])
    if checkout is None or checkout.root != root.resolve():
        return Changes(problems=[f"No git repository can be read at {scope_directory}: what changed is not known."])

    history = read_history(root, start_head, checkout.head, started_ms, wait_s=git_wait_s)
    problems = list(history.problems)
    pending: dict[bytes, Pending] = {}
    marked: dict[bytes, FileMark] = {}
    try:
        pending = read_pending(root, wait_s=git_wait_s)
        marked = {to_raw(mark.path): mark for mark in marks}
    except git.GitFailed as failure:
        problems.append(f"{failure.message} Uncommitted changes are not known.")

    seen = {path: look(root, path) for path in sorted({*history.letters, *pending, *marked})}
    files = []
    for path, change in net_changes(Sources(history, pending, marked, seen)).items():
        now = seen[path]
        if now is not None:
            when_ms = now.mtime_ns // 1_000_000
        elif path in history.letters and history.commits:
            when_ms = history.commits[-1].timestamp_ms
        else:
            when_ms = now_ms
        files.append(FileChange(to_text(path), change, max(when_ms, started_ms)))
    return Changes(files, history.commits, problems)
