"""Is the card of the month shown that is asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import NOW, call, ms

from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App


@pytest.fixture
def app(place: Place) -> App:
    place.now_ms = ms(NOW)
    return place.app()


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(build_site(app))


def words(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text.partition("<main")[2].partition("</main>")[0]


def test_a_card_is_of_this_month_or_of_the_one_that_is_asked_for(app: App, client: TestClient) -> None:
    call(app.ledger, "2026-10-05T12:00+00:00", None)
    assert '<option value="2026-11" selected>November 2026</option>' in words(client, "/share")
    october = words(client, "/share?month=2026-10")
    assert '<option value="2026-10" selected>October 2026</option>' in october
    assert "1 unpriced call is</strong>" in " ".join(october.split())
    assert '<option value="2020-01" selected>' in words(client, "/share?month=2020-01")


def test_a_month_that_is_none_has_a_page_that_says_so(client: TestClient) -> None:
    answer = client.get("/share?month=nonsense")
    assert (answer.status_code, "is no month that can be told of" in answer.text) == (400, True)
