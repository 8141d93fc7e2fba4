"""What does OpenAI's responses API say of a call, the tools that it ran by itself included?

https://platform.openai.com/docs/api-reference/responses-streaming (read 2026-11-22). Of what is done on the web a
``search`` is billed (OpenAI's guide, as quoted at https://community.openai.com/t/1365861, read 2026-11-28), and opening
a page is not (`ToolUsage` in the Python SDK, 3.57.0); ``find_in_page``, of which neither speaks, is taken to be free as
well. Newer answers tell the billable ones in ``tool_usage``, which is then the last word.

A response made in the background is answered at once, before anything is known of what it will use, and polled until it
is done (https://developers.openai.com/docs/guides/background, read 2026-11-28). It is taken to go on when its stream
breaks off, since that can be taken up again (``starting_after`` in the Python SDK).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from codesession.capture.providers.base import Answered, Reading, Told, whole
from codesession.capture.providers.conversations import NOTHING, Lenient
from codesession.capture.providers.endings import failed_response
from codesession.capture.providers.openai_usage import tell
from codesession.capture.providers.readers import StreamReader
from codesession.capture.providers.values import Shape, extras, limit, part, size, word
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers.base import Tell


class _Response(Answered):
    created_at: Any = None
    status: Any = None
    background: Any = None


class _Event(msgspec.Struct):
    type: str
    response: _Response | None = None


class _TextEvent(msgspec.Struct):
    delta: str | None = None


class _Item(msgspec.Struct):
    id: str | None = None
    type: str | None = None
    action: msgspec.Raw = NOTHING


class _Action(msgspec.Struct):
    type: str | None = None


class _Output(msgspec.Struct):
    output: list[_Item] | None = None
    tool_usage: dict[str, Any] | None = None


class _OutputEvent(msgspec.Struct):
    item: _Item | None = None
    response: _Output | None = None


_EVENT = Shape(_Event)
_TEXT_EVENT = Shape(_TextEvent)
_ANSWER = Shape(_Response)
_ACTION = Lenient(_Action)
_OUTPUT = Lenient(_Output)
_OUTPUT_EVENT = Lenient(_OutputEvent)

_WAITING = ("queued", "in_progress")
"""The statuses of a response that is made in the background."""


def read_answer(body: bytes) -> Reading:
    """What a whole answer says; one that is still to be made may come to anything.

    Raises:
        Unreadable: it is no response.
    """
    answer = _ANSWER.read(body)
    if answer.usage:
        output = _OUTPUT.read(body)
        told = tell(answer.usage, answer)
        return whole(_with_tools(told, output, Counter()) if output else told, answer.model, answer.id)
    is_waiting = answer.status in _WAITING
    written = 0 if is_waiting else len(body)
    return Reading(
        has_ended=True,
        is_waiting=is_waiting,
        written_bytes=written,
        model=answer.model,
        response_id=answer.id,
    )


class ResponsesStream(StreamReader):
    """Reads a responses stream: the terminal event carries the whole response with its usage."""

    telling = re.compile(rb"response\.(?:created|completed|incomplete|failed)\b")
    marks: ClassVar[tuple[bytes, ...]] = (b"response.c", b"response.incomplete", b"response.failed")
    _ends = ("response.completed", "response.incomplete", "response.failed")
    _number = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')

    def __init__(self, tell: Tell = tell) -> None:
        """`tell` understands the usage of a response: compatible servers have counters of their own."""
        super().__init__()
        self._tell = tell
        self._created_at: object = None
        self._is_background = False
        self._last_number = -1

    def take(self, data: bytes) -> None:
        if not data:
            return
        event = _EVENT.read(data)
        if event.response:
            self.model, self.response_id = event.response.model or self.model, event.response.id or self.response_id
            self._created_at = event.response.created_at
            self._is_background = event.response.background is True
        if event.type in self._ends:
            self.has_ended = True
            if event.response and event.response.usage:
                self.learn(self._tell(event.response.usage, event.response), is_final=True)

    def written(self, data: bytes) -> int:
        if b'.delta"' not in data:
            return 0
        return size(_TEXT_EVENT.read(data).delta)

    def ending(self, message: str) -> bytes:
        return failed_response(
            message,
            response_id=self.response_id,
            model=self.model,
            created_at=self._created_at,
            sequence_number=self._last_number + 1,
        )

    def _read(self, stretch: bytes) -> None:
        super()._read(stretch)
        if not self.may_be_ended:
            return
        told = self._number.match(stretch, max(0, stretch.rfind(b'"sequence_number"')))
        if told:
            self._last_number = int(told[1])


class OpenAIResponsesStream(ResponsesStream):
    """Counts OpenAI's own tools too: as they are done, until the terminal event lists all of them."""

    telling = re.compile(rb"response\.(?:created|completed|incomplete|failed|output_item\.done)\b")
    marks = (*ResponsesStream.marks, b"response.output_item.done")

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, str] = {}
        """the kind of each tool call that was done, by the item's id"""

    def so_far(self) -> Reading:
        return replace(super().so_far(), is_waiting=self._is_background and not self.has_ended)

    def take(self, data: bytes) -> None:
        before = self.usage
        super().take(data)
        event = _OUTPUT_EVENT.read(data) if _TOOLS.search(data) else None
        if event is None:
            return
        if event.item and (kind := _kind(event.item)):
            self._seen[event.item.id or str(len(self._seen))] = kind
        seen = Counter(self._seen.values())
        if self.is_final and event.response and self.usage is not None and self.usage is not before:
            told = Told(self.usage, self.terms, self.reported_nanos, self.extra)
            self.learn(_with_tools(told, event.response, seen), is_final=True)
        elif not self.is_final and (seen["web_search_call"] or seen["file_search_call"]):
            # of the tokens nothing is known; the searches have been made
            self.learn(_with_tools(Told(Usage()), _Output(), seen), is_final=False)


_TOOLS = re.compile(rb'_call"|"tool_usage"|response\.completed|response\.incomplete|response\.failed')
"""What a document has that tells of tools, or (where it lists none) ends what told of them."""


def _with_tools(told: Told, output: _Output, seen: Counter[str]) -> Told:
    """What the usage says, and what was seen of tools, by the response or (where it lists nothing) by its events."""
    listed = Counter(kind for item in output.output or () if (kind := _kind(item)))
    kinds = listed if output.output else Counter(seen)
    made = kinds["web_search_call"]
    billable = limit(part(output.tool_usage or {}, "web_search").get("num_requests"))
    searches = made if billable is None else billable
    if searches == made:
        del kinds["web_search_call"]  # otherwise both numbers are kept
    usage = Usage(web_searches=searches, file_searches=kinds.pop("file_search_call", 0))
    others = tuple((f"output.{kind}", many) for kind, many in sorted(kinds.items()))
    return told._replace(usage=told.usage + usage, extra=told.extra + others + _of_tools(output.tool_usage))


def _of_tools(tool_usage: Mapping[str, Any] | None) -> tuple[tuple[str, int | float], ...]:
    """What else is told of tools, such as the tokens of the model that drew an image."""
    return extras({"tool_usage": tool_usage or {}}, frozenset({"tool_usage.web_search.num_requests"}))


_OF_THE_CLIENT = frozenset(
    {"function_call", "custom_tool_call", "local_shell_call", "apply_patch_call", "tool_search_call"}
)
"""Calls of tools that the client runs, or that cost nothing."""
_UNBILLED = frozenset({"open_page", "find_in_page"})
"""What is done on the web without a search."""


def _kind(item: _Item) -> str | None:
    """What kind of tool call an item is, if OpenAI ran it by itself."""
    kind = word(item.type)
    if kind is None or not kind.endswith("_call") or kind in _OF_THE_CLIENT:
        return None
    action = _ACTION.read(bytes(item.action)) if kind == "web_search_call" and bytes(item.action) else None
    return f"{kind}.{action.type}" if action and action.type in _UNBILLED else kind
