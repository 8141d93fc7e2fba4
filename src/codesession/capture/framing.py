"""How is a stream cut into the units its provider wrote? Server-sent events, lines of JSON, or one array of objects.

Ollama writes a JSON object a line (https://github.com/ollama/ollama/blob/main/docs/api.md); Google, unless it is asked
for server-sent events, one JSON array that grows (https://ai.google.dev/api/generate-content). Read 2026-11-28.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from codesession.capture import sse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Splitter(Protocol):
    """Cuts a byte stream, in whatever pieces it comes, into stretches of whole units."""

    skipped: bool
    """whether a unit was passed over because it was larger than is kept"""

    def feed(self, data: bytes) -> bytes:
        """The units that `data` completes, as one stretch of bytes; empty if it completes none."""
        ...

    def rest(self) -> bytes:
        """What the stream ended with, if not with the end of a unit."""
        ...

    def last_bytes(self) -> bytes:
        """The last bytes of a unit of which only a part has come; empty between units."""
        ...


class Framing(NamedTuple):
    """One way to send a stream."""

    splitter: Callable[[], Splitter]
    units: Callable[[bytes], Iterator[bytes]]
    """the units of a stretch; together they are the stretch"""
    payload: Callable[[bytes], bytes]
    """the JSON in one unit; empty where there is none"""
    mark: bytes
    """ends each unit, as most servers write it"""
    first_end: Callable[[bytes], int] | None
    """where the first whole unit ends in bytes that follow `last_bytes`, 0 if none does; None: that cannot be seen"""


class LineSplitter:
    r"""Cuts a stream of lines.

    >>> splitter = LineSplitter()
    >>> splitter.feed(b'{"a":1}\n{"b"'), splitter.last_bytes(), splitter.feed(b':2}\n'), splitter.last_bytes()
    (b'{"a":1}\n', b'b"', b'{"b":2}\n', b'')
    """

    def __init__(self, most: int = sse.MOST_KEPT) -> None:
        self._tail = bytearray()
        self._most = most
        self._skipping = False
        self.skipped = False

    def feed(self, data: bytes) -> bytes:
        """The lines that `data` completes."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._tail += data
            if len(self._tail) > self._most:
                self._skipping = self.skipped = True
                del self._tail[:-2]
            return b""
        whole = bytes(self._tail) + data[:end]
        self._tail = bytearray(data[end:])
        if self._skipping:
            self._skipping = False
            whole = whole[whole.index(b"\n") + 1 :]
        return whole

    def rest(self) -> bytes:
        """The last line, if nothing ended it."""
        rest, self._tail = bytes(self._tail), bytearray()
        return b"" if self._skipping else rest

    def last_bytes(self) -> bytes:
        """The last bytes of a line whose end has not come."""
        return bytes(self._tail[-2:])


_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[{}]', re.DOTALL)
"""A string, with its end (the group) or up to where it has come, or a brace outside of one."""


_MARK = re.compile(rb'["{}]')
_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
"""What follows within a string, up to its end (the group), or to half of an escape: it is looked at only once."""


class ObjectSplitter:
    """Cuts a JSON array of objects after each object; what stands between them belongs to the next.

    >>> splitter = ObjectSplitter()
    >>> splitter.feed(b'[{"a": "}"'), splitter.feed(b'}, {'), splitter.feed(b'"b": {}}]')
    (b'', b'[{"a": "}"}', b', {"b": {}}')
    """

    def __init__(self, most: int = sse.MOST_KEPT) -> None:
        self._tail = bytearray()
        self._most = most
        self._seen = 0
        """up to where the tail has been looked at"""
        self._depth = 0
        self._in_string = False
        """whether that is inside of a string"""
        self._skipping = False
        self.skipped = False

    def feed(self, data: bytes) -> bytes:
        """The objects that `data` completes."""
        self._tail += data
        end = self._look()
        if not end:
            if len(self._tail) > self._most:
                self._skipping = self.skipped = True
                gone = self._seen
                del self._tail[:gone]
                self._seen = 0
            return b""
        whole = bytes(self._tail[:end])
        del self._tail[:end]
        self._seen -= end
        if self._skipping:
            self._skipping = False
            return b""  # the end of the object that was passed over, and whatever came with it
        return whole

    def rest(self) -> bytes:
        """What follows the last whole object."""
        rest, self._tail, self._seen = bytes(self._tail), bytearray(), 0
        return b"" if self._skipping else rest

    def last_bytes(self) -> bytes:
        """The last bytes of an object whose end has not come."""
        return bytes(self._tail[-2:]) if self._depth else b""

    def _look(self) -> int:
        """Where the last whole object ends, having looked at what is new; 0 if none does."""
        end, at = 0, self._seen
        while True:
            if self._in_string:
                rest = _REST.match(self._tail, at)
                at = rest.end() if rest else at
                if not (rest and rest[1]):
                    break
                self._in_string = False
            mark = _MARK.search(self._tail, at)
            if mark is None:
                at = len(self._tail)
                break
            at = mark.end()
            if mark[0] == b'"':
                self._in_string = True
            elif mark[0] == b"{":
                self._depth += 1
            else:
                self._depth = max(0, self._depth - 1)
                end = end if self._depth else at
        self._seen = at
        return end


def objects(stretch: bytes) -> Iterator[bytes]:
    """The objects of a stretch, each with what stands before it.

    >>> list(objects(b'[{"a": {}}, {"b": 1}]'))
    [b'[{"a": {}}', b', {"b": 1}', b']']
    """
    depth = begun = 0
    for token in _TOKEN.finditer(stretch):
        if token[0] == b"{":
            depth += 1
        elif token[0] == b"}":
            depth -= 1
            if not depth:
                yield stretch[begun : token.end()]
                begun = token.end()
    if begun < len(stretch):
        yield stretch[begun:]


def _lines(stretch: bytes) -> Iterator[bytes]:
    return iter(stretch.splitlines(keepends=True))


def _object(unit: bytes) -> bytes:
    """The object in a part of an array."""
    return unit[unit.find(b"{") :] if b"{" in unit else b""


EVENTS = Framing(sse.EventSplitter, sse.events, sse.payload, b"\n\n", sse.first_end)
"""``text/event-stream``"""
LINES = Framing(LineSplitter, _lines, bytes.strip, b"\n", lambda data: data.find(b"\n") + 1)
"""``application/x-ndjson``"""
OBJECTS = Framing(ObjectSplitter, objects, _object, b"\n,", None)
"""``application/json`` that is an array of objects"""
