"""A ledger with sessions of every kind, and the views of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        yield ledger
