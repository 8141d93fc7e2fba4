"""What is limited now, what has that come to, and which calls wait for a person?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.budgets import account_of, is_over, zone_of
from codesession.app.project_file import sync_project_file
from codesession.app.sessions import current_scope
from codesession.errors import InvalidInput
from codesession.model import EACH, Account, ScopeKind, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from codesession.app.core import App
    from codesession.model import Budget, Mandate, Question, Session, Standing
    from codesession.model.ports import Reader


class Situation(NamedTuple):
    """Everything that is limited now."""

    rules: tuple[tuple[Budget, tuple[Standing, ...]], ...]
    """each budget with its accounts; those of sessions that have ended aside"""
    waiting: tuple[Question, ...]
    """the calls that wait for a person"""
    mandates: tuple[Mandate, ...]
    zone_name: str
    """where days begin"""
    ended: tuple[Budget, ...]
    """those of sessions that have ended"""


def budgets_now(app: App) -> Situation:
    """Every budget with what it has come to, and the calls that wait for a person.

    What the project's own file says here is taken over first; what is wrong with it is told.

    Raises:
        InvalidInput: the current directory has been deleted, and it matters which session is active here.
    """
    with suppress(InvalidInput):  # there is no project here
        for sentence in sync_project_file(app.ledger, current_scope(with_branch=False).directory):
            app.problem(sentence)
    return _situation(app, _active_here)


def budgets_everywhere(app: App) -> Situation:
    """Every budget with what it has come to, for who looks from no project in particular: nothing is written.

    Raises:
        DatabaseError: the ledger cannot be read.
    """
    return _situation(app, lambda _reader: None)


def _situation(app: App, active: Callable[[Reader], Session | None]) -> Situation:
    """What is limited now; `active` tells the session whose budgets may not have been used yet."""
    now_ms, zone = app.now_ms(), zone_of(app.config)
    with app.ledger.reading() as reader:
        kept = reader.budgets()
        of_ended = {budget.id for budget in kept if is_over(budget, reader)}
        live = [budget for budget in kept if budget.id not in of_ended]
        here = active(reader) if any(budget.window is Window.SESSION for budget in live) else None
        standings = reader.standings(now_ms)
        named = {_subject(budget, budget.name) for budget in live if _is_named(budget)}
        rules = []
        for budget in live:
            own = [one for one in standings if one.account.budget.id == budget.id]
            if _is_of_each_session(budget):
                found = [*own, *_untouched(reader, budget, {one.account.session_id for one in own})]
            else:
                account = None if own else account_of(budget, here, now_ms, zone)
                found = own if account is None else [reader.standing(account)]
            rules.append((budget, tuple(one for one in found if not _is_stood_in_for(one, named))))
        return Situation(
            tuple(rules),
            tuple(question for question, owner_id in reader.waiting() if app.ledger.is_alive(owner_id)),
            tuple(reader.mandates()),
            app.config.timezone or _system_zone(),
            tuple(budget for budget in kept if budget.id in of_ended),
        )


def _active_here(reader: Reader) -> Session | None:
    return reader.active_session(current_scope(with_branch=False).directory)


def _is_of_each_session(budget: Budget) -> bool:
    return budget.kind is ScopeKind.SESSION and not budget.name


def _untouched(reader: Reader, budget: Budget, known: Container[int | None]) -> list[Standing]:
    """What the active sessions have come to that no call has met with that budget yet."""
    return [
        reader.standing(Account(budget, "", session.id, 0, None))
        for session in reader.active_sessions()
        if session.id not in known and budget.directory in (None, session.directory)
    ]


def _is_named(budget: Budget) -> bool:
    return budget.kind is not ScopeKind.MODEL and budget.name not in ("", EACH)


def _subject(budget: Budget, name: str) -> tuple[ScopeKind, Window, str | None, str]:
    return budget.kind, budget.window, budget.directory, name


def _is_stood_in_for(standing: Standing, named: Iterable[tuple[ScopeKind, Window, str | None, str]]) -> bool:
    """Whether another budget names this subject: it is that one that counts, as `guard.accounts_of` says."""
    account = standing.account
    if account.budget.kind is ScopeKind.MODEL or _is_named(account.budget):
        return False
    name = str(account.session_id) if account.budget.kind is ScopeKind.SESSION else account.subject
    return _subject(account.budget, name) in named


def _system_zone() -> str:
    from datetime import datetime

    return datetime.now().astimezone().tzname() or "UTC"
