from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codesession.capture.providers import Asked, Unreadable
from codesession.capture.providers.anthropic import ANTHROPIC, MessagesStream, read_request
from codesession.model import Usage


def stream(*events: dict[str, Any]) -> MessagesStream:
    reader = MessagesStream()
    for event in events:
        reader.feed(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n".encode())
    return reader


START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 10, "output_tokens": 1}},
}


def delta(**usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": None}, "usage": usage}


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"model": "m", "max_tokens": 9, "stream": True}, Asked("m", streamed=True, max_output=9)),
        ({"model": "m", "max_tokens": 9}, Asked("m", streamed=False, max_output=9)),
        ({"model": "m", "stream": "yes", "max_tokens": "9"}, Asked("m", streamed=False)),
        ({"model": ["m"], "stream": None}, Asked("(none)", streamed=False)),
        ({"max_tokens": 10**30}, Asked("(none)", streamed=False)),
        ({}, Asked("(none)", streamed=False)),
    ],
)
def test_what_a_request_asks_for(request_: dict[str, Any], asked: Asked) -> None:
    body = json.dumps({**request_, "messages": [{"role": "user", "content": "hi"}]}).encode()

    assert replace(read_request(body), trace=None) == asked


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"model":', b"model=m", b"\x00", b"[" * 100_000])
def test_what_is_no_request_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_request(body)


def test_counters_of_a_stream_replace_and_never_add() -> None:
    reading = stream(START, delta(output_tokens=5), delta(output_tokens=9, input_tokens=12)).finish()

    assert reading.usage == Usage(input=12, output=9)
    assert reading.is_final


def test_a_null_counter_leaves_what_was_said_before() -> None:
    assert stream(START, delta(output_tokens=5, input_tokens=None)).finish().usage == Usage(input=10, output=5)


def test_only_a_delta_that_counts_is_the_last_word() -> None:
    reading = stream(START, {"type": "message_delta", "delta": {"stop_sequence": "message_stop"}, "usage": {}}).finish()

    assert reading.usage == Usage(input=10, output=1)
    assert not reading.is_final


def test_a_last_word_that_cannot_be_read_is_not_the_last_word() -> None:
    reading = stream(START, delta(output_tokens=-5), {"type": "message_stop"}).finish()

    assert reading.is_broken
    assert not reading.is_final
    assert reading.has_ended


def test_text_that_speaks_of_usage_is_text() -> None:
    text = '{"usage":{"input_tokens":99}} message_stop'
    reading = stream(START, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}).finish()

    assert reading.usage == Usage(input=10, output=1)
    assert not reading.has_ended
    assert not reading.is_broken


def test_a_delta_of_another_shape_measures_nothing() -> None:
    reader = stream({"type": "content_block_delta", "delta": 7}, {"type": "content_block_delta", "delta": None})

    assert reader.finish().written_bytes == 0


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_json", "invalid_request_error"),
        (400, "budget_exceeded", "billing_error"),
        (403, "forbidden", "permission_error"),
        (404, "not_found", "not_found_error"),
        (413, "request_too_large", "request_too_large"),
        (502, "upstream_unreachable", "api_error"),
    ],
)
def test_refusals_are_in_the_providers_shape(status: int, code: str, kind: str) -> None:
    assert ANTHROPIC.refusal(status, code, "No.") == {"type": "error", "error": {"type": kind, "message": "No."}}
