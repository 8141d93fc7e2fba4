"""Which project does a session of a call belong to? Asked of the ledger once for each: it does not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.ledger import WriteQueue


class Directories:
    """The directories of the sessions whose calls one process relays."""

    def __init__(self, queue: WriteQueue) -> None:
        self._queue = queue
        self._known: dict[int, str] = {}

    async def of(self, session_id: int) -> str | None:
        """The directory of a session's scope; None if there is no such session.

        Raises:
            DatabaseError: the ledger cannot be asked.
        """
        if session_id not in self._known:
            found = await self._queue.write(lambda tx: tx.directory_of(session_id))
            if found is None:
                return None
            self._known[session_id] = found
        return self._known[session_id]
