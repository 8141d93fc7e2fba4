"""Does the view of budgets say how near each is, which sessions passed theirs, and what happened?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.ledger.fresh import fresh

from codesession.model import (
    Account,
    Attempt,
    Budget,
    Cost,
    Event,
    EventKind,
    Evidence,
    Mandate,
    Mode,
    Outcome,
    Question,
    Scope,
    ScopeKind,
    Standing,
    Usage,
    Window,
)
from codesession.report import alerts
from codesession.report.alerts import MOST_EVENTS, Limit, alerts_view, rule_of, sessions_over
from codesession.report.breaches import BREACHES, alert_document
from codesession.report.budgets import MOST_ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger

USD = 10**9
ALL = Budget(ScopeKind.ALL, "", Window.DAY, 10 * USD, id=1)
EACH_SESSION = Budget(ScopeKind.SESSION, "", Window.SESSION, 2 * USD, Mode.STOP, is_strict=True, id=2)


class Now(NamedTuple):
    """A situation."""

    rules: tuple[tuple[Budget, tuple[Standing, ...]], ...] = ()
    waiting: tuple[Question, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    zone_name: str = "Europe/Berlin"
    ended: tuple[Budget, ...] = ()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "sessions.db")) as ledger:
        yield ledger


def standing(spent: int, held: int = 0, budget: Budget = ALL, number: int = 1) -> Standing:
    account = Account(budget, "", None, 0, None)
    return Standing(account, {Evidence.MEASURED: spent} if spent else {}, held, id=number)


def limit(spent: int, held: int = 0, budget: Budget = ALL) -> Limit:
    (found,) = rule_of(budget, (standing(spent, held, budget),)).limits
    return found


# --- how near ---


@pytest.mark.parametrize(
    ("spent", "held", "is_near", "is_over"),
    [
        pytest.param(0, 0, False, False, id="nothing"),
        pytest.param(8 * USD - 1, 0, False, False, id="just-below-the-warning"),
        pytest.param(8 * USD, 0, True, False, id="at-the-warning"),
        pytest.param(5 * USD, 3 * USD, True, False, id="with-what-is-held"),
        pytest.param(10 * USD - 1, 0, True, False, id="just-below-the-limit"),
        pytest.param(10 * USD, 0, False, True, id="at-the-limit"),
        pytest.param(4 * USD, 6 * USD, False, True, id="all-of-it-held"),
        pytest.param(90 * USD, 0, False, True, id="far-over"),
    ],
)
def test_a_limit_is_near_or_reached(spent: int, held: int, *, is_near: bool, is_over: bool) -> None:
    found = limit(spent, held)
    assert (found.is_near, found.is_over) == (is_near, is_over)
    assert found.free_nanos == 10 * USD - spent - held


def test_a_limit_of_nothing_is_reached_by_the_first_call_only() -> None:
    nothing = replace(ALL, limit_nanos=0, mode=Mode.BLOCK)
    assert (limit(0, 0, nothing).is_over, limit(1, 0, nothing).is_over) == (False, True)
    assert (limit(1, 0, nothing).spent_share, limit(1, 5, nothing).held_share) == (1.0, 0.0)


def test_shares_are_of_the_limit_in_force() -> None:
    raised = replace(standing(6 * USD, 3 * USD), extra_nanos=5 * USD)
    (found,) = rule_of(ALL, (raised,)).limits
    assert (found.limit_nanos, found.spent_share, found.held_share) == (15 * USD, 0.4, 0.2)
    assert (found.is_near, found.is_over) == (False, False)
    assert found.known == "measured"
    assert found.mode == "warn"


def test_a_budget_without_an_account_says_whose_it_is() -> None:
    each = Budget(ScopeKind.CUSTOMER, "*", Window.MONTH, USD, Mode.BLOCK, directory="/p", id=3)
    labels = []
    for budget in (EACH_SESSION, each, ALL):
        (found,) = rule_of(budget, ()).limits
        assert (found.standing, found.spent_nanos, found.held_nanos, found.is_near) == (None, 0, 0, False)
        assert found.known == "counted from the next call on"
        labels.append((found.key, found.label, found.mode, found.source))
    assert labels == [
        ("2-0", "each session", "stop, strict", None),
        ("3-0", "each customer", "block, balanced", "/p/codesession.toml"),
        ("1-0", "all", "warn", None),
    ]


def test_of_many_accounts_the_dearest_are_shown() -> None:
    rule = rule_of(ALL, [standing(number, number=number) for number in range(1, MOST_ACCOUNTS + 8)])
    assert (len(rule.limits), rule.omitted) == (MOST_ACCOUNTS, 7)
    assert rule.limits[0].key == f"1-{MOST_ACCOUNTS + 7}"
    assert len({found.key for found in rule.limits}) == MOST_ACCOUNTS


# --- sessions over their limit ---


def spend(ledger: SqliteLedger, directory: str, nanos: int | None, *, ends: bool = True) -> int:
    with ledger.writing() as tx:
        session = tx.begin_session(Scope(directory), f"in {directory}", 1)
        asked = Attempt(session.id, "openai", "gpt-5", "chat", streamed=False, request_bytes=9)
        cost = None if nanos is None else Cost(nanos, "table")
        tx.record(asked, Outcome(Usage(input=1), Evidence.MEASURED), cost, 2, 3)
        if ends:
            tx.end_session(session.id, 4)
        return session.id


def over(ledger: SqliteLedger, *budgets: Budget) -> list[tuple[int, int, int]]:
    with ledger.reading() as reader:
        return [(one.session.id, one.cost_nanos, one.limit_nanos) for one in sessions_over(reader, budgets)]


def test_sessions_that_cost_more_than_their_limit_are_found(ledger: SqliteLedger) -> None:
    cheap = spend(ledger, "/a", 2 * USD)
    dear = spend(ledger, "/b", 3 * USD)
    active = spend(ledger, "/c", 5 * USD, ends=False)
    unpriced = spend(ledger, "/d", None)
    assert over(ledger) == over(ledger, ALL) == []
    assert over(ledger, EACH_SESSION) == [(active, 5 * USD, 2 * USD), (dear, 3 * USD, 2 * USD)]

    own = Budget(ScopeKind.SESSION, str(active), Window.SESSION, 9 * USD)
    assert over(ledger, EACH_SESSION, own) == [(dear, 3 * USD, 2 * USD)]
    assert over(ledger, replace(own, limit_nanos=4 * USD)) == [(active, 5 * USD, 4 * USD)]

    of_a = replace(EACH_SESSION, limit_nanos=USD, directory="/a")
    assert over(ledger, of_a) == [(cheap, 2 * USD, USD)]
    assert over(ledger, of_a, EACH_SESSION)[-1] == (cheap, 2 * USD, USD)
    assert unpriced not in {found[0] for found in over(ledger, replace(EACH_SESSION, limit_nanos=0))}


def test_a_session_over_its_own_low_limit_is_found_however_many_cost_more(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MOST_OVER", 2)
    dear = [spend(ledger, f"/{number}", number * USD) for number in (3, 4, 5)]
    cheap = spend(ledger, "/cheap", USD, ends=False)
    own = Budget(ScopeKind.SESSION, str(cheap), Window.SESSION, USD // 2)
    gone = Budget(ScopeKind.SESSION, "999", Window.SESSION, 0)
    assert over(ledger, own, gone) == [(cheap, USD, USD // 2)]
    assert over(ledger, EACH_SESSION, own) == [
        (dear[2], 5 * USD, 2 * USD),
        (dear[1], 4 * USD, 2 * USD),
        (cheap, USD, USD // 2),
    ]


# --- what happened ---


def test_the_newest_breaches_come_first_and_answers_of_people_are_none(ledger: SqliteLedger) -> None:
    session_id = spend(ledger, "/a", 1)
    with ledger.writing() as tx:
        for number in range(MOST_EVENTS):
            tx.add_event(Event(EventKind.WARNED, number, "budget", message=f"warning {number}"))
        for kind in EventKind:
            tx.add_event(Event(kind, 999, "budget", session_id, message="codesession refused this call: no"))
    with ledger.reading() as reader:
        view = alerts_view(Now(), reader)
    assert len(view.breaches) == MOST_EVENTS
    newest = view.breaches[: len(BREACHES)]
    assert {breach.event.kind for breach in newest} == BREACHES
    assert {(breach.message, breach.session_name) for breach in newest} == {("no", "in /a")}
    assert {breach.kind for breach in newest} == {"bad", "warn"}
    assert (view.breaches[len(BREACHES)].message, view.breaches[len(BREACHES)].session_name) == ("Warning 49", "")


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_is_a_breach_or_the_word_of_a_person(kind: EventKind) -> None:
    assert (kind in BREACHES) is (kind not in (EventKind.APPROVED, EventKind.DENIED, EventKind.RESUMED))


def test_what_a_browser_is_told() -> None:
    event = Event(
        EventKind.ENDED,
        0,
        "budget",
        3,
        4,
        "openai",
        "gpt-5",
        "codex",
        message="codesession ended this answer: no",
        id=7,
    )
    assert alert_document(event) == {
        "id": 7,
        "kind": "ended",
        "rule": "budget",
        "at": "1970-01-01T00:00:00.000Z",
        "message": "no",
        "sessionId": 3,
        "provider": "openai",
        "model": "gpt-5",
        "agent": "codex",
    }


def test_the_badges_count_accounts_and_a_session_stays_over_its_own_limit_when_it_ends(ledger: SqliteLedger) -> None:
    past = spend(ledger, "/a", 2 * USD)
    own = Budget(ScopeKind.SESSION, str(past), Window.SESSION, USD)
    rules = (
        (ALL, (standing(10 * USD, number=1), standing(9 * USD, number=2), standing(USD, number=3))),
        (EACH_SESSION, (standing(5 * USD, budget=EACH_SESSION, number=4),)),
    )
    with ledger.reading() as reader:
        view = alerts_view(Now(rules, ended=(own,)), reader)
    assert (len(view.rules), view.triggered, view.near, view.ended) == (2, 2, 1, 1)
    assert [(one.session.id, one.limit_nanos) for one in view.over] == [(past, USD)]
    assert (view.zone_name, view.waiting) == ("Europe/Berlin", ())
