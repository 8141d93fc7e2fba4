from __future__ import annotations

import json
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Reading, Unreadable
from codesession.capture.providers.cohere import (
    COHERE,
    ChatStream,
    FirstChatStream,
    read_answer,
    read_prompt_answer,
    tell,
)
from codesession.model import Usage


@pytest.mark.parametrize(
    ("billed", "usage"),
    [
        ({"input_tokens": 5, "output_tokens": 7.0}, Usage(input=5, output=7)),
        ({"input_tokens": 772, "image_tokens": 768, "text_tokens": 4}, Usage(input=4, input_image=768)),
        ({"input_tokens": 8, "text_tokens": None}, Usage(input=8)),
        ({"search_units": 3}, Usage(rerank_searches=3)),
        ({"input_tokens": None, "search_units": 0}, Usage()),
    ],
)
def test_what_is_billed_is_what_was_used(billed: dict[str, Any], usage: Usage) -> None:
    assert tell({"billed_units": billed, "tokens": {"input_tokens": 900}}).usage == usage


def test_what_its_models_read_beyond_that_is_kept() -> None:
    told = tell({"billed_units": {"input_tokens": 5, "images": 2}, "tokens": {"input_tokens": 71}, "cached_tokens": 64})

    assert told.extra == (("cached_tokens", 64), ("billed_units.images", 2), ("tokens.input_tokens", 71))


@pytest.mark.parametrize("billed", [None, {}, {"input_tokens": None}, {"input_tokens": -1}, {"search_units": 0.5}, 7])
def test_what_bills_nothing_known_is_unreadable(billed: object) -> None:
    with pytest.raises(Unreadable):
        tell({"billed_units": billed})


def test_answers_that_tell_no_bill() -> None:
    assert read_answer(b'{"id":"a"}') == Reading(has_ended=True, written_bytes=10, response_id="a")
    assert read_prompt_answer(b'{"id":"a","meta":{}}') == Reading(has_ended=True, response_id="a")
    reader = ChatStream()
    reader.feed(b'data: {"type":"message-start"}\n\ndata: {"type":"message-end","delta":{"error":"x"}}\n\n')
    assert reader.finish() == Reading(has_ended=True)
    first = FirstChatStream()
    first.feed(b'data: {"event_type":"stream-end"}\n\n')
    assert first.finish() == Reading(has_ended=True)


def test_the_first_versions_stream_is_the_same_in_events() -> None:
    lines = recording("cohere/chat_v1.lines").body.splitlines()
    reader = COHERE.endpoints["/v1/chat"].reader_of("text/event-stream")
    assert reader is not None
    reader.feed(b': "event_type":"stream-end"\n\n')
    for line in lines:
        reader.feed(b"data: " + line + b"\n\n")
    reading = reader.finish()

    assert (reading.usage, reading.is_final, reading.written_bytes) == (Usage(input=7, output=12), True, 6)


def test_a_text_that_speaks_of_the_end_is_not_the_end() -> None:
    reader = ChatStream()
    reader.feed(b'data: {"type":"content-delta","delta":{"message":{"content":{"text":"message-end"}}}}\n\n')

    assert reader.finish() == Reading(written_bytes=11)


def test_a_stream_is_ended_with_an_error_in_its_last_event() -> None:
    event, data, *_ = ChatStream().ending("Over the budget.").split(b"\n")

    assert event == b"event: message-end"
    assert json.loads(data.removeprefix(b"data: ")) == {
        "type": "message-end",
        "delta": {"error": "Over the budget.", "finish_reason": "ERROR"},
    }
    assert FirstChatStream().ending("Over the budget.") == b""


def test_connectors_go_on_by_themselves() -> None:
    read = COHERE.endpoints["/v1/chat"].read_request

    assert read(b'{"model":"command-r","connectors":[{"id":"web-search"}],"max_tokens":9}').is_unbounded
    asked = read(b'{"model":"command-r","message":"hi","stream":true,"max_tokens":9}')
    assert (asked.model, asked.streamed, asked.max_output, asked.is_unbounded) == ("command-r", True, 9, False)


def test_its_openai_api_is_never_asked_for_usage() -> None:
    assert COHERE.endpoints["/compatibility/v1/chat/completions"].amendment is None
    assert COHERE.refusal(400, "budget_exceeded", "No.") == {"message": "No."}
    assert COHERE.is_free("/v1/tokenize")
    assert not COHERE.is_free("/v1/classify")
