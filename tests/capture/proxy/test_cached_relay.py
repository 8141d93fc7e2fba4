"""Is an identical request answered here, byte for byte, and is nothing else of a call changed by the cache?"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from tests.capture.proxy.wire import LAST_CHUNK, answer, chunk, request, stream_head
from tests.capture.recorded import recording

from codesession.capture.sse import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.capture.proxy.wire import Message, Provider, Proxy

    from codesession.capture.proxy.cache import Kept
    from codesession.model import Attempt, Outcome

MESSAGE = recording("anthropic/message.json")
STREAM = recording("anthropic/text.sse")
CHAT = recording("openai/chat_usage.sse")
ASK = b'{"model":"claude-opus-4-8","max_tokens":9,"stream":true}'
ASK_CHAT = b'{"model":"gpt-4o","stream":true}'
MINE = b"x-codesession-session: 7"


class Shelf:
    largest = 1 << 20

    def __init__(self) -> None:
        self.kept: dict[bytes, Kept] = {}

    async def scope_of(self, session_id: int) -> str | None:
        return f"/{session_id}"

    async def find(self, key: bytes) -> Kept | None:
        return self.kept.get(key)

    def keep(self, key: bytes, directory: str, kept: Kept, attempt: Attempt, outcome: Outcome) -> None:
        del attempt, outcome
        assert directory == "/7"
        self.kept[key] = kept


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def relay(start: Callable[..., Proxy], shelf: Shelf) -> Proxy:
    return start(answers=shelf)


def asked(
    relay: Proxy, provider: Provider, sent: list[bytes], path: str = "/v1/messages", body: bytes = ASK, *headers: bytes
) -> Message:
    client = relay.send(request("POST", path, MINE, *headers, body=body))
    upstream = provider.accept()
    upstream.message()
    upstream.send(*sent)
    told = client.message()
    client.close()
    upstream.close()
    return told


def again(relay: Proxy, path: str = "/v1/messages", body: bytes = ASK, *headers: bytes) -> Message:
    return relay.ask(request("POST", path, MINE, *headers, body=body))


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_stream_is_answered_again_as_a_stream(relay: Proxy, provider: Provider, shelf: Shelf, coding: str) -> None:
    body = gzip.compress(STREAM.body) if coding == "gzip" else STREAM.body
    pieces = [body[at : at + 37] for at in range(0, len(body), 37)]
    first = asked(
        relay,
        provider,
        [stream_head(b"content-encoding: " + coding.encode(), b"request-id: req_1"), *map(chunk, pieces), LAST_CHUNK],
    )
    assert first.body == body
    assert first.values(b"x-codesession-cache") == [b"miss"]
    second = again(relay)
    assert provider.was_not_called()
    assert second.body == STREAM.body
    assert second.chunks == list(events(STREAM.body))
    assert second.values(b"x-codesession-cache") == [b"hit"]
    assert second.values(b"request-id") == [b"req_1"]
    assert second.values(b"content-encoding") == []
    assert relay.books.hits == [("claude-opus-4-8", None)]
    assert len(shelf.kept) == 1


def test_a_json_answer_is_answered_again(relay: Proxy, provider: Provider) -> None:
    ask = b'{"model":"claude-opus-4-8","max_tokens":9}'
    first = asked(relay, provider, [answer(MESSAGE.body, b"content-type: application/json")], "/v1/messages", ask)
    second = again(relay, "/v1/messages", ask)
    assert provider.was_not_called()
    assert second.body == first.body == MESSAGE.body
    assert second.values(b"content-length") == [str(len(MESSAGE.body)).encode()]


def test_a_stream_that_was_amended_is_answered_again_as_the_client_saw_it(relay: Proxy, provider: Provider) -> None:
    first = asked(relay, provider, [stream_head(), chunk(CHAT.body), LAST_CHUNK], "/v1/chat/completions", ASK_CHAT)
    assert len(first.body) < len(CHAT.body)
    second = again(relay, "/v1/chat/completions", ASK_CHAT)
    assert second.body == first.body


def test_a_cut_stream_is_not_kept(relay: Proxy, provider: Provider, shelf: Shelf) -> None:
    client = relay.send(request("POST", "/v1/messages", MINE, body=ASK))
    upstream = provider.accept()
    upstream.message()
    upstream.send(stream_head(), chunk(STREAM.body[:-60]))
    upstream.close()
    client.rest()
    relay.beat()
    assert shelf.kept == {}


def test_no_store_bypasses(relay: Proxy, provider: Provider, shelf: Shelf) -> None:
    first = asked(
        relay,
        provider,
        [stream_head(), chunk(STREAM.body), LAST_CHUNK],
        "/v1/messages",
        ASK,
        b"cache-control: no-store",
    )
    assert first.values(b"x-codesession-cache") == [b"bypass"]
    assert shelf.kept == {}
