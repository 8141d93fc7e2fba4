"""What does a server that is asked again and again know of prices? The list, read anew only when a file has changed.

Listing two thousand prices takes a second; between two changes of the user's file, of the published list, or of the
hour (some prices hold at some hours) the answer is the same.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.price_list import explain_in, list_book
from codesession.app.pricing import price_book, shards_in_use
from codesession.errors import InvalidInput, UnknownModel
from codesession.meter.custom import FILE
from codesession.meter.userfiles import file_mark

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from codesession.config import Config
    from codesession.meter import PriceBook
    from codesession.model.price import PriceExplanation, PriceList

_HOUR_MS = 3_600_000

Name = tuple[str | None, str]
"""A provider, or None for wherever it is called, and a model."""


class PriceBoard(NamedTuple):
    """The prices that hold now."""

    listed: PriceList
    explained: dict[Name, PriceExplanation | None]
    """those that somebody has asked for; None: no price is known"""
    book: PriceBook
    at_ms: int
    problems: tuple[str, ...]
    """a sentence for what cannot be used"""
    turn: threading.Lock
    """of the threads that ask: a book reads its lists as it needs them"""

    def explain(self, names: Iterable[Name]) -> Mapping[Name, PriceExplanation | None]:
        """Which price applies to each of these models; None: none is known."""
        with self.turn:
            for name in names:
                if name not in self.explained:
                    self.explained[name] = self._explain(*name)
        return self.explained

    def _explain(self, provider: str | None, model: str) -> PriceExplanation | None:
        try:
            return explain_in(self.book, model, self.at_ms, provider)
        except (UnknownModel, InvalidInput):  # calls and keys of the user's file may have a blank name
            return None


class _Kept:
    """The board of the moment; of one program, whose threads take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._mark: Hashable = None
        self._board: PriceBoard | None = None

    def board(self, config: Config, at_ms: int) -> PriceBoard:
        """The board, made anew when anything has changed."""
        with self._turn:
            mark = (config.data_dir, shards_in_use(config), file_mark(config.data_dir / FILE), at_ms // _HOUR_MS)
            if self._board is None or mark != self._mark:
                said: list[str] = []
                book = price_book(config, said.append)
                listed = list_book(book, at_ms)
                self._board = PriceBoard(
                    listed, {}, book, at_ms, tuple(dict.fromkeys((*listed.problems, *said))), threading.Lock()
                )
                self._mark = mark
            return self._board


_KEPT = _Kept()


def price_board(config: Config, at_ms: int) -> PriceBoard:
    """The prices that hold at `at_ms`, milliseconds since the epoch, which is about now."""
    return _KEPT.board(config, at_ms)
