"""How a running stream is ended: at the end of an event, with our sentence, settled, and so that SDKs stop."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from tests.capture.proxy.played import NO, Watcher, answering, passed_on
from tests.capture.recorded import recording

from codesession.capture.providers import PROVIDERS, Endpoint, Reading, StreamReader
from codesession.capture.providers.openai import UsageChunkFilter, read_answer, read_request
from codesession.capture.sse import events, payload
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.played import Got
    from tests.capture.recorded import Recording

pytestmark = pytest.mark.usefixtures("few_authorities")

TEXT = recording("anthropic/text.sse")
CHAT = recording("openai/chat_usage.sse")
RESPONSES = recording("openai/responses.sse")
MESSAGES = PROVIDERS["anthropic"].endpoints["/v1/messages"]
ENDING = ('event: error\ndata: {"type":"error","error":{"type":"billing_error","message":"' + NO + '"}}\n\n').encode()


def delta(text: str) -> bytes:
    document = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return b"event: content_block_delta\ndata: " + json.dumps(document).encode() + b"\n\n"


START, *REST = events(TEXT.body)
LONG = [START, *(delta(f"{n:03}" + "x" * 97) for n in range(100)), *REST[-2:]]
"""A stream of 10,000 bytes of text, of which each event has 100."""


# --- when it is asked ---


def test_a_watch_is_asked_when_usage_is_known_and_with_every_512_bytes_more() -> None:
    watch = Watcher()
    got = passed_on(LONG, MESSAGES, watch)

    assert [reading.written_bytes for reading in watch.seen] == [0, *range(600, 10_001, 600)]
    assert {reading.usage for reading in watch.seen} == {Usage(input=25, output=1)}
    assert got.body == b"".join(LONG)
    assert not got.answer.was_ended


def test_a_watch_sees_what_arrives_at_once_as_one() -> None:
    watch = Watcher()
    passed_on([START + b"".join(LONG[1:50]), b"".join(LONG[50:99])], MESSAGES, watch)

    assert [reading.written_bytes for reading in watch.seen] == [4900, 9800]


def test_an_answer_whose_cost_is_known_is_not_ended() -> None:
    watch = Watcher(ends_at=1)
    got = passed_on([TEXT.body], MESSAGES, watch)

    assert (watch.seen, got.body) == ([], TEXT.body)


def test_a_json_answer_is_not_watched() -> None:
    one = recording("anthropic/message.json")
    watch = Watcher(ends_at=1)
    headers = {"content-type": "application/json", "content-length": str(len(one.body))}
    got = passed_on([one.body], one.endpoint, watch, headers, every=0)

    assert (watch.seen, got.body) == ([], one.body)
    assert got.headers[b"content-length"] == b"%d" % len(one.body)
    assert got.answer.so_far() == Reading()


def test_what_a_stream_has_said_so_far_does_not_end_its_reading() -> None:
    watch = Watcher()
    at = len(START) + 100
    got = passed_on([TEXT.body[:at], TEXT.body[at:]], MESSAGES, watch, every=0)
    told = got.answer.so_far()

    assert watch.seen[0].response_id == TEXT.response_id
    assert told == got.answer.read()
    assert (told.usage, told.is_final, told.has_ended) == (TEXT.usage, True, True)


# --- how it ends ---


def test_what_was_begun_is_completed_then_comes_the_ending_then_the_settling_then_the_last_byte() -> None:
    half, *later = LONG[7][:50], LONG[7][50:60], LONG[7][60:] + LONG[8]
    got = passed_on([*LONG[:7], half, *later, *LONG[9:]], MESSAGES, Watcher(ends_at=2))

    assert got.answer.was_ended
    assert not got.is_broken
    assert got.body == b"".join(LONG[:7]) + ENDING
    assert got.steps == [*LONG[:7], ENDING, "settled", b""]

    got = passed_on([*LONG[:6], LONG[6] + half, *later, *LONG[9:]], MESSAGES, Watcher(ends_at=2))

    assert got.body == b"".join(LONG[:8]) + ENDING
    assert got.steps[-5:] == [LONG[7][50:60], LONG[7][60:], ENDING, "settled", b""]
    assert got.answer.read().written_bytes == 800  # and what came behind it was written too, though not passed on


def test_a_promised_length_is_not_promised_to_the_client_of_a_watched_stream() -> None:
    length = {"content-length": str(sum(map(len, LONG)))}

    assert b"content-length" in passed_on(LONG, MESSAGES, None, length).headers
    assert passed_on(LONG, MESSAGES, Watcher(), length).body == b"".join(LONG)
    got = passed_on(LONG, MESSAGES, Watcher(ends_at=1), length)
    assert (b"content-length" in got.headers, got.body) == (False, START + ENDING)


@pytest.mark.parametrize("break_", ["reset", "closed"])
def test_an_event_that_is_never_completed_is_broken_off(break_: str) -> None:
    pieces = [START + LONG[1][:20], LONG[1][20:30]]
    got = passed_on(pieces, MESSAGES, Watcher(ends_at=1), breaks=break_ == "reset")

    assert got.steps == [*pieces, "settled"]
    assert got.is_broken
    assert got.answer.was_ended


def test_a_compressed_stream_is_broken_off() -> None:
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [packing.compress(event) + packing.flush(zlib.Z_SYNC_FLUSH) for event in LONG]
    got = passed_on(pieces, MESSAGES, Watcher(ends_at=1), {"content-encoding": "gzip"})

    assert got.steps == [pieces[0], "settled"]
    assert got.is_broken
    assert got.answer.was_ended
    assert got.headers[b"content-encoding"] == b"gzip"


def test_a_compressed_stream_that_is_filtered_is_ended_as_any() -> None:
    packed = gzip.compress(CHAT.body, mtime=0)
    cuts = [packed[at : at + 50] for at in range(0, len(packed), 50)]
    coding = {"content-encoding": "gzip"}
    got = passed_on(cuts, CHAT.endpoint, Watcher(ends_at=4), coding, every=0, answer_filter=UsageChunkFilter())
    *passed, last = events(got.body)

    assert passed == list(events(CHAT.body))[: len(passed)]
    assert json.loads(payload(last))["error"]["message"] == NO
    assert not got.is_broken


def test_a_stream_whose_reader_knows_no_ending_is_broken_off() -> None:
    class Unending(StreamReader):
        telling, marks = MESSAGES.stream_reader().telling, MESSAGES.stream_reader().marks

        def take(self, data: bytes) -> None:
            """Learn nothing."""

        def written(self, data: bytes) -> int:
            return len(data)

    got = passed_on([START], Endpoint("x", read_request, read_answer, Unending), Watcher(ends_at=1), every=0)

    assert (got.is_broken, got.steps) == (True, [START, "settled"])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_an_event_is_completed_byte_by_byte_however_lines_end(end: bytes) -> None:
    first, second, third = (event.replace(b"\n", end) for event in LONG[:3])
    bytes_of_it = [second[at : at + 1] for at in range(len(second))]
    got = passed_on([first + bytes_of_it[0], *bytes_of_it[1:], third], MESSAGES, Watcher(ends_at=1))

    assert got.body == first + second + ENDING


def test_a_blank_line_too_many_begins_no_event() -> None:
    got = passed_on([START, b"\n", LONG[1]], MESSAGES, Watcher(ends_at=2), every=0)

    assert got.body == START + b"\n" + ENDING


def test_an_event_too_large_to_read_is_completed_too() -> None:
    line = b"data: " + b"x" * 11_000_000 + b"\r\n"
    pieces = [START, line, b"data: y\r\n", b"\r\ndata: z\r\n\r\n"]

    got = passed_on(pieces, MESSAGES, Watcher(ends_at=2), every=0)

    assert got.body == START + line + b"data: y\r\n\r\n" + ENDING


# --- what the real clients make of it ---


def ended(one: Recording, ends_at: int) -> Got:
    return passed_on(events(one.body), one.endpoint, Watcher(ends_at=ends_at), every=0)


def messages_create(url: str) -> None:
    with anthropic.Anthropic(base_url=url, api_key="fake") as client:
        hi: list[anthropic.types.MessageParam] = [{"role": "user", "content": "hi"}]
        for _ in client.messages.create(model="claude-opus-4-8", max_tokens=9, messages=hi, stream=True):
            pass


def messages_stream(url: str) -> None:
    with (
        anthropic.Anthropic(base_url=url, api_key="fake") as client,
        client.messages.stream(
            model="claude-opus-4-8", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        stream.get_final_message()


@pytest.mark.parametrize("ask", [messages_create, messages_stream], ids=["create", "stream"])
@pytest.mark.parametrize("ends_at", [1, 4])
def test_the_anthropic_sdk_raises_our_sentence_and_does_not_ask_again(ask: Callable[[str], None], ends_at: int) -> None:
    with answering(200, [(b"content-type", b"text/event-stream")], ended(TEXT, ends_at).body) as server:
        with pytest.raises(anthropic.APIStatusError) as raised:
            ask(server.url)

        assert raised.value.type == "billing_error"
        assert NO in str(raised.value)
        assert server.count == 1


def test_the_openai_sdk_raises_our_sentence_in_the_middle_of_a_chat() -> None:
    with (
        answering(200, [(b"content-type", b"text/event-stream")], ended(CHAT, 3).body) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="fake") as client,
    ):
        stream = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        with pytest.raises(openai.APIError) as raised:
            list(stream)

        assert (str(raised.value), raised.value.code) == (NO, "budget_exceeded")
        assert server.count == 1


@pytest.mark.parametrize("ends_at", [1, 3, 6])
def test_the_openai_sdk_gives_a_failed_response_with_our_sentence(ends_at: int) -> None:
    with (
        answering(200, [(b"content-type", b"text/event-stream")], ended(RESPONSES, ends_at).body) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="fake") as client,
    ):
        *_, last = told = list(client.responses.create(model="gpt-5", input="hi", stream=True))

        assert last.type == "response.failed"
        assert last.response.error is not None
        assert (last.response.error.code, last.response.error.message) == ("invalid_prompt", NO)
        assert (last.response.id, last.response.model) == (RESPONSES.response_id, RESPONSES.model)
        assert last.response.created_at == 1741290958
        assert [event.sequence_number for event in told] == list(range(len(told)))
        assert server.count == 1
