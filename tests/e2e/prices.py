"""Where are the published prices, compiled? It takes a second, so it is done once for all who run these tests."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from codesession.meter import ensure_shards

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def prices_for(home: Path, factory: pytest.TempPathFactory) -> None:
    """Make a user's `home` with the prices in it, as if something had been run there before.

    pytest-xdist's workers have a directory in common, above their own. Two that come at once both compile, and one's
    work is kept: that is what happens to users too.
    """
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    shards = ensure_shards(place / "codesession")
    data_dir = home / ".codesession"
    home.mkdir()
    data_dir.mkdir(mode=0o700)
    shutil.copytree(shards, data_dir / "prices" / shards.name, copy_function=os.link)  # they are never written again
