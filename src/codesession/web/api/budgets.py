"""What may be spent, by whom, and how: budgets, why a call was refused, and mandates."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from codesession.app import (
    Change,
    Terms,
    Unpriced,
    budgets_everywhere,
    last_refusal,
    remove_budget,
    remove_mandate,
    set_budget,
    set_mandate,
)
from codesession.errors import InvalidInput
from codesession.model import Mode
from codesession.report.budget_words import removed_notes, set_notes
from codesession.report.budgets import budgets_document, set_budget_document
from codesession.report.documents import bare
from codesession.report.mandates import mandates_document, removed_mandate_document, set_mandate_document
from codesession.report.refusals import why_document
from codesession.web.api.common import LARGEST, Asked, Document, Here, answer, nanos, problems

router = APIRouter(tags=["budgets"])

MOST_DOLLARS = 10**8
LONGEST_SCOPE = 4_100
MOST_PATTERNS = 100
MOST_ASK_S = 86_400

Scope = Annotated[str, Field(min_length=1, max_length=LONGEST_SCOPE)]
Amount = Annotated[float, Field(ge=0, le=MOST_DOLLARS)]
Window = Literal["session", "day", "week", "month", "total"]
_SCOPE = "session (each), session:ID, all, project:PATH, agent:NAME, user:ID, customer:ID or model:PATTERN; * is each."


class BudgetAsked(Asked):
    """A limit on a scope; what is left out stays as it was, or is as usual."""

    scope: Scope = Field(description=_SCOPE, examples=["customer:acme"])
    limit: Amount = Field(description="US dollars.")
    window: Window | None = Field(None, description="From when on calls count; usually day, or session of a session.")
    mode: Literal["warn", "block", "stop"] | None = Field(None, description="At the limit: tell, refuse, or end.")
    strict: bool | None = Field(None, description="Hold the most that each call can cost.")
    warn_at: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="Tell at this percentage.")
    ask: Annotated[int, Field(ge=0, le=MOST_ASK_S)] | None = Field(
        None, description="Seconds that a call at the limit waits for a person; 0: it does not."
    )
    unpriced: Literal["refuse", "allow"] | Amount | None = Field(
        None, description="What a call without a known price is, or counts as, in US dollars."
    )


class AccountAnswer(Document):
    """What a budget has come to for one subject."""

    subject: str | None
    session_id: int | None
    spent: float = Field(description="US dollars, as all money here.")
    held: float
    free: float = Field(description="Below 0 when the limit has been passed.")
    limit: float
    extra: float = Field(description="What was approved beyond the limit, in this window.")
    unpriced_calls: int
    began: str | None
    ends: str | None
    evidence: dict[str, float]


class BudgetAnswer(Document):
    """A budget with its accounts."""

    id: int
    scope: str
    window: str
    limit: float
    mode: str
    strict: bool
    warn_at: int
    ask: int | None = Field(description="Seconds; null: nobody is asked.")
    unpriced: str | float
    source: str = Field(description="user, or the file that sets it.")
    accounts: list[AccountAnswer]
    accounts_omitted: int


class WaitingAnswer(Document):
    """A call that waits for a person."""

    id: int
    rule: str
    message: str
    session_id: int | None
    model: str
    missing: float | None
    asked: str
    until: str


class LimitsAnswer(Document):
    """What a mandate allows, beside the budgets."""

    scope: str
    allow: list[str]
    deny: list[str]
    most_per_call: float | None
    most_parallel: int | None
    source: str


class BudgetsAnswer(Document):
    """Everything that is limited."""

    daily: float | None = Field(description="The limit of all calls of a day.")
    session: float | None = Field(description="The limit of each session.")
    timezone: str = Field(description="Where days begin.")
    budgets: list[BudgetAnswer]
    budgets_of_ended_sessions: int
    waiting: list[WaitingAnswer]
    mandates: list[LimitsAnswer]


class SetAnswer(Document):
    """A budget that was set."""

    budget: BudgetAnswer
    notes: list[str] = Field(description="What it does from now on, in sentences.")


class RemovedAnswer(Document):
    """A budget that was removed."""

    removed: BudgetAnswer
    notes: list[str]


class FigureAnswer(Document):
    """How one budget came out for a call that was refused."""

    account: str
    window: str
    mode: str
    strict: bool
    limit: float
    spent: float
    held: float
    needed: float | None
    kept: bool


class RefusalAnswer(Document):
    """A call that was refused, or an answer that was ended."""

    kind: str
    at: str
    rule: str | None
    message: str
    advice: str | None
    session_id: int | None
    call_id: int | None
    provider: str | None
    model: str | None
    agent: str | None
    user: str | None
    customer: str | None
    budgets: list[FigureAnswer]


class WhyAnswer(Document):
    """The last refusal."""

    refusal: RefusalAnswer | None = Field(description="null: none was refused.")


class MandateAnswer(Document):
    """What an agent or a project may do, whatever it costs."""

    id: int
    scope: str
    allow: list[str]
    deny: list[str]
    most_per_call: float | None
    parallel: int | None
    source: str


class MandatesAnswer(Document):
    """All of them."""

    mandates: list[MandateAnswer]


class MandateSetAnswer(Document):
    """A mandate that was set."""

    mandate: MandateAnswer
    replaced: bool = Field(description="Whether it stands in the place of a former one.")


class MandateRemovedAnswer(Document):
    """A mandate that was removed."""

    removed: bool
    mandate: MandateAnswer


class MandateAsked(Asked):
    """What an agent or a project may do; at least one of these is said."""

    scope: Scope = Field(description="all, project:PATH, agent:NAME, user:ID or customer:ID; * is each of them.")
    allow: list[str] = Field(default_factory=list, max_length=MOST_PATTERNS)
    deny: list[str] = Field(default_factory=list, max_length=MOST_PATTERNS)
    most_per_call: Amount | None = Field(None, description="US dollars that a single call may cost at most.")
    parallel: Annotated[int, Field(ge=1, le=LARGEST)] | None = Field(None, description="Calls in flight at a time.")


def _named(scope: str) -> str:
    """A scope that says of itself which project it means: no server stands in one."""
    if scope.strip() == "project":
        raise InvalidInput("Say which project: project:PATH, with the whole path of its directory.")
    return scope


@router.get("/budgets", response_model=BudgetsAnswer)
def budgets(here: Here) -> Response:
    """Every budget with what it has come to, the calls that wait, and the mandates."""
    return answer(bare(budgets_document(budgets_everywhere(here))))


@router.post("/budgets", response_model=SetAnswer, responses=problems(404, 413, 415))
def set_one(here: Here, asked: BudgetAsked) -> Response:
    """Set the budget of a scope."""
    terms = Terms(
        nanos(asked.limit),
        Mode(asked.mode) if asked.mode else None,
        asked.strict,
        asked.warn_at,
        asked.ask,
        _unpriced(asked.unpriced),
    )
    change = set_budget(here, _named(asked.scope), asked.window, terms)
    return answer(bare(set_budget_document(change, set_notes(change.budget, change.standings))))


@router.delete("/budgets", response_model=RemovedAnswer, responses=problems(404))
def remove_one(
    here: Here,
    scope: Annotated[str, Query(min_length=1, max_length=LONGEST_SCOPE, description=_SCOPE)],
    window: Annotated[Window | None, Query(description="Of which window, if the scope has several.")] = None,
) -> Response:
    """Remove the budget of a scope."""
    removed = Change(remove_budget(here, _named(scope), window), is_removed=True)
    return answer(bare(set_budget_document(removed, removed_notes(removed.budget))))


@router.get("/budgets/why", response_model=WhyAnswer, responses=problems(404))
def why(
    here: Here,
    session_id: Annotated[
        int | None, Query(alias="sessionId", ge=1, le=LARGEST, description="In that session.")
    ] = None,
) -> Response:
    """Why the last call was refused, or the last answer ended, and how each budget stood then."""
    return answer(bare(why_document(last_refusal(here, session_id))))


@router.get("/mandates", response_model=MandatesAnswer)
def mandates(here: Here) -> Response:
    """What agents and projects may do, whatever it costs."""
    with here.ledger.reading() as reader:
        said = mandates_document(reader.mandates(), ())
    return answer({"mandates": said["mandates"]})


@router.post("/mandates", response_model=MandateSetAnswer, responses=problems(413, 415))
def set_a_mandate(here: Here, asked: MandateAsked) -> Response:
    """Set the mandate of a scope, in the place of a former one."""
    mandate, is_replaced = set_mandate(
        here,
        _named(asked.scope),
        allow=asked.allow,
        deny=asked.deny,
        most_per_call_nanos=None if asked.most_per_call is None else nanos(asked.most_per_call),
        most_parallel=asked.parallel,
    )
    return answer(bare(set_mandate_document(mandate, is_replaced=is_replaced)))


@router.delete("/mandates", response_model=MandateRemovedAnswer, responses=problems(404))
def remove_a_mandate(
    here: Here, scope: Annotated[str, Query(min_length=1, max_length=LONGEST_SCOPE, description="As it was set.")]
) -> Response:
    """Remove the mandate of a scope."""
    return answer(bare(removed_mandate_document(remove_mandate(here, _named(scope)))))


def _unpriced(said: str | float | None) -> Unpriced | None:
    if said is None:
        return None
    if isinstance(said, str):
        return Unpriced(None if said == "refuse" else 0)
    return Unpriced(nanos(said))
