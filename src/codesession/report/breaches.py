"""Which events should a person know of at once, and what is told of one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import EventKind, reason_of
from codesession.model.moments import iso

if TYPE_CHECKING:
    from codesession.model import Event
    from codesession.report.documents import Document

BREACHES = frozenset(
    {
        EventKind.REFUSED,
        EventKind.ENDED,
        EventKind.ASKED,
        EventKind.WARNED,
        EventKind.STOPPED,
        EventKind.PAUSED,
    }
)
"""What an alarm is for; what a person answered is not."""


def alert_document(event: Event) -> Document:
    """What a browser is told of an event."""
    return {
        "id": event.id,
        "kind": event.kind,
        "rule": event.rule,
        "at": iso(event.at_ms),
        "message": reason_of(event.message),
        "sessionId": event.session_id,
        "provider": event.provider,
        "model": event.model,
        "agent": event.agent,
    }
