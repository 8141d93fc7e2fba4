"""What runs now, what does it cost by the hour, and what has the firewall done?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import Account, CallState, ScopeKind, Window
from codesession.model.analysis import CallOrder, CallQuery
from codesession.model.switch import SwitchState
from codesession.report.alerts import Limit
from codesession.report.breaches import Happened, happened, sentence_of
from codesession.report.evidence import GOT
from codesession.report.formats import money, plural
from codesession.report.velocity import session_costs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codesession.model import Budget, Call, Event, Evidence, ModelTotals, Nanos, Question, Session, Standing
    from codesession.model.ports import Ledger, Reader
    from codesession.report.velocity import SessionCost

LATELY_MS = 15 * 60 * 1000
"""How far *lately* reaches back, in milliseconds."""
_NEWEST = 300
"""Calls of a session among which those of lately are looked for."""
MOST_HELD = 100
"""Calls in flight that are shown, the oldest first: those are the ones that may hang."""
MOST_EVENTS = 30
_HOUR_MS = 3_600_000
_A_MINUTE_MS = 60_000


class State(StrEnum):
    """What a live session does."""

    RUNNING = "running"
    PAUSED = "paused"
    """its calls wait"""
    STOPPED = "stopped"
    """its calls are refused"""


class Origin(StrEnum):
    """How a session was begun, and so how it ends."""

    RUN = "run"
    """by a `cs run` or `cs proxy` that lives, and ends it"""
    LEFT = "left"
    """by one that has died"""
    HAND = "hand"
    BACKGROUND = "background"
    """by a proxy for calls that belonged to no session"""


class Rate(NamedTuple):
    """What a session spends lately."""

    per_hour: Nanos
    """nano-dollars; of the calls that have a price"""
    calls: int
    ms: int
    """over how many milliseconds"""
    is_all: bool
    """whether those are all calls of that time"""

    @property
    def how(self) -> str:
        """How it is known."""
        minutes = max(1, round(self.ms / _A_MINUTE_MS))
        of = f"{self.calls:,}" if self.is_all else f"the newest {self.calls:,}"
        return f"of {of} {'call' if self.calls == 1 else 'calls'} in the last {minutes} min, by the hour"


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that has not ended."""

    session: Session
    cost: SessionCost
    spent_by: Mapping[Evidence, Nanos]
    """by how the numbers were got; empty where no cost is known, or there are too many calls to look at each"""
    rate: Rate | None
    """None: no call of lately has a price"""
    model: ModelTotals | None
    """the dearest it has used"""
    held: tuple[Call, ...]
    """calls in flight, the oldest first"""
    held_count: int
    limits: tuple[Limit, ...]
    state: State
    since_ms: int | None
    """since when it is paused or stopped"""
    wait_s: int
    """of a pause: how long a call waits"""
    origin: Origin
    questions: tuple[Question, ...]

    @property
    def held_nanos(self) -> Nanos | None:
        """What the calls in flight hold; None where no price is known for any."""
        known = [call.hold_nanos for call in self.held if call.hold_nanos is not None]
        return sum(known) if known or not self.held else None

    @property
    def cost_words(self) -> str:
        """How its cost is known."""
        by = sorted(self.spent_by.items(), key=lambda item: -item[1])
        if not by:
            return self.cost.how
        totals = self.cost.view.totals
        ways = [f"{money(nanos)} {GOT[evidence]}" for evidence, nanos in by]
        ways += [f"{totals.unpriced:,} unpriced and not counted"] if totals.unpriced else []
        return f"{plural(totals.calls, 'call')}: {' · '.join(ways)}"

    @property
    def may_go_on(self) -> bool:
        """Whether its calls can be allowed again: the program of a run has been ended with it."""
        return self.state is State.PAUSED or self.origin in (Origin.HAND, Origin.BACKGROUND)


class Stopped(NamedTuple):
    """A session that has ended, and whose calls are refused still."""

    session: Session
    since_ms: int


@dataclass(frozen=True, slots=True)
class LiveView:
    """What runs now."""

    now_ms: int
    sessions: tuple[LiveSession, ...]
    """the newest first"""
    questions: tuple[Question, ...]
    """calls that wait for a person, the oldest first"""
    stopped: tuple[Stopped, ...]
    events: tuple[Happened, ...]
    """the newest first"""
    held: int
    """calls in flight, of any session or none"""
    held_nanos: Nanos | None
    """None where no price is known for any"""

    @property
    def per_hour(self) -> Nanos | None:
        """What all of them spend lately by the hour; None where no price is known, or nothing runs."""
        known = [live.rate.per_hour for live in self.sessions if live.rate]
        return sum(known) if known else None

    @staticmethod
    def reason(question: Question) -> str:
        """Why a call waits."""
        return sentence_of(question.message)

    def session_name(self, session_id: int | None) -> str:
        """The name of a live session; empty for none."""
        return next((live.session.name for live in self.sessions if live.session.id == session_id), "")


def live_view(ledger: Ledger, now_ms: int) -> LiveView:
    """What runs now, as the ledger has it."""
    with ledger.reading() as reader:
        waiting = reader.waiting()
        owned = {session.id: reader.session_owner(session.id) for session in reader.active_sessions()}
        owners = {owner_id for _, owner_id in waiting} | {owner_id for owner_id in owned.values() if owner_id}
    alive = {owner_id for owner_id in owners if ledger.is_alive(owner_id)}
    with ledger.reading() as reader:
        questions = tuple(question for question, owner_id in reader.waiting() if owner_id in alive)
        budgets, standings = reader.budgets(), reader.standings(now_ms)
        sessions = [
            _live(reader, session, now_ms, alive, _limits(reader, session, budgets, standings), questions)
            for session in reversed(reader.active_sessions())
        ]
        held = reader.find_calls(CallQuery(state=CallState.HELD, order=CallOrder.STARTED, limit=MOST_HELD))
        return LiveView(
            now_ms,
            tuple(sessions),
            questions,
            _stopped(reader),
            happened(reader, reversed(reader.events(newest=MOST_EVENTS))),
            held.total,
            _sum(call.hold_nanos for call in held.rows),
        )


def _live(
    reader: Reader,
    session: Session,
    now_ms: int,
    alive: set[int],
    limits: tuple[Limit, ...],
    questions: Sequence[Question],
) -> LiveSession:
    (cost,) = session_costs([(session, reader.totals(session.id))], now_ms)
    newest = reader.billed_calls(session.id, _NEWEST)
    held = reader.find_calls(CallQuery(session_id=session.id, state=CallState.HELD, descending=False, limit=MOST_HELD))
    spent_by: dict[Evidence, Nanos] = {}
    if len(newest) < _NEWEST:  # of more calls it would be told of a part only
        for call in newest:
            if call.evidence and call.cost_nanos is not None:
                spent_by[call.evidence] = spent_by.get(call.evidence, 0) + call.cost_nanos
    switch = reader.switch_of(session.id)
    return LiveSession(
        session,
        cost,
        spent_by,
        _rate(newest, session, now_ms),
        next(iter(reader.models(session.id)), None),
        held.rows,
        held.total,
        limits,
        State(switch.state) if switch else State.RUNNING,
        switch.since_ms if switch else None,
        switch.wait_s if switch else 0,
        _origin(session, reader.session_owner(session.id), alive),
        tuple(question for question in questions if question.session_id == session.id),
    )


def _origin(session: Session, owner_id: int | None, alive: set[int]) -> Origin:
    if session.is_background:
        return Origin.BACKGROUND
    if owner_id is None:
        return Origin.HAND
    return Origin.RUN if owner_id in alive else Origin.LEFT


def _rate(newest: Sequence[Call], session: Session, now_ms: int) -> Rate | None:
    """What it spends lately, over a minute at least: a call in the first second is no rate."""
    lately = [call for call in newest if call.started_ms >= now_ms - LATELY_MS]
    priced = [call.cost_nanos for call in lately if call.cost_nanos is not None]
    if lately and not priced:
        return None
    began_ms = max(session.started_ms, now_ms - LATELY_MS)
    is_all = len(lately) < _NEWEST
    if not is_all:
        began_ms = max(began_ms, lately[0].started_ms)
    ms = max(now_ms - began_ms, _A_MINUTE_MS)
    return Rate(sum(priced) * _HOUR_MS // ms, len(lately), ms, is_all)


def _limits(
    reader: Reader, session: Session, budgets: Sequence[Budget], standings: Sequence[Standing]
) -> tuple[Limit, ...]:
    """What limits a session: its own budgets, those of its project, and those of everything, as they stand now.

    What limits its agents, users, customers and models is shown with all budgets.
    """
    theirs = [one for one in standings if _is_of(one, session)]
    opened = {one.account.budget.id for one in theirs}
    theirs += [  # its own, before its next call
        reader.standing(Account(budget, "", session.id, 0, None))
        for budget in budgets
        if budget.kind is ScopeKind.SESSION
        and budget.name in ("", str(session.id))
        and budget.directory in (None, session.directory)
        and budget.id not in opened
    ]
    found = [
        Limit(f"{session.id}-{one.account.budget.id}", one.account.label, one.account.budget, one.limit_nanos, one)
        for one in theirs
    ]
    own = {(limit.budget.window, limit.budget.directory) for limit in found if limit.budget.name == str(session.id)}
    in_force = [  # the one of each session stands back where it has one of its own
        limit
        for limit in found
        if limit.budget.kind is not ScopeKind.SESSION
        or limit.budget.name
        or (limit.budget.window, limit.budget.directory) not in own
    ]
    return tuple(sorted(in_force, key=lambda limit: (_NEAREST[limit.budget.window], limit.budget.id)))


_NEAREST = {window: place for place, window in enumerate(Window)}


def _is_of(standing: Standing, session: Session) -> bool:
    account = standing.account
    budget = account.budget
    if account.session_id is not None:
        return account.session_id == session.id
    if budget.kind is ScopeKind.PROJECT:
        return account.subject == session.directory
    return budget.kind is ScopeKind.ALL and budget.directory in (None, session.directory)


def _stopped(reader: Reader) -> tuple[Stopped, ...]:
    """Ended sessions in whose directories calls are refused still; the newest first."""
    ended = [
        Stopped(session, switch.since_ms)
        for switch in reversed(reader.switches())
        if switch.state is SwitchState.STOPPED
        and (session := reader.session(switch.session_id)) is not None
        and not session.is_active
        and reader.stopped_in(session.directory) == session.id
    ]
    return tuple(ended[:MOST_EVENTS])


def _sum(amounts: Iterable[Nanos | None]) -> Nanos | None:
    """The sum of what is known; None where there is something, and nothing of it is known."""
    all_of_them = list(amounts)
    known = [nanos for nanos in all_of_them if nanos is not None]
    return sum(known) if known or not all_of_them else None


def calls_in_flight(ledger: Ledger, limit: int) -> Sequence[Call]:
    """The calls in flight, at most `limit`, the oldest first."""
    with ledger.reading() as reader:
        return tuple(reader.held_calls(limit))


def events_since(ledger: Ledger, since: int | None, limit: int) -> list[Event]:
    """What the firewall did after the event of that id, or, without one, last; at most `limit`, the oldest first."""
    with ledger.reading() as reader:
        return reader.events(newest=limit) if since is None else reader.events_after(since, limit)
