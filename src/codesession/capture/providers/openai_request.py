"""What is in a chat or responses request: which tool calls, and what that OpenAI runs or fetches by itself?

https://platform.openai.com/docs/guides/tools (read 2026-11-22).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.conversations import NOTHING, Beyond, Tool, any_elsewhere
from codesession.capture.providers.traces import Made, Steps, trace

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENAI_CLIENT = frozenset(
    {None, "function", "custom", "local_shell", "shell", "apply_patch", "namespace", "tool_search"}
)
"""The types of tools that the client runs, or that only show it others; every other type may go on by itself."""

SEARCHES = re.compile(r"-search-(?:preview|api)\b")
"""Chat models that search the web before each answer (https://platform.openai.com/docs/guides/tools-web-search)."""

_ELSEWHERE = re.compile(rb'"(?:image_url|file_id|file_url|item_reference|reasoning|audio)"')


class OpenAIRequest(msgspec.Struct):
    """What is read of any request."""

    model: Any = None
    stream: Any = None
    stream_options: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    service_tier: Any = None


class ChatRequest(OpenAIRequest):
    """Of a chat request."""

    tools: list[Tool] | None = None
    messages: list[msgspec.Raw] | None = None
    web_search_options: Any = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets the provider do and fetch, and what it shows of its loop."""
        searches = SEARCHES.search(str(self.model)) or self.web_search_options is not None
        is_served = bool(searches) or _is_served(self.tools)
        messages = self.messages or ()
        is_elsewhere = is_served or any_elsewhere(messages, _ELSEWHERE, _is_part_elsewhere)
        return Beyond(is_elsewhere, is_served, trace(body, _CHAT_STEPS.of(messages)))


class ResponsesRequest(OpenAIRequest):
    """Of a responses request."""

    tools: list[Tool] | None = None
    input: str | list[msgspec.Raw] | None = None
    previous_response_id: Any = None
    conversation: Any = None
    prompt: Any = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets the provider do and fetch, and what it shows of its loop."""
        is_served = _is_served(self.tools)
        named = (self.previous_response_id, self.conversation, self.prompt)
        items = self.input if isinstance(self.input, list) else ()
        is_elsewhere = (
            is_served or any(name is not None for name in named) or any_elsewhere(items, _ELSEWHERE, _is_part_elsewhere)
        )
        return Beyond(is_elsewhere, is_served, trace(body, _RESPONSES_STEPS.of(items)))


def _is_served(tools: list[Tool] | None) -> bool:
    return any(_runs_there(tool) for tool in tools or ())


def _runs_there(tool: Tool) -> bool:
    if not isinstance(tool.type, str | None) or tool.type not in _OPENAI_CLIENT:
        return True
    place = tool.environment.get("type") if isinstance(tool.environment, dict) else None
    return tool.type == "shell" and place not in (None, "local")  # in a container of OpenAI's


def _is_part_elsewhere(part: dict[str, Any]) -> bool:
    """Whether a part of a message, or an item, stands for what OpenAI fetches: by an address, or by an id."""
    image = part.get("image_url")
    address = image.get("url") if isinstance(image, dict) else image
    sound = part.get("audio")  # an answer of the model's that was heard, by its id
    return (
        (isinstance(address, str) and not address.startswith("data:"))
        or any(isinstance(part.get(key), str) for key in ("file_id", "file_url"))
        or (isinstance(sound, dict) and "id" in sound)
        or part.get("type") == "item_reference"
        or (part.get("type") == "reasoning" and not part.get("encrypted_content"))
    )


class _Named(msgspec.Struct):
    name: str | None = None
    arguments: msgspec.Raw = NOTHING
    input: msgspec.Raw = NOTHING


class _ToolCall(msgspec.Struct):
    id: str | None = None
    function: _Named | None = None
    custom: _Named | None = None


class _ChatMessage(msgspec.Struct):
    role: str | None = None
    name: str | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Named | None = None
    tool_call_id: str | None = None
    content: msgspec.Raw = NOTHING


class _Item(msgspec.Struct):
    type: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: msgspec.Raw = NOTHING
    input: msgspec.Raw = NOTHING
    action: msgspec.Raw = NOTHING
    operation: msgspec.Raw = NOTHING
    output: msgspec.Raw = NOTHING


_CHAT_MESSAGE = msgspec.json.Decoder(_ChatMessage)
_ITEM = msgspec.json.Decoder(_Item)


def _chat_made(raw: msgspec.Raw) -> Iterator[Made]:
    message = _CHAT_MESSAGE.decode(raw)
    if message.role == "tool":
        yield Made(message.tool_call_id or "", None, message.content)
    elif message.role == "function":  # as it was until 2023, and in gateways still is
        yield Made(f"function {message.name}", None, message.content)
    elif called := message.function_call:
        yield Made(f"function {called.name}", called.name or "", called.arguments)
    for call in message.tool_calls or ():
        if called := call.function or call.custom:
            yield Made(call.id or "", called.name or "", called.arguments if call.function else called.input)


def _responses_made(raw: msgspec.Raw) -> Iterator[Made]:
    item = _ITEM.decode(raw)
    kind = item.type or ""
    if item.call_id is None:
        return  # a message, or a tool that the provider ran
    if kind.endswith("_call_output"):
        yield Made(item.call_id, None, item.output)
    elif kind.endswith("_call"):
        parts = (item.arguments, item.input, item.action, item.operation)
        yield Made(item.call_id, item.name or kind, next((part for part in parts if bytes(part)), NOTHING))


_CHAT_STEPS = Steps(_chat_made)
_RESPONSES_STEPS = Steps(_responses_made)
