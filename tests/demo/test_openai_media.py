"""Pictures, recordings, speech and the other endpoints of OpenAI, to its own SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage, IncompleteRead
from typing import TYPE_CHECKING, Any

import openai
import pytest

from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

SOUND = ("speech.wav", b"RIFF\r\n\x00\xff--sound", "audio/wav")


@pytest.fixture
def gpt(provider: SimulatedProvider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{provider.url}/v1", api_key="fake", max_retries=0) as client:
        yield client


def sim(**script: Any) -> dict[str, str]:
    return {"x-sim": json.dumps(script)}


@pytest.mark.parametrize("edits", [False, True], ids=["generated", "edited"])
def test_a_picture_tells_text_and_image_tokens_apart(
    provider: SimulatedProvider,
    gpt: openai.OpenAI,
    edits: bool,  # noqa: FBT001 - a parameter
) -> None:
    headers = sim(input=13, input_image=7, output_image=1056, output=3)
    if edits:
        answer = gpt.images.edit(model="gpt-image-1", prompt="a cat", image=b"png", extra_headers=headers)
    else:
        answer = gpt.images.generate(model="gpt-image-1", prompt="a cat", n=2, extra_headers=headers)
    assert len(answer.data or ()) == (1 if edits else 2)
    usage = answer.usage
    assert usage is not None
    assert usage.output_tokens_details is not None
    told = Usage(
        input=usage.input_tokens_details.text_tokens,
        input_image=usage.input_tokens_details.image_tokens,
        output=usage.output_tokens_details.text_tokens,
        output_image=usage.output_tokens_details.image_tokens,
    )
    (row,) = provider.truth()
    assert told == row.usage == row.reported == Usage(input=13, input_image=7, output=3, output_image=1056)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (20, 1059, 1079)
    assert row.endpoint == ("image_edits" if edits else "images")


def test_a_streamed_picture_tells_usage_when_complete(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    with gpt.images.generate(
        model="gpt-image-1", prompt="a cat", stream=True, extra_headers=sim(input=9, output_image=272)
    ) as stream:
        first, last = list(stream)
    assert first.type == "image_generation.partial_image"
    assert last.type == "image_generation.completed"
    assert (last.usage.input_tokens, last.usage.output_tokens) == (9, 272)
    (row,) = provider.truth()
    assert row.usage == row.reported == Usage(input=9, output_image=272)


def test_a_recording_billed_by_tokens(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    headers = sim(input=4, input_audio=90, output=12, text="naïve ✓")
    answer = gpt.audio.transcriptions.create(model="gpt-4o-transcribe", file=SOUND, extra_headers=headers)
    assert answer.text == "naïve ✓"
    usage = answer.usage
    assert usage is not None
    assert usage.type == "tokens"
    assert usage.input_token_details is not None
    assert (usage.input_token_details.text_tokens, usage.input_token_details.audio_tokens) == (4, 90)
    (row,) = provider.truth()
    assert row.usage == row.reported == Usage(input=4, input_audio=90, output=12)
    assert (row.endpoint, row.model_asked) == ("transcriptions", "gpt-4o-transcribe")


def test_a_recording_billed_by_its_length(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    answer = gpt.audio.transcriptions.create(model="whisper-1", file=SOUND, extra_headers=sim(seconds=7.5))
    assert answer.usage is not None
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 7.5
    (row,) = provider.truth()
    assert (row.usage, row.reported) == (Usage(), None)


def test_a_streamed_transcript_ends_with_its_usage(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    headers = sim(input_audio=90, input=4, output=12, text="naïve ✓")
    with gpt.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=SOUND, stream=True, extra_headers=headers
    ) as stream:
        *deltas, last = list(stream)
    assert {delta.type for delta in deltas} == {"transcript.text.delta"}
    assert last.type == "transcript.text.done"
    assert last.usage is not None
    assert (last.text, last.usage.input_tokens) == ("naïve ✓", 94)
    (row,) = provider.truth()
    assert (row.streamed, row.reported) == (True, Usage(input=4, input_audio=90, output=12))


def test_a_translation_is_heard_as_a_transcript_is(provider: SimulatedProvider, ask: Ask) -> None:
    # the SDK warns that its own method goes away
    _, _, body = ask("/v1/audio/translations", {"model": "whisper-1"}, seconds=3)
    assert json.loads(body)["usage"] == {"type": "duration", "seconds": 3.0}
    assert provider.truth()[0].endpoint == "translations"


def test_speech_is_bytes_and_tells_nothing(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    headers = sim(input=9, output_audio=300)
    answer = gpt.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="hi", extra_headers=headers)
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert answer.content.startswith(b"ID3")
    (row,) = provider.truth()
    assert (row.usage, row.reported) == (Usage(input=9, output_audio=300), None)


def test_moderation_is_free(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    answer = gpt.moderations.create(input=["a", "b"])
    assert [each.flagged for each in answer.results] == [False, False]
    assert answer.results[0].category_applied_input_types.violence == ["text"]
    assert provider.truth()[0].usage == Usage()


def test_the_first_endpoint_completes_a_prompt(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    headers = sim(input=4, output=6, text="naïve ✓")
    answer = gpt.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi", extra_headers=headers)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("naïve ✓", "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 6)
    assert provider.truth()[0].usage == Usage(input=4, output=6)


@pytest.mark.parametrize("asks", [True, False])
def test_completions_tell_usage_in_a_stream_if_asked(
    provider: SimulatedProvider,
    gpt: openai.OpenAI,
    asks: bool,  # noqa: FBT001 - a parameter
) -> None:
    with gpt.completions.create(
        model="gpt-3.5-turbo-instruct",
        prompt="hi",
        stream=True,
        stream_options={"include_usage": asks},
        extra_headers=sim(input=4, output=6, text="naïve ✓"),
    ) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "naïve ✓"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [10] * asks
    assert provider.truth()[0].reported == (Usage(input=4, output=6) if asks else None)


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/audio/transcriptions", "/v1/completions"])
def test_an_error_event_breaks_a_stream_off(provider: SimulatedProvider, ask: Ask, path: str) -> None:
    _, _, body = ask(path, {"model": "m", "stream": True}, error_event="tired", events=4)
    assert "tired" in body.decode().split("\n\n")[-2]
    assert provider.truth()[0].ended == "error"


def test_searches_stand_in_the_output_of_responses(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    headers = sim(input=3, output=5, web_searches=2, file_searches=1, text="naïve ✓")
    answer = gpt.responses.create(model="gpt-4o", input="hi", extra_headers=headers)
    kinds = ["web_search_call", "web_search_call", "file_search_call", "message"]
    assert [item.type for item in answer.output] == kinds
    assert answer.output_text == "naïve ✓"
    with gpt.responses.stream(model="gpt-4o", input="hi", extra_headers=headers) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    done = [event.item.type for event in events if event.type == "response.output_item.done"]
    assert done == [item.type for item in final.output] == kinds
    assert final.output_text == "naïve ✓"
    assert [row.usage for row in provider.truth()] == [Usage(input=3, output=5, web_searches=2, file_searches=1)] * 2


@pytest.mark.parametrize(
    ("count", "searches"), [(2, {}), (3, {}), (4, {"web_searches": 1}), (7, {"web_searches": 1, "file_searches": 1})]
)
def test_a_cut_bills_the_searches_that_were_done(
    provider: SimulatedProvider, ask: Ask, count: int, searches: dict[str, int]
) -> None:
    body = {"model": "gpt-4o", "input": "hi", "stream": True}
    with pytest.raises(IncompleteRead):
        ask("/v1/responses", body, cut_after=count, input=3, output=5, web_searches=1, file_searches=1)
    assert provider.truth(wait_s=10)[0].usage == Usage(input=3, **searches)


def test_responses_tell_how_long_the_cache_keeps_what_was_written(gpt: openai.OpenAI) -> None:
    headers = sim(input=3, cache_write=4, cache_write_other=5)
    usage = gpt.responses.create(model="gpt-5", input="hi", extra_headers=headers).usage
    assert usage is not None
    kept = usage.input_tokens_details.cache_write_tokens_details
    assert kept is not None
    assert (usage.input_tokens, usage.input_tokens_details.cache_write_tokens) == (12, 9)
    assert (kept.ttl_30m_tokens, kept.ttl_12h_tokens) == (4, 5)


def test_chat_tells_image_tokens(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=[], extra_headers=sim(input=3, input_image=4))
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert (answer.usage.prompt_tokens, answer.usage.prompt_tokens_details.image_tokens) == (7, 4)


@pytest.mark.parametrize("tier", [None, "flex", "priority"])
def test_the_tier_is_told(provider: SimulatedProvider, gpt: openai.OpenAI, tier: str | None) -> None:
    headers = sim(service_tier=tier) if tier else {}
    chat = gpt.chat.completions.create(model="gpt-4o", messages=[], extra_headers=headers)
    response = gpt.responses.create(model="gpt-4o", input="hi", extra_headers=headers)
    assert chat.service_tier == response.service_tier == (tier or "default")
    assert {row.terms for row in provider.truth()} == {Terms(tier or "default")}


def test_a_recording_must_be_a_form(ask: Ask) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    status, _, body = ask("/v1/audio/transcriptions", b"nothing of a form", headers=form)
    assert status == 400
    assert b"could not parse the form" in body
