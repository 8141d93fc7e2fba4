"""What do all sessions and calls come to? In a handful of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.report.days import stretch
from codesession.report.evidence import Figure, evidence_document, figure_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from codesession.model.analysis import Work
    from codesession.model.ports import Ledger
    from codesession.report.documents import Document


class Stats(NamedTuple):
    """What the sessions and the calls of some days, or of all time, come to; each counts where it began."""

    work: Work
    figure: Figure


def stats(ledger: Ledger, days: int | None, now_ms: int, zone: tzinfo | None) -> Stats:
    """What the last so many days come to, today the last of them; None: all time."""
    span = stretch(days, now_ms, zone)
    with ledger.reading() as reader:
        return Stats(reader.work(span, now_ms), figure_of(reader.spent(span).items()))


def totals_document(found: Stats) -> Document:
    """What ``/stats`` answers: whole seconds, dollars; active sessions count up to now."""
    work, spent = found.work, found.figure.spent
    return {
        "totalSessions": work.sessions,
        "totalTime": work.seconds,
        "totalFiles": work.files,
        "totalCommits": work.commits,
        "totalAICost": to_usd(spent.cost_nanos),
        "avgSessionTime": round(work.seconds / work.sessions) if work.sessions else 0,
        "activeSessions": work.active,
        "totalCalls": spent.calls,
        "totalTokens": spent.usage.tokens,
        "unpricedCalls": spent.unpriced,
        "evidence": evidence_document(found.figure),
    }
