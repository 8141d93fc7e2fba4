"""Is the card of the month shown that is asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.report.spending import call
from tests.web.pages.drawn import words

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App


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
