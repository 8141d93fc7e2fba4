from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.capture.proxy.wire import answer, request

from codesession.capture.proxy.headers import back, onward, value_of

if TYPE_CHECKING:
    from tests.capture.proxy.wire import Provider, Proxy

BODY = b'{"model":"m","max_tokens":9}'
PATHS = pytest.mark.parametrize("path", ["/v1/messages", "/anthropic/v1/files"], ids=["metered", "unmetered"])

END_TO_END = [
    (b"x-api-key", b"sk-ant-fake"),
    (b"anthropic-version", b"2023-06-01"),
    (b"anthropic-beta", b"one"),
    (b"x-unknown", b""),
    (b"anthropic-beta", b"two, three"),
    (b"content-type", b"application/json; charset=utf-8"),
    (b"accept", b"text/event-stream"),
    (b"accept-encoding", b"gzip, br;q=0.5"),
    (b"user-agent", b"Bun/1.2 (agent)"),
    (b"cookie", b"a=1; b=2"),
    (b"x-name", "M\u00fcller \u2713".encode()),
    (b"x-quoted", b'"a, b"; c="\\"d"'),
    (b"x-stainless-retry-count", b"0"),
    (b"x-long", b"l" * 30_000),
    (b"if-none-match", b'W/"1"'),
    (b"via", b"1.1 other"),
    (b"x-forwarded-for", b"10.1.2.3"),
]


def lines(headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    return [name + b": " + value for name, value in headers]


@PATHS
def test_every_end_to_end_header_goes_on_in_its_order_and_none_is_added(
    relay: Proxy, provider: Provider, path: str
) -> None:
    client = relay.send(request("POST", path, *lines(END_TO_END), body=BODY))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())
    client.message()

    named = [(name.lower(), value) for name, value in received.headers]
    own = [(b"host", f"127.0.0.1:{provider.port}".encode()), (b"content-length", b"%d" % len(BODY))]
    assert [pair for pair in named if pair not in own] == END_TO_END
    assert sorted(pair for pair in named if pair in own) == sorted(own)


@PATHS
def test_a_bare_request_stays_bare(relay: Proxy, provider: Provider, path: str) -> None:
    client = relay.send(request("POST", path, body=BODY))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())
    client.message()

    assert sorted(received.names) == [b"content-length", b"host"]


@PATHS
def test_headers_of_the_connection_and_ours_go_no_further(relay: Proxy, provider: Provider, path: str) -> None:
    gone = [
        b"connection: X-Hop",
        b"x-hop: 1",
        b"keep-alive: timeout=5",
        b"proxy-connection: keep-alive",
        b"proxy-authorization: Basic eA==",
        b"te: trailers",
        b"trailer: x-t",
        b"X-CodeSession-Session: 7",
        b"x-codesession-agent: claude",
        b"x-codesession-user: u",
        b"x-costhq-session: 7",
    ]
    client = relay.send(request("POST", path, *gone, b"x-stays: 1", body=BODY))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer())
    client.message()

    assert sorted(received.names) == [b"content-length", b"host", b"x-stays"]


RETURNED = [
    (b"request-id", b"req_1"),
    (b"set-cookie", b"a=1; Path=/"),
    (b"set-cookie", b"b=2; Path=/"),
    (b"date", b"Sun, 22 Nov 2026 10:00:00 GMT"),
    (b"server", b"them"),
    (b"anthropic-ratelimit-tokens-remaining", b"79000"),
    (b"x-latin", b"caf\xe9"),
    (b"x-utf8", "\u2713".encode()),
    (b"x-empty", b""),
    (b"x-long", b"l" * 30_000),
    (b"content-type", b"application/json"),
    (b"retry-after", b"3"),
    (b"x-should-retry", b"false"),
    (b"alt-svc", b'h3=":443"'),
    (b"vary", b"a"),
    (b"vary", b"b"),
]


@PATHS
@pytest.mark.parametrize("status", [b"200 OK", b"429 Too Many Requests", b"529 Overloaded"])
def test_the_answers_headers_come_back_in_their_order_and_none_is_added(
    relay: Proxy, provider: Provider, path: str, status: bytes
) -> None:
    client = relay.send(request("POST", path, body=BODY))
    upstream = provider.accept()
    upstream.message()
    hops = [b"connection: x-hop", b"x-hop: 1", b"keep-alive: timeout=5", b"proxy-authenticate: x"]
    upstream.send(answer(b"{}", *lines(RETURNED), *hops, status=status))
    got = client.message()

    assert got.status == int(status[:3])
    assert [(name.lower(), value) for name, value in got.headers] == [(b"content-length", b"2"), *RETURNED]


def test_no_cookie_of_one_answer_goes_into_another_request(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=BODY))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(b"{}", b"set-cookie: secret=1; Path=/"))
    client.message()
    client.send(request("POST", "/v1/messages", body=BODY))
    received = upstream.message()
    upstream.send(answer())

    assert b"cookie" not in received.names


def test_the_lists_are_as_the_specification_has_them() -> None:
    assert (
        onward([(b"host", b"x"), (b"content-length", b"1"), (b"expect", b"100-continue"), (b"upgrade", b"h2c")]) == []
    )
    assert onward([(b"x", b"\xff")]) == [("x", "\xff")]
    assert back([(b"Connection", b"X-A , b"), (b"X-A", b"1"), (b"B", b"1"), (b"Transfer-Encoding", b"chunked")]) == []
    assert back([(b"Content-Length", b"1"), (b"X", b"1")], frozenset({b"content-length"})) == [(b"X", b"1")]


def test_values_that_are_stored_are_short_and_printable() -> None:
    headers = {"a": "  ", "b": " x\x1b[31m\u202ey ", "c": "z" * 300}

    assert value_of(headers, "a", "missing") is None
    assert value_of(headers, "a", "b") == "x[31my"
    assert value_of(headers, "c") == "z" * 200
