from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, JsonReader, Reading
from codesession.capture.providers.ollama import OLLAMA, Lines
from codesession.capture.proxy.exchange import estimate, outcome
from codesession.model import Attempt, Evidence, Terms, Usage

CHAT = OLLAMA.endpoints["/api/chat"]


def whole(path: str, **answer: Any) -> Reading:
    reader = JsonReader(OLLAMA.endpoints[path].read_answer)
    reader.feed(json.dumps({"model": "llama3.2", "done": True, **answer}).encode())
    return reader.finish()


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"model": "m"}, Asked("m", streamed=True)),
        ({"model": "m", "stream": True}, Asked("m", streamed=True)),
        ({"model": "m", "stream": False}, Asked("m", streamed=False)),
        ({"model": "m", "stream": None, "options": {"num_predict": 40}}, Asked("m", streamed=True, max_output=40)),
        ({"model": "m", "options": {"num_predict": -1}}, Asked("m", streamed=True)),
        ({"model": "m", "options": [5]}, Asked("m", streamed=True)),
        ({"model": "gpt-oss:120b-cloud"}, Asked("gpt-oss:120b-cloud", streamed=True, runs_elsewhere=True)),
    ],
)
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
def test_a_request_streams_unless_it_says_that_it_must_not(path: str, request_: dict[str, Any], asked: Asked) -> None:
    read = OLLAMA.endpoints[path].read_request

    assert replace(read(json.dumps(request_).encode()), trace=None) == asked


@pytest.mark.parametrize(
    ("model", "elsewhere"),
    [
        ("gpt-oss:120b-cloud", True),
        ("qwen3-coder:480b-cloud", True),
        ("kimi-k2:cloud", True),
        ("llama3.2", False),
        ("cloud:8b", False),
        ("me/cloudy", False),
    ],
)
def test_a_cloud_model_runs_elsewhere_at_whatever_path_it_is_asked(model: str, *, elsewhere: bool) -> None:
    body = json.dumps({"model": model, "max_tokens": 5}).encode()

    assert {endpoint.read_request(body).runs_elsewhere for endpoint in OLLAMA.endpoints.values()} == {elsewhere}


def test_a_request_for_vectors_writes_nothing() -> None:
    asked = OLLAMA.endpoints["/api/embed"].read_request(b'{"model":"all-minilm","input":["a","b"]}')

    assert replace(asked, trace=None) == Asked("all-minilm", streamed=False, max_output=0)


def test_durations_are_kept_in_milliseconds() -> None:
    reading = whole(
        "/api/chat",
        prompt_eval_count=26,
        eval_count=282,
        total_duration=4883583458,
        load_duration=1334875,
        prompt_eval_duration=499_999,
        eval_duration=4535599000,
    )

    assert reading.extra == (("total_ms", 4884), ("load_ms", 1), ("prompt_eval_ms", 0), ("eval_ms", 4536))
    assert reading.terms == Terms(took_ms=4884)


def test_a_prompt_that_was_all_cached_is_not_known_rather_than_nothing() -> None:
    asked = Attempt(None, "ollama", "llama3.2", "chat", streamed=False, request_bytes=400)
    reading = whole("/api/chat", message={"content": "Ducks."}, eval_count=282, total_duration=5_000_000)
    told = outcome(asked, reading, None, 200, None)

    assert (reading.usage, reading.has_ended, reading.is_broken) == (None, True, False)
    assert (told.usage, told.evidence) == (Usage(input=100, output=282), Evidence.ESTIMATED)
    assert told.terms == Terms(took_ms=5)
    assert estimate(asked, whole("/api/chat", message={"content": "Ducks."})) == Usage(input=100, output=2)


def test_a_stream_of_a_cached_prompt_knows_what_was_written() -> None:
    body = recording("ollama/cached.ndjson").body
    asked = Attempt(None, "ollama", "llama3.2", "chat", streamed=True, request_bytes=400)
    reader = Lines()
    reader.feed(body)

    assert outcome(asked, reader.finish(), None, 200, None).usage == Usage(input=100, output=282)
    empty = Lines()
    empty.feed(b"\n\n")
    assert empty.finish() == Reading()
    unknown = Lines()
    unknown.feed(b'{"response":"12345678","done":false}\n{"done":true}\n')
    assert unknown.finish() == Reading(has_ended=True, written_bytes=8)


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_loading_a_model_uses_nothing(reason: str) -> None:
    assert whole("/api/generate", response="", done_reason=reason).usage == Usage()


def test_an_answer_of_no_tokens_leaves_their_counter_out() -> None:
    assert whole("/api/chat", prompt_eval_count=26).usage == Usage(input=26)


@pytest.mark.parametrize(
    "counters",
    [
        {"prompt_eval_count": -1},
        {"prompt_eval_count": 3, "eval_count": "x"},
        {"prompt_eval_count": 3, "total_duration": -1},
        {"prompt_eval_count": 3, "total_duration": 1.5},
        {"prompt_eval_count": 3, "eval_duration": 10**18},
        {"prompt_eval_count": 3, "load_duration": True},
        {"eval_count": -3},
    ],
)
def test_what_are_no_counts_marks_the_answer(counters: dict[str, Any]) -> None:
    reader = Lines()
    reader.feed(json.dumps({"done": True, **counters}).encode() + b"\n")

    assert whole("/api/chat", **counters).is_broken
    assert reader.finish().is_broken
    assert reader.usage is None


def test_an_error_in_the_middle_ends_a_stream_that_was_not_whole() -> None:
    reader = Lines()
    reader.feed(recording("ollama/error.ndjson").body)
    reading = reader.finish()

    assert (reading.has_ended, reading.is_broken, reading.written_bytes) == (False, False, 5)


def test_a_stream_is_ended_with_such_a_line() -> None:
    assert Lines().ending("Over the budget.") == b'{"error":"Over the budget."}\n'
    assert OLLAMA.refusal(400, "budget_exceeded", "No.") == {"error": "No."}


def test_a_text_that_looks_like_the_end_is_not_the_end() -> None:
    reader = Lines()
    reader.feed(json.dumps({"response": '"done":true', "done": False}).encode() + b"\n")

    assert reader.finish() == Reading(written_bytes=11)


def test_an_argument_of_a_tool_that_looks_like_the_end_is_not_the_end() -> None:
    call = {"function": {"name": "tick", "arguments": {"done": True}}}
    reader = Lines()
    reader.feed(json.dumps({"message": {"content": "", "tool_calls": [call]}, "done": False}).encode() + b"\n")

    assert reader.finish() == Reading(written_bytes=len('{"done":true}'))


def test_half_a_character_in_an_argument_is_measured_as_any() -> None:
    reader = Lines()
    reader.feed(b'{"message":{"tool_calls":[{"function":{"arguments":{"q":"\\ud83d"}}}]},"done":false}\n')

    assert reader.finish() == Reading(written_bytes=len('{"q":"xxx"}'))


def test_arguments_of_any_depth_fail_nobody() -> None:
    for depth in (10, 200, 500, 900, 990, 5000):
        reader = Lines()
        deep = b"[" * depth + b"]" * depth
        reader.feed(b'{"message":{"tool_calls":[{"function":{"arguments":' + deep + b"}}]}}\n" + b'{"done":true}\n')
        assert reader.finish().has_ended


def test_streams_are_lines_whatever_else_their_type_says() -> None:
    assert isinstance(CHAT.reader_of("application/x-ndjson; charset=utf-8"), Lines)
    assert CHAT.reader_of("application/json; charset=utf-8") is None


def test_tool_calls_that_are_odd_have_written_nothing() -> None:
    for calls in (5, [5], [{"function": 5}], None):
        reading = whole("/api/chat", message={"tool_calls": calls, "content": None})
        assert reading == Reading(has_ended=True, model="llama3.2")


def test_looking_after_models_is_free() -> None:
    assert all(OLLAMA.is_free(f"/api/{path}") for path in ("show", "pull", "create", "blobs/sha256:1"))
    assert not OLLAMA.is_free("/api/web_search")
