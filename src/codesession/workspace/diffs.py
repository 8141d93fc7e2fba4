"""What did a session change, line by line? Asked of git, which a stranger's repository may have been set up to mislead.

What belongs to a session is decided here once, for its diff and for its numbers:

- *Committed* is what lies between the commit it began at and its last one, by the order in which commits follow on
  each other: commits of one second have no order in time.
- *Uncommitted* is, while it is active, whatever differs from there in the work tree, except what was uncommitted
  when it began and looks as it did then. Of an ended session only the files count that it is recorded to have
  changed, and which nobody has touched since it ended: what else lies there now may be anybody's work.

Nothing a repository names is run: no filter, no diff driver, no helper. Paths are taken literally.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesession.errors import CodesessionError
from codesession.model import ChangeType
from codesession.workspace import git, history, untracked
from codesession.workspace.marks import look
from codesession.workspace.names import text_to_directory, to_raw, to_text
from codesession.workspace.scope import find_checkout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from codesession.model import Commit, FileChange, FileMark, Session

MOST_BYTES = 4 * 1024 * 1024
"""Bytes of a diff, after which it is cut."""

_HASH = re.compile(r"[0-9a-f]{4,64}")
_MOST_NAMES = 16 * 1024 * 1024
_ROUND = 20_000
"""Bytes of paths that are given to git at once: the command line of Windows has room for 32,767 characters."""
_HOW = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", "--submodule=short",
        "-O/dev/null", "--src-prefix=a/", "--dst-prefix=b/", "--find-renames")  # fmt: skip


class NoRepository(CodesessionError):
    """There is no git repository to read; nothing was changed."""

    code = "no_repository"
    http_status = 400


class PathOutside(CodesessionError):
    """A path leads out of the repository; nothing was read."""

    code = "not_found"
    http_status = 404


class Diff(NamedTuple):
    r"""A unified diff as git writes it; bytes that are not UTF-8 are written as ``\xff``."""

    text: str
    is_cut: bool
    """whether it goes on: see `MOST_BYTES`"""


class FileStat(NamedTuple):
    """How many lines one file gained and lost; both are None for what is no text."""

    path: str
    additions: int | None
    deletions: int | None
    old_path: str | None = None
    """its name before, if it has another one"""


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison of a commit with another, or with the work tree."""

    root: Path
    before: str
    """a commit, or the empty tree"""
    after: str | None
    """None: the work tree, new files included"""
    only: tuple[bytes, ...] | None = None
    """the only paths that count; None: all"""
    left_out: frozenset[bytes] = frozenset()


def session_parts(
    session: Session,
    files: Sequence[FileChange],
    commits: Sequence[Commit],
    marks: Sequence[FileMark],
    *,
    wait_s: float = git.DEFAULT_WAIT_S,
) -> list[Part]:
    """What is to be compared for a session, of which `files`, `commits` and `marks` are recorded.

    Raises:
        NoRepository: it does not belong to one, or that is gone.
        GitFailed: git does not answer within `wait_s` seconds.
    """
    root, head = _checkout(session, wait_s)
    if session.ended_ms is None:
        base = history.tree_of(
            history.find_start(root, session.start_head, head, session.started_ms, wait_s=wait_s), head
        )
        return [Part(root, base, None, left_out=_untouched(root, base, head, marks, wait_s))]
    tip = _last(root, session.start_head, commits, wait_s)
    start = history.find_start(root, session.start_head, tip or head, session.started_ms, wait_s=wait_s)
    base = history.tree_of(start, tip or head)
    loose = _left_as_it_was(root, tip or base, files, session.ended_ms, wait_s)
    parts = [] if tip is None else [Part(root, base, tip, left_out=frozenset(loose))]
    return [*parts, Part(root, base, None, only=tuple(loose))] if loose else parts


def commit_part(session: Session, commit: str, *, wait_s: float = git.DEFAULT_WAIT_S) -> Part | None:
    """What is to be compared for one commit, which is its first parent with it; None: it is no longer stored.

    Raises as `session_parts`.
    """
    root, _ = _checkout(session, wait_s)
    answer = git.ask(root, ("rev-list", "--parents", "--max-count=1", commit, "--"), wait_s=wait_s)
    if answer.status != 0:
        return None
    full, *parents = answer.stdout.decode().split()
    return Part(root, history.tree_of(parents[0] if parents else None, full), full)


def commits_since(session: Session, *, wait_s: float = git.DEFAULT_WAIT_S) -> list[Commit]:
    """The commits of an active session, oldest first, recorded or not. Raises as `session_parts`."""
    root, head = _checkout(session, wait_s)
    return history.read_history(root, session.start_head, head, session.started_ms, wait_s=wait_s).commits


def read_diff(parts: Sequence[Part], path: str | None = None, *, wait_s: float = git.DEFAULT_WAIT_S) -> Diff:
    """The diff of all those parts, or of one file in them; empty when nothing changed.

    Raises:
        PathOutside: the path leads out of the repository.
        GitFailed: git does not answer within `wait_s` seconds.
    """
    pieces: list[bytes] = []
    room = MOST_BYTES
    for part in parts:
        for piece, is_cut in _patches(_one_file(part, path, wait_s), room, wait_s):
            pieces.append(piece)
            room -= len(piece)
            if is_cut or room <= 0:
                whole = b"".join(pieces)[:MOST_BYTES]
                return Diff(whole[: whole.rfind(b"\n") + 1].decode("utf-8", "backslashreplace"), is_cut=True)
    return Diff(b"".join(pieces).decode("utf-8", "backslashreplace"), is_cut=False)


def read_stats(parts: Sequence[Part], *, wait_s: float = git.DEFAULT_WAIT_S) -> list[FileStat]:
    """How many lines each file gained and lost, by path. Raises `GitFailed`."""
    stats: list[FileStat] = []
    for part in parts:
        settings = _no_filters(part, wait_s)
        for paths in _rounds(part, settings, wait_s):
            output = _read(part, ("--numstat", "-z"), paths, settings, wait_s)
            stats += parse_stats(output)
        for new in _new_files(part, wait_s):
            lines = untracked.count_lines(part.root, new)
            stats.append(FileStat(to_text(new), lines, None if lines is None else 0))
    return sorted(stats, key=lambda stat: stat.path)


def parse_stats(output: bytes) -> Iterator[FileStat]:
    r"""The files in the output of ``git diff-tree -z --numstat``.

    >>> list(parse_stats(b"3\t1\ta.py\0-\t-\t\0old.png\0new.png\0"))[1]
    FileStat(path='new.png', additions=None, deletions=None, old_path='old.png')
    """
    parts = iter(output.split(b"\0")[:-1])
    for part in parts:
        added, removed, path = part.split(b"\t", 2)
        old = None
        if not path:  # its two names come after it
            old, path = next(parts), next(parts)
        is_text = added != b"-"
        yield FileStat(
            to_text(path),
            int(added) if is_text else None,
            int(removed) if is_text else None,
            None if old is None else to_text(old),
        )


# --- which parts ---


def _checkout(session: Session, wait_s: float) -> tuple[Path, str | None]:
    if session.git_root is None:
        raise NoRepository(f"Session {session.id} is not in a git repository, so its changes have no diff.")
    root = text_to_directory(session.git_root)
    checkout = find_checkout(root, wait_s=wait_s) if root.is_dir() else None
    if checkout is None or checkout.root != root.resolve():
        raise NoRepository(f"No git repository can be read at {session.git_root}.")
    return checkout.root, checkout.head


def _untouched(root: Path, base: str, head: str | None, marks: Sequence[FileMark], wait_s: float) -> frozenset[bytes]:
    """What was uncommitted at the start, was not committed since, and looks as it did then."""
    same = set()
    for mark in marks:
        path = to_raw(mark.path)
        now = look(root, path)
        if (mark.size, mark.mtime_ns) == ((None, None) if now is None else (now.size, now.mtime_ns)):
            same.add(path)
    if not same or head is None:
        return frozenset(same)
    committed = git.read(
        root, ("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, head, "--"), wait_s=wait_s
    )
    return frozenset(same.difference(committed.split(b"\0")))


def _last(root: Path, start: str | None, commits: Sequence[Commit], wait_s: float) -> str | None:
    """The last of the recorded commits that are still stored: the one that none of the others follows."""
    if not commits:
        return None
    # Of several ends the newest is first, and of those of one second the one that was recorded last.
    wanted = [commit.hash for commit in reversed(commits) if _HASH.fullmatch(commit.hash)]
    known = [f"^{start}"] if start and _HASH.fullmatch(start) else []
    feed = "".join(f"{name}\n" for name in wanted + known).encode()
    question = ("rev-list", "--topo-order", "--max-count=1", "--ignore-missing", "--stdin")
    return git.ask(root, question, wait_s=wait_s, feed=feed).stdout.decode().strip() or None


def _left_as_it_was(root: Path, tip: str, files: Sequence[FileChange], ended_ms: int, wait_s: float) -> list[bytes]:
    """The recorded paths that differ from the last commit, as the session left them when it ended."""
    last = {to_raw(file.path): file.change for file in files}
    kept = []
    for path, change in sorted(last.items()):
        now = look(root, path)
        if (change is ChangeType.DELETED) if now is None else now.mtime_ns <= ended_ms * 1_000_000:
            kept.append(path)
    if not kept:
        return []
    part = Part(root, tip, None, only=tuple(kept))
    settings = _no_filters(part, wait_s)
    differing = set(_new_files(part, wait_s))
    for paths in _rounds(part, settings, wait_s):
        differing.update(_read(part, ("--name-only", "-z"), paths, settings, wait_s).split(b"\0")[:-1])
    return [path for path in kept if path in differing]


def _one_file(part: Part, path: str | None, wait_s: float) -> Part:
    """Only what belongs to a path; where it is a new name, the old one too, so that it is seen to have moved."""
    if path is None:
        return part
    raw = _inside(part.root, path)
    wanted = {raw} & set(part.only or [raw]) - part.left_out
    for stat in read_stats([part], wait_s=wait_s) if wanted else ():
        if stat.path == to_text(raw) and stat.old_path is not None:
            wanted.add(to_raw(stat.old_path))
    return Part(part.root, part.before, part.after, only=tuple(sorted(wanted)))


def _inside(root: Path, path: str) -> bytes:
    raw = to_raw(path)
    parts = raw.split(b"/")
    name = os.fsdecode(raw)
    is_odd = b"\0" in raw or any(part in {b"", b".", b".."} for part in parts) or Path(name).is_absolute()
    if is_odd or not (root / name).parent.resolve().is_relative_to(root):
        raise PathOutside(f"There is no file {path!r} in the repository.")
    return raw


# --- what git is asked ---


def _patches(part: Part, room: int, wait_s: float) -> Iterator[tuple[bytes, bool]]:
    """The pieces of one part's diff, each with whether it is cut; of at most `room` bytes together."""
    settings = _no_filters(part, wait_s)
    for paths in _rounds(part, settings, wait_s):
        piece, is_cut = git.read_at_most(
            part.root,
            _question(part, ("--patch", "--unified=3"), paths),
            most=max(room, 0),
            wait_s=wait_s,
            settings=settings,
        )
        room -= len(piece)
        yield piece, is_cut
    for new in _new_files(part, wait_s):
        piece, is_cut = untracked.additions(part.root, new, max(room, 0))
        room -= len(piece)
        yield piece, is_cut


def _question(part: Part, what: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    command = ("diff-index",) if part.after is None else ("diff-tree", "-r")
    points = (part.before,) if part.after is None else (part.before, part.after)
    return (*command, *what, *_HOW, *points, "--", *paths)


def _read(part: Part, what: Sequence[str], paths: Sequence[str], settings: Mapping[str, str], wait_s: float) -> bytes:
    """The names or numbers of a comparison; what is beyond all measure is left out."""
    question = _question(part, what, paths)
    output, is_cut = git.read_at_most(part.root, question, most=_MOST_NAMES, wait_s=wait_s, settings=settings)
    return output[: output.rfind(b"\0") + 1] if is_cut else output


def _rounds(part: Part, settings: Mapping[str, str], wait_s: float) -> Iterator[list[str]]:
    """The paths of a part as git is given them, as many at once as there is room for."""
    only = part.only
    if only is None and sum(map(len, part.left_out)) <= _ROUND:
        yield [f":(exclude,literal){os.fsdecode(path)}" for path in sorted(part.left_out)]
        return
    if only is None:
        names = _read(part, ("--name-only", "-z"), (), settings, wait_s).split(b"\0")[:-1]
        only = tuple(name for name in names if name not in part.left_out)
    paths: list[str] = []
    size = 0
    for path in only:
        paths.append(f":(literal){os.fsdecode(path)}")
        size += len(path)
        if size > _ROUND:
            yield paths
            paths, size = [], 0
    if paths:
        yield paths


def _new_files(part: Part, wait_s: float) -> Iterator[bytes]:
    """The files of the work tree that git does not know yet and is not told to ignore."""
    if part.after is not None:
        return
    wanted: Collection[bytes] | None = None if part.only is None else set(part.only)
    question = ("ls-files", "--others", "--exclude-standard", "-z", "--")
    output, _ = git.read_at_most(part.root, question, most=_MOST_NAMES, wait_s=wait_s, settings={})
    for path in output.split(b"\0")[:-1]:
        if path in part.left_out or (wanted is not None and path not in wanted):
            continue
        if not path.endswith(b"/"):  # with a slash it is another repository: a scope of its own
            yield path


def _no_filters(part: Part, wait_s: float) -> dict[str, str]:
    """Settings that keep git from running the programs by which files of the work tree would be translated.

    A repository names any program there. What they change (line ends, files kept elsewhere) is then shown as it lies
    on disk.
    """
    if part.after is not None:
        return {}
    question = ("config", "--name-only", "-z", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$")
    found = git.ask(part.root, question, wait_s=wait_s).stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return {name: "false" if name.endswith(".required") else "" for name in found}
