"""Which price list is in use when one was downloaded that is newer than the installed package's?

::

    prices/in-use.json                                            which list, and over which installed version
    prices/list-2026-11-28-1a2b3c4d5e6f7a8b.json                  that list as it was downloaded
    prices/genai-prices-of-2026-11-28-1a2b3c4d5e6f7a8b-format-1/  its shards; made again when the format changes

Without the first file the installed package's list is in use. A list is staged in a directory of its own, where it can
be compiled and looked at; then it, its shards and the pointer to both are renamed into place, in this order, each
flushed before the next. So at every moment the old list is in use or the new one.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from codesession.meter.snapshot import POINTER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genai_prices.types import Provider

_IN_NAMES = frozenset("0123456789abcdef-")
"""of what a day and a digest consist: nothing that leads out of a directory"""
_PROVIDER = r"[a-z0-9][a-z0-9._-]{0,99}"
_LONGEST_PATTERN = 500
"""characters of a regular expression; the longest in genai-prices 0.2.3 has 104"""


class ListUnusable(ValueError):
    """What was downloaded is no list of prices, or one that cannot be used; its words say why."""


class Downloaded(NamedTuple):
    """A list that was downloaded."""

    day: str
    """when, as an ISO date, UTC"""
    digest: str
    """the first 16 digits of its SHA-256"""
    installed: str
    """the version of the installed package at that time: a later one wins over this list"""

    @property
    def version(self) -> str:
        """How the source of a price calls it.

        >>> Downloaded("2026-11-28", "1a2b3c4d5e6f7a8b", "0.2.3").version
        'of 2026-11-28 (sha 1a2b3c4d)'
        """
        return f"of {self.day} (sha {self.digest[:8]})"

    @property
    def name(self) -> str:
        """What the files that belong to it are called by."""
        return f"{self.day}-{self.digest}"

    def list_in(self, home: Path) -> Path:
        """Where the list lies, as it was downloaded."""
        return home / f"list-{self.name}.json"

    def shards_in(self, home: Path, format_number: int) -> Path:
        """Where its shards lie."""
        return home / f"genai-prices-of-{self.name}-format-{format_number}"


def list_in_use(home: Path, installed: str) -> Downloaded | None:
    """The downloaded list that is in use; None: that of the `installed` version of the package is."""
    found = chosen_list(home)
    return None if found is None or is_newer(installed, found.installed) else found


def chosen_list(home: Path) -> Downloaded | None:
    """The list that was put in use last, whether a later version of the package has overtaken it or not."""
    try:
        read = json.loads((home / POINTER).read_bytes())
        found = Downloaded(*(str(read[name]) for name in Downloaded._fields))
    except (OSError, ValueError, KeyError, TypeError):  # what we write is whole; nothing else says which list is meant
        return None
    return found if found.digest and _IN_NAMES.issuperset(found.name) else None


def is_newer(version: str, other: str) -> bool:
    """Whether `version` is a later one than `other`, by their numbers.

    >>> is_newer("0.2.10", "0.2.3"), is_newer("0.2.3", "0.2.3"), is_newer("0.2", "0.2.3")
    (True, False, False)
    """
    return version != other and _numbers(version) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", version)]


# --- putting one in use ---


def put_in_use(home: Path, downloaded: Downloaded, staged_list: Path, staged_shards: Path, shards: Path) -> None:
    """Put a staged list in use, with its shards, which then are the directory `shards`.

    Raises:
        OSError: it cannot be written; what was in use still is.
    """
    staged_list.replace(downloaded.list_in(home))
    with suppress(OSError):  # they are there: this very list was in use before, and a set in its place is complete
        staged_shards.rename(shards)
    _flush_directory(home)
    staged_pointer = staged_list.with_name(POINTER)
    write_flushed(staged_pointer, json.dumps(downloaded._asdict()).encode())
    staged_pointer.replace(home / POINTER)
    _flush_directory(home)


def put_installed_in_use(home: Path) -> None:
    """Put the installed package's list in use again.

    Raises:
        OSError: it cannot be written; what was in use still is.
    """
    (home / POINTER).unlink(missing_ok=True)
    _flush_directory(home)


def write_flushed(path: Path, content: bytes) -> None:
    """Write a file down to the disk: after a rename it must survive a power cut too."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(directory: Path) -> None:
    """Bring the names in a directory down to the disk."""
    if os.name == "nt":  # pragma: no cover - it cannot open directories
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- reading one; part of the compile step ---


def read_list(path: Path) -> list[Provider]:
    """The providers of a downloaded list, by genai-prices' own loader; imports that package.

    Its words end up in file names and in regular expressions here: those that cannot are refused.

    Raises:
        ListUnusable: it is none, or has such words.
    """
    from decimal import Decimal  # 4 ms, and needed here only

    from genai_prices.types import _providers_from_raw  # 350 ms; its `UpdatePrices` reads a new list with the same

    try:
        raw = json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=_no_number)
        providers = _providers_from_raw(raw)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # a ValidationError is a ValueError
        raise ListUnusable(f"it is no price list of genai-prices ({_first_words(error)})") from error
    names = [provider.id for provider in providers]
    if not providers:
        raise ListUnusable("it names no provider")
    for name in names:
        if not re.fullmatch(_PROVIDER, name) or name == "index" or names.count(name) > 1:
            raise ListUnusable(f"the provider {name[:40]!r} is named twice, or by what is no name")
    for pattern in _patterns(raw):
        _check_pattern(pattern)
    return providers


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _first_words(error: Exception) -> str:
    """The beginning of what an error says, on one line."""
    words = " ".join(str(error).split())
    return words if len(words) <= 150 else f"{words[:150]}…"  # noqa: PLR2004 - a line or two


def _patterns(raw: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Every regular expression by which a model or a provider is known."""
    if isinstance(raw, list):
        for part in raw:
            yield from _patterns(part)
    elif isinstance(raw, dict):
        for key, part in raw.items():
            if key == "regex" and isinstance(part, str):
                yield part
            else:
                yield from _patterns(part)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ListUnusable(f"its pattern {pattern[:40]!r} is none ({error})") from error
    if len(pattern) > _LONGEST_PATTERN:
        raise ListUnusable(f"its pattern {pattern[:40]!r}… is too long")
