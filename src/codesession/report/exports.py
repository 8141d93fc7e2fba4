"""How does everything leave the ledger? As JSON or CSV, one session after the other, so that a large ledger fits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codesession.report.documents import end_document
from codesession.report.formats import dollars, iso
from codesession.report.views import every_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codesession.model.ports import Ledger
    from codesession.report.documents import Document
    from codesession.report.views import SessionView

CSV_HEADER = (
    "id", "name", "status", "startTime", "endTime", "duration",
    "filesChanged", "commits", "aiTokens", "aiCost", "agents", "notes",
)  # fmt: skip


def export_json(ledger: Ledger, limit: int | None, now_ms: int) -> Iterator[str]:
    """The pieces of one JSON array: every session with its calls, files, commits and remarks."""
    return json_array(end_document(view) for view in every_session(ledger, limit, now_ms))


def json_array(documents: Iterable[Document]) -> Iterator[str]:
    """The pieces of one JSON array of those documents."""
    opening = "["
    for document in documents:
        yield opening + json.dumps(document, ensure_ascii=True, allow_nan=False)
        opening = ",\n"
    yield "[]" if opening == "[" else "]"


def export_csv(ledger: Ledger, limit: int | None, now_ms: int) -> Iterator[str]:
    """The lines of a CSV file as RFC 4180 quotes it: a header, then each session; money in dollars, times ISO 8601."""
    return sessions_csv(every_session(ledger, limit, now_ms))


def sessions_csv(views: Iterable[SessionView]) -> Iterator[str]:
    """The same of certain sessions."""
    return csv_lines(CSV_HEADER, map(_fields, views))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV file as RFC 4180 quotes it: a header, then each row; None is an empty field."""
    yield _line(header)
    for row in rows:
        yield _line(row)


def _fields(view: SessionView) -> tuple[object, ...]:
    session, totals = view.session, view.totals
    agents = sorted({call.agent for call in view.calls if call.agent is not None})
    ended = session.ended_ms
    return (
        session.id,
        session.name,
        "active" if ended is None else "completed",
        iso(session.started_ms),
        "" if ended is None else iso(ended),
        "" if ended is None else view.seconds,
        totals.files,
        totals.commits,
        totals.tokens,
        dollars(totals.cost_nanos),
        "; ".join(agents),
        session.notes or "",
    )


def _line(fields: Sequence[object]) -> str:
    import csv
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue()
