"""What is to be told of calls that have ended, and how does one count that was made elsewhere?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codesession.gate.costs import cost_of, with_evidence
from codesession.guard import accounts_of, alert_sentence
from codesession.model import Alert, Event, EventKind, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from codesession.model import Attempt, Cost, Outcome
    from codesession.model.ports import Prices, Writer


def record(
    tx: Writer, attempt: Attempt, outcome: Outcome, cost: Cost | None, span: tuple[int, int], zone: tzinfo | None
) -> tuple[int, list[Alert]]:
    """Keep a call that was made elsewhere, from and until the milliseconds of `span`; its id, and what is to be told.

    It counts toward every budget that applies, and is refused by none: the money has been spent.
    """
    started_ms, ended_ms = span
    directory = tx.directory_of(attempt.session_id)
    tx.open_accounts(accounts_of(tx.budgets_for(attempt, directory), attempt, directory, started_ms, zone))
    call_id = tx.record(attempt, outcome, cost, started_ms, ended_ms)
    return call_id, alerts_due(tx, attempt.session_id, ended_ms)


def record_results(
    tx: Writer, attempt: Attempt, outcomes: Sequence[Outcome], prices: Prices, now_ms: int, zone: tzinfo | None
) -> tuple[int, list[Alert]]:
    """Keep those answers of a batch that are not there yet; how many they were, and what is to be told."""
    kept, alerts = 0, []
    for outcome in outcomes:
        if outcome.response_id is not None and tx.has_result(attempt.provider, outcome.response_id):
            continue
        named = replace(attempt, model=outcome.model or attempt.model)
        cost = cost_of(prices, named, outcome, now_ms)
        _, due = record(tx, named, with_evidence(outcome), cost, (now_ms, now_ms), zone)
        kept += 1
        alerts += due
    return kept, alerts


def alerts_due(tx: Writer, session_id: int | None, now_ms: int) -> list[Alert]:
    """What is to be told of the calls this transaction has ended; each is told once, and kept as an event."""
    return [
        told(tx, Alert(alert_sentence(standing, level), level, standing, session_id), now_ms)
        for standing, level in tx.due_alerts()
    ]


def told(tx: Writer, alert: Alert, now_ms: int) -> Alert:
    """The alert, kept as an event."""
    details = {"level": str(alert.level)}
    tx.add_event(
        Event(EventKind.WARNED, now_ms, Rule.BUDGET, alert.session_id, message=alert.sentence, details=details)
    )
    return alert
