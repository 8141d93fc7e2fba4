"""Of all the paths that may have changed, which did, and how?

Three sources name paths, and none of them alone is enough: the commits between the start and now, what is
uncommitted now, and what was uncommitted at the start. For every path they name two questions remain, was it
there at the start and is it there now, and the answers are the change::

    there at the start   there now
    no                   yes          created
    yes                  yes          modified
    yes                  no           deleted
    no                   no           nothing happened

A file that moved is there under its new name: that is one modified file, not one created and one deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import ChangeType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import FileMark
    from codesession.workspace.history import History
    from codesession.workspace.marks import Look, Pending

_CHANGE = {
    (False, True): ChangeType.CREATED,
    (True, True): ChangeType.MODIFIED,
    (True, False): ChangeType.DELETED,
    (False, False): None,
}


class Sources(NamedTuple):
    """All that names a path: commits, what is uncommitted now, what was at the start, and how every path looks."""

    history: History
    pending: Mapping[bytes, Pending]
    marks: Mapping[bytes, FileMark]
    looks: Mapping[bytes, Look | None]

    def was_there(self, path: bytes) -> bool:
        """Whether the session began with a file of this name."""
        if path in self.history.letters:
            return self.history.letters[path] != "A"
        if path in self.marks:
            return self.marks[path].size is not None
        return self.pending[path].in_head

    def is_there(self, path: bytes) -> bool:
        """Whether there is a file of this name now."""
        if path in self.pending:
            return self.pending[path].on_disk
        if path in self.history.letters:  # asked of git, since a sparse checkout has not every file on disk
            return self.history.letters[path] != "D"
        return self.looks[path] is not None

    def is_untouched(self, path: bytes) -> bool:
        """Whether it was uncommitted at the start and was left alone since."""
        if path in self.history.letters or path not in self.marks:
            return False
        mark, now = self.marks[path], self.looks[path]
        return (mark.size, mark.mtime_ns) == ((None, None) if now is None else (now.size, now.mtime_ns))

    def moves(self) -> dict[bytes, bytes]:
        """The last name of each file that moved."""
        renames = dict(self.history.renames)
        renames.update({entry.old_path: path for path, entry in self.pending.items() if entry.old_path is not None})
        moves = {old: _last_name(old, renames) for old in renames if self.was_there(old) and not self.is_there(old)}
        return {old: new for old, new in moves.items() if self.is_there(new)}


def net_changes(sources: Sources) -> dict[bytes, ChangeType]:
    """What happened to each path of `sources.looks`, in that order; paths to which nothing happened are left out."""
    moves = sources.moves()
    arrived = set(moves.values())
    changes: dict[bytes, ChangeType] = {}
    for path in sources.looks:
        change = _CHANGE[sources.was_there(path), sources.is_there(path)]
        if change is None or path in moves or sources.is_untouched(path):
            continue
        changes[path] = ChangeType.MODIFIED if path in arrived else change
    return changes


def _last_name(path: bytes, renames: Mapping[bytes, bytes]) -> bytes:
    # A file that was moved and moved back leads in a circle: once around is enough.
    seen = {path}
    while (path := renames.get(path, path)) not in seen:
        seen.add(path)
    return path
