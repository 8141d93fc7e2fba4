"""How does a value of an earlier tool become one of ours? Odd ones survive as far as they mean something.

What cannot be kept as it was is told as a problem, with the table and row where it stood.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from math import isinf
from typing import TYPE_CHECKING, Any

from codesession.model import NANOS_PER_USD, from_usd

if TYPE_CHECKING:
    from codesession.model import Nanos

MOST_USD = 10**6
MOST_TOKENS = 10**15
MOST_SECONDS = 10**9
LATEST_MS = 250_000_000_000_000
"""A year that dates can still be written in, in milliseconds since the epoch."""

_EXACT_USD = 10_000.0
"""Below it a float times a thousand million is off by far less than `_CLEAR` nano-dollars."""
_CLEAR = 0.49
_BROKEN = "\ufffd"
_SHOWN = 60

CHANGES = {
    "created": "created",
    "modified": "modified",
    "deleted": "deleted",
    "added": "created",
    "renamed": "modified",
}
_QUOTED = re.compile(r'"(?:[^"\\]|\\(?:[abtnvfr"\\]|[0-3][0-7]{2}))+"')
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')
_LETTERS = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))

TokenColumns = tuple[int | None, int | None, int | None]
"""What was read, what was written, and what is known only as a sum; all None when nothing is known."""


class Values:
    """The values of one row after another, and the problems met with them."""

    def __init__(self) -> None:
        self.table = ""
        self.row = 0
        self.problems: list[tuple[str, str]] = []

    def complain(self, sentence: str) -> None:
        """Keep that something in the present row could not be kept as it was."""
        self.problems.append((f"{self.table} {self.row}", sentence))

    def moment(self, value: object) -> int | None:
        """A time in milliseconds since the epoch; None when it is none. Without an offset it is UTC."""
        if not isinstance(value, str):
            return None
        try:
            read = datetime.fromisoformat(value)
            if read.tzinfo is None:
                read = read.replace(tzinfo=UTC)
            ms = round(read.timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
        return ms if 0 <= ms <= LATEST_MS else None

    def time(self, value: object, otherwise: int) -> int:
        """A time in milliseconds since the epoch; `otherwise`, the nearest that is known, when it is none."""
        read = self.moment(value)
        if read is None:
            self.complain(f"its time {_shown(value)} cannot be read; the nearest known one stands in for it")
            return otherwise
        return read

    def money(self, value: object, column: str) -> Nanos | None:
        """Dollars as nano-dollars, rounded half to even; None when they are not known."""
        if type(value) is float and 0.0 <= value < _EXACT_USD:
            product = value * NANOS_PER_USD
            nanos = round(product)
            return nanos if abs(product - nanos) < _CLEAR else from_usd(Decimal(repr(value)))
        if value is None:
            return None
        if not isinstance(value, int | float):
            self.complain(f"{column} {_shown(value)} is not an amount of money; it is unknown now")
        elif isinf(value):
            self.complain(f"{column} is infinite; it is unknown now")
        elif not 0 <= value <= MOST_USD:
            self.complain(f"{column} {value!r} cannot be true; it is unknown now")
        else:
            return from_usd(Decimal(repr(value)))
        return None

    def count(self, value: object, column: str, most: int = MOST_TOKENS) -> int | None:
        """A whole number from 0 to `most`, however it was stored; None when it is none, or NULL."""
        if type(value) is int and 0 <= value <= most:
            return value
        if isinstance(value, float) and value.is_integer() and 0 <= value <= most:
            return int(value)
        if value is not None:
            self.complain(f"{column} {_shown(value)} is not a number that can be true; it is unknown now")
        return None

    def tokens(self, total: object, read: object, written: object) -> TokenColumns:
        """Input, output, and what is only known in sum; each token is in one of them."""
        if (
            type(total) is type(read) is type(written) is int  # as nearly all rows are
            and 0 <= read <= total == read + written <= MOST_TOKENS
        ):
            return read, written, 0
        if read is None and written is None:
            only = self.count(total, "tokens")
            return (None, None, None) if only is None else (0, 0, only)
        prompt = self.count(read, "prompt_tokens")
        completion = self.count(written, "completion_tokens")
        tokens = self.count(total, "tokens")
        if tokens is None and prompt is None and completion is None:
            return None, None, None
        split = (prompt or 0) + (completion or 0)
        if tokens is not None and tokens < split:
            self.complain(f"tokens is {tokens}, less than the {split} of its parts; the parts are kept")
        return prompt or 0, completion or 0, max(0, (tokens or 0) - split)

    def seconds(self, value: object, column: str) -> float | None:
        """A length of time in seconds; None when it is none, or NULL."""
        if isinstance(value, int | float) and 0 <= value <= MOST_SECONDS:
            return value
        if value is not None:
            self.complain(f"{column} {_shown(value)} is not a length of time; it is left out")
        return None

    def text(self, value: object, column: str) -> str | None:
        """Text, whatever it was stored as."""
        if type(value) is str:
            if _BROKEN in value:
                self.complain(f"{column} has bytes that are not text; they are kept as U+FFFD")
            return value
        if isinstance(value, bytes):
            self.complain(f"{column} was stored as bytes; it is read as text")
            return value.decode(errors="replace")
        return None if value is None else str(value)

    def word(self, value: object, column: str) -> str:
        """Text that must say something; ``unknown`` where it does not."""
        if type(value) is str and value and _BROKEN not in value:
            return value
        said = self.text(value, column)
        if not said:
            self.complain(f"{column} is missing; it is kept as unknown")
        return said or "unknown"

    def path(self, value: object) -> str:
        """A file's path; one that git had quoted is unquoted."""
        path = self.text(value, "file_path") or ""
        return unquoted(path) if path.startswith('"') else path

    def change(self, value: object) -> str:
        """What happened to a file, in our words."""
        known = CHANGES.get(value) if isinstance(value, str) else None
        if known is None:
            self.complain(f"change_type {_shown(value)} is unknown; it is kept as modified")
        return known or "modified"


def unquoted(path: str) -> str:
    r"""A path as git prints those with special characters, without its quotes; any other as it is.

    The quoting is that of ``core.quotePath``: https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath

    >>> unquoted('"caf\\303\\251.txt"'), unquoted('"half'), unquoted("plain.txt")
    ('café.txt', '"half', 'plain.txt')
    """
    if not _QUOTED.fullmatch(path):
        return path
    raw = _ESCAPE.sub(lambda found: bytes([_unescaped(found[1])]), path[1:-1].encode())
    return raw.decode(errors="backslashreplace")


def _unescaped(escape: bytes) -> int:
    return int(escape, 8) if escape.isdigit() else _LETTERS[escape[0]]


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever stood there
    if value is None:
        return "(none)"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
