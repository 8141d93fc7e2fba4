"""Does the Command centre offer for each session what can be done with it, and nothing else?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import DOLLAR, NOW, begin, call, ms

from codesession.model import Attempt, Budget, Mode, Refusal, Rule, Scope, ScopeKind, Window
from codesession.model.switch import Switch, SwitchState
from codesession.web.site import build_site

if TYPE_CHECKING:
    from codesession.app import App


@pytest.fixture
def page(app: App) -> TestClient:
    return TestClient(build_site(app))


def html(page: TestClient) -> str:
    answer = page.get("/console")
    assert answer.status_code == 200
    return answer.text


def text(page: TestClient) -> str:
    """The page's words, with single spaces between them."""
    main = html(page).partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def offers(page: TestClient) -> set[str]:
    """What can be asked of the API on the page, and which dialogs it opens."""
    return set(re.findall(r'data-(?:api|opens)="([^"]+)"', html(page)))


ALWAYS = {"POST /api/v1/console/start", "POST /api/v1/console/log-ai"}


def test_where_nothing_runs_it_says_how_to_begin(page: TestClient) -> None:
    shown = text(page)
    assert "Nothing runs" in shown
    assert "cs run -- claude" in shown
    assert offers(page) == ALWAYS


def of_hand(state: str) -> set[str]:
    """What is offered for session 1, begun by hand, in that state."""
    end = {"ending-1", "POST /api/v1/console/end"}
    stop = {"stopping-1", "POST /api/v1/sessions/1/kill"}
    resume = {"POST /api/v1/sessions/1/resume"}
    return {
        "running": {"POST /api/v1/sessions/1/pause"} | end | stop,
        "paused": resume | end | stop,
        "stopped": resume | end,
    }[state]


@pytest.mark.parametrize("state", ["running", "paused", "stopped"])
def test_a_session_begun_by_hand_can_be_ended_and_what_holds_it_up_undone(
    app: App, page: TestClient, state: str
) -> None:
    session = begin(app.ledger, "Fix the login", "2026-11-28T14:10+00:00")
    if state != "running":
        with app.ledger.writing() as tx:
            tx.set_switch(Switch(session.id, SwitchState(state), ms(NOW) - 60_000, 300))
    assert offers(page) - ALWAYS == of_hand(state)
    shown = text(page)
    told = {
        "running": "Fix the login live",
        "paused": "Paused for 1m : each call waits up to 5m, and is refused then.",
        "stopped": "Stopped 1m ago: its calls are refused until you allow them again.",
    }
    assert told[state] in shown


def test_a_run_that_is_stopped_is_past_everything(app: App, page: TestClient) -> None:
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/run"), "run", ms(NOW), owner_id=owner_id)
    assert offers(page) - ALWAYS == {
        "POST /api/v1/sessions/1/pause",
        "stopping-1",
        "POST /api/v1/sessions/1/kill",
    }
    assert "The program that cs run started is ended with all it has started" in text(page)
    with app.ledger.writing() as tx:
        tx.set_switch(Switch(session.id, SwitchState.STOPPED, ms(NOW)))
    assert offers(page) == ALWAYS
    assert "its program is being ended" in text(page)


def test_figures_come_with_how_they_were_got(app: App, page: TestClient) -> None:
    session = begin(app.ledger, "<b>Bold</b>", "2026-11-28T14:10+00:00")
    with app.ledger.writing() as tx:
        tx.set_budget(Budget(ScopeKind.SESSION, "", Window.SESSION, 4 * DOLLAR, Mode.BLOCK))
        owner_id = tx.add_owner(1, 1)
    call(app.ledger, "2026-11-28T15:00+00:00", 3 * DOLLAR, session)
    with app.ledger.writing() as tx:
        tx.hold(
            Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1), DOLLAR // 2, owner_id, ms(NOW) - 7000
        )
    shown = text(page)
    assert "<b>Bold</b>" not in html(page)
    assert "&lt;b&gt;Bold&lt;/b&gt; live" in shown
    assert "Cost $3.00 1 call: $3.00 measured" in shown
    assert "Per hour, lately $12.00 of 1 call in the last 15 min, by the hour" in shown
    assert "In flight 1 ≤ $0.50 the most these calls can cost" in shown
    assert "This session block, balanced $3.00 measured + $0.50 held of $4.00" in shown
    assert "1 call in flight" in shown
    assert '<rect class="limit-spent" width="750" height="8"/>' in html(page)
    assert '<rect class="limit-held" x="750" width="125" height="8"/>' in html(page)


def test_a_call_that_waits_is_answered_with_money_only_where_money_is_missing(app: App, page: TestClient) -> None:
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        tx.ask(Refusal(Rule.SPEED, "Money goes too fast.", "Slow.", ask_s=60), None, "claude-x", owner_id, ms(NOW))
    assert offers(page) - ALWAYS == {"POST /api/v1/approvals/1/approve", "POST /api/v1/approvals/1/deny"}
    assert "A call to claude-x waits for you Money goes too fast." in text(page)
    assert 'name="amount"' not in html(page)


def test_ended_sessions_that_are_refused_still_can_be_allowed(app: App, page: TestClient) -> None:
    session = begin(app.ledger, "Prototype", "2026-11-28T14:10+00:00")
    with app.ledger.writing() as tx:
        tx.set_switch(Switch(session.id, SwitchState.STOPPED, ms(NOW)))
        tx.end_session(session.id, ms(NOW))
    assert offers(page) - ALWAYS == {"POST /api/v1/sessions/1/resume"}
    assert "Stopped, and ended Prototype" in text(page)
