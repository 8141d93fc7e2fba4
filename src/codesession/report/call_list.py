"""Which calls were made? A page of them, searched, filtered and sorted by the ledger, each with all that is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codesession.model import CallState, Cut
from codesession.model.classes import CLASS_NAMES
from codesession.report.documents import call_document
from codesession.report.evidence import GOT
from codesession.report.formats import money, plural

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from codesession.model import Call, Nanos
    from codesession.model.analysis import CallQuery
    from codesession.model.ports import Ledger, Reader
    from codesession.report.documents import Document

CLASS_WORDS: Mapping[str, str] = {
    "input": "Input",
    "cache_read": "Read from cache",
    "cache_write": "Written to cache",
    "cache_write_1h": "Written to cache for an hour",
    "cache_write_other": "Written to cache for another time",
    "input_audio": "Audio input",
    "cache_read_audio": "Audio read from cache",
    "input_image": "Image input",
    "cache_read_image": "Images read from cache",
    "input_video": "Video input",
    "output": "Output",
    "reasoning": "Reasoning",
    "output_audio": "Audio output",
    "output_image": "Image output",
    "output_video": "Video output",
    "web_searches": "Web searches",
    "file_searches": "File searches",
    "rerank_searches": "Rerank searches",
    "unsplit": "Tokens of unknown kind",
}
"""What people call each field of `Usage`."""
_CUTS = {
    Cut.CLIENT: "The client hung up before the answer was complete.",
    Cut.UPSTREAM: "The provider broke off before the answer was complete.",
    Cut.PROCESS: "The process that made the call died.",
}
_CEILING = "ceiling"
"""Where the ledger says a cost is from that is but the most it can have been."""
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as a list shows it."""

    call: Call

    @property
    def tokens(self) -> int | None:
        """All that were read and written; None where nothing is known of them."""
        return None if self.call.usage is None else self.call.usage.tokens

    @property
    def took_ms(self) -> int | None:
        """How long it took, in milliseconds; None where that is not known."""
        call = self.call
        return None if call.ended_ms is None or call.ended_ms <= call.started_ms else call.ended_ms - call.started_ms

    @property
    def status(self) -> tuple[str, str]:
        """Where the call stands in a word, and what kind of word that is; empty for one that simply ended."""
        call = self.call
        if call.state is CallState.HELD:
            return "in flight", "live"
        if call.state is CallState.LOST:
            return "lost", "bad"
        if call.state is CallState.RELEASED:
            return "failed", "bad"
        if call.is_unpriced:
            return "unpriced", "warn"
        return ("cut", "warn") if call.cut else ("", "")

    @property
    def how(self) -> str:
        """How its cost is known."""
        call = self.call
        if call.state is CallState.HELD:
            return "in flight: " + (
                "no price is known" if call.hold_nanos is None else f"{money(call.hold_nanos)} held"
            )
        if call.state is CallState.RELEASED:
            return "nothing was billed"
        got = GOT[call.evidence] if call.evidence else "not known"
        if call.cost_nanos is None:
            return f"no price is known; tokens {got}"
        if call.state is CallState.LOST:
            return "the most it can have cost: the process that made it died"
        if call.price_source == _CEILING:
            return "the most it can have cost: what it used is not known"
        return got + (f", priced by {call.price_source}" if call.price_source else "")

    @property
    def consumed(self) -> list[tuple[str, int]]:
        """Each class of usage there is any of, in words, with its amount."""
        usage = self.call.usage
        if usage is None:
            return []
        return [(words, amount) for name, words in CLASS_WORDS.items() if (amount := getattr(usage, name))]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What else is known of it, by name."""
        call = self.call
        said: list[tuple[str, object]] = [
            ("Endpoint", call.endpoint),
            ("Answered", "as a stream" if call.streamed else "in one piece"),
            ("On terms", call.terms.in_words),
            ("Ran on", call.hardware or ("own hardware" if call.terms.is_local else None)),
            ("Saved by the cache", None if call.saved_nanos is None else money(call.saved_nanos)),
            ("HTTP status", call.http_status),
            ("Retry", call.retry or None),
            ("Ended by rule", call.rule),
            ("Cut short", _CUTS.get(call.cut) if call.cut else None),
            ("Request id", call.request_id),
            ("Answer id", call.response_id),
            ("Agent", call.agent),
            ("User", call.user),
            ("Customer", call.customer),
            ("Feature", call.feature),
            ("Client's session", call.client_session),
            *((f"Told besides: {name}", f"{amount:,}") for name, amount in call.extra),
        ]
        return [(name, str(value)) for name, value in said if value not in (None, "")]


@dataclass(frozen=True, slots=True)
class CallList:
    """A page of calls."""

    query: CallQuery
    rows: tuple[CallRow, ...]
    total: int
    """how many there are on all pages, counted no further than to `MOST_COUNTED`"""
    is_exact: bool = True
    """False: there are more than that"""
    names: Mapping[str, list[str]] | None = None
    """what calls can be asked for by: see `Analyst.names`"""
    sessions: Mapping[int, str] | None = None
    """the names of the sessions of these calls, by their ids"""

    @property
    def cost(self) -> Nanos:
        """What these calls, of this page, cost, as far as that is known."""
        return sum(row.call.cost_nanos or 0 for row in self.rows)

    @property
    def cost_words(self) -> str:
        """How that is known."""
        unpriced = sum(row.call.is_unpriced for row in self.rows)
        told = f"of the {plural(len(self.rows), 'call')} of this page"
        return f"{told}; {unpriced:,} unpriced, not counted" if unpriced else told


def call_list(ledger: Ledger, query: CallQuery, *, or_last: bool = False, with_names: bool = False) -> CallList:
    """The calls that are asked for; with `or_last` an `offset` beyond the last page shows that one."""
    with ledger.reading() as reader:
        return calls_of(reader, query, or_last=or_last, with_names=with_names)


def calls_of(reader: Reader, query: CallQuery, *, or_last: bool = False, with_names: bool = False) -> CallList:
    """As `call_list`, within one reading of the ledger."""
    found = reader.find_calls(query)
    if or_last and not found.rows and found.total:
        query = replace(query, offset=(found.total - 1) // query.limit * query.limit)
        found = reader.find_calls(query)
    rows = tuple(CallRow(call) for call in found.rows)
    ids = {row.call.session_id for row in rows} - {None}
    sessions = [session for session_id in ids if session_id and (session := reader.session(session_id))]
    return CallList(
        query,
        rows,
        found.total,
        found.is_exact,
        reader.names() if with_names else None,
        {session.id: session.name for session in sessions},
    )


def found_calls(ledger: Ledger, query: CallQuery, limit: int | None) -> Generator[Call, None, None]:
    """Every call that is asked for, on all pages, at most `limit` of them; as of one moment."""
    with ledger.reading() as reader:
        offset = 0
        while limit is None or offset < limit:
            size = _AT_ONCE if limit is None else min(_AT_ONCE, limit - offset)
            rows = reader.find_calls(replace(query, offset=offset, limit=size)).rows
            yield from rows
            offset += size
            if len(rows) < size:
                return


def call_list_document(view: CallList) -> Document:
    """What ``/calls`` answers; `total` is counted no further than to `MOST_COUNTED`, which ``totalExact`` tells."""
    return {
        "calls": [call_document(row.call) for row in view.rows],
        "total": view.total,
        "totalExact": view.is_exact,
    }


def whole_call_document(call: Call) -> Document:
    """What ``/calls/{id}`` answers: the call, with every class of usage there is any of, and when it ended."""
    usage = call.usage
    amounts = {name: getattr(usage, field) for field, name in CLASS_NAMES.items()} if usage else {}
    return call_document(call) | {
        "usage": {name: amount for name, amount in amounts.items() if amount} if usage else None,
        "responseId": call.response_id,
        "httpStatus": call.http_status,
        "retry": call.retry,
    }
