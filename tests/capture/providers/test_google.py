from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capture.recorded import recording

from codesession.capture.providers import PROVIDERS, Asked, JsonReader, Reading, StreamReader, Unreadable
from codesession.capture.providers.google import GOOGLE
from codesession.capture.providers.google_answers import GoogleStream, read_answer, read_embeddings, read_predictions
from codesession.capture.providers.google_interactions import InteractionStream
from codesession.capture.providers.google_request import read_request
from codesession.capture.providers.google_usage import Grounding, billed_searches, tell, usage_of
from codesession.model import Step, Terms, Usage

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"


def asked_at(path: str, document: Any) -> Asked:
    """What a POST of `document` to `path` asks for, its trace aside."""
    endpoint = GOOGLE.endpoint_at(path)
    assert endpoint is not None, path
    asked = replace(endpoint.read_request(json.dumps(document).encode()), trace=None)
    return endpoint.in_path(asked, path) if endpoint.in_path else asked


def read(file: str) -> Reading:
    reader = recording(file).reader()
    reader.feed(recording(file).body)
    return reader.finish()


# --- paths ---


@pytest.mark.parametrize(
    ("path", "name", "model", "streamed"),
    [
        (GENERATE, "generateContent", "gemini-2.5-flash", False),
        (STREAM, "streamGenerateContent", "gemini-2.5-flash", True),
        ("/v1/models/gemini-2.5-pro:generateContent", "generateContent", "gemini-2.5-pro", False),
        ("/v1alpha/models/gemini-3:streamGenerateContent", "streamGenerateContent", "gemini-3", True),
        ("/models/gemini-3:generateContent", "generateContent", "gemini-3", False),
        ("/v1beta/models/gemini-3%3AgenerateContent", "generateContent", "gemini-3", False),
        ("/v1beta/tunedModels/mine-1:generateContent", "generateContent", "tunedModels/mine-1", False),
        ("/v1beta/publishers/google/models/gemini-3:generateContent", "generateContent", "gemini-3", False),
        ("/v1beta/models/gemini-embedding-001:embedContent", "embedContent", "gemini-embedding-001", False),
        ("/v1beta/models/gemini-embedding-001:batchEmbedContents", "batchEmbedContents", "gemini-embedding-001", False),
        ("/v1beta/models/imagen-4.0-generate-001:predict", "predict", "imagen-4.0-generate-001", False),
    ],
)
def test_the_path_tells_the_model_and_whether_it_streams(path: str, name: str, model: str, *, streamed: bool) -> None:
    endpoint = GOOGLE.endpoint_at(path)
    asked = asked_at(path, {"contents": []})

    assert endpoint is not None
    assert (endpoint.name, asked.model, asked.streamed) == (name, model, streamed)


def test_a_path_without_a_model_leaves_what_is_asked_for_as_it_is() -> None:
    endpoint = GOOGLE.endpoint_at(GENERATE)

    assert endpoint is not None
    assert endpoint.in_path is not None
    assert endpoint.in_path(Asked("m", streamed=True), "/elsewhere") == Asked("m", streamed=True)


@pytest.mark.parametrize(
    ("path", "is_free"),
    [
        ("/v1beta/models/gemini-3:countTokens", True),
        ("/upload/v1beta/files", True),
        ("/v1beta/files:register", True),
        ("/v1beta/batches/4f6a:cancel", True),
        ("/v1beta/cachedContents", False),
        ("/v1beta/models/gemini-3:batchGenerateContent", False),
        ("/v1beta/models/veo-3.1:predictLongRunning", False),
    ],
)
def test_what_is_not_metered_is_free_or_not(path: str, *, is_free: bool) -> None:
    assert GOOGLE.endpoint_at(path) is None
    assert GOOGLE.is_free(path) == is_free


def test_refusals_are_in_googles_shape() -> None:
    assert GOOGLE.refusal(400, "budget_exceeded", "No.") == {
        "error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}
    }
    assert GOOGLE.refusal(502, "x", "No.")["error"]["status"] == "UNAVAILABLE"


# --- what is asked for ---


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        ({}, Asked("gemini-2.5-flash", streamed=False)),
        ({"generationConfig": {"maxOutputTokens": 256}}, Asked("gemini-2.5-flash", streamed=False, max_output=256)),
        (
            {"generation_config": {"max_output_tokens": 256, "candidate_count": 3}},
            Asked("gemini-2.5-flash", streamed=False, max_output=768),
        ),
        ({"serviceTier": "flex"}, Asked("gemini-2.5-flash", streamed=False, terms=Terms("flex"))),
        ({"service_tier": "priority"}, Asked("gemini-2.5-flash", streamed=False, terms=Terms("priority"))),
        ({"cachedContent": "cachedContents/x"}, Asked("gemini-2.5-flash", streamed=False, reads_elsewhere=True)),
        (
            {"tools": [{"functionDeclarations": [{"name": "f"}]}, {"computerUse": {}}]},
            Asked("gemini-2.5-flash", streamed=False),
        ),
        (
            {"tools": [{"functionDeclarations": []}, {"googleSearch": {}}]},
            Asked("gemini-2.5-flash", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        (
            {"tools": [{"url_context": {}}]},
            Asked("gemini-2.5-flash", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
        (
            {"contents": [{"parts": [{"fileData": {"fileUri": "https://x/files/1"}}]}]},
            Asked("gemini-2.5-flash", streamed=False, reads_elsewhere=True),
        ),
        (
            {"contents": [{"parts": [{"text": 'not "fileData": {}'}, {"inlineData": {"data": "aGk="}}]}]},
            Asked("gemini-2.5-flash", streamed=False),
        ),
        (
            {"contents": "not a list"},
            Asked("gemini-2.5-flash", streamed=False, reads_elsewhere=True, is_unbounded=True),
        ),
    ],
)
def test_what_a_request_asks_for(document: dict[str, Any], asked: Asked) -> None:
    assert asked_at(GENERATE, document) == asked


def test_what_only_reads_writes_nothing() -> None:
    path = "/v1beta/models/gemini-embedding-001:embedContent"

    assert asked_at(path, {"content": {}}) == Asked("gemini-embedding-001", streamed=False, max_output=0)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"contents":', b"\x00"])
def test_what_is_no_request_is_unreadable(body: bytes) -> None:
    for path in (GENERATE, "/v1beta/models/gemini-embedding-001:embedContent", "/v1beta/interactions"):
        endpoint = GOOGLE.endpoint_at(path)
        assert endpoint is not None
        with pytest.raises(Unreadable):
            endpoint.read_request(body)


# --- the loop it is part of ---


def steps(*contents: dict[str, Any]) -> tuple[Step, ...]:
    trace = read_request(json.dumps({"contents": contents}).encode()).trace
    assert trace is not None
    return trace.steps


def call(name: str, **args: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": args}}


def came(name: str, **response: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": response}}


def turn(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"parts": list(parts)}


def test_calls_without_ids_find_their_results_by_their_order() -> None:
    first, second, other = steps(
        turn({"text": "Look."}, call("read", path="a"), call("read", path="b"), call("list", path="c")),
        turn(came("read", output="A"), came("list", output="C"), came("read", output="B")),
    )

    assert first == steps(turn(call("read", path="a")), turn(came("read", output="A")))[0]
    assert second == steps(turn(call("read", path="b")), turn(came("read", output="B")))[0]
    assert other == steps(turn(call("list", path="c")), turn(came("list", output="C")))[0]


def test_both_spellings_are_the_same_step() -> None:
    snake = turn({"function_call": {"name": "read", "args": {"path": "a"}}})
    result = turn({"function_response": {"name": "read", "response": {"output": "A"}}})

    assert steps(snake, result) == steps(turn(call("read", path="a")), turn(came("read", output="A")))


def test_how_a_client_wraps_a_result_changes_nothing() -> None:
    def result(**response: Any) -> bytes | None:
        return steps(turn(call("read", path="a")), turn(came("read", **response)))[0].result

    assert result(output="A") == result(result="A") == result(content="A")
    assert result(output="A") != result(output="B")
    assert result(output="A", exit_code=1) != result(output="A", exit_code=2)
    assert result(error="no such file") == result(output="Error: no such file")
    assert result(error="no such file") != result(output="no such file")


def test_a_result_without_a_response_and_a_turn_of_another_shape_do_no_harm() -> None:
    (step,) = steps(
        {"parts": "?"}, turn(call("read", path="a")), {"role": "user"}, turn({"functionResponse": {"name": "read"}})
    )

    assert step.call == steps(turn(call("read", path="a")))[0].call
    assert step.result is not None


# --- what is answered ---


@pytest.mark.parametrize(
    ("file", "terms"),
    [
        ("google/text.sse", Terms()),
        ("google/thinking.sse", Terms("flex")),
        ("google/content.json", Terms("standard")),
        ("google/interaction.json", Terms("priority")),
        ("vertex/gemini.sse", Terms("ON_DEMAND_PRIORITY")),
    ],
)
def test_the_tier_is_as_google_writes_it(file: str, terms: Terms) -> None:
    assert read(file).terms == terms


@pytest.mark.parametrize(
    ("file", "extra"),
    [
        ("google/grounded.json", (("groundingMetadata.maps", 1),)),
        ("google/interaction.json", (("grounding_tool_count.google_maps", 1),)),
        ("google/pictures.json", (("predictions", 2),)),
        ("google/text.sse", ()),
    ],
)
def test_what_has_a_fee_of_its_own_is_kept_by_its_name(file: str, extra: tuple[tuple[str, int], ...]) -> None:
    assert read(file).extra == extra


def test_counters_nobody_knows_are_kept() -> None:
    told = tell({"promptTokenCount": 3, "newTokenCount": 4, "deep": {"count": 5}}, None, Grounding())

    assert told.extra == (("newTokenCount", 4), ("deep.count", 5))


@pytest.mark.parametrize(
    ("model", "queries", "billed"),
    [
        ("gemini-2.5-flash", 3, 1),
        ("gemini-2.0-flash-lite", 1, 1),
        ("gemini-1.5-pro", 2, 1),
        ("models/gemini-2.5-pro", 2, 1),
        ("gemini-2.5-flash", 0, 0),
        ("gemini-3-pro-preview", 3, 3),
        ("gemini-4-argon", 2, 2),
        ("gemini-20", 2, 2),
        ("gemini-flash-latest", 2, 2),
        (None, 2, 2),
    ],
)
def test_searches_are_billed_by_prompt_up_to_gemini_2_and_by_query_since(
    model: str | None, queries: int, billed: int
) -> None:
    assert billed_searches(queries, model) == billed


def test_the_queries_of_all_candidates_and_chunks_count_once_each() -> None:
    grounding = Grounding()
    grounding.take({"webSearchQueries": ["a", ""], "imageSearchQueries": ["b"]})
    grounding.take({"webSearchQueries": ["a", "c"], "groundingChunks": [{"web": {}}, 7]})
    grounding.take({"webSearchQueries": "?", "groundingChunks": None})

    assert grounding.searches("gemini-3-pro") == 3
    assert grounding.extra() == ()


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"promptTokenCount": 7}, Usage(input=7)),
        ({"totalTokenCount": 0}, Usage()),
        ({"promptTokenCount": 7, "candidatesTokenCount": None, "thoughtsTokenCount": 3}, Usage(input=7, reasoning=3)),
        # candidates that were told with their thoughts: the total says so
        (
            {"promptTokenCount": 7, "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 37},
            Usage(input=7, output=10, reasoning=20),
        ),
        # and beside them
        (
            {"promptTokenCount": 7, "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 57},
            Usage(input=7, output=30, reasoning=20),
        ),
        # a modality of what was cached is not told: text first, then pictures, video, sound
        (
            {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 70,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 40},
                    {"modality": "IMAGE", "tokenCount": 10},
                    {"modality": "VIDEO", "tokenCount": 15},
                    {"modality": "AUDIO", "tokenCount": 35},
                ],
            },
            Usage(input_audio=30, cache_read=55, cache_read_image=10, cache_read_audio=5),
        ),
        (
            {
                "promptTokenCount": 10,
                "toolUsePromptTokenCount": 300,
                "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}],
            },
            Usage(input=52, input_image=258),
        ),
        (
            {
                "candidatesTokenCount": 50,
                "candidatesTokensDetails": [
                    {"modality": "AUDIO", "tokenCount": 30},
                    {"modality": "VIDEO", "tokenCount": 15},
                    {"modality": "SMELL", "tokenCount": 3},
                    "?",
                ],
            },
            Usage(output=5, output_audio=30, output_video=15),
        ),
    ],
)
def test_each_token_is_in_one_class(counters: dict[str, Any], usage: Usage) -> None:
    assert usage_of(counters) == usage


@pytest.mark.parametrize(
    "counters",
    [
        {},
        {"promptTokensDetails": []},
        {"promptTokenCount": -1},
        {"promptTokenCount": "7"},
        {"promptTokenCount": 7, "cachedContentTokenCount": 8},
        {"promptTokenCount": 7, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 8}]},
        {"candidatesTokenCount": 7, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 8}]},
        {"promptTokenCount": 7, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": True}]},
        {
            "promptTokenCount": 7,
            "cachedContentTokenCount": 5,
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
        },
    ],
)
def test_counters_that_contradict_each_other_are_unreadable(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        usage_of(counters)


COUNTS = st.integers(min_value=0, max_value=10**6)
MODALITIES = ("TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT")


@given(
    prompt=st.lists(COUNTS, min_size=5, max_size=5),
    cached=st.lists(st.floats(min_value=0, max_value=1), min_size=5, max_size=5),
    tools=st.lists(COUNTS, min_size=5, max_size=5),
    wrote=st.lists(COUNTS, min_size=5, max_size=5),
    thoughts=COUNTS,
    has_details=st.booleans(),
)
def test_no_token_is_lost_or_counted_twice(
    prompt: list[int], cached: list[float], tools: list[int], wrote: list[int], thoughts: int, *, has_details: bool
) -> None:
    kept = [int(part * amount) for part, amount in zip(cached, prompt, strict=True)]

    def details(amounts: list[int]) -> list[dict[str, Any]]:
        return [{"modality": kind, "tokenCount": n} for kind, n in zip(MODALITIES, amounts, strict=True)]

    counters: dict[str, Any] = {
        "promptTokenCount": sum(prompt),
        "cachedContentTokenCount": sum(kept),
        "toolUsePromptTokenCount": sum(tools),
        "candidatesTokenCount": sum(wrote),
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": sum(prompt) + sum(tools) + sum(wrote) + thoughts,
        "promptTokensDetails": details(prompt),
        "toolUsePromptTokensDetails": details(tools),
        "candidatesTokensDetails": details(wrote),
    }
    if has_details:
        counters["cacheTokensDetails"] = details(kept)
    usage = usage_of(counters)

    assert usage.tokens == counters["totalTokenCount"]
    assert usage.cache_read + usage.cache_read_audio + usage.cache_read_image == sum(kept)
    assert usage.completion_tokens == sum(wrote) + thoughts


def stream(*chunks: dict[str, Any]) -> Reading:
    reader = GoogleStream()
    for chunk in chunks:
        reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    return reader.finish()


def candidate(index: int, finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "content": {"parts": [{"text": "x"}]}, "finishReason": finish}


def test_a_stream_has_ended_when_every_candidate_has() -> None:
    usage = {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2}}
    half = stream({"candidates": [candidate(0), candidate(1)]} | usage, {"candidates": [candidate(0, "STOP")]} | usage)
    whole = stream(
        {"candidates": [candidate(0), candidate(1)]} | usage,
        {"candidates": [candidate(0, "STOP")]} | usage,
        {"candidates": [candidate(1, "MAX_TOKENS")]},
    )

    assert (half.has_ended, half.is_final) == (False, False)
    assert (whole.has_ended, whole.is_final, whole.usage) == (True, True, Usage(input=4, output=2))


def test_a_chunk_that_follows_the_end_still_counts() -> None:
    reading = stream(
        {"candidates": [candidate(0, "STOP")], "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2}},
        {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 6}},
    )

    assert (reading.usage, reading.is_final) == (Usage(input=4, output=6), True)


def test_an_answer_that_tells_no_tokens_is_measured_by_what_it_wrote() -> None:
    body = json.dumps({"candidates": [candidate(0, "STOP")], "modelVersion": "m", "responseId": "r"}).encode()
    ended = stream({"candidates": [candidate(0, "STOP")]})

    assert read_answer(body) == Reading(has_ended=True, written_bytes=len(body), model="m", response_id="r")
    assert (ended.usage, ended.has_ended, ended.written_bytes) == (None, True, 1)


def test_of_a_large_answer_the_usage_is_read_from_its_end() -> None:
    reader = JsonReader(read_answer)
    reader.feed(b'{"candidates":[{"content":{"parts":[{"inlineData":{"data":"')
    for _ in range(11):
        reader.feed(b"A" * 1024 * 1024)
    reader.feed(b'"}}]}}],"usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 1290}}')

    assert reader.finish().usage == Usage(input=6, output=1290)


def test_embeddings_that_tell_nothing_have_no_usage_and_wrote_nothing() -> None:
    assert read_embeddings(b'{"embedding":{"values":[1]}}') == Reading(has_ended=True)
    assert read_predictions(b'{"predictions":[{"other":1}, 7]}') == Reading(has_ended=True)
    assert read_predictions(b'{"predictions":[{"embeddings":{"statistics":{"token_count":3}}}]}').usage == Usage(
        input=3
    )
    with pytest.raises(Unreadable):
        read_predictions(b'{"predictions":[{"embeddings":{"statistics":{"token_count":-3}}}]}')


@pytest.mark.parametrize("reader", [GoogleStream(), InteractionStream()], ids=lambda reader: type(reader).__name__)
def test_a_stream_is_ended_by_an_error_that_carries_the_sentence(reader: StreamReader) -> None:
    ending = reader.ending("Over the budget: naïve \ud83d.")
    document = json.loads(ending.rpartition(b"data: ")[2])

    assert document["error"]["message"] == "Over the budget: naïve ?."
    assert ending.endswith(b"\n\n")


def test_a_stream_as_an_array_cannot_be_ended() -> None:
    endpoint = PROVIDERS["google"].endpoint_at(STREAM)
    assert endpoint is not None
    reader = endpoint.reader_of("application/json; charset=UTF-8")

    assert isinstance(reader, GoogleStream)
    assert reader.framing.first_end is None


def test_an_event_without_data_says_nothing() -> None:
    reader = GoogleStream()
    reader.feed(b': "usageMetadata": "finishReason":\n\n')

    assert reader.finish() == Reading()
