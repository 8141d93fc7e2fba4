"""What do Gemini's interactions say of a call, and what is asked for in one?

https://ai.google.dev/api/interactions-api and the types of the Python SDK (google-genai 3.6.1; read 2026-11-28). The
counts mean the same as those of `google_usage`, in other words. An interaction in the background has no usage yet when
it is answered: its call is settled when what it has come to is fetched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.base import Asked, Reading, Told, whole
from codesession.capture.providers.conversations import NOTHING, Beyond, Lenient, any_elsewhere, odd
from codesession.capture.providers.endings import as_event, sendable
from codesession.capture.providers.google_answers import refusal
from codesession.capture.providers.google_usage import billed_searches, usage_of
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.traces import Made, Steps, trace
from codesession.capture.providers.values import Shape, count, extras, limit, name, part, size, word
from codesession.errors import BudgetExceeded
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Tool(msgspec.Struct):
    type: Any = None


class _Request(msgspec.Struct):
    model: Any = None
    agent: Any = None
    stream: Any = None
    background: Any = None
    tools: list[_Tool] | None = None
    input: Any = None
    generation_config: dict[str, Any] | None = None
    previous_interaction_id: Any = None
    cached_content: Any = None
    environment: Any = None
    continuation_token: Any = None
    service_tier: Any = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets Google do and fetch, and what it shows of its loop."""
        is_served = bool(self.agent or self.environment or self.background) or any(
            word(tool.type) not in _CLIENT_TOOLS for tool in self.tools or ()
        )
        named = (self.previous_interaction_id, self.cached_content, self.continuation_token)
        items = [msgspec.Raw(msgspec.json.encode(item)) for item in self.input] if isinstance(self.input, list) else []
        is_elsewhere = is_served or any(named) or any_elsewhere(items, _ADDRESS, _is_elsewhere)
        return Beyond(is_elsewhere, is_served, trace(body, _STEPS.of(items)))


_CLIENT_TOOLS = frozenset({"function", "computer_use"})
_ADDRESS = re.compile(rb'"uri"')


def _is_elsewhere(part: dict[str, Any]) -> bool:
    """Whether a part is named by its address."""
    return isinstance(part.get("uri"), str)


_INTERACTION = Lenient(_Request)
_ASKED = Shape(dict[str, Any])


def read_request(body: bytes) -> Asked:
    """What a request for an interaction asks for; raises `Unreadable`."""
    request = _INTERACTION.read(body)
    if request is None:
        asked = _ASKED.read(body)
        return Asked(name(asked.get("model")), asked.get("stream") is True, None, False, *odd(body))
    most = limit((request.generation_config or {}).get("max_output_tokens"))
    model = name(request.model or request.agent)
    terms = Terms(word(request.service_tier))
    return Asked(model, request.stream is True, most, False, *request.beyond(body), terms)


class _Step(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    name: str | None = None
    arguments: msgspec.Raw = NOTHING
    call_id: str | None = None
    result: msgspec.Raw = NOTHING


_STEP = msgspec.json.Decoder(_Step)


def _made(raw: msgspec.Raw) -> Iterator[Made]:
    step = _STEP.decode(raw)
    if step.type == "function_call":
        yield Made(step.id or "", step.name or "", step.arguments)
    elif step.type == "function_result":
        yield Made(step.call_id or "", None, step.result)


_STEPS = Steps(_made)


class _Interaction(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    agent: str | None = None
    status: Any = None
    usage: dict[str, Any] | None = None
    service_tier: Any = None


class _Event(msgspec.Struct):
    event_type: str | None = None
    interaction: _Interaction | None = None


class _Delta(msgspec.Struct):
    text: str | None = None
    arguments: Any = None


class _Written(msgspec.Struct):
    delta: _Delta | None = None


_WHOLE = Shape(_Interaction)
_EVENT = Shape(_Event)
_WRITTEN = Shape(_Written)

_WORDS = {
    "total_input_tokens": "promptTokenCount",
    "total_cached_tokens": "cachedContentTokenCount",
    "total_tool_use_tokens": "toolUsePromptTokenCount",
    "total_output_tokens": "candidatesTokenCount",
    "total_thought_tokens": "thoughtsTokenCount",
    "total_tokens": "totalTokenCount",
    "input_tokens_by_modality": "promptTokensDetails",
    "cached_tokens_by_modality": "cacheTokensDetails",
    "tool_use_tokens_by_modality": "toolUsePromptTokensDetails",
    "output_tokens_by_modality": "candidatesTokensDetails",
}
"""The counts of an interaction, each with its name in other answers."""

_KNOWN = frozenset({*_WORDS, "initial_input_tokens"})
"""What of the counters is in `Usage`, or is a part of what is."""

_OVER = frozenset({"completed", "failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"})
"""The states in which an interaction's usage is its last."""
_UNDER_WAY = frozenset({"queued", "in_progress"})
"""The states of one that goes on by itself."""


def _tell(told: _Interaction) -> Told:
    counters = told.usage or {}
    counts = _groundings(counters.get("grounding_tool_count"))
    searches = billed_searches(counts.pop("google_search", 0), told.model)
    others = tuple(
        (f"grounding_tool_count.{word(kind) or 'other'}", number) for kind, number in counts.items() if number
    )
    renamed = {ours: counters[theirs] for theirs, ours in _WORDS.items() if theirs in counters}
    return Told(usage_of(renamed, searches), Terms(word(told.service_tier)), extra=extras(counters, _KNOWN) + others)


def _groundings(told: object) -> dict[str, int]:
    """How often each kind of search was used."""
    listed = told if isinstance(told, list) else ()
    return {str(one.get("type")): count(one.get("count")) for one in listed if isinstance(one, dict)}


def read_answer(body: bytes) -> Reading:
    """What a whole interaction says; raises `Unreadable`."""
    told = _WHOLE.read(body)
    model, status = told.model or told.agent, word(told.status)
    is_waiting = status in _UNDER_WAY
    if told.usage and not is_waiting:
        return whole(_tell(told), model, told.id)
    written = 0 if is_waiting else len(body)
    return Reading(has_ended=True, is_waiting=is_waiting, written_bytes=written, model=model, response_id=told.id)


class InteractionStream(StreamReader):
    """Reads the events of an interaction: the last one carries it with its usage."""

    telling = re.compile(rb'"interaction"\s*:\s*\{')
    marks = (b'"interaction"',)

    def take(self, data: bytes) -> None:
        if not data:
            return
        told = _EVENT.read(data).interaction
        if told is None:
            return
        self.model, self.response_id = told.model or told.agent or self.model, told.id or self.response_id
        self.has_ended = self.has_ended or word(told.status) in _OVER
        if told.usage:
            self.learn(_tell(told), is_final=self.has_ended)

    def written(self, data: bytes) -> int:
        if b"delta" not in data:
            return 0
        delta = _WRITTEN.read(data).delta or _Delta()
        return size(delta.text, delta.arguments if isinstance(delta.arguments, str) else None)

    def ending(self, message: str) -> bytes:
        shape = part(refusal(BudgetExceeded.http_status, BudgetExceeded.code, sendable(message)), "error")
        error = {"code": str(shape["status"]).lower(), "message": shape["message"]}
        return as_event({"event_type": "error", "error": error}, "error")
