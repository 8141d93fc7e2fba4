"""What does `cs start` show while it waits? One line on a terminal, written over again; elsewhere nothing."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from codesession.cli.output import last_word, lasting, printable, tell
from codesession.report.formats import duration, money, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.app import App
    from codesession.model import Session, Totals

_MARK = "●"
_GREEN, _PLAIN = "\x1b[32m", "\x1b[0m"
_SPARE = 3
"""Cells left free at the right: two for the ``^C`` that a terminal writes, and the last one, where some wrap."""


def follow(app: App, session: Session) -> None:
    """Watch an active session and show what it comes to, until Ctrl-C or until somebody ends it; says which it was."""
    from codesession.app import Ending, asked_to_end, watch_session

    line = LiveLine(sys.stdout, os.environ)

    def say(sentence: str) -> None:
        line.clear()
        tell(sentence)

    def begun() -> None:
        say("Ctrl-C leaves it running; cs end ends it. (--json begins it and returns at once.)")

    def show(totals: Totals) -> None:
        line.show(figures((app.now_ms() - session.started_ms) // 1000, totals))

    lasting()
    with asked_to_end() as asked:
        try:
            ending = watch_session(replace(app, say=say), session, asked, begun=begun, show=show)
        finally:
            line.clear()
        if ending is Ending.LEFT:
            last_word(f"Session {session.id} goes on. End it with: cs end")
        elif ending is Ending.GONE:
            last_word(f"Session {session.id} has been deleted.")
        else:
            last_word(_summary(app, session))


def figures(seconds: int, totals: Totals) -> str:
    """What a session has come to so far: ``12m • 8 files • 2 commits • $1.43``."""
    cost = money(totals.cost_nanos) + ("+" if totals.unpriced else "")
    return " • ".join((duration(max(0, seconds)), plural(totals.files, "file"), plural(totals.commits, "commit"), cost))


def _summary(app: App, session: Session) -> str:
    """What `cs end` says."""
    from codesession.report import view_of_session
    from codesession.report.text import summary_line

    with app.ledger.reading() as reader:
        ended = reader.session(session.id) or session
    return f"Session ended: {ended.name}\n{summary_line(view_of_session(app.ledger, ended, app.now_ms()))}"


class LiveLine:
    """One line of a terminal, written over again; nothing at all where that cannot be done."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        """Lines are rewritten when `stream` is a terminal that can, in colour unless ``NO_COLOR`` is set."""
        self._stream = stream
        self._is_live = stream.isatty() and environ.get("TERM") != "dumb"
        self._is_coloured = not environ.get("NO_COLOR") and os.name != "nt"
        self._mark = _MARK if printable(_MARK, stream.encoding) == _MARK else "*"
        self._shown = ""

    def show(self, text: str) -> None:
        """Put `text` in the place of what is there, cut to the terminal's width."""
        width = shutil.get_terminal_size().columns - _SPARE
        wanted = _cut(f"{self._mark} {printable(text, self._stream.encoding)}", width)
        if not self._is_live or wanted == self._shown:
            return
        rest = " " * (_cells(self._shown) - _cells(wanted))
        coloured = wanted.replace(self._mark, f"{_GREEN}{self._mark}{_PLAIN}", 1) if self._is_coloured else wanted
        self._shown = wanted
        self._write(f"\r{coloured}{rest}")

    def clear(self) -> None:
        """Leave the line as if nothing had been there."""
        if self._shown:
            self._write("\r" + " " * (_cells(self._shown) + _SPARE - 1) + "\r")
            self._shown = ""

    def _write(self, text: str) -> None:
        with suppress(OSError):  # the terminal was closed; its hang-up signal will end us
            self._stream.write(text)
            self._stream.flush()


def _cut(text: str, width: int) -> str:
    """The beginning of `text` that fits into so many cells."""
    while text and _cells(text) > max(width, 0):
        text = text[:-1]
    return text


def _cells(text: str) -> int:
    """How many cells of a terminal `text` takes at most: in East Asia our dots may be wide."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
