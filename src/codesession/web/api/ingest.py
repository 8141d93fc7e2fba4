"""How does an app tell us of its calls? With a POST of one of them, or of up to a thousand."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import Discriminator, Field, Tag
from starlette.background import BackgroundTask

from codesession.app.entries import LONGEST_MODEL, LONGEST_PROVIDER, LONGEST_TAG, Entry, tell
from codesession.app.push_receipts import Push, PushedCall
from codesession.app.push_sessions import Where
from codesession.app.words import LONGEST_NAME
from codesession.errors import InvalidInput
from codesession.report.pushed import PushedView, pushed_document
from codesession.web.api.answers import CallAnswer, SessionSumsAnswer
from codesession.web.api.common import LARGEST, Asked, Document, Here, answer, nanos, problems

if TYPE_CHECKING:
    from codesession.app import App
    from codesession.app.push_receipts import Taken
    from codesession.app.pushes import Intake

router = APIRouter(tags=["calls"])

MOST_CALLS = 1000
MOST_TOKENS = 10**12
MOST_DOLLARS = 10**6
MOST_SECONDS = 10**9
LONGEST_KEY = 200
LONGEST_PATH = 4096

Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS)]
Tag_ = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]
Key = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]


class CallAsked(Asked):
    """A call that was made, and what it used."""

    provider: str = Field(min_length=1, max_length=LONGEST_PROVIDER, examples=["anthropic"])
    model: str = Field(min_length=1, max_length=LONGEST_MODEL, examples=["claude-sonnet-4"])
    prompt_tokens: Tokens | None = Field(None, description="All that were read, cached ones too.", examples=[8000])
    completion_tokens: Tokens | None = Field(None, description="All that were written, reasoning too.", examples=[2000])
    tokens: Tokens | None = Field(
        None, description="All of them, where it is not known how many were read: seven tenths are taken to be."
    )
    cache_read_tokens: Tokens | None = Field(None, description="Of promptTokens, read from the provider's cache.")
    cache_write_tokens: Tokens | None = Field(None, description="Of promptTokens, written to it for its usual time.")
    cache_write1h_tokens: Tokens | None = Field(
        None, alias="cacheWrite1hTokens", description="Of promptTokens, written to it for an hour."
    )
    reasoning_tokens: Tokens | None = Field(None, description="Of completionTokens, hidden thinking.")
    cost: Annotated[float, Field(ge=0, le=MOST_DOLLARS)] | None = Field(
        None, description="US dollars, 0 included; otherwise it is worked out. Without a known price it is unpriced."
    )
    agent: Tag_ | None = Field(None, description="Who made it.")
    agent_name: Tag_ | None = Field(None, description="The same as agent.")
    user: Tag_ | None = Field(None, description="For whom: a user of your product.")
    customer: Tag_ | None = Field(None, description="For whom: a customer of yours.")
    feature: Tag_ | None = Field(None, description="For what: a feature of your product.")
    duration_seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS)] | None = None
    timestamp: str | None = Field(
        None,
        max_length=100,
        description="When it was sent, with its time zone; otherwise it has just ended.",
        json_schema_extra={"format": "date-time"},
    )
    session_id: Annotated[int, Field(ge=1, le=LARGEST)] | None = Field(
        None, description="The session it belongs to, active or ended."
    )
    session_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] | None = Field(
        None, description="The active session of that name; one begins where there is none."
    )
    directory: Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)] | None = Field(
        None, description="An absolute path: the session that is active there, or, with sessionName, begins there."
    )
    request_id: Tag_ | None = Field(None, description="The provider's.")
    local: bool = Field(default=False, description="It ran on your own hardware, which costs by the hour.")
    idempotency_key: Key | None = Field(None, description="The same key again counts nothing.")


def _form(body: object) -> Literal["one", "several"]:
    return "several" if isinstance(body, list) else "one"


Pushed = Annotated[
    Annotated[CallAsked, Tag("one")]
    | Annotated[list[CallAsked], Field(min_length=1, max_length=MOST_CALLS), Tag("several")],
    Discriminator(_form),
]

HeaderKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        description="Names this push: the same key again answers as it was answered, and counts nothing.",
    ),
]


class PushedOne(Document):
    """What came of one call."""

    logged: CallAnswer
    session: SessionSumsAnswer | None = Field(description="Null: it belongs to none.")


class PushedSeveral(Document):
    """What came of several calls."""

    logged: list[CallAnswer] = Field(description="In the order they were sent.")
    sessions: list[SessionSumsAnswer]


_REFUSALS = problems(404, 409, 413, 415)


@router.post("/calls", status_code=201, response_model=PushedOne | PushedSeveral, responses=_REFUSALS)
def push_calls(here: Here, request: Request, pushed: Pushed, idempotency_key: HeaderKey = None) -> Response:
    """Keep calls that were made: all of them, or none.

    One that names no session, by sessionId, sessionName or directory, belongs to none.
    """
    return _push(here, request, pushed, idempotency_key, needs_session=False)


@router.post("/sessions/active/ai", status_code=201, response_model=PushedOne | PushedSeveral, responses=_REFUSALS)
def push_to_session(here: Here, request: Request, pushed: Pushed, idempotency_key: HeaderKey = None) -> Response:
    """Keep calls that were made in a session: all of them, or none.

    One that names no session, by sessionId, sessionName or directory, belongs to the only active one.
    """
    return _push(here, request, pushed, idempotency_key, needs_session=True)


def _push(
    here: Here, request: Request, pushed: CallAsked | list[CallAsked], key: str | None, *, needs_session: bool
) -> Response:
    is_one = isinstance(pushed, CallAsked)
    asked = [pushed] if isinstance(pushed, CallAsked) else pushed
    calls = [_call(each) for each in asked]
    if is_one:
        own = calls[0].key
        if own is not None and key not in (None, own):
            raise InvalidInput("Idempotency-Key and idempotencyKey differ: say one of them.", field="idempotencyKey")
        key, calls = key or own, [calls[0]._replace(key=None)]
    intake: Intake = request.app.state.intake
    taken = intake.take(Push(tuple(calls), key, needs_session))
    response = answer_taken(here, taken, HTTPStatus.CREATED, is_one=is_one)
    if taken.is_repeated:
        response.headers["idempotent-replayed"] = "true"
    return response


def answer_taken(here: "App", taken: "Taken", status: int = HTTPStatus.OK, *, is_one: bool, **more: object) -> Response:
    """What came of a push, and `more`; who pushes does not wait for a webhook."""
    response = answer({**more, **pushed_document(PushedView(taken.calls, taken.sessions), is_one=is_one)}, status)
    if taken.due:
        response.background = BackgroundTask(tell, here, taken.due)
    return response


def _call(asked: CallAsked) -> PushedCall:
    """What was asked for, in our own words."""
    if asked.agent is not None and asked.agent_name not in (None, asked.agent):
        raise InvalidInput("agent and agentName differ: say one of them.", field="agent")
    if asked.session_id is not None and (asked.session_name is not None or asked.directory is not None):
        raise InvalidInput("Say sessionId, or sessionName and directory.", field="sessionId")
    entry = Entry(
        asked.provider,
        asked.model,
        asked.tokens,
        asked.prompt_tokens,
        asked.completion_tokens,
        None if asked.cost is None else nanos(asked.cost),
        asked.agent or asked.agent_name,
        asked.user,
        asked.customer,
        asked.feature,
        asked.duration_seconds,
        asked.local,
        asked.cache_read_tokens,
        asked.cache_write_tokens,
        asked.cache_write1h_tokens,
        asked.reasoning_tokens,
    )
    where = Where(asked.session_id, asked.session_name, asked.directory)
    return PushedCall(entry, where, _moment_ms(asked.timestamp), asked.request_id, asked.idempotency_key)


def _moment_ms(timestamp: str | None) -> int | None:
    """A time with its zone, in milliseconds since the epoch."""
    if timestamp is None:
        return None
    try:
        return round((datetime.fromisoformat(timestamp) - _EPOCH).total_seconds() * 1000)
    except (ValueError, TypeError, OverflowError):  # a time without its zone cannot be told from one with it
        raise InvalidInput("timestamp: write it as 2026-03-01T12:00:00Z.", field="timestamp") from None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
