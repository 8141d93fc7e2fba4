"""A ledger with nothing in it, without making each anew: SQLite takes 30 ms to come to our schema, a copy takes one.

That a ledger is made, and becomes one of this version, is what `test_opening` is about.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypedDict

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from typing import Unpack


class How(TypedDict, total=False):
    """How a ledger is opened."""

    wait_s: float
    durable: bool


def fresh(path: Path, **how: Unpack[How]) -> SqliteLedger:
    """The ledger at `path`, open; if there is none yet, it is a copy of an empty one."""
    lay(path)
    return SqliteLedger(path, **how)


def lay(path: Path) -> None:
    """See that there is a ledger at `path`."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    """The file of a ledger that was just made."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "ledger.db")
        SqliteLedger(path).close()
        return path.read_bytes()
