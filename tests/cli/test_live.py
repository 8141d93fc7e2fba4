"""Does one line of a terminal stay one line, whatever the terminal can do?"""

from __future__ import annotations

import io
import re

import pytest

from codesession.cli.live import LiveLine, figures
from codesession.model import Totals


class Terminal(io.TextIOWrapper):
    """A terminal, and what it shows in its last line."""

    def __init__(self, encoding: str = "utf-8", *, is_terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def written(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)

    def shows(self) -> str:
        """The line as it stands: each return begins it again, over what was there."""
        line = ""
        for text in re.sub(r"\x1b\[\d+m", "", self.written()).split("\r"):
            line = text + line[len(text) :]
        return line


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


@pytest.mark.parametrize(
    ("seconds", "totals", "text"),
    [
        (0, Totals(), "0s • 0 files • 0 commits • $0.00"),
        (720, Totals(files=8, commits=2, cost_nanos=1_430_000_000), "12m • 8 files • 2 commits • $1.43"),
        (-5, Totals(files=1, commits=1, unpriced=1), "0s • 1 file • 1 commit • $0.00+"),
    ],
)
def test_the_figures_read_as_a_summary(seconds: int, totals: Totals, text: str) -> None:
    assert figures(seconds, totals) == text


def test_a_line_takes_the_place_of_the_one_before() -> None:
    terminal = Terminal()
    line = LiveLine(terminal, {})
    line.show("59s • 10 files")
    line.show("1m • 9 files")
    assert terminal.shows().rstrip() == "● 1m • 9 files"
    line.clear()
    assert terminal.shows().strip() == ""
    assert terminal.written().endswith("\r")
    assert "\n" not in terminal.written()


def test_the_same_line_is_written_once_and_nothing_is_cleared_twice() -> None:
    terminal = Terminal()
    line = LiveLine(terminal, {})
    line.clear()
    assert terminal.written() == ""
    line.show("same")
    once = terminal.written()
    line.show("same")
    assert terminal.written() == once
    line.clear()
    cleared = terminal.written()
    line.clear()
    assert terminal.written() == cleared
    line.show("same")
    assert terminal.shows().rstrip() == "● same"


@pytest.mark.parametrize("width", [1, 3, 4, 20, 33])
def test_a_line_is_never_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    terminal = Terminal()
    line = LiveLine(terminal, {"NO_COLOR": "1"})
    for text in ("漢字" * 20, "x" * 60, "12m • 8 files • 2 commits • $1.43"):
        line.show(text)
        line.clear()
    assert all(len(text) < max(width, 3) for text in terminal.written().split("\r"))


def test_colour_is_left_out_on_request() -> None:
    coloured, plain = Terminal(), Terminal()
    LiveLine(coloured, {}).show("x")
    LiveLine(plain, {"NO_COLOR": "1"}).show("x")
    assert plain.written() == "\r● x"
    assert coloured.written() in ("\r\x1b[32m●\x1b[0m x", "\r● x")  # the second on Windows


@pytest.mark.parametrize(
    ("terminal", "environ"),
    [
        pytest.param(Terminal(is_terminal=False), {}, id="no-terminal"),
        pytest.param(Terminal(), {"TERM": "dumb"}, id="a-dumb-one"),
    ],
)
def test_where_nothing_can_be_written_over_nothing_is_written(terminal: Terminal, environ: dict[str, str]) -> None:
    line = LiveLine(terminal, environ)
    line.show("x")
    line.clear()
    assert terminal.written() == ""


def test_an_old_terminal_gets_plainer_signs() -> None:
    terminal = Terminal("ascii")
    LiveLine(terminal, {"NO_COLOR": "1"}).show("12m • 8 files")
    assert terminal.written() == "\r* 12m * 8 files"


def test_a_terminal_that_was_closed_is_no_reason_to_fail() -> None:
    class Closed(Terminal):
        def write(self, text: str) -> int:
            raise OSError(5, text)

    line = LiveLine(Closed(), {})
    line.show("x")
    line.clear()
