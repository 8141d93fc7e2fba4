"""Which models were used, and what did each come to?"""

from fastapi import APIRouter, Response
from pydantic import Field

from codesession.app import zone_of
from codesession.report.model_use import (
    model_breakdown_document,
    models_view,
    provider_breakdown_document,
    token_ratios_document,
)
from codesession.web.api.common import DaysOrAll, Document, Here, answer
from codesession.web.api.overview import Evidence

router = APIRouter()


class Use(Document):
    """What calls came to."""

    provider: str
    calls: int
    total_tokens: int
    prompt_tokens: int
    completion_tokens: int
    total_cost: float = Field(description="US dollars, of the calls that have a price.")
    unpriced_calls: int
    evidence: dict[str, Evidence]


class ModelAnswer(Use):
    """What a model came to."""

    model: str
    input_tokens: int = Field(description="Read at the full rate.")
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    unsplit_tokens: int = Field(description="Of which only the total is known.")
    avg_cost: float | None = Field(description="Of a call that has a price; null: none has.")
    cache_share: float | None = Field(description="Read from the provider's cache, of all that was read.")


class ProviderAnswer(Use):
    """What the models of a provider came to."""

    models: int = Field(description="How many.")


class RatioAnswer(Document):
    """How much a model read for what it wrote."""

    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    ratio: float | None = Field(description="Tokens read for each one written; null: none was written.")
    calls: int


@router.get("/model-breakdown", response_model=list[ModelAnswer])
def model_breakdown(here: Here, days: DaysOrAll = None) -> Response:
    """What each model came to, dearest first."""
    return answer(model_breakdown_document(models_view(here.ledger, days, here.now_ms(), zone_of(here.config))))


@router.get("/provider-breakdown", response_model=list[ProviderAnswer])
def provider_breakdown(here: Here, days: DaysOrAll = None) -> Response:
    """What the models of each provider came to, dearest first."""
    return answer(provider_breakdown_document(models_view(here.ledger, days, here.now_ms(), zone_of(here.config))))


@router.get("/token-ratios", response_model=list[RatioAnswer])
def token_ratios(here: Here, days: DaysOrAll = None) -> Response:
    """How much each model read for what it wrote, most calls first."""
    return answer(token_ratios_document(models_view(here.ledger, days, here.now_ms(), zone_of(here.config))))
