"""Does the page of budgets and alerts show each, with a way to change those that can be changed here?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from codesession.app import Terms, set_budget
from codesession.model import (
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
from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

USD = 10**9


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


def shown(app: App) -> str:
    answer = TestClient(build_site(app)).get("/alerts")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_with_nothing_set_it_says_what_a_budget_is_for(app: App) -> None:
    text = shown(app)
    assert "No budget is set" in text
    assert "No session passed its limit" in text
    assert "Nothing happened" in text
    assert "Calls that wait for you" not in text
    assert 'role="switch" aria-checked="false"' in text


def test_a_budget_of_the_users_can_be_changed_and_one_of_a_project_not(app: App) -> None:
    set_budget(app, "customer:a&b", "month", Terms(5 * USD, Mode.BLOCK, ask_s=90))
    with app.ledger.writing() as tx:
        tx.set_budget(Budget(ScopeKind.AGENT, "codex", Window.DAY, USD, directory="/p"))
    text = shown(app)
    assert 'data-api="DELETE /api/v1/budgets?scope=customer%3Aa%26b&amp;window=month"' in text
    assert "$0.00 spent, $0.00 held, of $5.00" in text
    assert "asks for 1m" in text
    assert "set by /p/codesession.toml" in text
    assert text.count("DELETE /api/v1/budgets") == 1


def test_what_passed_its_limit_and_what_happened_is_shown(app: App, place: Place) -> None:
    set_budget(app, "session", None, Terms(USD))
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope(str(place.repo)), "<b>dear</b>", place.now_ms - 1)
        asked = Attempt(session.id, "acme", "coder", "chat", streamed=False, request_bytes=9)
        outcome = Outcome(Usage(input=1), Evidence.MEASURED)
        tx.record(asked, outcome, Cost(3 * USD, "table"), place.now_ms, place.now_ms)
        tx.record(asked, outcome, None, place.now_ms, place.now_ms)
        tx.add_event(
            Event(EventKind.REFUSED, place.now_ms, "budget", session.id, model="coder", message="It was <i>no</i>.")
        )
        tx.ask(Refusal(Rule.BUDGET, "It would cost too much.", "Wait."), session.id, "coder", owner_id, place.now_ms)
    text = shown(app)
    assert f'<tr id="over-{session.id}">' in text
    assert "&lt;b&gt;dear&lt;/b&gt;" in text
    assert '<td class="number bad">$2.00</td>' in text
    assert "+ 1 unpriced" in text
    assert "It was &lt;i&gt;no&lt;/i&gt;." in text
    assert "Calls that wait for you" in text
    assert "It would cost too much." in text
    assert '<option value="model:coder">' in text
    assert f'<option value="project:{place.repo}">' in text
