"""The price list, compiled once for all tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.meter import Catalogue, compile_shards

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shards of the installed genai-prices."""
    destination = tmp_path_factory.mktemp("prices") / "shards"
    compile_shards(destination)
    return destination


@pytest.fixture(scope="session")
def catalogue(shards: Path) -> Catalogue:
    """The catalogue over those shards."""
    return Catalogue(shards)
