"""What runs now, as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import reason_of, to_usd
from codesession.report.budgets import question_row
from codesession.report.documents import usd
from codesession.report.formats import iso
from codesession.report.refusals import whose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.model import Call, Event
    from codesession.report.alerts import Limit
    from codesession.report.documents import Document
    from codesession.report.live import LiveSession, LiveView


def live_document(view: LiveView) -> Document:
    """What ``/live`` answers."""
    return {
        "now": iso(view.now_ms),
        "callsInFlight": view.held,
        "held": usd(view.held_nanos),
        "costPerHour": usd(view.per_hour),
        "sessions": [_session(live) for live in view.sessions],
        "waiting": [question_row(question) for question in view.questions],
        "stopped": [
            {"id": gone.session.id, "name": gone.session.name, "since": iso(gone.since_ms)} for gone in view.stopped
        ],
        "events": [event_row(one.event) for one in view.events],
    }


def _session(live: LiveSession) -> Document:
    session, totals = live.session, live.cost.view.totals
    return {
        "id": session.id,
        "name": session.name,
        "workingDirectory": session.directory,
        "branch": session.branch,
        "startTime": iso(session.started_ms),
        "duration": live.cost.view.seconds,
        "origin": live.origin,
        "state": live.state,
        "stateSince": None if live.since_ms is None else iso(live.since_ms),
        "aiCost": usd(live.cost.cost),
        "aiTokens": totals.tokens,
        "aiCalls": totals.calls,
        "unpricedCalls": totals.unpriced,
        "costPerHourLately": usd(live.rate.per_hour) if live.rate else None,
        "callsInFlight": live.held_count,
        "held": usd(live.held_nanos),
        "budgets": [_limit(limit) for limit in live.limits],
        "waiting": [question.id for question in live.questions],
    }


def _limit(limit: Limit) -> Document:
    return {
        "account": limit.label,
        "window": limit.budget.window,
        "mode": limit.budget.mode,
        "strict": limit.budget.is_strict,
        "limit": to_usd(limit.limit_nanos),
        "spent": to_usd(limit.spent_nanos),
        "held": to_usd(limit.held_nanos),
        "free": to_usd(limit.free_nanos),
    }


def holds_document(calls: Iterable[Call]) -> list[Document]:
    """What ``/holds`` answers: the calls in flight, the oldest first."""
    return [
        {
            "id": call.id,
            "sessionId": call.session_id,
            "provider": call.provider,
            "model": call.model,
            "agent": call.agent,
            "streamed": call.streamed,
            "started": iso(call.started_ms),
            "held": usd(call.hold_nanos),
        }
        for call in calls
    ]


def event_row(event: Event) -> Document:
    """Something the firewall did, or a person told it."""
    return {
        "id": event.id,
        "kind": event.kind,
        "at": iso(event.at_ms),
        "rule": event.rule,
        "message": reason_of(event.message),
        **whose(event),
    }
