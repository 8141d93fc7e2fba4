"""Is a session begun and ended, and a call logged, as the published contract says?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codesession.app import end_session, start_session
from codesession.app.budgets import Terms, set_budget

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App
    from codesession.model import Call

pytestmark = pytest.mark.usefixtures("priced")


def said(client: TestClient, verb: str, body: Any = None, status: int = 200) -> Any:
    answer = client.post(f"/console/{verb}", json=body) if body is not None else client.post(f"/console/{verb}")
    assert answer.status_code == status, answer.text
    return answer.json()


def calls(app: App, session_id: int) -> list[Call]:
    with app.ledger.reading() as reader:
        return reader.calls(session_id)


# --- start ---


def test_a_session_begins_in_the_directory_that_is_named(place: Place, client: TestClient) -> None:
    elsewhere = place.outside()
    place.monkeypatch.chdir(place.repo)
    told = said(client, "start", {"name": "Fix the login", "directory": str(elsewhere)})
    assert told == {"success": True, "sessionId": 1}
    begun = place.session(1)
    assert (begun.name, begun.directory, begun.is_active) == ("Fix the login", str(elsewhere), True)


def test_a_second_one_there_is_refused(place: Place, client: TestClient) -> None:
    body = {"name": "x", "directory": str(place.repo)}
    said(client, "start", body)
    assert said(client, "start", body, 409)["code"] == "session_active"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "directory": "/"},
        {"name": "x", "directory": "here"},
        {"name": " ", "directory": "/"},
    ],
)
def test_what_cannot_be_meant_begins_nothing(app: App, client: TestClient, body: Any) -> None:
    said(client, "start", body, 400)
    with app.ledger.reading() as reader:
        assert reader.active_sessions() == []


# --- end ---


def test_the_only_session_ends_with_what_came_of_it(place: Place, app: App, client: TestClient) -> None:
    session = start_session(app, "work")
    assert said(client, "end", {"notes": "done"}) == {"success": True, "sessionId": session.id}
    ended = place.session(session.id)
    assert (ended.is_active, ended.notes) == (False, "done")


def test_of_several_sessions_the_one_that_is_named_ends(place: Place, app: App, client: TestClient) -> None:
    first = start_session(app, "first")
    place.outside()
    start_session(app, "second")
    refused = said(client, "end", status=409)
    assert (refused["code"], [choice["name"] for choice in refused["choices"]]) == (
        "session_ambiguous",
        ["first", "second"],
    )
    assert said(client, "end", {"sessionId": first.id})["sessionId"] == first.id
    assert not place.session(first.id).is_active


def test_where_none_is_active_none_ends(client: TestClient) -> None:
    assert said(client, "end", status=404)["code"] == "no_active_session"
    assert said(client, "end", {"sessionId": 3}, 404)["code"] == "session_not_found"


# --- log ---

LOGGED = {"provider": "anthropic", "model": "claude-x", "promptTokens": 800, "completionTokens": 200, "cost": 0.25}


def test_a_call_is_logged_by_hand(app: App, client: TestClient) -> None:
    session = start_session(app, "work")
    told = said(client, "log-ai", {**LOGGED, "agent": "aider"})
    assert (told["success"], told["logged"]["cost"], told["session"]["totalCost"]) == (True, 0.25, 0.25)
    (call,) = calls(app, session.id)
    assert (call.cost_nanos, call.evidence, call.agent) == (250_000_000, "manual", "aider")
    assert call.usage
    assert (call.usage.input, call.usage.output) == (800, 200)


def test_that_a_limit_is_reached_by_it_is_told(place: Place, app: App, client: TestClient) -> None:
    session = start_session(app, "work")
    set_budget(app, "all", None, Terms(200_000_000))
    said(client, "log-ai", {**LOGGED, "sessionId": session.id})
    (told,) = [sentence for sentence in place.said if "budget" in sentence]
    assert "The $0.20 budget of today is used up: $0.25 spent." in told


def test_it_may_belong_to_a_session_that_has_ended(app: App, client: TestClient) -> None:
    session = start_session(app, "work")
    end_session(app)
    said(client, "log-ai", {**LOGGED, "sessionId": session.id})
    assert len(calls(app, session.id)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**LOGGED, "sessionId": 4711}, 404),
        (LOGGED, 404),
        ({"provider": "anthropic"}, 400),
        ({**LOGGED, "promptTokens": "800"}, 400),
        ({**LOGGED, "cost": -1}, 400),
        ({**LOGGED, "directory": "/"}, 400),
    ],
    ids=["no-such-session", "no-session", "no-model", "text", "below-zero", "unknown-field"],
)
def test_what_cannot_be_meant_is_not_logged(app: App, client: TestClient, body: Any, status: int) -> None:
    said(client, "log-ai", body, status)
    with app.ledger.reading() as reader:
        assert reader.spent() == {}
