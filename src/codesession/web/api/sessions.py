"""Which sessions are there, what is in each, and what did it change?"""

from contextlib import closing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from codesession.app import annotate, zone_of
from codesession.app.diffs import MOST_BYTES, commit_diff, diff_stats, session_diff
from codesession.model.analysis import SessionOrder, SessionQuery
from codesession.report.days import stretch
from codesession.report.diffs import stats_document
from codesession.report.documents import annotation_document, end_document
from codesession.report.exports import json_array, sessions_csv
from codesession.report.session_detail import session_detail_document
from codesession.report.session_list import found_sessions, session_list, session_list_document
from codesession.web.api.answers import CallAnswer
from codesession.web.api.common import (
    Asked,
    DaysOrAll,
    Document,
    Here,
    Limit,
    Offset,
    RowId,
    Search,
    answer,
    problems,
)
from codesession.web.api.exporting import DESCRIBED, Form, Most, attachment

router = APIRouter(tags=["sessions"])

MOST_CALLS = 1000
"""Calls that come with a session; the rest is at ``/calls?session=``."""
LONGEST_NOTE = 10_000
LONGEST_PATH = 4096

Status = Annotated[Literal["all", "active", "completed"], Query(description="Only active, or only ended ones.")]
Project = Annotated[
    str, Query(alias="project", max_length=LONGEST_PATH, description="Only those of that directory; empty: all.")
]
Sort = Annotated[SessionOrder, Query(alias="sort", description="By what to sort.")]
Direction = Annotated[Literal["desc", "asc"], Query(alias="dir", description="The largest or the smallest first.")]
File = Annotated[
    str,
    Query(alias="file", max_length=LONGEST_PATH, description="Only that file, by its path in the repository."),
]
_IS_ACTIVE = {"all": None, "active": True, "completed": False}


class SessionAnswer(Document):
    """A session with what it amounts to."""

    id: int
    name: str
    status: str = Field(description="active or completed.")
    start_time: str = Field(json_schema_extra={"format": "date-time"})
    end_time: str | None = Field(json_schema_extra={"format": "date-time"})
    duration: int | None = Field(description="Whole seconds; null while it is active.")
    duration_formatted: str | None
    working_directory: str
    git_root: str | None
    branch: str | None
    start_git_head: str | None
    files_changed: int
    commits: int
    commits_count: int = Field(description="The same as commits.")
    ai_tokens: int
    ai_cost: float = Field(description="US dollars, of the calls that have a price.")
    ai_calls: int
    unpriced_calls: int
    estimated_calls: int
    interrupted_calls: int
    lost_calls: int
    calls_in_flight: int
    failed_calls: int
    notes: str | None


Agents = Annotated[list[str], Field(description="Who made its newest calls, the most calls first; empty: not known.")]


class ListedSession(SessionAnswer):
    """A session in a list."""

    agents: Agents


class SessionsAnswer(Document):
    """A page of sessions."""

    sessions: list[ListedSession]
    total: int = Field(description="How many there are on all pages.")


class FileAnswer(Document):
    """A file that a session changed."""

    id: int
    session_id: int
    file_path: str
    change_type: str = Field(description="created, modified or deleted.")
    timestamp: str = Field(json_schema_extra={"format": "date-time"})


class CommitAnswer(Document):
    """A commit of a session."""

    id: int
    session_id: int
    hash: str
    message: str = Field(description="Its first line.")
    timestamp: str = Field(json_schema_extra={"format": "date-time"})


class NoteAnswer(Document):
    """A remark made in a session."""

    id: int
    session_id: int
    message: str
    timestamp: str = Field(json_schema_extra={"format": "date-time"})


class SessionDetailAnswer(Document):
    """All of a session."""

    session: SessionAnswer
    ai_usage: list[CallAnswer] = Field(description="Its newest calls that count, oldest first.")
    ai_usage_omitted: int = Field(description="How many more there are, at /calls?session=.")
    files: list[FileAnswer]
    commits: list[CommitAnswer]
    notes: list[NoteAnswer]


class FileStatAnswer(Document):
    """How many lines a file gained and lost; null for what is no text."""

    file_path: str
    additions: int | None
    deletions: int | None


class NoteAsked(Asked):
    """A remark to add."""

    message: str = Field(min_length=1, max_length=LONGEST_NOTE, examples=["tests pass, moving on to the docs"])


@router.get("/sessions", response_model=SessionsAnswer)
def list_sessions(  # noqa: PLR0913 - each is a word of the address
    *,
    here: Here,
    limit: Limit = 50,
    offset: Offset = 0,
    status: Status = "all",
    search: Search = "",
    project: Project = "",
    days: DaysOrAll = None,
    sort: Sort = SessionOrder.STARTED,
    direction: Direction = "desc",
) -> Response:
    """A page of the sessions; the newest first, unless they are to be sorted otherwise."""
    query = SessionQuery(
        search=search.strip(),
        is_active=_IS_ACTIVE[status],
        directory=project or None,
        started=stretch(days, here.now_ms(), zone_of(here.config)),
        order=sort,
        descending=direction == "desc",
        limit=limit,
        offset=offset,
    )
    return answer(session_list_document(session_list(here.ledger, query, here.now_ms())))


@router.get("/export", response_class=Response, responses=DESCRIBED)
def export_sessions(  # noqa: PLR0913 - as above
    *,
    here: Here,
    form: Form = "json",
    limit: Most = None,
    status: Status = "all",
    search: Search = "",
    project: Project = "",
    days: DaysOrAll = None,
    sort: Sort = SessionOrder.STARTED,
    direction: Direction = "desc",
) -> Response:
    """Every session that is asked for, with its calls, files, commits and remarks; as CSV a line for each."""
    now_ms = here.now_ms()
    query = SessionQuery(
        search=search.strip(),
        is_active=_IS_ACTIVE[status],
        directory=project or None,
        started=stretch(days, now_ms, zone_of(here.config)),
        order=sort,
        descending=direction == "desc",
    )
    with closing(found_sessions(here.ledger, query, limit, now_ms)) as found:  # as of calls
        pieces = sessions_csv(found) if form == "csv" else json_array(map(end_document, found))
        return attachment(pieces, "sessions", form, now_ms)


@router.get("/sessions/{session_id}", response_model=SessionDetailAnswer, responses=problems(404))
def show_session(
    here: Here,
    session_id: RowId,
    limit: Annotated[int, Query(ge=0, le=MOST_CALLS, description="How many of its calls to tell, the newest.")] = 200,
) -> Response:
    """All of a session."""
    return answer(session_detail_document(here.ledger, session_id, here.now_ms(), limit))


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "A unified diff, or “(no changes)”.", "content": {"text/plain": {}}}
}


@router.get("/sessions/{session_id}/diff", response_class=PlainTextResponse, responses=problems(404) | _TEXT)
def show_diff(here: Here, session_id: RowId, file: File = "") -> Response:
    """What a session changed, as a unified diff."""
    return _plain(*session_diff(here, session_id, file or None))


@router.get(
    "/sessions/{session_id}/commits/{commit}/diff", response_class=PlainTextResponse, responses=problems(404) | _TEXT
)
def show_commit_diff(here: Here, session_id: RowId, commit: str, file: File = "") -> Response:
    """What one of a session's commits changed, as a unified diff."""
    return _plain(*commit_diff(here, session_id, commit, file or None))


@router.get("/sessions/{session_id}/diff-stats", response_model=list[FileStatAnswer], responses=problems(404))
def show_diff_stats(here: Here, session_id: RowId) -> Response:
    """How many lines each file gained and lost in a session."""
    return answer(stats_document(diff_stats(here, session_id)))


@router.post("/sessions/{session_id}/notes", response_model=NoteAnswer, responses=problems(404))
def add_note(here: Here, session_id: RowId, note: NoteAsked) -> Response:
    """Add a remark to a session, active or ended."""
    return answer(annotation_document(annotate(here, note.message, session_id)))


def _plain(text: str, is_cut: bool) -> Response:  # noqa: FBT001 - the two parts of a `Diff`
    if not text:
        return PlainTextResponse("(no changes)")
    end = f"\n(the diff goes on: it was cut after {MOST_BYTES:,} bytes)\n" if is_cut else ""
    return PlainTextResponse(text + end)
