"""What do the rows look like that several endpoints answer with? One description of each."""

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from codesession.web.api.common import Document

Absent = SkipJsonSchema[None]
"""``T | Absent = None``: a key that is left out where nothing is known, and is never null."""


class CallAnswer(Document):
    """A call. What is not known is left out, but for the cost, which is then null: the call is *unpriced*."""

    id: int
    session_id: int | None
    provider: str
    model: str = Field(description="The one that answered, or, until it has, the one asked for.")
    tokens: int = Field(description="All that were read and written.")
    cost: float | None = Field(description="US dollars; null: in flight, failed, or no price is known.")
    timestamp: str = Field(description="When it was sent.", json_schema_extra={"format": "date-time"})
    evidence: str | None = Field(description="measured, reported, imported, manual or estimated.")
    state: str = Field(description="held (in flight), settled, released (failed, nothing was billed) or lost.")
    unpriced: bool
    interrupted_by: str | None = Field(description="client, upstream or process: who ended it too early.")
    endpoint: str
    streamed: bool
    prompt_tokens: int | Absent = Field(None, description="All that were read, cached ones too.")
    completion_tokens: int | Absent = Field(None, description="All that were written, reasoning too.")
    cache_read_tokens: int | Absent = Field(None, description="Of promptTokens, read from the provider's cache.")
    cache_write_tokens: int | Absent = Field(None, description="Of promptTokens, written to it for its usual time.")
    cache_write1h_tokens: int | Absent = Field(
        None, alias="cacheWrite1hTokens", description="Of promptTokens, written to it for an hour."
    )
    reasoning_tokens: int | Absent = Field(None, description="Of completionTokens, hidden thinking.")
    web_searches: int | Absent = None
    cache_write_other_tokens: int | Absent = None
    audio_input_tokens: int | Absent = None
    image_input_tokens: int | Absent = None
    video_input_tokens: int | Absent = None
    audio_output_tokens: int | Absent = None
    image_output_tokens: int | Absent = None
    video_output_tokens: int | Absent = None
    file_searches: int | Absent = None
    rerank_searches: int | Absent = None
    agent_name: str | Absent = None
    user: str | Absent = None
    customer: str | Absent = None
    feature: str | Absent = None
    client_session: str | Absent = Field(None, description="The agent's own session id.")
    request_id: str | Absent = Field(None, description="The provider's.")
    price_source: str | Absent = Field(None, description="By whose price: such as genai-prices 0.2.3, or manual.")
    duration_seconds: float | Absent = None
    ended_by_rule: str | Absent = Field(None, description="The rule of the firewall that ended the answer.")
    saved_cost: float | Absent = Field(None, description="US dollars: what an answer from the cache saved.")
    service_tier: str | Absent = None
    speed: str | Absent = None
    geography: str | Absent = None
    batch: bool | Absent = None
    local: bool | Absent = Field(None, description="It ran on the user's own hardware.")
    hardware: str | Absent = None
    extra_usage: dict[str, float] | Absent = Field(None, description="What else the provider told, by its own names.")


class SessionSumsAnswer(Document):
    """What a session has come to."""

    id: int
    name: str
    ai_cost: float = Field(description="US dollars, of the calls that have a price.")
    ai_tokens: int
    ai_calls: int
    unpriced_calls: int
    total_cost: float = Field(description="The same as aiCost.")
    total_tokens: int = Field(description="The same as aiTokens.")
