"""Does the API tell what runs, and is what a person says to it done, once, to what was meant?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from codesession.app import pause_session, start_session, stop_session
from codesession.app.budgets import Terms, set_budget
from codesession.app.proxy_status import ProxyStatus
from codesession.model import (
    Account,
    Attempt,
    Event,
    EventKind,
    Mode,
    QuestionState,
    Refusal,
    Rule,
    Scope,
    Session,
)
from codesession.model.switch import SwitchState
from codesession.web.api import live

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App
    from codesession.model import Question

DOLLAR = 10**9
DESCRIBED = {
    (next(iter(route.methods or ())), route.path): route.response_model
    for route in live.router.routes
    if isinstance(route, APIRoute)
}


def asked(client: TestClient, method: str, path: str, route: str = "", body: Any = None) -> Any:
    """What is answered, which is as the description of that route says."""
    answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    assert answer.status_code == 200, answer.text
    TypeAdapter(DESCRIBED[method, route or path]).validate_python(answer.json(), strict=True)
    return answer.json()


def refused(client: TestClient, path: str, body: Any = None, status: int = 404) -> dict[str, Any]:
    answer = client.post(path, json=body) if body is not None else client.post(path)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    assert told.keys() >= {"error", "code"}
    return told


def state(app: App, session: Session) -> SwitchState | None:
    with app.ledger.reading() as reader:
        switch = reader.switch_of(session.id)
    return switch.state if switch else None


@pytest.fixture
def session(app: App) -> Session:
    return start_session(app, "work")


# --- what there is ---


def test_what_runs_is_told(app: App, client: TestClient, session: Session) -> None:
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        call_id = tx.hold(
            Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1), DOLLAR // 4, owner_id, app.now_ms()
        )
    pause_session(app, session.id)
    told = asked(client, "GET", "/live")
    assert [(row["name"], row["state"], row["held"]) for row in told["sessions"]] == [("work", "paused", 0.25)]
    assert [event["kind"] for event in told["events"]] == ["paused"]
    assert [hold["id"] for hold in asked(client, "GET", "/holds")] == [call_id]


def test_events_are_told_from_one_on(app: App, client: TestClient) -> None:
    with app.ledger.writing() as tx:
        ids = [tx.add_event(Event(EventKind.WARNED, at, message="Near.")) for at in range(4)]
    assert [event["id"] for event in asked(client, "GET", "/events")] == ids
    assert [event["id"] for event in asked(client, "GET", "/events?limit=2", "/events")] == ids[2:]
    assert [event["id"] for event in asked(client, "GET", f"/events?since={ids[1]}&limit=1", "/events")] == [ids[2]]
    assert asked(client, "GET", f"/events?since={ids[3]}", "/events") == []


def test_whether_a_proxy_listens_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    status = ProxyStatus(running=True, port=3739, version="1", session_id=3, unmetered=2)
    monkeypatch.setattr(live, "proxy_status", lambda port: status._replace(port=port))
    assert asked(client, "GET", "/proxy/status") == {
        "running": True,
        "port": 3739,
        "version": "1",
        "sessionId": 3,
        "unmetered": 2,
        "unrecorded": 0,
    }


# --- stop, pause, go on ---

KILL, PAUSE, RESUME = (f"/sessions/{{session_id}}/{verb}" for verb in ("kill", "pause", "resume"))


def test_a_session_is_stopped_and_allowed_again(app: App, client: TestClient, session: Session) -> None:
    at = f"/sessions/{session.id}"
    told = asked(client, "POST", f"{at}/kill", KILL)
    assert told == {
        "success": True,
        "sessionId": session.id,
        "state": "stopped",
        "ended": False,
        "endsWithProgram": False,
    }
    assert state(app, session) is SwitchState.STOPPED
    assert asked(client, "POST", f"{at}/resume", RESUME)["state"] == "running"
    assert state(app, session) is None


def test_one_is_stopped_and_ended(app: App, client: TestClient, session: Session) -> None:
    assert asked(client, "POST", f"/sessions/{session.id}/kill", KILL, {"end": True})["ended"]
    with app.ledger.reading() as reader:
        assert reader.active_sessions() == []


def test_that_of_a_program_that_lives_ends_with_it(app: App, client: TestClient) -> None:
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/run"), "run", 1, owner_id=owner_id)
    told = asked(client, "POST", f"/sessions/{session.id}/kill", KILL, {"end": True})
    assert (told["ended"], told["endsWithProgram"]) == (False, True)


@pytest.mark.parametrize(("body", "wait_s"), [(None, 300), ({}, 300), ({"waitSeconds": 5}, 5)])
def test_a_session_is_paused(app: App, client: TestClient, session: Session, body: Any, wait_s: int) -> None:
    told = asked(client, "POST", f"/sessions/{session.id}/pause", PAUSE, body)
    assert told == {"success": True, "sessionId": session.id, "state": "paused", "waitSeconds": wait_s}
    assert state(app, session) is SwitchState.PAUSED


@pytest.mark.parametrize("verb", ["kill", "pause", "resume"])
def test_a_session_that_is_not_there_is_not_found(client: TestClient, verb: str) -> None:
    assert refused(client, f"/sessions/4711/{verb}")["code"] == "session_not_found"


def test_what_cannot_be_said_now_is_a_mistake(app: App, client: TestClient, session: Session) -> None:
    stop_session(app, session.id)
    assert "is stopped" in refused(client, f"/sessions/{session.id}/pause", status=400)["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions/1/kill", {"end": "yes"}),
        ("/sessions/1/kill", {"now": True}),
        ("/sessions/1/pause", {"waitSeconds": -1}),
        ("/sessions/0/kill", None),
        ("/approvals/1/approve", {"amount": 0}),
        ("/approvals/1/approve", {"amount": "1"}),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    app: App, client: TestClient, session: Session, path: str, body: Any
) -> None:
    refused(client, path, body, status=400)
    assert state(app, session) is None


# --- yes or no ---

APPROVE, DENY = (f"/approvals/{{question_id}}/{verb}" for verb in ("approve", "deny"))


@pytest.fixture
def questions(app: App, session: Session) -> list[Question]:
    """Two calls that wait: one lacks a dollar, the other is not about money."""
    set_budget(app, "all", None, Terms(2 * DOLLAR, Mode.BLOCK, ask_s=60))
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        (budget,) = tx.budgets()
        standing = tx.open_account(Account(budget, "", None, 0, None))
        dear = Refusal(Rule.BUDGET, "Too dear.", "Wait.", standing=standing, needed_nanos=3 * DOLLAR, ask_s=60)
        fast = Refusal(Rule.SPEED, "Too fast.", "Slow.", ask_s=60)
        return [tx.ask(refusal, session.id, "m", owner_id, app.now_ms()) for refusal in (dear, fast)]


def states(app: App, questions: list[Question]) -> list[QuestionState]:
    with app.ledger.reading() as reader:
        return [found.state for one in questions if (found := reader.question(one.id))]


@pytest.mark.parametrize(("body", "more"), [(None, 1.0), ({"amount": 2.5}, 2.5)])
def test_a_call_that_waits_is_approved_with_what_is_missing_or_more(
    app: App, client: TestClient, questions: list[Question], body: Any, more: float
) -> None:
    told = asked(client, "POST", f"/approvals/{questions[0].id}/approve", APPROVE, body)
    assert [question["id"] for question in told["answered"]] == [questions[0].id]
    assert [(row["approved"], row["limit"]) for row in told["approved"]] == [(more, 2.0 + more)]
    assert states(app, questions) == [QuestionState.APPROVED, QuestionState.WAITING]


def test_a_call_that_waits_is_denied(app: App, client: TestClient, questions: list[Question]) -> None:
    told = asked(client, "POST", f"/approvals/{questions[1].id}/deny", DENY)
    assert [question["message"] for question in told["answered"]] == ["Too fast."]
    assert states(app, questions) == [QuestionState.WAITING, QuestionState.DENIED]


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_a_call_that_waits_no_more_is_not_found(client: TestClient, questions: list[Question], verb: str) -> None:
    asked(client, "POST", f"/approvals/{questions[0].id}/deny", DENY)
    assert refused(client, f"/approvals/{questions[0].id}/{verb}")["code"] == "budget_not_found"
