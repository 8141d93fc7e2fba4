from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, Reading, Unreadable
from codesession.capture.providers.lmstudio import LMSTUDIO, EventStream, read_answer, tell_stats

OWN = LMSTUDIO.endpoints["/api/v1/chat"]


def test_how_quick_it_was_is_kept() -> None:
    reader = recording("lmstudio/chat.json").reader()
    reader.feed(recording("lmstudio/chat.json").body)

    assert reader.finish().extra == (
        ("stats.tokens_per_second", 51.43709529007664),
        ("stats.time_to_first_token", 0.111),
        ("stats.generation_time", 0.954),
    )


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({}, Asked("m", streamed=False)),
        ({"stream": True, "max_output_tokens": 9}, Asked("m", streamed=True, max_output=9)),
        ({"previous_response_id": "resp_1"}, Asked("m", streamed=False, reads_elsewhere=True)),
        ({"thread_id": "thread_1"}, Asked("m", streamed=False, reads_elsewhere=True)),
        ({"integrations": ["mcp/x"]}, Asked("m", streamed=False, reads_elsewhere=True, is_unbounded=True)),
        ({"integrations": []}, Asked("m", streamed=False)),
    ],
)
def test_what_its_own_chat_is_asked(request_: dict[str, Any], asked: Asked) -> None:
    body = json.dumps({"model": "m", "input": "hi", **request_}).encode()

    assert replace(OWN.read_request(body), trace=None) == asked


@pytest.mark.parametrize(
    "stats",
    [
        {"total_output_tokens": 5},
        {"input_tokens": -1},
        {"input_tokens": 1, "total_output_tokens": 2, "reasoning_output_tokens": 3},
    ],
)
def test_statistics_of_no_chat_are_unreadable(stats: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        tell_stats(stats)


def test_answers_without_statistics_say_nothing() -> None:
    assert read_answer(b'{"model_instance_id":"m"}') == Reading(has_ended=True, written_bytes=25, model="m")
    reader = EventStream()
    reader.feed(b'data: {"type":"chat.end"}\n\n')
    assert reader.finish() == Reading(has_ended=True)


def test_a_stream_is_ended_with_its_own_error() -> None:
    event, data, *_ = EventStream().ending("Over the budget.").split(b"\n")

    assert event == b"event: error"
    assert json.loads(data.removeprefix(b"data: ")) == {
        "type": "error",
        "error": {"type": "invalid_request", "message": "Over the budget."},
    }


def test_it_runs_on_the_users_own_machine() -> None:
    assert LMSTUDIO.is_local
    assert LMSTUDIO.upstream == "http://127.0.0.1:1234"
    assert LMSTUDIO.base_urls == {"LM_STUDIO_API_BASE": "/v1"}
