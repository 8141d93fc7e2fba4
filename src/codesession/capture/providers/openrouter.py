"""What does OpenRouter say of a call? What OpenAI says, and what it cost.

https://openrouter.ai/docs/use-cases/usage-accounting (read 2026-11-28): ``cost`` is what was charged, in credits, of
which one is a dollar. With a key of the user's own (``is_byok``) that is OpenRouter's fee only; what the model's
provider charges, ``cost_details.upstream_inference_cost``, comes on top. Tokens are those of the model's own
tokenizer. A stream tells its usage unasked, in its last chunk.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers import openai_usage
from codesession.capture.providers.anthropic import ANTHROPIC, MessagesStream
from codesession.capture.providers.compatible import compatible, reaching, without
from codesession.capture.providers.reported import nanos_of
from codesession.capture.providers.values import Shape, Unreadable, count, part
from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Answered, Reading, Told
    from codesession.model import Nanos
    from codesession.model.terms import Extra


def paid(counters: dict[str, Any]) -> Nanos | None:
    """What a call cost its user, in nano-dollars; None where that is not told.

    >>> paid({"cost": 0.00014}), paid({"cost": 0})
    (140000, 0)
    >>> paid({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}})
    21000000
    >>> paid({"cost": 0, "is_byok": True}) is None
    True
    """
    charged = nanos_of(counters.get("cost"))
    if not counters.get("is_byok"):
        return charged
    upstream = nanos_of(part(counters, "cost_details").get("upstream_inference_cost"))
    return None if charged is None or upstream is None else charged + upstream


def tell(counters: dict[str, Any], answered: Answered) -> Told:
    """What OpenRouter's counters say, and what it charges.

    Raises:
        Unreadable: they are not counters, or contradict each other.
    """
    told = openai_usage.tell(without(counters, "cost", "search_units"), answered)
    video = count(part(counters, "prompt_tokens_details").get("video_tokens"))
    if video > told.usage.input:
        raise Unreadable("the parts of the usage are more than the whole")
    seen = Usage(input=-video, input_video=video, rerank_searches=count(counters.get("search_units")))
    extra = tuple(number for number in told.extra if number[0] != "prompt_tokens_details.video_tokens")
    return told._replace(usage=told.usage + seen, reported_nanos=paid(counters), extra=extra)


class _Event(msgspec.Struct):
    usage: dict[str, Any] | None = None


_EVENT = Shape(_Event)
_MESSAGES = ANTHROPIC.endpoints["/v1/messages"]


class _MessagesStream(MessagesStream):
    """Reads a Messages stream, with the cost that is told beside Anthropic's counters."""

    def take(self, data: bytes) -> None:
        super().take(data)
        counters = _EVENT.read(data).usage if b'"cost"' in data else None
        if counters and "cost" in counters:
            self.reported_nanos, self.extra = paid(counters), _without_cost(self.extra)


def _read_message(body: bytes) -> Reading:
    reading = _MESSAGES.read_answer(body)
    counters = _EVENT.read(body).usage or {}
    return replace(reading, reported_nanos=paid(counters), extra=_without_cost(reading.extra))


def _without_cost(extra: Extra) -> Extra:
    return tuple(number for number in extra if number[0] != "cost")


OPENROUTER = compatible(
    "openrouter",
    "https://openrouter.ai/api",
    {"OPENROUTER_API_BASE": "/v1"},
    tell=tell,
    asks_usage=False,
    reaches=("plugins", "web_search_options"),
    endpoints={
        "/v1/messages": replace(
            _MESSAGES,
            read_request=reaching(_MESSAGES.read_request, "plugins"),
            read_answer=_read_message,
            stream_reader=_MessagesStream,
        )
    },
)
