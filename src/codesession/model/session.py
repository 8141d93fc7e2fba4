"""What is a session, and where does it belong?"""

from __future__ import annotations

from dataclasses import dataclass


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
