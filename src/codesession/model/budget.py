"""What may be spent, by whom, and in which stretch of time?

A *budget* is a limit on a scope in a window. What it has come to is kept in *accounts*: a budget of each session has
one account a session, one of each customer and day has one a customer and day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model.call import Evidence
    from codesession.model.money import Nanos

EACH = "*"
"""The name of a scope that means each of its kind alone: every customer has that much."""


class ScopeKind(StrEnum):
    """Whose calls count."""

    SESSION = "session"
    ALL = "all"
    PROJECT = "project"
    AGENT = "agent"
    USER = "user"
    CUSTOMER = "customer"
    MODEL = "model"


def scope_text(kind: ScopeKind, name: str) -> str:
    """A scope as it is typed.

    >>> scope_text(ScopeKind.AGENT, "codex"), scope_text(ScopeKind.ALL, "")
    ('agent:codex', 'all')
    """
    return f"{kind}:{name}" if name else str(kind)


class Window(StrEnum):
    """From when on calls count; days, weeks (from Monday) and months begin in the user's time zone."""

    SESSION = "session"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class Mode(StrEnum):
    """What happens at the limit."""

    WARN = "warn"
    """it is said"""
    BLOCK = "block"
    """calls that would pass it are refused"""
    STOP = "stop"
    """they are refused, and the program that `cs run` started is ended"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on a scope in a window."""

    kind: ScopeKind
    name: str
    """whose: a path, a name, a pattern of models, the id of a session, or `EACH`; empty for ``session`` and ``all``"""
    window: Window
    limit_nanos: Nanos
    mode: Mode = Mode.WARN
    is_strict: bool = False
    """whether the most a call can cost is held, and not what it is expected to cost"""
    warn_at: int = 80
    """percent of the limit at which it is said that it comes near"""
    ask_s: int = 0
    """seconds a call that would pass the limit waits for somebody to approve it; 0: it is refused at once"""
    unpriced_nanos: Nanos | None = None
    """what a call without a known price counts as; 0 lets it pass uncounted, None refuses it"""
    directory: str | None = None
    """the project whose ``codesession.toml`` sets it, for itself alone; None: the user did"""
    id: int = 0

    @property
    def scope(self) -> str:
        """The scope as it is typed: ``session``, ``agent:codex``, ``session:12``.

        >>> Budget(ScopeKind.AGENT, "codex", Window.DAY, 0).scope
        'agent:codex'
        """
        return scope_text(self.kind, self.name)

    @property
    def blocks(self) -> bool:
        """Whether calls that would pass it are refused."""
        return self.mode is not Mode.WARN


@dataclass(frozen=True, slots=True)
class Account:
    """Where a budget keeps count of one subject in one window."""

    budget: Budget
    subject: str
    """the path, name or pattern that is counted; empty where the kind says it all"""
    session_id: int | None
    """the only session whose calls count, if it is but one"""
    began_ms: int
    """milliseconds since the epoch; calls that began then or later count"""
    ends_ms: int | None
    """calls that began then or later do not; None: it has no end"""

    @property
    def label(self) -> str:
        """Whose account it is, as it is shown: ``session 12``, ``customer:acme``."""
        named = scope_text(self.budget.kind, self.subject)
        if self.budget.kind is ScopeKind.SESSION:
            return f"session {self.session_id}"
        return f"{named} in session {self.session_id}" if self.session_id is not None else named


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has come to; money in nano-dollars."""

    account: Account
    spent_by: Mapping[Evidence, Nanos] = field(default_factory=dict)
    """by how the number was got"""
    held_nanos: Nanos = 0
    unpriced: int = 0
    """calls that were made without a known price"""
    extra_nanos: Nanos = 0
    """what was approved beyond the limit, in this window"""
    id: int = 0

    @property
    def spent_nanos(self) -> Nanos:
        """What the calls that have ended came to."""
        return sum(self.spent_by.values())

    @property
    def limit_nanos(self) -> Nanos:
        """The limit in force."""
        return self.account.budget.limit_nanos + self.extra_nanos

    @property
    def free_nanos(self) -> Nanos:
        """What may still be spent; below 0 when the limit has been passed."""
        return self.limit_nanos - self.spent_nanos - self.held_nanos


class Level(StrEnum):
    """How near an account is to its limit, as far as it is told, once each."""

    NEAR = "near"
    """the percentage at which to warn was reached"""
    OVER = "over"
    """the limit was reached, or a call refused"""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person is to hear of now; `standing` is there when it is about a budget."""

    sentence: str
    level: Level
    standing: Standing | None = None
    session_id: int | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """What an agent or a project may do, whatever it costs."""

    kind: ScopeKind
    name: str
    allow: tuple[str, ...] = ()
    """patterns of models; if there are any, no other model may be called"""
    deny: tuple[str, ...] = ()
    """patterns of models that may not be called"""
    most_per_call_nanos: Nanos | None = None
    """the most a single call may be able to cost"""
    most_parallel: int | None = None
    """how many calls may be in flight at a time"""
    directory: str | None = None
    """the project whose ``codesession.toml`` sets it, for itself alone; None: the user did"""
    id: int = 0

    @property
    def scope(self) -> str:
        """The scope as it is typed."""
        return scope_text(self.kind, self.name)
