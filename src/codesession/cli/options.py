"""Which options and kinds of value do several commands share? Strict ones: what is not plainly a number is none."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, TypeVar

import click

from codesession.errors import InvalidDuration, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    _Number = click.ParamType[int]
else:
    _Number = click.ParamType  # generic from click 8.2 on

Command = TypeVar("Command", bound="Callable[..., Any]")

_MOST = 2**63 - 1
_DIGITS = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"(?:[0-9]{1,15}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")


class Whole(_Number):
    """A whole number in plain digits, from `least` to `most`; one that `clamps` takes a larger one for `most`."""

    def __init__(self, name: str, least: int, most: int = _MOST, *, clamps: bool = False) -> None:
        self.name = name
        self._least = least
        self._most = most
        self._clamps = clamps

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; what is none is refused."""
        text = str(value)
        number = int(text[:40]) if _DIGITS.fullmatch(text) else -1
        if self._clamps:
            number = min(number, self._most)
        if not self._least <= number <= self._most:
            upto = "" if self._most == _MOST else f" to {self._most:,}"
            self.fail(f"{text!r} is not a whole number from {self._least}{upto}", param, ctx)
        return number


class Scaled(_Number):
    """A decimal number of 0 or more, as the whole number of `scale`-ths of it: exact, rounded half to even."""

    def __init__(self, name: str, scale: int, most: int) -> None:
        self.name = name
        self._scale = scale
        self._most = most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; what is none is refused."""
        from decimal import Decimal

        text = str(value)
        number = Decimal(text) if _DECIMAL.fullmatch(text) else Decimal(-1)
        if not 0 <= number <= self._most:
            self.fail(f"{text!r} is not a number from 0 to {self._most:,}", param, ctx)
        return round(number * self._scale)


_DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s?)?")


def seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """``120``, ``2m30s`` or ``1h`` as seconds: the callback of an option that takes a length of time.

    Raises:
        InvalidDuration: it is none.
    """
    if value is None:
        return None
    found = _DURATION.fullmatch(value)
    if found is None or not any(found.groups()):
        raise InvalidDuration(f"{value!r} is not a length of time: write seconds, or such as 2m30s or 1h.")
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


_SPAN = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_MS_PER_HOUR = 3_600_000


def now_ms() -> int:
    """The time, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def moment_ms(text: str) -> int:
    """An ISO 8601 date or time (UTC unless it says otherwise) in milliseconds since the epoch.

    Raises:
        InvalidInput: it is none.
    """
    from datetime import UTC, datetime  # few commands take a time

    try:
        read = datetime.fromisoformat(text.strip())
        at = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{text!r} is no time: write it as 2026-03-01 or 2026-03-01T12:00:00Z.") from None
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def _since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """``30d``, ``12h``, ``2w`` before now, or a date or time, in milliseconds since the epoch."""
    if value is None:
        return None
    span = _SPAN.fullmatch(value)
    if span is not None:
        return max(0, now_ms() - int(span[1]) * _HOURS[span[2]] * _MS_PER_HOUR)
    try:
        return moment_ms(value)
    except InvalidInput:
        raise InvalidInput(
            f"{value!r} is neither a length of time nor a time: write it as 30d, 12h or 2w, or as 2026-03-01."
        ) from None


def since(what: str) -> Callable[[Command], Command]:
    """The option ``--since``, a length of time before now, or a moment: as `since_ms`, milliseconds since the epoch."""
    return click.option("--since", "since_ms", metavar="TIME", callback=_since, help=what)


SESSION_ID = Whole("id", 1)
PORT = Whole("port", 0, 65535)
LIMIT = Whole("n", 1, clamps=True)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def one_session(what: str) -> Callable[[Command], Command]:
    """The option ``-s ID``, which reaches a session of any scope."""
    return click.option("-s", "--session", "session_id", type=SESSION_ID, help=what)
