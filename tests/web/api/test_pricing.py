"""Can a program look up prices, set its user's own and hourly rates, and give past calls their cost?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from tests.app.model_server import OLLAMA, ModelServer
from tests.report.spending import DOLLAR, call

from codesession.model import Usage
from codesession.web.api import build_api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.place import Place

    from codesession.app import App

TODAY = "2026-03-02T09:00+00:00"

pytestmark = pytest.mark.usefixtures("priced")


@pytest.fixture
def file(place: Place) -> Path:
    return place.home / ".codesession" / "pricing.json"


def failed(answer: Any) -> tuple[int, str]:
    assert {"error", "code"} <= set(answer.json())
    return answer.status_code, answer.json()["code"]


# --- prices ---


def test_every_price_is_found_by_provider_and_model_and_at_its_maker_by_name(client: TestClient) -> None:
    told = client.get("/pricing").json()
    assert told["anthropic/claude-sonnet-4-5"] == told["claude-sonnet-4-5"] == {"input": 3.0, "output": 15.0}
    assert len(told) > 1000


def test_a_price_is_set_and_removed_as_the_contract_says(client: TestClient, file: Path) -> None:
    answer = client.post("/pricing", json={"model": "mine", "input": 0.0375, "output": 2})
    assert answer.json() == {
        "ok": True,
        "success": True,
        "model": "mine",
        "key": "mine",
        "input": 0.0375,
        "output": 2.0,
    }
    assert client.get("/pricing").json()["mine"] == {"input": 0.0375, "output": 2.0}
    assert json.loads(file.read_text())["mine"] == {"input": 0.0375, "output": 2}
    removed = client.delete("/pricing/mine")
    assert removed.json() == {"ok": True, "success": True, "model": "mine", "removed": 1}
    assert "mine" not in client.get("/pricing").json()
    assert failed(client.delete("/pricing/mine")) == (404, "unknown_model")


def test_a_model_may_have_slashes(client: TestClient) -> None:
    asked = {"model": "deepseek/deepseek-chat", "provider": "openrouter", "input": 1, "output": 2}
    key = client.post("/pricing", json=asked).json()["key"]
    assert key == "openrouter/deepseek/deepseek-chat"
    assert client.delete(f"/pricing/{key}").json()["removed"] == 1


def test_further_classes_have_a_price_of_their_own(client: TestClient) -> None:
    asked = {"model": "mine", "provider": "acme", "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
    client.post("/pricing", json=asked)
    (row,) = client.get("/prices", params={"search": "acme/mine"}).json()["prices"]
    assert (row["source"], row["own"], row["key"]) == ("custom", True, "acme/mine")
    assert (row["classes"]["cacheRead"], row["classes"]["cacheWrite"]) == (0.3, 3.75)


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": -1},
        {"input": "three"},
        {"input": 1e9},
        {"model": ""},
        {"model": "  "},
        {"provider": "a/b"},
        {"cost": 1},
    ],
    ids=json.dumps,
)
def test_a_price_that_is_none_is_refused_and_nothing_is_written(
    client: TestClient, file: Path, wrong: dict[str, Any]
) -> None:
    answer = client.post("/pricing", json={"model": "mine", "input": 1, "output": 2, **wrong})
    assert answer.status_code == 400
    assert {"error", "code"} <= set(answer.json())
    assert not file.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_no_price_is_endless(client: TestClient, file: Path, number: str) -> None:
    body = f'{{"model": "mine", "input": {number}, "output": 2}}'
    assert client.post("/pricing", content=body, headers={"content-type": "application/json"}).status_code == 400
    assert not file.exists()


def test_a_broken_file_of_the_users_is_said_and_kept(client: TestClient, file: Path) -> None:
    file.write_text('{"mine": {"input": 1, ')
    answer = client.post("/pricing", json={"model": "other", "input": 1, "output": 2})
    assert answer.status_code == 400
    assert "pricing.json" in answer.json()["error"]
    assert file.read_text() == '{"mine": {"input": 1, '
    told = client.get("/prices", params={"limit": 1}).json()
    assert any("pricing.json" in problem for problem in told["problems"])
    assert told["total"] > 1000


def test_a_broken_file_of_rates_is_said_and_kept(client: TestClient, place: Place) -> None:
    rates = place.home / ".codesession" / "local-models.json"
    rates.write_text("[{")
    answer = client.post("/local-models", json={"provider": "ollama", "model": "llama3", "costPerHour": 0.07})
    assert answer.status_code == 400
    assert "local-models.json" in answer.json()["error"]
    assert rates.read_text() == "[{"


def test_a_second_writer_loses_nothing_of_the_first(client: TestClient, file: Path) -> None:
    client.post("/pricing", json={"model": "one", "input": 1, "output": 2})
    rows = json.loads(file.read_text())
    file.write_text(json.dumps({**rows, "by-hand": {"input": 5, "output": 6, "note": "kept"}}))
    client.post("/pricing", json={"model": "two", "input": 3, "output": 4})
    kept = json.loads(file.read_text())
    assert (kept["one"], kept["two"]) == ({"input": 1, "output": 2}, {"input": 3, "output": 4})
    assert kept["by-hand"] == {"input": 5, "output": 6, "note": "kept"}


def test_prices_come_in_pages_the_users_own_first(client: TestClient) -> None:
    client.post("/pricing", json={"model": "zz", "input": 1, "output": 2})
    first = client.get("/prices", params={"limit": 3}).json()
    second = client.get("/prices", params={"limit": 3, "offset": 3}).json()
    keys = [row["key"] for page in (first, second) for row in page["prices"]]
    assert (len(set(keys)), keys[0]) == (6, "zz")
    assert first["total"] == second["total"] > 1000
    none = client.get("/prices", params={"search": "no such model anywhere"}).json()
    assert (none["prices"], none["total"]) == ([], 0)


# --- past calls ---


def test_unpriced_calls_get_a_cost_once_their_model_has_a_price(client: TestClient, app: App) -> None:
    call(app.ledger, TODAY, None, provider="acme", model="odd", usage=Usage(input=1_000_000, output=100_000))
    call(app.ledger, TODAY, DOLLAR, provider="acme", model="known")
    assert client.get("/prices", params={"limit": 1}).json()["unpriced"] == [
        {"provider": "acme", "model": "odd", "calls": 1}
    ]
    assert client.post("/pricing/reprice", json={}).json()["left"] == 1
    client.post("/pricing", json={"model": "odd", "provider": "acme", "input": 3, "output": 15})

    looked = client.post("/pricing/reprice", json={"dryRun": True}).json()
    (odd,) = looked["models"]
    assert (looked["written"], looked["left"]) == (False, 0)
    assert (odd["model"], odd["calls"], odd["before"], odd["after"]) == ("odd", 1, 0.0, 4.5)
    assert client.get("/prices", params={"limit": 1}).json()["unpriced"] != []  # it has only looked

    done = client.post("/pricing/reprice", json={"dryRun": False}).json()
    assert (done["written"], done["models"]) == (True, looked["models"])
    assert client.get("/prices", params={"limit": 1}).json()["unpriced"] == []
    assert client.post("/pricing/reprice", json={"dryRun": False}).json()["models"] == []
    with app.ledger.reading() as reader:
        assert sum(spent.cost_nanos for spent in reader.spent().values()) == 5_500_000_000


# --- the user's own hardware ---


def test_a_rate_is_set_listed_changed_and_removed(client: TestClient) -> None:
    asked = {
        "provider": "ollama",
        "model": "llama3",
        "costPerHour": 0.35,
        "gpuName": "RTX 4090",
        "notes": "in the attic",
    }
    told = client.post("/local-models", json=asked).json()
    assert {name: told[name] for name in asked} == asked
    assert (told["estimated"], told["replaced"]) == (False, None)
    changed = client.post("/local-models", json={**asked, "costPerHour": 0.5}).json()
    assert (changed["costPerHour"], changed["replaced"]["costPerHour"]) == (0.5, 0.35)
    (only,) = client.get("/local-models").json()
    assert (only["model"], only["costPerHour"]) == ("llama3", 0.5)
    removed = client.delete("/local-models/ollama/llama3").json()
    assert removed == {"removed": True, "provider": "ollama", "model": "llama3"}
    assert client.get("/local-models").json() == []
    assert failed(client.delete("/local-models/ollama/llama3")) == (404, "unknown_model")


def test_a_preset_is_a_rate_and_a_model_may_have_slashes(client: TestClient) -> None:
    told = client.post("/local-models", json={"provider": "vllm", "model": "org/big", "preset": "local-gpu"}).json()
    assert (told["preset"], told["estimated"]) == ("local-gpu", False)
    assert client.delete("/local-models/vllm/org/big").json()["model"] == "org/big"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"preset": "toaster"},
        {"costPerHour": -1},
        {"costPerHour": 1, "preset": "local-gpu"},
        {"costPerHour": "much"},
    ],
    ids=json.dumps,
)
def test_a_rate_that_is_none_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = client.post("/local-models", json={"provider": "ollama", "model": "llama3", **wrong})
    assert answer.status_code == 400
    assert {"error", "code"} <= set(answer.json())
    assert client.get("/local-models").json() == []


def test_hardware_tells_how_long_it_worked_and_an_unknown_cost_is_not_0(client: TestClient) -> None:
    assert client.get("/hardware").json() == []


def test_models_of_this_machine_are_found_and_get_a_rate_only_when_that_is_asked(place: Place) -> None:
    with ModelServer(OLLAMA) as server:
        place.monkeypatch.setenv("OLLAMA_HOST", server.address)
        client = TestClient(build_api(place.app()))
        looked = client.post("/local-models/detect", json={}).json()
        assert client.get("/local-models").json() == []
        added = client.post("/local-models/detect", json={"preset": "local-gpu"}).json()
    ollama = next(server for server in looked["servers"] if server["provider"] == "ollama")
    assert [model["model"] for model in ollama["models"]] == ["llama3.2:latest", "qwen3:8b", "big:cloud"]
    assert looked["added"] == []
    assert [rate["model"] for rate in added["added"]] == ["llama3.2:latest", "qwen3:8b"]
    assert {rate["model"] for rate in client.get("/local-models").json()} == {"llama3.2:latest", "qwen3:8b"}
    assert failed(client.post("/local-models/detect", json={"preset": "toaster"})) == (400, "invalid_input")
