"""What happens to the files of a scope, as it happens?

The system says which paths were touched, and says it in its own way: an editor that writes a new file and renames it
over the old one looks like a file that was created. So its words are only a hint where to look, and the change is
found as at a session's end (``net.py``): was the file there before, and is it there now? What was there is known from
the start of the session, and from what was seen since.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from codesession.model import ChangeType, FileChange
from codesession.workspace import git
from codesession.workspace.ignored import SNAPSHOT, GitRules, NameRules, countable, files_below, is_directory
from codesession.workspace.marks import look
from codesession.workspace.names import text_to_directory, to_raw, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from codesession.model import FileMark, Session
    from codesession.workspace.ignored import Rules
    from codesession.workspace.touched import Touched

_TREE = ("ls-tree", "-r", "-z", "--full-tree", "--end-of-options")
_SUBMODULE = b"160000"
_REPEATED_MS = 1000


class LiveFiles:
    """What becomes of the files below a root while somebody tells what was touched."""

    def __init__(
        self, root: Path, rules: Rules, there: Iterable[bytes], *, started_ms: int, is_complete: bool = True
    ) -> None:
        """`there` are the files that were there so far; when they are not all, the system's own words count."""
        self.missed: Touched = {}
        """what changed in the session before anybody watched, as far as that is known"""
        self._root = root
        self._rules = rules
        self._started_ms = started_ms
        self._is_complete = is_complete
        self._there: set[bytes] = set()
        self._directories: set[bytes] = set()
        self._last: dict[bytes, tuple[ChangeType, int]] = {}
        for path in there:
            self._arrive(path)

    def changes(self, touched: Mapping[bytes, bool], now_ms: int) -> list[FileChange]:
        """What happened to the files of `touched`, by path; `now_ms` is milliseconds since the epoch.

        The same change to the same path is told once a second. Raises `GitFailed` when git does not say what counts;
        the same paths may be asked again.
        """
        found = self._files(touched)
        changes = []
        for path in countable(self._rules, found):
            seen = look(self._root, path)
            change = self._change(path, is_there=seen is not None, is_new=found[path])
            if change is None:
                continue
            if seen is None:
                self._there.discard(path)
            else:
                self._arrive(path)
            last, last_ms = self._last.get(path, (None, 0))
            if last is change and abs(now_ms - last_ms) < _REPEATED_MS:
                continue
            self._last[path] = change, now_ms
            written_ms = now_ms if seen is None else seen.mtime_ns // 1_000_000
            when_ms = written_ms if self._started_ms <= written_ms <= now_ms else now_ms
            changes.append(FileChange(to_text(path), change, when_ms))
        return changes

    def _change(self, path: bytes, *, is_there: bool, is_new: bool) -> ChangeType | None:
        was_there = path in self._there or not (self._is_complete or is_new)
        if is_there:
            return ChangeType.MODIFIED if was_there else ChangeType.CREATED
        return ChangeType.DELETED if was_there else None

    def _files(self, touched: Mapping[bytes, bool]) -> Touched:
        """The files of `touched`, with those of a directory that came or went as a whole."""
        top = os.fsencode(self._root) + b"/"
        arrived = {path for path in touched if is_directory(top + path)}
        files = {path: is_new for path, is_new in touched.items() if path not in arrived}
        gone = {path for path in files if path in self._directories and not os.path.lexists(top + path)}
        if gone:
            files |= {path: False for path in self._there if any(parent in gone for parent in _parents(path))}
        for directory in countable(self._rules, {path for path in arrived if touched[path]}):
            for path in islice(files_below(self._root, directory, self._rules.may_enter), SNAPSHOT):
                if path not in self._there:
                    files.setdefault(path, True)
        return files

    def _arrive(self, path: bytes) -> None:
        self._there.add(path)
        self._directories.update(_parents(path))


def _parents(path: bytes) -> Iterator[bytes]:
    end = path.find(b"/")
    while end != -1:
        yield path[:end]
        end = path.find(b"/", end + 1)


def live_files(
    session: Session,
    marks: Sequence[FileMark],
    recorded: Sequence[FileChange],
    *,
    now_ms: int,
    git_wait_s: float = git.DEFAULT_WAIT_S,
) -> LiveFiles:
    """The files of a session's scope, as far as is known at `now_ms`, milliseconds since the epoch.

    In git those of the commit it began at, with the uncommitted ones that `marks` remember; outside git those that
    are found. What was `recorded` since is newer. Outside git nobody counts what changed at the end, so that
    `LiveFiles.missed` has the files that were written since the session began.
    """
    root = text_to_directory(session.directory)
    if session.git_root is None:
        return _outside_git(root, recorded, session.started_ms, now_ms)
    is_complete = True
    try:
        there, submodules = _tree(root, session.start_head, git_wait_s)
    except git.GitFailed:  # the start commit is gone, or git is: what the system says must do
        there, submodules, is_complete = set(), set(), False
    for mark in marks:
        (there.discard if mark.size is None else there.add)(to_raw(mark.path))
    for file in recorded:
        (there.discard if file.change is ChangeType.DELETED else there.add)(to_raw(file.path))
    rules = GitRules(root, submodules, wait_s=git_wait_s)
    return LiveFiles(root, rules, there, started_ms=session.started_ms, is_complete=is_complete)


def _outside_git(root: Path, recorded: Sequence[FileChange], started_ms: int, now_ms: int) -> LiveFiles:
    rules = NameRules(root)
    last = {to_raw(file.path): file for file in recorded}
    there = {path for path, file in last.items() if file.change is not ChangeType.DELETED}
    missed = {path: False for path in there if look(root, path) is None}
    count = 0
    for path in islice(files_below(root, b"", rules.may_enter), SNAPSHOT):
        count += 1
        seen = look(root, path)
        known_ms = last[path].timestamp_ms if path in last else started_ms - 1
        if seen is not None and known_ms < seen.mtime_ns // 1_000_000 <= now_ms:
            missed[path] = True
        else:
            there.add(path)
    files = LiveFiles(root, rules, there, started_ms=started_ms, is_complete=count < SNAPSHOT)
    files.missed = missed
    return files


def _tree(root: Path, commit: str | None, wait_s: float) -> tuple[set[bytes], set[bytes]]:
    """The paths of a commit, and those of them that are submodules."""
    if commit is None:
        return set(), set()
    entries = git.read(root, (*_TREE, commit), wait_s=wait_s).split(b"\0")[:-1]
    named = [entry.partition(b"\t") for entry in entries]  # mode, kind and hash, a tab, the path
    return {path for _, _, path in named}, {path for facts, _, path in named if facts.startswith(_SUBMODULE)}
