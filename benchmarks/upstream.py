"""A provider that costs as little as possible: fixed answers over raw sockets, so that a relay is what is measured."""

from __future__ import annotations

import asyncio
import json

USAGE = {"input_tokens": 12, "output_tokens": 9, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
ANSWER = json.dumps(
    {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Hello! How can I help you today?"}],
        "stop_reason": "end_turn",
        "usage": USAGE,
    }
).encode()
JSON_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_01\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
)


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, separators=(',', ':'))}\n\n".encode()


START = _event("message_start", message={"id": "msg_01", "model": "claude-sonnet-4-5-20250929", "usage": USAGE})
DELTA = _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a few words of the answer "})
END = _event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}) + _event("message_stop")
EVENTS_AT_ONCE = 64
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider(asyncio.Protocol):
    """Answers each request when its body is whole; a path with ``stream=N`` is answered by N events.

    With ``wait=1`` it sends the start of a stream and then nothing, until the client leaves.
    """

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._streams: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def pause_writing(self) -> None:
        """Wait for the reader."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._received += data
        assert self._transport is not None
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length_at = head.find(b"content-length:")
            length = int(head[length_at + 15 :].split(b"\r\n", 1)[0]) if length_at >= 0 else 0
            if len(self._received) < end + 4 + length:
                return
            self._received = self._received[end + 4 + length :]
            path = head.split(b" ", 2)[1]
            if b"stream=" in path:
                task = asyncio.ensure_future(self._stream(int(path.rpartition(b"stream=")[2])))
                self._streams.add(task)
                task.add_done_callback(self._streams.discard)
            elif b"wait=" in path:
                self._transport.write(STREAM_HEAD + chunk(START + DELTA))
            else:
                self._transport.write(JSON_ANSWER)

    async def _stream(self, events: int) -> None:
        assert self._transport is not None
        self._transport.write(STREAM_HEAD + chunk(START))
        piece = chunk(DELTA * EVENTS_AT_ONCE)
        for _ in range(events // EVENTS_AT_ONCE):
            await self._may_write.wait()
            self._transport.write(piece)
        self._transport.write(chunk(END) + b"0\r\n\r\n")


async def serve() -> None:
    """Serve on a free loopback port, said on stdout, until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, _until_closed)


def _until_closed() -> None:
    import sys

    sys.stdin.read()


if __name__ == "__main__":
    asyncio.run(serve())
