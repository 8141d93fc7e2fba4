"""What is known of a call while it is under way: as it is asked for, held, and ended?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.model.call import Evidence
from codesession.model.terms import STANDARD

if TYPE_CHECKING:
    from codesession.model.call import Cut
    from codesession.model.money import Nanos
    from codesession.model.terms import Extra, Terms
    from codesession.model.trace import Trace
    from codesession.model.usage import Usage


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call about to be sent: all that may be known, and kept, of a request. Never its text."""

    session_id: int | None
    provider: str
    model: str
    endpoint: str
    """what was asked for, in the provider's own word: ``messages``, ``chat``, ``responses``, …"""
    streamed: bool
    request_bytes: int
    """size of the decoded request body in bytes: no request has more tokens than this, media aside"""
    max_output: int | None = None
    """the most tokens the request lets the model write, if it says"""
    agent: str | None = None
    user: str | None = None
    customer: str | None = None
    feature: str | None = None
    client_session: str | None = None
    """the agent's own session id, as it names itself in its headers"""
    retry: int = 0
    """the SDK's own count of earlier tries of the same call"""
    reads_elsewhere: bool = False
    """whether the model is made to read what is not in the request's bytes: a file, an address, an earlier answer"""
    is_unbounded: bool = False
    """whether the provider may go on by itself without a limit, as with its own web search"""
    trace: Trace | None = None
    """what it shows of the loop it is part of; never stored"""
    terms: Terms = STANDARD
    """what it asks for beside tokens"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A call that has been admitted and may now be sent."""

    call_id: int
    attempt: Attempt
    started_ms: int
    reserved_nanos: Nanos | None = None
    """what its running cost may come to before `Gate.extend` has to be asked; None: it need not be watched"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sent call ended."""

    usage: Usage | None
    """None when the answer's usage could not be read: the call is then billed at its ceiling"""
    evidence: Evidence = Evidence.MEASURED
    model: str | None = None
    """the model that answered, when the provider says"""
    cut: Cut | None = None
    http_status: int | None = None
    request_id: str | None = None
    """the provider's request id header: the join key with agents' transcripts"""
    response_id: str | None = None
    """the id inside the provider's answer"""
    rule: str | None = None
    """the firewall's rule that ended the answer, if one did"""
    saved_nanos: Nanos | None = None
    """what an answer from the cache would have cost"""
    terms: Terms = STANDARD
    """what the provider says of the terms; what it does not say is as it was asked for"""
    reported_nanos: Nanos | None = None
    """what the provider itself says that the call costs"""
    extra: Extra = ()
    """numbers the provider told that are in no field of `Usage`, by their path in its answer"""
