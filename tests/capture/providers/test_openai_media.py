"""What do images, sound, and completions say?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Asked, JsonReader, Reading, Unreadable
from codesession.capture.providers.openai import OPENAI
from codesession.capture.providers.openai_audio import (
    TranscriptionStream,
    read_audio_request,
    read_file_form,
    read_transcription,
)
from codesession.capture.providers.openai_images import ImagesStream, read_images, read_images_request
from codesession.capture.providers.openai_legacy import read_completion_request
from codesession.model import Usage

FORM = "multipart/form-data; boundary=b"


def form(*parts: tuple[str, bytes], ends: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n%s\r\n\r\n%s\r\n" % (head.encode(), content) for head, content in parts) + ends


def field(name: str, content: bytes) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"', content


SOUND = 'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg', b"\xff" * 5000


@pytest.mark.parametrize(
    ("told", "model", "streamed"),
    [
        ([field("model", b"gpt-4o-transcribe"), field("stream", b"true")], "gpt-4o-transcribe", True),
        ([field("model", b"whisper-1"), field("stream", b"false")], "whisper-1", False),
        ([field("model", b"whisper-1"), field("stream", b"1")], "whisper-1", True),
        ([], "(none)", False),
    ],
)
def test_a_form_says_which_model_hears(told: list[tuple[str, bytes]], model: str, *, streamed: bool) -> None:
    body = form(SOUND, *told)

    assert read_file_form(body, FORM) == Asked(model, streamed, reads_elsewhere=True, text_bytes=len(body) - 5000)


def test_a_transcription_may_be_asked_for_in_json() -> None:
    asked = read_audio_request(b'{"model":"m","stream":true,"file":"aGk="}')

    assert (asked.model, asked.streamed, asked.reads_elsewhere) == ("m", True, True)


@pytest.mark.parametrize(
    ("file", "extra"),
    [
        ("openai/transcription.json", ()),
        ("openai/transcription_seconds.json", (("seconds", 9),)),
        ("openai/transcription_verbose.json", (("duration", 8.470000267028809),)),
        ("openai/images.json", ()),
        (
            "openai/images_text.json",
            (
                ("svg_usage.input_tokens", 300),
                ("svg_usage.output_tokens", 900),
                ("svg_usage.reasoning_tokens", 100),
                ("svg_usage.total_tokens", 1200),
            ),
        ),
        ("openai/images_unpriced.json", (("images", 2),)),
    ],
)
def test_what_is_paid_otherwise_than_by_the_token_is_kept(file: str, extra: tuple[tuple[str, float], ...]) -> None:
    reader = recording(file).reader()
    reader.feed(recording(file).body)

    assert reader.finish().extra == extra


@pytest.mark.parametrize("body", [b"Hi there!", b"1\n00:00:00,000 --> 00:00:03,320\nHi", b'{"text":"Hi"}', b"[]"])
def test_a_transcription_that_does_not_say_what_it_used_is_marked(body: bytes) -> None:
    reader = JsonReader(read_transcription)
    reader.feed(body)

    assert reader.finish() == Reading(is_broken=True, written_bytes=len(body))


def test_no_image_is_no_usage() -> None:
    assert read_images(b'{"created":1}') == Reading(has_ended=True)


def test_images_of_another_shape_are_not_read() -> None:
    with pytest.raises(Unreadable):
        read_images(b'{"data":{}}')


def test_a_large_image_is_read_from_the_end_of_its_answer() -> None:
    reader = JsonReader(read_images)
    reader.feed(b'{"created":1,"data":[{"b64_json":"')
    for _ in range(12):
        reader.feed(b"a" * 1_000_000)
    reader.feed(b'"}],"usage":{"input_tokens":3,"output_tokens":5}}')

    assert reader.finish().usage == Usage(input=3, output_image=5)


def test_each_image_of_a_stream_tells_what_it_took() -> None:
    done = b'data: {"type":"image_generation.completed","usage":{"input_tokens":3,"output_tokens":5}}\n\n'
    reader = ImagesStream()
    reader.feed(done + done)

    assert reader.finish().usage == Usage(input=6, output_image=10)


@pytest.mark.parametrize(
    ("reader", "event"),
    [
        (ImagesStream, {"type": "image_generation.completed"}),
        (TranscriptionStream, {"type": "transcript.text.done", "text": "Hi"}),
    ],
)
def test_an_end_without_usage_is_an_end(reader: Any, event: dict[str, Any]) -> None:
    reading = read_stream(reader, f"data: {json.dumps(event)}\n\ndata:\n\n".encode())

    assert (reading.has_ended, reading.usage, reading.is_broken) == (True, None, False)


@pytest.mark.parametrize(
    ("reader", "event"),
    [
        (ImagesStream, {"type": "image_generation.partial_image", "b64_json": "image_generation.completed"}),
        (TranscriptionStream, {"type": "transcript.text.delta", "delta": "transcript.text.done"}),
    ],
)
def test_what_speaks_of_the_end_is_not_the_end(reader: Any, event: dict[str, Any]) -> None:
    assert not read_stream(reader, f"data: {json.dumps(event)}\n\n".encode()).has_ended


@pytest.mark.parametrize(
    ("request_", "reads"),
    [
        ({"model": "gpt-image-2", "prompt": "a duck"}, False),
        ({"model": "gpt-image-2", "images": [{"image_url": "https://example.com/1.png"}]}, True),
    ],
)
def test_what_a_request_for_images_asks_for(request_: dict[str, Any], *, reads: bool) -> None:
    asked = read_images_request(json.dumps({**request_, "stream": True}).encode())

    assert (asked.model, asked.streamed, asked.reads_elsewhere) == ("gpt-image-2", True, reads)


@pytest.mark.parametrize(
    ("request_", "most", "lacks_usage"),
    [
        ({"max_tokens": 5}, 5, False),
        ({"max_tokens": 5, "n": 3, "best_of": 2}, 15, False),
        ({"max_tokens": 5, "best_of": 4}, 20, False),
        ({"max_tokens": 5, "prompt": ["a", "b"]}, 10, False),
        ({"max_tokens": 5, "prompt": [1, 2, 3]}, 5, False),
        ({"max_tokens": 5, "prompt": [[1], [2]]}, 10, False),
        ({"stream": True}, None, True),
        ({"stream": True, "stream_options": {"include_usage": True}}, None, False),
    ],
)
def test_what_a_request_for_a_completion_asks_for(
    request_: dict[str, Any], most: int | None, *, lacks_usage: bool
) -> None:
    asked = read_completion_request(json.dumps({"model": "m", **request_}).encode())

    assert (asked.model, asked.max_output, asked.lacks_usage) == ("m", most, lacks_usage)


def test_answers_that_are_wished_anew_are_not_kept() -> None:
    kept = {path for path, endpoint in OPENAI.endpoints.items() if endpoint.is_repeatable and path.startswith("/v1")}

    assert kept == {
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/responses/compact",
        "/v1/embeddings",
        "/v1/completions",
        "/v1/decisions",
    }


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/moderations", "/v1/videos", "/v1/batches"])
def test_what_tells_no_usage_is_passed_on_unread(path: str) -> None:
    assert OPENAI.endpoint_at(path) is None
    assert OPENAI.is_free(path) == (path == "/v1/moderations")


def read_stream(kind: Any, body: bytes) -> Reading:
    reader = kind()
    reader.feed(body)
    reading = reader.finish()
    assert isinstance(reading, Reading)
    return reading
