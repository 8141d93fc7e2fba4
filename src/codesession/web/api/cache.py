"""What has the proxy's exact cache saved?"""

from fastapi import APIRouter, Response
from pydantic import Field

from codesession.app import cache_contents
from codesession.report.cache import cache_sums_document
from codesession.web.api.answers import Absent
from codesession.web.api.common import Document, Here, answer

router = APIRouter(tags=["proxy"])


class CacheAnswer(Document):
    """What the exact cache holds, and what it has saved."""

    enabled: bool = Field(description="Whether answers are kept.")
    ttl_seconds: int = Field(description="How long an answer is used.")
    max_bytes: int
    entries: int
    expired: int = Field(description="Of these, too old to be used.")
    unpriced: int = Field(description="Of these, without a known price: what their hits save is not known.")
    bytes: int
    hits: int
    saved_cost: float = Field(description="US dollars: what the hits would have cost.")
    stored_cost: float = Field(description="US dollars: what the answers cost that are kept.")
    last_hit: str | Absent = None
    oldest_entry: str | Absent = None
    newest_entry: str | Absent = None


@router.get("/proxy/stats", response_model=CacheAnswer)
def proxy_stats(here: Here) -> Response:
    """What the exact cache of the proxy holds, and what it has saved."""
    return answer(
        cache_sums_document(cache_contents(here.config, here.now_ms()), is_enabled=here.config.cache.is_enabled)
    )
