"""Is each live session shown as it is: what it costs, holds, may spend, and what a person said to it?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.ledger.fresh import fresh
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import (
    Account,
    Attempt,
    Budget,
    Cost,
    Event,
    EventKind,
    Evidence,
    Mode,
    Outcome,
    Refusal,
    Rule,
    Scope,
    ScopeKind,
    Usage,
    Window,
)
from codesession.model.switch import Switch, SwitchState
from codesession.report.live import Origin, Rate, State, calls_in_flight, events_since, live_view
from codesession.report.live_documents import event_row, holds_document, live_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger
    from codesession.model import Session
    from codesession.model.ports import Ledger
    from codesession.report.live import LiveSession, LiveView

AT = ms(NOW)
MINUTE = 60_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = fresh(tmp_path / "l.db")
    yield opened
    opened.close()


def now(ledger: Ledger) -> LiveView:
    return live_view(ledger, AT)


def only(ledger: Ledger) -> LiveSession:
    (live,) = now(ledger).sessions
    return live


def hold(ledger: Ledger, session: Session | None, ceiling: int | None, at: str = NOW, owner_id: int = 0) -> int:
    asked = Attempt(session.id if session else None, "p", "m", "e", streamed=True, request_bytes=1, agent="codex")
    owner_id = owner_id or ledger.claim(1)
    with ledger.writing() as tx:
        return tx.hold(asked, ceiling, owner_id, ms(at))


# --- sessions ---


def test_live_sessions_are_shown_newest_first_and_ended_ones_are_not(ledger: SqliteLedger) -> None:
    over = begin(ledger, "over", "2026-11-28T10:00+00:00")
    end(ledger, over, "2026-11-28T11:00+00:00")
    for name in ("first", "second"):
        begin(ledger, name, "2026-11-28T14:10+00:00")
    view = now(ledger)
    assert [live.session.name for live in view.sessions] == ["second", "first"]
    assert view.session_name(view.sessions[0].session.id) == "second"
    assert [view.session_name(session_id) for session_id in (None, over.id)] == ["", ""]


def test_what_it_cost_comes_with_how_that_is_known(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    call(ledger, "2026-11-28T14:10+00:00", 3 * DOLLAR, session)
    call(ledger, "2026-11-28T14:20+00:00", DOLLAR, session, evidence=Evidence.MANUAL, model="other")
    call(ledger, "2026-11-28T14:30+00:00", None, session)
    live = only(ledger)
    assert (live.cost.cost, live.cost.view.seconds, live.cost.per_hour) == (4 * DOLLAR, 3600, 4 * DOLLAR)
    assert live.cost_words == "3 calls: $3.00 measured · $1.00 logged by hand · 1 unpriced and not counted"
    assert live.model
    assert live.model.model == "m"


def test_a_session_without_a_priced_call_has_no_cost_and_no_rate(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    call(ledger, "2026-11-28T15:00+00:00", None, session)
    live = only(ledger)
    assert (live.cost.cost, live.rate, live.cost_words) == (None, None, live.cost.how)
    assert now(ledger).per_hour is None


@pytest.mark.parametrize(
    ("began", "calls", "rate"),
    [
        pytest.param("14:00", [], Rate(0, 0, 15 * MINUTE, is_all=True), id="nothing-was-called"),
        pytest.param("14:00", ["14:54"], Rate(0, 0, 15 * MINUTE, is_all=True), id="not-lately"),
        pytest.param("14:00", ["14:55", "15:09"], Rate(8 * DOLLAR, 2, 15 * MINUTE, is_all=True), id="lately"),
        pytest.param("15:05", ["15:06"], Rate(12 * DOLLAR, 1, 5 * MINUTE, is_all=True), id="since-it-began"),
        pytest.param("15:10", ["15:10"], Rate(60 * DOLLAR, 1, MINUTE, is_all=True), id="a-minute-at-least"),
    ],
)
def test_the_rate_is_that_of_the_last_quarter_of_an_hour(
    ledger: SqliteLedger, began: str, calls: list[str], rate: Rate
) -> None:
    session = begin(ledger, "work", f"2026-11-28T{began}+00:00")
    for at in calls:
        call(ledger, f"2026-11-28T{at}+00:00", DOLLAR, session)
    assert only(ledger).rate == rate


def test_of_very_many_calls_the_rate_is_that_of_the_newest(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesession.report.live._NEWEST", 2)
    session = begin(ledger, "work", "2026-11-28T14:00+00:00")
    for at in ("15:02", "15:05", "15:06"):
        call(ledger, f"2026-11-28T{at}+00:00", DOLLAR, session)
    live = only(ledger)
    assert live.rate == Rate(24 * DOLLAR, 2, 5 * MINUTE, is_all=False)
    assert live.rate.how == "of the newest 2 calls in the last 5 min, by the hour"
    assert live.cost_words == live.cost.how  # how a part is known is not how all is


def test_the_rates_of_all_are_added_up(ledger: SqliteLedger) -> None:
    for name in ("one", "two"):
        call(ledger, "2026-11-28T15:00+00:00", DOLLAR, begin(ledger, name, "2026-11-28T14:00+00:00"))
    assert now(ledger).per_hour == 8 * DOLLAR
    live = now(ledger).sessions[0].rate
    assert live
    assert live.how == "of 1 call in the last 15 min, by the hour"


# --- calls in flight ---


def test_calls_in_flight_are_told_with_the_most_they_can_cost(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    first, second = hold(ledger, session, 500), hold(ledger, session, 700)
    hold(ledger, None, 300)
    live, view = only(ledger), now(ledger)
    assert ([held.id for held in live.held], live.held_count, live.held_nanos) == ([first, second], 2, 1200)
    assert (view.held, view.held_nanos) == (3, 1500)


def test_what_is_not_known_of_them_is_not_zero(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    assert (only(ledger).held_nanos, now(ledger).held_nanos) == (0, 0)
    hold(ledger, session, None)
    assert (only(ledger).held_nanos, now(ledger).held_nanos) == (None, None)
    hold(ledger, session, 5)
    assert (only(ledger).held_nanos, now(ledger).held_nanos) == (5, 5)


# --- what a person said ---


@pytest.mark.parametrize(
    ("said", "state"),
    [(None, State.RUNNING), (SwitchState.PAUSED, State.PAUSED), (SwitchState.STOPPED, State.STOPPED)],
)
def test_its_state_is_what_a_person_said(ledger: SqliteLedger, said: SwitchState | None, state: State) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    if said:
        with ledger.writing() as tx:
            tx.set_switch(Switch(session.id, said, AT - 5, 300))
    live = only(ledger)
    assert (live.state, live.since_ms, live.wait_s) == (state, AT - 5 if said else None, 300 if said else 0)


def test_how_it_was_begun_says_how_it_ends(ledger: SqliteLedger) -> None:
    alive = ledger.claim(1)
    with ledger.writing() as tx:
        dead = tx.add_owner(1, 1)
        for name, owner_id, is_background in (
            ("hand", None, False),
            ("run", alive, False),
            ("left", dead, False),
            ("background", alive, True),
        ):
            session = tx.begin_session(Scope(f"/{name}"), name, AT, owner_id=owner_id, background=is_background)
            tx.set_switch(Switch(session.id, SwitchState.STOPPED, AT))
    found = {live.session.name: (live.origin, live.may_go_on) for live in now(ledger).sessions}
    assert found == {
        "hand": (Origin.HAND, True),
        "run": (Origin.RUN, False),
        "left": (Origin.LEFT, False),
        "background": (Origin.BACKGROUND, True),
    }


def test_ended_sessions_that_are_stopped_still_are_told_but_not_those_of_runs(ledger: SqliteLedger) -> None:
    owner_id = ledger.claim(1)
    with ledger.writing() as tx:
        sessions = [
            tx.begin_session(Scope(f"/{name}"), name, AT - 9, owner_id=owner, background=is_background)
            for name, owner, is_background in (
                ("by hand", None, False),
                ("a run", owner_id, False),
                ("background", owner_id, True),
                ("active", None, False),
            )
        ]
        for session in sessions:
            tx.set_switch(Switch(session.id, SwitchState.STOPPED, AT - 5))
        for session in sessions[:3]:
            tx.end_session(session.id, AT)
    view = now(ledger)
    assert [(gone.session.name, gone.since_ms) for gone in view.stopped] == [
        ("background", AT - 5),
        ("by hand", AT - 5),
    ]


def test_one_that_another_has_followed_holds_up_nothing_more(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    with ledger.writing() as tx:
        tx.set_switch(Switch(session.id, SwitchState.STOPPED, AT))
    end(ledger, session, NOW)
    assert [gone.session.id for gone in now(ledger).stopped] == [session.id]
    begin(ledger, "work", NOW)
    assert now(ledger).stopped == ()


def test_calls_that_wait_are_those_of_living_processes(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    alive = ledger.claim(1)
    refusal = Refusal(Rule.SPEED, "codesession refused this call: money goes too fast.", "Slow.", ask_s=60)
    with ledger.writing() as tx:
        dead = tx.add_owner(1, 1)
        ours = tx.ask(refusal, session.id, "m", alive, AT)
        other = tx.ask(refusal, None, "m", alive, AT)
        tx.ask(refusal, session.id, "m", dead, AT)
    view = now(ledger)
    assert view.questions == (ours, other)
    assert view.sessions[0].questions == (ours,)
    assert view.reason(ours) == "Money goes too fast."


# --- budgets ---


def set_up(ledger: Ledger, session: Session, *budgets: Budget) -> list[Budget]:
    """Those budgets, of which each has an account for a call of the session."""
    with ledger.writing() as tx:
        kept = [tx.set_budget(budget) for budget in budgets]
        for budget in kept:
            subject = budget.name if budget.kind is not ScopeKind.SESSION else ""
            of = session.id if budget.window is Window.SESSION else None
            tx.open_account(Account(budget, subject, of, 0, None))
    return kept


def budget(kind: ScopeKind, name: str = "", window: Window = Window.DAY, **known: Any) -> Budget:
    return replace(Budget(kind, name, window, 10 * DOLLAR, Mode.BLOCK), **known)


def test_its_limits_are_its_own_its_projects_and_those_of_everything_the_nearest_first(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    set_up(
        ledger,
        session,
        budget(ScopeKind.ALL, window=Window.MONTH),
        budget(ScopeKind.PROJECT, "/src/work"),
        budget(ScopeKind.PROJECT, "/src/other"),
        budget(ScopeKind.CUSTOMER, "acme"),
        budget(ScopeKind.SESSION, window=Window.SESSION),
    )
    call(ledger, "2026-11-28T15:00+00:00", 3 * DOLLAR, session)
    limits = only(ledger).limits
    assert [(limit.budget.kind, limit.budget.window) for limit in limits] == [
        (ScopeKind.SESSION, Window.SESSION),
        (ScopeKind.PROJECT, Window.DAY),
        (ScopeKind.ALL, Window.MONTH),
    ]
    assert [limit.spent_nanos for limit in limits] == [3 * DOLLAR] * 3
    assert (limits[0].label, limits[0].known, limits[0].spent_share) == ("session 1", "measured", 0.3)


def test_another_sessions_limit_is_not_its_own(ledger: SqliteLedger) -> None:
    first, second = (begin(ledger, name, "2026-11-28T14:10+00:00") for name in ("one", "two"))
    set_up(ledger, first, budget(ScopeKind.SESSION, str(first.id), Window.SESSION))
    assert [len(live.limits) for live in now(ledger).sessions] == [0, 1]
    assert second.id == now(ledger).sessions[0].session.id


def test_what_it_may_spend_is_told_before_its_next_call(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    call(ledger, "2026-11-28T15:00+00:00", 3 * DOLLAR, session)
    with ledger.writing() as tx:
        tx.set_budget(budget(ScopeKind.SESSION, window=Window.SESSION))
        tx.set_budget(budget(ScopeKind.SESSION, window=Window.SESSION, directory="/src/elsewhere"))
    (limit,) = only(ledger).limits
    assert (limit.label, limit.spent_nanos, limit.limit_nanos) == ("session 1", 3 * DOLLAR, 10 * DOLLAR)


def test_its_own_limit_stands_in_for_that_of_each_session(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    with ledger.writing() as tx:
        tx.set_budget(budget(ScopeKind.SESSION, window=Window.SESSION))
        tx.set_budget(budget(ScopeKind.SESSION, str(session.id), Window.SESSION, limit_nanos=2 * DOLLAR))
    assert [limit.limit_nanos for limit in only(ledger).limits] == [2 * DOLLAR]


# --- events ---


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("codesession refused this call: the $5.00 budget is used up.", "The $5.00 budget is used up."),
        ("codesession ended this answer: a person stopped session 7.", "A person stopped session 7."),
        ("claude-opus-4-5 may not be called by all.", "claude-opus-4-5 may not be called by all."),
        ("agent:codex has 3 calls in flight.", "agent:codex has 3 calls in flight."),
        ("$5.00 is spent.", "$5.00 is spent."),
        ("", ""),
    ],
)
def test_what_it_says_is_a_sentence_that_leaves_names_as_they_are(
    ledger: SqliteLedger, message: str, told: str
) -> None:
    with ledger.writing() as tx:
        tx.add_event(Event(EventKind.REFUSED, 1, message=message))
    assert [one.message for one in now(ledger).events] == [told]


def test_every_kind_of_event_has_words(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    with ledger.writing() as tx:
        for at, kind in enumerate(EventKind):
            tx.add_event(
                Event(
                    kind,
                    at,
                    session_id=session.id if at else None,
                    message="codesession refused this call: it is too dear.",
                )
            )
    told = now(ledger).events
    assert [one.event.kind for one in told] == list(reversed(EventKind))
    assert {one.message for one in told} == {"It is too dear."}
    assert [one.session_name for one in told] == ["work"] * 8 + [""]
    assert (told[-1].what, told[-1].kind) == ("Call refused", "bad")


def test_events_are_those_since_one_or_the_newest(ledger: SqliteLedger) -> None:
    with ledger.writing() as tx:
        ids = [tx.add_event(Event(EventKind.WARNED, at)) for at in range(5)]
    assert [event.id for event in events_since(ledger, None, 2)] == ids[-2:]
    assert [event.id for event in events_since(ledger, ids[0], 2)] == ids[1:3]


# --- documents ---


def test_the_documents_tell_the_same_in_dollars(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", "2026-11-28T14:10+00:00")
    set_up(ledger, session, budget(ScopeKind.ALL))
    call(ledger, "2026-11-28T15:00+00:00", 3 * DOLLAR, session)
    held = hold(ledger, session, DOLLAR // 2)
    with ledger.writing() as tx:
        event_id = tx.add_event(
            Event(EventKind.PAUSED, AT, session_id=session.id, message="A person paused session 1.")
        )
        tx.set_switch(Switch(session.id, SwitchState.PAUSED, AT, 300))
    event = {
        "id": event_id,
        "kind": "paused",
        "at": "2026-11-28T15:10:00.000Z",
        "rule": None,
        "message": "A person paused session 1.",
        "sessionId": session.id,
        **dict.fromkeys(("callId", "provider", "model", "agent", "user", "customer")),
    }
    assert live_document(now(ledger)) == {
        "now": "2026-11-28T15:10:00.000Z",
        "callsInFlight": 1,
        "held": 0.5,
        "costPerHour": 12.0,
        "sessions": [
            {
                "id": session.id,
                "name": "work",
                "workingDirectory": "/src/work",
                "branch": None,
                "startTime": "2026-11-28T14:10:00.000Z",
                "duration": 3600,
                "origin": "hand",
                "state": "paused",
                "stateSince": "2026-11-28T15:10:00.000Z",
                "aiCost": 3.0,
                "aiTokens": 110,
                "aiCalls": 1,
                "unpricedCalls": 0,
                "costPerHourLately": 12.0,
                "callsInFlight": 1,
                "held": 0.5,
                "budgets": [
                    {
                        "account": "all",
                        "window": "day",
                        "mode": "block",
                        "strict": False,
                        "limit": 10.0,
                        "spent": 3.0,
                        "held": 0.5,
                        "free": 6.5,
                    }
                ],
                "waiting": [],
            }
        ],
        "waiting": [],
        "stopped": [],
        "events": [event],
    }
    assert [event_row(one) for one in events_since(ledger, None, 9)] == [event]
    assert holds_document(calls_in_flight(ledger, 9)) == [
        {
            "id": held,
            "sessionId": session.id,
            "provider": "p",
            "model": "m",
            "agent": "codex",
            "streamed": True,
            "started": "2026-11-28T15:10:00.000Z",
            "held": 0.5,
        }
    ]


def test_a_call_that_has_ended_is_in_flight_no_more(ledger: SqliteLedger) -> None:
    call_id = hold(ledger, begin(ledger, "work", NOW), 9)
    with ledger.writing() as tx:
        tx.settle(call_id, Outcome(Usage(input=1)), Cost(1, "t"), AT)
    assert (calls_in_flight(ledger, 9), only(ledger).held) == ((), ())
