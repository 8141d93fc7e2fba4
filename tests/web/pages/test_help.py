"""Does the page that helps say what the numbers mean, and where this user's files are?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.report.spending import NOW, ms

from codesession.report.evidence import GOT
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


def test_help_names_every_way_a_number_is_got_and_where_files_are(app: App, client: TestClient) -> None:
    shown = words(client, "/help")
    for word in GOT.values():
        assert f"<dt>{word}</dt>" in shown
    assert f"<code>{app.config.database}</code>" in shown


def test_somebody_who_has_just_begun_is_shown_three_ways_to_a_first_run(client: TestClient) -> None:
    shown = words(client, "/")
    for command in ("cs run -- claude", "cs run -- codex", "/sessions/active/ai"):
        assert command in shown
