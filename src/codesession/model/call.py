"""What is known of one request to a model, before it is sent and after it has ended?

::

                 admit                 settle (usage known, or the answer was cut)
    (nothing) ─────────► held ──┬──► settled
                                ├──► released   refused upstream, never answered
                                └──► lost       the process that sent it died; billed at its ceiling

A call leaves `held` once and never comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from codesession.model.terms import STANDARD

if TYPE_CHECKING:
    from codesession.model.money import Nanos
    from codesession.model.terms import Extra, Terms
    from codesession.model.usage import Usage


class CallState(StrEnum):
    """Where a call stands; see the module's picture."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    LOST = "lost"


class Evidence(StrEnum):
    """How a number was got."""

    MEASURED = "measured"
    REPORTED = "reported"
    IMPORTED = "imported"
    MANUAL = "manual"
    ESTIMATED = "estimated"


class Cut(StrEnum):
    """Who ended a call before its answer was complete."""

    CLIENT = "client"
    UPSTREAM = "upstream"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the ledger's calls."""

    id: int
    session_id: int | None
    provider: str
    model: str
    """the model that answered, or, until it has, the one asked for"""
    endpoint: str
    state: CallState
    streamed: bool
    started_ms: int
    """when it was admitted, in milliseconds since the epoch"""
    ended_ms: int | None
    hold_nanos: Nanos | None
    """the most it could cost, reserved before sending; None when the model has no price"""
    usage: Usage | None
    cost_nanos: Nanos | None
    """None while held, when released, and when unpriced"""
    evidence: Evidence | None
    price_source: str | None
    cut: Cut | None
    http_status: int | None
    request_id: str | None
    response_id: str | None
    agent: str | None
    user: str | None
    customer: str | None
    feature: str | None
    client_session: str | None
    retry: int
    rule: str | None = None
    """the firewall's rule that ended the answer, if one did: it was cut for the client"""
    saved_nanos: Nanos | None = None
    """what an answer from the cache would have cost; such a call costs nothing"""
    terms: Terms = STANDARD
    """of what was asked for and what was answered"""
    hardware: str | None = None
    """on what of the user's own it ran, where that is what is paid for"""
    extra: Extra = ()
    """numbers the provider told that are in no field of `Usage`"""

    @property
    def is_billed(self) -> bool:
        """Whether the call counts toward what was spent: it was settled, or lost."""
        return self.state in (CallState.SETTLED, CallState.LOST)

    @property
    def is_unpriced(self) -> bool:
        """Whether it was consumed but no price for it is known."""
        return self.is_billed and self.cost_nanos is None
