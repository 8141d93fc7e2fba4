from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, Reading, Unreadable
from codesession.capture.providers.base import Answered
from codesession.capture.providers.mistral import MISTRAL, read_pages, read_transcription, tell
from codesession.capture.providers.mistral_conversations import tell_conversation
from codesession.model import Terms, Usage


def read(file: str) -> Reading:
    reader = recording(file).reader()
    reader.feed(recording(file).body)
    return reader.finish()


def test_a_request_is_never_amended_since_unknown_fields_are_refused() -> None:
    assert [path for path, endpoint in MISTRAL.endpoints.items() if endpoint.amendment] == []
    asked = MISTRAL.endpoints["/v1/fim/completions"].read_request(b'{"model":"codestral-latest","stream":true}')
    assert not asked.lacks_usage


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"prompt_tokens": 10, "num_cached_tokens": 8}, Usage(input=2, cache_read=8)),
        (
            {"prompt_tokens": 10, "num_cached_tokens": 8, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(input=6, cache_read=4),
        ),
        ({"prompt_tokens": 10, "prompt_tokens_details": None}, Usage(input=10)),
        ({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 8}}, Usage(input=2, cache_read=8)),
    ],
)
def test_what_was_cached_has_two_names(counters: dict[str, Any], usage: Usage) -> None:
    assert tell(counters, Answered()).usage == usage


def test_the_tier_is_among_the_counters() -> None:
    assert tell({"prompt_tokens": 1, "service_tier": "standard"}, Answered()).terms == Terms("standard")
    assert tell({"prompt_tokens": 1}, Answered(service_tier="priority")).terms == Terms("priority")


def test_sound_in_a_chat_is_kept_beside_its_tokens() -> None:
    assert read("mistral/sound.json").extra == (("prompt_audio_seconds", 30),)


def test_what_is_heard_is_paid_by_its_length_and_not_by_its_tokens() -> None:
    reading = read("mistral/transcription.json")

    assert reading.usage == Usage()
    assert reading.extra == (("prompt_audio_seconds", 203), ("prompt_tokens", 4), ("completion_tokens", 3260))


@pytest.mark.parametrize("body", [b'{"model":"m"}', b'{"usage":{"prompt_audio_seconds":-1}}', b'{"usage":{"x":1}}'])
def test_a_transcription_that_does_not_tell_what_is_paid_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_transcription(body)


def test_an_older_transcription_tells_tokens_only() -> None:
    assert read_transcription(b'{"usage":{"prompt_tokens":3,"completion_tokens":4}}').usage == Usage(input=3, output=4)


def test_pages_are_no_tokens() -> None:
    assert read("mistral/ocr.json").extra == (("pages_processed", 3), ("doc_size_bytes", 20480))


@pytest.mark.parametrize("info", [None, {}, {"pages_processed": -1}, {"pages_processed": "3"}, {"doc_size_bytes": 5}])
def test_a_document_without_pages_is_unreadable(info: object) -> None:
    with pytest.raises(Unreadable):
        read_pages(json.dumps({"usage_info": info}).encode())


def test_a_document_is_read_elsewhere() -> None:
    asked = MISTRAL.endpoints["/v1/ocr"].read_request(b'{"model":"mistral-ocr-latest","document":{}}')

    assert replace(asked, trace=None) == Asked("mistral-ocr-latest", streamed=False, reads_elsewhere=True)


@pytest.mark.parametrize(
    ("path", "is_metered"),
    [
        ("/v1/conversations", True),
        ("/v1/conversations/conv_1", True),
        ("/v1/conversations/conv_1/restart", True),
        ("/v1/conversations/conv_1/history", False),
        ("/v1/agents", False),
        ("/v1/agents/completions", True),
        ("/v1/audio/speech", False),
    ],
)
def test_which_paths_are_metered(path: str, *, is_metered: bool) -> None:
    assert (MISTRAL.endpoint_at(path) is not None) == is_metered


def test_a_conversation_is_kept_elsewhere_and_may_go_on_by_itself() -> None:
    endpoint = MISTRAL.endpoint_at("/v1/conversations")
    assert endpoint is not None
    body = b'{"model":"mistral-medium-latest","inputs":"hi","stream":true,"completion_args":{"max_tokens":50}}'

    assert replace(endpoint.read_request(body), trace=None) == Asked(
        "mistral-medium-latest", streamed=True, max_output=50, reads_elsewhere=True, is_unbounded=True
    )
    assert endpoint.read_request(b'{"agent_id":"ag_1","inputs":"hi"}').model == "(none)"


def test_what_connectors_did_is_kept() -> None:
    told = tell_conversation({"prompt_tokens": 1, "connectors": {"web_search": 2, "code_interpreter": 3}})

    assert (told.usage, told.extra) == (Usage(input=1, web_searches=2), (("connectors.code_interpreter", 3),))


@pytest.mark.parametrize("counters", [{"connector_tokens": 5}, {"prompt_tokens": 1, "connector_tokens": -5}])
def test_the_counters_of_a_conversation_must_be_counts(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        tell_conversation(counters)


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/audio/transcriptions"])
def test_answers_without_usage_or_with_other_events_say_nothing(path: str) -> None:
    endpoint = MISTRAL.endpoint_at(path)
    assert endpoint is not None
    reader = endpoint.stream_reader()
    reader.feed(
        b'data: {"type":"other","text":"\\"x\\"","a":"conversation.response.done","b":"transcription.done"}\n\n'
    )
    assert reader.finish() == Reading()
    reader.feed(b'data: {"type":"conversation.response.done"}\n\ndata: {"type":"transcription.done"}\n\n')
    assert reader.finish() == Reading(has_ended=True)


def test_a_whole_conversation_without_usage_says_nothing() -> None:
    endpoint = MISTRAL.endpoint_at("/v1/conversations")
    assert endpoint is not None
    assert endpoint.read_answer(b'{"outputs":null}') == Reading(has_ended=True, written_bytes=16)


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/audio/transcriptions"])
def test_a_stream_is_ended_with_an_error(path: str) -> None:
    endpoint = MISTRAL.endpoint_at(path)
    assert endpoint is not None
    ending = endpoint.stream_reader().ending("Over the budget.")

    assert json.loads(ending.removeprefix(b"data: "))["error"]["message"] == "Over the budget."
