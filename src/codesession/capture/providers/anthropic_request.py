"""What is in a Messages request: which tool calls, and what that Anthropic runs or fetches by itself?

https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview (read 2026-11-22).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.conversations import NOTHING, Beyond, Tool, any_elsewhere
from codesession.capture.providers.traces import Made, Steps, trace

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANTHROPIC_CLIENT = ("custom", "bash_", "text_editor_", "computer_", "memory_")
"""What the types of tools begin with that the client runs; every other type is run by Anthropic itself."""


class AnthropicRequest(msgspec.Struct):
    """What is read of a Messages request."""

    model: Any = None
    stream: Any = None
    max_tokens: Any = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None
    container: Any = None
    mcp_servers: Any = None
    context_management: Any = None
    tools: list[Tool] | None = None
    messages: list[msgspec.Raw] | None = None

    def beyond(self, body: bytes) -> Beyond:
        """What it lets the provider do and fetch, and what it shows of its loop."""
        is_served = (
            bool(self.mcp_servers)
            or _compacts(self.context_management)
            or any(
                tool.type is not None and not str(tool.type).startswith(_ANTHROPIC_CLIENT) for tool in self.tools or ()
            )
        )
        messages = self.messages or ()
        is_elsewhere = is_served or bool(self.container) or any_elsewhere(messages, _SOURCE, _is_source_elsewhere)
        return Beyond(is_elsewhere, is_served, trace(body, _ANTHROPIC_STEPS.of(messages)))


def _compacts(context_management: object) -> bool:
    """Whether Anthropic may compact the conversation: it reads all of it once more, as often as it grows too long.

    https://platform.claude.com/docs/en/build-with-claude/compaction (read 2026-11-28).
    """
    edits = context_management.get("edits") if isinstance(context_management, dict) else None
    listed = edits if isinstance(edits, list) else ()
    return any(isinstance(edit, dict) and str(edit.get("type")).startswith("compact_") for edit in listed)


_SOURCE = re.compile(rb'"source"')


def _is_source_elsewhere(part: dict[str, Any]) -> bool:
    """Whether an image or a document is named by its address, or by the id of a file."""
    source = part.get("source")
    return isinstance(source, dict) and source.get("type") in ("url", "file")


class _Block(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING
    tool_use_id: str | None = None
    content: msgspec.Raw = NOTHING


class _Message(msgspec.Struct):
    content: str | list[_Block] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)


def _anthropic_made(message: msgspec.Raw) -> Iterator[Made]:
    content = _MESSAGE.decode(message).content
    for block in content if isinstance(content, list) else ():
        if block.type == "tool_use":
            yield Made(block.id or "", block.name or "", block.input)
        elif block.type == "tool_result":
            yield Made(block.tool_use_id or "", None, block.content)


_ANTHROPIC_STEPS = Steps(_anthropic_made)
