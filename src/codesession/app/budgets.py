"""How does somebody set a limit, or remove it? Each change is one transaction; `situation` tells what is limited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.sessions import current_scope, project_at
from codesession.errors import BudgetNotFound, InvalidInput, SessionNotFound
from codesession.guard import scope_of, window_of
from codesession.guard.windows import span
from codesession.model import EACH, NANOS_PER_USD, Account, Budget, Mode, ScopeKind, Window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from codesession.app.core import App
    from codesession.config import Config
    from codesession.model import Nanos, Session, Standing
    from codesession.model.ports import Reader, Writer

MOST_NANOS = 100_000_000 * NANOS_PER_USD
"""The largest limit: what is added up beside it must fit the ledger's integers."""
ASK_S = 300
"""How long a call waits for a person unless it is said, in seconds."""
MOST_ASK_S = 86_400
"""The longest a call may wait for a person, in seconds."""
_DAY_MS = 86_400_000

Key = tuple[ScopeKind, str, Window]
"""What a budget of the user's is known by."""


class Unpriced(NamedTuple):
    """What a call without a known price counts as, in nano-dollars; None: it is refused."""

    nanos: Nanos | None


class Terms(NamedTuple):
    """What somebody says of a budget; what is None stays as it was, or is as usual."""

    limit_nanos: Nanos
    mode: Mode | None = None
    is_strict: bool | None = None
    warn_at: int | None = None
    """percent"""
    ask_s: int | None = None
    """seconds; 0: nobody is asked"""
    unpriced: Unpriced | None = None


class Change(NamedTuple):
    """A budget as it now is, or as it was when it was removed."""

    budget: Budget
    standings: tuple[Standing, ...] = ()
    """what it has come to already; none where each of its kind has an account and none is known"""
    is_removed: bool = False


def zone_of(config: Config) -> tzinfo | None:
    """Where days begin; None: in the system's time zone."""
    if config.timezone is None:
        return None
    from zoneinfo import ZoneInfo  # few set one

    return ZoneInfo(config.timezone)


def is_over(budget: Budget, reader: Reader) -> bool:
    """Whether it is of one session, and that has ended."""
    if budget.kind is not ScopeKind.SESSION or not budget.name:
        return False
    session = reader.session(int(budget.name))
    return session is None or not session.is_active


def account_of(budget: Budget, here: Session | None, now_ms: int, zone: tzinfo | None) -> Account | None:
    """The account of a budget that has none yet, as far as its subject is known; `here` is the session active here."""
    if budget.kind is ScopeKind.SESSION:
        session_id = int(budget.name) if budget.name else here.id if here else None
        is_elsewhere = not budget.name and here and budget.directory not in (None, here.directory)
        return None if session_id is None or is_elsewhere else Account(budget, "", session_id, 0, None)
    if budget.name == EACH and budget.kind is not ScopeKind.MODEL:
        return None
    session_id = here.id if here and budget.window is Window.SESSION else None
    if budget.window is Window.SESSION and session_id is None:
        return None
    began_ms, ends_ms = span(budget.window, now_ms, zone)
    return Account(budget, budget.name, session_id, began_ms, ends_ms)


def budget_key(scope: str, window: str | None = None) -> Key:
    """The budget of a scope as it was typed; a project is where a session begun in that directory would belong.

    Raises:
        InvalidInput: it is no scope, no window, or no directory.
    """
    kind, name = scope_of(scope, "")
    if kind is ScopeKind.PROJECT and name != EACH:
        name = project_at(name)
    return kind, name, window_of(kind, window)


def set_budget(app: App, scope: str, window: str | None, terms: Terms) -> Change:
    """Set the budget of a scope, as it was typed; what `terms` leave open stays as it was, and is else as usual.

    Raises:
        InvalidInput: it is no scope, no window, or the terms contradict each other; nothing was changed.
        SessionNotFound: it is of a session that is not active.
    """
    return set_budgets(app, {budget_key(scope, window): terms})[0]


def set_budgets(app: App, wanted: Mapping[Key, Terms | None]) -> list[Change]:
    """Set or, for None, remove several budgets at once; one that is not there is removed already.

    Raises:
        InvalidInput, SessionNotFound: as `set_budget`; nothing was changed.
    """
    now_ms, zone = app.now_ms(), zone_of(app.config)
    needs_session = any(terms and key[2] is Window.SESSION and not key[1].isdecimal() for key, terms in wanted.items())
    directory = current_scope(with_branch=False).directory if needs_session else None
    changes = []
    with app.ledger.writing() as tx:
        here = tx.active_session(directory) if directory else None
        for key, terms in wanted.items():
            if terms is None:
                changes += [Change(budget, is_removed=True) for budget in _removed(tx, key)]
                continue
            budget = _set(tx, key, terms, Mode.WARN)
            account = account_of(budget, here, now_ms, zone)
            changes.append(Change(budget, () if account is None else (tx.standing(account),)))
    return changes


def set_session_budget(app: App, session_id: int, terms: Terms) -> Budget:
    """Set the budget of one active session, which refuses calls unless `terms` say otherwise.

    Those of sessions that ended more than a day ago are removed: nothing counts toward them any more.

    Raises:
        InvalidInput: the terms contradict each other; nothing was changed.
        SessionNotFound: no active session has that id.
    """
    with app.ledger.writing() as tx:
        budget = _set(tx, (ScopeKind.SESSION, str(session_id), Window.SESSION), terms, Mode.BLOCK)
        for old in tx.budgets():
            if is_over(old, tx):
                session = tx.session(int(old.name))
                if session is None or (session.ended_ms or 0) < app.now_ms() - _DAY_MS:
                    tx.remove_budget(old.kind, old.name, old.window, old.directory)
    return budget


def check_session_terms(terms: Terms) -> None:
    """Return if a session that begins now can get such a budget.

    Raises:
        InvalidInput: the terms contradict each other.
    """
    _agreed(Budget(ScopeKind.SESSION, "", Window.SESSION, 0, Mode.BLOCK), terms)


def remove_budget(app: App, scope: str, window: str | None = None) -> Budget:
    """Remove the user's budget of a scope, as it was typed; without a window the only one of that scope.

    Raises:
        InvalidInput: it is no scope or no window, or the scope has several budgets.
        BudgetNotFound: the user has set no such budget.
    """
    kind, name = _known_by(scope)
    chosen = None if window is None else window_of(kind, window)
    with app.ledger.writing() as tx:
        found = [
            budget
            for budget in _users(tx)
            if (budget.kind, budget.name) == (kind, name) and chosen in (None, budget.window)
        ]
        if not found:
            what = scope if window is None else f"{scope} --window {window}"
            raise BudgetNotFound(f"No budget is set for {what}. See: cs budget", scope=scope)
        if len(found) > 1:
            windows = ", ".join(budget.window for budget in found)
            raise InvalidInput(f"{scope} has budgets of several windows ({windows}): say which with --window.")
        tx.remove_budget(kind, name, found[0].window)
    return found[0]


def _known_by(scope: str) -> tuple[ScopeKind, str]:
    """The kind and name of a scope; of a project whose directory is gone, the path as it was typed."""
    try:
        return budget_key(scope)[:2]
    except InvalidInput:
        kind, name = scope_of(scope, "")
        if kind is not ScopeKind.PROJECT or not name:
            raise
        return kind, str(Path(name).absolute())


def _users(reader: Reader) -> list[Budget]:
    return [budget for budget in reader.budgets() if budget.directory is None]


def _removed(tx: Writer, key: Key) -> list[Budget]:
    """The user's budget of that key, removed; nothing if there is none."""
    found = [budget for budget in _users(tx) if (budget.kind, budget.name, budget.window) == key]
    for budget in found:
        tx.remove_budget(budget.kind, budget.name, budget.window)
    return found


def _set(tx: Writer, key: Key, terms: Terms, usual: Mode) -> Budget:
    kind, name, window = key
    if kind is ScopeKind.SESSION and name:
        session = tx.session(int(name))
        if session is None or not session.is_active:
            raise SessionNotFound(f"No active session has the id {name}.", id=int(name))
    known = [budget for budget in _users(tx) if (budget.kind, budget.name, budget.window) == key]
    before = known[0] if known else Budget(kind, name, window, 0, usual)
    return tx.set_budget(_agreed(before, terms))


def _agreed(before: Budget, terms: Terms) -> Budget:
    """A budget after somebody has said `terms` of it."""
    if not 0 <= terms.limit_nanos <= MOST_NANOS:
        raise InvalidInput(f"A limit can be from $0 to ${MOST_NANOS // NANOS_PER_USD:,}.")
    if not 0 <= (terms.ask_s or 0) <= MOST_ASK_S:
        raise InvalidInput(f"A call can wait for a person for at most {MOST_ASK_S:,} s.")
    mode = terms.mode or before.mode
    if mode is Mode.WARN and (terms.ask_s or terms.is_strict is not None):
        said = "--ask" if terms.ask_s else "--strict" if terms.is_strict else "--balanced"
        raise InvalidInput(
            f"In mode warn no call is refused, and {said} means nothing: add --mode block or --mode stop."
        )
    refuses = mode is not Mode.WARN
    return replace(
        before,
        limit_nanos=terms.limit_nanos,
        mode=mode,
        is_strict=refuses and (before.is_strict if terms.is_strict is None else terms.is_strict),
        warn_at=before.warn_at if terms.warn_at is None else terms.warn_at,
        ask_s=(before.ask_s if terms.ask_s is None else terms.ask_s) if refuses else 0,
        unpriced_nanos=before.unpriced_nanos if terms.unpriced is None else terms.unpriced.nanos,
    )
