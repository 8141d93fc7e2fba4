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
