from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.amazon_wire import chunk, message
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, Reading, Unreadable
from codesession.capture.providers.bedrock import BEDROCK, ConverseStream, InvokeStream, read_converse
from codesession.capture.providers.bedrock_usage import usage_of
from codesession.model import Step, Terms, Usage

CLAUDE = "/model/us.anthropic.claude-opus-4-8-v1%3A0"
MODEL = "us.anthropic.claude-opus-4-8-v1:0"


def asked_at(path: str, document: Any) -> Asked:
    """What a POST of `document` to `path` asks for, its trace aside."""
    endpoint = BEDROCK.endpoint_at(path)
    assert endpoint is not None, path
    assert endpoint.in_path is not None
    asked = endpoint.in_path(endpoint.read_request(json.dumps(document).encode()), path)
    return replace(asked, trace=None)


def read_answer(path: str, document: Any) -> Reading:
    endpoint = BEDROCK.endpoint_at(path)
    assert endpoint is not None
    return endpoint.read_answer(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("path", "document", "asked"),
    [
        (f"{CLAUDE}/converse", {}, Asked(MODEL, streamed=False)),
        (f"{CLAUDE}/converse-stream", {}, Asked(MODEL, streamed=True)),
        (
            f"{CLAUDE}/converse",
            {"inferenceConfig": {"maxTokens": 512}, "serviceTier": {"type": "flex"}},
            Asked(MODEL, streamed=False, max_output=512, terms=Terms("flex")),
        ),
        (
            f"{CLAUDE}/converse",
            {"toolConfig": {"tools": [{"toolSpec": {"name": "f"}}, {"cachePoint": {"type": "default"}}]}},
            Asked(MODEL, streamed=False),
        ),
        (
            f"{CLAUDE}/converse",
            {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
            Asked(MODEL, streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        (
            f"{CLAUDE}/converse",
            {"messages": [{"content": [{"document": {"source": {"s3Location": {"uri": "s3://b/k"}}}}]}]},
            Asked(MODEL, streamed=False, reads_elsewhere=True),
        ),
        (
            f"{CLAUDE}/converse",
            {"messages": [{"content": [{"text": '"s3Location"'}]}]},
            Asked(MODEL, streamed=False),
        ),
        (
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2Fx/converse",
            {"promptVariables": {"a": {"text": "b"}}},
            Asked("arn:aws:bedrock:us-east-1:1:prompt/x", streamed=False, reads_elsewhere=True),
        ),
        (f"{CLAUDE}/converse", {"messages": 7}, Asked(MODEL, streamed=False, reads_elsewhere=True, is_unbounded=True)),
        (f"{CLAUDE}/invoke", {"max_tokens": 9}, Asked(MODEL, streamed=False, max_output=9)),
        (f"{CLAUDE}/invoke-with-response-stream", {"max_tokens": 9}, Asked(MODEL, streamed=True, max_output=9)),
        (
            "/model/meta.llama3-1-8b-instruct-v1:0/invoke",
            {"prompt": "hi", "max_gen_len": 7},
            Asked("meta.llama3-1-8b-instruct-v1:0", streamed=False, max_output=7),
        ),
        (
            "/model/amazon.nova-pro-v1:0/invoke",
            {"inferenceConfig": {"max_new_tokens": 5}},
            Asked("amazon.nova-pro-v1:0", streamed=False, max_output=5),
        ),
        (
            "/model/amazon.nova-pro-v1:0/invoke",
            {"inferenceConfig": {"maxTokens": 6}},
            Asked("amazon.nova-pro-v1:0", streamed=False, max_output=6),
        ),
        ("/model/x/invoke", {"inferenceConfig": 7}, Asked("x", streamed=False)),
    ],
)
def test_what_a_request_asks_for(path: str, document: dict[str, Any], asked: Asked) -> None:
    assert asked_at(path, document) == asked


def test_a_path_without_a_model_leaves_what_is_asked_for_as_it_is() -> None:
    endpoint = BEDROCK.endpoint_at("/model/x/converse")

    assert endpoint is not None
    assert endpoint.in_path is not None
    assert endpoint.in_path(Asked("m", streamed=True), "/elsewhere") == Asked("m", streamed=True)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{"])
def test_what_is_no_request_is_unreadable(body: bytes) -> None:
    for path in (f"{CLAUDE}/converse", f"{CLAUDE}/invoke"):
        endpoint = BEDROCK.endpoint_at(path)
        assert endpoint is not None
        with pytest.raises(Unreadable):
            endpoint.read_request(body)


def steps(*messages: Any) -> tuple[Step, ...]:
    trace = read_converse(json.dumps({"messages": messages}).encode()).trace
    assert trace is not None
    return trace.steps


def test_tool_calls_find_their_results() -> None:
    use = {"content": [{"text": "Look."}, {"toolUse": {"toolUseId": "t1", "name": "read", "input": {"path": "a"}}}]}
    same = {"content": [{"toolUse": {"toolUseId": "t2", "name": "read", "input": {"path": "a"}}}]}
    came = {"content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "A"}], "status": "success"}}]}
    (first,), (alone,) = steps(use, came), steps(same, {"content": "?"})

    assert (first.call, alone.result) == (alone.call, None)
    assert first.result is not None


def test_openais_models_are_metered_at_openais_path() -> None:
    endpoint = BEDROCK.endpoint_at("/openai/v1/chat/completions")

    assert endpoint is not None
    assert endpoint.read_request(b'{"model": "openai.gpt-oss-120b-1:0"}').model == "openai.gpt-oss-120b-1:0"


def test_refusals_are_in_amazons_shape() -> None:
    assert BEDROCK.refusal(400, "budget_exceeded", "No.") == {"message": "No."}
    assert BEDROCK.is_free("/model/x/count-tokens")
    assert not BEDROCK.is_free("/model/x/async-invoke")


# --- what is answered ---


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}, Usage(input=3, output=4)),
        ({"outputTokens": 4}, Usage(output=4)),
        ({"inputTokens": 3, "cacheWriteInputTokens": 9, "cacheDetails": None}, Usage(input=3, cache_write=9)),
        (
            {
                "inputTokens": 3,
                "cacheReadInputTokens": 8,
                "cacheWriteInputTokens": 9,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 2}, {"ttl": "24h", "inputTokens": 3}, "?"],
            },
            Usage(input=3, cache_read=8, cache_write=4, cache_write_1h=2, cache_write_other=3),
        ),
        (
            {
                "inputTokenCount": 3,
                "outputTokenCount": 4,
                "cacheReadInputTokenCount": 5,
                "cacheWriteInputTokenCount": 6,
            },
            Usage(input=3, cache_read=5, cache_write=6, output=4),
        ),
    ],
)
def test_the_cache_is_beside_the_input(counters: dict[str, Any], usage: Usage) -> None:
    assert usage_of(counters) == usage


@pytest.mark.parametrize(
    "counters",
    [
        {},
        {"totalTokens": 7},
        {"inputTokens": -1},
        {"inputTokens": 1, "cacheDetails": [{"ttl": "1h", "inputTokens": 2}]},
        {"inputTokens": 1, "cacheWriteInputTokens": 5, "cacheDetails": [{"ttl": "1h", "inputTokens": "2"}]},
    ],
)
def test_counters_that_contradict_each_other_are_unreadable(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        usage_of(counters)


@pytest.mark.parametrize(
    ("answer", "usage"),
    [
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 2}}, Usage(input=7, output=2)),
        ({"usage": {"inputTokens": 7}}, Usage(input=7)),
        ({"inputTextTokenCount": 5, "results": []}, Usage(input=5)),
        ({"prompt_token_count": 5, "generation_token_count": 6}, Usage(input=5, output=6)),
    ],
)
def test_an_invoked_model_answers_in_its_makers_words(answer: dict[str, Any], usage: Usage) -> None:
    assert read_answer("/model/x/invoke", answer).usage == usage


def test_an_answer_that_tells_no_tokens_is_measured_by_its_size() -> None:
    told = {"id": "cmpl-1", "generations": [{"text": "Hello."}]}
    size = len(json.dumps(told))

    assert read_answer("/model/x/invoke", told) == Reading(has_ended=True, written_bytes=size, response_id="cmpl-1")
    assert read_answer("/model/x/converse", {"output": {}}) == Reading(has_ended=True, written_bytes=14)


@pytest.mark.parametrize(
    ("file", "terms", "extra"),
    [
        ("bedrock/converse.amazon", Terms("priority"), ()),
        ("bedrock/converse.json", Terms(), ()),
        ("bedrock/claude.amazon", Terms("standard"), ()),
        ("bedrock/llama.amazon", Terms(), ()),
    ],
)
def test_the_tier_and_what_else_is_counted_are_told(file: str, terms: Terms, extra: Any) -> None:
    reader = recording(file).reader()
    reader.feed(recording(file).body)
    reading = reader.finish()

    assert (reading.terms, reading.extra) == (terms, extra)


@pytest.mark.parametrize(
    ("file", "kind"), [("bedrock/converse.amazon", ConverseStream), ("bedrock/llama.amazon", InvokeStream)]
)
def test_a_stream_of_amazons_cannot_be_ended_early(file: str, kind: type) -> None:
    reader = recording(file).reader()

    assert isinstance(reader, ConverseStream | InvokeStream)
    assert isinstance(reader, kind)
    assert reader.ending("No.") == b""
    assert reader.framing.first_end is None


def test_a_chunk_that_only_looks_as_if_it_told_something_tells_nothing() -> None:
    reader = InvokeStream()
    reader.feed(chunk({"usage": {}, "amazon-bedrock-invocationMetrics": 7}))
    reader.feed(message("metadata", b'{"metrics":{}}'))
    converse = ConverseStream()
    converse.feed(message("metadata", b'{"metrics":{}}'))

    assert (reader.finish().usage, reader.finish().has_ended) == (None, False)
    assert (converse.finish().usage, converse.finish().has_ended) == (None, True)


def test_a_stream_that_breaks_off_says_so() -> None:
    one = recording("bedrock/converse.amazon")
    reader = one.reader()
    for unit in one.units()[:3]:
        reader.feed(unit)

    assert reader.finish() == Reading(written_bytes=len("Hm.Hello"))
