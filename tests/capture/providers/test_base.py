from __future__ import annotations

import json
from typing import Any

import pytest
from tests.capture.amazon_wire import chunk, message
from tests.capture.recorded import EVENT_STREAMS, RECORDINGS, STREAMS, UNENDED, Recording, recording

from codesession.capture.providers import PROVIDERS, JsonReader, Reading
from codesession.capture.providers.anthropic import MessagesStream, read_answer
from codesession.capture.providers.readers import MOST_ANSWER
from codesession.capture.providers.values import Shape, Unreadable, count, extras, limit, name, size, storable, word
from codesession.model import Usage


def test_an_answer_that_has_been_read_is_kept_no_longer() -> None:
    """A call that waits for what is made in the background keeps its reader, and there may be ten thousand of them."""
    reader = JsonReader(read_answer)
    reader.feed(b'{"usage":{"input_tokens":1},"pad":"' + b"x" * 1000 + b'"}')
    first = reader.finish()

    assert first.usage == Usage(input=1)
    assert sum(len(value) for value in vars(reader).values() if isinstance(value, bytes | bytearray)) == 0


def test_the_end_of_a_large_answer_is_not_looked_at_for_minutes() -> None:
    """Each of these opens and never closes, so that all that follows is looked at for each that is tried."""
    reader = JsonReader(read_answer)
    reader.feed(b'"usage":{' * (MOST_ANSWER // 9 + 1))

    assert reader.finish().is_broken


@pytest.mark.parametrize("key", ["why is the sky blue?", "naïve", "\ud800", "a b", "", "/home/me/plan.txt", "x" * 101])
def test_only_what_is_a_name_is_kept_of_the_numbers_a_provider_adds(key: str) -> None:
    assert extras({key: 3, "seconds": 1.5, "in": {key: 4, "a-b.c_D9": 5}}, frozenset()) == (
        ("seconds", 1.5),
        ("in.a-b.c_D9", 5),
    )


@pytest.mark.parametrize("value", ["why is the sky blue?", "flex tier", "naïve", "a\nb", "\ud800", ["flex"], "{}"])
def test_only_what_is_a_name_is_kept_as_a_word(value: Any) -> None:
    assert word(value) is None


@pytest.mark.parametrize("value", ["flex", "standard_only", "us-central1", "ON_DEMAND", "v1.2:x/y", "x" * 40])
def test_a_name_is_kept_as_it_is(value: str) -> None:
    assert word(value) == value


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/../chat/completions",
        "/v1/files/%2e%2E/chat/completions",
        "/v1/files%2f..%2fchat%2fcompletions",
        "/v1/uploads/x/..",
        "/v1/files/./../responses",
        "/v1/files/..\\responses",
        "/v1/files/..;/responses",
    ],
)
def test_no_path_is_free_that_leads_up_to_another(path: str) -> None:
    assert PROVIDERS["openai"].is_free("/v1/files/file-1/..x/content")
    assert not PROVIDERS["openai"].is_free(path)


EACH = pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.file)


@EACH
def test_a_recorded_answer_says_what_it_used(one: Recording) -> None:
    reader = one.reader()
    reader.feed(one.body)
    reading = reader.finish()

    assert reading.usage == one.usage
    assert (reading.model, reading.response_id) == (one.model, one.response_id)
    assert reading.has_ended == (one.file not in UNENDED)
    assert reading.is_final == (one.usage is not None and one.file not in UNENDED)
    assert not reading.is_broken


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("anthropic/text.sse", "Hello! Here are two lines,\n\none of them naïve 🦆."),
        (
            "anthropic/tool_use.sse",
            'Okay, let me check the weather for San Francisco, CA:{"location": "San Francisco, CA"}',
        ),
        ("openai/chat.sse", "Hello! Naïve 🦆"),
        ("openai/chat_tools.sse", '{"location":"Paris"}'),
        ("openai/chat_continuous.sse", "Hello there!"),
        ("openai/responses.sse", "Hi there! 🦆"),
        ("openai/responses_tools.sse", '{"location":"Paris, France"}'),
        ("openai/completion_usage.sse", "\n\nThis is a test 🦆"),
        ("openai/transcription.sse", "Hi there! 🦆"),
        ("openai/images.sse", ""),
        ("azure/chat.sse", "Hi there! 🦆"),
        ("mistral/chat.sse", "They greet me.Hello!"),
        ("mistral/conversation.sse", "Ducks won."),
        ("mistral/transcription.sse", "Ducks swim."),
        ("deepseek/chat.sse", "They greet me.Hello!"),
        ("openrouter/chat_usage.sse", "They greet me.Hello!"),
        ("cohere/chat.sse", 'I look it up.{"q": "ducks"}Which ducks?Ducks.'),
        ("cohere/chat_v1.lines", "Ducks."),
        ("ollama/chat.ndjson", 'Which ducks?Ducks.{"q":"ducks"}'),
        ("ollama/generate.ndjson", "Ducks swim."),
        ("lmstudio/native.sse", "I look it up.Ducks."),
        ("llamacpp/completion.sse", "Ducks swim."),
        ("google/text.sse", "Hello there, friend! How are you?"),
        ("google/text.array", "Hello there, friend! How are you?"),
        ("google/tools.sse", '{"name": "read_file", "args": {"absolute_path": "/src/main.py"}, "id": "call-1"}'),
        ("google/interaction.sse", "Hello there."),
        ("bedrock/converse.amazon", 'Hm.Hello{"a":1}'),
    ],
)
def test_what_was_written_is_measured_in_bytes_and_not_kept(file: str, written: str) -> None:
    reader = recording(file).reader()
    for unit in recording(file).units():
        reader.feed(unit)

    assert reader.finish().written_bytes == len(written.encode())
    assert "Here" not in repr(vars(reader))


@pytest.mark.no_cover  # its thousands of cuts go where other tests go line by line
@pytest.mark.parametrize("one", STREAMS, ids=lambda one: one.file)
def test_a_stream_cut_anywhere_never_says_it_was_whole(one: Recording) -> None:
    ends = (
        *(b"message_stop", b"[DONE]", b"response.completed", b"response.incomplete", b"response.failed"),
        *(b'"finishReason"', b'"blockReason"', b"interaction.completed"),
        *(b"image_generation.completed", b"image_edit.completed", b"transcript.text.done"),
        *(b"transcription.done", b"conversation.response.done", b'"request_cost"', b"chat.completion.done"),
        *(b'"message-end"', b'"stream-end"', b'"chat.end"', b'"done":true', b'"stop":true'),
    )
    for at in range(0, len(one.body), 7):
        reader = one.reader()
        reader.feed(one.body[:at])

        if reader.finish().has_ended:
            assert any(end in one.body[:at] for end in ends)


def test_a_quick_stream_is_sampled_and_not_misjudged() -> None:
    delta = b'data: {"type":"content_block_delta","delta":{"text":"12345678"}}\n\n'
    reader = MessagesStream()
    reader.feed(delta * 99 + b'data: {"type":"content_block_stop"}\n\n')

    assert 700 <= reader.finish().written_bytes <= 800


def after_what_cannot_be_read(one: Recording) -> bytes:
    """The stream, after a unit that should have said something."""
    if one.file.endswith(".array"):
        return b'[{"usageMetadata": broken}\n,' + one.body.removeprefix(b"[")
    if one.file.endswith(".amazon"):
        broken = b'{"usage":{ broken'
        return chunk(broken) + message("metadata", broken) + one.body
    marks = b'{"usage":{ "usageMetadata": "interaction":{ broken [DONE] message_stop response.completed '
    marks += b'image_generation.completed transcript.text.done "transcription.done" "conversation.response.done" '
    marks += b'"message-end" "event_type":"stream-end" "chat.end" "done":true "stop":true'
    if one.file.endswith((".ndjson", ".lines")):
        return marks + b"\n" + one.body
    return b"data: " + marks + b"\n\n" + one.body


@pytest.mark.parametrize("one", STREAMS, ids=lambda one: one.file)
def test_events_that_cannot_be_read_are_passed_over_and_marked(one: Recording) -> None:
    reader = one.reader()
    reader.feed(after_what_cannot_be_read(one))
    reading = reader.finish()

    assert reading.is_broken
    assert reading.usage == one.usage


@pytest.mark.parametrize("one", EVENT_STREAMS, ids=lambda one: one.file)
def test_comments_and_empty_events_say_nothing(one: Recording) -> None:
    reader = one.reader()
    marks = (
        b'"usage":{ [DONE] message_stop response.completed delta" "transcription.done" "conversation.response.done" '
    )
    marks += b'"message-end" "event_type":"stream-end" "chat.end" "stop":true'
    reader.feed(b": " + marks + b"\n\n\n\n" + one.body)

    assert not reader.finish().is_broken
    assert reader.finish().usage == one.usage


def test_an_event_too_large_to_keep_marks_the_stream() -> None:
    reader = MessagesStream()
    reader.feed(b'data: {"type":"x","text":"')
    for _ in range(11):
        reader.feed(b"a" * 1024 * 1024)
    reader.feed(b'"}\n\n' + recording("anthropic/text.sse").body)
    reading = reader.finish()

    assert reading.is_broken
    assert reading.usage == Usage(input=25, output=15)


def large(tail: bytes) -> Reading:
    reader = JsonReader(read_answer)
    reader.feed(b'{"content":["')
    for _ in range(MOST_ANSWER // 1_000_000 + 2):
        reader.feed(b"a" * 1_000_000)
    reader.feed(tail)
    assert len(reader._body) <= MOST_ANSWER + len(tail)  # noqa: SLF001 - memory is what is promised
    return reader.finish()


def test_a_large_answer_is_read_from_its_end() -> None:
    tail = b'"],"usage": {"input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":1},"output_tokens":2},"x":{}}'

    assert large(tail).usage == Usage(input=9, cache_write_1h=1, output=2)


@pytest.mark.parametrize(
    "tail", [b'"]}', b'"],"usage":{"input_tokens":9', b'"],"usage":{"input_tokens":-1}}', b'"],"usage":{x}}']
)
def test_a_large_answer_without_readable_usage_is_marked(tail: bytes) -> None:
    reading = large(tail)

    assert (reading.usage, reading.is_final, reading.is_broken) == (None, False, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b'"usage"', b"\xff\xfe", b'{"usage":7}', b"[" * 100_000, b'{"a":' * 100_000]
)
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_an_answer_that_is_not_one_is_marked(provider: str, body: bytes) -> None:
    for endpoint in PROVIDERS[provider].endpoints.values():
        reader = JsonReader(endpoint.read_answer)
        reader.feed(body)

        assert reader.finish() == Reading(is_broken=True, written_bytes=len(body))


BAD_COUNTS = {
    "negative": "-1",
    "fraction": "0.5",
    "text": '"7"',
    "truth": "true",
    "list": "[7]",
    "beyond-reason": "1e30",
    "more-than-any-integer": "99999999999999999999999",
    "infinite": "1e999",
    "no-number": "NaN",
}


@pytest.mark.parametrize("bad", BAD_COUNTS.values(), ids=BAD_COUNTS)
@pytest.mark.parametrize(
    ("file", "counter"),
    [
        ("anthropic/message.json", '"input_tokens": 12'),
        ("anthropic/message.json", '"ephemeral_1h_input_tokens": 10'),
        ("anthropic/message.json", '"output_tokens": 8'),
        ("openai/chat.json", '"prompt_tokens": 19'),
        ("openai/chat.json", '"cached_tokens": 0'),
        ("openai/responses.json", '"reasoning_tokens": 64'),
        ("openai/chat_details.json", '"image_tokens": 1800'),
        ("openai/responses_hosted.json", '"ttl_12h_tokens": 2000'),
        ("openai/images.json", '"output_tokens": 4160'),
        ("openai/images_text.json", '"text_tokens": 44'),
        ("openai/transcription.json", '"audio_tokens": 194'),
        ("google/content.json", '"promptTokenCount": 1806'),
        ("google/content.json", '"tokenCount": 320'),
        ("google/content.json", '"cachedContentTokenCount": 300'),
        ("google/interaction.json", '"total_thought_tokens": 22'),
        ("google/interaction.json", '"count": 3'),
    ],
)
def test_a_counter_that_is_no_count_makes_usage_unknown_and_never_free(file: str, counter: str, bad: str) -> None:
    name = counter.partition(":")[0]
    body = recording(file).body.decode()
    assert counter in body
    reader = recording(file).reader()
    reader.feed(body.replace(counter, f"{name}: {bad}").encode())
    reading = reader.finish()

    assert reading.is_broken
    assert reading.usage is None


@pytest.mark.parametrize(
    ("provider", "path", "usage", "told"),
    [
        ("anthropic", "/v1/messages", {"input_tokens": 7.0, "output_tokens": None}, Usage(input=7)),
        ("anthropic", "/v1/messages", {"output_tokens": 7, "cache_creation": None, "new_field": {}}, Usage(output=7)),
        (
            "anthropic",
            "/v1/messages",
            {"input_tokens": 1, "cache_creation_input_tokens": 5},
            Usage(input=1, cache_write=5),
        ),
        (
            "anthropic",
            "/v1/messages",
            {"input_tokens": 1, "cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            Usage(input=1, cache_write_1h=9),
        ),
        (
            "anthropic",
            "/v1/messages",
            {"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 9}},
            Usage(reasoning=5),
        ),
        ("openai", "/v1/chat/completions", {"prompt_tokens": 7.0, "completion_tokens": None}, Usage(input=7)),
        ("openai", "/v1/chat/completions", {"completion_tokens": 7, "prompt_tokens_details": None}, Usage(output=7)),
        ("openai", "/v1/responses", {"input_tokens": 7, "input_tokens_details": []}, Usage(input=7)),
        ("openai", "/v1/embeddings", {"prompt_tokens": 8, "total_tokens": 8}, Usage(input=8)),
    ],
)
def test_counters_that_are_absent_or_null_are_zero(
    provider: str, path: str, usage: dict[str, Any], told: Usage
) -> None:
    assert PROVIDERS[provider].endpoints[path].read_answer(json.dumps({"usage": usage}).encode()).usage == told


@pytest.mark.parametrize("usage", [{"total_tokens": 9}, {"service_tier": "standard"}, {"input_tokens": None}])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_usage_that_says_nothing_of_tokens_is_unknown(provider: str, usage: dict[str, Any]) -> None:
    (endpoint, *_) = PROVIDERS[provider].endpoints.values()

    with pytest.raises(Unreadable):
        endpoint.read_answer(json.dumps({"usage": usage}).encode())


@pytest.mark.parametrize("answer", [{}, {"usage": None}, {"usage": {}}])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_an_answer_without_usage_is_whole_and_unmeasured(provider: str, answer: dict[str, Any]) -> None:
    body = json.dumps({**answer, "id": "x", "model": "m"}).encode()
    (endpoint, *_) = PROVIDERS[provider].endpoints.values()

    assert endpoint.read_answer(body) == Reading(has_ended=True, written_bytes=len(body), model="m", response_id="x")


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}},
        {"output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 6}},
    ],
)
def test_parts_that_are_more_than_the_whole_are_unreadable(usage: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="more than the whole"):
        PROVIDERS["openai"].endpoints["/v1/responses"].read_answer(json.dumps({"usage": usage}).encode())


def test_of_a_repeated_counter_the_last_is_taken() -> None:
    assert read_answer(b'{"usage":{"input_tokens":1,"input_tokens":2},"model":"a","model":"b"}') == Reading(
        Usage(input=2), is_final=True, has_ended=True, model="b"
    )


@pytest.mark.parametrize(
    "text",
    [b'"\\ud83d"', b'"\\udc00 cut in two"', b'"\xff\xfe"', b"NaN", b"-Infinity"],
    ids=["high", "low", "bytes", "nan", "inf"],
)
def test_text_that_is_not_quite_json_does_not_hide_the_usage(text: bytes) -> None:
    body = b'{"id":"x","content":' + text + b',"usage":{"input_tokens":3,"output_tokens":4}}'

    assert read_answer(body).usage == Usage(input=3, output=4)


def test_half_a_pair_in_a_name_can_still_be_stored() -> None:
    assert name("gpt\ud83d") == "gpt?"
    assert storable("x" * 300) == "x" * 200
    assert storable(7) is None
    assert size("\ud83d", "é", None, "") == 5


@pytest.mark.parametrize("value", [-1, 0.5, "7", True, [], float("nan"), float("inf"), 10**13])
def test_what_is_no_count(value: object) -> None:
    with pytest.raises(Unreadable):
        count(value)
    assert limit(value) is None


def test_a_shape_says_what_is_wrong() -> None:
    with pytest.raises(Unreadable, match="Expected `object`"):
        Shape(dict[str, int]).read(b'["\\ud800"]')
