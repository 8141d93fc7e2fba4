"""Does the HTTP API keep the published contract: every path, every parameter, and every key of every answer?

What the contract names and is left out here needs an account or sends something away: /license, /pro, /team, /lead and
/feedback. /audit comes with the audit trail.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from starlette.testclient import TestClient
from tests.app.place import compiled_prices, place, priced
from tests.browser.filled import fill

from codesession.app import open_app
from codesession.config import read_config
from codesession.web.site import build_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.app.place import Place

__all__ = ["compiled_prices", "place", "priced"]

BASES = ("/api/v1", "/api")


class Row(NamedTuple):
    """What a GET answers: with which keys, in the document or in each row of it."""

    path: str
    keys: str
    inside: str = ""
    """the key of the document that holds the rows; ``[]``: the document is a list"""
    kind: str = "application/json"


SESSION = (
    "id name status startTime endTime duration workingDirectory gitRoot filesChanged commits aiTokens aiCost notes"
)
CALL = "id sessionId provider model tokens promptTokens completionTokens cost timestamp"

ROWS = (
    Row("/stats", "totalSessions totalTime totalFiles totalCommits totalAICost avgSessionTime activeSessions"),
    Row("/stats?days=7", "totalSessions totalTime totalFiles totalCommits totalAICost avgSessionTime activeSessions"),
    Row("/sessions", "sessions total"),
    Row("/sessions?limit=5&offset=5&status=completed&search=the", SESSION, "sessions"),
    Row("/sessions?status=active", SESSION, "sessions"),
    Row("/sessions/{ended}", "session aiUsage files commits notes"),
    Row("/sessions/{ended}", SESSION, "session"),
    Row("/sessions/{ended}", CALL, "aiUsage"),
    Row("/sessions/{ended}", "id sessionId filePath changeType timestamp", "files"),
    Row("/sessions/{ended}", "id sessionId hash message timestamp", "commits"),
    Row("/sessions/{ended}/diff", "", kind="text/plain"),
    Row("/sessions/{ended}/commits/{hash}/diff", "", kind="text/plain"),
    Row("/sessions/{ended}/diff-stats", "filePath additions deletions", "[]"),
    Row("/daily-costs?days=30", "day cost sessions tokens", "[]"),
    Row("/daily-tokens?days=30", "day promptTokens completionTokens totalTokens", "[]"),
    Row("/model-breakdown", "provider model calls totalTokens promptTokens completionTokens totalCost", "[]"),
    Row("/model-breakdown?days=7", "provider model calls totalTokens promptTokens completionTokens totalCost", "[]"),
    Row("/provider-breakdown", "provider calls totalTokens promptTokens completionTokens totalCost models", "[]"),
    Row("/top-sessions?limit=10&days=30", SESSION, "[]"),
    Row("/file-hotspots?limit=50", "filePath changeCount sessionCount lastChanged creates modifies deletes", "[]"),
    Row("/activity-heatmap", "dayOfWeek hour sessions cost", "[]"),
    Row("/cost-velocity?limit=50&days=30", "id name startTime duration aiCost costPerHour", "[]"),
    Row(
        "/projects", "project sessions totalCost totalTime totalFiles totalCommits totalTokens lastActive", "[]"
    ),
    Row("/token-ratios", "provider model promptTokens completionTokens ratio calls", "[]"),
    Row("/pricing", "input output", "{}"),
    Row("/export?format=json&limit=3", SESSION + " startGitHead aiUsage files annotations", "[]"),
    Row("/export?format=csv", "", kind="text/csv"),
    Row("/version", "version apiVersion"),
    Row("/changelog", "", kind="text/plain"),
    Row("/local-models", "", "[]"),
    Row("/proxy/status", "running"),
    Row("/proxy/stats", "entries hits savedCost storedCost"),
)  # fmt: skip

WRITES = (
    ("post", "/pricing"), ("delete", "/pricing/{model}"), ("post", "/reset"), ("post", "/local-models"),
    ("delete", "/local-models/{provider}/{model}"), ("post", "/console/start"), ("post", "/console/log-ai"),
    ("post", "/console/end"), ("post", "/proxy/start"), ("post", "/proxy/stop"),
    ("post", "/calls"), ("post", "/sessions/active/ai"),
)  # fmt: skip


class Served(NamedTuple):
    client: TestClient
    names: dict[str, object]
    """what stands for a name in a path"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, compiled_prices: Path) -> Iterator[Served]:
    """Two months of work, as the site answers about them."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        home: Path = tmp_path_factory.mktemp("home")
        shutil.copytree(compiled_prices, home / ".codesession" / "prices")
        for name in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(name, str(home))
        for name in ("CODESESSION_DB_PATH", "COSTHQ_DATA_DIR"):
            monkeypatch.delenv(name, raising=False)
        filled = fill(home, tmp_path_factory.mktemp("work"), time.time_ns() // 1_000_000)
        with open_app(read_config(), print) as app, TestClient(build_site(app)) as client:
            with app.ledger.reading() as reader:
                ended, commit = next(
                    (session_id, commits[0].hash)
                    for session_id in reversed(filled.sessions[:-3])
                    if (commits := reader.commits(session_id)) and reader.annotations(session_id)
                )
            yield Served(client, {"ended": ended, "hash": commit})
        filled.close()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path} {row.inside}".strip())
def test_every_answer_has_the_keys_that_were_promised(served: Served, base: str, row: Row) -> None:
    answer = served.client.get(base + row.path.format(**served.names))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == row.kind
    assert answer.headers["x-codesession-api-version"] == "1"
    if row.kind != "application/json":
        assert answer.text
        return
    rows = _rows(answer.json(), row.inside)
    assert rows or not row.keys, "nothing in it shows the keys"
    assert [set(row.keys.split()) - each.keys() for each in rows] == [set()] * len(rows)


def _rows(document: Any, inside: str) -> list[Any]:
    """The rows of a document; a row that only some have all keys of, such as a call's, is looked for among them."""
    if not inside:
        return [document]
    if inside in ("[]", "{}"):
        return list(document) if inside == "[]" else list(document.values())
    found = document[inside]
    return found if isinstance(found, list) else [found]


def test_every_write_that_was_promised_is_there(served: Served) -> None:
    paths = served.client.get("/api/v1/openapi.json").json()["paths"]
    plain = {(method, _without_names(path)) for path, methods in paths.items() for method in methods}
    assert [f"{method} {path}" for method, path in WRITES if (method, _without_names(path)) not in plain] == []


def _without_names(path: str) -> str:
    """A path with one name for all that it takes."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


REFUSED = (
    ("/sessions/0", 400), ("/sessions/x", 400), ("/sessions/999999", 404), ("/sessions?limit=1001", 400),
    ("/sessions?status=open", 400), ("/daily-costs?days=366", 400), ("/daily-costs?days=0", 400),
    ("/sessions/{ended}/commits/xyz/diff", 400), ("/sessions/999999/diff", 404), ("/export?format=xml", 400),
    ("/nowhere", 404),
)  # fmt: skip


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_a_mistake_is_an_error_with_its_status(served: Served, base: str, path: str, status: int) -> None:
    answer = served.client.get(base + path.format(**served.names))
    assert answer.status_code == status
    assert {"error", "code"} <= answer.json().keys()
    assert isinstance(answer.json()["error"], str)


# --- writes ---


@pytest.fixture
def own(place: Place) -> Iterator[TestClient]:
    """A user of the test's own, who has done nothing yet."""
    with TestClient(build_site(place.app())) as client:
        yield client


@pytest.mark.usefixtures("priced")
def test_a_price_is_set_and_removed(own: TestClient) -> None:
    answer = own.post("/api/v1/pricing", json={"model": "my-model", "input": 1.5, "output": 6})
    assert (
        answer.json().items() >= {"ok": True, "success": True, "model": "my-model", "input": 1.5, "output": 6}.items()
    )
    assert own.get("/api/pricing").json()["my-model"].items() >= {"input": 1.5, "output": 6}.items()
    assert own.delete("/api/pricing/my-model").status_code == 200
    assert "my-model" not in own.get("/api/pricing").json()


def test_a_local_model_is_added_and_removed(own: TestClient) -> None:
    row = {
        "provider": "ollama",
        "model": "llama3",
        "costPerHour": 0.4,
        "gpuName": "RTX 4090",
        "notes": "under the desk",
    }
    assert own.post("/api/local-models", json=row).status_code < 300
    (found,) = own.get("/api/local-models").json()
    assert found.items() >= row.items()
    assert own.delete("/api/local-models/ollama/llama3").json()["removed"]
    assert own.get("/api/local-models").json() == []


@pytest.mark.usefixtures("priced")
def test_a_session_is_begun_logged_to_and_ended(own: TestClient, place: Place) -> None:
    begun = own.post("/api/console/start", json={"name": "From the console", "directory": str(place.repo)}).json()
    assert (begun["success"], begun["sessionId"]) == (True, 1)
    call = {"provider": "anthropic", "model": "claude-sonnet-4", "promptTokens": 8000, "completionTokens": 2000}
    assert own.post("/api/console/log-ai", json=call | {"agent": "me"}).json()["success"] is True
    assert own.get("/api/sessions/1").json()["session"]["aiCost"] == 0.054
    assert own.post("/api/console/end", json={"sessionId": 1}).json()["success"] is True
    assert own.get("/api/sessions?status=completed").json()["total"] == 1


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        pytest.param("/api/reset?confirm=true", {}, id="confirm=true"),
        pytest.param("/api/reset", {"x-confirm-reset": "yes"}, id="header"),
    ],
)
def test_everything_is_deleted_when_that_is_confirmed(
    own: TestClient, place: Place, address: str, headers: dict[str, str]
) -> None:
    own.post("/api/console/start", json={"name": "From the console", "directory": str(place.repo)})
    assert own.post("/api/reset").status_code == 400
    assert own.get("/api/sessions").json()["total"] == 1
    assert own.post(address, headers=headers).status_code == 200
    assert own.get("/api/sessions").json()["total"] == 0
