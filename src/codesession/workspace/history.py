"""What did the commits between two points change, and which commits are they?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesession.model import Commit
from codesession.workspace import git

if TYPE_CHECKING:
    from pathlib import Path

# The tree without files exists in every repository (git knows it by heart); its hash depends on the hash function.
_EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",  # SHA-1
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",  # SHA-256
}
_HASH = re.compile(r"[0-9a-f]{4,64}")
_DIFF = ("diff-tree", "-r", "-z", "--name-status", "--no-ext-diff", "--no-textconv")
_LOG = ("log", "-z", "--format=%H%x00%ct%x00%s", "--no-color", "--date-order", "--reverse")
_LOG_FIELDS = 3
_SLACK_MS = 1000
"""commit times are whole seconds: a commit made right after the start may seem to be from just before it"""


@dataclass(frozen=True, slots=True)
class History:
    """How the trees of two commits differ, and the commits on the way."""

    letters: dict[bytes, str] = field(default_factory=dict)
    """git's letter for every path that differs; a rename is D for the old name and A for the new one"""
    renames: dict[bytes, bytes] = field(default_factory=dict)
    """the new name of every old one"""
    commits: list[Commit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_history(root: Path, start: str | None, head: str | None, started_ms: int, *, wait_s: float) -> History:
    """What was committed in `root` from the commit `start` to `head`; None means that there is no commit.

    Commits count when they were made since `started_ms` (milliseconds since the epoch). When `start` is no
    longer stored, since it was rewritten and pruned, the newest commit from before the session takes its place.
    """
    first_second = _first_second(started_ms)
    letters: dict[bytes, str] = {}
    renames: dict[bytes, bytes] = {}
    commits: list[Commit] = []
    problems: list[str] = []
    try:
        found = find_start(root, start, head, started_ms, wait_s=wait_s)
        if start and not (found or "").startswith(start):  # it may have been told in short
            instead = found or "the first commit"
            problems.append(f"The start commit {start} is gone: changes are counted from {instead} on.")
        start = found
        if start != head and head is not None:
            commits = _read_commits(root, start, head, first_second, wait_s)
        if start != head:
            differences = _read_differences(root, tree_of(start, head), tree_of(head, start), wait_s)
            letters, renames = parse_differences(differences)
    except git.GitFailed as failure:
        problems.append(f"{failure.message} Committed changes are incomplete.")
    return History(letters, renames, commits, problems)


def find_start(root: Path, start: str | None, head: str | None, started_ms: int, *, wait_s: float) -> str | None:
    """From which commit on a session counts that began at `start`; None: from the first one on. Raises `GitFailed`.

    When `start` is no longer stored, that is the newest commit before `head` from before `started_ms`.
    """
    found = start if start in (None, head) else _find_commit(root, start, wait_s)
    if found is None and start and head:
        return _newest_before(root, head, _first_second(started_ms), wait_s)
    return found


def _first_second(started_ms: int) -> int:
    """The first whole second in which a commit of a session can have been made."""
    return -((_SLACK_MS - started_ms) // 1000)


def tree_of(commit: str | None, other: str | None = None) -> str:
    """What to compare with `commit`; where there is none, that is the empty tree, of `other`'s hash function."""
    return commit or _EMPTY_TREE[len(other or "") or 40]


def _find_commit(root: Path, commit: str, wait_s: float) -> str | None:
    if _HASH.fullmatch(commit) is None:
        return None
    answer = git.ask(root, ("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"), wait_s=wait_s)
    return answer.stdout.decode().strip() or None


def _newest_before(root: Path, head: str, second: int, wait_s: float) -> str | None:
    found = git.read(root, ("rev-list", "--max-count=1", f"--min-age={second - 1}", head, "--"), wait_s=wait_s)
    return found.decode().strip() or None


def _read_differences(root: Path, start: str, end: str, wait_s: float) -> bytes:
    # Finding renames reads the files' contents. A partial clone may not have them: then names alone must do.
    answer = git.ask(root, (*_DIFF, "--find-renames", start, end, "--"), wait_s=wait_s)
    if answer.status == 0:
        return answer.stdout
    return git.read(root, (*_DIFF, "--no-renames", start, end, "--"), wait_s=wait_s)


def parse_differences(output: bytes) -> tuple[dict[bytes, str], dict[bytes, bytes]]:
    r"""The letters and the renames in the output of ``git diff-tree -z --name-status``, as `History` keeps them.

    >>> parse_differences(b"M\0a.py\0R090\0old\0new\0")
    ({b'a.py': 'M', b'new': 'A', b'old': 'D'}, {b'old': b'new'})
    """
    letters: dict[bytes, str] = {}
    renames: dict[bytes, bytes] = {}
    parts = iter(output.split(b"\0")[:-1])
    for status in parts:
        letter, path = status[:1].decode(), next(parts)
        if letter in "RC":
            new_path = next(parts)
            letters[new_path] = "A"
        if letter == "R":
            letters[path] = "D"
            renames[path] = new_path
        elif letter != "C":  # the first of two new names of one file is a copy, for git
            letters[path] = letter
    return letters, renames


def _read_commits(root: Path, start: str | None, head: str, first_second: int, wait_s: float) -> list[Commit]:
    # Date order with parents first: commits made within one second keep the order in which they were made.
    wanted = head if start is None else f"{start}..{head}"
    parts = git.read(root, (*_LOG, wanted, "--"), wait_s=wait_s).decode("utf-8", "replace").split("\0")[:-1]
    hashes, seconds, subjects = (parts[at::_LOG_FIELDS] for at in range(_LOG_FIELDS))
    return [
        Commit(commit, subject, int(second) * 1000)
        for commit, second, subject in zip(hashes, seconds, subjects, strict=True)
        if int(second) >= first_second
    ]
