"""How is a session begun and ended, and a call logged, from a page? As on the command line."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from codesession.app import end_session, start_session
from codesession.app.entries import Entry
from codesession.app.push_receipts import Push, PushedCall
from codesession.app.push_sessions import Where, only_session
from codesession.app.words import LONGEST_NAME
from codesession.web.api.common import LARGEST, Asked, Document, Here, answer, nanos, problems
from codesession.web.api.ingest import PushedOne, answer_taken

if TYPE_CHECKING:
    from codesession.app.pushes import Intake

router = APIRouter(prefix="/console", tags=["live"])

LONGEST_PATH = 4096
LONGEST_NOTES = 10_000

SessionId = Annotated[int, Field(ge=1, le=LARGEST)] | None


class StartAsked(Asked):
    """A session to begin."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, examples=["Fix the login"])
    directory: str = Field(
        min_length=1,
        max_length=LONGEST_PATH,
        description="A whole path, or one beginning with ~.",
        examples=["~/app"],
    )


class LogAsked(Asked):
    """A call that was made, and what it used."""

    provider: str = Field(min_length=1, max_length=100, examples=["anthropic"])
    model: str = Field(min_length=1, max_length=200, examples=["claude-sonnet-4-5"])
    tokens: Annotated[int, Field(ge=0, le=10**12)] | None = Field(
        None, description="All of them, where it is not known how many were read."
    )
    prompt_tokens: Annotated[int, Field(ge=0, le=10**12)] | None = None
    completion_tokens: Annotated[int, Field(ge=0, le=10**12)] | None = None
    cost: Annotated[float, Field(ge=0, le=10**6)] | None = Field(
        None, description="US dollars; otherwise it is worked out. Without a known price it is unpriced."
    )
    agent: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    session_id: SessionId = Field(None, description="Active or ended; otherwise the only active one.")


class EndAsked(Asked):
    """A session to end."""

    session_id: SessionId = Field(None, description="Otherwise the only active one.")
    notes: Annotated[str, Field(max_length=LONGEST_NOTES)] | None = Field(None, description="What came of it.")


class Done(Document):
    """It was done."""

    success: bool
    session_id: int


class LoggedAnswer(PushedOne):
    """The call as it was kept, and what its session has come to."""

    success: bool


@router.post("/start", response_model=Done, responses=problems(409))
def start(here: Here, asked: StartAsked) -> Response:
    """Begin a session in a directory, as ``cs start`` does there."""
    return _done(start_session(here, asked.name, directory=asked.directory).id)


@router.post("/end", response_model=Done, responses=problems(404, 409))
def end(here: Here, asked: EndAsked | None = None) -> Response:
    """End a session, with what changed in it."""
    session_id = only_session(here).id if asked is None or asked.session_id is None else asked.session_id
    return _done(end_session(here, session_id, asked.notes if asked else None).id)


@router.post("/log-ai", response_model=LoggedAnswer, responses=problems(404, 409))
def log_ai(here: Here, request: Request, asked: LogAsked) -> Response:
    """Keep a call that was made elsewhere; it counts as logged by hand."""
    entry = Entry(
        asked.provider,
        asked.model,
        asked.tokens,
        asked.prompt_tokens,
        asked.completion_tokens,
        None if asked.cost is None else nanos(asked.cost),
        asked.agent,
    )
    intake: Intake = request.app.state.intake
    call = PushedCall(entry, Where(asked.session_id), None, None, None)
    taken = intake.take(Push((call,), None, needs_session=True))
    return answer_taken(here, taken, is_one=True, success=True)


def _done(session_id: int) -> Response:
    return answer({"success": True, "sessionId": session_id})
