"""Can budgets and mandates be set, read and removed by a program?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codesession.model import Event, EventKind, Scope

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App

VERSIONS = ("schemaVersion", "codesessionVersion", "costhqVersion")


def bare(document: Any) -> Any:
    assert not any(name in document for name in VERSIONS)
    return document


def error(answer: Any) -> tuple[int, str]:
    assert isinstance(answer.json()["error"], str)
    return answer.status_code, answer.json()["code"]


def test_a_budget_is_set_read_and_removed(client: TestClient) -> None:
    asked = {"scope": "customer:acme", "limit": 12.5, "window": "month", "mode": "block", "strict": True, "warnAt": 50}
    answer = client.post("/budgets", json={**asked, "ask": 60, "unpriced": "allow"})
    assert answer.status_code == 200
    told = bare(answer.json())
    budget = told["budget"]
    assert told["notes"][0] == "$12.50 a month for customer acme, mode block, strict."
    known = {**asked, "ask": 60, "unpriced": "allow", "source": "user", "accountsOmitted": 0}
    assert {name: budget[name] for name in known} == known
    (account,) = budget["accounts"]
    assert (account["spent"], account["free"], account["limit"]) == (0, 12.5, 12.5)

    read = bare(client.get("/budgets").json())
    assert [one["scope"] for one in read["budgets"]] == ["customer:acme"]
    assert (read["daily"], read["session"], read["waiting"], read["mandates"]) == (None, None, [], [])

    removed = bare(client.delete("/budgets", params={"scope": "customer:acme"}).json())
    assert (removed["removed"]["scope"], removed["notes"][0][:9]) == ("customer:acme", "Removed: ")
    assert client.get("/budgets").json()["budgets"] == []
    assert error(client.delete("/budgets", params={"scope": "customer:acme"})) == (404, "budget_not_found")


def test_what_is_left_out_stays_as_it_was(client: TestClient) -> None:
    client.post("/budgets", json={"scope": "all", "limit": 5, "mode": "stop", "warnAt": 70, "unpriced": 0.25})
    budget = client.post("/budgets", json={"scope": "all", "limit": 6}).json()["budget"]
    assert (budget["limit"], budget["mode"], budget["warnAt"], budget["window"]) == (6, "stop", 70, "day")
    assert budget["unpriced"] == 0.25
    assert client.get("/budgets").json()["daily"] == 6
    budget = client.post("/budgets", json={"scope": "all", "limit": 6, "unpriced": "refuse"}).json()["budget"]
    assert budget["unpriced"] == "refuse"


def test_of_several_windows_one_is_said(client: TestClient) -> None:
    for window in ("day", "week"):
        client.post("/budgets", json={"scope": "all", "limit": 5, "window": window})
    assert error(client.delete("/budgets", params={"scope": "all"})) == (400, "invalid_input")
    assert client.delete("/budgets", params={"scope": "all", "window": "week"}).status_code == 200
    assert [one["window"] for one in client.get("/budgets").json()["budgets"]] == ["day"]


def test_a_session_that_is_there_can_have_its_own(client: TestClient, app: App) -> None:
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/work"), "work", 1)
    answer = client.post("/budgets", json={"scope": f"session:{session.id}", "limit": 1})
    assert answer.json()["budget"]["accounts"][0]["sessionId"] == session.id
    assert error(client.post("/budgets", json={"scope": "session:99", "limit": 1})) == (404, "session_not_found")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scope": "all"},
        {"limit": 1},
        {"scope": "", "limit": 1},
        {"scope": "nobody", "limit": 1},
        {"scope": "project", "limit": 1},
        {"scope": " project ", "limit": 1},
        {"scope": "project:/nowhere", "limit": 1},
        {"scope": "all", "limit": -1},
        {"scope": "all", "limit": "1"},
        {"scope": "all", "limit": True},
        {"scope": "all", "limit": 1e9},
        {"scope": "all", "limit": 1, "window": "year"},
        {"scope": "all", "limit": 1, "window": "session", "extra": 1},
        {"scope": "all", "limit": 1, "mode": "shout"},
        {"scope": "all", "limit": 1, "mode": "warn", "strict": True},
        {"scope": "all", "limit": 1, "warnAt": 0},
        {"scope": "all", "limit": 1, "ask": 86_401},
        {"scope": "all", "limit": 1, "unpriced": "perhaps"},
        {"scope": "x" * 5_000, "limit": 1},
    ],
)
def test_what_cannot_be_set_changes_nothing(client: TestClient, asked: dict[str, Any]) -> None:
    assert error(client.post("/budgets", json=asked)) == (400, "invalid_input")
    assert client.get("/budgets").json()["budgets"] == []


def test_reading_budgets_takes_over_no_projects_file(client: TestClient, place: Place) -> None:
    place.write("codesession.toml", "[budget]\ndaily = 5\n")
    assert client.get("/budgets").json()["budgets"] == []
    assert place.said == []


def test_why_a_call_was_refused(client: TestClient, app: App) -> None:
    assert bare(client.get("/budgets/why").json()) == {"refusal": None}
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/work"), "work", 1)
        tx.add_event(Event(EventKind.REFUSED, 0, "budget", session.id, message="No.", details={"advice": "Stop."}))
        tx.add_event(Event(EventKind.REFUSED, 1, "model", message="Not this one."))
    assert client.get("/budgets/why").json()["refusal"]["message"] == "Not this one."
    told = client.get("/budgets/why", params={"sessionId": session.id}).json()["refusal"]
    assert (told["message"], told["advice"], told["at"]) == ("No.", "Stop.", "1970-01-01T00:00:00.000Z")
    assert error(client.get("/budgets/why", params={"sessionId": 99})) == (404, "session_not_found")
    assert error(client.get("/budgets/why", params={"sessionId": "x"})) == (400, "invalid_input")


# --- mandates ---


def test_a_mandate_is_set_read_and_removed(client: TestClient) -> None:
    asked = {"scope": "agent:codex", "allow": ["gpt-5*"], "deny": ["*-pro"], "mostPerCall": 0.5, "parallel": 3}
    told = bare(client.post("/mandates", json=asked).json())
    assert told["replaced"] is False
    assert {name: told["mandate"][name] for name in asked} == asked
    assert client.post("/mandates", json={"scope": "agent:codex", "parallel": 1}).json()["replaced"] is True
    (mandate,) = bare(client.get("/mandates").json())["mandates"]
    assert (mandate["allow"], mandate["mostPerCall"], mandate["parallel"]) == ([], None, 1)
    assert client.get("/budgets").json()["mandates"][0]["mostParallel"] == 1
    assert bare(client.delete("/mandates", params={"scope": "agent:codex"}).json())["removed"] is True
    assert error(client.delete("/mandates", params={"scope": "agent:codex"})) == (404, "budget_not_found")


@pytest.mark.parametrize(
    "asked",
    [
        {"scope": "agent:codex"},
        {"scope": "session", "parallel": 1},
        {"scope": "project", "parallel": 1},
        {"scope": "agent:codex", "parallel": 0},
        {"scope": "agent:codex", "allow": "gpt-5*"},
        {"scope": "agent:codex", "allow": ["a,b"]},
        {"scope": "agent:codex", "allow": ["m"] * 101},
        {"scope": "agent:codex", "mostPerCall": -1},
    ],
)
def test_a_mandate_that_cannot_be_set_changes_nothing(client: TestClient, asked: dict[str, Any]) -> None:
    assert error(client.post("/mandates", json=asked)) == (400, "invalid_input")
    assert client.get("/mandates").json()["mandates"] == []
