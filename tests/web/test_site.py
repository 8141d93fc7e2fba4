from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.testclient import TestClient

from codesession.errors import SessionNotFound
from codesession.model import Scope
from codesession.web import api, site
from codesession.web.api import build_api
from codesession.web.pages import PAGES, Asked, Page
from codesession.web.site import build_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from tests.app.place import Place

    from codesession.app import App

EXAMPLES = {"/sessions/{session_id:row}": "/sessions/1"}


@pytest.fixture
def client(place: Place) -> TestClient:
    app = place.app()
    with app.ledger.writing() as tx:
        tx.begin_session(scope_of(place), "Work", place.now_ms - 60_000)
    return TestClient(build_site(app), raise_server_exceptions=False)


def scope_of(place: Place) -> Scope:
    return Scope(str(place.repo), str(place.repo), None, "main")


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_page_is_drawn(client: TestClient, page: Page) -> None:
    answer = client.get(EXAMPLES.get(page.path, page.path))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'data-page="{page.name}"' in answer.text
    assert answer.text.count("<h1>") == 1


def test_an_address_where_nothing_is_has_a_page_that_says_so(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


def test_a_page_of_what_is_not_there_says_why(client: TestClient) -> None:
    answer = client.get("/sessions/99")
    assert (answer.status_code, "No session has the id 99." in answer.text) == (404, True)


@pytest.mark.parametrize("row", ["9" * 18, "9" * 19, "9223372036854775808", "9" * 5000, "-1", "1.0", "%D9%A1"])
def test_what_no_row_can_have_as_its_id_is_not_there(client: TestClient, row: str) -> None:
    answer = client.get(f"/sessions/{row}")
    assert (answer.status_code, "<h1>" in answer.text) == (404, True)


def test_pages_are_only_read(client: TestClient) -> None:
    assert client.post("/").status_code == 405


def test_a_mistake_of_ours_is_a_page_without_its_details(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(page: Page) -> object:
        del page
        raise RuntimeError("a secret")

    monkeypatch.setattr(site, "view_of", broken)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "RuntimeError" in answer.text
    assert "a secret" not in answer.text


def test_an_error_of_a_view_has_its_own_status(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(asked: Asked) -> object:
        del asked
        raise SessionNotFound("No.", id=1)

    monkeypatch.setattr(site, "view_of", dict.fromkeys(PAGES, refusing).__getitem__)
    assert client.get("/").status_code == 404


@pytest.mark.parametrize("path", ["/static/app.css", "/static/theme.js", "/static/icon.svg"])
def test_static_files_are_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static/", "/static/vendor"])
def test_nothing_else_is(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_whoever_comes_first_at_once_with_others_asks_the_same_api(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(app: App, proxy_port: int | None) -> ASGIApp:
        built.append(proxy_port)
        return build_api(app, proxy_port)

    monkeypatch.setattr(api, "build_api", build)

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(build_site(place.app(), proxy_port=4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = (client.get(path) for path in ("/api/v1/version", "/api/version", "/api/v1/version"))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [200, 200, 200]
    assert built == [4711]
