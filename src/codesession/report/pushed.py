"""What is shown of calls that an app told us of?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import to_usd
from codesession.report.documents import call_document

if TYPE_CHECKING:
    from codesession.model import Call, Session
    from codesession.model.receipt import SessionSums
    from codesession.report.documents import Document


class PushedView(NamedTuple):
    """Calls as they were kept, and what each of their sessions had come to then."""

    calls: tuple[Call, ...]
    sessions: tuple[tuple[Session, SessionSums], ...]


def pushed_document(view: PushedView, *, is_one: bool) -> Document:
    """What a push answers: of one call it and its session, of several all of them."""
    calls = [call_document(call) for call in view.calls]
    sessions = [_sums(session, sums) for session, sums in view.sessions]
    if is_one:
        return {"logged": calls[0], "session": sessions[0] if sessions else None}
    return {"logged": calls, "sessions": sessions}


def _sums(session: Session, sums: SessionSums) -> Document:
    cost = to_usd(sums.cost_nanos)
    return {
        "id": session.id,
        "name": session.name,
        "aiCost": cost,
        "aiTokens": sums.tokens,
        "aiCalls": sums.calls,
        "unpricedCalls": sums.unpriced,
        "totalCost": cost,
        "totalTokens": sums.tokens,
    }
