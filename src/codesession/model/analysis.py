"""What is asked of many calls and sessions at once? The questions of pages and reports, and what answers them.

Every answer costs about as much at a million calls as at a thousand: it is read off sums that are kept in the
transaction that changes a call (see ``ledger/totals.py``), or off an index.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from codesession.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model.call import Call, CallState, Evidence
    from codesession.model.money import Nanos
    from codesession.model.session import Session
    from codesession.model.totals import Totals


class Span(NamedTuple):
    """A stretch of time, from the one moment up to the other, which is not in it; milliseconds since the epoch.

    Calls count where they began. Both moments lie on a quarter of an hour, as days do in every time zone.
    """

    from_ms: int | None = None
    """None: from the first call on"""
    to_ms: int | None = None
    """None: up to the last one"""


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Spent:
    """What a set of billed calls comes to."""

    calls: int = 0
    cost_nanos: Nanos = 0
    """of the priced ones: with `unpriced` above 0 the true cost is higher"""
    unpriced: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class SpentByModel:
    """What one model came to, by how the numbers were got."""

    provider: str
    model: str
    evidence: Evidence
    spent: Spent


@dataclass(frozen=True, slots=True)
class Work:
    """What the sessions of a stretch of time, or of a project, come to."""

    sessions: int = 0
    active: int = 0
    seconds: int = 0
    """of whole seconds for each ended session, as they are shown one by one; of active ones only where asked for"""
    files: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True)
class ProjectTotals:
    """What was done and spent in one project, ever."""

    directory: str
    work: Work
    spent: Spent
    last_ms: int | None
    """when its newest session began"""


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A file that sessions changed again and again."""

    directory: str
    """the project"""
    path: str
    changes: int
    sessions: int
    last_ms: int
    creates: int
    modifies: int
    deletes: int


class Hour(NamedTuple):
    """What began in one hour of the week."""

    hour: int
    """0 to 167, from Sunday midnight on"""
    sessions: int
    calls: int
    cost_nanos: Nanos
    """of the priced ones"""
    unpriced: int = 0


class SessionOrder(StrEnum):
    """By what a list of sessions is sorted."""

    STARTED = "started"
    NAME = "name"
    COST = "cost"
    TOKENS = "tokens"
    CALLS = "calls"
    DURATION = "duration"
    FILES = "files"
    COMMITS = "commits"


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions, in which order."""

    search: str = ""
    """in the name, the notes and the directory, whatever the case of the letters; empty: all"""
    is_active: bool | None = None
    """None: both"""
    directory: str | None = None
    started: Span = ALWAYS
    order: SessionOrder = SessionOrder.STARTED
    descending: bool = True
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SessionsFound:
    """A page of sessions."""

    rows: tuple[tuple[Session, Totals], ...]
    total: int
    """how many there are on all pages"""


class CallOrder(StrEnum):
    """By what a list of calls is sorted."""

    STARTED = "started"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls, in which order; None and empty: any."""

    search: str = ""
    """in the names of provider, model, agent, user, customer and feature, or a whole request id"""
    session_id: int | None = None
    provider: str | None = None
    model: str | None = None
    agent: str | None = None
    customer: str | None = None
    evidence: Evidence | None = None
    state: CallState | None = None
    is_unpriced: bool = False
    """only those without a known price"""
    started: Span = ALWAYS
    order: CallOrder = CallOrder.STARTED
    descending: bool = True
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class CallsFound:
    """A page of calls."""

    rows: tuple[Call, ...]
    total: int
    """how many there are on all pages, counted no further than to `MOST_COUNTED`"""
    is_exact: bool = True
    """False: there are more than that"""


MOST_COUNTED = 10_000
"""Rows that are counted of a search that no sum answers."""


class Analyst(Protocol):
    """Questions to the ledger about many calls at once; everything one reader answers is of one moment."""

    def spent(self, span: Span = ALWAYS) -> dict[Evidence, Spent]:
        """What was spent in a stretch of time, by how the numbers were got."""
        ...

    def spent_between(self, moments: Sequence[int]) -> list[Spent]:
        """What was spent from each of the ascending `moments` to the next; one fewer than there are moments."""
        ...

    def spent_in(self, session_id: int) -> list[tuple[str, Evidence, Spent]]:
        """What was spent in a session, by agent (an empty name: not known) and by how the numbers were got.

        It reads every call of the session; the dearest agent comes first.
        """
        ...

    def spent_by_model(self, span: Span = ALWAYS) -> list[SpentByModel]:
        """What each model came to, dearest first."""
        ...

    def work(self, span: Span = ALWAYS, now_ms: int | None = None) -> Work:
        """What the sessions that began in a stretch of time come to; with `now_ms` the active ones up to then too."""
        ...

    def sessions_between(self, moments: Sequence[int]) -> list[int]:
        """How many sessions began from each of the ascending `moments` to the next."""
        ...

    def find_sessions(self, query: SessionQuery) -> SessionsFound:
        """A page of the sessions that are asked for."""
        ...

    def find_calls(self, query: CallQuery) -> CallsFound:
        """A page of the calls that are asked for."""
        ...

    def projects(self, limit: int | None = None, now_ms: int | None = None) -> list[ProjectTotals]:
        """Every project with what was done and spent in it, dearest first; `now_ms` is as in `work`."""
        ...

    def hotspots(self, limit: int) -> list[Hotspot]:
        """The files changed most often, first those with most changes."""
        ...

    def week(self, stretches: Sequence[tuple[Span, int]]) -> list[Hour]:
        """What began in each hour of the week, those with nothing left out.

        Each stretch of time comes with how far its clock is ahead of UTC, in milliseconds.
        """
        ...

    def agents(self, span: Span = ALWAYS) -> list[tuple[str, Spent]]:
        """What each agent came to, dearest first; those of no name under an empty one."""
        ...

    def spent_by_project(self, span: Span) -> list[tuple[str, Spent]]:
        """What was spent in each project in a stretch of time, without its tokens, dearest first.

        Calls of no session are in none. A month is quickly told; all time is what `projects` is for.
        """
        ...

    def agents_of(self, session_id: int) -> tuple[str, ...]:
        """Who made the newest calls of a session (so many that it is quickly told), the most calls first."""
        ...

    def names(self) -> dict[str, list[str]]:
        """What calls can be asked for by: the values of ``provider``, ``model``, ``agent``, ``customer``, sorted."""
        ...

    def held_calls(self, limit: int) -> list[Call]:
        """The calls in flight, at most `limit` of them; those that began first come first."""
        ...

    def began_ms(self) -> int | None:
        """When the first session or call began, in milliseconds since the epoch; None if there is none."""
        ...

    def version(self) -> str:
        """A word that is another one after every change of the ledger, by whomever; it costs next to nothing."""
        ...
