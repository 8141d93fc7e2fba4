"""What was spent, day by day and in all? The numbers of the first page."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from codesession.app import zone_of
from codesession.report.daily import daily_costs_document, daily_sums, daily_tokens_document
from codesession.report.documents import session_document
from codesession.report.overview import overview, overview_document
from codesession.report.stats import stats, totals_document
from codesession.report.velocity import dearest_sessions, newest_costs, velocity_document
from codesession.web.api.common import Days, DaysOrAll, Document, Here, Limit, answer
from codesession.web.api.sessions import Agents, SessionAnswer

router = APIRouter()

_MOST_STRETCH = 90
Stretch = Annotated[
    int, Query(ge=1, le=_MOST_STRETCH, description="How many days to tell of, today among them; as many before count.")
]


class Evidence(Document):
    """What of a number was got in one way."""

    calls: int
    tokens: int
    cost: float = Field(description="US dollars, of the calls that have a price.")
    unpriced_calls: int


class StatsAnswer(Document):
    """What sessions and calls come to."""

    total_sessions: int
    total_time: int = Field(description="Seconds; of active sessions up to now.")
    total_files: int
    total_commits: int
    total_ai_cost: float = Field(alias="totalAICost", description="US dollars, of the calls that have a price.")
    avg_session_time: int = Field(description="Seconds.")
    active_sessions: int
    total_calls: int
    total_tokens: int
    unpriced_calls: int
    evidence: dict[str, Evidence]


class DailyCost(Document):
    """What a day came to."""

    day: str = Field(description="In the user's time zone.", examples=["2026-11-28"])
    cost: float = Field(description="US dollars, of the calls that have a price.")
    sessions: int
    tokens: int
    calls: int
    unpriced_calls: int


class DailyTokens(Document):
    """What a day consumed."""

    day: str = Field(description="In the user's time zone.", examples=["2026-11-28"])
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    input_tokens: int = Field(description="Read at the full rate.")
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    unsplit_tokens: int = Field(description="Of which only the total is known.")


class Velocity(Document):
    """How fast a session spent."""

    id: int
    name: str
    start_time: str
    duration: int = Field(description="Seconds; of an active session up to now.")
    ai_cost: float
    cost_per_hour: float
    unpriced_calls: int


class Amount(Document):
    """What some calls came to; a cost of null: no call has a price."""

    cost: float | None
    calls: int
    tokens: int
    unpriced_calls: int
    evidence: dict[str, Evidence]


class Spent(Amount):
    """What the days came to, and how that compares."""

    before: float | None = Field(description="What as many days before them cost, to the same time of day.")
    calls_before: int
    change: float | None = Field(description="As a share of what was spent before; null: not known.")


class ComingDay(Document):
    """What a day to come is expected to cost."""

    day: str
    cost: float


class ProjectionAnswer(Document):
    """Where it is heading; null: nothing is known."""

    day_average: float | None
    month_so_far: float | None
    month: float | None
    days_left: int = Field(description="Whole days of the month after today.")
    history_days: int
    method: str
    coming_days: list[ComingDay]


class SessionsAnswer(Document):
    """The sessions that began in these days, and how many go on, whenever they began."""

    total_sessions: int
    active_sessions: int
    total_time: int
    avg_session_time: int | None
    avg_session_cost: float | None
    total_files: int
    total_commits: int


class Pace(Document):
    """What was spent in a quarter of an hour."""

    time: str
    cost: float | None
    cost_per_hour: float | None


class SessionCost(Document):
    """A session with what it cost, and that by the hour; null: not known."""

    id: int
    name: str
    status: str
    start_time: str
    working_directory: str
    duration: int
    ai_cost: float | None
    ai_tokens: int
    ai_calls: int
    unpriced_calls: int
    cost_per_hour: float | None


class RecentSession(SessionCost):
    """The same, and who made its calls."""

    agents: Agents


class OverviewAnswer(Document):
    """Everything that the first page shows."""

    days: int
    today: Amount
    spent: Spent
    since: str | None = Field(description="The day of the first call, if that is not long ago.")
    projection: ProjectionAnswer
    sessions: SessionsAnswer
    daily_costs: list[DailyCost]
    velocity: list[Pace] = Field(description="The last 24 hours.")
    top_sessions: list[SessionCost]
    fastest_sessions: list[SessionCost]
    recent_sessions: list[RecentSession]


@router.get("/overview", response_model=OverviewAnswer)
def show_overview(here: Here, days: Stretch = 30) -> Response:
    """Everything that the first page shows."""
    return answer(overview_document(overview(here.ledger, here.now_ms(), zone_of(here.config), days)))


@router.get("/stats", response_model=StatsAnswer)
def show_stats(here: Here, days: DaysOrAll = None) -> Response:
    """What all sessions and calls come to."""
    return answer(totals_document(stats(here.ledger, days, here.now_ms(), zone_of(here.config))))


@router.get("/daily-costs", response_model=list[DailyCost])
def daily_costs(here: Here, days: Days = 30) -> Response:
    """What each day came to, today the last."""
    return answer(daily_costs_document(daily_sums(here.ledger, days, here.now_ms(), zone_of(here.config))))


@router.get("/daily-tokens", response_model=list[DailyTokens])
def daily_tokens(here: Here, days: Days = 30) -> Response:
    """What each day consumed, today the last."""
    return answer(daily_tokens_document(daily_sums(here.ledger, days, here.now_ms(), zone_of(here.config))))


@router.get("/top-sessions", response_model=list[SessionAnswer])
def top_sessions(here: Here, limit: Limit = 10, days: DaysOrAll = None) -> Response:
    """The sessions that cost most, dearest first."""
    found = dearest_sessions(here.ledger, limit, days, here.now_ms(), zone_of(here.config))
    return answer([session_document(cost.view) for cost in found])


@router.get("/cost-velocity", response_model=list[Velocity])
def cost_velocity(here: Here, limit: Limit = 50, days: DaysOrAll = None) -> Response:
    """What an hour of each of the newest sessions cost, newest first; those of which that is not known are left out."""
    found = newest_costs(here.ledger, limit, days, here.now_ms(), zone_of(here.config))
    return answer(velocity_document(found))
