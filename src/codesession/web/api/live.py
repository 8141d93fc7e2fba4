"""What runs now, and what does a person say to it? Stop, wait, go on; yes or no to a call that waits."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from codesession.app import allow_session, approve, deny, pause_session, stop_session
from codesession.app.proxy_status import proxy_status
from codesession.config import PROXY_PORT
from codesession.report.live import calls_in_flight, events_since, live_view
from codesession.report.live_documents import event_row, holds_document, live_document
from codesession.report.refusals import answered_rows
from codesession.web.api.common import LARGEST, Asked, Document, Here, Limit, RowId, answer, nanos, problems

router = APIRouter(tags=["live"])

MOST_WAIT_S = 24 * 3600
MOST_DOLLARS = 1_000_000

MOMENT: dict[str, Any] = {"format": "date-time"}


class QuestionAnswer(Document):
    """A call that waits, or waited, for a person."""

    id: int
    rule: str = Field(description="The rule of the firewall that holds it up.")
    message: str
    session_id: int | None
    model: str
    missing: float | None = Field(description="US dollars that it lacks to pass; null: it is not about money.")
    asked: str = Field(json_schema_extra=MOMENT)
    until: str = Field(description="When it is refused unless somebody answers.", json_schema_extra=MOMENT)


class EventAnswer(Document):
    """Something the firewall did, or a person told it."""

    id: int
    kind: str = Field(description="refused, ended, asked, approved, denied, warned, stopped, paused or resumed.")
    at: str = Field(json_schema_extra=MOMENT)
    rule: str | None
    message: str
    session_id: int | None
    call_id: int | None
    provider: str | None
    model: str | None
    agent: str | None
    user: str | None
    customer: str | None


class LimitAnswer(Document):
    """A budget that applies to a session, in US dollars."""

    account: str = Field(description="Whose it is: session 12, all, project:/a/path.")
    window: str = Field(description="session, day, week, month or total.")
    mode: str = Field(description="warn, block or stop.")
    strict: bool
    limit: float
    spent: float
    held: float
    free: float


class LiveSessionAnswer(Document):
    """A session that has not ended."""

    id: int
    name: str
    working_directory: str
    branch: str | None
    start_time: str = Field(json_schema_extra=MOMENT)
    duration: int = Field(description="Whole seconds until now.")
    origin: str = Field(
        description="run (a live program keeps it open), left (that program has died), hand, or background."
    )
    state: str = Field(description="running, paused (its calls wait) or stopped (they are refused).")
    state_since: str | None = Field(json_schema_extra=MOMENT)
    ai_cost: float | None = Field(description="US dollars; null: no price is known for any call.")
    ai_tokens: int
    ai_calls: int
    unpriced_calls: int
    cost_per_hour_lately: float | None = Field(description="US dollars, of the last quarter of an hour.")
    calls_in_flight: int
    held: float | None = Field(description="US dollars that its calls in flight can cost at most.")
    budgets: list[LimitAnswer]
    waiting: list[int] = Field(description="The ids of its calls that wait for a person.")


class StoppedAnswer(Document):
    """A session that has ended, and whose calls are refused still."""

    id: int
    name: str
    since: str = Field(json_schema_extra=MOMENT)


class LiveAnswer(Document):
    """What runs now."""

    now: str = Field(json_schema_extra=MOMENT)
    calls_in_flight: int
    held: float | None = Field(description="US dollars that they can cost at most.")
    cost_per_hour: float | None = Field(description="US dollars, of the last quarter of an hour.")
    sessions: list[LiveSessionAnswer] = Field(description="The newest first.")
    waiting: list[QuestionAnswer] = Field(description="Calls that wait for a person.")
    stopped: list[StoppedAnswer]
    events: list[EventAnswer] = Field(description="The newest first.")


class HoldAnswer(Document):
    """A call in flight."""

    id: int
    session_id: int | None
    provider: str
    model: str
    agent: str | None
    streamed: bool
    started: str = Field(json_schema_extra=MOMENT)
    held: float | None = Field(description="US dollars that it can cost at most; null: no price is known.")


class ProxyAnswer(Document):
    """Whether a proxy listens at the usual port."""

    running: bool
    port: int
    version: str | None
    session_id: int | None = Field(description="To which calls go that name no session.")
    unmetered: int
    unrecorded: int


class StopAsked(Asked):
    """How a session is stopped."""

    end: bool = Field(default=False, description="Whether it ends too; that of a live cs run ends with its program.")


class StopAnswer(Document):
    """A session whose calls are refused from now on."""

    success: bool
    session_id: int
    state: str
    ended: bool
    ends_with_program: bool = Field(description="Whether a live cs run or cs proxy will end it.")


class PauseAsked(Asked):
    """How long calls wait."""

    wait_seconds: Annotated[int, Field(ge=0, le=MOST_WAIT_S)] | None = Field(
        None, description="How long a call waits before it is refused; otherwise as the settings say."
    )


class PauseAnswer(Document):
    """A session whose calls wait."""

    success: bool
    session_id: int
    state: str
    wait_seconds: int


class ResumeAnswer(Document):
    """A session whose calls go on."""

    success: bool
    session_id: int
    state: str


class ApproveAsked(Asked):
    """How much more is allowed."""

    amount: Annotated[float, Field(gt=0, le=MOST_DOLLARS)] | None = Field(
        None, description="US dollars; otherwise what is missing."
    )


class RaisedAnswer(Document):
    """More that is allowed in one account, in US dollars."""

    account: str
    window: str
    approved: float
    limit: float
    spent: float
    free: float


class ApproveAnswer(Document):
    """A call that goes on."""

    success: bool
    answered: list[QuestionAnswer]
    approved: list[RaisedAnswer]


class DenyAnswer(Document):
    """A call that is refused."""

    success: bool
    answered: list[QuestionAnswer]


# --- what there is ---


@router.get("/live", response_model=LiveAnswer)
def show_live(here: Here) -> Response:
    """What runs now: each live session with its budgets, the calls that wait, and what the firewall did lately."""
    return answer(live_document(live_view(here.ledger, here.now_ms())))


@router.get("/holds", response_model=list[HoldAnswer])
def list_holds(here: Here, limit: Limit = 100) -> Response:
    """The calls in flight, the oldest first."""
    return answer(holds_document(calls_in_flight(here.ledger, limit)))


@router.get("/events", response_model=list[EventAnswer])
def list_events(
    here: Here,
    since: Annotated[
        int | None, Query(ge=0, le=LARGEST, description="Only those after the event of that id; otherwise the newest.")
    ] = None,
    limit: Limit = 100,
) -> Response:
    """What the firewall did, and what people told it, the oldest first."""
    return answer([event_row(event) for event in events_since(here.ledger, since, limit)])


@router.get("/proxy/status", response_model=ProxyAnswer)
def show_proxy(request: Request) -> Response:
    """Whether a proxy listens: the one of this program, else one at the usual port."""
    switch = request.app.state.proxy_switch
    now = proxy_status(switch.port or switch.beside or PROXY_PORT)
    return answer(
        {
            "running": now.running,
            "port": now.port,
            "version": now.version,
            "sessionId": now.session_id,
            "unmetered": now.unmetered,
            "unrecorded": now.unrecorded,
        }
    )


# --- what is said to it ---


@router.post("/sessions/{session_id}/kill", response_model=StopAnswer, responses=problems(404))
def kill_session(here: Here, session_id: RowId, asked: StopAsked | None = None) -> Response:
    """Refuse every call of a session from now on, end its answers that run, and the program of its cs run."""
    stopped = stop_session(here, session_id, end=asked is not None and asked.end)
    return answer(
        {
            "success": True,
            "sessionId": session_id,
            "state": "stopped",
            "ended": not stopped.session.is_active,
            "endsWithProgram": stopped.session.is_active and stopped.by_its_owner,
        }
    )


@router.post("/sessions/{session_id}/pause", response_model=PauseAnswer, responses=problems(404))
def pause(here: Here, session_id: RowId, asked: PauseAsked | None = None) -> Response:
    """Let the calls of a session wait until it is resumed or stopped; answers that run go on."""
    switch = pause_session(here, session_id, asked.wait_seconds if asked else None)
    return answer({"success": True, "sessionId": session_id, "state": switch.state, "waitSeconds": switch.wait_s})


@router.post("/sessions/{session_id}/resume", response_model=ResumeAnswer, responses=problems(404))
def resume(here: Here, session_id: RowId) -> Response:
    """Let the calls of a session go on that was paused, or stopped without having been a run's."""
    allow_session(here, session_id)
    return answer({"success": True, "sessionId": session_id, "state": "running"})


@router.post("/approvals/{question_id}/approve", response_model=ApproveAnswer, responses=problems(404))
def approve_call(here: Here, question_id: RowId, asked: ApproveAsked | None = None) -> Response:
    """Let a call pass that waits for a person, and allow more where money is missing."""
    amount = None if asked is None or asked.amount is None else nanos(asked.amount)
    done = approve(here, amount, question_id=question_id)
    return answer({"success": True, **answered_rows(done.answered, done.raised)})


@router.post("/approvals/{question_id}/deny", response_model=DenyAnswer, responses=problems(404))
def deny_call(here: Here, question_id: RowId) -> Response:
    """Refuse a call that waits for a person."""
    return answer({"success": True, "answered": answered_rows(deny(here, question_id=question_id))["answered"]})
