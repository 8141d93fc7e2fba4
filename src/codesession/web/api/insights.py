"""Where does the work go? Files, hours of the week, projects and agents."""

from fastapi import APIRouter, Response
from pydantic import Field

from codesession.app import zone_of
from codesession.report.days import stretch
from codesession.report.insights import (
    agents_document,
    heatmap_document,
    hotspots_document,
    projects_document,
    week_hours,
)
from codesession.web.api.common import DaysOrAll, Document, Here, Limit, answer

router = APIRouter(tags=["insights"])


class HotspotAnswer(Document):
    """A file that sessions changed."""

    file_path: str
    project: str
    change_count: int
    session_count: int
    last_changed: str
    creates: int
    modifies: int
    deletes: int


class HourAnswer(Document):
    """What began in an hour of the week, on the user's clock."""

    day_of_week: int = Field(description="0 is Sunday.")
    hour: int
    sessions: int
    calls: int
    cost: float = Field(description="US dollars, of the calls that have a price.")
    unpriced_calls: int


class ProjectAnswer(Document):
    """What was done and spent in a project, ever."""

    project: str = Field(description="Its directory.")
    sessions: int
    active_sessions: int
    total_cost: float
    total_time: int = Field(description="Seconds; sessions under way count up to now.")
    total_files: int
    total_commits: int
    total_tokens: int
    calls: int
    unpriced_calls: int
    last_active: str | None = Field(description="When its newest session began.")


class AgentAnswer(Document):
    """What an agent came to."""

    agent: str | None = Field(description="null: those that had no name.")
    calls: int
    total_tokens: int
    total_cost: float | None = Field(description="null: none of its calls has a price.")
    unpriced_calls: int


@router.get("/file-hotspots", response_model=list[HotspotAnswer])
def file_hotspots(here: Here, limit: Limit = 50) -> Response:
    """The files that sessions changed most often."""
    with here.ledger.reading() as reader:
        return answer(hotspots_document(reader.hotspots(limit)))


@router.get("/activity-heatmap", response_model=list[HourAnswer])
def activity_heatmap(here: Here, days: DaysOrAll = None) -> Response:
    """The hours of the week in which sessions and calls began, those with none left out."""
    now_ms, zone = here.now_ms(), zone_of(here.config)
    with here.ledger.reading() as reader:
        return answer(heatmap_document(week_hours(reader, stretch(days, now_ms, zone), now_ms, zone)))


@router.get("/projects", response_model=list[ProjectAnswer])
def projects(here: Here, limit: Limit = 1000) -> Response:
    """What was done and spent in each project, dearest first."""
    with here.ledger.reading() as reader:
        return answer(projects_document(reader.projects(limit, here.now_ms())))


@router.get("/agents", response_model=list[AgentAnswer])
def agents(here: Here, days: DaysOrAll = None) -> Response:
    """What each agent came to, dearest first."""
    with here.ledger.reading() as reader:
        return answer(agents_document(reader.agents(stretch(days, here.now_ms(), zone_of(here.config)))))
