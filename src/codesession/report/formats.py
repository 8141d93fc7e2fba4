"""How are times, durations, tokens and money written?"""

from __future__ import annotations

from pathlib import PurePath

from codesession.model import NANOS_PER_USD
from codesession.model.moments import iso as iso  # noqa: PLC0414 - one of the formats
from codesession.model.money import detailed as detailed  # noqa: PLC0414 - three of the formats
from codesession.model.money import dollars as dollars  # noqa: PLC0414
from codesession.model.money import money as money  # noqa: PLC0414

CENT = NANOS_PER_USD // 100


def source(directory: str | None, user: str) -> str:
    """Who has set a limit: the `user`, or the file of the project `directory`."""
    return user if directory is None else str(PurePath(directory) / "codesession.toml")


def project_name(directory: str) -> str:
    r"""A project as it is called: the last part of its directory, of whatever system.

    >>> project_name("/home/ada/shop"), project_name(""), project_name("C:\\work\\shop")
    ('shop', 'no project', 'shop')
    """
    return directory.replace("\\", "/").rstrip("/").rpartition("/")[2] or directory or "no project"


def duration(seconds: int) -> str:
    """Whole seconds as people say them.

    >>> duration(6), duration(847), duration(8100)
    ('6s', '14m', '2h 15m')
    """
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds}s"
    minutes = seconds // 60
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h {minutes % 60}m"  # noqa: PLR2004 - an hour


def tokens(count: int) -> str:
    """A number of tokens, shortened from a million on.

    >>> tokens(31_450), tokens(3_100_000), tokens(2_000_000_000)
    ('31,450', '3.1M', '2.0B')
    """
    if count < 1_000_000:  # noqa: PLR2004 - a million
        return f"{count:,}"
    size, letter = (1_000_000_000, "B") if count >= 1_000_000_000 else (1_000_000, "M")  # noqa: PLR2004 - a billion
    return f"{count / size:.1f}{letter}"


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "file"), plural(8, "file")
    ('1 file', '8 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
