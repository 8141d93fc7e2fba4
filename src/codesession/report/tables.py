"""How is a table drawn? Framed, and with some weight, on a terminal; elsewhere as plain lines that a pipe can cut."""

from __future__ import annotations

import io
import os
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rich.table import Table

_NARROW = 64
_PIPE_WIDTH = 10_000
"""Columns of a pipe: no row is ever broken there."""
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def harmless(text: str) -> str:
    """`text` with nothing in it that commands a terminal: what would is shown as a replacement character.

    That is every control character but a line end, and what changes the direction of the text after it.
    """
    return "".join("\ufffd" if _commands_terminal(char) else char for char in text)


def _commands_terminal(char: str) -> bool:
    return (char != "\n" and unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs")) or char in _BIDI


def facts(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A title and lines of a name and a value."""
    table = _table(show_header=False)
    table.add_column(no_wrap=True, style="bold" if _has_style() else "")
    table.add_column(overflow="fold")
    return _drawn(title, table, rows)


def columns(
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[str] = (),
    styles: Mapping[str, str] | None = None,
) -> str:
    """A title and rows below the `names` of their columns; those among `numbers` stand to the right.

    Only the widest texts are broken where there is no room. `styles` gives the style in which a cell of that very
    text is shown on a terminal.
    """
    table = _table(show_header=True)
    for name in names:
        is_number = name in numbers
        table.add_column(name, overflow="fold", justify="right" if is_number else "left", no_wrap=is_number)
    return _drawn(title, table, rows, styles or {})


def is_narrow() -> bool:
    """Whether a person looks at a terminal that has room for a few columns only."""
    return _is_terminal() and shutil.get_terminal_size().columns < _NARROW


def _table(*, show_header: bool) -> Table:
    from rich import box
    from rich.table import Table

    if _is_terminal():
        return Table(box=box.ROUNDED, show_header=show_header, header_style="bold" if _has_style() else "")
    return Table(box=None, pad_edge=False, show_header=show_header, header_style="", padding=(0, 2, 0, 0))


def _drawn(title: str, table: Table, rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None) -> str:
    from rich.console import Console
    from rich.text import Text

    has_style = _has_style()
    for row in rows:
        table.add_row(*(Text(harmless(cell), style=(styles or {}).get(cell, "") if has_style else "") for cell in row))
    console = Console(
        file=io.StringIO(),
        width=None if _is_terminal() else _PIPE_WIDTH,
        force_terminal=has_style,
        color_system="standard" if has_style else None,
        no_color=not has_style,
    )
    with console.capture() as capture:
        if title:
            console.print(Text(harmless(title), style="bold" if has_style else ""))
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))


def _is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def _has_style() -> bool:
    """Whether that person wants more than letters: https://no-color.org."""
    return _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
