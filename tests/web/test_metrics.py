"""Can Prometheus read what we tell it, and does it say what is in the ledger?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from codesession.errors import DatabaseError
from codesession.model import (
    Attempt,
    Budget,
    Cost,
    Event,
    EventKind,
    Evidence,
    Outcome,
    Scope,
    ScopeKind,
    Usage,
    Window,
)
from codesession.web.metrics import Metrics

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App

OPEN = "application/openmetrics-text; version=1.0.0"
GPT = {"provider": "openai", "model": 'gpt "5"\n', "evidence": "measured"}


@pytest.fixture
def app(place: Place) -> App:
    app = place.app()
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/work"), "a secret name", place.now_ms)
        asked = Attempt(session.id, "openai", GPT["model"], "chat", streamed=False, request_bytes=9)
        usage = Usage(input=10, output=5, web_searches=2)
        tx.record(asked, Outcome(usage, Evidence.MEASURED), Cost(1_250_000_000, "table"), place.now_ms, place.now_ms)
        tx.record(asked, Outcome(usage, Evidence.MEASURED), None, place.now_ms, place.now_ms)
        tx.add_event(Event(EventKind.REFUSED, place.now_ms, "budget"))
        budget = tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 5_000_000_000))
        tx.open_account(_account(budget))
    return app


def _account(budget: Budget) -> Any:
    from codesession.model import Account

    return Account(budget, "", None, 0, None)


def client(app: App, unmetered: dict[str, int] | None = None) -> TestClient:
    metrics = Metrics(app, None if unmetered is None else lambda: unmetered)
    return TestClient(Starlette(routes=[Route("/metrics", metrics, methods=["GET"])]))


def read(text: str, parse: Any) -> dict[str, Any]:
    """Every sample, by its name and its labels."""
    return {
        f"{sample.name}{sorted(sample.labels.items()) if sample.labels else ''}": sample.value
        for family in parse(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("accept", "kind", "parse"),
    [("text/plain", "text/plain; version=0.0.4; charset=utf-8", plain), (OPEN, f"{OPEN}; charset=utf-8", open_metrics)],
    ids=["text", "openmetrics"],
)
def test_the_figures_are_in_the_format_that_is_asked_for(app: App, accept: str, kind: str, parse: Any) -> None:
    answer = client(app, {"groq": 7}).get("/metrics", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition("; escaping")[0]) == (200, kind)
    samples = read(answer.text, parse)

    def of(name: str, **labels: str) -> Any:
        return samples[f"{name}{sorted({**GPT, **labels}.items())}"]

    assert of("codesession_cost_usd_total") == 1.25
    assert of("codesession_calls_total") == 2
    assert of("codesession_unpriced_calls") == 1
    assert (of("codesession_tokens_total", kind="input"), of("codesession_tokens_total", kind="output")) == (20, 10)
    assert of("codesession_tool_requests_total", kind="web_searches") == 4
    assert samples["codesession_refusals_total[('rule', 'budget')]"] == 1
    assert (samples["codesession_sessions_total"], samples["codesession_active_sessions"]) == (1, 1)
    assert (samples["codesession_holds"], samples["codesession_held_usd"], samples["codesession_waiting_calls"]) == (
        0,
        0,
        0,
    )
    account = [("account", "all"), ("budget", "all"), ("mode", "warn"), ("source", "user"), ("window", "total")]
    assert samples[f"codesession_budget_limit_usd{account}"] == 5
    assert samples[f"codesession_budget_spent_usd{account}"] == 1.25
    assert samples[f"codesession_budget_held_usd{account}"] == 0
    assert samples["codesession_unmetered_requests_total[('provider', 'groq')]"] == 7
    assert samples["process_resident_memory_bytes"] > 1_000_000
    assert samples["process_start_time_seconds"] > 1_700_000_000
    assert samples["codesession_uptime_seconds"] > 0
    assert "a secret name" not in answer.text
    assert "/work" not in answer.text


def test_counters_go_on_after_a_restart(place: Place, app: App) -> None:
    names = (
        "codesession_cost_usd_total",
        "codesession_calls_total",
        "codesession_tokens_total",
        "codesession_refusals_total",
    )
    before, after = (read(client(one).get("/metrics").text, plain) for one in (app, place.app()))
    assert {key: value for key, value in before.items() if key.startswith(names)} == {
        key: value for key, value in after.items() if key.startswith(names)
    }


def test_without_a_proxy_nothing_is_said_of_one(app: App) -> None:
    assert "unmetered" not in client(app).get("/metrics").text


def test_every_metric_is_told_of_in_the_documents(app: App) -> None:
    from pathlib import Path

    told = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    for family in plain(client(app, {"groq": 1}).get("/metrics").text):
        ends = ("_spent_usd", "_held_usd") if family.name.startswith("codesession_budget") else ()
        name = next((f"…{end}" for end in ends if family.name.endswith(end)), family.name)
        assert name in told, family.name


def test_metrics_are_only_read(app: App) -> None:
    assert client(app).post("/metrics").status_code == 405
    head = client(app).head("/metrics")
    assert (head.status_code, head.content) == (200, b"")


def test_a_ledger_that_cannot_be_read_is_an_error(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise DatabaseError("It cannot be read.")

    monkeypatch.setattr(type(app.ledger), "reading", broken)
    answer = client(app).get("/metrics")
    assert (answer.status_code, answer.json()) == (503, {"error": "It cannot be read.", "code": "database_error"})
