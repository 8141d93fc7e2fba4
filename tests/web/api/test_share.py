"""Does a share card answer as it is described?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from tests.report.spending import DOLLAR, begin, call

from codesession.web.api.share import CardAnswer

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


def test_a_card_answers_as_it_is_described(app: App, client: TestClient) -> None:
    session = begin(app.ledger, "work", "2026-11-05T12:00+00:00")
    call(app.ledger, "2026-11-05T12:00+00:00", 2 * DOLLAR, session)
    document: dict[str, Any] = client.get("/share", params={"month": "2026-11"}).json()
    assert (document["title"], document["cost"], document["busiestDay"]) == ("November 2026", 2.0, "2026-11-05")
    described = TypeAdapter(CardAnswer).json_schema(by_alias=True)
    assert described["properties"].keys() == document.keys()


def test_a_month_that_is_none_is_refused(client: TestClient) -> None:
    answer = client.get("/share", params={"month": "2026-13"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
