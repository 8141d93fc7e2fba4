"""What has a month come to, on one card that can be shown around?

Project names are on it only if the person who shares it wants them there; nothing else tells what was worked on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from codesession.errors import InvalidInput
from codesession.model.analysis import Span, Spent
from codesession.model.days import day_of, first_moment
from codesession.report.documents import usd
from codesession.report.evidence import known_cost, sum_of
from codesession.report.formats import money, plural, project_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from codesession.model import Nanos
    from codesession.model.analysis import Analyst, SpentByModel, Work
    from codesession.model.ports import Ledger
    from codesession.report.documents import Document

MOST_NAMED = 3
"""Models, and projects, that are named."""
MOST_MONTHS = 36
"""Among which there is a choice, the newest first."""


class Named(NamedTuple):
    """A model or a project, and what it cost in nano-dollars; None where no call has a price."""

    name: str
    cost: Nanos | None


@dataclass(frozen=True, slots=True)
class Card:
    """A month on a card; costs in nano-dollars, times in seconds."""

    month: date
    """its first day"""
    spent: Spent
    work: Work
    days: Sequence[Spent]
    """each day of the month, from the first one on"""
    models: Sequence[Named]
    """the dearest"""
    projects: Sequence[Named]
    """the dearest"""

    @property
    def title(self) -> str:
        """The month as it is called."""
        return f"{self.month:%B %Y}"

    @property
    def cost(self) -> Nanos | None:
        """What the month cost; None where no call has a price."""
        return known_cost(self.spent)

    @property
    def busiest(self) -> date | None:
        """The day that cost most; of a month that cost nothing, the one with most calls; None without any."""
        most = max(self.days, key=lambda day: (day.cost_nanos, day.calls), default=None)
        return self.month + timedelta(days=self.days.index(most)) if most and most.calls else None

    @property
    def says(self) -> str:
        """The card in words, for who does not see it."""
        cost = "no known cost" if self.cost is None else money(self.cost)
        counts = {
            "session": self.work.sessions,
            "call": self.spent.calls,
            "token": self.spent.usage.tokens,
            "file": self.work.files,
            "commit": self.work.commits,
        }
        *first, last = (plural(count, noun) for noun, count in counts.items())
        return f"{self.title}: {cost}, {', '.join(first)} and {last}."


def month_of(said: str, now_ms: int, zone: tzinfo | None) -> date:
    """The first day of the month said as ``2026-11``, or, if nothing is said, of this one.

    >>> month_of("2026-11", 0, None)
    datetime.date(2026, 11, 1)

    Raises:
        InvalidInput: it is no month.
    """
    if not said:
        return day_of(now_ms, zone).replace(day=1)
    try:
        month = date.fromisoformat(f"{said}-01")
    except ValueError:
        month = date.min
    if not _FIRST_YEAR <= month.year < _LAST_YEAR:
        raise InvalidInput(f"{said[:_LONGEST_SHOWN]!r} is no month that can be told of: write it as 2026-11.")
    return month


_FIRST_YEAR, _LAST_YEAR = 1971, 9999
"""Whose months have beginnings and ends in every time zone."""
_LONGEST_SHOWN = 20


def card_of(ledger: Ledger, month: date, zone: tzinfo | None) -> Card:
    """What the month that begins with that day came to."""
    edges = [first_moment(day, zone) for day in _days(month)] + [first_moment(_after(month), zone)]
    span = Span(edges[0], edges[-1])
    with ledger.reading() as reader:
        return Card(
            month,
            sum_of(reader.spent(span).values()),
            reader.work(span),
            reader.spent_between(edges),
            _models(reader.spent_by_model(span)),
            _projects(reader, span),
        )


def months(ledger: Ledger, now_ms: int, zone: tzinfo | None) -> list[date]:
    """The months since the first session or call, the newest first; at least this one, and at most three years."""
    month = day_of(now_ms, zone).replace(day=1)
    found = [month]
    with ledger.reading() as reader:
        began_ms = reader.began_ms()
    while began_ms is not None and len(found) < MOST_MONTHS and first_moment(month, zone) > began_ms:
        month = (month - timedelta(days=1)).replace(day=1)
        found.append(month)
    return found


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _days(month: date) -> Iterator[date]:
    for number in range((_after(month) - month).days):
        yield month + timedelta(days=number)


def _models(rows: Sequence[SpentByModel]) -> list[Named]:
    by: dict[str, list[Spent]] = {}
    for row in rows:
        by.setdefault(row.model, []).append(row.spent)
    return _dearest((name, known_cost(sum_of(parts))) for name, parts in by.items())


def _projects(reader: Analyst, span: Span) -> list[Named]:
    return _dearest((project_name(directory), known_cost(spent)) for directory, spent in reader.spent_by_project(span))


def _dearest(costs: Iterator[tuple[str, Nanos | None]]) -> list[Named]:
    return sorted((Named(*cost) for cost in costs), key=lambda named: (-(named.cost or 0), named.name))[:MOST_NAMED]


def card_document(card: Card) -> Document:
    """What ``/share`` answers: what is on the card; a cost that is not known is null."""
    busiest = card.busiest
    return {
        "month": f"{card.month:%Y-%m}",
        "title": card.title,
        "cost": usd(card.cost),
        "unpricedCalls": card.spent.unpriced,
        "calls": card.spent.calls,
        "tokens": card.spent.usage.tokens,
        "sessions": card.work.sessions,
        "totalTime": card.work.seconds,
        "files": card.work.files,
        "commits": card.work.commits,
        "busiestDay": None if busiest is None else busiest.isoformat(),
        "dailyCosts": [usd(known_cost(day)) for day in card.days],
        "models": [{"model": named.name, "cost": usd(named.cost)} for named in card.models],
        "projects": [{"project": named.name, "cost": usd(named.cost)} for named in card.projects],
    }
