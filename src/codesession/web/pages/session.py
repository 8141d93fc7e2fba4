"""What does the page of one session show? Its figures, and that one of its tabs which is open.

A tab is an address of its own (``?tab=files``). Diffs are asked of git, which takes its time: they are in the page
only where the address asks for one (``part=diff``, ``file``, ``commit``), and the page loads them by such addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from codesession.app.diffs import commit_diff, session_commits, session_diff
from codesession.errors import CodesessionError
from codesession.report.call_list import CallList, calls_of
from codesession.report.diffs import DiffView, view_of_diff
from codesession.report.session_detail import SessionDetail, session_detail
from codesession.report.timeline import CALLS_OF_A_PAGE, Timeline, timeline
from codesession.web.pages.calls import asked_for
from codesession.web.pages.listing import Listing

if TYPE_CHECKING:
    from codesession.model import Commit, Session
    from codesession.web.pages import Asked

TABS = ("timeline", "files", "commits", "calls", "notes")
_MOST = 2**62
_MOST_COMMITS = 1000


class ShownDiff(NamedTuple):
    """A diff, or why there is none."""

    view: DiffView | None
    problem: str = ""


class Tab(NamedTuple):
    """One tab: its name in the address, what it is called, and how much is behind it."""

    name: str
    title: str
    number: int | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A session and what is shown of it; of the parts of other tabs there is nothing."""

    detail: SessionDetail
    tab: str
    address: str
    timeline: Timeline | None = None
    calls: CallList | None = None
    listing: Listing | None = None
    """of the calls"""
    commits: tuple[Commit, ...] = ()
    problem: str = ""
    """why the commits are not all there"""
    diff: ShownDiff | None = None
    file: str = ""
    """the only file of the diff; empty: all of them"""
    commit: str = ""
    """whose diff it is; empty: the session's"""

    @property
    def session(self) -> Session:
        """The session itself."""
        return self.detail.session

    @property
    def tabs(self) -> list[Tab]:
        """All of them."""
        recorded, totals = self.detail.recorded, self.detail.view.totals
        files = self.detail.files or None if self.session.is_active else self.detail.files
        known = len(self.commits) if self.commits else len(recorded.commits)
        counts = (
            ("timeline", "Timeline", None),
            ("files", "Files", files),
            ("commits", "Commits", known),
            ("calls", "AI calls", totals.calls + totals.held + totals.failed),
            ("notes", "Notes", len(recorded.annotations)),
        )
        return [Tab(name, title, count, name == self.tab) for name, title, count in counts]

    @property
    def state(self) -> str:
        """A word that is another one when what is recorded of changes is: a diff that was shown then is out of date."""
        recorded = self.detail.recorded
        last = max((file.timestamp_ms for file in recorded.files), default=0)
        return f"{len(recorded.files)}-{last}-{len(recorded.commits)}-{self.session.ended_ms or 'live'}"

    def diff_at(self, file: str = "", commit: str = "") -> str:
        """Where the page is with a diff in it: of the session or one of its commits, whole or of one file."""
        said = [("tab", "commits" if commit else "files"), ("part", "diff"), ("commit", commit), ("file", file)]
        return f"{self.address}?" + "&".join(f"{name}={quote(word, safe='')}" for name, word in said if word)

    def timeline_at(self, offset: int) -> str:
        """Where the timeline is without its last so many calls."""
        return f"{self.address}?offset={offset}" if offset > 0 else self.address

    @property
    def calls_of_a_page(self) -> int:
        """How many calls a page of the timeline has at most."""
        return CALLS_OF_A_PAGE


def view(asked: Asked) -> Shown:
    """The page of the session whose id is in the path.

    Raises:
        SessionNotFound: there is none.
    """
    session_id, tab = int(asked.path["session_id"]), asked.choice("tab", TABS)
    address = f"/sessions/{session_id}"
    app = asked.app
    with app.ledger.reading() as reader:
        detail = session_detail(reader, session_id, asked.now_ms)
        if tab == "timeline":
            told = timeline(reader, detail.session, detail.recorded, asked.count("offset", 0, _MOST))
            return Shown(detail, tab, address, timeline=told)
        if tab == "calls":
            query = asked_for(asked, session_id=session_id)
            said = {"tab": "calls", "sort": str(query.order), "dir": "desc" if query.descending else "asc"}
            listing = Listing(address, said, {"sort": "started", "dir": "desc"})
            return Shown(detail, tab, address, calls=calls_of(reader, query, or_last=True), listing=listing)
    file, commit = asked.query.get("file", ""), asked.query.get("commit", "")
    if tab == "files":
        shown = _diff(asked, session_id, file, "") if asked.query.get("part") == "diff" else None
        return Shown(detail, tab, address, diff=shown, file=file)
    if tab == "commits":
        commits, problem = _commits(asked, detail.session)
        shown = _diff(asked, session_id, file, commit) if commit else None
        return Shown(detail, tab, address, commits=commits, problem=problem, diff=shown, file=file, commit=commit)
    return Shown(detail, tab, address)


def _diff(asked: Asked, session_id: int, file: str, commit: str) -> ShownDiff:
    try:
        if commit:
            diff = commit_diff(asked.app, session_id, commit, file or None)
        else:
            diff = session_diff(asked.app, session_id, file or None)
    except CodesessionError as error:  # the page is there all the same, and says why this part of it is not
        return ShownDiff(None, error.message)
    return ShownDiff(view_of_diff(diff.text, is_cut=diff.is_cut, is_whole=bool(file)))


def _commits(asked: Asked, session: Session) -> tuple[tuple[Commit, ...], str]:
    """The newest commits, newest first, and why those of an active session are not all there."""
    try:
        found, problem = session_commits(asked.app, session), ""
    except CodesessionError as error:
        with asked.app.ledger.reading() as reader:
            found, problem = reader.commits(session.id), error.message
    return tuple(reversed(found[-_MOST_COMMITS:])), problem
