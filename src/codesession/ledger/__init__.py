"""Where are sessions and calls kept? In one SQLite file; the only room with SQL.

`WriteQueue` is loaded when first asked for: it brings asyncio, which a short command does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.lazily import names_of
from codesession.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from codesession.ledger.queue import WriteQueue

__all__ = ["SqliteLedger", "WriteQueue"]

__getattr__ = names_of(__name__, {"WriteQueue": "queue"})
