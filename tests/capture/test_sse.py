from __future__ import annotations

import pytest

from codesession.capture.sse import EventSplitter, events, payload


def split(*pieces: bytes, most: int = 1000) -> tuple[list[bytes], bytes]:
    """What each piece completes, and the rest."""
    splitter = EventSplitter(most)
    return [splitter.feed(piece) for piece in pieces], splitter.rest()


def payloads(stream: bytes) -> list[bytes]:
    return [payload(event) for event in events(stream)]


@pytest.mark.parametrize(
    ("end", "pieces"),
    [
        pytest.param(b"\n", [b"data: 1\n", b"\ndata: 2\n\ndata", b": 3"], id="LF"),
        pytest.param(b"\r\n", [b"data: 1\r\n\r", b"\ndata: 2\r\n\r\ndata", b": 3"], id="CRLF"),
        pytest.param(b"\r", [b"data: 1\r", b"\rdata: 2\r\rdata", b": 3"], id="CR"),
    ],
)
def test_events_end_at_a_blank_line_however_lines_end(end: bytes, pieces: list[bytes]) -> None:
    whole, rest = split(*pieces)

    assert whole == [b"", b"data: 1" + end * 2 + b"data: 2" + end * 2, b""]
    assert rest == b"data: 3"
    assert payloads(b"".join(whole) + rest) == [b"1", b"2", b"3"]


def test_whole_events_pass_without_being_kept() -> None:
    assert split(b"data: 1\n\n", b"data: 2\n\ndata: 3\n\n", b"") == (
        [b"data: 1\n\n", b"data: 2\n\ndata: 3\n\n", b""],
        b"",
    )


def test_line_ends_may_be_mixed() -> None:
    stream = b"data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\ndata: 4\n\n"

    assert b"".join(split(*(bytes([byte]) for byte in stream))[0]) == stream
    assert [data for data in payloads(stream) if data] == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        pytest.param(b"\xef\xbb\xbfdata: 1\n\n", b"1", id="byte-order-mark"),
        pytest.param(b"data: [1,\r\ndata: 2]\r\n\r\n", b"[1,\n2]", id="several-lines"),
        pytest.param(b"data:1\n\n", b"1", id="no-space"),
        pytest.param(b"data:  1\n\n", b" 1", id="one-space-only"),
        pytest.param(b"data\ndata:\n\n", b"\n", id="empty-lines"),
        pytest.param(b": ping\n\n", b"", id="comment"),
        pytest.param(b"event: a\nid: 7\nretry: 3\ndatabase: x\n\n", b"", id="other-fields"),
        pytest.param(
            b"data: a\x0bb\x1cc\xc2\x85d\n\n", b"a\x0bb\x1cc\xc2\x85d", id="what-is-no-line-end-in-the-format"
        ),
        pytest.param(b"\n", b"", id="nothing"),
    ],
)
def test_the_data_of_an_event(event: bytes, data: bytes) -> None:
    assert payload(event) == data


def test_events_are_the_stretch_taken_apart() -> None:
    stretch = b": hello\n\nevent: a\ndata: 1\n\n\ndata: open"

    assert list(events(stretch)) == [b": hello\n\n", b"event: a\ndata: 1\n\n", b"\n", b"data: open"]


def test_an_event_too_large_to_keep_is_passed_over_alone() -> None:
    splitter = EventSplitter(most=10)
    whole = [
        splitter.feed(piece) for piece in (b"data: 1\n\ndata: 0123", b"456789", b"0123456789\n", b"\ndata: 2\n\ndata")
    ]

    assert whole == [b"data: 1\n\n", b"", b"", b"data: 2\n\n"]
    assert splitter.skipped
    assert splitter.rest() == b"data"


def test_an_event_too_large_to_keep_may_be_the_last() -> None:
    splitter = EventSplitter(most=10)
    for piece in (b"data: 0123456", b"789", b"0123456789012"):
        assert splitter.feed(piece) == b""

    assert splitter.rest() == b""
    assert splitter.skipped


def test_no_more_is_kept_than_was_said() -> None:
    splitter = EventSplitter(most=1000)
    for _ in range(1000):
        splitter.feed(b"x" * 100)

    assert len(splitter._tail) <= 1100  # noqa: SLF001 - memory is what is promised
