"""What does a monitoring system watch? Sums that only grow, and what is under way; never a list that grows with use."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import EventKind, Usage
from codesession.model.analysis import CallQuery
from codesession.model.call import CallState
from codesession.model.usage import REQUESTS
from codesession.report.evidence import plus
from codesession.report.formats import source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codesession.model import Nanos, Standing
    from codesession.model.analysis import Spent, SpentByModel
    from codesession.model.ports import Ledger, Reader

MOST_MODELS = 200
"""Models that are told apart; what any others come to is in one sum."""
MOST_ACCOUNTS = 100
"""Accounts of budgets that are told, those nearest to their limit."""
MOST_HELD = 1_000
OTHER = "other"
_PAGE = 1_000
"""Events that are read at a time."""
REFUSALS = (EventKind.REFUSED, EventKind.ENDED)
TOKENS = tuple(field.name for field in fields(Usage) if field.name not in REQUESTS)
"""The classes of usage that count tokens."""


class Model(NamedTuple):
    """Whose sum it is."""

    provider: str
    model: str
    evidence: str


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """What one account has come to; money in nano-dollars."""

    budget: str
    """the scope as it is typed"""
    account: str
    """whose: for each session, customer … another one"""
    window: str
    mode: str
    source: str
    """``user``, or the file that sets it"""
    limit_nanos: Nanos
    spent_nanos: Nanos
    held_nanos: Nanos


@dataclass(frozen=True, slots=True)
class Figures:
    """What is watched."""

    spent: Mapping[Model, Spent]
    holds: int
    """calls in flight"""
    held_nanos: Nanos
    """what is reserved for them"""
    sessions: int
    """ever"""
    active_sessions: int
    waiting: int
    """calls that wait for a person"""
    refusals: Mapping[str, int]
    """calls refused and answers ended, ever, by rule"""
    accounts: tuple[AccountFigures, ...]


class Watch:
    """Reads the figures again and again; which models it tells apart, and which refusals it has counted, it keeps."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: set[tuple[str, str]] = set()
        self._refusals: dict[str, int] = {}
        self._counted = 0

    def read(self, now_ms: int) -> Figures:
        """The figures at `now_ms`, milliseconds since the epoch; not to be called by two threads at once.

        Raises:
            DatabaseError: the ledger could not be read.
        """
        with self._ledger.reading() as reader:
            held = reader.find_calls(CallQuery(state=CallState.HELD, limit=MOST_HELD))
            work = reader.work()
            self._count(reader)
            return Figures(
                self._by_model(reader.spent_by_model()),
                held.total,
                sum(call.hold_nanos or 0 for call in held.rows),
                work.sessions,
                work.active,
                len(reader.waiting()),
                dict(self._refusals),
                fullest(reader.standings(now_ms)),
            )

    def _by_model(self, rows: Iterable[SpentByModel]) -> dict[Model, Spent]:
        """The sums, dearest models first; a model that has its own sum keeps it, or the other one would shrink."""
        sums: dict[Model, Spent] = {}
        for row in rows:
            name = (row.provider, row.model)
            if len(self._known) < MOST_MODELS:
                self._known.add(name)
            provider, model = name if name in self._known else (OTHER, OTHER)
            key = Model(provider, model, row.evidence)
            sums[key] = plus(sums[key], row.spent) if key in sums else row.spent
        return sums

    def _count(self, reader: Reader) -> None:
        """Count the refusals since the last time; all of them anew once the ledger was emptied."""
        if reader.newest_event() < self._counted:
            self._refusals, self._counted = {}, 0
        while events := reader.events_after(self._counted, _PAGE):
            for event in events:
                if event.kind in REFUSALS:
                    rule = event.rule or OTHER
                    self._refusals[rule] = self._refusals.get(rule, 0) + 1
            self._counted = events[-1].id


def fullest(standings: Iterable[Standing]) -> tuple[AccountFigures, ...]:
    """What the accounts nearest to their limit have come to."""
    ordered = sorted(standings, key=lambda one: (one.free_nanos / max(1, one.limit_nanos), one.id))
    figures: dict[tuple[str, ...], AccountFigures] = {}
    for standing in ordered:
        budget = standing.account.budget
        names = (budget.scope, standing.account.label, budget.window, budget.mode, source(budget.directory, "user"))
        if len(figures) < MOST_ACCOUNTS and names not in figures:  # two sums of the same name would be an error
            money = (standing.limit_nanos, standing.spent_nanos, standing.held_nanos)
            figures[names] = AccountFigures(*names, *money)
    return tuple(figures.values())
