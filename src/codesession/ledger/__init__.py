"""Where are sessions and calls kept? In one SQLite file; the only room with SQL.

`WriteQueue` is loaded when first asked for: it brings asyncio, which a short command does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from codesession.ledger.queue import WriteQueue

__all__ = ["SqliteLedger", "WriteQueue"]


def __getattr__(name: str) -> object:
    """The public name that is loaded late."""
    if name != "WriteQueue":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codesession.ledger.queue import WriteQueue

    return WriteQueue
