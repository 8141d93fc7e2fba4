"""What of the calls in flight belongs to processes that have died?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesession.model.ports import Ledger


def expire(ledger: Ledger, now_ms: int) -> int:
    """Bill what dead processes still hold at its ceiling, marked as lost; returns how many calls.

    It costs a look when nothing is held, and writes only when an owner has died.
    """
    with ledger.reading() as reader:
        dead = [owner_id for owner_id in reader.owners_holding() if not ledger.is_alive(owner_id)]
    if not dead:
        return 0

    with ledger.writing() as writer:
        return sum(writer.lose(owner_id, now_ms) for owner_id in dead)
