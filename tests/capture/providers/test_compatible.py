from __future__ import annotations

import json
from typing import Any

import pytest

from codesession.capture.providers import PROVIDERS, JsonReader, Reading, Unreadable
from codesession.capture.providers.compatible import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    PATHS,
    RERANK,
    ChunkStream,
    compatible,
    openai_endpoints,
)
from codesession.model import Usage

MINE = compatible("mine", "http://gpu.example/v1")


def read(path: str, answer: object) -> Reading:
    reader = JsonReader(MINE.endpoints[path].read_answer)
    reader.feed(json.dumps(answer).encode())
    return reader.finish()


def streamed(*chunks: Any) -> Reading:
    reader = ChunkStream()
    for chunk in chunks:
        reader.feed(b"data: " + (chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()) + b"\n\n")
    return reader.finish()


def test_every_path_stands_with_and_without_the_version() -> None:
    assert set(MINE.endpoints) == {version + path for version in ("", "/v1") for path in PATHS}
    assert (MINE.name, MINE.upstream, MINE.is_local) == ("mine", "http://gpu.example/v1", False)


def test_only_the_paths_a_server_has_are_metered_behind_its_prefixes() -> None:
    theirs = compatible("theirs", paths=(CHAT,), prefixes=("/beta",), free=("/files*",), is_local=True)

    assert set(theirs.endpoints) == {"/beta/chat/completions"}
    assert theirs.is_free("/beta/files/1")
    assert not theirs.is_free("/files/1")
    assert (theirs.upstream, theirs.is_local) == (None, True)


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_a_stream_is_asked_for_its_usage_where_it_may_be(path: str) -> None:
    body = b'{"model":"m","stream":true,"prompt":"hi","messages":[]}'
    asking, telling = openai_endpoints()[path], openai_endpoints(asks_usage=False)[path]

    assert asking.read_request(body).lacks_usage
    assert asking.amendment is not None
    assert asking.amendment.request(body).startswith(b'{"stream_options":{"include_usage":true},')
    assert not telling.read_request(body).lacks_usage
    assert telling.amendment is None


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        pytest.param({"total_tokens": 26}, Usage(input=26), id="voyage"),
        pytest.param({"total_tokens": 815, "prompt_tokens": 815}, Usage(input=815), id="jina"),
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9, "prompt_tokens_details": None},
            Usage(input=9),
            id="vllm",
        ),
        pytest.param({"input_tokens": 7, "total_tokens": 9, "output_tokens": 2}, Usage(input=7, output=2), id="both"),
    ],
)
@pytest.mark.parametrize("path", [RERANK, EMBEDDINGS, "/v1/rerank"])
def test_a_total_that_stands_alone_was_read(path: str, usage: dict[str, Any], told: Usage) -> None:
    assert read(path, {"model": "m", "usage": usage}) == Reading(told, is_final=True, has_ended=True, model="m")


def test_what_only_reads_has_written_nothing_though_it_tells_no_usage() -> None:
    assert read(RERANK, [{"index": 0, "score": 0.9}]) == Reading(has_ended=True)
    assert read(EMBEDDINGS, {"data": [0.5] * 999, "model": "m"}) == Reading(has_ended=True, model="m")
    assert read(CHAT, {"model": "m"}) == Reading(has_ended=True, model="m", written_bytes=14)


@pytest.mark.parametrize("total", [-1, "26", 1.5, True, 10**13])
def test_a_total_that_is_no_count_is_none(total: object) -> None:
    assert read(RERANK, {"usage": {"total_tokens": total}}).is_broken


def test_thinking_is_written_whatever_a_server_calls_it() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "four"}]}
    deltas = [
        {"content": "four"},
        {"reasoning": "four"},
        {"reasoning_content": "four"},
        {"refusal": "four"},
        {"content": [thought, {"type": "text", "text": "four"}]},
        {"tool_calls": [{"function": {"arguments": "four"}}, {"function": None}, 5]},
        {"tool_calls": None, "content": None},
        "odd",
    ]
    chunks = [{"id": "c", "model": "m", "choices": [{"delta": delta}]} for delta in deltas]

    assert streamed(*chunks, {"choices": [{"text": "four"}]}).written_bytes == 8 * 4
    assert streamed(chunks[4], {"choices": [], "usage": {"prompt_tokens": 1}}, b"[DONE]").usage == Usage(input=1)


@pytest.mark.parametrize("calls", [True, 7, "f", {"function": 1}, [7, {"function": {"arguments": 7}}]])
def test_tool_calls_of_another_shape_fail_nobody(calls: Any) -> None:
    reader = PROVIDERS["groq"].endpoints["/v1/chat/completions"].stream_reader()
    chunk = {"choices": [{"delta": {"content": "Hi", "tool_calls": calls}}]}
    reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    assert reader.finish().written_bytes == 2


def test_texts_of_any_depth_fail_nobody() -> None:
    for depth in (10, 200, 500, 900, 990, 5000):
        deep = b"[" * depth + b'"four"' + b"]" * depth
        assert streamed(b'{"choices":[{"delta":{"content":' + deep + b"}}]}").written_bytes in (0, 4)
    assert streamed(b'{"choices":[{"delta":{"content":[[["four"]]]}}]}').written_bytes == 4


def test_usage_before_the_end_is_not_the_last_word() -> None:
    chunk = {"choices": [{"delta": {"content": "hi"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    cut, whole = streamed(chunk), streamed(chunk, b"[DONE]")

    assert (cut.usage, cut.is_final, cut.has_ended) == (Usage(input=5, output=1), False, False)
    assert (whole.usage, whole.is_final, whole.has_ended) == (Usage(input=5, output=1), True, True)
    assert not streamed(b"[DONE]").is_final


@pytest.mark.parametrize(
    ("fields", "is_let_loose"),
    [
        ({}, False),
        ({"plugins": []}, False),
        ({"plugins": None}, False),
        ({"metadata": {"plugins": 1}}, False),
        ({"plugins": [{"id": "web"}]}, True),
        ({"search": {"mode": "on"}}, True),
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/responses"])
def test_a_provider_that_is_let_loose_may_go_on_by_itself(
    path: str, fields: dict[str, Any], *, is_let_loose: bool
) -> None:
    endpoint = openai_endpoints(reaches=("plugins", "search"))[path]
    asked = endpoint.read_request(json.dumps({"model": "m", **fields}).encode())

    assert (asked.reads_elsewhere, asked.is_unbounded) == (is_let_loose, is_let_loose)


def test_a_request_that_is_no_object_is_unreadable() -> None:
    for endpoint in openai_endpoints(reaches=("plugins",)).values():
        with pytest.raises(Unreadable):
            endpoint.read_request(b"[1]")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mistral", "/v1/files/f1/content"),
        ("groq", "/openai/v1/files/f1/content"),
        ("groq", "/v1/files/f1/content"),
        ("together", "/v1/files/f1/content"),
        ("perplexity", "/v1/files/f1/content"),
    ],
)
def test_what_a_batch_has_come_to_is_read_where_it_is_fetched(name: str, path: str) -> None:
    body = b'{"id":"a1","model":"m","usage":{"prompt_tokens":5,"completion_tokens":7}}'
    reading = PROVIDERS[name].results_at(path)
    assert reading is not None
    results = reading()
    results.feed(b'{"id":"r1","custom_id":"c1","response":{"status_code":200,"body":' + body + b'},"error":null}\n')
    (result,) = results.finish()

    assert result.reading.usage == Usage(input=5, output=7)
    assert result.reading.terms.is_batch
