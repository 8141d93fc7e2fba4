from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from codesession.model import Attempt, Cost, Evidence, Outcome, Scope, Usage

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.app.place import Place

    from codesession.app import App


@pytest.fixture(autouse=True)
def _filled(app: App, place: Place) -> None:
    """Three calls of one session, the last without a price, and one in flight of none."""
    owner = app.ledger.claim(0)
    with app.ledger.writing() as tx:
        session = tx.begin_session(Scope("/code"), "work", place.now_ms - 5000).id

        def made(model: str, agent: str, cost: int | None, at: int, evidence: Evidence = Evidence.MEASURED) -> None:
            attempt = Attempt(
                session,
                "p",
                model,
                "e",
                streamed=False,
                request_bytes=0,
                agent=agent,
                customer="acme" if at == 1 else None,
            )
            seen = Outcome(Usage(input=5, cache_read=2), evidence, request_id=f"req_{at}", response_id=f"msg_{at}")
            tx.record(attempt, seen, None if cost is None else Cost(cost, "t"), place.now_ms - 10 + at, place.now_ms)

        made("small", "codex", 7_000_000_000, 1)
        made("large", "codex", 9_000_000_000, 2, Evidence.IMPORTED)
        made("free", "aider", None, 3)
        tx.hold(Attempt(None, "q", "large", "e", streamed=False, request_bytes=0), 5, owner, place.now_ms - 1)


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("", ["large", "free", "large", "small"]),
        ("?limit=1&offset=1", ["free"]),
        ("?session=1", ["free", "large", "small"]),
        ("?provider=q", ["large"]),
        ("?model=large&session=1", ["large"]),
        ("?agent=codex", ["large", "small"]),
        ("?customer=acme", ["small"]),
        ("?evidence=imported", ["large"]),
        ("?state=held", ["large"]),
        ("?unpriced=true", ["free"]),
        ("?search=req_1", ["small"]),
        ("?days=1&sort=cost&limit=2", ["large", "small"]),
        ("?sort=started&dir=asc", ["small", "large", "free", "large"]),
    ],
)
def test_calls_are_listed_as_asked_for(client: TestClient, query: str, models: list[str]) -> None:
    answer = client.get(f"/calls{query}").json()
    assert [call["model"] for call in answer["calls"]] == models
    assert answer["totalExact"] is True


@pytest.mark.parametrize("query", ["limit=0", "evidence=guessed", "state=gone", "model=", "session=0", "sort=size"])
def test_what_cannot_be_used_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/calls?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_one_call_comes_with_all_that_is_known(client: TestClient) -> None:
    answer = client.get("/calls/1").json()
    assert (answer["model"], answer["cost"], answer["usage"]) == ("small", 7.0, {"input": 5, "cacheRead": 2})
    assert (answer["requestId"], answer["responseId"], answer["retry"]) == ("req_1", "msg_1", 0)


def test_a_call_that_is_not_there_is_not_found(client: TestClient) -> None:
    answer = client.get("/calls/99")
    assert (answer.status_code, answer.json()) == (
        404,
        {"id": 99, "error": "No call has the id 99.", "code": "call_not_found"},
    )


def test_an_export_is_a_file_of_what_is_asked_for(client: TestClient) -> None:
    answer = client.get("/calls/export?agent=codex")
    assert answer.headers["content-disposition"] == 'attachment; filename="codesession-calls-2026-03-02.json"'
    assert [call["model"] for call in json.loads(answer.content)] == ["large", "small"]
    rows = list(csv.DictReader(client.get("/calls/export?format=csv&limit=2").text.splitlines()))
    assert [(row["model"], row["cost"], row["input"]) for row in rows] == [("large", "", ""), ("free", "", "5")]
