"""How is an answer read beside the relay? JSON at its end, a stream event by event; numbers are kept, never text."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from codesession.capture.framing import EVENTS, Framing
from codesession.capture.providers.base import Reading, Told
from codesession.capture.providers.values import Unreadable
from codesession.model import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesession.capture.providers.base import Beside
    from codesession.model import Nanos, Terms, Usage
    from codesession.model.terms import Extra

MOST_ANSWER = 10 * 1024 * 1024
"""Bytes of a JSON answer kept for metering; of a larger one the end is kept, where usage stands."""
_TAIL = 256 * 1024
_MOST_TRIED = 8
"""Places where a usage object may begin, of which the last whole one is taken: for each, what follows is looked at."""

_FEW = 8
"""Events that arrive at once are all measured up to this many; of more, as many stand for all."""


class JsonReader:
    """Collects a JSON answer and reads it at the end."""

    def __init__(self, read: Callable[[bytes], Reading]) -> None:
        self._read = read
        self._body = bytearray()
        self._cut_off = False
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        self._body += data
        if len(self._body) > MOST_ANSWER:
            self._cut_off = True
            del self._body[:-_TAIL]

    def finish(self) -> Reading:
        body, self._body = bytes(self._body), bytearray()
        if self._cut_off:
            body = _usage_at_the_end(body)
        try:
            return self._read(body)
        except Unreadable:  # what it is not: JSON, or whole
            return Reading(is_broken=True, written_bytes=self._size)


def _usage_at_the_end(tail: bytes) -> bytes:
    """A small JSON answer made of the last usage object in the end of a large one."""
    found = list(re.finditer(rb'("usage(?:Metadata)?")\s*:\s*(?=\{)', tail))
    for match in reversed(found[-_MOST_TRIED:]):
        depth = 0
        for at in range(match.end(), len(tail)):
            depth += {0x7B: 1, 0x7D: -1}.get(tail[at], 0)
            if not depth:
                return b"{" + match[1] + b":" + tail[match.end() : at + 1] + b"}"
    return b""


class StreamReader(ABC):
    """Reads usage from a stream, whatever the pieces it comes in.

    Only events that match `telling` are parsed whole. Of the others, those that carry what the model
    writes, a few are parsed to know how much it wrote, should the stream be cut before it says so.
    """

    framing: ClassVar[Framing] = EVENTS
    """how the stream is cut into events"""
    telling: ClassVar[re.Pattern[bytes]]
    """matches every event that may carry usage, a model, or an end"""
    marks: ClassVar[tuple[bytes, ...]]
    """one of these is in whatever `telling` matches: a plain search is ten times as quick as the pattern"""

    def __init__(self) -> None:
        self._splitter = self.framing.splitter()
        self.usage: Usage | None = None
        self.is_final = False
        self.has_ended = False
        self.is_broken = False
        self.model: str | None = None
        self.response_id: str | None = None
        self.terms: Terms = STANDARD
        self.reported_nanos: Nanos | None = None
        self.extra: Extra = ()
        self.beside: tuple[Beside, ...] = ()
        self._written_bytes = 0
        self.may_be_ended = False
        """whether to keep what only `ending` needs"""

    @abstractmethod
    def take(self, data: bytes) -> None:
        """Learn from one telling event's data; may raise `Unreadable`."""

    @abstractmethod
    def written(self, data: bytes) -> int:
        """Bytes of model output in one event's data; may raise `Unreadable`."""

    def feed(self, data: bytes) -> None:
        self._read(self._splitter.feed(data))

    def learn(self, told: Told, *, is_final: bool) -> None:
        """Take what the usage in an event says in the place of what earlier ones said."""
        self.usage, self.terms, self.reported_nanos, self.extra, self.beside = told
        self.is_final = is_final

    def ending(self, message: str) -> bytes:  # noqa: ARG002 - the readers of streams that can be ended need it
        """The events by which the stream is ended early, so that its client stops and shows `message`.

        They follow whole events. Empty: there is no way to end such a stream.
        """
        return b""

    def last_bytes(self) -> bytes:
        """The last two bytes of an event of which only a part has come; empty between events."""
        return self._splitter.last_bytes()

    def finish(self) -> Reading:
        self._read(self._splitter.rest())
        return self.so_far()

    def so_far(self) -> Reading:
        """What has been learnt from the events that are whole; more may follow."""
        return Reading(
            usage=self.usage,
            is_final=self.is_final,
            has_ended=self.has_ended,
            is_broken=self.is_broken or self._splitter.skipped,
            written_bytes=self._written_bytes,
            model=self.model,
            response_id=self.response_id,
            terms=self.terms,
            reported_nanos=self.reported_nanos,
            extra=self.extra,
            beside=self.beside,
        )

    def _read(self, stretch: bytes) -> None:
        if not stretch:
            return
        if any(mark in stretch for mark in self.marks) and self.telling.search(stretch):
            for event in self.framing.units(stretch):
                self._read_event(event)
            return
        many = stretch.count(self.framing.mark)
        if many <= _FEW:
            self._written_bytes += sum(
                self._measure(self.framing.payload(event)) for event in self.framing.units(stretch)
            )
        else:
            sample = stretch.split(self.framing.mark)[: many : -(-many // _FEW)]
            sizes = [size for event in sample if (size := self._measure(self.framing.payload(event)))]
            self._written_bytes += many * sum(sizes) // max(1, len(sizes))  # the few without text count as the others

    def _read_event(self, event: bytes) -> None:
        data = self.framing.payload(event)
        if not self.telling.search(event):
            self._written_bytes += self._measure(data)
            return
        try:
            self.take(data)
        except Unreadable:
            self.is_broken = True

    def _measure(self, data: bytes) -> int:
        try:
            return self.written(data)
        except Unreadable:
            return 0
