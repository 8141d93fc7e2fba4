"""What becomes of a request: checked, routed, admitted, and counted."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.wire import (
    LAST_CHUNK,
    Books,
    Sessions,
    answer,
    chunk,
    eventually,
    request,
    stream_head,
    upstreams,
)
from tests.capture.recorded import recording
from tests.ledger.fresh import fresh

from codesession.capture.providers import PROVIDERS
from codesession.capture.providers.compatible import compatible
from codesession.capture.proxy import ProxyApp, WayOut
from codesession.errors import DatabaseError
from codesession.gate import LedgerGate
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import CallState, Cost, Cut, Evidence, Session, Totals, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.capture.proxy.wire import Message, Provider, Proxy

    from codesession.model import Call

MESSAGE = recording("anthropic/message.json")
STREAM = recording("anthropic/text.sse")
ASK = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":true}'


def call(relay: Proxy, provider: Provider, *headers: bytes, path: str = "/v1/messages", body: bytes = ASK) -> Message:
    """One call that is answered; returns what the provider received."""
    client = relay.send(request("POST", path, *headers, body=body))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(MESSAGE.body, b"connection: close"))
    upstream.close()
    assert client.message().status == 200
    client.close()
    return received


def told(got: Message) -> Any:
    assert got.values(b"content-type") == [b"application/json"]
    return json.loads(got.body)


# --- what is metered ---


@pytest.mark.parametrize(
    ("path", "endpoint", "is_streamed", "max_output"),
    [
        ("/v1/messages", "messages", True, 9),
        ("/anthropic/v1/messages?beta=true", "messages", True, 9),
        ("//v1/messages", "messages", True, 9),
        ("/v1/chat/completions", "chat", True, 9),
        ("/openai/chat/completions", "chat", True, 9),
        ("/v1/responses", "responses", True, None),
        ("/v1/embeddings", "embeddings", False, 0),
    ],
)
def test_a_metered_call_is_admitted_with_what_it_asks_for(
    relay: Proxy, provider: Provider, path: str, endpoint: str, max_output: int | None, *, is_streamed: bool
) -> None:
    body = ASK if endpoint != "responses" else ASK.replace(b"max_tokens", b"max_tokenz")
    call(relay, provider, path=path, body=body)
    attempt = relay.books.admitted()

    assert (attempt.endpoint, attempt.model, attempt.streamed) == (endpoint, "claude-opus-4-8", is_streamed)
    assert (attempt.max_output, attempt.request_bytes, attempt.session_id) == (max_output, len(body), None)
    assert attempt.provider == ("anthropic" if endpoint == "messages" else "openai")


def test_a_call_is_admitted_before_it_is_sent(start: Callable[..., Proxy], provider: Provider) -> None:
    class Slow(Books):
        async def admit(self, attempt: Any) -> Any:
            assert provider.was_not_called()
            return await super().admit(attempt)

    books = Slow()
    call(start(gate=books), provider)

    assert books.admitted().model == "claude-opus-4-8"


def test_who_calls_is_kept_and_goes_no_further(relay: Proxy, provider: Provider) -> None:
    received = call(
        relay,
        provider,
        b"x-codesession-session: 7",
        b"x-codesession-agent: claude-code",
        b"x-codesession-user: ann",
        b"x-codesession-customer: acme",
        b"x-codesession-feature: search",
        b"x-claude-code-session-id: 0b1c",
        b"x-stainless-retry-count: 2",
    )
    attempt = relay.books.admitted()

    assert (attempt.session_id, attempt.agent, attempt.user) == (7, "claude-code", "ann")
    assert (attempt.customer, attempt.feature, attempt.client_session, attempt.retry) == ("acme", "search", "0b1c", 2)
    assert b"x-codesession-session" not in received.names
    assert received.values(b"x-claude-code-session-id") == [b"0b1c"]


@pytest.mark.parametrize("retry", [b"-1", b"x", b"99999", "²".encode(), b""])
def test_a_retry_count_that_is_none_is_zero(relay: Proxy, provider: Provider, retry: bytes) -> None:
    call(relay, provider, b"x-stainless-retry-count: " + retry)

    assert relay.books.admitted().retry == 0


@pytest.mark.parametrize(
    ("path", "header", "session_id"),
    [
        ("/s/12/v1/messages", b"x: 1", 12),
        ("/s/12/anthropic/v1/messages", b"x-codesession-session: 7", 12),
        ("/v1/messages", b"x-codesession-session: 7", 7),
        ("/v1/messages", b"x-costhq-session: 7", 7),
        ("/v1/messages", b"x-codesession-session:", None),
    ],
)
def test_a_call_names_its_session(
    relay: Proxy, provider: Provider, path: str, header: bytes, session_id: int | None
) -> None:
    call(relay, provider, header, path=path)
    ((named, peer),) = relay.sessions.asked

    assert relay.books.admitted().session_id == session_id == named
    assert peer is not None
    assert peer[0] == "127.0.0.1"


def test_the_peer_is_who_is_connected_whatever_a_header_says(relay: Proxy, provider: Provider) -> None:
    call(relay, provider, b"x-forwarded-for: 10.0.0.7", b"x-forwarded-proto: https")
    ((_, peer),) = relay.sessions.asked

    assert peer is not None
    assert (peer[0], peer[1] > 0) == ("127.0.0.1", True)


# --- what is not ---


@pytest.mark.parametrize(
    ("method", "path", "headers", "counted"),
    [
        ("GET", "/v1/models", [b"anthropic-version: 2023-06-01"], {}),
        ("GET", "/v1/models", [b"authorization: Bearer sk-fake"], {}),
        ("GET", "/v1/messages/batches/x", [], {}),
        ("DELETE", "/anthropic/v1/files/file_1", [], {}),
        ("PUT", "/anthropic/v1/x", [], {}),
        ("PATCH", "/openai/v1/x", [], {}),
        ("POST", "/v1/messages/count_tokens", [], {}),
        ("POST", "/v1/messages/batches", [], {"anthropic": 1}),
        ("POST", "/openai/v1/files", [], {}),
        ("POST", "/v1/responses/resp_1/cancel", [], {}),
        ("POST", "/v1beta/models/veo-3:predictLongRunning", [], {"google": 1}),
        ("POST", "/mistral/v1/audio/speech", [], {"mistral": 1}),
    ],
)
def test_what_is_not_metered_is_relayed_and_counted(
    relay: Proxy, provider: Provider, method: str, path: str, headers: list[bytes], counted: dict[str, int]
) -> None:
    body = b"not json" if method in ("POST", "PUT", "PATCH") else None
    client = relay.send(request(method, path, *headers, body=body))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(b"as it was", status=b"418 Teapot"))
    got = client.message()

    assert (got.status, got.body, received.body) == (418, b"as it was", body or b"")
    assert relay.books.are_closed()
    assert relay.app.tally.unmetered == counted


@pytest.mark.parametrize("path", ["/", "/unknown", "/v1/models", "/v1", "/favicon.ico"])
def test_a_path_without_a_provider_is_not_found(relay: Proxy, provider: Provider, path: str) -> None:
    got = relay.ask(request("POST", path, body=ASK))

    assert got.status == 404
    assert told(got)["error"]["code"] == "not_found"
    assert provider.was_not_called()


def test_a_head_of_the_root_is_not_found_and_harmless(relay: Proxy) -> None:
    client = relay.send(request("HEAD", "/s/12"))
    assert client.message(bodiless=True).status == 404
    client.send(request("GET", "/health"))

    assert client.message().status == 200


@pytest.mark.parametrize("path", ["/s/abc", "/s/0/v1/messages", "/s/abc/health", "/s//v1/messages"])
def test_a_session_that_cannot_be_is_not_found(relay: Proxy, provider: Provider, path: str) -> None:
    got = relay.ask(request("POST", path, body=ASK))

    assert got.status == 404
    assert told(got)["error"]["code"] == "session_not_found"
    assert provider.was_not_called()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/s/99/v1/messages", []),
        ("/v1/messages", [b"x-codesession-session: 99"]),
        ("/v1/messages", [b"x-codesession-session: abc"]),
    ],
)
def test_a_session_nobody_has_is_not_found_in_the_providers_shape(
    relay: Proxy, provider: Provider, path: str, headers: list[bytes]
) -> None:
    got = relay.ask(request("POST", path, *headers, body=ASK))

    assert got.status == 404
    assert told(got)["error"]["type"] == "not_found_error"
    assert relay.books.are_closed()
    assert provider.was_not_called()


def test_a_provider_nobody_knows_the_address_of_is_not_found(relay: Proxy) -> None:
    got = relay.ask(request("POST", "/azure/openai/deployments/x/chat/completions", body=ASK))

    assert got.status == 404
    assert "CODESESSION_UPSTREAM_AZURE" in told(got)["error"]["message"]


def test_a_provider_of_the_users_own_is_relayed(start: Callable[..., Proxy], provider: Provider) -> None:
    relay = start(providers={**PROVIDERS, "mine": compatible("mine")}, to=upstreams(provider.root, "mine"))
    client = relay.send(request("POST", "/mine/v9/x", body=b"x"))
    upstream = provider.accept()

    assert upstream.message().start == b"POST /v9/x HTTP/1.1"
    upstream.send(answer(b"yes"))
    assert client.message().body == b"yes"


# --- who may not come in ---


@pytest.mark.parametrize("path", ["/v1/messages", "/health", "/unknown", "/openai/v1/models"])
@pytest.mark.parametrize("header", [b"origin: https://evil.example", b"origin: null", b"host-is-foreign"])
def test_strangers_may_not_come_in(relay: Proxy, provider: Provider, path: str, header: bytes) -> None:
    if header == b"host-is-foreign":
        got = relay.ask(request("GET", path, host=b"evil.example:80"))
    else:
        got = relay.ask(request("GET", path, header))

    assert got.status == 403
    assert told(got)["error"]["code"] == "forbidden"
    assert provider.was_not_called()
    assert not any(name.startswith(b"access-control") for name in got.names)


def served(client: tuple[str, int] | None, kind: str = "http") -> list[dict[str, Any]]:
    """What an application of its own answers to a peer at that address."""
    app = ProxyApp(Books(), Sessions(), WayOut(1, 1), version="9")
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind, "client": client, "headers": [(b"host", b"127.0.0.1")], "raw_path": b"/health"}
    asyncio.run(app({**scope, "method": "GET", "query_string": b""}, receive, send))
    return sent


@pytest.mark.parametrize("client", [None, ("10.0.0.7", 5), ("::ffff:10.0.0.7", 5)])
def test_other_machines_may_not_come_in(client: tuple[str, int] | None) -> None:
    assert served(client)[0]["status"] == 403
    assert served(("127.0.0.1", 5))[0]["status"] == 200


def test_what_is_not_http_is_left_alone() -> None:
    assert served(("127.0.0.1", 5), "lifespan") == []


def test_a_websocket_is_refused_and_its_connection_stays_usable(relay: Proxy, provider: Provider) -> None:
    client = relay.send(
        request(
            "GET",
            "/s/12/v1/responses",
            b"connection: Upgrade",
            b"upgrade: WebSocket",
            b"sec-websocket-version: 13",
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
            b"openai-beta: responses_websockets=2026-02-06",
        )
    )
    got = client.message()
    client.send(request("GET", "/health"))

    assert got.status == 426
    assert told(got)["error"]["code"] == "websocket_unsupported"
    assert client.message().status == 200
    assert provider.was_not_called()


@pytest.mark.parametrize(
    "nonsense", [b"HELLO\r\n\r\n", b"GET /v1/x HTTP/1.1\r\nno header\r\n\r\n", b"\x16\x03\x01\x00"]
)
def test_what_is_not_http_is_refused(relay: Proxy, provider: Provider, nonsense: bytes) -> None:
    client = relay.send(nonsense)

    assert client.rest().startswith(b"HTTP/1.1 400")
    assert provider.was_not_called()


# --- health ---


def test_health_without_a_session(relay: Proxy) -> None:
    assert told(relay.ask(request("GET", "/health"))) == {
        "schemaVersion": 1,
        "codesessionVersion": "9.9.9",
        "costhqVersion": "9.9.9",
        "status": "running",
        "intercepting": ["/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1/embeddings"],
        "activeSession": None,
        "unmetered": {},
        "unrecorded": 0,
    }


@pytest.mark.parametrize("path", ["/health", "/s/12/health", "/health?x=1"])
def test_health_tells_of_the_session_and_of_what_was_not_metered(relay: Proxy, provider: Provider, path: str) -> None:
    session = Session(12, "fix the bug", "/work", None, None, None, 1, None, None)
    relay.sessions.now = (session, Totals(calls=2, tokens=150, cost_nanos=1_430_000_000))
    relay.app.tally.unmetered["google"] = 3
    relay.app.tally.unrecorded = 1
    health = told(relay.ask(request("GET", path)))

    assert health["activeSession"] == {"id": 12, "name": "fix the bug", "cost": 1.43, "tokens": 150}
    assert (health["unmetered"], health["unrecorded"]) == ({"google": 3}, 1)
    assert provider.was_not_called()


def test_health_says_when_the_ledger_cannot_be_read(relay: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise DatabaseError("The disk is full.")

    monkeypatch.setattr(relay.sessions, "standing", fail)

    assert relay.ask(request("GET", "/health")).status == 503


# --- a ledger that fails ---


@pytest.mark.parametrize("failing", ["admit", "settle", "release", "attribute"])
def test_a_ledger_that_fails_never_stops_an_agent(relay: Proxy, provider: Provider, failing: str) -> None:
    relay.sessions.is_failing = failing == "attribute"
    relay.books.failing.add(failing)
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    if failing == "release":
        upstream.send(answer(b"busy", status=b"529 Overloaded"))
        assert client.message().body == b"busy"
    else:
        upstream.send(stream_head(), chunk(STREAM.body), LAST_CHUNK)
        assert client.message().body == STREAM.body

    assert relay.app.tally.unrecorded == (failing != "attribute")
    if failing == "attribute":
        assert relay.books.settled().usage == STREAM.usage
    client.send(request("GET", "/health"))
    assert told(client.message())["unrecorded"] == relay.app.tally.unrecorded


@pytest.mark.parametrize("failing", ["admit", "settle", "release"])
def test_a_ledger_that_fails_does_not_hide_what_fails_upstream(relay: Proxy, provider: Provider, failing: str) -> None:
    relay.books.failing.add(failing)
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    if failing == "settle":
        upstream.send(stream_head(), chunk(STREAM.body[:300]))
        upstream.close()
        assert not client.rest().endswith(LAST_CHUNK)
    else:
        upstream.close()
        assert client.message().status == 502


# --- the real ledger ---


class OneNanoEach:
    """Prices: a nano-dollar a token, of any model but "unknown"."""

    def cost(self, _provider: str, model: str, usage: Usage, _at: datetime, *_: object) -> Cost | None:
        return None if model == "unknown" else Cost(usage.tokens, "test")

    def ceiling(
        self, _provider: str, model: str, input_tokens: int, output_tokens: int, _at: datetime, *_: object
    ) -> int | None:
        return None if model == "unknown" else input_tokens + output_tokens


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = fresh(tmp_path / "sessions.db")
    yield opened
    opened.close()


@pytest.fixture
def gate(ledger: SqliteLedger) -> Iterator[LedgerGate]:
    queue = WriteQueue(ledger)
    yield LedgerGate(queue, OneNanoEach(), ledger.claim(1), lambda: 1000)
    queue.close()


def only_call(ledger: SqliteLedger, call_id: int = 1) -> Call:
    with ledger.reading() as reader:
        found = reader.call(call_id)
        assert found
        assert reader.call(call_id + 1) is None
    return found


def settled_call(ledger: SqliteLedger, call_id: int) -> Call:
    """The last call, once it is settled."""
    eventually(lambda: only_call(ledger, call_id).state is CallState.SETTLED)
    return only_call(ledger, call_id)


def test_a_call_that_a_client_has_whole_is_settled_in_the_file(
    start: Callable[..., Proxy], provider: Provider, ledger: SqliteLedger, gate: LedgerGate
) -> None:
    call(start(gate=gate), provider)
    row = only_call(ledger)

    assert (row.state, row.evidence, row.cut) == (CallState.SETTLED, Evidence.MEASURED, None)
    assert (row.usage, row.cost_nanos) == (MESSAGE.usage, 150)
    assert (row.hold_nanos, row.model) == (len(ASK) + 9, "claude-opus-4-8")


def test_a_call_in_flight_is_held_in_the_file(
    start: Callable[..., Proxy], provider: Provider, ledger: SqliteLedger, gate: LedgerGate
) -> None:
    relay = start(gate=gate)
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    assert only_call(ledger).state is CallState.HELD
    upstream.send(answer(status=b"429 Too Many Requests"))
    assert client.message().status == 429

    assert only_call(ledger).state is CallState.RELEASED


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"\\ud83d","max_tokens":99999999999999999999}',
        b'{"model":"\xff","max_tokens":1e300}',
        b'{"model":"' + b"m" * 9999 + b'"}',
        b'{"model":"unknown","n":-1}',
        b'{"model":null,"max_tokens":0}',
    ],
)
def test_whatever_is_asked_can_be_written_down(
    start: Callable[..., Proxy], provider: Provider, ledger: SqliteLedger, gate: LedgerGate, body: bytes
) -> None:
    call(start(gate=gate), provider, b"x-codesession-user: \xff\xe2\x80\xae", body=body)

    assert only_call(ledger).state is CallState.SETTLED


@pytest.mark.parametrize(
    ("body", "evidence"),
    [
        (b'{"id":"\\ud83d","model":"\\udc00","usage":{"input_tokens":1}}', Evidence.MEASURED),
        (b'{"id":"' + b"x" * 9999 + b'","usage":{"input_tokens":1}}', Evidence.MEASURED),
        (b'{"usage":{"input_tokens":99999999999999999999}}', Evidence.ESTIMATED),
        (b'{"usage":{"input_tokens":1000000000000,"output_tokens":1000000000000}}', Evidence.MEASURED),
        (b"\xff", Evidence.ESTIMATED),
        (b"[" * 100_000, Evidence.ESTIMATED),
    ],
)
def test_whatever_is_answered_can_be_written_down(
    start: Callable[..., Proxy],
    provider: Provider,
    ledger: SqliteLedger,
    gate: LedgerGate,
    body: bytes,
    evidence: Evidence,
) -> None:
    client = start(gate=gate).send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(body, b"request-id: \xff"))

    assert client.message().body == body
    assert only_call(ledger).evidence is evidence


def test_a_client_that_leaves_while_its_call_is_written_is_settled_once(
    start: Callable[..., Proxy], provider: Provider, ledger: SqliteLedger, gate: LedgerGate
) -> None:
    relay = start(gate=gate)
    for call_id in range(1, 9):
        client = relay.send(request("POST", "/v1/messages", body=ASK))
        upstream = provider.accept()
        upstream.message()
        upstream.send(stream_head(b"connection: close"), chunk(STREAM.body), LAST_CHUNK)
        client.until(b"message_stop")
        client.reset()
        row = settled_call(ledger, call_id)

        assert row.usage == STREAM.usage


SECRET = b"sk-ant-secret-key"
PROMPT = b"the prompt nobody may read"
ANSWER = b"the answer nobody may read"


@pytest.mark.parametrize("ending", ["whole", "cut", "error", "client-gone", "unreachable", "not-json"])
def test_keys_prompts_and_answers_are_never_kept_nor_logged(
    start: Callable[..., Proxy],
    provider: Provider,
    tmp_path: Path,
    ledger: SqliteLedger,
    gate: LedgerGate,
    ending: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    relay = start(gate=gate)
    body = b'{"model":"m","stream":true,"messages":[{"content":"%s"}]}' % PROMPT
    body = body if ending != "not-json" else body[:-1]
    headers = [b"x-api-key: " + SECRET, b"authorization: Bearer " + SECRET, b"cookie: " + SECRET]
    client = relay.send(request("POST", "/v1/messages?key=" + SECRET.decode(), *headers, body=body))
    if ending != "not-json":
        upstream = provider.accept()
        assert PROMPT in upstream.message().body
        event = b'data: {"type":"content_block_delta","delta":{"text":"%s"}}\n\n' % ANSWER
        match ending:
            case "error":
                upstream.send(answer(ANSWER, status=b"400 Bad Request"))
            case "unreachable":
                pass
            case _:
                upstream.send(stream_head(), chunk(event))
                client.until(ANSWER)
        if ending == "whole":
            upstream.send(LAST_CHUNK)
        elif ending == "client-gone":
            client.close()
            upstream.rest()
        upstream.close()
    if ending != "client-gone":
        client.rest() if ending == "cut" else client.socket.recv(1_000_000)
    relay.beat()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    with sqlite3.connect(ledger.path) as dump:
        kept += "\n".join(dump.iterdump()).encode()
    dump.close()
    out, err = capfd.readouterr()

    for word in (SECRET, PROMPT, ANSWER):
        assert word not in kept
        assert word.decode() not in caplog.text
        assert word.decode() not in out + err


def test_nothing_is_printed_when_all_goes_wrong(
    relay: Proxy, provider: Provider, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(b"x"))
    upstream.reset()
    client.rest()
    relay.send(b"nonsense\r\n\r\n").rest()
    relay.beat()

    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
    assert relay.books.settled().cut is Cut.UPSTREAM
