"""Gemini's wire, to Google's own SDK and byte by byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage, IncompleteRead
from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import errors, types

from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

FLASH = "gemini-2.5-flash"
TEXT = "naïve answer ✓"
SIM = {"input": 11, "cache_read": 5, "output": 17, "reasoning": 3, "text": TEXT}
EXPECTED = Usage(input=11, cache_read=5, output=17, reasoning=3)
BODY = {"contents": [{"parts": [{"text": "hi"}]}]}
STREAM = f"/v1beta/models/{FLASH}:streamGenerateContent"


@pytest.fixture
def client(provider: SimulatedProvider) -> Iterator[Callable[..., genai.Client]]:
    """An SDK's client whose calls follow a script."""
    made: list[genai.Client] = []

    def make(version: str | None = None, base: str = "", **script: Any) -> genai.Client:
        headers = {"x-sim": json.dumps(script)} if script else {}
        options = types.HttpOptions(base_url=provider.url + base, api_version=version, headers=headers)
        made.append(genai.Client(api_key="fake", http_options=options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def counted(details: list[types.ModalityTokenCount] | None, *names: str) -> list[int]:
    amounts = {each.modality.value: each.token_count or 0 for each in details or () if each.modality}
    return [amounts.pop(name, 0) for name in names] + list(amounts.values())


def of_metadata(usage: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    """As Google's documents say that it is to be read."""
    assert usage is not None
    text, audio, image, video = counted(usage.prompt_tokens_details, "TEXT", "AUDIO", "IMAGE", "VIDEO")
    cached, cached_audio, cached_image = counted(usage.cache_tokens_details, "TEXT", "AUDIO", "IMAGE")
    tools, thoughts = usage.tool_use_prompt_token_count or 0, usage.thoughts_token_count or 0
    written = usage.candidates_token_count or 0
    _, sound, picture, film = counted(usage.candidates_tokens_details, "TEXT", "AUDIO", "IMAGE", "VIDEO")
    assert usage.prompt_token_count == text + audio + image + video
    assert (usage.cached_content_token_count or 0) == cached + cached_audio + cached_image
    assert usage.total_token_count == usage.prompt_token_count + tools + written + thoughts
    return Usage(
        input=text - cached + tools,
        cache_read=cached,
        input_audio=audio - cached_audio,
        cache_read_audio=cached_audio,
        input_image=image - cached_image,
        cache_read_image=cached_image,
        input_video=video,
        output=written - sound - picture - film,
        reasoning=thoughts,
        output_audio=sound,
        output_image=picture,
        output_video=film,
    )


@pytest.mark.parametrize(("version", "base"), [(None, ""), ("v1", ""), ("v1beta", ""), ("v1beta", "/google")])
def test_the_sdk_reads_an_answer(
    provider: SimulatedProvider, client: Callable[..., genai.Client], version: str | None, base: str
) -> None:
    answer = client(version, base, **SIM).models.generate_content(model=FLASH, contents="hi")
    assert (answer.text, answer.model_version) == (TEXT, FLASH)
    (row,) = provider.truth()
    assert of_metadata(answer.usage_metadata) == row.usage == row.reported == EXPECTED
    assert (row.provider, row.endpoint, row.model_asked) == ("google", "generateContent", FLASH)
    assert (row.response_id, row.streamed, row.status) == (answer.response_id, False, 200)


def test_every_class_of_tokens_has_its_word(provider: SimulatedProvider, client: Callable[..., genai.Client]) -> None:
    names = (
        *("input", "cache_read", "input_audio", "cache_read_audio", "input_image", "cache_read_image", "input_video"),
        *("output", "reasoning", "output_audio", "output_image", "output_video"),
    )
    told = {name: 2**place for place, name in enumerate(names)}
    expected = Usage(**{**told, "input": 1001})
    usage = client(**{**told, "input": 1001, "tool_input": 1000}).models.generate_content(model=FLASH, contents="hi")
    assert usage.usage_metadata is not None
    assert usage.usage_metadata.tool_use_prompt_token_count == 1000
    assert of_metadata(usage.usage_metadata) == provider.truth()[0].usage == expected


def test_the_sdk_reads_a_stream_whose_every_chunk_tells_the_usage(
    provider: SimulatedProvider, client: Callable[..., genai.Client]
) -> None:
    chunks = list(client(**SIM).models.generate_content_stream(model=FLASH, contents="hi"))
    assert "".join(chunk.text or "" for chunk in chunks) == TEXT
    usages = [of_metadata(chunk.usage_metadata) for chunk in chunks]
    assert [usage.output for usage in usages] == [9, 17, 17]
    (row,) = provider.truth()
    assert usages[-1] == row.usage == row.reported == EXPECTED
    assert (row.endpoint, row.streamed, row.events) == ("streamGenerateContent", True, 3)
    assert {chunk.response_id for chunk in chunks} == {row.response_id}


def test_searches_are_told_by_their_queries(provider: SimulatedProvider, client: Callable[..., genai.Client]) -> None:
    answer = client(web_searches=2).models.generate_content(model=FLASH, contents="hi")
    assert answer.candidates
    grounding = answer.candidates[0].grounding_metadata
    assert grounding is not None
    assert grounding.web_search_queries is not None
    assert len(grounding.web_search_queries) == provider.truth()[0].usage.web_searches == 2


def test_the_tier_is_told_in_a_header_and_among_the_counters(provider: SimulatedProvider, ask: Ask) -> None:
    path = f"/v1beta/models/{FLASH}:generateContent"
    _, headers, body = ask(path, BODY, service_tier="flex")
    assert (headers["x-gemini-service-tier"], json.loads(body)["usageMetadata"]["serviceTier"]) == ("flex", "flex")
    _, headers, body = ask(path, BODY)
    assert headers["x-gemini-service-tier"] == "standard"
    assert "serviceTier" not in json.loads(body)["usageMetadata"]
    assert [row.terms for row in provider.truth()] == [Terms("flex"), Terms()]


def test_vertex_tells_the_kind_of_traffic(provider: SimulatedProvider, ask: Ask) -> None:
    path = f"/v1/projects/p/locations/global/publishers/google/models/{FLASH}:generateContent"
    _, headers, body = ask(path, BODY, input=3)
    assert json.loads(body)["usageMetadata"]["trafficType"] == "ON_DEMAND"
    assert "x-gemini-service-tier" not in headers
    assert (provider.truth()[0].model_asked, provider.truth()[0].terms) == (FLASH, Terms("ON_DEMAND"))


def test_counting_and_models_cost_nothing(provider: SimulatedProvider, client: Callable[..., genai.Client]) -> None:
    sdk = client()
    assert client(input=9, cache_read=4).models.count_tokens(model=FLASH, contents="hi").total_tokens == 13
    assert FLASH in [(model.name or "").removeprefix("models/") for model in sdk.models.list()]
    assert sdk.models.get(model=FLASH).name == f"models/{FLASH}"
    assert {row.usage for row in provider.truth()} == {Usage()}
    assert [row.endpoint for row in provider.truth()] == ["countTokens", "models", "model"]


def test_the_sdk_reads_embeddings(provider: SimulatedProvider, client: Callable[..., genai.Client]) -> None:
    answer = client(input=8).models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    assert [len(each.values or ()) for each in answer.embeddings or ()] == [3072, 3072]
    (row,) = provider.truth()
    assert (row.endpoint, row.usage) == ("batchEmbedContents", Usage(input=8))


def test_one_embedding_tells_its_tokens(provider: SimulatedProvider, ask: Ask) -> None:
    _, _, body = ask(
        "/v1beta/models/gemini-embedding-001:embedContent", {"content": {"parts": [{"text": "a"}]}}, input=4
    )
    assert json.loads(body)["usageMetadata"]["promptTokenCount"] == 4
    assert provider.truth()[0].usage == Usage(input=4)


@pytest.mark.parametrize(("status", "word"), [(400, "INVALID_ARGUMENT"), (429, "RESOURCE_EXHAUSTED"), (418, "UNKNOWN")])
def test_the_sdk_reads_an_error(client: Callable[..., genai.Client], status: int, word: str) -> None:
    with pytest.raises(errors.ClientError, match="no more") as caught:
        client(status=status, error="no more").models.generate_content(model=FLASH, contents="hi")
    assert (caught.value.code, caught.value.status) == (status, word)


@pytest.mark.parametrize("told", [True, "tired", {"error": {"code": 503, "message": "tired", "status": "UNAVAILABLE"}}])
def test_an_error_event_reaches_the_sdk(client: Callable[..., genai.Client], told: Any) -> None:
    with pytest.raises(errors.ServerError, match="overloaded" if told is True else "tired"):
        list(client(error_event=told).models.generate_content_stream(model=FLASH, contents="hi"))


def test_the_script_may_stand_in_the_text(provider: SimulatedProvider, client: Callable[..., genai.Client]) -> None:
    client().models.generate_content(model=FLASH, contents='say hi [[sim {"input": 7, "output": 2}]]')
    assert provider.truth()[0].usage == Usage(input=7, output=2)


def test_events_end_with_carriage_returns_and_nothing_says_done(ask: Ask) -> None:
    _, headers, body = ask(f"{STREAM}?alt=sse", BODY, events=3)
    assert headers["content-type"] == "text/event-stream"
    *events, rest = body.split(b"\r\n\r\n")
    assert rest == b""
    assert len(events) == 4
    assert all(event.startswith(b"data: {") for event in events)
    assert json.loads(events[-1][6:])["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.parametrize("events", [0, 1, 2, 9])
def test_without_events_a_stream_is_one_array(provider: SimulatedProvider, ask: Ask, events: int) -> None:
    _, headers, body = ask(STREAM, BODY, events=events, **{**SIM, "text": "abcdefghi"})
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert "content-length" not in headers
    items = json.loads(body)
    assert len(items) == events + 1
    assert body.count(b"\n,\r\n") == events
    assert "".join(item["candidates"][0]["content"]["parts"][0]["text"] for item in items) == "abcdefghi" * bool(events)
    assert items[-1]["usageMetadata"]["candidatesTokenCount"] == 17
    assert provider.truth()[0].usage == provider.truth()[0].reported


def test_an_array_comes_object_by_object(connect: Callable[[], HTTPConnection]) -> None:
    with closing(connect()) as connection:
        connection.request("POST", STREAM, json.dumps(BODY), {"x-sim": '{"hang_after": 2, "events": 5}'})
        with connection.getresponse() as answer:
            first, second = answer.readline(), answer.readline() + answer.readline()
    assert json.loads(first[1:])["usageMetadata"]["candidatesTokenCount"]
    assert second.startswith(b",\r\n{")


@pytest.mark.parametrize("events", [1, 4])
def test_an_error_in_an_array_is_its_last_item(provider: SimulatedProvider, ask: Ask, events: int) -> None:
    _, _, body = ask(STREAM, BODY, events=events, error_event="tired")
    *items, failed = json.loads(body)
    assert len(items) == events // 2
    assert failed["error"] == {"code": 503, "message": "tired", "status": "UNAVAILABLE"}
    assert provider.truth()[0].ended == "error"


@pytest.mark.parametrize("alt", ["?alt=sse", ""])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_cut_stream_has_told_the_usage_so_far(provider: SimulatedProvider, ask: Ask, alt: str, count: int) -> None:
    with pytest.raises(IncompleteRead):
        ask(STREAM + alt, BODY, cut_after=count, events=5, input=7, output=10, reasoning=2)
    row = provider.truth(wait_s=10)[0]
    written = {"output": 2 * count, "reasoning": 2 if count else 0}
    assert (row.ended, row.events, row.usage) == ("cut", count, Usage(input=7, **written))
    assert row.reported == (row.usage if count else None)


def test_what_gemini_has_no_word_for_is_refused(ask: Ask) -> None:
    status, _, body = ask(f"/v1beta/models/{FLASH}:generateContent", BODY, cache_write=3)
    assert (status, json.loads(body)["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "generateContent endpoint has no word for cache_write" in json.loads(body)["error"]["message"]


def test_an_unknown_path_is_refused_in_googles_words(ask: Ask) -> None:
    status, _, body = ask("/v1beta/models/x:sing", BODY)
    assert (status, json.loads(body)["error"]["status"]) == (404, "NOT_FOUND")
