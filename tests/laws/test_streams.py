"""However the network cuts a stream, what it says is the same."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.proxy.played import NO, Watcher, passed_on
from tests.capture.recorded import EVENT_STREAMS, LINE_STREAMS, RECORDINGS, STREAMS, Recording
from tests.laws.examples import each

from codesession.capture.encoding import Undecodable, decoder
from codesession.capture.providers import PROVIDERS, JsonReader, Reading
from codesession.capture.providers.openai import UsageChunkFilter, is_usage_chunk
from codesession.capture.sse import EventSplitter, events, payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.capture.providers import Endpoint
    from codesession.capture.providers.base import AnswerReader

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
ENDS = (b"\n", b"\r\n", b"\r")


def readers_of(endpoint: Endpoint) -> Iterator[tuple[str, Callable[[], AnswerReader]]]:
    """Every way in which an answer of that endpoint may be read."""
    yield "stream", endpoint.stream_reader
    yield "json", partial(JsonReader, endpoint.read_answer)
    yield from endpoint.framed.items()


def known_by(read: Callable[[], AnswerReader]) -> object:
    """What is the same for two ways that read the same."""
    return (read.func, read.args) if isinstance(read, partial) else read


ALL_READERS: dict[str, Callable[[], AnswerReader]] = {
    f"{provider.name}-{endpoint.name}-{kind}": read
    for provider in PROVIDERS.values()
    for endpoint in (*provider.endpoints.values(), *(endpoint for _, endpoint in provider.patterns))
    for kind, read in readers_of(endpoint)
}
READERS = dict({known_by(read): (name, read) for name, read in ALL_READERS.items()}.values())
"""each way to read once, under one of its names"""


def cut(body: bytes, places: list[int]) -> list[bytes]:
    """The body in pieces, cut at each of the places (taken round its length)."""
    at = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(at)]


PLACES = st.lists(st.integers(min_value=0, max_value=100_000), max_size=60)


def read(one: Recording, pieces: list[bytes], coding: str) -> Reading:
    reader, decoding = one.reader(), decoder(coding)
    for piece in pieces:
        reader.feed(decoding.decode(piece))
    return reader.finish()


@pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.file)
@given(places=PLACES, coding=st.sampled_from(sorted(CODINGS)), end=st.sampled_from(ENDS))
@each(4)
def test_any_cutting_in_any_encoding_reads_the_same(one: Recording, places: list[int], coding: str, end: bytes) -> None:
    body = CODINGS[coding](one.ended_with(end))
    reading = read(one, cut(body, places), coding)

    # what was written is sampled when much comes at once, so it is compared where it counts: below
    assert replace(reading, written_bytes=0) == replace(read(one, [one.body], "identity"), written_bytes=0)
    assert reading.usage == one.usage


@pytest.mark.parametrize("one", STREAMS, ids=lambda one: one.file)
@given(places=PLACES)
@each(3)
def test_what_was_written_is_measured_the_same_event_by_event(one: Recording, places: list[int]) -> None:
    whole = read(one, one.units(), "identity")
    pieces = [piece for unit in one.units() for piece in cut(unit, places)]

    assert read(one, pieces, "identity") == whole


LINES = st.sampled_from(
    [b"data: 1", b"data: {}", b"event: x", b": ping", b"", b"data:", b'data: {"choices":[],"usage":{"a":1}}', b"id: 7"]
)


@given(lines=st.lists(LINES, max_size=30), end=st.sampled_from(ENDS), places=PLACES)
@settings(max_examples=150)
def test_a_splitter_gives_whole_events_and_every_byte(lines: list[bytes], end: bytes, places: list[int]) -> None:
    stream = b"".join(line + end for line in lines)
    splitter = EventSplitter()
    stretches = [splitter.feed(piece) for piece in cut(stream, places)]
    rest = splitter.rest()

    assert b"".join(stretches) + rest == stream
    assert all(stretch.endswith(end * 2) or stretch == end for stretch in stretches if stretch)
    assert [payload(event) for stretch in stretches for event in events(stretch)] + [
        payload(event) for event in events(rest)
    ] == [payload(event) for event in events(stream)]


@given(lines=st.lists(LINES, max_size=30), end=st.sampled_from(ENDS), places=PLACES)
@settings(max_examples=150)
def test_the_filter_takes_out_the_extra_event_and_nothing_else(
    lines: list[bytes], end: bytes, places: list[int]
) -> None:
    stream = b"".join(line + end for line in lines)
    taking = UsageChunkFilter()
    passed = b"".join(taking.feed(piece) for piece in cut(stream, places)) + taking.rest()

    assert passed == b"".join(event for event in events(stream) if not is_usage_chunk(payload(event)))


@pytest.mark.parametrize("one", EVENT_STREAMS, ids=lambda one: one.file)
@given(places=PLACES, end=st.sampled_from(ENDS))
@each(3)
def test_the_filter_gives_a_recorded_stream_less_its_extra_event(one: Recording, places: list[int], end: bytes) -> None:
    stream = one.body.replace(b"\n", end)
    taking = UsageChunkFilter()
    passed = b"".join(taking.feed(piece) for piece in cut(stream, places)) + taking.rest()
    taken = [event for event in events(stream) if is_usage_chunk(payload(event))]

    assert passed == b"".join(event for event in events(stream) if event not in taken)
    assert len(taken) == (one.file.startswith(("openai/chat_", "google/chat_")) or one.file.endswith("_usage.sse"))


@pytest.mark.parametrize("one", EVENT_STREAMS, ids=lambda one: one.file)
@given(places=PLACES, end=st.sampled_from(ENDS), ends_at=st.integers(min_value=1, max_value=40), filtered=st.booleans())
@each(4)
def test_a_stream_is_ended_after_whole_events_whatever_it_came_in(
    one: Recording, places: list[int], end: bytes, ends_at: int, *, filtered: bool
) -> None:
    stream = one.body.replace(b"\n", end)
    taking = UsageChunkFilter() if filtered else None
    watch = Watcher(ends_at)
    got = passed_on(cut(stream, places), one.endpoint, watch, every=0, answer_filter=taking)
    owed = [event for event in events(stream) if not (filtered and is_usage_chunk(payload(event)))]
    if not got.answer.was_ended:
        assert (len(watch.seen) < ends_at, got.body) == (True, b"".join(owed))
        return
    *passed, last = list(events(got.body))
    reader = one.endpoint.stream_reader()
    reader.feed(got.body)

    assert passed == owed[: len(passed)]
    assert not got.is_broken
    assert got.steps[-2:] == ["settled", b""]
    in_it = "response" if "response" in one.path else "delta" if one.file.startswith("cohere/") else "error"
    assert in_it in json.loads(payload(last))
    assert NO in json.dumps(json.loads(payload(last)), ensure_ascii=False)
    assert not reader.finish().is_broken


@pytest.mark.parametrize("one", LINE_STREAMS, ids=lambda one: one.file)
@given(places=PLACES, ends_at=st.integers(min_value=1, max_value=9))
@settings(max_examples=20)
def test_lines_are_ended_after_whole_lines(one: Recording, places: list[int], ends_at: int) -> None:
    headers, watch = {"content-type": one.content_type}, Watcher(ends_at)
    got = passed_on(cut(one.body, places), one.endpoint, watch, headers, every=0)
    if not got.answer.was_ended:
        assert (len(watch.seen) < ends_at, got.body) == (True, one.body)
        return
    *passed, last = got.body.splitlines(keepends=True)

    assert passed == one.units()[: len(passed)]
    assert not got.is_broken
    assert got.steps[-2:] == ["settled", b""]
    assert json.loads(last) == {"error": NO}


@pytest.mark.parametrize("one", STREAMS, ids=lambda one: one.file)
@given(places=PLACES, end=st.sampled_from(ENDS))
@each(3)
def test_a_watched_stream_is_passed_on_and_read_as_any(one: Recording, places: list[int], end: bytes) -> None:
    pieces, headers = cut(one.ended_with(end), places), {"content-type": one.content_type}
    watched = passed_on(pieces, one.endpoint, Watcher(), headers, every=0)
    unwatched = passed_on(pieces, one.endpoint, headers=headers)

    assert watched.steps == unwatched.steps
    assert watched.answer.read() == unwatched.answer.read()


@given(data=st.binary(max_size=500), most=st.integers(min_value=3, max_value=50), places=PLACES)
@settings(max_examples=150)
def test_a_splitter_keeps_no_more_than_it_may(data: bytes, most: int, places: list[int]) -> None:
    splitter = EventSplitter(most)
    given_back = 0
    for piece in cut(data, places):
        given_back += len(splitter.feed(piece))
        assert len(splitter._tail) <= most + len(piece)  # noqa: SLF001 - memory is what is promised

    assert given_back + len(splitter.rest()) <= len(data)


# what looks like JSON and like a stream reaches further into a reader than noise does
WORDS = st.sampled_from(
    [
        *(b'{ } [ ] , : " \n\n \r\n data: event: null true -1 0 1.5 1e999 NaN \\ud83d \xff \\'.split(b" ")),
        b'"usage":{',
        b'"usage": {"input_tokens":',
        b'"prompt_tokens":',
        b'"type":"message_delta"',
        b'"type":"message_start","message":',
        b"message_stop",
        b"[DONE]",
        b"response.completed",
        b'{"type":"response.output_item.done","item":{"type":"web_search_call","action":{"type":',
        b'"tool_usage":{"web_search":{"num_requests":',
        b'"type":"image_generation.completed"',
        b'"type":"transcript.text.done"',
        b'"input_tokens_details":{"cached_tokens":',
        b'{"type":"response.output_text.delta","delta":',
        b'"choices":[',
        b'{"delta":{"content":',
        b'"usageMetadata":{"promptTokenCount":',
        b'"candidates":[{"finishReason":"STOP","groundingMetadata":',
        b'"promptTokensDetails":[{"modality":"AUDIO","tokenCount":',
        b'"interaction":{"status":"completed","usage":{"total_input_tokens":',
        b'"iterations":[{"type":"compaction","input_tokens":',
        b'"x_groq":{"usage":{',
        b'"cost":',
        b'"timings":{"cache_n":',
        b'"type":"message-end","delta":{"usage":{"billed_units":{"input_tokens":',
        b'"event_type":"stream-end","response":{"meta":{"billed_units":{',
        b'{"done":true,"prompt_eval_count":',
        b'"total_duration":',
        b'{"stop":true,"tokens_evaluated":',
        b'"type":"chat.end","result":{"stats":{"input_tokens":',
    ]
)
NOISE = st.one_of(st.binary(max_size=300), st.lists(WORDS, max_size=40).map(b"".join))


@pytest.mark.parametrize("name", READERS)
@given(data=NOISE, places=PLACES)
@each(10)
def test_no_reader_fails_whatever_a_provider_writes(name: str, data: bytes, places: list[int]) -> None:
    reader = READERS[name]()
    for piece in cut(data, places):
        reader.feed(piece)

    assert isinstance(reader.finish(), Reading)


@pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.file)
@given(at=st.integers(min_value=0, max_value=100_000), noise=NOISE, places=PLACES)
@each(4)
def test_no_reader_fails_when_an_answer_is_damaged(one: Recording, at: int, noise: bytes, places: list[int]) -> None:
    at %= len(one.body)
    reading = read(one, cut(one.body[:at] + noise + one.body[at + len(noise) :], places), "identity")

    assert reading.usage is None or reading.usage.tokens >= 0
    assert not (reading.is_final and reading.usage is None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@given(data=st.binary(max_size=200), places=PLACES)
@settings(max_examples=40)
def test_a_decoder_says_only_that_it_cannot(coding: str, data: bytes, places: list[int]) -> None:
    decoding = decoder(coding)
    for piece in cut(data, places):
        try:
            decoding.decode(piece)
        except Undecodable:
            return


@pytest.mark.parametrize("coding", CODINGS)
@given(bodies=st.lists(st.binary(max_size=200), min_size=1, max_size=3), places=PLACES)
@settings(max_examples=40)
def test_a_decoder_reads_frame_after_frame(coding: str, bodies: list[bytes], places: list[int]) -> None:
    if coding in ("deflate", "br"):  # these have one frame
        bodies = bodies[:1]
    decoding = decoder(coding)
    packed = b"".join(CODINGS[coding](body) for body in bodies)

    assert b"".join(decoding.decode(piece) for piece in cut(packed, places)) == b"".join(bodies)
