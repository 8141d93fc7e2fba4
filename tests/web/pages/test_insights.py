"""Does the page of insights say in words what it draws, and lead on from there?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import DOLLAR, NOW, begin, call, end, ms

from codesession.model import Attempt, ChangeType, Cost, Evidence, FileChange, Outcome, Usage
from codesession.web.drawing import money
from codesession.web.site import build_site

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app import App


@pytest.fixture
def app(place: Place) -> App:
    place.now_ms = ms(NOW)
    place.monkeypatch.setenv("TZ", "UTC")
    return place.app()


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(build_site(app))


@pytest.fixture
def filled(app: App) -> None:
    session = begin(app.ledger, "shop", "2026-11-23T09:30+00:00")
    attempt = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1, agent="codex")
    at_ms = ms("2026-11-23T09:31+00:00")
    with app.ledger.writing() as tx:
        tx.record(attempt, Outcome(Usage(input=9), Evidence.MEASURED), Cost(3 * DOLLAR, "table"), at_ms, at_ms + 1)
        tx.record(attempt, Outcome(Usage(input=9), Evidence.MEASURED), None, at_ms, at_ms + 1)
    files = [FileChange("src/<a>.py", ChangeType.CREATED, at_ms)]
    end(app.ledger, session, "2026-11-23T10:30+00:00", files=files, commits=[])
    began = begin(app.ledger, "site", "2026-11-28T14:00+00:00")
    call(app.ledger, "2026-11-28T14:01+00:00", None, began)


def page(client: TestClient, address: str = "/insights") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def text(client: TestClient, address: str = "/insights") -> str:
    """The page's words, with single spaces between them; what is not known is a question mark."""
    main = page(client, address).partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split()).replace(money(None), "?")


@pytest.mark.usefixtures("filled")
def test_each_hour_is_said_in_words(client: TestClient) -> None:
    assert 'title="Monday 09:00: $3.00, 1 session, 2 calls (1 unpriced)"' in page(client)
    assert 'title="Monday 10:00: nothing"' in page(client)
    assert len(re.findall(r'<td class="heat-\d"', page(client))) == 7 * 24


@pytest.mark.usefixtures("filled")
def test_what_is_unpriced_is_told_beside_the_cost_and_is_never_0(client: TestClient) -> None:
    shown = text(client)
    assert "codex 2 18 $3.00 + 1 unpriced" in shown
    assert "shop 1 1h 0m 1 0 18 23 Nov 2026 $3.00 + 1 unpriced" in shown
    assert "site live 1 1h 10m 0 0 110 28 Nov 2026 ? + 1 unpriced" in shown


@pytest.mark.usefixtures("filled")
def test_projects_agents_and_files_lead_on_and_names_are_escaped(client: TestClient) -> None:
    shown = page(client)
    assert re.search(r'href="/sessions\?project=(/|%2F)src(/|%2F)shop"', shown)
    assert 'href="/calls?agent=codex"' in shown
    assert "100.0% of the cost" in shown
    assert "src/&lt;a&gt;.py" in shown
    assert "<a>.py" not in shown


@pytest.mark.usefixtures("filled")
def test_the_week_can_be_shaded_by_sessions_and_told_of_fewer_days(client: TestClient) -> None:
    shown = page(client, "/insights?days=30&by=calls")
    assert re.search(r'aria-current="\w+"[^>]*>Calls<', shown)
    assert 'href="/insights?days=30"' in shown
    assert 'href="/insights?by=calls"' in shown


@pytest.mark.usefixtures("filled")
def test_how_costs_are_known_is_said(client: TestClient) -> None:
    assert "Together: $3.00 measured · 2 calls unpriced, not counted." in text(client)


def test_an_empty_ledger_says_so(client: TestClient) -> None:
    assert "Nothing to tell yet" in text(client)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("address", ["/insights?days=x&by=y", "/insights?days=all"])
def test_what_cannot_be_asked_for_is_left_out(client: TestClient, address: str) -> None:
    assert "Hours of the week" in text(client, address)
