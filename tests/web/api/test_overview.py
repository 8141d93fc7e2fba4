"""Does the API answer what the first page shows, with the keys that were promised?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import Usage
from codesession.web.api import models, overview
from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

PROMISED = {
    "/stats": {
        "totalSessions",
        "totalTime",
        "totalFiles",
        "totalCommits",
        "totalAICost",
        "avgSessionTime",
        "activeSessions",
    },
    "/daily-costs": {"day", "cost", "sessions", "tokens"},
    "/daily-tokens": {"day", "promptTokens", "completionTokens", "totalTokens"},
    "/model-breakdown": {
        "provider",
        "model",
        "calls",
        "totalTokens",
        "promptTokens",
        "completionTokens",
        "totalCost",
    },
    "/provider-breakdown": {
        "provider",
        "calls",
        "totalTokens",
        "promptTokens",
        "completionTokens",
        "totalCost",
        "models",
    },
    "/top-sessions": {"id", "name", "status", "startTime", "aiCost", "aiTokens", "duration"},
    "/cost-velocity": {"id", "name", "startTime", "duration", "aiCost", "costPerHour"},
    "/token-ratios": {"provider", "model", "promptTokens", "completionTokens", "ratio", "calls"},
    "/overview": {"days", "today", "spent", "projection", "sessions", "dailyCosts", "velocity", "recentSessions"},
}
"""Every key of the published contract; there may be more."""


@pytest.fixture
def app(place: Place) -> App:
    """The program over a ledger with a session that has ended, one that has not, and a call without a price."""
    place.now_ms = ms(NOW)
    app = place.app()
    done = begin(app.ledger, "done", "2026-11-20T10:00+00:00")
    usage = Usage(input=50, cache_read=150, output=10)
    call(app.ledger, "2026-11-20T10:00+00:00", 6 * DOLLAR, done, usage=usage, provider="anthropic", model="opus")
    end(app.ledger, done, "2026-11-20T10:30+00:00")
    live = begin(app.ledger, "live", "2026-11-28T14:10+00:00")
    call(app.ledger, "2026-11-28T14:10+00:00", 2 * DOLLAR, live, provider="openai", model="gpt")
    call(app.ledger, "2026-11-28T14:20+00:00", None, live, provider="groq", model="llama")
    return app


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(build_site(app))


def got(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert (answer.status_code, answer.headers["x-codesession-api-version"]) == (200, "1")
    return answer.json()


def test_every_promised_key_is_there_and_every_answer_is_as_described(client: TestClient) -> None:
    described = {
        route.path: route.response_model
        for router in (overview.router, models.router)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    assert described.keys() == PROMISED.keys()
    for path, keys in PROMISED.items():
        answer = got(client, path)
        TypeAdapter(described[path]).validate_python(answer, strict=True)
        assert (answer[0] if isinstance(answer, list) else answer).keys() >= keys, path


def test_the_sums_of_all_time_and_of_some_days(client: TestClient) -> None:
    ever, week = got(client, "/stats"), got(client, "/stats?days=7")
    assert (ever["totalSessions"], ever["totalAICost"], ever["unpricedCalls"], ever["totalCalls"]) == (2, 8.0, 1, 3)
    assert (week["totalSessions"], week["totalAICost"], week["totalTime"], week["activeSessions"]) == (1, 2.0, 3600, 1)


def test_days_are_as_many_as_asked_for_and_thirty_otherwise(client: TestClient) -> None:
    assert [len(got(client, f"/daily-costs{query}")) for query in ("", "?days=1", "?days=365")] == [30, 1, 365]
    assert got(client, "/daily-costs?days=1")[0]["cost"] == 2.0
    assert got(client, "/daily-tokens?days=9")[0] == {
        "day": "2026-11-20",
        "promptTokens": 200,
        "completionTokens": 10,
        "totalTokens": 210,
        "inputTokens": 50,
        "outputTokens": 10,
        "cacheWriteTokens": 0,
        "cacheReadTokens": 150,
        "unsplitTokens": 0,
    }


def test_sessions_are_dearest_first_or_newest_first(client: TestClient) -> None:
    assert [session["name"] for session in got(client, "/top-sessions")] == ["done", "live"]
    assert [session["name"] for session in got(client, "/top-sessions?limit=1&days=7")] == ["live"]
    velocity = [(session["name"], session["costPerHour"]) for session in got(client, "/cost-velocity")]
    assert velocity == [("live", 2.0), ("done", 12.0)]


def test_models_and_providers_are_dearest_first(client: TestClient) -> None:
    assert [use["model"] for use in got(client, "/model-breakdown")] == ["opus", "gpt", "llama"]
    assert [use["model"] for use in got(client, "/model-breakdown?days=7")] == ["gpt", "llama"]
    assert [use["provider"] for use in got(client, "/provider-breakdown")] == ["anthropic", "openai", "groq"]
    assert got(client, "/token-ratios?days=7")[0]["ratio"] == 10.0


def test_the_page_and_the_api_tell_the_same(client: TestClient) -> None:
    document, page = got(client, "/overview?days=7"), client.get("/?days=7").text
    assert document["projection"]["method"] in page
    assert f"${document['spent']['cost']:.2f}" in page
    assert document["dailyCosts"] == got(client, "/daily-costs?days=7")


@pytest.mark.parametrize(
    "path",
    ["/stats?days=0", "/daily-costs?days=366", "/daily-tokens?days=x", "/top-sessions?limit=0", "/overview?days=91"],
)
def test_what_is_out_of_bounds_is_a_mistake_of_who_asks(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 400
    assert answer.json().keys() >= {"error", "code"}
