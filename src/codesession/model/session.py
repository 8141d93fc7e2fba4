"""What is a session, and what happened in it besides calls?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.model.money import Nanos


class ChangeType(StrEnum):
    """What happened to a file."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that changed; `path` is relative to the scope, `timestamp_ms` since the epoch."""

    path: str
    change: ChangeType
    timestamp_ms: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit made in the session; `message` is its subject line."""

    hash: str
    message: str
    timestamp_ms: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class Annotation:
    """A timestamped remark made while, or after, a session ran."""

    id: int
    session_id: int
    message: str
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class FileMark:
    """The look of one uncommitted file when the session began: unchanged marks are not the session's work.

    `size` is bytes, `mtime_ns` nanoseconds since the epoch; both are None for a file already deleted.
    """

    path: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a session belongs: the git root, or the directory outside git.

    `directory` is an absolute path with symlinks resolved; `head` is the commit checked out (None in a
    repository without commits and outside git), `branch` None when detached or outside git.
    """

    directory: str
    git_root: str | None = None
    head: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A piece of work with a beginning and an end, in one scope; times in milliseconds since the epoch."""

    id: int
    name: str
    directory: str
    git_root: str | None
    branch: str | None
    start_head: str | None
    started_ms: int
    ended_ms: int | None
    notes: str | None
    is_background: bool = False
    """begun by a proxy for calls that belonged to no session; it gives way to any other"""

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.ended_ms is None


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """What one model did; `cost_nanos` is the sum of its priced calls, `unpriced` counts the others."""

    provider: str
    model: str
    calls: int
    tokens: int
    cost_nanos: Nanos
    unpriced: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a session, or one process in it, amounts to; calls are those settled or lost."""

    calls: int = 0
    tokens: int = 0
    cost_nanos: Nanos = 0
    """the sum of the priced calls: with `unpriced` above 0 the true cost is higher"""
    unpriced: int = 0
    estimated: int = 0
    """whole answers whose usage or price the provider did not give"""
    cut: int = 0
    """calls whose answer was cut, by the client or the provider"""
    lost: int = 0
    held: int = 0
    """calls still in flight"""
    failed: int = 0
    """calls the provider refused or never answered: nothing was billed"""
    files: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """What all completed sessions come to together; each is the sum over those sessions."""

    sessions: int
    seconds: int
    """of whole seconds for each session, as they are shown one by one"""
    files: int
    commits: int
    tokens: int
    cost_nanos: Nanos
    unpriced: int
