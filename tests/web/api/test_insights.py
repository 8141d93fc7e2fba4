"""Does the API answer where the work goes, with the keys that were promised?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import ChangeType, FileChange
from codesession.web.api import build_api

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

PROMISED = {
    "/file-hotspots": {"filePath", "changeCount", "sessionCount", "lastChanged", "creates", "modifies", "deletes"},
    "/activity-heatmap": {"dayOfWeek", "hour", "sessions", "cost"},
    "/projects": {
        "project",
        "sessions",
        "totalCost",
        "totalTime",
        "totalFiles",
        "totalCommits",
        "totalTokens",
        "lastActive",
    },
    "/agents": {"agent", "calls", "totalTokens", "totalCost"},
}


@pytest.fixture
def app(place: Place) -> App:
    place.now_ms = ms(NOW)
    place.monkeypatch.setenv("TZ", "UTC")
    return place.app()


@pytest.fixture
def client(app: App) -> TestClient:
    for name, nanos in (("shop", 3 * DOLLAR), ("site", DOLLAR)):
        session = begin(app.ledger, name, "2026-11-23T09:30+00:00")
        call(app.ledger, "2026-11-23T09:31+00:00", nanos, session)
        changed = [
            FileChange(path, ChangeType.MODIFIED, ms("2026-11-23T09:32+00:00")) for path in ("a.py", f"{name}.py")
        ]
        end(app.ledger, session, "2026-11-23T10:30+00:00", files=changed, commits=[])
    return TestClient(build_api(app))


@pytest.mark.parametrize("address", PROMISED)
def test_every_key_that_was_promised_is_there(client: TestClient, address: str) -> None:
    told = client.get(address).json()
    assert told
    assert all(PROMISED[address] <= set(one) for one in told)


def test_monday_morning_is_hour_9_of_day_1(client: TestClient) -> None:
    told = client.get("/activity-heatmap").json()
    assert told == [{"dayOfWeek": 1, "hour": 9, "sessions": 2, "calls": 2, "cost": 4.0, "unpricedCalls": 0}]
    assert client.get("/activity-heatmap", params={"days": "1"}).json() == []


def test_no_more_is_told_than_is_asked_for(client: TestClient) -> None:
    assert len(client.get("/file-hotspots").json()) == 4
    assert len(client.get("/file-hotspots", params={"limit": 1}).json()) == 1
    (project,) = client.get("/projects", params={"limit": 1}).json()
    assert (project["totalCost"], project["totalFiles"]) == (3.0, 2)


@pytest.mark.parametrize("address", ["/file-hotspots?limit=x", "/activity-heatmap?days=0", "/agents?days=-1"])
def test_what_cannot_be_asked_is_said(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert {"error", "code"} <= set(answer.json())


def test_agents_are_told_of_the_days_that_are_asked_for(client: TestClient) -> None:
    assert client.get("/agents").json()[0]["totalCost"] == 4.0
    assert client.get("/agents", params={"days": "1"}).json() == []
