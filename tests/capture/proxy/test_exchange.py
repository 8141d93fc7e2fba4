"""How answers come back: byte for byte, at once, and settled before they are whole."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard
from tests.capture.proxy.wire import LAST_CHUNK, WAIT_S, answer, chunk, head, request, stream_head
from tests.capture.recorded import recording

from codesession.capture.providers import Reading
from codesession.capture.providers.openai import is_usage_chunk
from codesession.capture.proxy.exchange import estimate, outcome
from codesession.capture.sse import events, payload
from codesession.model import STANDARD, Attempt, Cut, Evidence, Outcome, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Provider, Proxy, Wire

MESSAGE = recording("anthropic/message.json")
STREAM = recording("anthropic/text.sse")
CHAT = recording("openai/chat_usage.sse")
ASK = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":true}'
ASK_CHAT = b'{"model":"gpt-4o","stream":true}'
ASK_CHAT_USAGE = b'{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}'
TRAILER = b"0\r\nx-trailer: 1\r\n\r\n"
PATHS = pytest.mark.parametrize("path", ["/v1/messages", "/anthropic/v1/files"], ids=["metered", "unmetered"])


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
CODED = pytest.mark.parametrize(("coding", "compress"), CODINGS.items(), ids=CODINGS)


def ask(
    relay: Proxy, provider: Provider, path: str = "/v1/messages", body: bytes = ASK, method: str = "POST"
) -> tuple[Wire, Wire]:
    """A client that waits for its answer, and the provider that has been asked."""
    client = relay.send(request(method, path, body=body if method == "POST" else None))
    upstream = provider.accept()
    upstream.message()
    return client, upstream


# --- bytes ---


@PATHS
@pytest.mark.parametrize("status", [b"200 OK", b"201 Created", b"301 Moved", b"400 Bad Request", b"503 Unavailable"])
def test_a_body_with_a_length_comes_back_as_it_was(relay: Proxy, provider: Provider, path: str, status: bytes) -> None:
    client, upstream = ask(relay, provider, path)
    body = bytes(range(256)) * 3
    upstream.send(answer(body, b"location: /elsewhere", status=status))
    got = client.message()

    assert (got.status, got.body) == (int(status[:3]), body)
    assert got.values(b"content-length") == [b"768"]
    assert got.values(b"location") == [b"/elsewhere"]
    assert provider.was_not_called()


@PATHS
def test_a_chunked_body_comes_back_chunked(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(
        head(b"transfer-encoding: chunked"), chunk(b"one"), b"3;ext=1\r\ntwo\r\n", b"0\r\nx-trailer: 1\r\n\r\n"
    )
    got = client.message()

    assert got.body == b"onetwo"
    assert got.names == [b"transfer-encoding"]


@PATHS
def test_a_body_that_ends_with_its_connection_comes_back_whole(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(head(b"connection: close"), b"one", b"two")
    upstream.close()
    got = client.message()

    assert got.body == b"onetwo"
    assert got.names == [b"transfer-encoding"]


@PATHS
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("header", [b"x-nothing: 1", b"content-length: 1234"], ids=["no-length", "a-length"])
def test_an_answer_without_a_body_leaves_the_connection_usable(
    relay: Proxy, provider: Provider, path: str, status: bytes, header: bytes
) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(head(header, b"etag: x", status=status))
    assert client.message().values(b"etag") == [b"x"]

    client.send(request("GET", "/anthropic/v1/models"))
    upstream.message()
    upstream.send(answer(b"after"))
    assert client.message().body == b"after"


def test_a_head_has_the_headers_of_its_get(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/anthropic/v1/files/x", method="HEAD")
    upstream.send(head(b"content-length: 1234", b"etag: x"))
    got = client.message(bodiless=True)
    client.send(request("GET", "/health"))

    assert got.values(b"content-length") == [b"1234"]
    assert client.message().status == 200


@PATHS
def test_an_empty_body_is_an_answer(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(answer())

    assert client.message().body == b""


@PATHS
def test_interim_answers_are_waited_through(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(
        b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", answer(b"done")
    )

    assert client.message().body == b"done"


@PATHS
def test_redirects_are_the_clients_business(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    location = f"location: {provider.root}/elsewhere".encode()
    upstream.send(answer(b"", location, status=b"307 Temporary Redirect"))
    got = client.message()

    assert got.status == 307
    assert provider.was_not_called()


@PATHS
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_of_20_megabytes_comes_back_whole(relay: Proxy, provider: Provider, path: str, framing: str) -> None:
    client, upstream = ask(relay, provider, path)
    body = bytes(range(256)) * (20 * 4096) + b'"usage":{"input_tokens":5}'
    if framing == "length":
        upstream.send_aside(answer(body))
    else:
        upstream.send_aside(head(b"transfer-encoding: chunked") + chunk(body[:9]) + chunk(body[9:]) + LAST_CHUNK)

    assert client.message().body == body


def test_a_client_that_does_not_read_holds_the_provider_back(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/anthropic/v1/files")
    upstream.send(head(b"content-length: 1000000000"))
    assert client.begin()[0] == b"HTTP/1.1 200 OK"
    upstream.socket.settimeout(0.3)
    accepted = 0
    with suppress(TimeoutError):
        while accepted < 100_000_000:
            accepted += upstream.socket.send(b"x" * 1_000_000)

    assert accepted < 100_000_000  # what fits in the system's socket buffers, and not the answer


# --- at once ---


@PATHS
def test_the_first_byte_does_not_wait_for_the_second(relay: Proxy, provider: Provider, path: str) -> None:
    client, upstream = ask(relay, provider, path)
    upstream.send(stream_head())
    assert client.begin()[0] == b"HTTP/1.1 200 OK"
    for byte in STREAM.body[:40]:
        upstream.send(chunk(bytes([byte])))
        assert client.next_chunk() == bytes([byte])
    upstream.send(chunk(STREAM.body[40:]), LAST_CHUNK)

    while client.next_chunk():
        pass


def test_the_first_byte_of_a_body_with_a_length_does_not_wait(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider)
    upstream.send(head(b"content-length: 3"), b"a")
    client.begin()
    assert client.exactly(1) == b"a"
    upstream.send(b"b")
    assert client.exactly(1) == b"b"
    upstream.send(b"c")

    assert client.exactly(1) == b"c"


def test_each_chunk_of_a_filtered_stream_does_not_wait_for_the_next(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/v1/chat/completions", ASK_CHAT)
    upstream.send(stream_head(b"content-encoding: gzip"))
    client.begin()
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for event in events(CHAT.body):
        upstream.send(chunk(packing.compress(event) + packing.flush(zlib.Z_SYNC_FLUSH)))
        if not is_usage_chunk(payload(event)):
            assert client.next_chunk() == event
    upstream.send(chunk(packing.flush()), LAST_CHUNK)

    assert client.next_chunk() == b""


# --- settled before it is whole ---


@pytest.mark.parametrize("framing", ["length", "chunked", "stream", "filtered", "closing", "empty"])
def test_an_answer_is_not_whole_before_it_is_settled(relay: Proxy, provider: Provider, framing: str) -> None:
    relay.books.may_settle.clear()
    is_chat = framing == "filtered"
    client, upstream = ask(relay, provider, *(("/v1/chat/completions", ASK_CHAT) if is_chat else ()))
    match framing:
        case "length":
            upstream.send(answer(MESSAGE.body))
        case "chunked":
            upstream.send(head(b"transfer-encoding: chunked"), chunk(MESSAGE.body), LAST_CHUNK)
        case "stream":
            upstream.send(stream_head(), chunk(STREAM.body), LAST_CHUNK)
        case "filtered":
            upstream.send(stream_head(), chunk(CHAT.body), LAST_CHUNK)
        case "closing":
            upstream.send(head(), MESSAGE.body)
            upstream.close()
        case "empty":
            upstream.send(answer())
    assert relay.books.asked_to_settle.wait(WAIT_S)
    relay.beat()
    client.socket.setblocking(False)
    early = client.socket.recv(1_000_000)
    relay.books.admitted()
    assert relay.books.are_closed()
    relay.books.may_settle.set()
    settled = relay.books.settled()
    client._got += early  # noqa: SLF001 - what was read early is read again
    client.socket.settimeout(WAIT_S)
    got = client.message()

    assert not early.endswith((LAST_CHUNK, got.body)) or not got.body
    assert settled.evidence is (Evidence.MEASURED if framing != "empty" else Evidence.ESTIMATED)
    assert settled.cut is (None if framing != "empty" else Cut.UPSTREAM)


# --- what is read beside ---


@CODED
@pytest.mark.parametrize("kind", ["json", "stream"])
def test_an_encoded_answer_is_read_and_comes_back_as_it_was(
    relay: Proxy, provider: Provider, coding: str, compress: Callable[[bytes], bytes], kind: str
) -> None:
    client, upstream = ask(relay, provider)
    one = MESSAGE if kind == "json" else STREAM
    body = compress(one.body)
    header = b"content-encoding: " + coding.encode()
    if kind == "json":
        upstream.send(answer(body, header, b"request-id: req_1"))
    else:
        pieces = [chunk(body[at : at + 7]) for at in range(0, len(body), 7)]
        upstream.send(stream_head(header, b"request-id: req_1"), *pieces, LAST_CHUNK)
    got = client.message()

    assert (got.body, got.values(b"content-encoding")) == (body, [coding.encode()])
    assert relay.books.settled() == Outcome(
        one.usage,
        Evidence.MEASURED,
        one.model,
        None,
        200,
        "req_1",
        one.response_id,
        terms=Terms("standard") if one.file == "anthropic/message.json" else STANDARD,
    )


@pytest.mark.parametrize("type_", [b"text/event-stream", b"Text/Event-Stream; charset=UTF-8"])
def test_a_stream_is_known_by_its_content_type(relay: Proxy, provider: Provider, type_: bytes) -> None:
    client, upstream = ask(relay, provider)
    upstream.send(answer(STREAM.body, b"content-type: " + type_))
    client.message()

    assert relay.books.settled().usage == STREAM.usage


@pytest.mark.parametrize("coding", [b"aws-chunked", b"gzip", b"br"])
def test_what_cannot_be_decoded_is_billed_at_its_ceiling(relay: Proxy, provider: Provider, coding: bytes) -> None:
    client, upstream = ask(relay, provider)
    upstream.send(answer(MESSAGE.body, b"content-encoding: " + coding))

    assert client.message().body == MESSAGE.body
    assert relay.books.settled() == Outcome(None, Evidence.ESTIMATED, http_status=200, cut=Cut.UPSTREAM)


def test_garbage_after_the_last_word_does_not_unsay_it(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider)
    body = gzip.compress(STREAM.body)
    upstream.send(stream_head(b"content-encoding: gzip"), chunk(body))
    client.begin()
    client.next_chunk()
    upstream.send(chunk(b"\xff" * 32), LAST_CHUNK)

    assert client.next_chunk() == b"\xff" * 32
    assert relay.books.settled().usage == STREAM.usage


def test_an_answer_that_is_not_json_is_passed_on_and_billed_at_its_ceiling(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, body=b'{"model":"m"}')
    upstream.send(answer(b"<html>not what was asked for"))

    assert client.message().body == b"<html>not what was asked for"
    assert relay.books.settled() == Outcome(None, Evidence.ESTIMATED, http_status=200)


def test_an_answer_larger_than_is_kept_is_read_from_its_end(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider)
    body = b'{"content":"' + b"x" * 11_000_000 + b'","usage":{"input_tokens":5,"output_tokens":6}}'
    upstream.send_aside(answer(body))

    assert client.message().body == body
    assert relay.books.settled().usage == Usage(input=5, output=6)


def test_names_that_cannot_be_stored_are_made_storable(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider)
    body = b'{"id":"a\\ud83d","model":"b\\ud83d","usage":{"input_tokens":1}}'
    upstream.send(answer(body, b"request-id: c\xe9" + b"x" * 300))
    client.message()
    told = relay.books.settled()

    assert (told.response_id, told.model, told.request_id) == ("a?", "b?", "c?" + "x" * 198)


# --- the one thing that is changed ---


@pytest.mark.parametrize(
    ("coding", "size", "end"),
    [
        *((coding, 7, b"\n") for coding in CODINGS),
        ("identity", 1, b"\r\n"),
        ("gzip", 17, b"\r\n"),
        ("identity", 100_000, b"\n"),
    ],
)
def test_the_extra_chunk_of_a_chat_stream_is_not_seen(
    relay: Proxy, provider: Provider, coding: str, size: int, end: bytes
) -> None:
    client = relay.send(request("POST", "/v1/chat/completions", body=ASK_CHAT))
    upstream = provider.accept()
    received = upstream.message()
    body = CHAT.body.replace(b"\n", end)
    packed = CODINGS[coding](body)
    pieces = [chunk(packed[at : at + size]) for at in range(0, len(packed), size)]
    upstream.send(stream_head(b"content-encoding: " + coding.encode(), b"x-request-id: req_1"), *pieces, LAST_CHUNK)
    got = client.message()

    assert received.body == b'{"stream_options":{"include_usage":true},' + ASK_CHAT[1:]
    events = body.split(end * 2)
    assert is_usage_chunk(events[-3].removeprefix(b"data: "))
    assert got.body == (end * 2).join([*events[:-3], *events[-2:]])
    assert got.names == [b"content-type", b"x-request-id", b"transfer-encoding"]
    assert relay.books.settled() == Outcome(
        CHAT.usage,
        Evidence.MEASURED,
        CHAT.model,
        None,
        200,
        "req_1",
        CHAT.response_id,
        terms=Terms("default"),
    )


def test_a_filtered_stream_with_a_length_loses_it(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/v1/chat/completions", ASK_CHAT)
    upstream.send(answer(CHAT.body, b"content-type: text/event-stream"))
    got = client.message()

    assert b"content-length" not in got.names
    assert got.body.endswith(b"data: [DONE]\n\n")


def test_a_client_that_asks_for_usage_gets_everything(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/chat/completions", body=ASK_CHAT_USAGE))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(stream_head(b"content-encoding: gzip"), chunk(gzip.compress(CHAT.body, mtime=0)), LAST_CHUNK)
    got = client.message()

    assert received.body == ASK_CHAT_USAGE
    assert got.body == gzip.compress(CHAT.body, mtime=0)
    assert relay.books.settled().usage == CHAT.usage


def test_a_compressed_chat_request_is_asked_for_usage_uncompressed(relay: Proxy, provider: Provider) -> None:
    client = relay.send(
        request("POST", "/v1/chat/completions", b"content-encoding: zstd", body=CODINGS["zstd"](ASK_CHAT))
    )
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(stream_head(), chunk(CHAT.body), LAST_CHUNK)
    client.message()

    assert json.loads(received.body)["stream_options"] == {"include_usage": True}
    assert b"content-encoding" not in received.names


def test_a_chat_request_too_odd_to_change_goes_on_as_it_is(relay: Proxy, provider: Provider) -> None:
    odd = b'{"stream":true,"stream_options":7}'
    client = relay.send(request("POST", "/v1/chat/completions", b"content-encoding: identity", body=odd))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(stream_head(), chunk(CHAT.body), LAST_CHUNK)

    assert (received.body, received.values(b"content-encoding")) == (odd, [b"identity"])
    assert client.message().body == CHAT.body


@pytest.mark.parametrize("answered", ["an-unknown-encoding", "json"])
def test_an_answer_that_is_no_stream_to_filter_is_passed_on(relay: Proxy, provider: Provider, answered: str) -> None:
    client, upstream = ask(relay, provider, "/v1/chat/completions", ASK_CHAT)
    if answered == "json":
        upstream.send(answer(CHAT.body, b"content-type: application/json"))
    else:
        upstream.send(answer(CHAT.body, b"content-type: text/event-stream", b"content-encoding: new"))
    got = client.message()

    assert got.body == CHAT.body
    assert got.values(b"content-length") == [b"%d" % len(CHAT.body)]


def test_a_filtered_stream_that_cannot_be_decoded_breaks(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/v1/chat/completions", ASK_CHAT)
    upstream.send(stream_head(b"content-encoding: gzip"), chunk(b"\xff" * 99), LAST_CHUNK)

    assert not client.rest().endswith(LAST_CHUNK)
    assert relay.books.settled() == Outcome(None, Evidence.ESTIMATED, http_status=200, cut=Cut.UPSTREAM)


# --- answers that break off ---


@pytest.mark.parametrize("how", ["early-end", "no-last-chunk", "inside-a-chunk", "reset", "silence"])
@pytest.mark.parametrize("chat", [False, True], ids=["messages", "filtered-chat"])
def test_the_client_sees_the_break_as_it_was(
    start: Callable[..., Proxy], provider: Provider, how: str, *, chat: bool
) -> None:
    relay = start(idle_s=0.3 if how == "silence" else WAIT_S)
    client, upstream = ask(relay, provider, *(("/v1/chat/completions", ASK_CHAT) if chat else ()))
    sent = (CHAT if chat else STREAM).body[: 900 if chat else 500]
    if how == "early-end":
        upstream.send(head(b"content-type: text/event-stream", b"content-length: 9999"), sent)
    else:
        upstream.send(stream_head(), chunk(sent))
    client.begin()
    got = client.until(b"data: ")
    match how:
        case "inside-a-chunk":
            upstream.send(b"ff\r\ndata")
            upstream.close()
        case "reset":
            upstream.reset()
        case "silence":
            pass
        case _:
            upstream.close()
    got += client.rest()
    told = relay.books.settled()

    assert not got.endswith(LAST_CHUNK)
    assert sent[:400] in got.replace(b"\r\n", b"\n") or chat
    assert (told.cut, told.evidence, told.http_status) == (Cut.UPSTREAM, Evidence.ESTIMATED, 200)
    assert told.model == (CHAT if chat else STREAM).model
    assert told.usage is not None
    assert told.usage.prompt_tokens == (8 if chat else 25)
    relay.beat()
    assert relay.books.are_closed()


def test_a_json_answer_that_breaks_off_is_estimated(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, body=b'{"model":"m"}')
    upstream.send(answer(MESSAGE.body)[:-20])
    upstream.close()

    assert client.rest().endswith(MESSAGE.body[:-20])
    told = Usage(input=4, output=-(-len(MESSAGE.body) // 4))  # all of it had been written
    assert relay.books.settled() == Outcome(told, Evidence.ESTIMATED, cut=Cut.UPSTREAM, http_status=200)


def test_an_unmetered_answer_that_breaks_off_breaks_off(relay: Proxy, provider: Provider) -> None:
    client, upstream = ask(relay, provider, "/anthropic/v1/files")
    upstream.send(stream_head(), chunk(b"one"))
    upstream.close()

    assert client.rest().endswith(b"one\r\n")


def test_an_error_that_the_stream_tells_is_passed_on_and_marked(relay: Proxy, provider: Provider) -> None:
    one = recording("anthropic/overloaded.sse")
    client, upstream = ask(relay, provider)
    upstream.send(stream_head(), chunk(one.body), LAST_CHUNK)
    told = (client.message(), relay.books.settled())

    assert told[0].body == one.body
    assert (told[1].cut, told[1].evidence) == (Cut.UPSTREAM, Evidence.ESTIMATED)
    assert told[1].usage == Usage(input=25, output=7)  # 26 bytes were written


@pytest.mark.parametrize("break_", ["reset", "close"])
def test_a_break_after_the_last_word_is_no_break(relay: Proxy, provider: Provider, break_: str) -> None:
    client, upstream = ask(relay, provider)
    upstream.send(stream_head(), chunk(STREAM.body))
    client.until(b"message_stop")
    getattr(upstream, break_)()
    told = relay.books.settled()

    assert (told.usage, told.cut, told.evidence) == (STREAM.usage, None, Evidence.MEASURED)


# --- what the ledger is told ---

ASKED = Attempt(None, "anthropic", "m", "messages", streamed=True, request_bytes=41)


@pytest.mark.parametrize(
    ("reading", "cut", "told"),
    [
        pytest.param(Reading(Usage(1), True, True), None, Outcome(Usage(1)), id="whole"),
        pytest.param(Reading(Usage(1), True, True), Cut.CLIENT, Outcome(Usage(1)), id="whole-and-then-cut"),
        pytest.param(Reading(Usage(1), True), Cut.CLIENT, Outcome(Usage(1), cut=Cut.CLIENT), id="usage-and-no-end"),
        pytest.param(Reading(Usage(1), True), None, Outcome(Usage(1), cut=Cut.UPSTREAM), id="a-stream-without-end"),
        pytest.param(
            Reading(Usage(5, output=1), written_bytes=41), Cut.CLIENT,
            Outcome(Usage(5, output=11), Evidence.ESTIMATED, cut=Cut.CLIENT), id="cut-after-some-text",
        ),
        pytest.param(
            Reading(Usage(5, output=9), written_bytes=4), Cut.UPSTREAM,
            Outcome(Usage(5, output=9), Evidence.ESTIMATED, cut=Cut.UPSTREAM), id="cut-and-more-was-said",
        ),
        pytest.param(
            Reading(), Cut.CLIENT, Outcome(Usage(11), Evidence.ESTIMATED, cut=Cut.CLIENT), id="cut-before-anything",
        ),
        pytest.param(
            Reading(has_ended=True, written_bytes=8), None,
            Outcome(Usage(11, output=2), Evidence.ESTIMATED), id="no-usage",
        ),
        pytest.param(
            Reading(Usage(5), is_broken=True), Cut.CLIENT,
            Outcome(Usage(5), Evidence.ESTIMATED, cut=Cut.CLIENT), id="unreadable-and-cut",
        ),
        pytest.param(
            Reading(Usage(5), is_opaque=True), Cut.CLIENT,
            Outcome(None, Evidence.ESTIMATED, cut=Cut.CLIENT), id="undecodable-and-cut",
        ),
        pytest.param(Reading(Usage(1), True, True, is_broken=True), None, Outcome(Usage(1)), id="unreadable-but-final"),
        pytest.param(
            Reading(is_broken=True, has_ended=True), None, Outcome(None, Evidence.ESTIMATED), id="unreadable",
        ),
    ],
)  # fmt: skip
def test_what_the_ledger_is_told(reading: Reading, cut: Cut | None, told: Outcome) -> None:
    assert outcome(ASKED, reading, cut, None, None) == told


def test_reasoning_that_was_seen_is_not_estimated_again() -> None:
    assert estimate(ASKED, Reading(Usage(1, reasoning=10), written_bytes=40)) == Usage(1, reasoning=10)
