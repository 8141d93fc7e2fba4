"""How do calls leave the ledger? As JSON or CSV, one after the other, so that a million of them fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model.classes import CLASS_NAMES
from codesession.report.documents import call_document
from codesession.report.exports import csv_lines, json_array
from codesession.report.formats import dollars, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesession.model import Call

CSV_HEADER = (
    "id", "sessionId", "provider", "model", "agent", "user", "customer", "feature", "state", "evidence", "startTime",
    "endTime", "cost", "priceSource", "requestId", *CLASS_NAMES.values(), "unsplit",
)  # fmt: skip
_CLASSES = (*CLASS_NAMES, "unsplit")


def calls_json(calls: Iterable[Call]) -> Iterator[str]:
    """The pieces of one JSON array, each call as ``/calls`` has it."""
    return json_array(map(call_document, calls))


def calls_csv(calls: Iterable[Call]) -> Iterator[str]:
    """The lines of a CSV file: a header, then each call; what is not known is empty, money in dollars."""
    return csv_lines(CSV_HEADER, map(_fields, calls))


def _fields(call: Call) -> list[object]:
    usage = call.usage
    return [
        call.id,
        call.session_id,
        call.provider,
        call.model,
        call.agent,
        call.user,
        call.customer,
        call.feature,
        call.state,
        call.evidence,
        iso(call.started_ms),
        None if call.ended_ms is None else iso(call.ended_ms),
        None if call.cost_nanos is None else dollars(call.cost_nanos),
        call.price_source,
        call.request_id,
        *(None if usage is None else getattr(usage, name) for name in _CLASSES),
    ]
