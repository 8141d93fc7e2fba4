"""The firewall's no: by which rule, by which figures, and what happened around it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model.budget import Mode, Standing
    from codesession.model.money import Nanos


REFUSED = "codesession refused this call: "
ENDED = "codesession ended this answer: "
"""How the sentence of a refusal begins, so that whoever is shown it knows who speaks."""


def reason_of(sentence: str) -> str:
    """What a refusal says after that, for where it is plain who speaks."""
    return sentence.removeprefix(REFUSED).removeprefix(ENDED)


class Rule(StrEnum):
    """What a call can be refused for."""

    BUDGET = "budget"
    """it would pass a limit"""
    UNPRICED = "unpriced"
    """its price is not known, and a blocking budget applies"""
    UNBOUNDED = "unbounded"
    """there is no most it can cost, and a strict budget applies"""
    MODEL = "model"
    """a mandate does not allow its model"""
    CALL_TOO_DEAR = "call_too_dear"
    """it could cost more than a mandate lets one call cost"""
    TOO_MANY_PARALLEL = "too_many_parallel"
    """as many calls as a mandate allows are in flight"""
    SPEED = "speed"
    """money goes faster than it should"""
    SAME_REQUEST = "same_request"
    """the same request is sent again and again"""
    SAME_TOOL_CALL = "same_tool_call"
    """the model makes the same tool call again and again, to the same effect"""
    ERROR_LOOP = "error_loop"
    """calls fail, one after the other"""
    FILE_CHURN = "file_churn"
    """one file is written again and again"""
    DENIED = "denied"
    """a person was asked, and said no"""
    STOPPED = "stopped"
    """a person stopped its session"""
    PAUSED = "paused"
    """a person paused its session, and nobody resumed it in time"""
    LEDGER = "ledger"
    """the ledger cannot be written, and a blocking budget applies"""


@dataclass(frozen=True, slots=True)
class Figure:
    """How one rule came out for one call."""

    standing: Standing
    needed_nanos: Nanos | None
    """what the call would have added; None: not known"""
    is_kept: bool
    """whether the rule lets the call pass"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be sent, or an answer may not go on."""

    rule: Rule
    sentence: str
    """what was wrong, for the person and the model, with its figures; without what to do"""
    advice: str
    """what to do"""
    figures: tuple[Figure, ...] = ()
    """all budgets that applied"""
    standing: Standing | None = None
    """the account that said no, if it was one"""
    needed_nanos: Nanos | None = None
    mode: Mode | None = None
    """of the budget that said no"""
    ask_s: int = 0
    """seconds to wait for a person's word first"""

    @property
    def message(self) -> str:
        """What the client is told."""
        return f"{self.sentence} {self.advice}"


class EventKind(StrEnum):
    """What the firewall did, and what a person told it."""

    REFUSED = "refused"
    """a call was not sent"""
    ENDED = "ended"
    """a running answer was ended"""
    ASKED = "asked"
    APPROVED = "approved"
    DENIED = "denied"
    WARNED = "warned"
    STOPPED = "stopped"
    """a person stopped a session"""
    PAUSED = "paused"
    """a person paused a session"""
    RESUMED = "resumed"
    """a person allowed the calls of a session again"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the firewall did; `details` are JSON values, money in nano-dollars."""

    kind: EventKind
    at_ms: int
    rule: str | None = None
    session_id: int | None = None
    call_id: int | None = None
    provider: str | None = None
    model: str | None = None
    agent: str | None = None
    user: str | None = None
    customer: str | None = None
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    id: int = 0


class QuestionState(StrEnum):
    """Where a question to a person stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    """nobody answered in time, or the client left"""


@dataclass(frozen=True, slots=True)
class Question:
    """A call that waits for a person's word; the address of what is asked is its id."""

    id: int
    state: QuestionState
    rule: str
    message: str
    standing_id: int | None
    session_id: int | None
    model: str
    needed_nanos: Nanos | None
    """what is missing for the call to pass"""
    asked_ms: int
    until_ms: int
