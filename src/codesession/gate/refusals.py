"""How is a no kept, and how does it leave the gate?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.errors import BudgetExceeded
from codesession.model import Event, to_usd

if TYPE_CHECKING:
    from codesession.model import Attempt, EventKind, Figure, Refusal


def event_of(at_ms: int, kind: EventKind, attempt: Attempt, refusal: Refusal, call_id: int | None = None) -> Event:
    """What is kept of a refusal: whose call it was, the rule, and how each budget that applied came out."""
    return Event(
        kind,
        at_ms,
        refusal.rule,
        attempt.session_id,
        call_id,
        attempt.provider,
        attempt.model,
        attempt.agent,
        attempt.user,
        attempt.customer,
        refusal.sentence,
        {"advice": refusal.advice, "budgets": [_figure(figure) for figure in refusal.figures]},
    )


def _figure(figure: Figure) -> dict[str, object]:
    standing, budget = figure.standing, figure.standing.account.budget
    return {
        "account": standing.account.label,
        "accountId": standing.id,
        "window": budget.window,
        "mode": budget.mode,
        "strict": budget.is_strict,
        "limit": standing.limit_nanos,
        "spent": standing.spent_nanos,
        "held": standing.held_nanos,
        "needed": figure.needed_nanos,
        "kept": figure.is_kept,
    }


def exceeded(refusal: Refusal) -> BudgetExceeded:
    """The refusal as an error, with the rule, and in dollars the figures of the account that said no."""
    figures: dict[str, object] = {"rule": str(refusal.rule)}
    if refusal.standing:
        figures["spent"] = to_usd(refusal.standing.spent_nanos)
        figures["held"] = to_usd(refusal.standing.held_nanos)
        figures["limit"] = to_usd(refusal.standing.limit_nanos)
    return BudgetExceeded(refusal.message, **figures)
