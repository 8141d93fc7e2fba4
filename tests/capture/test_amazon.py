"""Are Amazon's messages cut where they end, and read whatever their headers are?"""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capture.amazon_wire import chunk, message

from codesession.capture.amazon import AMAZON, MessageSplitter


def events(*pieces: bytes) -> list[bytes]:
    splitter = MessageSplitter()
    return [event for piece in pieces for event in AMAZON.units(splitter.feed(piece))]


def test_a_message_is_given_as_an_event() -> None:
    assert events(message("metadata", b'{"usage":{}}')) == [b'event: metadata\ndata: {"usage":{}}\n\n']


def test_a_chunk_is_what_is_in_it() -> None:
    assert events(chunk({"type": "message_stop"})) == [b'event: chunk\ndata: {"type":"message_stop"}\n\n']


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"bytes": 7}', b'{"bytes": "?"}', b"\xff", b"[" * 100_000])
def test_a_chunk_that_is_none_is_given_as_it_is(payload: bytes) -> None:
    assert events(message("chunk", payload)) == [b"event: chunk\ndata: " + payload + b"\n\n"]


def test_a_payload_on_several_lines_stays_one_event() -> None:
    assert events(message("x", b'{\n\r\n"a":1}')) == [b'event: x\ndata: {   "a":1}\n\n']


def test_an_exception_is_named_too() -> None:
    name = b":exception-type"
    header = bytes([len(name)]) + name + b"\x07" + struct.pack(">H", 9) + b"throttled"
    body = struct.pack(">III", 16 + len(header) + 2, len(header), 0) + header + b"{}" + b"\0\0\0\0"

    assert events(body) == [b"event: throttled\ndata: {}\n\n"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((0, b""), (1, b""), (2, b"\x01"), (3, b"ab"), (4, b"abcd"), (5, b"abcdefgh"), (8, b"abcdefgh")),
        *((9, b"a" * 16), (6, b"\x00\x02ab"), (7, b"\x00\x02ab")),
    ],
)
def test_headers_of_every_type_are_passed_over(kind: int, value: bytes) -> None:
    other = b"\x01n" + bytes([kind]) + value
    name = b"\x0b:event-type\x07\x00\x01x"
    headers = other + name
    body = struct.pack(">III", 16 + len(headers) + 2, len(headers), 0) + headers + b"{}" + b"\0\0\0\0"

    assert events(body) == [b"event: x\ndata: {}\n\n"]


@pytest.mark.parametrize("headers", [b"\xff", b"\x01", b"\x01n", b"\x01n\x63", b"\x01n\x07\xff\xffx"])
def test_headers_that_are_none_name_nothing(headers: bytes) -> None:
    body = struct.pack(">III", 16 + len(headers) + 2, len(headers), 0) + headers + b"{}" + b"\0\0\0\0"

    assert events(body) == [b"event: \ndata: {}\n\n"]


def test_headers_longer_than_their_message_end_with_it() -> None:
    body = struct.pack(">III", 18, 9_999, 0) + b"\xff\xff" + b"\0\0\0\0"

    assert events(body) == [b"event: \ndata: \n\n"]


@pytest.mark.parametrize("size", [0, 15, 20 * 1024 * 1024])
def test_a_length_that_cannot_be_ends_the_reading_and_marks_it(size: int) -> None:
    splitter = MessageSplitter()
    whole = message("x", b"{}")

    assert splitter.feed(whole + struct.pack(">III", size, 0, 0)) == b"event: x\ndata: {}\n\n"
    assert splitter.skipped
    assert splitter.feed(whole) == b""


def test_a_message_without_its_end_tells_nothing() -> None:
    splitter = MessageSplitter()
    splitter.feed(message("x", b"{}")[:-1])

    assert len(splitter.last_bytes()) == 2
    assert splitter.rest() == b""
    assert splitter.last_bytes() == b""


@given(
    payloads=st.lists(st.binary(max_size=60), max_size=6),
    places=st.lists(st.integers(min_value=0, max_value=2_000), max_size=20),
)
def test_any_cutting_gives_the_same_events(payloads: list[bytes], places: list[int]) -> None:
    body = b"".join(message("x", payload) for payload in payloads)
    at = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    splitter = MessageSplitter()
    given_back = b"".join(splitter.feed(body[start:end]) for start, end in pairwise(at))

    assert given_back == MessageSplitter().feed(body)
    assert given_back.count(b"event: x\n") >= len(payloads)


@given(data=st.binary(max_size=300), most=st.integers(min_value=16, max_value=80))
def test_a_splitter_keeps_no_more_than_it_may(data: bytes, most: int) -> None:
    splitter = MessageSplitter(most)
    for byte in data:
        splitter.feed(bytes([byte]))
        assert len(splitter._tail) <= most  # noqa: SLF001 - memory is what is promised
