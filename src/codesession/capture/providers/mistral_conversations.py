"""What does Mistral say of a conversation that it keeps? What was read and written, and what its connectors brought.

https://docs.mistral.ai/api/#tag/beta.conversations and the types of its Python SDK (`mistralai` 3.7.0, read
2026-11-28). The model is that of an agent, so that only what was written tells it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.base import Answered, Asked, Endpoint, Reading, Told, whole
from codesession.capture.providers.compatible import written_in
from codesession.capture.providers.openai_refusal import refusal_event
from codesession.capture.providers.openai_usage import tell
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import trace
from codesession.capture.providers.values import Shape, count, extras, limit, name, part
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping


def tell_conversation(counters: Mapping[str, Any]) -> Told:
    """What the counters of a conversation say: what its connectors brought was read, beside the prompt.

    >>> tell_conversation({"prompt_tokens": 188, "completion_tokens": 55, "total_tokens": 7355,
    ...                    "connector_tokens": 7112, "connectors": {"web_search": 1}}).usage
    Usage(input=7300, output=55, web_searches=1)

    Raises:
        Unreadable: they are not counters.
    """
    searches = count(part(counters, "connectors").get("web_search"))
    brought = Usage(input=count(counters.get("connector_tokens")), web_searches=searches)
    rest = {key: value for key, value in counters.items() if key not in ("connector_tokens", "connectors")}
    told = tell(rest, Answered())
    others = extras({"connectors": counters.get("connectors")}, frozenset({"connectors.web_search"}))
    return told._replace(usage=told.usage + brought, extra=told.extra + others)


class _Output(msgspec.Struct):
    model: str | None = None


class _Conversation(msgspec.Struct):
    type: str | None = None
    conversation_id: str | None = None
    model: str | None = None
    outputs: list[_Output] | None = None
    usage: dict[str, Any] | None = None
    content: Any = None


class _ConversationRequest(msgspec.Struct):
    model: Any = None
    stream: Any = None
    completion_args: Any = None


_CONVERSATION = Shape(_Conversation)
_REQUEST = Shape(_ConversationRequest)


def read_conversation_request(body: bytes) -> Asked:
    """What is asked of a conversation: its past is kept by Mistral, and its agent may have tools of its own."""
    request = _REQUEST.read(body)
    most = part({"args": request.completion_args}, "args").get("max_tokens")
    return Asked(
        name(request.model),
        request.stream is True,
        limit(most),
        reads_elsewhere=True,
        is_unbounded=True,
        trace=trace(body),
    )


def read_conversation(body: bytes) -> Reading:
    """What a whole answer in a conversation says; raises `Unreadable`."""
    answer = _CONVERSATION.read(body)
    model = next((output.model for output in answer.outputs or () if output.model), None)
    if not answer.usage:
        return Reading(has_ended=True, written_bytes=len(body), model=model)
    return whole(tell_conversation(answer.usage), model, None)


class ConversationStream(StreamReader):
    """Reads a conversation's stream, whose last event tells its usage.

    One conversation has many answers, so that its id is not theirs.
    """

    telling = re.compile(rb'"conversation\.response\.done"')
    marks = (b'"conversation.response.done"',)

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _CONVERSATION.read(data)
        if event.type != "conversation.response.done":
            self._written_bytes += self.written(data)
            return
        self.has_ended = True
        if event.usage:
            self.learn(tell_conversation(event.usage), is_final=True)

    def written(self, data: bytes) -> int:
        if b'"message.output.delta"' not in data:
            return 0
        event = _CONVERSATION.read(data)
        self.model = event.model or self.model
        return written_in(event.content)

    def ending(self, message: str) -> bytes:
        return refusal_event(message)


CONVERSATION = Endpoint(
    "conversation", read_conversation_request, read_conversation, ConversationStream, is_repeatable=False
)
PATH = re.compile(r"/v1/conversations(?:/[^/]+(?:/restart)?)?")
"""Where one is begun, gone on with, or begun again from an earlier point."""
