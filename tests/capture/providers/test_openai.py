from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, Unreadable
from codesession.capture.providers.openai import (
    OPENAI,
    ChatStream,
    ResponsesStream,
    UsageChunkFilter,
    is_usage_chunk,
    read_embeddings_request,
    read_request,
    read_responses_request,
    with_usage_asked,
)
from codesession.model import Usage

MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"model": "m"}, Asked("m", streamed=False)),
        ({"model": "m", "stream": True}, Asked("m", streamed=True, lacks_usage=True)),
        ({"model": "m", "stream": True, "stream_options": None}, Asked("m", streamed=True, lacks_usage=True)),
        (
            {"model": "m", "stream": True, "stream_options": {"include_usage": False}},
            Asked("m", streamed=True, lacks_usage=True),
        ),
        ({"model": "m", "stream": True, "stream_options": {"include_usage": True}}, Asked("m", streamed=True)),
        ({"model": "m", "max_tokens": 5}, Asked("m", streamed=False, max_output=5)),
        ({"model": "m", "max_tokens": 5, "max_completion_tokens": 7}, Asked("m", streamed=False, max_output=7)),
        ({"model": "m", "max_tokens": 5, "n": 3}, Asked("m", streamed=False, max_output=15)),
        ({"model": "m", "max_tokens": 5, "n": 0}, Asked("m", streamed=False, max_output=5)),
        ({"model": "m", "max_tokens": 0, "n": "x"}, Asked("m", streamed=False, max_output=0)),
        ({"model": "m", "max_tokens": 10**11, "n": 10**11}, Asked("m", streamed=False)),
        ({"model": 5, "n": 2}, Asked("(none)", streamed=False)),
    ],
)
def test_what_a_chat_request_asks_for(request_: dict[str, Any], asked: Asked) -> None:
    assert replace(read_request(json.dumps({**request_, "messages": MESSAGES}).encode()), trace=None) == asked


def test_what_the_other_requests_ask_for() -> None:
    body = b'{"model":"m","stream":true,"max_output_tokens":5,"input":"hi"}'

    assert replace(read_responses_request(body), trace=None) == Asked("m", streamed=True, max_output=5)
    assert replace(read_embeddings_request(body), trace=None) == Asked("m", streamed=False, max_output=0)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        pytest.param(
            b'  {"model" : "gpt-4o", "stream":true, "seed": 1.0e1}',
            b'{"stream_options":{"include_usage":true},"model" : "gpt-4o", "stream":true, "seed": 1.0e1}',
            id="nothing-else-is-touched",
        ),
        pytest.param(
            b'{"stream":true,"x":"\\ud83d \xff"}',
            b'{"stream_options":{"include_usage":true},"stream":true,"x":"\\ud83d \xff"}',
            id="text-that-is-not-quite-json",
        ),
        pytest.param(
            b'{"stream":true,"x":"a \\"stream_options\\" b"}',
            b'{"stream_options":{"include_usage":true},"stream":true,"x":"a \\"stream_options\\" b"}',
            id="a-text-that-speaks-of-it",
        ),
        pytest.param(
            b'{"stream":true,"stream_options":null,"big":12345678901234567890.10}',
            b'{"stream":true,"stream_options":{"include_usage":true},"big":12345678901234567890.10}',
            id="null",
        ),
        pytest.param(
            b'{"stream":true, "stream_options": {"include_usage":false,"include_obfuscation": false}, "x":[1, 2]}',
            b'{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"x":[1, 2]}',
            id="other-options-stay",
        ),
        pytest.param(
            b'{"stream":true,"metadata":{"stream_options":"x"}}',
            b'{"stream":true,"metadata":{"stream_options":"x"},"stream_options":{"include_usage":true}}',
            id="the-word-elsewhere",
        ),
    ],
)
def test_a_request_is_changed_only_to_ask_for_usage(body: bytes, asked: bytes) -> None:
    assert with_usage_asked(body) == asked
    assert not read_request(asked).lacks_usage


@pytest.mark.parametrize("options", [b"5", b"[]", b'"x"', b'{"\\ud800":1}'])
def test_a_request_too_odd_to_change_is_left(options: bytes) -> None:
    with pytest.raises(Unreadable):
        with_usage_asked(b'{"stream":true,"stream_options":' + options + b"}")


@pytest.mark.parametrize(
    ("data", "is_extra"),
    [
        (b'{"id":"x","choices":[],"usage":{"prompt_tokens":1}}', True),
        (b'{"id":"x", "usage" : {"prompt_tokens":1}, "choices" : [ ]}', True),
        (b'{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}', False),
        (b'{"choices":[],"usage":null}', False),
        (b'{"choices":[],"usage":{}}', False),
        (b'{"usage":{"prompt_tokens":1}}', False),
        (b'{"choices":[],"prompt_filter_results":[]}', False),
        (b'{"choices":[],"usage":{"prompt_tokens":1}', False),
        (b"[DONE]", False),
        (b"", False),
    ],
)
def test_the_extra_chunk_is_usage_without_choices(data: bytes, *, is_extra: bool) -> None:
    assert is_usage_chunk(data) is is_extra


def test_the_extra_chunk_is_taken_out_and_nothing_else() -> None:
    body = recording("openai/chat_usage.sse").body
    *before, extra, done, end = body.split(b"\n\n")
    taking = UsageChunkFilter()

    assert taking.feed(body) + taking.rest() == b"\n\n".join([*before, done, end])
    assert is_usage_chunk(extra.removeprefix(b"data: "))


def test_an_extra_chunk_that_a_stream_leaves_open_is_taken_out_too() -> None:
    taking = UsageChunkFilter()

    assert taking.feed(b'data: 1\n\ndata: {"choices":[],"usage":{"prompt_tokens":1}}\n') == b"data: 1\n\n"
    assert taking.rest() == b""


def test_what_a_client_is_owed_is_never_passed_over() -> None:
    event = b"data: " + b"x" * (11 * 1024 * 1024) + b"\n\n"
    taking = UsageChunkFilter()

    assert taking.feed(event[:-1]) == b""
    assert taking.feed(event[-1:]) == event


def test_usage_so_far_is_not_the_last_word() -> None:
    *chunks, extra, done, _ = recording("openai/chat_continuous.sse").body.split(b"\n\n")
    reader = ChatStream()
    reader.feed(b"\n\n".join(chunks) + b"\n\n")
    cut = reader.finish()
    reader.feed(extra + b"\n\n")
    told = reader.finish()
    reader.feed(done + b"\n\n")

    assert (cut.usage, cut.is_final, cut.written_bytes) == (Usage(input=19, output=3), False, 12)
    assert (told.is_final, told.has_ended) == (True, False)
    assert reader.finish().has_ended


def test_usage_in_the_last_choice_is_final_once_the_stream_has_ended() -> None:
    reader = ChatStream()
    reader.feed(
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5}}\n\ndata: [DONE]\n\n'
    )

    assert reader.finish().is_final


def test_text_that_speaks_of_the_end_is_text() -> None:
    reader = ChatStream()
    reader.feed(b'data: {"id":"c","choices":[{"delta":{"content":"[DONE]"}}]}\n\n')
    responses = ResponsesStream()
    responses.feed(b'data: {"type":"response.output_text.delta","delta":"response.completed"}\n\n')

    assert (reader.finish().has_ended, reader.finish().written_bytes) == (False, 6)
    assert (responses.finish().has_ended, responses.finish().is_broken) == (False, False)


def test_every_kind_of_text_counts_as_written() -> None:
    delta = {
        "content": "a",
        "reasoning_content": "bb",
        "refusal": "ccc",
        "tool_calls": [{"function": None}, {"function": {"arguments": "dddd"}}],
    }
    reader = ChatStream()
    reader.feed(f"data: {json.dumps({'choices': [{'delta': delta}, {'delta': None}]})}\n\n".encode())

    assert reader.finish().written_bytes == 10


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/responses",
        "/responses",
        "/v1/responses/compact",
        "/v1/embeddings",
        "/embeddings",
    ],
)
def test_paths_are_metered_with_and_without_a_version(path: str) -> None:
    assert path in OPENAI.endpoints


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_json", "invalid_request_error"),
        (400, "budget_exceeded", "budget_exceeded"),
        (404, "not_found", "invalid_request_error"),
        (502, "upstream_unreachable", "server_error"),
    ],
)
def test_refusals_are_in_the_providers_shape(status: int, code: str, kind: str) -> None:
    error = {"message": "No.", "type": kind, "param": None, "code": code}

    assert OPENAI.refusal(status, code, "No.") == {"error": error}
