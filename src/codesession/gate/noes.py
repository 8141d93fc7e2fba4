"""What is done about a no? A person may be asked first; then it is kept, told, and the call is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from codesession import guard
from codesession.errors import DatabaseError
from codesession.gate.asking import ASK_EVERY_S, answer
from codesession.gate.keeping import told
from codesession.gate.refusals import event_of, exceeded
from codesession.model import Alert, EventKind, Level, Question, QuestionState, Refusal, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.gate.surroundings import Surroundings
    from codesession.ledger import WriteQueue
    from codesession.model import Attempt
    from codesession.model.ports import Writer

MOST_TOLD = 1_000
"""Refusals that are remembered as told; of more, all are told again."""

_BY_A_PERSON = (Rule.STOPPED, Rule.PAUSED)
"""What nobody need be alerted of: a person did it."""


def said_by_a_person(tx: Writer, session_id: int | None) -> Refusal | None:
    """Why no call of that session may be sent now, if a person has paused or stopped it."""
    switch = None if session_id is None else tx.switch_of(session_id)
    return guard.switched(switch) if switch else None


def _stopped_by_a_person(tx: Writer, session_id: int | None) -> Refusal | None:
    """The same, if it is stopped."""
    said = said_by_a_person(tx, session_id)
    return said if said and said.rule is Rule.STOPPED else None


class Noes:
    """What one gate does about a call that may not be sent."""

    def __init__(self, queue: WriteQueue, owner_id: int, now_ms: Callable[[], int], surroundings: Surroundings) -> None:
        self._queue = queue
        self._owner_id = owner_id
        self._now_ms = now_ms
        self._around = surroundings
        self._told: set[tuple[object, ...]] = set()
        """refusals that were told, other than those of which the ledger knows"""

    async def ask_or_refuse(self, attempt: Attempt, refusal: Refusal) -> None:
        """Return when a person has approved the call, or resumed its session; otherwise it is refused.

        Raises:
            BudgetExceeded: it is.
        """
        if refusal.rule is Rule.PAUSED:
            if await self._is_over(attempt, refusal):
                return
            refusal = guard.not_resumed(refusal)
        elif refusal.ask_s:
            state = await self._answered(attempt, refusal)
            if state is QuestionState.APPROVED:
                if self._around.watches:
                    self._around.watches.forgive(attempt)
                return
            refusal = await self._stopped(attempt) or guard.not_approved(refusal, state)
        await self._keep(attempt, refusal)
        self._around.refused(refusal, EventKind.REFUSED)
        raise exceeded(refusal)

    async def ended(self, attempt: Attempt, refusal: Refusal, call_id: int | None) -> None:
        """Keep that a call was ended after it had been sent, where that can be kept, and tell the program around."""
        event = event_of(self._now_ms(), EventKind.ENDED, attempt, refusal, call_id)
        with suppress(DatabaseError):  # it is ended, whether that can be kept or not
            await self._queue.write(lambda tx: tx.add_event(event))
        self._around.refused(refusal, EventKind.ENDED)

    async def _keep(self, attempt: Attempt, refusal: Refusal) -> None:
        """Keep a refusal, and tell a person of it once."""
        now_ms = self._now_ms()
        is_new = refusal.rule not in _BY_A_PERSON and self._is_new(attempt, refusal)

        def refused(tx: Writer) -> Alert | None:
            tx.add_event(event_of(now_ms, EventKind.REFUSED, attempt, refusal))
            standing = refusal.standing
            is_due = tx.tell_over(standing.id) if refusal.rule is Rule.BUDGET and standing else is_new
            alert = Alert(refusal.sentence, Level.OVER, standing, attempt.session_id)
            return told(tx, alert, now_ms) if is_due else None

        with suppress(DatabaseError):  # it is refused, whether that can be kept or not
            alert = await self._queue.write(refused)
            if alert:
                self._around.tell(alert)

    async def _is_over(self, attempt: Attempt, refusal: Refusal) -> bool:
        """Whether a pause ends, in one way or another, while a call may wait for it."""
        until_ms = self._now_ms() + 1000 * refusal.ask_s
        while self._now_ms() < until_ms:
            await self._around.pause(ASK_EVERY_S)
            with suppress(DatabaseError):  # the next look may tell
                now = await self._queue.write(lambda tx: said_by_a_person(tx, attempt.session_id))
                if now is None or now.rule is not Rule.PAUSED:
                    return True
        return False

    async def _stopped(self, attempt: Attempt) -> Refusal | None:
        """What is to be said in the place of another no, now that its session is stopped; None: it is not."""
        with suppress(DatabaseError):  # then the no stands that there was
            return await self._queue.write(lambda tx: _stopped_by_a_person(tx, attempt.session_id))
        return None

    async def _answered(self, attempt: Attempt, refusal: Refusal) -> QuestionState:
        """What a person says; where the ledger cannot be asked, or nobody is to be, nothing."""
        try:
            question = await self._asked(attempt, refusal)
            if question is None:
                return QuestionState.EXPIRED
            return await answer(self._queue, question, self._now_ms, self._around.pause)
        except DatabaseError:
            return QuestionState.EXPIRED

    async def _asked(self, attempt: Attempt, refusal: Refusal) -> Question | None:
        """What a person is asked; None: he has stopped the session."""

        def asked(tx: Writer) -> Question | None:
            if _stopped_by_a_person(tx, attempt.session_id):
                return None
            tx.add_event(event_of(self._now_ms(), EventKind.ASKED, attempt, refusal))
            return tx.ask(refusal, attempt.session_id, attempt.model, self._owner_id, self._now_ms())

        question = await self._queue.write(asked)
        if question:
            self._around.tell(Alert(guard.asking(refusal), Level.OVER, refusal.standing, attempt.session_id))
        return question

    def _is_new(self, attempt: Attempt, refusal: Refusal) -> bool:
        """Whether such a refusal has not been told in this session, by this process."""
        such = attempt.session_id, refusal.rule, attempt.model
        if such in self._told:
            return False
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told.add(such)
        return True
