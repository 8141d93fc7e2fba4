"""How requests go on: byte for byte, and no further than their client lives."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from tests.capture.proxy.wire import LAST_CHUNK, WAIT_S, answer, chunk, head, request, stream_head
from tests.capture.recorded import recording

from codesession.capture.proxy import incoming
from codesession.capture.proxy.client import Client, ClientGone, TooLarge, unless_gone
from codesession.model import Cut, Evidence, Outcome, Usage

if TYPE_CHECKING:
    from tests.capture.proxy.wire import Provider, Proxy

STREAM = recording("anthropic/text.sse")
ASK = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":true}'
UNMETERED = "/anthropic/v1/files"
PATHS = pytest.mark.parametrize("path", ["/v1/messages", UNMETERED], ids=["metered", "unmetered"])
CHUNKED = b"transfer-encoding: chunked"


# --- bodies ---


@PATHS
def test_a_body_goes_on_as_it_came(relay: Proxy, provider: Provider, path: str) -> None:
    body = b'  {"model" : "m",\r\n "x": "\xc3\xa9 \\u00e9 \\ud83d", "n": 1.10e5 } \n'
    client = relay.send(request("POST", path, body=body))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())

    assert received.start == f"POST {path.removeprefix('/anthropic')} HTTP/1.1".encode()
    assert (received.body, received.values(b"content-length")) == (body, [b"%d" % len(body)])
    assert client.message().status == 200


@PATHS
def test_a_chunked_body_goes_on_whole(relay: Proxy, provider: Provider, path: str) -> None:
    client = relay.send(request("POST", path, CHUNKED), chunk(ASK[:5]), chunk(ASK[5:]), LAST_CHUNK)
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())

    assert received.body == ASK
    assert client.message().status == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("header", [b"x: 1", b"content-length: 0"], ids=["no-length", "no-bytes"])
def test_no_body_stays_no_body(relay: Proxy, provider: Provider, method: str, header: bytes) -> None:
    client = relay.send(request(method, "/anthropic/v1/files/file_1", header))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(status=b"200 OK"))

    assert received.start == f"{method} /v1/files/file_1 HTTP/1.1".encode()
    assert not {b"transfer-encoding", b"content-type"} & set(received.names)
    assert received.values(b"content-length") in ([], [b"0"])
    assert client.message(bodiless=True).status == 200


def test_an_empty_body_of_a_post_stays_empty(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/anthropic/v1/messages/batches/x/cancel", body=b""))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())

    assert received.values(b"content-length") == [b"0"]
    assert client.message().status == 200


@PATHS
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_of_20_megabytes_goes_on_whole(relay: Proxy, provider: Provider, path: str, framing: str) -> None:
    body = b'{"model":"m","x":"' + b"0123456789abcdef" * (20 * 65536) + b'"}'
    client = relay.connect()
    if framing == "length":
        sending = client.send_aside(request("POST", path, body=body))
    else:
        pieces = b"".join(chunk(body[at : at + 1_000_003]) for at in range(0, len(body), 1_000_003))
        sending = client.send_aside(request("POST", path, CHUNKED) + pieces + LAST_CHUNK)
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(b"got it"))

    assert received.body == body
    assert client.message().body == b"got it"
    sending.join()


def test_an_upload_is_not_waited_for(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", UNMETERED, b"content-length: 6"), b"on")
    upstream = provider.accept()
    upstream.begin()
    assert upstream.exactly(2) == b"on"
    client.send(b"e ")
    assert upstream.exactly(2) == b"e "
    client.send(b"tw")
    assert upstream.exactly(2) == b"tw"
    upstream.send(answer(b"done"))

    assert client.message().body == b"done"


def test_an_upload_that_the_provider_does_not_read_is_held_back(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", UNMETERED, b"content-length: 1000000000"), b"x")
    upstream = provider.accept()
    upstream.begin()
    client.socket.settimeout(0.3)
    accepted = 0
    with suppress(TimeoutError):
        while accepted < 100_000_000:
            accepted += client.socket.send(b"x" * 1_000_000)

    assert accepted < 100_000_000  # what fits in the system's socket buffers, and not the upload


def test_an_answer_may_come_before_the_upload_is_whole(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", UNMETERED, b"content-length: 6"), b"on")
    upstream = provider.accept()
    upstream.begin()
    upstream.send(answer(b"no more", status=b"413 Too Large"))

    assert client.message().status == 413


@PATHS
def test_a_client_that_asks_first_is_told_to_go_on(relay: Proxy, provider: Provider, path: str) -> None:
    client = relay.send(request("POST", path, b"expect: 100-continue", b"content-length: %d" % len(ASK)))
    assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(ASK)
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())

    assert b"expect" not in received.names
    assert client.message().status == 200


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_compressed_request_is_read_and_goes_on_compressed(relay: Proxy, provider: Provider, coding: str) -> None:
    import gzip

    body = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[coding](ASK)
    client = relay.send(request("POST", "/v1/messages", b"content-encoding: " + coding.encode(), body=body))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())
    client.message()
    attempt = relay.books.admitted()

    assert (received.body, received.values(b"content-encoding")) == (body, [coding.encode()])
    assert (attempt.model, attempt.max_output, attempt.request_bytes) == ("claude-opus-4-8", 9, len(ASK))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([], b""),
        ([], b"model=m"),
        ([], b"[1]"),
        ([], b'{"model":'),
        ([], b"[" * 100_000),
        ([b"content-encoding: gzip"], ASK),
        ([b"content-encoding: new"], ASK),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
def test_what_is_not_json_is_refused(
    relay: Proxy, provider: Provider, path: str, headers: list[bytes], body: bytes
) -> None:
    client = relay.send(request("POST", path, *headers, body=body))
    got = client.message()
    error = json.loads(got.body)["error"]

    assert got.status == 400
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("The request body is not")
    assert relay.books.are_closed()
    assert provider.was_not_called()
    client.send(request("GET", "/health"))
    assert client.message().status == 200


@pytest.mark.parametrize("framing", ["length", "chunked", "said-only"])
def test_a_metered_request_that_is_too_large_is_refused(
    relay: Proxy, provider: Provider, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    monkeypatch.setattr(incoming, "MOST_REQUEST", 1024 * 1024)
    body = b'{"model":"' + b"m" * 30_000_000 + b'"}'
    client = relay.connect()
    match framing:
        case "length":
            client.send(request("POST", "/v1/messages", body=body))
        case "chunked":
            client.send(request("POST", "/v1/messages", CHUNKED), chunk(body), LAST_CHUNK)
        case _:
            client.send(request("POST", "/v1/messages", b"content-length: 99999999"))
    got = client.message()

    assert got.status == 413
    assert json.loads(got.body)["error"] == {
        "type": "request_too_large",
        "message": "The request is larger than 1 MB.",
    }
    assert relay.books.are_closed()
    assert provider.was_not_called()
    if framing != "said-only":  # who sends on before it reads is not cut off
        client.send(request("GET", "/health"))
        assert client.message().status == 200


def test_an_unmetered_request_has_no_limit(relay: Proxy, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MOST_REQUEST", 10)
    client = relay.send(request("POST", UNMETERED, body=b"x" * 11))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer())

    assert client.message().status == 200


# --- clients that hang up ---


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_client_that_hangs_up_ends_the_generation(relay: Proxy, provider: Provider, how: str, framing: str) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    sent = STREAM.body[: STREAM.body.index(b"event: content_block_stop")]
    if framing == "chunked":
        upstream.send(stream_head(b"request-id: req_1"), chunk(sent))
    else:
        upstream.send(head(b"content-type: text/event-stream", b"content-length: 9999", b"request-id: req_1"), sent)
    client.until(b"naive".replace(b"i", "ï".encode()))
    getattr(client, how)()

    assert upstream.is_closed()
    written = len("Hello! Here are two lines,\n\none of them naïve 🦆.".encode())
    assert relay.books.settled() == Outcome(
        Usage(input=25, output=-(-written // 4)),
        Evidence.ESTIMATED,
        STREAM.model,
        Cut.CLIENT,
        200,
        "req_1",
        STREAM.response_id,
    )
    relay.beat()
    assert relay.books.are_closed()


def test_a_client_that_hangs_up_before_the_answer_is_billed_for_what_was_read(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    client.close()

    assert upstream.is_closed()
    assert relay.books.settled() == Outcome(Usage(input=len(ASK) // 4), Evidence.ESTIMATED, cut=Cut.CLIENT)


def test_a_client_that_hangs_up_after_the_last_word_had_it_whole(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(STREAM.body))
    client.until(b'{"type":"message_stop"}')
    client.close()
    told = relay.books.settled()

    assert (told.usage, told.evidence, told.cut) == (STREAM.usage, Evidence.MEASURED, None)


def test_when_both_hang_up_the_call_is_settled_once(relay: Proxy, provider: Provider) -> None:
    for _ in range(5):
        client = relay.send(request("POST", "/v1/messages", body=ASK))
        upstream = provider.accept()
        upstream.message()
        upstream.send(stream_head(), chunk(STREAM.body[:300]))
        client.until(b"msg_01")
        client.reset()
        upstream.reset()
        told = relay.books.settled()
        relay.beat()

        assert told.cut in (Cut.CLIENT, Cut.UPSTREAM)
        assert told.usage == Usage(input=25, output=1)
        assert relay.books.are_closed()


def test_a_client_that_hangs_up_while_its_call_is_settled_is_settled_once(relay: Proxy, provider: Provider) -> None:
    relay.books.may_settle.clear()
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(STREAM.body), LAST_CHUNK)
    assert relay.books.asked_to_settle.wait(WAIT_S)
    relay.books.asked_to_settle.clear()
    client.reset()
    relay.beat()
    relay.books.may_settle.set()

    assert not relay.books.asked_to_settle.is_set()


def test_a_client_that_hangs_up_in_the_middle_of_its_request_costs_nothing(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", b"content-length: 99"), ASK[:9])
    client.close()
    relay.beat()

    assert relay.books.are_closed()
    assert provider.was_not_called()


def test_a_client_that_hangs_up_in_the_middle_of_an_upload_ends_it(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", UNMETERED, b"content-length: 99"), b"some")
    upstream = provider.accept()
    upstream.begin()
    assert upstream.exactly(4) == b"some"
    client.close()

    assert upstream.is_closed()


def test_a_client_that_hangs_up_ends_an_unmetered_answer(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("GET", "/anthropic/v1/files/x/content"))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(b"one"))
    client.until(b"one")
    client.close()

    assert upstream.is_closed()


def test_a_client_that_hangs_up_while_it_does_not_read_ends_the_generation(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head())
    sending = upstream.send_aside(chunk(b": " + b"x" * 40_000_000))
    client.begin()
    client.reset()
    sending.join(WAIT_S)

    assert relay.books.settled().cut is Cut.CLIENT


def test_a_connection_may_carry_one_call_after_another(relay: Proxy, provider: Provider) -> None:
    client = relay.connect()
    upstream = None
    for number in range(3):
        client.send(request("POST", "/v1/messages", body=ASK))
        upstream = upstream or provider.accept()
        upstream.message()
        upstream.send(stream_head(), chunk(STREAM.body), LAST_CHUNK)
        assert client.message().body == STREAM.body
        assert relay.books.settled().usage == STREAM.usage, number

    assert provider.was_not_called()


def test_calls_may_be_sent_before_the_one_before_is_answered(relay: Proxy, provider: Provider) -> None:
    client = relay.send(*[request("POST", "/v1/messages", b"x-n: %d" % number, body=ASK) for number in range(3)])
    upstream = provider.accept()
    for number in range(3):
        assert upstream.message().values(b"x-n") == [b"%d" % number]
        upstream.send(answer(b'{"usage":{"input_tokens":%d}}' % number))

    assert [json.loads(client.message().body)["usage"]["input_tokens"] for _ in range(3)] == [0, 1, 2]


# --- the parts alone ---


def client_of(*messages: dict[str, Any]) -> Client:
    told = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(told)

    return Client(receive)


def test_a_body_in_pieces_is_put_together() -> None:
    client = client_of(
        {"type": "http.request", "body": b"one", "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"two"},
    )

    assert asyncio.run(client.body(6)) == b"onetwo"


def test_a_body_may_be_too_large_or_never_end() -> None:
    with pytest.raises(TooLarge):
        asyncio.run(client_of({"type": "http.request", "body": b"1234567", "more_body": True}).body(6))
    with pytest.raises(ClientGone):
        asyncio.run(client_of({"type": "http.disconnect"}).body(6))


@pytest.mark.parametrize("leaves", [False, True])
def test_work_is_done_unless_the_client_is_gone(*, leaves: bool) -> None:
    done: list[str] = []

    async def main() -> None:
        left = asyncio.Event()
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": b""},
            {"type": "http.request"},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, Any]:
            if len(messages) < 3:
                await left.wait()
            return messages.pop(0)

        async def work() -> None:
            if leaves:
                left.set()
                await asyncio.Event().wait()
            done.append("work")

        client = Client(receive)
        await client.body(0)
        await asyncio.wait_for(unless_gone(client, work()), WAIT_S)

    asyncio.run(main())
    assert done == ([] if leaves else ["work"])


def test_work_that_fails_fails_whether_or_not_the_client_stays() -> None:
    async def stay() -> dict[str, Any]:
        if asked:
            await asyncio.Event().wait()
        asked.append(1)
        return {"type": "http.request"}

    async def fail() -> None:
        raise TooLarge("as an example")

    async def main() -> None:
        client = Client(stay)
        await client.body(0)
        await unless_gone(client, fail())

    asked: list[int] = []
    with pytest.raises(TooLarge):
        asyncio.run(main())


def test_work_may_be_stopped_by_others_too() -> None:
    stopped: list[str] = []

    async def stay() -> dict[str, Any]:
        if stopped:
            await asyncio.Event().wait()
        stopped.append("body read")
        return {"type": "http.request"}

    async def main() -> None:
        client = Client(stay)
        await client.body(0)
        begun = asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.Event().wait()

        doing = asyncio.ensure_future(unless_gone(client, work()))
        await begun.wait()
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
        stopped.append("work")

    asyncio.run(main())
    assert stopped == ["body read", "work"]
