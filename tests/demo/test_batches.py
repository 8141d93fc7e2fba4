"""Batches of both providers, to their own SDKs: each request is billed by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest

from codesession.demo.batches import Batches, Unknown
from codesession.demo.truth import Result, from_json, to_json
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

CLAUDE = "claude-sonnet-4-5"
DATED = "claude-sonnet-4-5-20250929"


@pytest.fixture
def claude(provider: SimulatedProvider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{provider.url}/anthropic", api_key="fake", max_retries=0) as client:
        yield client


@pytest.fixture
def gpt(provider: SimulatedProvider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{provider.url}/v1", api_key="fake", max_retries=0) as client:
        yield client


def params(text: str) -> Any:
    return {"model": CLAUDE, "max_tokens": 50, "messages": [{"role": "user", "content": text}]}


def lines(*requests: tuple[str, str, dict[str, Any]]) -> bytes:
    asked = ({"custom_id": name, "method": "POST", "url": url, "body": body} for name, url, body in requests)
    return b"\n".join(json.dumps(line).encode() for line in asked)


def test_anthropics_sdk_makes_a_batch_and_reads_what_came_of_it(
    provider: SimulatedProvider, claude: anthropic.Anthropic
) -> None:
    batch = claude.messages.batches.create(
        requests=[
            {"custom_id": "a", "params": params('[[sim {"input": 7, "output": 5, "cache_write_1h": 2}]]')},
            {"custom_id": "b", "params": params('[[sim {"status": 529, "error": "tired"}]]')},
            {"custom_id": "c", "params": params("hi")},
        ],
        extra_headers={"x-sim": '{"input": 3, "output": 4, "web_searches": 1}'},
    )
    assert (batch.processing_status, batch.request_counts.processing, batch.results_url) == ("in_progress", 3, None)
    ended = claude.messages.batches.retrieve(batch.id)
    assert (ended.processing_status, ended.request_counts.succeeded, ended.request_counts.errored) == ("ended", 2, 1)
    assert ended.results_url == f"{provider.url}/anthropic/v1/messages/batches/{batch.id}/results"
    first, failed, last = claude.messages.batches.results(batch.id)
    assert (first.custom_id, failed.custom_id, last.custom_id) == ("a", "b", "c")
    assert failed.result.type == "errored"
    assert failed.result.error.error.message == "tired"
    assert first.result.type == last.result.type == "succeeded"
    assert (first.result.message.usage.input_tokens, first.result.message.usage.service_tier) == (7, "batch")
    expected = (
        Result("a", DATED, Usage(input=7, cache_write_1h=2, output=5), first.result.message.id, 200),
        Result("b", DATED, Usage(), None, 529),
        Result("c", DATED, Usage(input=3, output=4, web_searches=1), last.result.message.id, 200),
    )
    rows = provider.truth()
    assert [row.endpoint for row in rows] == ["batches", "batch", "batch", "batch_results"]
    assert [row.results for row in rows] == [expected] * 4
    assert {row.usage for row in rows} == {Usage()}
    assert from_json(to_json(rows)) == rows


def test_a_row_may_have_a_tier_of_its_own(provider: SimulatedProvider, ask: Ask) -> None:
    request = {"custom_id": "a", "params": params("hi")}
    _, _, body = ask("/v1/messages/batches", {"requests": [request]}, service_tier="priority")
    _, headers, results = ask(f"/v1/messages/batches/{json.loads(body)['id']}/results", method="GET")
    assert headers["content-type"] == "application/x-jsonl"
    assert json.loads(results)["result"]["message"]["usage"]["service_tier"] == "priority"
    assert len(provider.truth()) == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"requests": []}, "requests: Field required"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0: custom_id and params are required"),
        ({"requests": ["a"]}, "requests.0: custom_id and params are required"),
        (
            {"requests": [{"custom_id": "a", "params": params('[[sim {"input_audio": 1}]]')}]},
            "messages endpoint has no word for input_audio",
        ),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(ask: Ask, body: dict[str, Any], sentence: str) -> None:
    status, _, answer = ask("/v1/messages/batches", body)
    assert status == 400
    assert sentence in json.loads(answer)["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/messages/batches/x", "/v1/batches/x", "/v1/files/x", "/v1/files/x/content"])
def test_what_was_never_made_is_not_found(ask: Ask, path: str) -> None:
    status, _, answer = ask(path, method="GET")
    assert (status, json.loads(answer)["error"]["message"]) == (404, "No such object: x")


def test_openais_sdk_makes_a_batch_and_reads_what_came_of_it(provider: SimulatedProvider, gpt: openai.OpenAI) -> None:
    chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": '[[sim {"input": 7, "output": 5}]]'}]}
    asked = lines(
        ("a", "/v1/chat/completions", chat),
        ("b", "/v1/responses", {"model": "gpt-4o", "input": '[[sim {"input": 2, "cache_read": 1, "output": 3}]]'}),
        ("c", "/v1/responses", {"model": "gpt-4o", "input": '[[sim {"status": 429}]]'}),
        ("d", "/v1/embeddings", {"model": "text-embedding-3-small", "input": '[[sim {"input": 9}]]'}),
    )
    file = gpt.files.create(file=("requests.jsonl", asked), purpose="batch")
    assert (file.bytes, file.purpose) == (len(asked), "batch")
    assert gpt.files.content(file.id).content == asked
    batch = gpt.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert (batch.status, batch.output_file_id, batch.input_file_id) == ("validating", None, file.id)
    ended = gpt.batches.retrieve(batch.id)
    assert ended.request_counts is not None
    assert (ended.status, ended.request_counts.completed, ended.request_counts.failed) == ("completed", 3, 1)
    assert ended.usage is not None
    assert (ended.usage.input_tokens, ended.usage.output_tokens) == (19, 8)
    assert ended.output_file_id is not None
    told = [json.loads(line) for line in gpt.files.content(ended.output_file_id).text.splitlines()]
    assert [line["custom_id"] for line in told] == ["a", "b", "d"]
    assert [line["response"]["status_code"] for line in told] == [200] * 3
    assert told[0]["response"]["body"]["usage"]["prompt_tokens"] == 7
    assert gpt.files.retrieve(ended.output_file_id).bytes > 0
    assert [result.custom_id for result in provider.truth()[-1].results] == ["a", "b", "d"]
    assert ended.error_file_id is not None
    failed = json.loads(gpt.files.content(ended.error_file_id).content)
    assert (failed["custom_id"], failed["response"]["status_code"]) == ("c", 429)
    assert failed["response"]["body"]["error"]["message"] == "simulated status 429"
    results = next(row.results for row in provider.truth() if row.endpoint == "batches")
    assert [(result.custom_id, result.usage, result.status) for result in results] == [
        ("a", Usage(input=7, output=5), 200),
        ("b", Usage(input=2, cache_read=1, output=3), 200),
        ("c", Usage(), 429),
        ("d", Usage(input=9), 200),
    ]
    assert [result.response_id for result in results[:2]] == [
        told[0]["response"]["body"]["id"],
        told[1]["response"]["body"]["id"],
    ]
    assert {row.usage for row in provider.truth()} == {Usage()}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "not JSON lines"),
        (b'{"custom_id": "a", "url": "/v1/nothing", "body": {}}', "Line 1 of the input file needs"),
        (b'{"custom_id": "a", "url": "/v1/responses"}', "Line 1 of the input file needs"),
    ],
)
def test_a_file_of_something_else_is_refused(gpt: openai.OpenAI, content: bytes, sentence: str) -> None:
    file = gpt.files.create(file=("requests.jsonl", content), purpose="batch")
    with pytest.raises(openai.BadRequestError, match=sentence):
        gpt.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")


@pytest.mark.parametrize(("path", "name"), [("/v1/files", "file"), ("/v1/batches", "input_file_id")])
def test_what_a_request_lacks_is_told(ask: Ask, path: str, name: str) -> None:
    status, _, body = ask(path, {"purpose": "batch"})
    assert (status, json.loads(body)["error"]["message"]) == (400, f"'{name}' is a required property")


def test_only_the_newest_things_are_kept() -> None:
    kept = Batches(limit=2)
    for number in range(3):
        kept.keep(str(number), number)
    assert [kept.kept("1"), kept.kept("2")] == [1, 2]
    with pytest.raises(Unknown, match="No such object: 0"):
        kept.kept("0")
