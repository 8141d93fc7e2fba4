"""What is limited and how near is it, which sessions passed their limit, and what has the firewall done lately?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model import EACH, EventKind, ScopeKind
from codesession.model.analysis import SessionOrder, SessionQuery
from codesession.report.breaches import BREACHES, HAPPENED, Happened, happened
from codesession.report.budget_words import evidence_text
from codesession.report.budgets import dearest
from codesession.report.formats import source
from codesession.report.refusals import mode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codesession.model import Budget, Nanos, Question, Session, Standing
    from codesession.model.ports import Reader
    from codesession.report.budgets import Situation

MOST_EVENTS = 50
_LOOKED_THROUGH = 200
"""Events among which the newest breaches are looked for."""
MOST_OVER = 50
"""Sessions over their limit that are shown, the dearest first."""

_HAPPENED: Mapping[EventKind, tuple[str, str]] = {
    **HAPPENED,
    EventKind.STOPPED: ("Session stopped", "bad"),
    EventKind.PAUSED: ("Session paused", "warn"),
}
"""Here a session is not what everything is about."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget as it stands for one subject; money in nano-dollars."""

    key: str
    """another one for each row"""
    label: str
    """whose: ``all``, ``session 12``, ``customer:acme``"""
    budget: Budget
    limit_nanos: Nanos
    standing: Standing | None
    """None: nothing has been counted yet"""

    @property
    def spent_nanos(self) -> Nanos:
        """What the calls that have ended came to."""
        return self.standing.spent_nanos if self.standing else 0

    @property
    def held_nanos(self) -> Nanos:
        """What is reserved for calls in flight."""
        return self.standing.held_nanos if self.standing else 0

    @property
    def free_nanos(self) -> Nanos:
        """What may still be spent; below 0 when the limit has been passed."""
        return self.limit_nanos - self.spent_nanos - self.held_nanos

    @property
    def spent_share(self) -> float:
        """How much of the limit is spent; 1 where the limit is 0."""
        return self.spent_nanos / self.limit_nanos if self.limit_nanos else 1.0

    @property
    def held_share(self) -> float:
        """How much of it is held."""
        return self.held_nanos / self.limit_nanos if self.limit_nanos else 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return self.free_nanos <= 0 and (self.limit_nanos > 0 or self.spent_nanos > 0)

    @property
    def is_near(self) -> bool:
        """Whether the percentage is reached at which it is said that the limit is near."""
        return not self.is_over and (self.spent_nanos + self.held_nanos) * 100 >= self.limit_nanos * self.budget.warn_at

    @property
    def mode(self) -> str:
        """What happens at the limit: ``warn``, ``block, balanced``."""
        return mode_text(self.budget.mode, is_strict=self.budget.is_strict)

    @property
    def known(self) -> str:
        """How it is known what was spent."""
        if self.standing is None:
            return "counted from the next call on"
        return evidence_text(self.standing) or "nothing was spent yet"

    @property
    def source(self) -> str | None:
        """The file of the project that sets it; None: the user did, and can change it here."""
        return None if self.budget.directory is None else source(self.budget.directory, "")


@dataclass(frozen=True, slots=True)
class Rule:
    """A budget that somebody has set, with what it has come to."""

    budget: Budget
    limits: tuple[Limit, ...]
    omitted: int
    """accounts that have spent less than those, and are not among them"""


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A session that cost more than it should have; money in nano-dollars."""

    session: Session
    cost_nanos: Nanos
    limit_nanos: Nanos
    unpriced: int


@dataclass(frozen=True, slots=True)
class AlertsView:
    """Budgets and alerts."""

    rules: tuple[Rule, ...]
    over: tuple[OverLimit, ...]
    breaches: tuple[Happened, ...]
    """the newest first"""
    waiting: tuple[Question, ...]
    zone_name: str
    ended: int
    """budgets of ended sessions, which are left out"""

    @property
    def triggered(self) -> int:
        """How many accounts are at their limit."""
        return sum(limit.is_over for rule in self.rules for limit in rule.limits)

    @property
    def near(self) -> int:
        """How many are near it."""
        return sum(limit.is_near for rule in self.rules for limit in rule.limits)


def alerts_view(now: Situation, reader: Reader) -> AlertsView:
    """Budgets and alerts, as `reader` has them."""
    return AlertsView(
        tuple(rule_of(budget, standings) for budget, standings in now.rules),
        sessions_over(reader, [*(budget for budget, _ in now.rules), *now.ended]),
        breaches(reader),
        tuple(now.waiting),
        now.zone_name,
        len(now.ended),
    )


def rule_of(budget: Budget, standings: Sequence[Standing]) -> Rule:
    """A budget with what it has come to for each subject, the dearest first."""
    shown, omitted = dearest(standings)
    if shown:
        limits = tuple(Limit(f"{budget.id}-{one.id}", one.account.label, budget, one.limit_nanos, one) for one in shown)
    else:
        is_each = budget.name == EACH or (budget.kind is ScopeKind.SESSION and not budget.name)
        label = f"each {budget.kind}" if is_each else budget.scope
        limits = (Limit(f"{budget.id}-0", label, budget, budget.limit_nanos, None),)
    return Rule(budget, limits, omitted)


def sessions_over(reader: Reader, budgets: Iterable[Budget]) -> tuple[OverLimit, ...]:
    """The sessions that cost more than the limit they would have now, dearest first.

    That is their own, else the one of each session: of their project's file or of the user, whichever is lower.
    """
    of_one: dict[int, Nanos] = {}
    of_each: list[Budget] = []
    for budget in budgets:
        if budget.kind is ScopeKind.SESSION and budget.name:
            of_one[int(budget.name)] = budget.limit_nanos
        elif budget.kind is ScopeKind.SESSION:
            of_each.append(budget)
    if not of_one and not of_each:
        return ()
    looked_at = list(reader.find_sessions(SessionQuery(order=SessionOrder.COST, limit=MOST_OVER)).rows)
    dear = {session.id for session, _ in looked_at}
    looked_at += [  # one may be over a low limit, and not among the dearest
        (session, reader.totals(session.id))
        for session in map(reader.session, of_one.keys() - dear)
        if session is not None
    ]
    over = []
    for session, totals in sorted(looked_at, key=lambda row: (-row[1].cost_nanos, -row[0].id)):
        each = [budget.limit_nanos for budget in of_each if budget.directory in (None, session.directory)]
        limit = of_one.get(session.id, min(each, default=None))
        if limit is not None and totals.cost_nanos > limit:
            over.append(OverLimit(session, totals.cost_nanos, limit, totals.unpriced))
    return tuple(over)


def breaches(reader: Reader) -> tuple[Happened, ...]:
    """The newest things a person should know of, the newest first."""
    events = [event for event in reversed(reader.events(newest=_LOOKED_THROUGH)) if event.kind in BREACHES]
    return happened(reader, events[:MOST_EVENTS], _HAPPENED)
