"""What if a reader of ours has a fault? The client gets every byte, and the call is billed at its ceiling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.capture.proxy.played import Watcher, passed_on
from tests.capture.proxy.wire import answer, request
from tests.capture.recorded import recording

from codesession.capture.providers import PROVIDERS, Endpoint, Reading
from codesession.capture.providers.anthropic import MessagesStream
from codesession.capture.providers.results import ResultsReader
from codesession.capture.proxy.exchange import outcome
from codesession.model import Attempt, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Provider, Proxy

STREAM = recording("anthropic/text.sse")
MESSAGE = recording("anthropic/message.json")
ASK = b'{"model":"claude-opus-4-8","max_tokens":9}'


class Fault(Exception):
    """What nobody expects."""


def fail(*_: object, **__: object) -> Any:
    raise Fault


def faulty(method: str) -> Callable[[], MessagesStream]:
    """A reader of streams with a fault in that method."""
    return type("Faulty", (MessagesStream,), {method: fail})


@pytest.mark.parametrize("method", ["feed", "take", "written", "so_far", "finish"])
def test_a_stream_whose_reader_fails_passes_on_and_is_billed_at_its_most(method: str) -> None:
    endpoint = replace(STREAM.endpoint, stream_reader=faulty(method))
    got = passed_on([STREAM.body[:300], STREAM.body[300:]], endpoint, Watcher(), every=0)
    attempt = Attempt(None, "anthropic", "claude-opus-4-8", "messages", streamed=True, request_bytes=9)
    told = outcome(attempt, got.answer.read(), None, 200, None)

    assert (got.body, got.is_broken) == (STREAM.body, False)
    assert got.steps[-2:] == ["settled", b""]
    assert got.answer.read() == Reading(is_opaque=True)
    assert (told.usage, told.evidence) == (None, Evidence.ESTIMATED)
    assert got.answer.so_far().usage is None


def test_a_stream_that_must_be_ended_is_broken_off_where_its_reader_cannot_end_it() -> None:
    endpoint = replace(STREAM.endpoint, stream_reader=faulty("ending"))
    got = passed_on(STREAM.units(), endpoint, Watcher(ends_at=2), every=0)

    assert got.is_broken
    assert got.steps[-1] == "settled"
    assert STREAM.body.startswith(got.body)


@pytest.fixture
def faulty_relay(start: Callable[..., Proxy]) -> Proxy:
    """A relay whose readers of Anthropic's answers, whole or of a batch, have a fault."""
    ours = PROVIDERS["anthropic"]
    endpoint = Endpoint("messages", ours.endpoints["/v1/messages"].read_request, fail, MessagesStream)
    results = ((ours.results[0][0], lambda: ResultsReader(fail)),)
    provider = replace(ours, endpoints={"/v1/messages": endpoint}, results=results)
    return start(providers={**PROVIDERS, "anthropic": provider})


def test_an_answer_whose_reader_fails_passes_on_and_is_billed_at_its_most(
    faulty_relay: Proxy, provider: Provider
) -> None:
    client = faulty_relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(MESSAGE.body, b"content-type: application/json"))

    assert client.message().body == MESSAGE.body
    assert faulty_relay.books.settled().usage is None


def test_results_whose_reader_fails_pass_on_and_are_counted(faulty_relay: Proxy, provider: Provider) -> None:
    client = faulty_relay.send(request("GET", "/v1/messages/batches/msgbatch_1/results"))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(b'{"result":{}}\n' * 3))

    assert client.message().body == b'{"result":{}}\n' * 3
    assert faulty_relay.books.results == {}
    assert faulty_relay.app.tally.unrecorded == 1


# --- what no reader of ours was made for ---

EVENTS = b"content-type: text/event-stream"
JSON = b"content-type: application/json"
ERROR = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'


@pytest.mark.parametrize(
    ("kind", "body", "is_streamed"),
    [
        pytest.param(JSON, b"", False, id="nothing"),
        pytest.param(JSON, ERROR, False, id="an-error"),
        pytest.param(EVENTS, ERROR, True, id="an-error-that-says-it-is-a-stream"),
        pytest.param(JSON, MESSAGE.body, True, id="json-for-a-stream"),
        pytest.param(EVENTS, STREAM.body, False, id="a-stream-for-json"),
        pytest.param(b"content-type: text/html", b"<html>" * 99, False, id="a-page"),
        pytest.param(b"x: y", STREAM.body, True, id="no-type"),
        pytest.param(JSON, b"[" * 5000, False, id="depth"),
        pytest.param(JSON, MESSAGE.body + MESSAGE.body, False, id="twice"),
        pytest.param(EVENTS, STREAM.body + STREAM.body, True, id="a-stream-twice"),
        pytest.param(b"content-encoding: gzip", b"no gzip", False, id="not-its-encoding"),
    ],
)
def test_whatever_comes_passes_on_and_the_call_is_settled_once(
    relay: Proxy, provider: Provider, kind: bytes, body: bytes, *, is_streamed: bool
) -> None:
    ask = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":%s}' % (b"true" if is_streamed else b"false")
    client = relay.send(request("POST", "/v1/messages", body=ask))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(body, kind))

    assert client.message().body == body
    usage = relay.books.settled().usage
    assert usage is None or usage.tokens > 0
    assert relay.books.are_closed()


def test_a_call_that_is_answered_without_a_body_is_settled(relay: Proxy, provider: Provider) -> None:
    client = relay.send(request("POST", "/v1/messages", body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert client.message().status == 204
    relay.books.settled()
    assert relay.books.are_closed()


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batches/msgbatch_1/results", "/v1/responses/resp_1"])
def test_what_only_asks_about_a_path_is_no_call(relay: Proxy, provider: Provider, method: str, path: str) -> None:
    client = relay.send(request(method, path))
    upstream = provider.accept()
    upstream.message()
    upstream.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (9 if method == "HEAD" else 0))
    told = client.until(b"\r\n\r\n")

    assert told.startswith(b"HTTP/1.1 200")
    assert relay.books.are_closed()
    assert relay.books.results == {}
