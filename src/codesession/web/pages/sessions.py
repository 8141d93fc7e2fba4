"""What does the page of sessions show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesession.model.analysis import SessionOrder, SessionQuery
from codesession.report.days import stretch
from codesession.report.session_list import SessionList, session_list
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from codesession.web.pages import Asked

ROWS = 50
"""Sessions on a page."""
STATES = ("all", "active", "completed")
STRETCHES = ("all", "7", "30", "90")
_STATE_WORDS = {"all": "All", "active": "Live", "completed": "Ended"}
_IS_ACTIVE = {"all": None, "active": True, "completed": False}
_LONGEST = 500
_MOST = 2**62


class Shown(NamedTuple):
    """A page of sessions and how it was asked for."""

    found: SessionList
    listing: Listing
    state: str
    days: str

    def states(self) -> list[tuple[str, str, bool]]:
        """The choice between live and ended ones: word, address, whether it is this one."""
        return [(word, self.listing.at(status=key), key == self.state) for key, word in _STATE_WORDS.items()]


def view(asked: Asked) -> Shown:
    """The page of sessions, as ``search``, ``status``, ``project``, ``days``, ``sort``, ``dir`` and ``offset`` say."""
    state, days = asked.choice("status", STATES), asked.choice("days", STRETCHES)
    order = asked.choice("sort", tuple(SessionOrder))
    direction = asked.choice("dir", ("desc", "asc"))
    search, project = asked.query.get("search", "")[:_LONGEST], asked.query.get("project", "")
    query = SessionQuery(
        search=search.strip(),
        is_active=_IS_ACTIVE[state],
        directory=project or None,
        started=stretch(None if days == "all" else int(days), asked.now_ms, asked.zone),
        order=SessionOrder(order),
        descending=direction == "desc",
        limit=ROWS,
        offset=asked.count("offset", 0, _MOST),
    )
    found = session_list(asked.app.ledger, query, asked.now_ms, or_last=True, with_projects=True)
    said = {"search": search, "status": state, "project": project, "days": days, "sort": order, "dir": direction}
    usual = {"status": "all", "days": "all", "sort": "started", "dir": "desc"}
    return Shown(found, Listing("/sessions", said, usual), state, days)
