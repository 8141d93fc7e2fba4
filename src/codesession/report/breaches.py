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


def sentence_of(message: str) -> str:
    """What a refusal says, as a sentence of its own; a name it begins with stays as it is.

    >>> sentence_of("codesession refused this call: it is too dear.")
    'It is too dear.'
    """
    reason = reason_of(message)
    first, _, rest = reason.partition(" ")
    return (
        f"{first.capitalize()} {rest}" if rest and first.isalpha() and first.islower() else reason
    )  # no name of a model


def alert_document(event: Event) -> Document:
    """What a browser is told of an event."""
    return {
        "id": event.id,
        "kind": event.kind,
        "rule": event.rule,
        "at": iso(event.at_ms),
        "message": sentence_of(event.message),
        "sessionId": event.session_id,
        "provider": event.provider,
        "model": event.model,
        "agent": event.agent,
    }
