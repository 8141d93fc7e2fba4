"""A dashboard on a ledger with next to nothing in it, in which tests let things happen: it is there in a moment."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.browser.conftest import serving

from codesession.ledger import SqliteLedger
from codesession.model import Event, EventKind, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.conftest import Dashboard


@dataclass(frozen=True)
class Small:
    """A dashboard on a ledger with next to nothing in it."""

    board: Dashboard
    database: Path

    def begin(self, name: str) -> None:
        """A session begins, in another process."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            tx.begin_session(Scope(f"/work/{name}"), name, time.time_ns() // 1_000_000)

    def happen(self, message: str, kind: EventKind = EventKind.REFUSED) -> None:
        """The firewall does something, in another process."""
        with closing(SqliteLedger(self.database)) as ledger, ledger.writing() as tx:
            tx.add_event(Event(kind, time.time_ns() // 1_000_000, "budget", message=message))


@pytest.fixture
def small(homes: Callable[[], Path], port: int) -> Iterator[Small]:
    home = homes()
    with serving(home, port=port) as board:
        found = Small(board, home / ".codesession" / "sessions.db")
        found.begin("Something old")
        yield found
