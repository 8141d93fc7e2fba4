"""What does every command need? The settings, the ledger, a clock, and a way to tell a person something."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.errors import DatabaseError
from codesession.gate import expire
from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codesession.config import Config
    from codesession.model import Takeover
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
    warn: Callable[[str], None] | None = None
    """tells what must not be missed, also where `say` is silent because a program reads the answer"""

    def problem(self, sentence: str) -> None:
        """Tell what could not be read or used, though the command goes on."""
        (self.warn or self.say)(sentence)


@contextmanager
def open_app(config: Config, say: Callable[[str], None], warn: Callable[[str], None] | None = None) -> Iterator[App]:
    """The program, with what dead processes left in flight already billed as lost.

    `warn` tells, once, that a database of an earlier tool was taken over, also where `say` is silent.

    Raises:
        DatabaseError: the ledger cannot be used.
    """
    ledger = SqliteLedger(config.database, durable=config.durable, elsewhere=config.earlier)
    try:
        if ledger.was_taken_over:
            with ledger.reading() as reader:
                (warn or say)(_taken_over(reader.takeovers()))
        app = App(config, ledger, lambda: time.time_ns() // 1_000_000, say, warn)
        # Where that cannot be written now, the next command that can write will do it: a look needs no writing.
        with suppress(DatabaseError):
            expire(ledger, app.now_ms())
        yield app
    finally:
        ledger.close()


def _taken_over(takeovers: Sequence[Takeover]) -> str:
    """What was taken over from where, and where the originals are."""
    told = "; ".join(
        f"{_counted(taken.sessions, 'session')} and {_counted(taken.calls, 'call')} from {taken.source}; the original "
        + ("stays where it is" if taken.kept == taken.source else f"is kept as {taken.kept}")
        for taken in takeovers
    )
    odd = sum(len(taken.problems) for taken in takeovers)
    if odd == 1:
        return f"cs: took over {told}. 1 value could not be kept as it was: cs doctor lists it."
    if odd:
        return f"cs: took over {told}. {odd:,} values could not be kept as they were: cs doctor lists them."
    return f"cs: took over {told}."


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
