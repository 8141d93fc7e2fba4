"""Which whole events has a server-sent event stream brought so far? Bytes in, events out; no sockets.

The other ways to send a stream are in `framing`.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_KEPT = 10 * 1024 * 1024
"""Bytes of one event that are kept while it is incomplete; a larger event is passed over."""

_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\r\r")
"""How two line ends can meet, whichever of LF, CRLF and CR a server writes."""


class EventSplitter:
    """Cuts a byte stream, in whatever pieces it comes, into stretches of whole events."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._tail = bytearray()
        self._most = most
        self._skipping = False
        self.skipped = False
        """whether an event larger than `most` bytes was passed over"""

    def feed(self, data: bytes) -> bytes:
        r"""The events that `data` completes, as one stretch of bytes; empty if it completes none.

        >>> splitter = EventSplitter()
        >>> splitter.feed(b"data: 1"), splitter.feed(b"23\n"), splitter.feed(b"\ndata: 4")
        (b'', b'', b'data: 123\n\n')
        """
        if not self._tail:
            end = _last_end(data, 0)
            if end == len(data):
                return self._whole(data)
            self._tail += data
        else:
            start = max(0, len(self._tail) - 2)
            self._tail += data
            end = _last_end(self._tail, start)
        if not end:
            if len(self._tail) > self._most:
                self._skipping = self.skipped = True
                del self._tail[:-2]
            return b""
        whole = bytes(self._tail[:end])
        del self._tail[:end]
        return self._whole(whole)

    def rest(self) -> bytes:
        """What the stream ended with, if not with a blank line: an event that some servers leave open."""
        rest, self._tail = bytes(self._tail), bytearray()
        return b"" if self._skipping else rest

    def last_bytes(self) -> bytes:
        r"""The last two bytes of an event whose end has not come; empty between events.

        >>> splitter = EventSplitter()
        >>> splitter.feed(b"data: 1"), splitter.last_bytes(), splitter.feed(b"\n\n"), splitter.last_bytes()
        (b'', b' 1', b'data: 1\n\n', b'')
        """
        is_between = not self._skipping and not self._tail.strip(b"\r\n")
        return b"" if is_between else bytes(self._tail[-2:])

    def _whole(self, stretch: bytes) -> bytes:
        """The stretch without the end of an event that is being passed over."""
        if not self._skipping:
            return stretch
        self._skipping = False
        return stretch[first_end(stretch) :]


def events(stretch: bytes) -> Iterator[bytes]:
    r"""The events of a stretch, each with its blank line; together they are the stretch.

    >>> list(events(b"event: a\ndata: 1\n\ndata: 2\n\n"))
    [b'event: a\ndata: 1\n\n', b'data: 2\n\n']
    """
    event = b""
    for line in stretch.splitlines(keepends=True):
        event += line
        if not line.strip(b"\r\n"):
            yield event
            event = b""
    if event:
        yield event


def payload(event: bytes) -> bytes:
    r"""The data of one event: its ``data:`` lines, joined as the format says; empty for a comment.

    >>> payload(b"event: a\ndata: [1,\ndata: 2]\n\n")
    b'[1,\n2]'
    """
    lines = event.removeprefix(b"\xef\xbb\xbf").splitlines()
    return b"\n".join(
        line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:") or line.strip() == b"data"
    )


def first_end(data: bytes) -> int:
    r"""Where the first whole event of `data` ends; 0 if none does.

    >>> first_end(b"data: 1\r\n\r\ndata: 2\r\n\r\n"), first_end(b"data: 1\n")
    (11, 0)
    """
    return min((at + len(mark) for mark in _BLANK_LINES if (at := data.find(mark)) >= 0), default=0)


def _last_end(data: bytes | bytearray, start: int) -> int:
    """Where the last whole event ends, looking from `start` on; 0 if none does."""
    return max((at + len(mark) for mark in _BLANK_LINES if (at := data.rfind(mark, start)) >= 0), default=0)
