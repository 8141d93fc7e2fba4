"""What does a share card say?"""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from codesession.app import zone_of
from codesession.report.share import card_document, card_of, month_of
from codesession.web.api.common import Document, Here, answer

router = APIRouter()


class SharedModel(Document):
    """One of the dearest models."""

    model: str
    cost: float | None = Field(description="US dollars; null: no price is known.")


class SharedProject(Document):
    """One of the dearest projects."""

    project: str
    cost: float | None = Field(description="US dollars.")


class CardAnswer(Document):
    """What a month came to."""

    month: str = Field(examples=["2026-11"])
    title: str = Field(examples=["November 2026"])
    cost: float | None = Field(description="US dollars, of the calls that have a price; null: none has.")
    unpriced_calls: int
    calls: int
    tokens: int
    sessions: int
    total_time: int = Field(description="Seconds.")
    files: int
    commits: int
    busiest_day: str | None = Field(description="The day that cost most; null: nothing was done.")
    daily_costs: list[float | None] = Field(description="US dollars of each day, from the first one on.")
    models: list[SharedModel]
    projects: list[SharedProject]


@router.get("/share", response_model=CardAnswer)
def share(
    here: Here,
    month: Annotated[str, Query(max_length=20, description="Such as 2026-11; without it: this month.")] = "",
) -> Response:
    """What a month came to, as its share card says it. The picture is drawn in the browser, and sent nowhere."""
    zone = zone_of(here.config)
    return answer(card_document(card_of(here.ledger, month_of(month, here.now_ms(), zone), zone)))
