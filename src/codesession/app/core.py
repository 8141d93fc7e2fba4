"""What does every command need? The settings, the ledger, a clock, and a way to tell a person something."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.gate import expire
from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.config import Config
    from codesession.model.ports import Ledger


@dataclass(frozen=True, slots=True)
class App:
    """The program over one ledger."""

    config: Config
    ledger: Ledger
    now_ms: Callable[[], int]
    """the time, in milliseconds since the epoch"""
    say: Callable[[str], None]
    """tells a person something in passing"""


@contextmanager
def open_app(config: Config, say: Callable[[str], None]) -> Iterator[App]:
    """The program, with what dead processes left in flight already billed as lost.

    Raises:
        DatabaseError: the ledger cannot be used.
    """
    ledger = SqliteLedger(config.database, durable=config.durable)
    try:
        app = App(config, ledger, lambda: time.time_ns() // 1_000_000, say)
        expire(ledger, app.now_ms())
        yield app
    finally:
        ledger.close()
