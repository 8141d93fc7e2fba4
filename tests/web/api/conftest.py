from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from tests.browser.filled import fill

from codesession.app import open_app
from codesession.config import read_config
from codesession.web.api import build_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.app.place import Place

    from codesession.app import App


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    """Speaks to the API over this user's ledger; a mistake of ours is raised."""
    with TestClient(build_api(app)) as client:
        yield client


@contextmanager
def after_two_months(tmp_path_factory: pytest.TempPathFactory, prices: Path) -> Iterator[App]:
    """The program of a user who has done much, while the block runs; `prices` are the compiled ones."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(prices, home / ".codesession" / "prices")
    filled = fill(home, tmp_path_factory.mktemp("work"), time.time_ns() // 1_000_000)
    with open_app(read_config({"HOME": str(home), "PATH": os.environ["PATH"]}), print) as app:
        yield app
    filled.close()


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory, compiled_prices: Path) -> Iterator[App]:
    """The program of a user who has done much, for tests that only read."""
    with after_two_months(tmp_path_factory, compiled_prices) as app:
        yield app
