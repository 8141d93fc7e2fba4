"""Ollama's wire, to its own SDK and line by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage, IncompleteRead
from typing import TYPE_CHECKING, Any

import ollama
import pytest

from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

LLAMA = "llama3.2"
TEXT = "naïve answer ✓"
SIM = {"input": 11, "output": 17, "took_ms": 300, "text": TEXT}
EXPECTED = Usage(input=11, output=17)
MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture(params=["", "/ollama"])
def client(request: pytest.FixtureRequest, provider: SimulatedProvider) -> Iterator[ollama.Client]:
    with ollama.Client(host=provider.url + request.param, headers={"x-sim": json.dumps(SIM)}) as sdk:
        yield sdk


def test_the_sdk_reads_a_chat(provider: SimulatedProvider, client: ollama.Client) -> None:
    answer = client.chat(model=LLAMA, messages=MESSAGES)
    assert (answer.message.content, answer.done, answer.done_reason) == (TEXT, True, "stop")
    assert (answer.prompt_eval_count, answer.eval_count, answer.total_duration) == (11, 17, 300_000_000)
    (row,) = provider.truth()
    assert row.usage == row.reported == EXPECTED
    assert (row.provider, row.endpoint, row.streamed, row.terms) == ("ollama", "chat", False, Terms(took_ms=300))


def test_the_sdk_reads_a_stream(provider: SimulatedProvider, client: ollama.Client) -> None:
    *lines, last = client.chat(model=LLAMA, messages=MESSAGES, stream=True)
    assert "".join(line.message.content or "" for line in lines) == TEXT
    assert [line.eval_count for line in lines] == [None] * len(lines)
    assert (last.message.content, last.prompt_eval_count, last.eval_count) == ("", 11, 17)
    (row,) = provider.truth()
    assert (row.streamed, row.usage, row.reported) == (True, EXPECTED, EXPECTED)


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_reads_what_is_generated(
    provider: SimulatedProvider,
    client: ollama.Client,
    stream: bool,  # noqa: FBT001 - a parameter
) -> None:
    answer = client.generate(model=LLAMA, prompt="hi", stream=stream)  # type: ignore[call-overload] # a parameter
    parts = list(answer) if stream else [answer]
    assert "".join(part.response for part in parts) == TEXT
    assert (parts[-1].prompt_eval_count, parts[-1].eval_count) == (11, 17)
    assert (provider.truth()[0].endpoint, provider.truth()[0].usage) == ("generate", EXPECTED)


def test_the_sdk_reads_embeddings_and_what_there_is(provider: SimulatedProvider) -> None:
    with ollama.Client(host=provider.url) as sdk:
        answer = sdk.embed(model="nomic-embed-text", input=["a", 'b [[sim {"input": 4}]]'])
        assert [len(vector) for vector in answer.embeddings] == [768, 768]
        assert answer.prompt_eval_count == 4
        assert sdk.list().models[0].model == sdk.ps().models[0].model == "llama3.2:latest"
    assert [(row.endpoint, row.usage) for row in provider.truth()] == [
        ("embed", Usage(input=4)),
        ("tags", Usage()),
        ("ps", Usage()),
    ]


def test_the_version_is_told(ask: Ask) -> None:
    assert json.loads(ask("/api/version", method="GET")[2]) == {"version": "0.13.0"}


def test_the_sdk_reads_an_error(provider: SimulatedProvider) -> None:
    sim = {"x-sim": '{"status": 404, "error": "model not found"}'}
    with ollama.Client(host=provider.url, headers=sim) as sdk, pytest.raises(ollama.ResponseError, match="not found"):
        sdk.chat(model=LLAMA, messages=MESSAGES)


@pytest.mark.parametrize("told", [True, "tired", {"error": "tired"}])
def test_an_error_in_a_stream_is_a_line_that_the_sdk_raises(provider: SimulatedProvider, told: Any) -> None:
    sim = {"x-sim": json.dumps({"error_event": told})}
    match = "model stopped" if told is True else "tired"
    with ollama.Client(host=provider.url, headers=sim) as sdk, pytest.raises(ollama.ResponseError, match=match):
        list(sdk.chat(model=LLAMA, messages=MESSAGES, stream=True))
    assert provider.truth()[0].ended == "error"


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
def test_a_request_that_does_not_refuse_gets_a_stream_of_lines(ask: Ask, path: str) -> None:
    _, headers, body = ask(path, {"model": LLAMA, "messages": MESSAGES, "prompt": "hi"}, events=3)
    assert headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line["done"] for line in lines] == [False, False, False, True]
    assert body.endswith(b"}\n")
    assert json.loads(ask(path, {"model": LLAMA, "stream": False}, events=3)[2])["done"] is True


def test_a_counter_of_nothing_is_left_out(ask: Ask) -> None:
    _, _, body = ask("/api/chat", {"model": LLAMA, "stream": False}, input=0, output=0)
    assert not {"prompt_eval_count", "eval_count"} & set(json.loads(body))


def test_a_limit_ends_the_answer(ask: Ask) -> None:
    _, _, body = ask("/api/chat", {"model": LLAMA, "stream": False, "options": {"num_predict": 2}})
    answer = json.loads(body)
    assert (answer["eval_count"], answer["done_reason"]) == (2, "length")


def test_a_cut_stream_has_told_no_usage(provider: SimulatedProvider, ask: Ask) -> None:
    with pytest.raises(IncompleteRead):
        ask("/api/chat", {"model": LLAMA}, cut_after=2, events=4, input=7, output=100)
    row = provider.truth(wait_s=10)[0]
    assert (row.usage, row.reported) == (Usage(input=7, output=50), None)


def test_an_unknown_path_is_refused_in_ollamas_words(ask: Ask) -> None:
    status, _, body = ask("/api/pull", {"model": LLAMA})
    assert (status, json.loads(body)) == (404, {"error": "Invalid URL (POST /api/pull)"})
