"""What did each day come to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.report.days import edges, last_days
from codesession.report.tokens import tokens_document, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from codesession.model.analysis import Analyst, Spent
    from codesession.model.ports import Ledger
    from codesession.report.days import Day
    from codesession.report.documents import Document

MOST_DAYS = 365


class DaySum(NamedTuple):
    """What a day came to: the calls and the sessions that began in it."""

    day: Day
    spent: Spent
    sessions: int


def daily_sums(ledger: Ledger, count: int, now_ms: int, zone: tzinfo | None) -> list[DaySum]:
    """What each of the last `count` days came to, today the last of them; days with nothing are among them."""
    with ledger.reading() as reader:
        return sums_of_days(reader, last_days(count, now_ms, zone))


def sums_of_days(reader: Analyst, days: Sequence[Day]) -> list[DaySum]:
    """What each of these neighbouring days came to."""
    moments = edges(days)
    together = zip(days, reader.spent_between(moments), reader.sessions_between(moments), strict=True)
    return [DaySum(day, spent, sessions) for day, spent, sessions in together]


def daily_costs_document(sums: Sequence[DaySum]) -> list[Document]:
    """What ``/daily-costs`` answers: days as ``2026-11-28``; what is unpriced is not in the cost, and counted."""
    return [
        {
            "day": day.date.isoformat(),
            "cost": to_usd(spent.cost_nanos),
            "sessions": sessions,
            "tokens": spent.usage.tokens,
            "calls": spent.calls,
            "unpricedCalls": spent.unpriced,
        }
        for day, spent, sessions in sums
    ]


def daily_tokens_document(sums: Sequence[DaySum]) -> list[Document]:
    """What ``/daily-tokens`` answers: both sides, the whole, and the parts that pages show."""
    return [
        {
            "day": day.date.isoformat(),
            "promptTokens": spent.usage.prompt_tokens,
            "completionTokens": spent.usage.completion_tokens,
            "totalTokens": spent.usage.tokens,
            **tokens_document(tokens_of(spent.usage)),
        }
        for day, spent, _ in sums
    ]
