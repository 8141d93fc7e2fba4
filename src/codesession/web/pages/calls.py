"""What does the page of calls show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model import CallState, Evidence
from codesession.model.analysis import CallOrder, CallQuery
from codesession.report.call_list import CallList, call_list
from codesession.report.days import stretch
from codesession.report.evidence import GOT
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.web.pages import Asked

ROWS = 50
"""Calls on a page."""
STRETCHES = ("all", "1", "7", "30", "90")
_LONGEST = 500
_MOST = 2**62
_NAMED = ("provider", "model", "agent", "customer")
_STATE_WORDS = {
    CallState.HELD: "in flight",
    CallState.SETTLED: "settled",
    CallState.RELEASED: "failed",
    CallState.LOST: "lost",
}


class Choice(NamedTuple):
    """A filter: its name in the address, what it is called, what is said now, and what may be."""

    name: str
    title: str
    said: str
    choices: list[tuple[str, str]]
    """the word of the address and what it is called"""


class Shown(NamedTuple):
    """A page of calls and how it was asked for."""

    found: CallList
    listing: Listing
    search: str
    is_unpriced: bool
    session_id: int | None
    filters: list[Choice]

    @property
    def is_filtered(self) -> bool:
        """Whether something was asked for that not all calls are."""
        return bool(self.search or self.is_unpriced or self.session_id or any(one.said for one in self.filters))

    @property
    def session_name(self) -> str:
        """The name of the only session whose calls are shown."""
        return (self.found.sessions or {}).get(self.session_id or 0, f"session {self.session_id}")


def view(asked: Asked) -> Shown:
    """The page of calls, as the words of the address say: ``search``, the filters, ``sort``, ``dir``, ``offset``."""
    query = asked_for(asked)
    found = call_list(asked.app.ledger, query, or_last=True, with_names=True)
    days = asked.choice("days", STRETCHES)
    said = {name: asked.query.get(name, "") for name in _NAMED}
    said |= {
        "search": asked.query.get("search", "")[:_LONGEST],
        "evidence": query.evidence or "",
        "state": query.state or "",
        "unpriced": "1" if query.is_unpriced else "",
        "session": "" if query.session_id is None else str(query.session_id),
        "days": days,
        "sort": str(query.order),
        "dir": "desc" if query.descending else "asc",
    }
    usual = {"days": "all", "sort": "started", "dir": "desc"}
    listing = Listing("/calls", said, usual)
    return Shown(found, listing, said["search"], query.is_unpriced, query.session_id, _filters(found, said))


def asked_for(asked: Asked, *, session_id: int | None = None, rows: int = ROWS) -> CallQuery:
    """The calls that an address asks for; only those of one session, if its id is given."""
    days = asked.choice("days", STRETCHES)
    evidence, state = asked.query.get("evidence", ""), asked.query.get("state", "")
    named = {name: asked.query.get(name) or None for name in _NAMED}
    return CallQuery(
        search=asked.query.get("search", "")[:_LONGEST].strip(),
        session_id=session_id or asked.count("session", 0, _MOST) or None,
        evidence=Evidence(evidence) if evidence in tuple(Evidence) else None,
        state=CallState(state) if state in tuple(CallState) else None,
        is_unpriced=asked.query.get("unpriced", "") == "1",
        started=stretch(None if days == "all" else int(days), asked.now_ms, asked.zone),
        order=CallOrder(asked.choice("sort", tuple(CallOrder))),
        descending=asked.choice("dir", ("desc", "asc")) == "desc",
        limit=rows,
        offset=asked.count("offset", 0, _MOST),
        **named,
    )


def _filters(found: CallList, said: Mapping[str, str]) -> list[Choice]:
    names = found.names or {}
    named = [(name, [(value, value) for value in names.get(name, []) if value]) for name in _NAMED]
    fixed = [
        ("evidence", [(str(evidence), words) for evidence, words in GOT.items()]),
        ("state", [(str(state), words) for state, words in _STATE_WORDS.items()]),
        ("days", [("1", "today"), ("7", "last 7 days"), ("30", "last 30 days"), ("90", "last 90 days")]),
    ]
    titles = {"evidence": "How it was got", "days": "When"}
    return [
        Choice(name, titles.get(name, name.capitalize()), "" if said[name] == "all" else said[name], choices)
        for name, choices in named + fixed
        if choices or said[name]
    ]
