from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codesession.capture.providers import Asked, Reading, Unreadable
from codesession.capture.providers.google import GOOGLE
from codesession.capture.providers.google_interactions import InteractionStream, read_answer, read_request
from codesession.model import Step, Terms, Usage


def asked(document: Any) -> Asked:
    return replace(read_request(json.dumps(document).encode()), trace=None)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"model": "gemini-3.5-flash", "input": "hi"}, Asked("gemini-3.5-flash", streamed=False)),
        (
            {
                "model": "gemini-3.5-flash",
                "stream": True,
                "service_tier": "flex",
                "generation_config": {"max_output_tokens": 99},
                "tools": [{"type": "function", "name": "f"}, {"type": "computer_use"}],
            },
            Asked("gemini-3.5-flash", streamed=True, max_output=99, terms=Terms("flex")),
        ),
        (
            {"model": "m", "tools": [{"type": "google_search"}]},
            Asked("m", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        (
            {"agent": "deep-research-pro", "background": True},
            Asked("deep-research-pro", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        ({"model": "m", "previous_interaction_id": "v1_x"}, Asked("m", streamed=False, reads_elsewhere=True)),
        (
            {"model": "m", "input": [{"type": "image", "uri": "https://x/y.png"}]},
            Asked("m", streamed=False, reads_elsewhere=True),
        ),
        (
            {"model": "m", "input": [{"type": "image", "data": "aGk="}, {"type": "text", "text": '"uri"'}]},
            Asked("m", streamed=False),
        ),
        ({"model": 7}, Asked("(none)", streamed=False)),
        (
            {"model": "m", "tools": [{"type": {}}]},
            Asked("m", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        (
            {"model": "m", "stream": True, "tools": "?"},
            Asked("m", streamed=True, reads_elsewhere=True, is_unbounded=True),
        ),
    ],
)
def test_what_a_request_asks_for(document: dict[str, Any], told: Asked) -> None:
    assert asked(document) == told


def steps(*items: dict[str, Any]) -> tuple[Step, ...]:
    trace = read_request(json.dumps({"model": "m", "input": items}).encode()).trace
    assert trace is not None
    return trace.steps


def test_calls_find_their_results() -> None:
    said = {"type": "user_input", "content": [{"type": "text", "text": "Look."}]}
    call = {"type": "function_call", "id": "c1", "name": "read", "arguments": {"path": "a"}}
    came = {"type": "function_result", "call_id": "c1", "name": "read", "result": "A"}
    (done,), (begun,) = steps(said, call, came), steps(call)

    assert (done.call, begun.result) == (begun.call, None)
    assert done.result is not None


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_what_goes_on_in_the_background_is_waited_for(status: str) -> None:
    body = json.dumps({"id": "v1_x", "model": "m", "status": status, "usage": {"total_input_tokens": 3}}).encode()

    assert read_answer(body) == Reading(is_waiting=True, has_ended=True, model="m", response_id="v1_x")


@pytest.mark.parametrize("status", ["completed", None, {}, []])
def test_an_interaction_without_usage_is_measured_by_its_size(status: Any) -> None:
    body = json.dumps({"id": "v1_x", "model": "m", "status": status}).encode()

    assert read_answer(body) == Reading(has_ended=True, written_bytes=len(body), model="m", response_id="v1_x")


@pytest.mark.parametrize("status", ["requires_action", "a_new_word", None])
def test_usage_that_is_told_counts_whatever_the_status_is_called(status: str | None) -> None:
    body = json.dumps({"status": status, "usage": {"total_input_tokens": 3}}).encode()

    assert read_answer(body).usage == Usage(input=3)


@pytest.mark.parametrize(
    ("path", "found"),
    [("/v1beta/interactions/v1_x", "v1_x"), ("/v1/interactions/v1_x/cancel", "v1_x"), ("/v1beta/interactions", None)],
)
def test_what_it_has_come_to_is_fetched_by_its_id(path: str, found: str | None) -> None:
    ((pattern, endpoint),) = GOOGLE.later
    match = pattern.fullmatch(path)

    assert (match and match[1]) == found
    assert endpoint is GOOGLE.endpoint_at("/v1beta/interactions")


@pytest.mark.parametrize("bad", [-1, "3", True])
@pytest.mark.parametrize("field", ["total_input_tokens", "total_cached_tokens", "total_thought_tokens"])
def test_a_counter_that_is_none_is_unreadable(field: str, bad: Any) -> None:
    usage = {"total_input_tokens": 3, "total_output_tokens": 4, field: bad}

    with pytest.raises(Unreadable):
        read_answer(json.dumps({"status": "completed", "usage": usage}).encode())


def test_searches_of_an_older_model_are_one_and_counters_nobody_knows_are_kept() -> None:
    usage = {
        "total_input_tokens": 3,
        "initial_input_tokens": 2,
        "new_tokens": 9,
        "grounding_tool_count": [{"type": "google_search", "count": 4}, {"type": "retrieval"}, 7],
    }
    body = json.dumps({"model": "gemini-2.5-pro", "status": "completed", "usage": usage}).encode()
    reading = read_answer(body)

    assert reading.usage == Usage(input=3, web_searches=1)
    assert reading.extra == (("new_tokens", 9),)


@pytest.mark.parametrize("groundings", [True, 7, {}, "?", None])
def test_groundings_of_another_shape_are_none(groundings: Any) -> None:
    usage = {"total_input_tokens": 3, "grounding_tool_count": groundings}

    assert read_answer(json.dumps({"status": "completed", "usage": usage}).encode()).usage == Usage(input=3)


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'event_type': kind, **fields})}\n\n".encode()


def test_a_stream_tells_its_usage_at_its_end_and_an_agent_in_a_models_place() -> None:
    reader = InteractionStream()
    reader.feed(event("interaction.created", interaction={"id": "v1_x", "agent": "deep-research-pro"}))
    reader.feed(b': "interaction":{\n\n' + event("step.delta", delta={"type": "text", "text": "na\u00efve"}))
    reader.feed(event("step.delta", delta={"type": "arguments_delta", "arguments": '{"a":1}'}))
    reader.feed(event("step.delta", delta=None) + event("error", error={"interaction": None}))
    begun = reader.so_far()
    usage = {"total_input_tokens": 3, "total_output_tokens": 4}
    reader.feed(event("interaction.completed", interaction={"id": "v1_x", "status": "completed", "usage": usage}))

    assert begun == Reading(written_bytes=13, model="deep-research-pro", response_id="v1_x")
    assert reader.finish() == replace(begun, usage=Usage(input=3, output=4), is_final=True, has_ended=True)


def test_usage_so_far_is_not_the_last_word() -> None:
    reader = InteractionStream()
    state = {"id": "v1_x", "status": "in_progress", "usage": {"total_input_tokens": 3}}
    reader.feed(event("interaction.status_update", interaction=state))
    reader.feed(b'data: {"x": {"interaction": {}}}\n\n')

    assert (reader.finish().usage, reader.finish().is_final) == (Usage(input=3), False)
