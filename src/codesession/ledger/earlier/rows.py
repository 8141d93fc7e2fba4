"""How does a row of an earlier tool become one of ours? By table, with the odd values told as problems.

A row that belongs to a session (`RowOf`) becomes the values of the columns that its table's `Target` in
`targets.py` names after id and session.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.ledger.earlier.values import Values
    from codesession.model import Nanos

    RowOf = Callable[[Values, tuple[Any, ...], int], tuple[Any, ...]]
    """Values, the row, and when its session began, in milliseconds."""


class End(StrEnum):
    """What is known of a session's end."""

    KNOWN = "known"
    ACTIVE = "active"
    """it has not ended"""
    LAST_ROW = "last row"
    """it has, and nobody wrote down when: with its last row"""
    MISSING = "missing"
    """only rows that belong to it are known; they say when it was"""


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """A session of an earlier tool; `cost_nanos` and `tokens` are the sums that stood beside it, None when unknown."""

    id: int
    name: str
    started_ms: int
    ended_ms: int
    """when it began, unless its end is `End.KNOWN`"""
    end: End
    working_directory: str
    git_root: str | None
    start_head: str | None
    notes: str | None
    files: int
    commits: int
    cost_nanos: Nanos | None
    tokens: int | None

    @property
    def directory(self) -> str:
        """Its scope."""
        return self.git_root or self.working_directory


def session_of(values: Values, row: tuple[Any, ...], before_ms: int) -> EarlierSession:
    """A row of `earlier.SESSIONS`; `before_ms` stands in for a time that cannot be read."""
    (
        values.row, name, began, ended, duration, minutes, directory, git_root, start_head, files, commits,
        cost, tokens, notes, status,
    ) = row  # fmt: skip
    ended_ms = values.moment(ended)
    started_ms = values.time(began, before_ms if ended_ms is None else ended_ms)
    if ended is None and status in (None, "", "active"):
        end, ended_ms = End.ACTIVE, started_ms
    else:
        end, ended_ms = _end_of(values, started_ms, ended, _length_ms(values, duration, minutes))
    return EarlierSession(
        values.row,
        _name(values, name),
        started_ms,
        ended_ms,
        end,
        values.text(directory, "working_directory") or "",
        values.text(git_root, "git_root") or None,
        values.text(start_head, "start_git_head") or None,
        values.text(notes, "notes"),
        values.count(files, "files_changed") or 0,
        values.count(commits, "commits") or 0,
        values.money(cost, "ai_cost"),
        values.count(tokens, "ai_tokens"),
    )


def missing_session(session_id: object, at_ms: int) -> EarlierSession:
    """A session of which nothing is known but a row at `at_ms`; its id is 0 where it had none that can be kept."""
    is_id = isinstance(session_id, int) and 0 < session_id < _LARGEST_ID
    name = f"Session {session_id} (missing in the earlier database)" if is_id else _NAMELESS
    kept_id = session_id if isinstance(session_id, int) and is_id else 0
    return EarlierSession(kept_id, name, at_ms, at_ms, End.MISSING, "", None, None, None, 0, 0, None, None)


_LARGEST_ID = 2**53
"""Above it JSON readers lose digits."""
_NAMELESS = "Session (missing in the earlier database)"


def _name(values: Values, name: object) -> str:
    said = (values.text(name, "name") or "").replace("\0", "")
    if said.strip():
        return said
    values.complain("its name is empty; it is kept as (no name)")
    return "(no name)"


def _length_ms(values: Values, duration: object, minutes: object) -> int | None:
    seconds = values.seconds(duration, "duration")
    if seconds is None:
        whole = values.seconds(minutes, "duration_minutes")
        seconds = None if whole is None else whole * 60
    return None if seconds is None else round(seconds * 1000)


def _end_of(values: Values, started_ms: int, ended: object, length_ms: int | None) -> tuple[End, int]:
    read = values.moment(ended)
    if read is not None and read < started_ms:
        values.complain("it ended before it began; it is kept as one that ended at once")
        return End.KNOWN, started_ms
    if read is not None:
        return End.KNOWN, read
    if length_ms is not None:
        return End.KNOWN, started_ms + length_ms
    values.complain("when it ended cannot be read; its last row stands for that")
    return End.LAST_ROW, started_ms


def call_of(values: Values, row: tuple[Any, ...], began_ms: int) -> tuple[Any, ...]:
    """A row of `earlier.CALLS`."""
    values.row, _, at, provider, model, tokens, prompt, completion, cost, agent, duration = row
    started_ms = values.time(at, began_ms)
    lasted_s = None if duration is None else values.seconds(duration, "duration_seconds")
    return (
        started_ms,
        started_ms if lasted_s is None else started_ms + round(lasted_s * 1000),
        values.word(provider, "provider"),
        values.word(model, "model"),
        values.money(cost, "cost"),
        None if agent is None else values.text(agent, "agent_name") or None,
        *values.tokens(tokens, prompt, completion),
    )


def file_of(values: Values, row: tuple[Any, ...], began_ms: int) -> tuple[Any, ...]:
    """A row of `earlier.FILES`."""
    values.row, _, at, path, change = row
    return values.time(at, began_ms), values.path(path), values.change(change)


def commit_of(values: Values, row: tuple[Any, ...], began_ms: int) -> tuple[Any, ...]:
    """A row of `earlier.COMMITS`."""
    values.row, _, at, commit, message = row
    return values.time(at, began_ms), values.word(commit, "hash"), values.text(message, "message") or ""


def note_of(values: Values, row: tuple[Any, ...], began_ms: int) -> tuple[Any, ...]:
    """A row of `earlier.NOTES`."""
    values.row, _, at, message = row
    return values.time(at, began_ms), values.text(message, "message") or ""
