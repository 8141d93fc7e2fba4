"""Is as much allowed as a person says, where it is missing, and nowhere else?"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from codesession.app.approvals import approve, deny, last_refusal
from codesession.app.budgets import MOST_NANOS, Terms, remove_budget, set_budget, set_session_budget
from codesession.app.sessions import end_session, start_session
from codesession.errors import BudgetExceeded, BudgetNotFound, InvalidInput, SessionNotFound
from codesession.gate import LedgerGate, Surroundings
from codesession.ledger import WriteQueue
from codesession.model import Attempt, Cost, Event, EventKind, Mode, Outcome, QuestionState, Refusal, Rule, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.app.place import Place

    from codesession.app.core import App
    from codesession.model import Hold, Standing

CENT = 10_000_000
DAY_MS = 86_400_000
BLOCK = Terms(100 * CENT, Mode.BLOCK, is_strict=True)


class Cents:
    """Every token costs a cent, of any model but one."""

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, *_: object) -> Cost | None:
        del provider, at
        return None if model == "unknown" else Cost(CENT * usage.tokens, "table")

    def ceiling(
        self, provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime, *_: object
    ) -> int | None:
        del provider, at
        return None if model == "unknown" else CENT * (input_tokens + output_tokens)


@contextmanager
def gate(app: App) -> Iterator[LedgerGate]:
    queue = WriteQueue(app.ledger)
    try:
        yield LedgerGate(queue, Cents(), app.ledger.claim(1), app.now_ms, Surroundings(UTC))
    finally:
        queue.close()


def call(tokens: int, session_id: int | None = None, **known: Any) -> Attempt:
    """One that costs at most so many cents."""
    known = {"model": "m"} | known
    return Attempt(session_id, "p", endpoint="chat", streamed=False, request_bytes=tokens - 1, max_output=1, **known)


def spend(app: App, tokens: int, session_id: int | None = None, **known: Any) -> None:
    with gate(app) as opened:

        async def both() -> None:
            hold: Hold = await opened.admit(call(tokens, session_id, **known))
            await opened.settle(hold, Outcome(Usage(input=tokens)))

        asyncio.run(both())


def refused(app: App, tokens: int, session_id: int | None = None, **known: Any) -> None:
    """Have a call refused that costs so many cents."""
    with gate(app) as opened, pytest.raises(BudgetExceeded):
        asyncio.run(opened.admit(call(tokens, session_id, **known)))


def standing_in(app: App, label: str) -> Standing:
    with app.ledger.reading() as reader:
        (found,) = [one for one in reader.standings(app.now_ms()) if one.account.label == label]
    return found


def events(app: App, kind: EventKind) -> list[Event]:
    with app.ledger.reading() as reader:
        return reader.events(kind)


@pytest.fixture
def app(place: Place) -> App:
    place.write(".gitignore", "*")
    return place.app()


# --- calls that wait ---


class Waiting:
    """Calls that wait for a person, in the thread of this test, until `answered` says what became of them."""

    def __init__(self, app: App, *calls: Attempt) -> None:
        self.app = app
        self.outcomes: list[object] = []
        self._calls = calls

    def answered(self, answer: Any) -> Any:
        """What `answer`, a function of no arguments, returns while the calls wait."""
        given: list[Any] = []

        async def wait() -> None:
            queue = WriteQueue(self.app.ledger)
            pauses = itertools.count()

            async def pause(_seconds: float) -> None:
                with self.app.ledger.reading() as reader:
                    all_wait = len(reader.waiting()) == len(self._calls)
                if all_wait and not given:
                    given.append(answer())
                assert next(pauses) < 100, "it waits again for what was answered"
                await asyncio.sleep(0)

            opened = LedgerGate(
                queue, Cents(), self.app.ledger.claim(1), self.app.now_ms, Surroundings(UTC, pause=pause)
            )
            self.outcomes = await asyncio.gather(*map(opened.admit, self._calls), return_exceptions=True)
            await asyncio.to_thread(queue.close)

        asyncio.run(wait())
        return given[0]


def test_a_call_that_waits_passes_with_exactly_what_it_lacked(app: App) -> None:
    set_budget(app, "all", None, Terms(100 * CENT, Mode.BLOCK, is_strict=True, ask_s=60))
    spend(app, 90)
    waiting = Waiting(app, call(25))
    approval = waiting.answered(lambda: approve(app))
    assert [outcome.reserved_nanos for outcome in waiting.outcomes] == [25 * CENT]  # type: ignore[attr-defined]
    (raised,) = approval.raised
    assert (raised.extra_nanos, raised.standing.limit_nanos) == (15 * CENT, 115 * CENT)
    assert [question.state for question in approval.answered] == [QuestionState.WAITING]
    (event,) = events(app, EventKind.APPROVED)
    assert event.details["extra"] == 15 * CENT
    assert standing_in(app, "all").free_nanos == 0


def test_what_is_free_is_free_but_once_for_all_that_wait(app: App) -> None:
    set_budget(app, "all", None, Terms(100 * CENT, Mode.BLOCK, is_strict=True, ask_s=60))
    spend(app, 90)
    waiting = Waiting(app, call(25), call(30))
    (raised,) = waiting.answered(lambda: approve(app)).raised
    assert raised.extra_nanos == 45 * CENT
    assert not any(isinstance(outcome, Exception) for outcome in waiting.outcomes)
    assert standing_in(app, "all").free_nanos == 0


def test_an_amount_is_allowed_once_for_each_account(app: App) -> None:
    set_budget(app, "customer:*", None, Terms(10 * CENT, Mode.BLOCK, is_strict=True, ask_s=60))
    waiting = Waiting(app, call(25, customer="acme"), call(30, customer="acme"), call(12, customer="bee"))
    approval = waiting.answered(lambda: approve(app, 50 * CENT))
    assert {raised.standing.account.subject: raised.extra_nanos for raised in approval.raised} == {
        "acme": 50 * CENT,
        "bee": 50 * CENT,
    }
    assert len(approval.answered) == 3
    assert len(events(app, EventKind.APPROVED)) == 2


def test_a_denied_call_is_refused_and_nothing_is_allowed(app: App) -> None:
    set_budget(app, "all", None, Terms(10 * CENT, Mode.BLOCK, is_strict=True, ask_s=60))
    waiting = Waiting(app, call(25))
    (question,) = waiting.answered(lambda: deny(app))
    assert question.model == "m"
    (outcome,) = waiting.outcomes
    assert isinstance(outcome, BudgetExceeded)
    assert outcome.extra["rule"] == "denied"
    assert (standing_in(app, "all").extra_nanos, len(events(app, EventKind.DENIED))) == (0, 1)


def test_with_a_session_only_its_calls_are_answered(app: App) -> None:
    session = start_session(app, "work")
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        asked = [
            tx.ask(Refusal(Rule.SPEED, "No.", "Stop."), session_id, "m", owner_id, 1)
            for session_id in (session.id, None)
        ]
    assert deny(app, session.id) == (asked[0],)
    assert approve(app, session_id=None).answered == (asked[1],)
    assert approve_fails(app) == "No call waits for approval, and none was refused."


def approve_fails(app: App, *arguments: Any) -> str:
    with pytest.raises(BudgetNotFound) as found:
        approve(app, *arguments)
    return found.value.message


def test_nobody_answers_for_a_process_that_has_died(app: App, place: Place) -> None:
    other = place.app()
    owner_id = other.ledger.claim(1)
    with app.ledger.writing() as tx:
        tx.ask(Refusal(Rule.SPEED, "No.", "Stop."), None, "m", owner_id, 1)
    other.ledger.close()
    approve_fails(app)
    with pytest.raises(BudgetNotFound):
        deny(app)


# --- calls that were refused ---


def test_after_a_refusal_what_it_lacked_is_allowed_and_a_fifth_of_the_limit_at_least(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    spend(app, 90)
    refused(app, 11)
    assert approve(app).raised[0].extra_nanos == 20 * CENT
    refused(app, 70)
    assert approve(app).raised[0].extra_nanos == 40 * CENT
    spend(app, 70)


def test_an_amount_may_be_said_and_is_enough_or_not(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    assert approve(app, 20 * CENT).raised[0].standing.limit_nanos == 120 * CENT
    refused(app, 150)


def test_only_the_budgets_that_refused_are_raised(app: App) -> None:
    session = start_session(app, "work")
    set_budget(app, "all", None, BLOCK)
    set_budget(app, "model:m*", None, Terms(CENT))
    set_budget(app, "customer:acme", "total", Terms(5 * CENT, Mode.BLOCK))
    set_session_budget(app, session.id, Terms(7 * CENT))
    refused(app, 50, session.id, customer="acme")
    raised = approve(app, CENT).raised
    assert sorted(one.standing.account.label for one in raised) == ["customer:acme", "session 1"]


def test_the_refusal_of_the_session_here_comes_first_and_of_a_named_one_before_that(app: App, place: Place) -> None:
    here = start_session(app, "here")
    place.outside()
    there = start_session(app, "there")
    place.monkeypatch.chdir(place.repo)
    for session in (here, there):
        set_session_budget(app, session.id, Terms(CENT))
        refused(app, 5, session.id)
    for session_id, expected in ((None, here.id), (there.id, there.id), (here.id, here.id)):
        assert approve(app, CENT, session_id).raised[0].standing.account.session_id == expected
    found = last_refusal(app)
    assert found
    assert found.session_id == there.id
    place.monkeypatch.chdir(place.home)
    assert approve(app, CENT).raised[0].standing.account.session_id == there.id


def test_where_one_is_does_not_matter_to_an_approval(app: App, place: Place) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    place.outside("gone").rmdir()
    assert approve(app, CENT).raised


def test_a_budget_that_was_set_anew_is_raised_as_it_is_now(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    set_budget(app, "all", None, Terms(110 * CENT))
    assert approve(app).raised[0].standing.limit_nanos == 150 * CENT


def test_a_budget_that_has_enough_by_now_is_raised_all_the_same(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    set_budget(app, "all", None, Terms(200 * CENT))
    assert approve(app).raised[0].standing.limit_nanos == 240 * CENT


def test_of_two_budgets_for_the_same_only_the_one_that_lacks_something_is_raised(app: App, place: Place) -> None:
    session = start_session(app, "work")
    ours = set_budget(app, "all", None, BLOCK).budget
    with app.ledger.writing() as tx:
        theirs = tx.set_budget(replace(ours, limit_nanos=50 * CENT, directory=str(place.repo), id=0))
    refused(app, 70, session.id)
    assert [raised.standing.account.budget.id for raised in approve(app).raised] == [theirs.id]


def test_of_an_answer_that_was_ended_the_budget_is_raised(app: App) -> None:
    set_budget(app, "all", None, Terms(100 * CENT, Mode.BLOCK))
    with gate(app) as opened:

        async def stream() -> None:
            hold = await opened.admit(call(10))
            await opened.extend(hold, Usage(output=200))
            await opened.settle(hold, Outcome(Usage(output=150)))

        asyncio.run(stream())
    found = last_refusal(app)
    assert found
    assert found.kind is EventKind.ENDED
    assert approve(app).raised[0].extra_nanos >= 50 * CENT


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param("remove", "not in force", id="the-budget-was-removed"),
        pytest.param("tomorrow", "A new day has begun", id="its-window-has-ended"),
    ],
)
def test_what_would_be_of_no_use_is_not_approved(app: App, place: Place, change: str, says: str) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    if change == "remove":
        remove_budget(app, "all")
    else:
        place.now_ms += DAY_MS
    assert says in approve_fails(app)
    assert events(app, EventKind.APPROVED) == []


def test_a_session_that_has_ended_needs_no_more(app: App) -> None:
    session = start_session(app, "work")
    set_session_budget(app, session.id, Terms(CENT))
    refused(app, 5, session.id)
    end_session(app)
    assert "Session 1 has ended" in approve_fails(app)


def test_a_refusal_that_money_does_not_mend_is_not_approved(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 5, model="unknown")
    assert "not refused for want of money (unpriced)" in approve_fails(app)


@pytest.mark.parametrize("amount", [0, -1, MOST_NANOS + 1])
def test_an_amount_must_be_one(app: App, amount: int) -> None:
    with pytest.raises(InvalidInput):
        approve(app, amount)


def test_more_than_the_ledger_can_count_is_not_approved(app: App) -> None:
    set_budget(app, "all", None, BLOCK)
    refused(app, 150)
    approve(app, MOST_NANOS)
    with pytest.raises(InvalidInput):
        approve(app, CENT)
    assert standing_in(app, "all").extra_nanos == MOST_NANOS


def test_a_session_that_is_named_must_be_there(app: App) -> None:
    for ask in (lambda: approve(app, None, 9), lambda: deny(app, 9), lambda: last_refusal(app, 9)):
        with pytest.raises(SessionNotFound):
            ask()


def test_nothing_was_refused_yet(app: App) -> None:
    assert last_refusal(app) is None
