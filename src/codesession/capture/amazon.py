"""How does Amazon send a stream? As binary messages, each with its length, its headers and a payload.

https://smithy.io/2.0/aws/amazon-eventstream.html and
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html (read
2026-11-28). A message is: its length and that of its headers (four bytes each), a checksum of both, the headers, the
payload, a checksum. What is read of it here is written as a server-sent event, which the readers know; checksums are
the client's to check.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING

from codesession.capture import sse
from codesession.capture.framing import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRELUDE = 12
_CHECKSUM = 4
_LEAST = _PRELUDE + _CHECKSUM
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; those of 6 and 7 (bytes, text) begin with their length."""
_TEXT = 7
_WITH_LENGTH = (6, _TEXT)


class MessageSplitter:
    """Cuts a stream of Amazon's messages, and gives each back as a server-sent event."""

    def __init__(self, most: int = sse.MOST_KEPT) -> None:
        self._tail = bytearray()
        self._most = most
        self.skipped = False

    def feed(self, data: bytes) -> bytes:
        """The messages that `data` completes, as events."""
        if self.skipped:
            return b""
        self._tail += data
        found, begun = [], 0
        while (size := self._size(begun)) and begun + size <= len(self._tail):
            found.append(_as_event(bytes(self._tail[begun : begun + size])))
            begun += size
        del self._tail[:begun]
        return b"".join(found)

    def rest(self) -> bytes:
        """Nothing: a message without its end tells nothing."""
        self._tail.clear()
        return b""

    def last_bytes(self) -> bytes:
        """The last bytes of a message whose end has not come."""
        return bytes(self._tail[-2:])

    def _size(self, at: int) -> int:
        """How long the message is that begins at `at`, 0 where that cannot be told."""
        if len(self._tail) < at + _PRELUDE:
            return 0
        size = int.from_bytes(self._tail[at : at + 4], "big")
        if not _LEAST <= size <= self._most:
            self.skipped = True  # where the next one begins cannot be known any more
            self._tail.clear()
            return 0
        return size


def _as_event(message: bytes) -> bytes:
    headers_end = min(_PRELUDE + int.from_bytes(message[4:8], "big"), len(message) - _CHECKSUM)
    headers = dict(_headers(message[_PRELUDE:headers_end]))
    payload = message[headers_end:-_CHECKSUM]
    name = headers.get(":event-type") or headers.get(":exception-type") or ""
    if name == "chunk":
        payload = _chunk(payload)
    return b"event: " + _line(name.encode()) + b"\ndata: " + _line(payload) + b"\n\n"


def _line(data: bytes) -> bytes:
    return data.replace(b"\r", b" ").replace(b"\n", b" ")


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    """The headers that are texts."""
    at = 0
    while at < len(data):
        name = data[at + 1 : at + 1 + data[at]].decode("utf-8", "replace")
        at += 1 + data[at]
        kind = data[at] if at < len(data) else -1
        at += 1
        size = _SIZES.get(kind, 0)
        if kind in _WITH_LENGTH:
            size = int.from_bytes(data[at : at + 2], "big")
            at += 2
        if kind == _TEXT:
            yield name, data[at : at + size].decode("utf-8", "replace")
        at += size


def _chunk(payload: bytes) -> bytes:
    """What is in a ``chunk``: the event of the model's maker, in base 64."""
    try:
        told = json.loads(payload)
        return b64decode(told["bytes"], validate=True)
    except (ValueError, NotBase64, KeyError, TypeError, RecursionError):
        return payload


AMAZON = Framing(MessageSplitter, sse.events, sse.payload, b"\n\n", None)
"""``application/vnd.amazon.eventstream``"""
