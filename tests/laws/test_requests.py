"""Whatever comes in, only what is documented comes out."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codesession.capture.providers import PROVIDERS, Unreadable
from codesession.capture.providers.openai import read_request, with_usage_asked
from codesession.capture.providers.values import count, limit, storable
from codesession.capture.proxy.headers import back, onward, value_of
from codesession.capture.proxy.outbound import Upstream, upstream_at
from codesession.capture.proxy.peers import Forbidden, check_peer
from codesession.capture.proxy.routing import NoProvider, route, split_session
from codesession.errors import InvalidInput, SessionNotFound

PARTS = st.sampled_from(
    [
        *("s", "12", "abc", "", "v1", "v1beta", "messages", "chat", "completions", "responses", "models", "x:y", "api"),
        *("..", "%2e", "*", "²", "\u0661", "?", "#", "@evil.example"),
        *PROVIDERS,
    ]
)
PATHS = st.one_of(st.lists(PARTS, max_size=8).map(lambda parts: "/" + "/".join(parts)), st.text(max_size=60))
HEADERS = st.dictionaries(
    st.sampled_from(["anthropic-version", "x-api-key", "x-goog-api-key", "authorization", "host", "origin", "x"]),
    st.text(max_size=30),
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "post", ""])


@given(path=PATHS, method=METHODS, headers=HEADERS)
@settings(max_examples=100)
def test_a_path_has_a_provider_or_is_not_found(path: str, method: str, headers: dict[str, str]) -> None:
    try:
        way = route(path, method, headers, PROVIDERS)
    except (NoProvider, SessionNotFound):
        return

    assert way.provider is PROVIDERS[way.provider.name]
    assert way.path.startswith("/")
    assert path.endswith(way.path) or way.path == "/"
    assert way.session_id is None or 0 < way.session_id < 2**63
    assert way.endpoint is None or method == "POST"


@given(
    path=PATHS,
    query=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30),
    without=st.sampled_from(["", "/v1"]),
)
@settings(max_examples=100)
def test_no_path_leads_to_another_host(path: str, query: str, without: str) -> None:
    try:
        way = route(path, "POST", {"authorization": "x"}, PROVIDERS)
    except (NoProvider, SessionNotFound):
        return
    url = Upstream("https://gateway.example:8443/llm", without).url(way.path, query)

    assert (url.scheme, url.host, url.port, url.user) == ("https", "gateway.example", 8443, None)


@given(number=st.integers(min_value=1, max_value=10**18 - 1), rest=st.sampled_from(["", "/", "/v1/messages", "//x"]))
def test_a_session_in_a_path_is_read_as_it_was_written(number: int, rest: str) -> None:
    assert split_session(f"/s/{number}{rest}") == (number, rest or "/")


@given(address=st.one_of(st.text(max_size=40), st.text(max_size=30).map(lambda text: f"https://{text}")))
@settings(max_examples=100)
def test_an_address_can_be_called_or_is_refused(address: str) -> None:
    try:
        upstream = upstream_at(address, "/v1")
    except InvalidInput:
        return

    assert upstream.root.startswith(("http", "HTTP"))


@given(address=st.one_of(st.none(), st.text(max_size=20)), headers=HEADERS)
@settings(max_examples=100)
def test_a_peer_is_let_in_or_forbidden(address: str | None, headers: dict[str, str]) -> None:
    with contextlib.suppress(Forbidden):
        check_peer(address, headers)
        assert "origin" not in headers


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "x"]
)
OPTIONS = st.one_of(st.none(), st.dictionaries(st.text(max_size=9), JSON, max_size=3), JSON)
REQUESTS = st.dictionaries(FIELDS, JSON, max_size=8)


@given(body=st.one_of(st.binary(max_size=100), REQUESTS.map(lambda request: json.dumps(request).encode())))
@settings(max_examples=100)
def test_a_request_is_read_or_unreadable(body: bytes) -> None:
    for endpoint in (*PROVIDERS["anthropic"].endpoints.values(), *PROVIDERS["openai"].endpoints.values()):
        with contextlib.suppress(Unreadable):
            asked = endpoint.read_request(body)
            assert 0 < len(asked.model) <= 200
            assert asked.max_output is None or 0 <= asked.max_output <= 10**12


def plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(request=REQUESTS, options=OPTIONS, is_said=st.booleans(), indent=st.sampled_from([None, 0, 2]))
@settings(max_examples=100)
def test_a_request_is_changed_only_to_ask_for_usage(
    request: dict[str, Any], options: Any, indent: int | None, *, is_said: bool
) -> None:
    request = {**request, "stream": True}
    if is_said:
        request["stream_options"] = options
    else:
        request.pop("stream_options", None)
    body = json.dumps(request, indent=indent).encode()
    if not read_request(body).lacks_usage:
        return
    try:
        changed = with_usage_asked(body)
    except Unreadable:
        assert is_said
        return

    told = json.loads(changed)
    options = told.pop("stream_options")
    before = request.pop("stream_options", None) or {}
    assert plain(told) == plain(request)
    assert plain(options) == plain({**before, "include_usage": True})
    assert not read_request(changed).lacks_usage


@given(value=JSON)
@settings(max_examples=100)
def test_a_limit_is_a_count_or_none(value: Any) -> None:
    try:
        counted = count(value)
    except Unreadable:
        assert limit(value) is None
    else:
        assert 0 <= counted <= 10**12


@given(value=st.text(st.characters(exclude_categories=[]), max_size=300))
def test_what_is_stored_is_short_and_valid(value: str) -> None:
    kept = storable(value)

    assert (kept is None) == (not value)
    assert len((kept or "").encode()) <= 800


NAMES = st.sampled_from(
    [b"connection", b"x-a", b"x-b", b"host", b"te", b"upgrade", b"x-codesession-user", b"content-length"]
)
RAW = st.lists(st.tuples(NAMES, st.binary(max_size=9) | st.sampled_from([b"x-a", b"close, X-B", b" , "])), max_size=8)


@given(headers=RAW)
@settings(max_examples=100)
def test_headers_that_go_through_keep_their_order_and_values(headers: list[tuple[bytes, bytes]]) -> None:
    sent = onward(headers)
    returned = back(headers)

    assert [name.encode() for name, _ in sent] == [
        name for name, _ in headers if name in {key.encode() for key, _ in sent}
    ]
    assert [pair for pair in headers if pair in returned] == returned
    assert not {name for name, _ in returned} & {b"connection", b"te", b"upgrade"}
    assert not {name for name, _ in sent} & {"connection", "te", "upgrade", "host", "x-codesession-user"}


@given(value=st.text(st.characters(max_codepoint=255), max_size=300))
def test_a_value_that_is_stored_is_printable(value: str) -> None:
    kept = value_of({"x": value}, "x")

    assert kept is None or (kept.isprintable() and len(kept) <= 200)
