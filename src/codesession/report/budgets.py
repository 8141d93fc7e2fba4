"""What is limited, and what has it come to? The documents of budgets; `budget_words` says the same to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import ScopeKind, Window, to_usd
from codesession.report.documents import document, usd
from codesession.report.formats import iso, source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from codesession.model import Budget, Mandate, Nanos, Question, Standing
    from codesession.report.documents import Document

    class Situation(Protocol):
        """Everything that is limited now."""

        @property
        def rules(self) -> Sequence[tuple[Budget, Sequence[Standing]]]:
            """Each budget with its accounts."""
            ...

        @property
        def waiting(self) -> Sequence[Question]:
            """The calls that wait for a person."""
            ...

        @property
        def mandates(self) -> Sequence[Mandate]:
            """What agents and projects may do, whatever it costs."""
            ...

        @property
        def zone_name(self) -> str:
            """Where days begin."""
            ...

        @property
        def ended(self) -> Sequence[Budget]:
            """Those of sessions that have ended, which are not among the rules."""
            ...

    class Changed(Protocol):
        """A budget that was set or removed."""

        @property
        def budget(self) -> Budget:
            """As it now is, or was."""
            ...

        @property
        def standings(self) -> Sequence[Standing]:
            """What it has come to already."""
            ...

        @property
        def is_removed(self) -> bool:
            """Whether it was removed."""
            ...


MOST_ACCOUNTS = 50
"""Accounts of one budget that are shown, the dearest first."""


def dearest(standings: Sequence[Standing]) -> tuple[list[Standing], int]:
    """The accounts that are shown, dearest first, and how many are not."""
    ordered = sorted(standings, key=lambda standing: -standing.spent_nanos)
    return ordered[:MOST_ACCOUNTS], max(0, len(ordered) - MOST_ACCOUNTS)


# --- documents ---


def budgets_document(now: Situation) -> Document:
    """What ``budget`` answers."""
    return document(
        {
            "daily": _limit_of(now, ScopeKind.ALL, Window.DAY),
            "session": _limit_of(now, ScopeKind.SESSION, Window.SESSION),
            "timezone": now.zone_name,
            "budgets": [budget_row(budget, standings) for budget, standings in now.rules],
            "budgetsOfEndedSessions": len(now.ended),
            "waiting": [question_row(question) for question in now.waiting],
            "mandates": [_mandate(mandate) for mandate in now.mandates],
        }
    )


def set_budget_document(changed: Changed, notes: Sequence[str]) -> Document:
    """What ``budget set`` and ``budget remove`` answer."""
    verb = "removed" if changed.is_removed else "budget"
    return document({verb: budget_row(changed.budget, changed.standings), "notes": list(notes)})


def budget_row(budget: Budget, standings: Sequence[Standing]) -> Document:
    """A budget with its accounts."""
    shown, omitted = dearest(standings)
    return {
        "id": budget.id,
        "scope": budget.scope,
        "window": budget.window,
        "limit": to_usd(budget.limit_nanos),
        "mode": budget.mode,
        "strict": budget.is_strict,
        "warnAt": budget.warn_at,
        "ask": budget.ask_s or None,
        "unpriced": _unpriced(budget.unpriced_nanos),
        "source": source(budget.directory, "user"),
        "accounts": [account_row(standing) for standing in shown],
        "accountsOmitted": omitted,
    }


def account_row(standing: Standing) -> Document:
    """What one account has come to."""
    account = standing.account
    return {
        "subject": account.subject or None,
        "sessionId": account.session_id,
        "spent": to_usd(standing.spent_nanos),
        "held": to_usd(standing.held_nanos),
        "free": to_usd(standing.free_nanos),
        "limit": to_usd(standing.limit_nanos),
        "extra": to_usd(standing.extra_nanos),
        "unpricedCalls": standing.unpriced,
        "began": iso(account.began_ms) if account.began_ms else None,
        "ends": None if account.ends_ms is None else iso(account.ends_ms),
        "evidence": {str(evidence): to_usd(nanos) for evidence, nanos in standing.spent_by.items()},
    }


def question_row(question: Question) -> Document:
    """A call that waits, or waited, for a person."""
    return {
        "id": question.id,
        "rule": question.rule,
        "message": question.message,
        "sessionId": question.session_id,
        "model": question.model,
        "missing": usd(question.needed_nanos),
        "asked": iso(question.asked_ms),
        "until": iso(question.until_ms),
    }


def _limit_of(now: Situation, kind: ScopeKind, window: Window) -> float | None:
    """The limit of the user's own budget of all calls, or of each session."""
    for budget, _ in now.rules:
        if (budget.kind, budget.name, budget.window, budget.directory) == (kind, "", window, None):
            return to_usd(budget.limit_nanos)
    return None


def _unpriced(nanos: Nanos | None) -> str | float:
    return "refuse" if nanos is None else to_usd(nanos) or "allow"


def _mandate(mandate: Mandate) -> Document:
    return {
        "scope": mandate.scope,
        "allow": list(mandate.allow),
        "deny": list(mandate.deny),
        "mostPerCall": usd(mandate.most_per_call_nanos),
        "mostParallel": mandate.most_parallel,
        "source": source(mandate.directory, "user"),
    }
