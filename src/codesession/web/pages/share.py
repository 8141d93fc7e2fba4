"""What does the page show on which a month becomes a picture?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.report.share import Card, card_document, card_of, month_of, months

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from codesession.report.documents import Document
    from codesession.web.pages import Asked


class Shared(NamedTuple):
    """The page."""

    card: Card
    months: Sequence[date]
    """between which there is a choice"""
    document: Document
    """what the browser draws"""


def view(asked: Asked) -> Shared:
    """The card of the month that ``month`` says, or of this one.

    Raises:
        InvalidInput: it is no month.
    """
    ledger, now_ms, zone = asked.app.ledger, asked.now_ms, asked.zone
    month = month_of(asked.query.get("month", ""), now_ms, zone)
    card, there_are = card_of(ledger, month, zone), months(ledger, now_ms, zone)
    return Shared(card, there_are if month in there_are else [month, *there_are], card_document(card))
