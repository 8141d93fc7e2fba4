from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, JsonReader, Reading
from codesession.capture.providers.llamacpp import LLAMACPP, CompletionStream
from codesession.model import Terms, Usage

OWN = LLAMACPP.endpoints["/completion"]


def whole(answer: object) -> Reading:
    reader = JsonReader(OWN.read_answer)
    reader.feed(json.dumps(answer).encode())
    return reader.finish()


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"prompt": "hi"}, Asked("(none)", streamed=False)),
        ({"model": "m", "prompt": "hi", "stream": True, "n_predict": 9}, Asked("m", streamed=True, max_output=9)),
        ({"prompt": "hi", "n_predict": -1}, Asked("(none)", streamed=False)),
        ({"prompt": [1, 2, 3], "max_tokens": 9}, Asked("(none)", streamed=False, max_output=9)),
        ({"prompt": ["a", [1, 2], {"prompt_string": "c"}], "n_predict": 9}, Asked("(none)", False, 27)),
    ],
)
def test_what_its_own_request_asks_for(request_: dict[str, Any], asked: Asked) -> None:
    assert replace(OWN.read_request(json.dumps(request_).encode()), trace=None) == asked


@pytest.mark.parametrize(
    ("answer", "usage"),
    [
        ({"tokens_evaluated": 237, "tokens_predicted": 35}, Usage(input=237, output=35)),
        (
            {"tokens_evaluated": 237, "tokens_predicted": 35, "timings": {"cache_n": 236, "prompt_n": 1}},
            Usage(input=1, cache_read=236, output=35),
        ),
        ({"tokens_evaluated": 237, "tokens_cached": 271, "timings": None}, Usage(input=237)),
    ],
)
def test_the_prompt_is_what_was_cached_and_what_was_not(answer: dict[str, Any], usage: Usage) -> None:
    assert whole(answer).usage == usage


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"tokens_evaluated": -1},
        {"tokens_evaluated": 5, "timings": {"cache_n": 6}},
        {"tokens_evaluated": 5, "tokens_predicted": "x"},
        [{"tokens_evaluated": 5}, {}],
    ],
)
def test_what_is_no_completion_marks_the_answer(answer: object) -> None:
    assert whole(answer).is_broken


@pytest.mark.parametrize(
    ("timings", "took_ms"),
    [
        ({"prompt_ms": 30.958, "predicted_ms": 661.064}, 692),
        ({"predicted_ms": 20}, 20),
        ({"prompt_ms": -50.0, "predicted_ms": 20}, None),
        ({"prompt_ms": "x"}, None),
        ({"prompt_n": 5}, None),
        (7, None),
    ],
)
def test_how_long_it_took_is_what_reading_and_writing_took(timings: object, took_ms: int | None) -> None:
    chat = LLAMACPP.endpoints["/v1/chat/completions"].read_answer
    answer = {"tokens_evaluated": 5, "usage": {"prompt_tokens": 5}, "timings": timings}

    assert whole(answer).terms == Terms(took_ms=took_ms)
    assert chat(json.dumps(answer).encode()).terms == Terms(took_ms=took_ms)


def test_a_stream_tells_what_it_used_by_its_timings_and_is_never_asked() -> None:
    for path in ("/chat/completions", "/v1/chat/completions", "/v1/completions"):
        endpoint = LLAMACPP.endpoints[path]
        reader = endpoint.stream_reader()
        timings = b'"timings":{"cache_n":4,"prompt_n":5,"predicted_n":%d}'
        reader.feed(b'data: {"choices":[],' + timings % 1 + b"}\n\n")
        assert reader.so_far().usage == Usage(input=5, cache_read=4, output=1)
        reader.feed(b'data: {"choices":[],' + timings % 2 + b"}\n\ndata: [DONE]\n\n")
        assert reader.finish() == Reading(Usage(input=5, cache_read=4, output=2), is_final=True, has_ended=True)
        assert endpoint.amendment is None


@pytest.mark.parametrize("timings", [b'{"prompt_n":-1}', b'{"prompt_n":1,"cache_n":"x"}'])
def test_timings_that_are_no_counts_mark_the_stream(timings: bytes) -> None:
    reader = LLAMACPP.endpoints["/v1/chat/completions"].stream_reader()
    reader.feed(b'data: {"timings":' + timings + b"}\n\ndata: [DONE]\n\n")

    assert reader.finish() == Reading(has_ended=True, is_broken=True)


def test_several_prompts_end_several_times_and_add_up() -> None:
    body = recording("llamacpp/completions.sse").body
    reader = CompletionStream()
    reader.feed(body)

    assert reader.finish().usage == Usage(input=20, output=6)
    assert json.loads(reader.ending("No.").removeprefix(b"data: "))["error"]["message"] == "No."


def test_a_setting_that_looks_like_the_end_is_not_the_end() -> None:
    reader = CompletionStream()
    reader.feed(b'data: {"content":"Ducks","stop":false,"settings":{"stop":true}}\n\n')

    assert reader.finish() == Reading(written_bytes=5)


def test_without_the_version_a_path_is_its_own() -> None:
    assert LLAMACPP.endpoints["/completions"] is OWN
    assert LLAMACPP.endpoints["/v1/completions"] is not OWN
    assert LLAMACPP.endpoints["/embeddings"].read_answer(b'[{"index":0,"embedding":[[0.5]]}]') == Reading(
        has_ended=True
    )
    assert LLAMACPP.is_local
