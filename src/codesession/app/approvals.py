"""How does a person answer the firewall? Why it said no, and how more is allowed, or not."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.budgets import MOST_NANOS, zone_of
from codesession.app.sessions import current_scope
from codesession.errors import BudgetNotFound, CodesessionError, InvalidInput, SessionNotFound
from codesession.guard import accounts_of, more_than
from codesession.model import NANOS_PER_USD, Attempt, Event, EventKind, QuestionState, Rule
from codesession.model.money import money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.app.core import App
    from codesession.model import Account, Nanos, Question, Standing
    from codesession.model.ports import Reader, Writer


class Raised(NamedTuple):
    """More that is allowed in one account."""

    standing: Standing
    """as it is now"""
    extra_nanos: Nanos


class Approval(NamedTuple):
    """What a person has approved."""

    answered: tuple[Question, ...]
    """the calls that waited"""
    raised: tuple[Raised, ...]


def last_refusal(app: App, session_id: int | None = None) -> Event | None:
    """The last call that was refused or answer that was ended, in that session or at all; None when none was.

    Raises:
        SessionNotFound: no session has that id.
    """
    with app.ledger.reading() as reader:
        _check_session(reader, session_id)
        return _newest(reader, session_id)


def approve(
    app: App, amount_nanos: Nanos | None = None, session_id: int | None = None, question_id: int | None = None
) -> Approval:
    """Let the calls that wait pass, of that session or all; when none waits, allow more where one was refused last.

    Each account gets `amount_nanos` more, or what is missing in it. With `question_id` only that call passes.

    Raises:
        InvalidInput: the amount is none, or too large.
        SessionNotFound: no session has that id.
        BudgetNotFound: nothing can be approved; the message says why. Nothing was changed.
    """
    if amount_nanos is not None and not 0 < amount_nanos <= MOST_NANOS:
        raise InvalidInput(f"An amount can be from above $0 to ${MOST_NANOS // NANOS_PER_USD:,}.")
    directory = _here() if session_id is None else None
    with app.ledger.writing() as tx:
        _check_session(tx, session_id)
        questions = _waiting(app, tx, session_id, question_id)
        if questions:
            return _answered(tx, questions, amount_nanos, app.now_ms())
        here = tx.active_session(directory) if directory else None
        event = _newest(tx, session_id if here is None else here.id) or _newest(tx, session_id)
        if event is None:
            raise BudgetNotFound("No call waits for approval, and none was refused.")
        return _made_up_for(app, tx, event, amount_nanos)


def deny(app: App, session_id: int | None = None, question_id: int | None = None) -> tuple[Question, ...]:
    """Refuse the calls that wait, of that session or all, or the one of that question; returns them.

    Raises:
        SessionNotFound: no session has that id.
        BudgetNotFound: none waits.
    """
    with app.ledger.writing() as tx:
        _check_session(tx, session_id)
        questions = _waiting(app, tx, session_id, question_id)
        if not questions:
            raise BudgetNotFound("No call waits for an answer.")
        for question in questions:
            tx.answer(question.id, QuestionState.DENIED)
            tx.add_event(_event(EventKind.DENIED, question, app.now_ms(), {"question": question.id}))
    return tuple(questions)


def _here() -> str | None:
    try:
        return current_scope(with_branch=False).directory
    except CodesessionError:  # it only tells which refusal is meant; a call that waits must not wait for git
        return None


def _check_session(reader: Reader, session_id: int | None) -> None:
    if session_id is not None and reader.session(session_id) is None:
        raise SessionNotFound(f"No session has the id {session_id}.", id=session_id)


def _newest(reader: Reader, session_id: int | None) -> Event | None:
    kinds = (EventKind.REFUSED, EventKind.ENDED)
    found = [event for kind in kinds for event in reader.events(kind, session_id, newest=1)]
    return max(found, key=lambda event: event.id, default=None)


def _waiting(app: App, reader: Reader, session_id: int | None, question_id: int | None = None) -> list[Question]:
    """The questions of processes that live: nobody waits for the answer of the others.

    Raises:
        BudgetNotFound: the one of that id is not among them.
    """
    found = [
        question
        for question, owner_id in reader.waiting()
        if session_id in (None, question.session_id)
        and question_id in (None, question.id)
        and app.ledger.is_alive(owner_id)
    ]
    if question_id is not None and not found:
        raise BudgetNotFound(f"No call waits under the id {question_id}: it was answered, or waits no more.")
    return found


# --- calls that wait ---


def _answered(tx: Writer, questions: Sequence[Question], amount_nanos: Nanos | None, now_ms: int) -> Approval:
    by_account: dict[int | None, list[Question]] = defaultdict(list)
    for question in questions:
        by_account[question.standing_id].append(question)
    raised = []
    for account_id, asked in by_account.items():
        standing = None if account_id is None else tx.standing_of(account_id)
        details: dict[str, object] = {"questions": [question.id for question in asked]}
        if standing is not None:
            done = _raised(tx, standing, amount_nanos or _missing(standing, asked))
            raised.append(done)
            details |= _details(done)
        tx.add_event(_event(EventKind.APPROVED, asked[0], now_ms, details))
        for question in asked:
            tx.answer(question.id, QuestionState.APPROVED)
    return Approval(tuple(questions), tuple(raised))


def _missing(standing: Standing, asked: Sequence[Question]) -> Nanos:
    """What is missing for all these calls to pass together.

    Each has said what it lacks beyond what was free, which is free but once.
    """
    lacking = [question.needed_nanos or 0 for question in asked]
    return max(*lacking, sum(lacking) + (len(asked) - 1) * standing.free_nanos, 0)


# --- calls that were refused ---


def _made_up_for(app: App, tx: Writer, event: Event, amount_nanos: Nanos | None) -> Approval:
    if event.rule not in (Rule.BUDGET, Rule.DENIED) or not _needed(event):
        why = "cs budget why explains it."
        raise BudgetNotFound(f"The last call was not refused for want of money ({event.rule}): {why}", rule=event.rule)
    accounts = _refused_by(tx, event, app)
    if not accounts:
        raise BudgetNotFound("The budget that refused the last call is not in force any more. See: cs budget")
    over = {account: sentence for account, _ in accounts if (sentence := _over(tx, account, event))}
    if len(over) == len(accounts):
        raise BudgetNotFound(next(iter(over.values())))
    raised = []
    for account, lacking in accounts:
        if account in over:
            continue
        standing = tx.open_account(account)
        raised.append(_raised(tx, standing, amount_nanos or more_than(standing, lacking)))
        tx.add_event(_event(EventKind.APPROVED, event, app.now_ms(), _details(raised[-1])))
    return Approval((), tuple(raised))


def _over(tx: Writer, account: Account, event: Event) -> str | None:
    """Why more money would be of no use in an account, if its session or window has ended since."""
    session = None if account.session_id is None else tx.session(account.session_id)
    if session is not None and not session.is_active:
        return f"Session {session.id} has ended, and its budget with it: a new session has its own."
    if account.began_ms > event.at_ms:
        return f"A new {account.budget.window} has begun since the last refusal: the budget counts from 0 again."
    return None


def _refused_by(tx: Writer, event: Event, app: App) -> list[tuple[Account, Nanos]]:
    """The accounts that refused a call then, if they are still in force, each with what it lacked."""
    attempt = Attempt(
        event.session_id,
        event.provider or "",
        event.model or "",
        "",
        streamed=False,
        request_bytes=0,
        agent=event.agent,
        user=event.user,
        customer=event.customer,
    )
    directory = tx.directory_of(event.session_id)
    found = accounts_of(tx.budgets_for(attempt, directory), attempt, directory, app.now_ms(), zone_of(app.config))
    blocking = [account for account in found if account.budget.blocks]
    needed = _needed(event)
    lacking = [
        (account, needed[key] - tx.standing(account).free_nanos)
        for account in blocking
        if (key := (account.label, str(account.budget.window))) in needed
    ]
    return [(account, nanos) for account, nanos in lacking if nanos > 0] or lacking


def _needed(event: Event) -> Mapping[tuple[str, str], Nanos]:
    """What the call needed in each account that had not so much, by its label and window."""
    figures = event.details.get("budgets")
    needed: dict[tuple[str, str], Nanos] = {}
    for figure in figures if isinstance(figures, list) else []:
        nanos = figure.get("needed")
        if isinstance(nanos, int) and not figure.get("kept"):
            needed[str(figure.get("account")), str(figure.get("window"))] = nanos
    return needed


# --- both ---


def _raised(tx: Writer, standing: Standing, extra_nanos: Nanos) -> Raised:
    if standing.extra_nanos + extra_nanos > MOST_NANOS:
        raise InvalidInput(f"More than {money(MOST_NANOS)} cannot be approved: set a higher limit instead.")
    tx.approve(standing.id, extra_nanos)
    return Raised(tx.standing_of(standing.id) or standing, extra_nanos)


def _details(raised: Raised) -> dict[str, object]:
    """What is kept of it; money in nano-dollars."""
    account = raised.standing.account
    return {
        "account": account.label,
        "window": account.budget.window,
        "extra": raised.extra_nanos,
        "limit": raised.standing.limit_nanos,
    }


def _event(kind: EventKind, about: Question | Event, now_ms: int, details: Mapping[str, object]) -> Event:
    return Event(kind, now_ms, about.rule, about.session_id, model=about.model, message=about.message, details=details)
