"""Does a blocking budget apply to a call, as far as is known when the ledger cannot be asked?"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from codesession.guard.newest import keep

if TYPE_CHECKING:
    from codesession.model import Attempt

MOST_KNOWN = 10_000


class Fences:
    """What was last seen to apply, by whose call it was."""

    def __init__(self, *, is_guarded: bool) -> None:
        """`is_guarded` is the answer for calls whose like has not been seen."""
        self._otherwise = is_guarded
        self._known: OrderedDict[tuple[object, ...], bool] = OrderedDict()

    def learn(self, attempt: Attempt, blocks: bool) -> None:  # noqa: FBT001 - what was learnt
        """Remember whether a blocking budget applies to calls like this one."""
        keep(self._known, _whose(attempt), blocks, MOST_KNOWN)
        self._otherwise = self._otherwise or blocks

    def may_block(self, attempt: Attempt) -> bool:
        """Whether one applies; of a call the like of which was never seen, whether there is any."""
        return self._known.get(_whose(attempt), self._otherwise)


def _whose(attempt: Attempt) -> tuple[object, ...]:
    return attempt.session_id, attempt.provider, attempt.model, attempt.agent, attempt.user, attempt.customer
