"""What is done about a loop, and in which session is it? One watch a session."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from codesession.guard.newest import keep
from codesession.guard.runaway import Thresholds, Watch
from codesession.guard.words import runaway_advice
from codesession.model import REFUSED, Refusal

if TYPE_CHECKING:
    from codesession.model import Attempt, Nanos, Rule

MOST_SESSIONS = 1_000
"""Sessions watched at a time; of more, the one that was silent longest is forgotten."""

SAID_AGAIN_MS = 10 * 60 * 1000
"""How long a loop of a kind goes on in a session before it is told again, in milliseconds."""


class Action(StrEnum):
    """What happens when a loop is found."""

    WARN = "warn"
    PAUSE = "pause"
    """a person is asked, and the call waits"""
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Found:
    """A loop, and what is to be done about the call that showed it."""

    refusal: Refusal
    action: Action


class Watches:
    """Looks for loops in every session of a proxy."""

    def __init__(self, thresholds: Thresholds, action: Action, wait_s: int) -> None:
        """`wait_s` is how many seconds a paused call waits for a person."""
        self._thresholds = thresholds
        self._action = action
        self._wait_s = wait_s if action is Action.PAUSE else 0
        self._watches: OrderedDict[int | None, Watch] = OrderedDict()
        self._told: dict[tuple[int | None, Rule], int] = {}
        """until when a loop that is only told is not told again"""

    def sent(self, attempt: Attempt, now_ms: int) -> Found | None:
        """Note that a call is about to be sent; what is wrong with that, if something is."""
        watch = self._watch(attempt)
        runaway = watch.sent(attempt, now_ms)
        if runaway is None:
            return None
        if self._action is Action.WARN:
            told = (attempt.session_id, runaway.rule)
            if now_ms < self._told.get(told, now_ms):
                return None
            if len(self._told) >= MOST_SESSIONS:
                self._told.clear()
            self._told[told] = now_ms + SAID_AGAIN_MS
        sentence = runaway.sentence
        if self._action is Action.BLOCK:
            sentence = REFUSED + sentence
        refusal = Refusal(runaway.rule, sentence, runaway_advice(runaway.rule), ask_s=self._wait_s)
        return Found(refusal, self._action)

    def ended(self, attempt: Attempt, cost_nanos: Nanos | None, http_status: int | None, now_ms: int) -> None:
        """Note how a call ended."""
        self._watch(attempt).ended(attempt, cost_nanos, http_status, now_ms)

    def forgive(self, attempt: Attempt) -> None:
        """Begin anew in the session of that call: a person has approved what it does."""
        self._watch(attempt).forgive()

    def _watch(self, attempt: Attempt) -> Watch:
        watch = self._watches.get(attempt.session_id) or Watch(self._thresholds)
        keep(self._watches, attempt.session_id, watch, MOST_SESSIONS)
        return watch
