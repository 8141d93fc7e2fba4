"""Which requests are the same, which answers may be kept, and is a stream given again as it was?"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.recorded import STREAMS, Recording, recording
from tests.laws.test_streams import PLACES, cut

from codesession.capture.providers import Reading
from codesession.capture.proxy.cache import CachedCall, Kept, Request, Wish, key_of, open_call, replay
from codesession.capture.proxy.exchange import outcome
from codesession.capture.sse import events
from codesession.model import Attempt, Cut, Evidence, Outcome, Usage

HERE = "/projects/here"
KEY = b"k" * 32
REQUEST = Request(
    "anthropic",
    "https://api.anthropic.com",
    "POST",
    "/v1/messages",
    "beta=true",
    [(b"x-api-key", b"sk-secret"), (b"anthropic-version", b"2023-06-01"), (b"accept", b"*/*")],
    b'{"model":"claude-x"}',
)
ATTEMPT = Attempt(1, "anthropic", "claude-x", "messages", streamed=True, request_bytes=9)
STREAM = recording("anthropic/text.sse")
EVENT_STREAM = (b"Content-Type", b"text/event-stream; charset=utf-8")
JSON = (b"content-type", b"application/json")
WHOLE = Reading(Usage(input=25, output=15), is_final=True, has_ended=True, model="claude-x-1")
ENDED = Outcome(WHOLE.usage, model="claude-x-1", http_status=200)


class Shelf:
    """The `Answers` of a test: kept in a dict."""

    def __init__(self, largest: int = 1 << 20) -> None:
        self.largest = largest
        self.kept: dict[bytes, Kept] = {}

    async def scope_of(self, session_id: int) -> str | None:
        return {1: HERE, 2: "/projects/there"}.get(session_id)

    async def find(self, key: bytes) -> Kept | None:
        return self.kept.get(key)

    def keep(self, key: bytes, directory: str, kept: Kept, attempt: Attempt, outcome: Outcome) -> None:
        assert (directory, attempt.provider, outcome.cut) == (HERE, "anthropic", None)
        self.kept[key] = kept


def a_call(shelf: Shelf, wish: Wish = Wish.ANY) -> CachedCall:
    return CachedCall(shelf, KEY, HERE, wish)


def replayed(kept: Kept) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
    """The headers and the pieces of a kept answer, as an ASGI server gets them."""
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(replay(kept, send))
    start, *rest = messages
    assert (start["type"], start["status"]) == ("http.response.start", kept.status)
    assert [message.get("more_body", False) for message in rest] == [True] * (len(rest) - 1) + [False]
    return start["headers"], [message["body"] for message in rest]


# --- the same request ---


def test_the_same_request_has_the_same_key() -> None:
    assert len(key_of(REQUEST, HERE)) == 32
    assert key_of(replace(REQUEST), HERE) == key_of(REQUEST, HERE)


def with_header(name: bytes, value: bytes = b"other") -> Request:
    kept = [header for header in REQUEST.headers if header[0] != name]
    return replace(REQUEST, headers=[*kept, (name, value)])


OTHERWISE = {
    "provider": replace(REQUEST, provider="openai"),
    "upstream": replace(REQUEST, upstream="https://gateway.example"),
    "method": replace(REQUEST, method="PUT"),
    "path": replace(REQUEST, path="/v1/messages/"),
    "query": replace(REQUEST, query=""),
    "body": replace(REQUEST, body=REQUEST.body + b" "),
    "path-and-query": replace(REQUEST, path="/v1/messagesbeta=true", query=""),
    "no-headers": replace(REQUEST, headers=[]),
    "a-credential-for-a-wish": replace(REQUEST, headers=[(b"accept", b"*/*"), (b"authorization", b"sk-secret")]),
    **{
        name: with_header(name.encode())
        for name in (
            "accept",
            "anthropic-beta",
            "anthropic-version",
            "api-key",
            "authorization",
            "chatgpt-account-id",
            "cookie",
            "openai-beta",
            "openai-organization",
            "openai-project",
            "x-api-key",
            "x-goog-api-key",
            "x-goog-user-project",
            "x-amzn-bedrock-service-tier",
            "X-Amzn-Bedrock-GuardrailIdentifier",
            "x-vertex-ai-llm-shared-request-type",
            "ocp-apim-subscription-key",
        )
    },
}


@pytest.mark.parametrize("other", OTHERWISE.values(), ids=OTHERWISE)
def test_what_can_change_the_answer_changes_the_key(other: Request) -> None:
    assert key_of(other, HERE) != key_of(REQUEST, HERE)


def test_another_scope_has_another_key() -> None:
    assert key_of(REQUEST, "/projects/there") != key_of(REQUEST, HERE)


def test_the_noise_of_a_client_does_not_change_the_key() -> None:
    noise = [
        (b"user-agent", b"sdk/2"),
        (b"x-stainless-retry-count", b"1"),
        (b"x-claude-code-session-id", b"5"),
        (b"x-client-request-id", b"7"),
        (b"host", b"127.0.0.1:4000"),
        (b"accept-encoding", b"gzip"),
        (b"traceparent", b"00-1"),
        (b"x-codesession-agent", b"bot"),
        (b"cache-control", b"no-cache"),
    ]
    assert key_of(replace(REQUEST, headers=[*noise, *REQUEST.headers]), HERE) == key_of(REQUEST, HERE)
    names = [(name.upper(), value + b" ") for name, value in reversed(REQUEST.headers)]
    assert key_of(replace(REQUEST, headers=names), HERE) == key_of(REQUEST, HERE)


PARTS = st.lists(st.binary(max_size=4), min_size=2, max_size=2)


@given(PARTS, PARTS)
def test_no_two_requests_read_the_same(one: list[bytes], other: list[bytes]) -> None:
    def key(parts: list[bytes]) -> bytes:
        headers = [(b"accept", parts[0])] if parts[0] else []
        return key_of(replace(REQUEST, headers=headers, body=parts[1]), HERE)

    same = (one[0].strip(), one[1]) == (other[0].strip(), other[1]) and bool(one[0]) == bool(other[0])
    assert (key(one) == key(other)) == same


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ([], Wish.ANY),
        ([b"max-age=60"], Wish.ANY),
        ([b"no-cache"], Wish.FRESH),
        ([b"max-age = 0"], Wish.FRESH),
        ([b"max-age=0, No-Cache"], Wish.FRESH),
        ([b"private", b"NO-STORE"], Wish.NONE),
        ([b"no-cache,no-store"], Wish.NONE),
    ],
)
def test_a_request_says_whether_it_wants_a_kept_answer(said: list[bytes], wish: Wish) -> None:
    assert Wish.of([(b"Cache-Control", value) for value in said]) is wish


def opened(shelf: Shelf | None, request: Request = REQUEST, session_id: int | None = 1) -> CachedCall | None:
    return asyncio.run(open_call(shelf, request, session_id))


def test_a_call_whose_scope_is_not_known_has_nothing_to_do_with_the_cache() -> None:
    assert opened(None) is None
    assert opened(Shelf(), session_id=None) is None
    assert opened(Shelf(), session_id=3) is None


# --- what is kept ---


def kept_after(call: CachedCall, shelf: Shelf, *, body: bytes = STREAM.body, **known: Any) -> Kept | None:
    call.feed(body)
    told: dict[str, Any] = {
        "status": 200,
        "raw_headers": [EVENT_STREAM],
        "attempt": ATTEMPT,
        "outcome": ENDED,
        "read": WHOLE,
    } | known
    call.end(**told)
    return shelf.kept.get(KEY)


def test_a_whole_answer_is_kept_and_found_again() -> None:
    shelf = Shelf()
    first = opened(shelf)
    assert first
    assert asyncio.run(first.find()) is None
    assert first.marks() == [(b"x-codesession-cache", b"miss"), (b"x-costhq-cache", b"MISS")]
    for piece in (STREAM.body[:99], STREAM.body[99:]):
        first.feed(piece)
    first.end(200, [EVENT_STREAM], ATTEMPT, ENDED, WHOLE)
    second, elsewhere = opened(shelf), opened(shelf, session_id=2)
    assert second
    assert elsewhere
    found = asyncio.run(second.find())
    assert found == Kept(200, (("content-type", EVENT_STREAM[1].decode()),), STREAM.body, True, "claude-x-1")
    assert asyncio.run(elsewhere.find()) is None


NOT_KEPT: dict[str, dict[str, Any]] = {
    "another-status": {"status": 201},
    "an-error": {"status": 500},
    "an-empty-one": {"body": b""},
    "not-ended": {"read": replace(WHOLE, has_ended=False)},
    "usage-not-final": {"read": replace(WHOLE, is_final=False)},
    "unreadable-usage": {"read": replace(WHOLE, is_broken=True)},
    "undecodable": {"read": replace(WHOLE, is_opaque=True)},
    "cut-by-the-provider": {"outcome": replace(ENDED, cut=Cut.UPSTREAM)},
    "left-by-the-client": {"outcome": replace(ENDED, cut=Cut.CLIENT)},
    "ended-by-the-firewall": {"outcome": replace(ENDED, rule="budget")},
    "estimated": {"outcome": replace(ENDED, evidence=Evidence.ESTIMATED)},
}


@pytest.mark.parametrize("known", NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_is_not_whole_is_not_kept(known: dict[str, Any]) -> None:
    shelf = Shelf()
    assert kept_after(a_call(shelf), shelf, **known) is None


def test_an_answer_that_is_too_large_or_cannot_be_decoded_is_given_up() -> None:
    shelf = Shelf(largest=len(STREAM.body))
    assert kept_after(a_call(shelf), shelf)
    shelf.kept.clear()
    large = a_call(shelf)
    large.feed(b"x")
    assert kept_after(large, shelf) is None
    opaque = a_call(shelf)
    opaque.feed(None)
    assert kept_after(opaque, shelf) is None


def test_a_wish_for_a_fresh_answer_is_not_answered_from_the_shelf_and_renews_it() -> None:
    shelf = Shelf()
    shelf.kept[KEY] = Kept(200, (), b"old", is_streamed=False, model="m")
    fresh = a_call(shelf, Wish.FRESH)
    assert asyncio.run(fresh.find()) is None
    kept = kept_after(fresh, shelf, body=b"new")
    assert kept
    assert kept.body == b"new"


def test_a_request_that_wants_no_cache_leaves_nothing_behind() -> None:
    shelf = Shelf()
    shelf.kept[KEY] = Kept(200, (), b"old", is_streamed=False, model="m")
    call = a_call(shelf, Wish.NONE)
    assert asyncio.run(call.find()) is None
    assert call.marks() == [(b"x-codesession-cache", b"bypass")]
    kept = kept_after(call, shelf, body=b"new")
    assert kept
    assert kept.body == b"old"


def test_an_end_counts_once() -> None:
    shelf = Shelf()
    call = a_call(shelf)
    assert kept_after(call, shelf)
    shelf.kept.clear()
    call.end(200, [EVENT_STREAM], ATTEMPT, ENDED, WHOLE)
    assert shelf.kept == {}


def test_headers_that_were_true_of_that_time_only_are_not_kept() -> None:
    shelf = Shelf()
    once = [
        (b"Date", b"Sun, 22 Nov 2026 09:00:00 GMT"),
        (b"Set-Cookie", b"__cf_bm=secret"),
        (b"Content-Length", b"9"),
        (b"Content-Encoding", b"gzip"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Connection", b"keep-alive, x-hop"),
        (b"X-Hop", b"1"),
        (b"X-RateLimit-Remaining-Tokens", b"7"),
        (b"anthropic-ratelimit-requests-limit", b"4000"),
        (b"x-codesession-cache", b"miss"),
        (b"X-CostHQ-Cache", b"MISS"),
    ]
    lasting = [JSON, (b"Request-Id", b"req_1"), (b"openai-processing-ms", b"7"), (b"x-odd", b"\xff")]
    kept = kept_after(a_call(shelf), shelf, raw_headers=[*once, *lasting])
    assert kept
    assert kept.headers == (
        ("content-type", "application/json"),
        ("request-id", "req_1"),
        ("openai-processing-ms", "7"),
        ("x-odd", "\xff"),
    )
    assert not kept.is_streamed


# --- given again ---


def test_a_json_answer_is_given_again_in_one_piece() -> None:
    body = b'{"id":"msg_1"}'
    headers, pieces = replayed(Kept(200, (("x-odd", "\xff"),), body, False, "m", 1_234_000))
    assert pieces == [body]
    assert headers == [
        (b"x-odd", b"\xff"),
        (b"x-codesession-cache", b"hit"),
        (b"x-costhq-cache", b"HIT"),
        (b"x-codesession-saved-cost", b"0.001234"),
        (b"x-costhq-saved-cost", b"0.001234"),
        (b"content-length", b"14"),
    ]


def test_what_is_saved_is_not_told_where_it_is_not_known() -> None:
    headers, _ = replayed(Kept(200, (), b"{}", is_streamed=False, model="m"))
    assert [name for name, _ in headers] == [b"x-codesession-cache", b"x-costhq-cache", b"content-length"]


@settings(max_examples=30)
@given(st.sampled_from(STREAMS), PLACES)
def test_a_stream_is_given_again_event_by_event_however_it_came(one: Recording, places: list[int]) -> None:
    shelf = Shelf()
    call, reader = a_call(shelf), one.reader()
    for piece in cut(one.body, places):
        call.feed(piece)
        reader.feed(piece)
    read = reader.finish()
    attempt = replace(ATTEMPT, model=read.model or "m")
    call.end(200, [EVENT_STREAM], attempt, outcome(attempt, read, None, 200, None), read)
    kept = shelf.kept.get(KEY)
    assert (kept is not None) == (read.is_final and read.has_ended)
    if kept:
        headers, pieces = replayed(kept)
        assert pieces == list(events(one.body))
        assert b"".join(pieces) == one.body
        assert b"content-length" not in dict(headers)


@given(st.lists(st.sampled_from([b"data: 1", b"\n", b"\r", b"\r\n", b"event: \xff", b": ping"]), min_size=1))
def test_any_body_of_a_stream_is_given_again_whole(parts: list[bytes]) -> None:
    body = b"".join(parts)
    _, pieces = replayed(Kept(200, (), body, is_streamed=True, model="m"))
    assert b"".join(pieces) == body
