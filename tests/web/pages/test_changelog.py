"""Is the changelog shown as a page?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import NOW, ms

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


def test_the_changelog_is_shown_with_its_headings(client: TestClient) -> None:
    shown = words(client, "/changelog")
    assert "<h3>0.1.0, the first version</h3>" in shown
    assert shown.count("<h1>") == 1
