"""Is every answer of a batch read once, whatever the pieces it comes in, and nothing invented?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.recorded import DATA

from codesession.capture.providers import PROVIDERS, Reading, Unreadable, results
from codesession.capture.providers.anthropic_batches import read_line
from codesession.capture.providers.batches import file_results, line_reader
from codesession.capture.providers.google_batches import read_batch
from codesession.capture.providers.openai_usage import tell
from codesession.capture.providers.results import DocumentReader, ResultsReader
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from codesession.capture.providers.base import Told

BATCH = Terms(is_batch=True)
CLAUDE = "/v1/messages/batches/msgbatch_1/results"
GOOGLE_JOB = "/v1beta/batches/4f6a"


def succeeded(message: dict[str, Any], custom_id: str = "a") -> bytes:
    return json.dumps({"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


def answered(body: dict[str, Any], line_id: str = "batch_req_1", status: int = 200) -> bytes:
    response = {"status_code": status, "request_id": "req_1", "body": body}
    line = {"id": line_id, "custom_id": "a", "response": response, "error": None}
    return json.dumps(line).encode() + b"\n"


def read(reader: ResultsReader, body: bytes) -> list[tuple[str, str | None, Usage | None, Terms]]:
    reader.feed(body)
    return [(one.response_id, one.reading.model, one.reading.usage, one.reading.terms) for one in reader.finish()]


def reader_at(provider: str, path: str) -> ResultsReader:
    reader = PROVIDERS[provider].results_at(path)
    assert reader is not None
    return reader()


def test_only_what_succeeded_at_anthropic_is_an_answer() -> None:
    usage = {"input_tokens": 11, "output_tokens": 7, "cache_read_input_tokens": 3, "service_tier": "batch"}
    body = (
        succeeded({"id": "msg_1", "model": "claude-opus-4-8", "usage": usage})
        + b'{"custom_id":"b","result":{"type":"errored","error":{"type":"error"}}}\n'
        + b'{"custom_id":"c","result":{"type":"expired"}}\r\n\n'
        + succeeded({"id": "msg_2", "model": "claude-opus-4-8", "usage": {"input_tokens": 1, "output_tokens": 0}})
    )

    assert read(reader_at("anthropic", CLAUDE), body) == [
        ("msg_1", "claude-opus-4-8", Usage(input=11, cache_read=3, output=7), Terms("batch", is_batch=True)),
        ("msg_2", "claude-opus-4-8", Usage(input=1), BATCH),
    ]


def test_openais_answers_are_known_by_their_own_ids_or_those_of_their_lines() -> None:
    chat = {"id": "chatcmpl-1", "model": "gpt-4o", "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    embedding = {"object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8, "total_tokens": 8}}
    body = (
        answered({**chat, "service_tier": "default"})
        + answered(embedding, "batch_req_2")
        + answered({"error": {"message": "no"}}, status=400)
        + b'{"id":"batch_req_4","custom_id":"d","response":null,"error":{"code":"batch_expired"}}\n'
    )

    assert read(ResultsReader(line_reader(tell)), body) == [
        ("chatcmpl-1", "gpt-4o", Usage(input=9, output=2), Terms("default", is_batch=True)),
        ("batch_req_2", "text-embedding-3-small", Usage(input=8), BATCH),
    ]


def test_a_file_that_is_no_batch_has_no_answers_in_it() -> None:
    reader = ResultsReader(line_reader(tell))
    lines = b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{}}\n\x00\xff\xfe binary\n'

    assert read(reader, lines) == []
    assert reader.unread == 0


@pytest.mark.parametrize("path", ["/v1/files/file-1/content", "/files/file-1/content", "//v1/files/file-1/content"])
def test_a_file_is_fetched_where_openai_has_it(path: str) -> None:
    ((pattern, reader),) = file_results(tell)

    assert pattern.fullmatch(path)
    assert not pattern.fullmatch("/v1/files/file-1")
    assert read(reader(), answered({"id": "r", "usage": {"prompt_tokens": 1}})) == [("r", None, Usage(input=1), BATCH)]


def test_what_came_of_googles_batch_is_in_its_operation() -> None:
    assert read(reader_at("google", GOOGLE_JOB), (DATA / "google/batch.json").read_bytes()) == [
        ("mAipafO1Ks2Z1dkP3Y2N8AQ", "gemini-2.5-flash", Usage(input=9, output=10), BATCH),
        ("batches/4f6a/2", "gemini-2.5-flash", Usage(input=9, output=5), BATCH),
    ]


@pytest.mark.parametrize(
    "operation",
    [
        {"name": "batches/1", "metadata": {"state": "BATCH_STATE_RUNNING"}},
        {"name": "batches/1", "done": True, "response": {"responsesFile": "files/batch-1"}},
        {"name": "batches/1", "response": {"inlinedResponses": {}}, "metadata": None},
        {},
    ],
)
def test_a_batch_of_googles_that_has_nothing_to_show_has_no_answers(operation: dict[str, Any]) -> None:
    assert list(read_batch(json.dumps(operation).encode())) == []


def test_an_answer_of_a_batch_without_a_name_is_not_taken_for_that_of_another() -> None:
    response = {"usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}}
    operation = {"metadata": {"output": {"inlinedResponses": {"inlinedResponses": [{"response": response}]}}}}

    assert [reading.response_id for reading in read_batch(json.dumps(operation).encode())] == [None]


def test_googles_answers_may_stand_in_the_metadata() -> None:
    response = {"usageMetadata": {"promptTokenCount": 3}}
    inlined = {"inlinedResponses": {"inlinedResponses": [{"response": None}, {"response": response}]}}
    operation = {"name": "batches/1", "metadata": {"output": inlined}}
    reader = DocumentReader(read_batch)

    assert read(reader, json.dumps(operation).encode()) == [("batches/1/1", None, Usage(input=3), BATCH)]


def test_a_document_that_is_not_whole_or_too_large_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    body = (DATA / "google/batch.json").read_bytes()
    half, large, empty = DocumentReader(read_batch), DocumentReader(read_batch), DocumentReader(read_batch)
    monkeypatch.setattr(results, "MOST_DOCUMENT", len(body) - 1)

    assert (read(half, body[:-9]), half.unread) == ([], 1)
    large.feed(body[:50])
    assert (read(large, body[50:]), large.unread) == ([], 1)
    assert (read(empty, b""), empty.unread) == ([], 0)


def test_what_cannot_be_read_or_known_again_is_counted() -> None:
    reader = ResultsReader(read_line)
    told = read(
        reader,
        succeeded({"id": "msg_1", "usage": {"input_tokens": -1}})
        + succeeded({"model": "m", "usage": {"input_tokens": 1}})
        + succeeded({"id": "msg_2", "usage": {"input_tokens": 2}})
        + b"{broken\n",
    )

    assert told == [("msg_2", None, Usage(input=2), BATCH)]
    assert reader.unread == 3


def test_a_line_too_large_to_keep_is_counted_and_the_next_is_read() -> None:
    reader = ResultsReader(read_line)
    reader.feed(b'{"x":"')
    for _ in range(11):
        reader.feed(b"a" * 1024 * 1024)

    assert read(reader, b'"}\n' + succeeded({"id": "msg_2", "usage": {"input_tokens": 2}})) == [
        ("msg_2", None, Usage(input=2), BATCH)
    ]
    assert reader.unread == 1


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_RESULTS", 2)
    reader = ResultsReader(read_line)
    told = read(reader, b"".join(succeeded({"id": f"msg_{n}", "usage": {"input_tokens": n}}) for n in range(4)))

    assert [one[0] for one in told] == ["msg_0", "msg_1"]
    assert reader.unread == 2


def test_an_answer_without_usage_is_none() -> None:
    assert read_line(succeeded({"id": "msg_1"})) is None
    assert read(ResultsReader(lambda _: Reading(response_id="r")), b"x\n") == []


def failing(_counters: dict[str, Any], _answer: object) -> Told:
    raise Unreadable("no")


def test_a_provider_has_its_own_word_for_its_counters() -> None:
    reader = ResultsReader(line_reader(failing))

    assert read(reader, answered({"id": "r", "usage": {"prompt_tokens": 1}})) == []
    assert reader.unread == 1


BODIES = {
    ("anthropic", CLAUDE): b"".join(
        succeeded({"id": f"msg_{n}", "model": "m", "usage": {"input_tokens": n, "output_tokens": 1}}) for n in range(5)
    ),
    ("google", GOOGLE_JOB): (DATA / "google/batch.json").read_bytes(),
    ("google", "/download/v1beta/files/x:download"): (DATA / "google/batch.jsonl").read_bytes(),
}


@pytest.mark.parametrize(("provider", "path"), BODIES)
@given(places=st.lists(st.integers(min_value=0, max_value=100_000), max_size=30), again=st.booleans())
@settings(max_examples=40)
def test_any_cutting_reads_the_same_and_each_answer_once(
    provider: str, path: str, places: list[int], *, again: bool
) -> None:
    body = BODIES[provider, path]
    if again and not path.startswith("/v1beta"):
        body += body
    whole = reader_at(provider, path)
    whole.feed(BODIES[provider, path])
    reader, at = reader_at(provider, path), 0
    for place in sorted(place % len(body) for place in places):
        reader.feed(body[at:place])
        at = place
    reader.feed(body[at:])

    assert reader.finish() == whole.finish()


@pytest.mark.parametrize(("provider", "path"), BODIES)
@given(at=st.integers(min_value=0, max_value=100_000), noise=st.binary(max_size=60))
@settings(max_examples=60)
def test_no_reader_fails_when_results_are_damaged(provider: str, path: str, at: int, noise: bytes) -> None:
    body = BODIES[provider, path]
    at %= len(body)
    reader = reader_at(provider, path)
    reader.feed(body[:at] + noise + body[at + len(noise) :])

    assert all(one.reading.usage is not None and one.reading.terms.is_batch for one in reader.finish())
