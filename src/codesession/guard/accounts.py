"""Which budgets does a call count toward, and in which account of each?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.guard.patterns import means
from codesession.guard.windows import span
from codesession.model import EACH, Account, ScopeKind, Window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from codesession.model import Attempt, Budget


def accounts_of(
    budgets: Iterable[Budget], attempt: Attempt, directory: str | None, now_ms: int, zone: tzinfo | None
) -> list[Account]:
    """The accounts of `budgets` that `attempt`, sent at `now_ms` from the project `directory`, counts toward.

    A budget that names its subject stands in for the one of each of its kind: ``customer:acme`` for ``customer:*``,
    ``session:12`` for ``session``, in the same window and from the same source.
    """
    found = [
        (budget, subject)
        for budget in budgets
        if budget.directory in (None, directory) and (subject := _subject(budget, attempt, directory)) is not None
    ]
    named = {(budget.kind, budget.window, budget.directory) for budget, _ in found if _is_named(budget)}
    return [
        _account(budget, subject, attempt, now_ms, zone)
        for budget, subject in found
        if budget.kind is ScopeKind.MODEL
        or _is_named(budget)
        or (budget.kind, budget.window, budget.directory) not in named
    ]


def _is_named(budget: Budget) -> bool:
    return budget.name not in ("", EACH)


def _subject(budget: Budget, attempt: Attempt, directory: str | None) -> str | None:
    """Whose account the call counts toward; None if it does not count."""
    if budget.window is Window.SESSION and attempt.session_id is None:
        return None
    match budget.kind:
        case ScopeKind.ALL:
            return ""
        case ScopeKind.SESSION:
            return "" if budget.name in ("", str(attempt.session_id)) else None
        case ScopeKind.MODEL:
            return budget.name if means(budget.name, attempt.provider, attempt.model) else None
        case ScopeKind.PROJECT:
            own = directory
        case ScopeKind.AGENT:
            own = attempt.agent
        case ScopeKind.USER:
            own = attempt.user
        case ScopeKind.CUSTOMER:
            own = attempt.customer
    return own if own and budget.name in (own, EACH) else None


def _account(budget: Budget, subject: str, attempt: Attempt, now_ms: int, zone: tzinfo | None) -> Account:
    began_ms, ends_ms = span(budget.window, now_ms, zone)
    session_id = attempt.session_id if budget.window is Window.SESSION else None
    return Account(budget, subject, session_id, began_ms, ends_ms)
