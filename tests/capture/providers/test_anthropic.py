from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codesession.capture.providers import Asked, Reading, StreamReader, Unreadable
from codesession.capture.providers.anthropic import ANTHROPIC, MessagesStream, read_answer, read_request
from codesession.capture.providers.base import Beside
from codesession.model import Terms, Usage


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


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        pytest.param(
            {
                "cache_creation_input_tokens": 100,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 10,
                    "ephemeral_1h_input_tokens": 20,
                    "ephemeral_24h_input_tokens": 70,
                },
            },
            Usage(input=3, cache_write=10, cache_write_1h=20, cache_write_other=70, output=5),
            id="a-time-nobody-knows",
        ),
        pytest.param(
            {"cache_creation_input_tokens": 100, "cache_creation": {"ephemeral_1h_input_tokens": 20}},
            Usage(input=3, cache_write=80, cache_write_1h=20, output=5),
            id="what-the-split-leaves-out-is-the-default",
        ),
        pytest.param(
            {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9}},
            Usage(input=3, output=5, web_searches=2),
            id="fetches-are-free",
        ),
        pytest.param(
            {"iterations": [{"type": "message", "input_tokens": 3, "output_tokens": 5}]},
            Usage(input=3, output=5),
            id="the-models-own-steps-are-in-the-whole",
        ),
        pytest.param({"iterations": [7, {"type": "new"}, None]}, Usage(input=3, output=5), id="steps-nobody-knows"),
        pytest.param({"iterations": "?"}, Usage(input=3, output=5), id="no-steps"),
    ],
)
def test_all_that_was_consumed_is_told(usage: dict[str, Any], told: Usage) -> None:
    answer = {"id": "msg_1", "model": "m", "usage": {"input_tokens": 3, "output_tokens": 5, **usage}}

    assert read_answer(json.dumps(answer).encode()).usage == told


COMPACTION = {
    "type": "compaction",
    "input_tokens": 180_000,
    "cache_read_input_tokens": 40,
    "cache_creation": {"ephemeral_1h_input_tokens": 7},
    "output_tokens": 3_500,
}
ADVICE = {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 90, "output_tokens": 9}


def test_what_was_spent_to_compact_or_by_an_adviser_is_told_beside() -> None:
    steps = [COMPACTION, {"type": "message", "input_tokens": 3, "output_tokens": 5}, ADVICE]
    usage = {"input_tokens": 3, "output_tokens": 5, "iterations": steps}
    beside = (
        Beside("m", Usage(input=180_000, cache_read=40, cache_write_1h=7, output=3_500)),
        Beside("claude-opus-5", Usage(input=90, output=9)),
    )
    whole = read_answer(json.dumps({"model": "m", "usage": usage}).encode())
    streamed = stream(START, delta(input_tokens=3, output_tokens=5, iterations=steps)).finish()

    assert (whole.usage, whole.beside) == (Usage(input=3, output=5), beside)
    assert (streamed.usage, streamed.beside) == (Usage(input=3, output=5), beside)


def test_only_so_many_steps_are_told_each_for_itself() -> None:
    usage = {"input_tokens": 3, "iterations": [ADVICE] * 101}

    assert len(read_answer(json.dumps({"usage": usage}).encode()).beside) == 100


@pytest.mark.parametrize("bad", [-1, "9", True, 1.5])
def test_a_step_that_cannot_be_read_makes_usage_unknown(bad: Any) -> None:
    step = {"type": "compaction", "input_tokens": bad, "output_tokens": 9}
    body = json.dumps({"usage": {"input_tokens": 3, "output_tokens": 5, "iterations": [step]}}).encode()

    with pytest.raises(Unreadable):
        read_answer(body)


def test_the_model_that_answered_in_anothers_place_is_the_one_that_is_told() -> None:
    steps = [
        {"type": "message", "model": "m", "input_tokens": 10, "output_tokens": 0},
        {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 12, "output_tokens": 9},
    ]
    reading = stream(START, delta(input_tokens=12, output_tokens=9, iterations=steps)).finish()

    assert (reading.model, reading.usage) == ("claude-opus-4-8", Usage(input=12, output=9))


@pytest.mark.parametrize(
    ("usage", "terms"),
    [
        ({"service_tier": "priority", "speed": "fast", "inference_geo": "us"}, Terms("priority", "fast", "us")),
        ({"service_tier": "batch"}, Terms("batch", is_batch=True)),
        ({"inference_geo": "not_available", "speed": None, "service_tier": 7}, Terms()),
    ],
)
def test_the_terms_are_as_anthropic_writes_them(usage: dict[str, Any], terms: Terms) -> None:
    assert read_answer(json.dumps({"usage": {"input_tokens": 1, **usage}}).encode()).terms == terms
    started = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1, **usage}}}
    assert stream(started, delta(output_tokens=2)).finish().terms == terms


def test_a_request_asks_for_terms() -> None:
    asked = read_request(b'{"model": "m", "service_tier": "auto", "speed": "fast", "inference_geo": "us"}')

    assert asked.terms == Terms("auto", "fast", "us")


# --- text completions ---

COMPLETE = ANTHROPIC.endpoints["/v1/complete"]


def test_a_completion_says_how_much_it_wrote_and_nothing_else() -> None:
    body = b'{"id": "compl_1", "model": "claude-2.1", "completion": " na\xc3\xafve", "stop_reason": "stop_sequence"}'

    assert COMPLETE.read_answer(body) == Reading(
        has_ended=True, written_bytes=7, model="claude-2.1", response_id="compl_1"
    )


def test_a_stream_of_completions_is_measured_and_ends_with_a_reason() -> None:
    reader = COMPLETE.stream_reader()
    reader.feed(b'event: completion\ndata: {"type": "completion", "completion": " Hello"}\n\n')
    reader.feed(b'event: ping\ndata: {"type": "ping"}\n\ndata: {"model": 7}\n\ndata:\n\n')
    before = reader.so_far()
    end = {"id": "compl_1", "completion": "!", "stop_reason": "stop_sequence", "model": "claude-2.1"}
    reader.feed(b"event: completion\ndata: " + json.dumps(end).encode() + b"\n\n")

    assert (before.has_ended, before.is_broken, before.written_bytes) == (False, True, 6)
    reading = reader.finish()
    assert (reading.has_ended, reading.written_bytes, reading.usage) == (True, 7, None)
    assert (reading.model, reading.response_id) == ("claude-2.1", "compl_1")


def test_a_stream_of_completions_is_ended_by_an_error() -> None:
    assert COMPLETE.stream_reader().ending("No.") == (
        b'event: error\ndata: {"type":"error","error":{"type":"billing_error","message":"No."}}\n\n'
    )


def test_a_request_for_a_completion_has_a_limit_of_its_own() -> None:
    body = b'{"model": "claude-2.1", "max_tokens_to_sample": 300, "prompt": "\\n\\nHuman: hi", "stream": true}'

    assert replace(COMPLETE.read_request(body), trace=None) == Asked("claude-2.1", streamed=True, max_output=300)


@pytest.mark.parametrize("reader", [MessagesStream(), COMPLETE.stream_reader()], ids=lambda one: type(one).__name__)
def test_an_event_without_data_says_nothing(reader: StreamReader) -> None:
    reader.feed(b': "usage": { "model" message_stop\n\n')

    assert reader.finish() == Reading()
