"""Where is a provider whose host its own path names? At that host, unless the user has said otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.capture.proxy.wire import answer, request
from tests.capture.recorded import recording

from codesession.capture.proxy import Upstream
from codesession.capture.proxy.outbound import _proxy_for as proxy_for
from codesession.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.capture.proxy.wire import Provider, Proxy

CLAUDE = "/vertex/v1/projects/p/locations/{}/publishers/anthropic/models/claude-opus-4-8:streamRawPredict"


@pytest.fixture
def through(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is sent to the internet goes to the provider, as to a proxy."""
    for name in ("ALL_PROXY", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", provider.root)
    proxy_for.cache_clear()
    yield
    proxy_for.cache_clear()


@pytest.mark.usefixtures("through")
@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("us-east5", b"us-east5-aiplatform.googleapis.com:443"),
        ("global", b"aiplatform.googleapis.com:443"),
        ("eu", b"aiplatform.eu.rep.googleapis.com:443"),
    ],
)
def test_a_place_in_the_path_is_a_host_of_googles(
    start: Callable[..., Proxy], provider: Provider, place: str, host: bytes
) -> None:
    relay = start(to={})
    relay.send(request("POST", CLAUDE.format(place), body=b"{}"))

    assert provider.accept().begin()[0] == b"CONNECT " + host + b" HTTP/1.1"


@pytest.mark.usefixtures("through")
@pytest.mark.parametrize("place", ["evil.example", "nowhere", "us-east5.evil.example", "127.0.0.1"])
def test_no_other_host_can_be_named(start: Callable[..., Proxy], provider: Provider, place: str) -> None:
    told = start(to={}).ask(request("POST", CLAUDE.format(place), body=b"{}"))

    assert told.status == 404
    assert json.loads(told.body)["error"]["message"] == (
        "Where vertex is found is not known: set CODESESSION_UPSTREAM_VERTEX."
    )
    assert provider.was_not_called()


def test_what_the_user_has_set_comes_first_and_the_call_is_metered(
    start: Callable[..., Proxy], provider: Provider
) -> None:
    relay = start(to={"vertex": Upstream(provider.root)})
    client = relay.send(request("POST", CLAUDE.format("us-east5"), body=b'{"stream": true}'))
    upstream = provider.accept()
    upstream.message()
    one = recording("vertex/claude.sse")
    upstream.send(answer(one.body, b"content-type: text/event-stream", b"request-id: req_1"))

    assert client.message().body == one.body
    attempt, outcome = relay.books.admitted(), relay.books.settled()
    assert (attempt.provider, attempt.model, attempt.terms) == ("vertex", one.model, Terms(geography="us-east5"))
    assert (outcome.usage, outcome.request_id) == (one.usage, "req_1")


def test_a_stream_of_amazons_is_metered_and_goes_on_as_it_is(start: Callable[..., Proxy], provider: Provider) -> None:
    one = recording("bedrock/converse.amazon")
    relay = start(to={"bedrock": Upstream(provider.root)})
    client = relay.send(request("POST", f"/bedrock{one.path}", b"authorization: Bearer key", body=b"{}"))
    upstream = provider.accept()
    received = upstream.message()
    upstream.send(answer(one.body, b"content-type: application/vnd.amazon.eventstream", b"x-amzn-requestid: r-1"))

    assert client.message().body == one.body
    assert received.start == f"POST {one.path} HTTP/1.1".encode()
    assert received.values(b"authorization") == [b"Bearer key"]
    outcome = relay.books.settled()
    assert (outcome.usage, outcome.request_id, outcome.cut) == (one.usage, "r-1", None)


def test_where_bedrock_is_must_be_set(start: Callable[..., Proxy]) -> None:
    told = start(to={}).ask(request("POST", "/bedrock/model/x/converse", body=b"{}"))

    assert (told.status, json.loads(told.body)) == (
        404,
        {"message": "Where bedrock is found is not known: set CODESESSION_UPSTREAM_BEDROCK."},
    )


def test_an_array_of_googles_is_metered_and_goes_on_as_it_is(relay: Proxy, provider: Provider) -> None:
    one = recording("google/text.array")
    client = relay.send(request("POST", one.path, b"x-goog-api-key: fake", body=b'{"contents": []}'))
    upstream = provider.accept()
    upstream.message()
    upstream.send(answer(one.body, b"content-type: application/json; charset=UTF-8"))

    assert client.message().body == one.body
    attempt, outcome = relay.books.admitted(), relay.books.settled()
    assert (attempt.model, attempt.streamed, attempt.endpoint) == ("gemini-2.5-flash", True, "streamGenerateContent")
    assert (outcome.usage, outcome.model, outcome.response_id) == (one.usage, one.model, one.response_id)
