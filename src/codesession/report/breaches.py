"""Which events should a person know of at once, and what is told of one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import EventKind, reason_of
from codesession.model.moments import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codesession.model import Event
    from codesession.model.ports import Reader
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


HAPPENED: Mapping[EventKind, tuple[str, str]] = {
    EventKind.REFUSED: ("Call refused", "bad"),
    EventKind.ENDED: ("Answer ended", "bad"),
    EventKind.ASKED: ("Call waits", "warn"),
    EventKind.APPROVED: ("Approved", "good"),
    EventKind.DENIED: ("Denied", "bad"),
    EventKind.WARNED: ("Warning", "warn"),
    EventKind.STOPPED: ("Stopped", "bad"),
    EventKind.PAUSED: ("Paused", "warn"),
    EventKind.RESUMED: ("Allowed again", "good"),
}
"""Each kind of event in words, and how grave it is: ``bad``, ``warn`` or ``good``."""


class Happened(NamedTuple):
    """Something the firewall did, or a person told it."""

    event: Event
    what: str
    kind: str
    """``bad``, ``warn``, ``good`` or empty"""
    message: str
    session_name: str


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


def happened(
    reader: Reader, events: Iterable[Event], words: Mapping[EventKind, tuple[str, str]] = HAPPENED
) -> tuple[Happened, ...]:
    """Events in words, in the same order."""
    names: dict[int | None, str] = {None: ""}
    told = []
    for event in events:
        if event.session_id not in names:
            session = reader.session(event.session_id) if event.session_id is not None else None
            names[event.session_id] = session.name if session else ""
        what, kind = words[event.kind]
        told.append(Happened(event, what, kind, sentence_of(event.message), names[event.session_id]))
    return tuple(told)


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
