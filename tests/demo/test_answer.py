"""How answers travel: the wire is read here byte by byte, so that nothing a client library does hides a fault."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage, HTTPResponse, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.demo.server import SimulatedProvider
    from codesession.demo.truth import Received

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]
Connect = Callable[[], HTTPConnection]

MESSAGES = [{"role": "user", "content": "hi"}]
STREAMS = {
    "/v1/messages": {"model": "claude-opus-4-8", "max_tokens": 9, "messages": MESSAGES, "stream": True},
    "/v1/chat/completions": {"model": "gpt-4o", "messages": MESSAGES, "stream": True},
    "/v1/responses": {"model": "gpt-4o", "input": "hi", "stream": True},
}
BEFORE_DELTAS = {"/v1/messages": 3, "/v1/chat/completions": 1, "/v1/responses": 4}
ALL = pytest.mark.parametrize("path", STREAMS)


def without_ids(body: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{22,}", b"ID", body)


def begin(connection: HTTPConnection, path: str, **script: Any) -> HTTPResponse:
    connection.request("POST", path, json.dumps(STREAMS[path]), {"x-sim": json.dumps(script)})
    return connection.getresponse()


def events(answer: HTTPResponse) -> Iterator[bytes]:
    event = b""
    for line in answer:
        event += line
        if line == b"\n":
            yield event
            event = b""


def pieces(raw: bytes) -> list[bytes]:
    """The pieces of a chunked body (RFC 9112, section 7.1)."""
    rest = raw.partition(b"\r\n\r\n")[2]
    found: list[bytes] = []
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return found
        found.append(rest[:length])
        rest = rest[length + 2 :]


def exchanged(url: str, path: str, **script: Any) -> bytes:
    body = json.dumps(STREAMS[path]).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\nx-sim: {json.dumps(script)}\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        received = b""
        while data := connection.recv(65_536):
            received += data
        return received


def only(provider: SimulatedProvider) -> Received:
    (told,) = provider.truth(wait_s=10)
    return told


@ALL
@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
def test_rechunking_changes_no_byte(provider: SimulatedProvider, path: str, size: int) -> None:
    plain = pieces(exchanged(provider.url, path, text="naïve ✓ text"))
    cut = pieces(exchanged(provider.url, path, text="naïve ✓ text", chunk=size))
    assert without_ids(b"".join(cut)) == without_ids(b"".join(plain))
    assert {len(piece) for piece in cut[:-1]} <= {size}
    assert len(cut[-1]) <= size


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("says_length", [True, False])
def test_a_json_answer_can_be_rechunked(ask: Ask, size: int, says_length: bool) -> None:  # noqa: FBT001 - a parameter
    _, _, plain = ask(text="hello")
    _, headers, cut = ask(text="hello", chunk=size, content_length=says_length)
    assert without_ids(cut) == without_ids(plain)
    assert ("content-length" in headers) is says_length
    assert headers.get("transfer-encoding") == (None if says_length else "chunked")


@ALL
def test_a_stream_has_the_events_asked_for(connect: Connect, path: str) -> None:
    with closing(connect()) as connection, begin(connection, path, events=500) as answer:
        deltas = [event for event in events(answer) if b"text_delta" in event or b'"content":"' in event
                  or b"output_text.delta" in event]  # fmt: skip
    assert len(deltas) == 500 + (path == "/v1/chat/completions")


@ALL
@pytest.mark.parametrize("count", [0, 1, 6, 200])
def test_a_cut_stream_ends_after_exactly_that_many_events(provider: SimulatedProvider, path: str, count: int) -> None:
    received = exchanged(provider.url, path, cut_after=count, events=500)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.partition(b"\r\n\r\n")[2].count(b"data: ") == count
    assert not received.endswith(b"0\r\n\r\n")
    told = only(provider)
    assert (told.ended, told.events, told.status) == ("cut", count, 200)


@ALL
@pytest.mark.parametrize("count", [-1, 0, 6, 20_000])
def test_a_cut_can_be_a_reset(provider: SimulatedProvider, path: str, count: int) -> None:
    with pytest.raises(ConnectionResetError):
        exchanged(provider.url, path, cut_after=count, reset=True, events=30_000)
    assert only(provider).ended == "cut"


@ALL
def test_a_cut_bills_the_input_and_what_was_written(provider: SimulatedProvider, path: str) -> None:
    written = BEFORE_DELTAS[path] + 5
    exchanged(provider.url, path, cut_after=written, events=20, input=7, cache_read=3, output=100, reasoning=40)
    told = only(provider)
    assert told.planned == Usage(input=7, cache_read=3, output=100, reasoning=40)
    assert told.usage == Usage(input=7, cache_read=3, output=25, reasoning=40)
    assert told.reported == (Usage(input=7, cache_read=3, output=3) if path == "/v1/messages" else None)


def test_the_bill_is_never_less_than_the_answer_said(provider: SimulatedProvider) -> None:
    exchanged(provider.url, "/v1/messages", cut_after=1, input=7, output=100)
    assert only(provider).usage == Usage(input=7, output=3)


def test_a_cut_before_the_status_line_bills_nothing(provider: SimulatedProvider, connect: Connect) -> None:
    with closing(connect()) as connection, pytest.raises(RemoteDisconnected):
        begin(connection, "/v1/messages", cut_after=-1)
    told = only(provider)
    assert (told.ended, told.status, told.usage, told.reported) == ("cut", None, Usage(), None)


def test_a_json_answer_can_be_cut(provider: SimulatedProvider, ask: Ask) -> None:
    with pytest.raises(IncompleteRead):
        ask(cut_after=0, chunk=7)
    assert only(provider).ended == "cut"


def test_delayed_events_come_one_by_one(connect: Connect) -> None:
    begun = time.monotonic()
    script = {"events": 3, "delay_ms": 20, "first_delay_ms": 50}
    with closing(connect()) as connection, begin(connection, "/v1/messages", **script) as answer:
        assert time.monotonic() - begun >= 0.05
        assert len(list(events(answer))) == 9
    assert time.monotonic() - begun >= 0.05 + 8 * 0.02


@pytest.mark.parametrize("count", [0, 4])
def test_a_stalled_stream_ends_when_the_client_leaves(
    provider: SimulatedProvider, connect: Connect, count: int
) -> None:
    with closing(connect()) as connection, begin(connection, "/v1/messages", hang_after=count, chunk=100) as answer:
        coming = events(answer)
        assert [next(coming)[:6] for _ in range(count)] == [b"event:"] * count
        assert provider.truth(wait_s=0)[0].ended == "open"
    told = only(provider)
    assert (told.ended, told.events) == ("client_left", count)


@pytest.mark.parametrize("script", [{"hang": True}, {"first_delay_ms": 600_000}], ids=["hang", "long-delay"])
def test_an_unanswered_client_can_leave(provider: SimulatedProvider, connect: Connect, script: dict[str, Any]) -> None:
    with closing(connect()) as connection:
        connection.request("POST", "/v1/messages", json.dumps(STREAMS["/v1/messages"]), {"x-sim": json.dumps(script)})
        deadline = time.monotonic() + 10
        while not provider.truth(wait_s=0):
            assert time.monotonic() < deadline
    told = only(provider)
    assert (told.ended, told.status, told.usage) == ("client_left", None, Usage())


def test_a_client_that_hangs_up_on_a_slow_stream_is_noticed(provider: SimulatedProvider, connect: Connect) -> None:
    script = {"events": 1000, "delay_ms": 5, "output": 1000, "input": 1}
    with closing(connect()) as connection, begin(connection, "/v1/messages", **script) as answer:
        coming = events(answer)
        seen = [next(coming) for _ in range(10)]
    told = only(provider)
    assert told.ended == "client_left"
    assert len(seen) <= told.events < 1006
    assert told.usage == Usage(input=1, output=told.events - 3)


def test_a_client_that_hangs_up_on_a_fast_stream_is_noticed(provider: SimulatedProvider, connect: Connect) -> None:
    with closing(connect()) as connection, begin(connection, "/v1/chat/completions", events=2_000_000) as answer:
        answer.read(1000)
    told = only(provider)
    assert told.ended == "client_left"
    assert told.events < 2_000_000


@ALL
def test_an_error_event_comes_in_place_of_the_rest(provider: SimulatedProvider, path: str) -> None:
    body = b"".join(pieces(exchanged(provider.url, path, error_event="Out of steam", events=10, output=10, input=1)))
    assert "Out of steam" in body.decode().split("\n\n")[-2]
    told = only(provider)
    assert (told.ended, told.usage) == ("error", Usage(input=1, output=5))
    assert told.reported == (Usage(input=1, output=3) if path == "/v1/messages" else None)


@ALL
def test_an_error_event_can_be_any_data(provider: SimulatedProvider, path: str) -> None:
    data = {"type": "error", "error": {"type": "api_error", "message": "m"}}
    body = b"".join(pieces(exchanged(provider.url, path, error_event=data)))
    last = json.loads(body.decode().split("\n\n")[-2].split("data: ")[1])
    assert {**last, **data} == last


def test_a_default_error_event_is_in_the_words_of_its_provider(provider: SimulatedProvider) -> None:
    messages, chat, responses = (b"".join(pieces(exchanged(provider.url, path, error_event=True))) for path in STREAMS)
    assert b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"' in messages
    assert b'data: {"error":{"message":' in chat
    assert b"event: error\n" in responses
    assert b"event: response.failed\n" in responses
