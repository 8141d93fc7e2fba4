"""What does the relay ask of the program around it? Whether a call may be sent, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model.attempt import Attempt, Hold, Outcome
    from codesession.model.money import Nanos
    from codesession.model.refusal import Refusal
    from codesession.model.session import Session
    from codesession.model.totals import Totals
    from codesession.model.usage import Usage


class Gate(Protocol):
    """What a door asks before and after it sends a call; awaitable, so that no event loop waits on a disk."""

    async def admit(self, attempt: Attempt) -> Hold:
        """Record `attempt` as a call about to be sent.

        Raises:
            BudgetExceeded: it may not be; nothing is held.
            DatabaseError: it could not be recorded; nothing forbids to send it.
        """
        ...

    async def refuses(self) -> bool:
        """Whether anything may refuse calls: a budget, a mandate, a person; True where that cannot be found out."""
        ...

    async def admit_unmetered(self, attempt: Attempt) -> None:
        """Return if a request that may cost something, and cannot be metered, may be sent.

        Raises:
            BudgetExceeded: it may not be.
        """
        ...

    async def extend(self, hold: Hold, usage: Usage) -> Hold | Refusal:
        """The hold with enough reserved for what the call has consumed so far; or why its answer is to be ended."""
        ...

    async def stopped(self, attempt: Attempt, hold: Hold | None) -> Refusal:
        """Why a call that was sent is ended: a person has stopped its session. That is kept, where it can be."""
        ...

    async def settle(self, hold: Hold, outcome: Outcome) -> None:
        """Turn the hold into a cost."""
        ...

    async def hit(self, attempt: Attempt, answered: str, saved_nanos: Nanos | None) -> None:
        """Record a call that was answered from the cache by the model `answered`, and what that saved.

        Raises:
            BudgetExceeded: a person has stopped its session.
            DatabaseError: it could not be written.
        """
        ...

    async def record_results(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> int:
        """Keep the answers of a batch, each a call as `attempt` says; returns how many were not there before.

        Raises:
            DatabaseError: they could not be written; some may have been.
        """
        ...

    async def release(self, hold: Hold, http_status: int | None) -> None:
        """Give the hold back: nothing was consumed."""
        ...


class Sessions(Protocol):
    """Whose session is a call that comes in at a door?"""

    async def attribute(self, named: int | None, peer: tuple[str, int] | None) -> int | None:
        """The session of a call that names session `named` (or none) and comes from the socket `peer`.

        Raises:
            SessionNotFound: no session has the id that was named.
        """
        ...

    async def standing(self) -> tuple[Session, Totals] | None:
        """The session that unnamed calls go to now, for ``/health``."""
        ...
