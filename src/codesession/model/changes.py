"""What happened in a session besides calls: which files changed, which commits were made, what was remarked?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChangeType(StrEnum):
    """What happened to a file."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


class FileChange(NamedTuple):
    """One file that changed; `path` is relative to the scope, `timestamp_ms` since the epoch."""

    path: str
    change: ChangeType
    timestamp_ms: int
    id: int = 0


def not_recorded(found: Iterable[FileChange], recorded: Iterable[FileChange]) -> list[FileChange]:
    """Those of `found` that tell something new: that a file is there, or is not, against what was last recorded."""
    last = {file.path: file.change for file in recorded}
    gone = ChangeType.DELETED
    return [file for file in found if file.path not in last or (last[file.path] == gone) != (file.change == gone)]


class Commit(NamedTuple):
    """One commit made in the session; `message` is its subject line."""

    hash: str
    message: str
    timestamp_ms: int
    id: int = 0


class FileMark(NamedTuple):
    """The look of one uncommitted file when the session began: unchanged marks are not the session's work.

    `size` is bytes, `mtime_ns` nanoseconds since the epoch; both are None for a file already deleted.
    """

    path: str
    size: int | None
    mtime_ns: int | None


class Annotation(NamedTuple):
    """A timestamped remark made while, or after, a session ran."""

    id: int
    session_id: int
    message: str
    timestamp_ms: int
