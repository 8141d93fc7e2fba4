from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"model": "gpt-4o", "messages": MESSAGES}
ANTHROPIC = {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("POST", "/v1/messages", "messages"),
        ("POST", "/v1/messages?beta=true", "messages"),
        ("POST", "/anthropic/v1/messages", "messages"),
        ("POST", "/v1/messages/count_tokens", "count_tokens"),
        ("POST", "/v1/chat/completions", "chat"),
        ("POST", "/chat/completions", "chat"),
        ("POST", "/openai/v1/chat/completions", "chat"),
        ("POST", "/v1/responses", "responses"),
        ("POST", "/responses", "responses"),
        ("POST", "/v1/embeddings", "embeddings"),
        ("POST", "/embeddings", "embeddings"),
        ("GET", "/v1/models", "models"),
        ("GET", "/models?limit=1", "models"),
        ("POST", "/v1/completions", "completions"),
        ("POST", "/openai/v1/images/generations", "images"),
        ("POST", "/v1/audio/speech", "speech"),
        ("POST", "/v1/moderations", "moderations"),
        ("POST", "/v1/models/gemini-2.5-pro:generateContent", "generateContent"),
        ("POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "streamGenerateContent"),
        ("POST", "/google/v1beta/models/gemini-2.5-pro:countTokens", "countTokens"),
        ("GET", "/v1beta/models", "models"),
        ("GET", "/google/v1beta/models/gemini-2.5-pro", "model"),
        ("POST", "/api/chat", "chat"),
        ("POST", "/ollama/api/generate", "generate"),
        ("GET", "/ollama/api/tags", "tags"),
        ("POST", "/mistral/v1/embeddings", "embeddings"),
        ("GET", "/xai/v1/models", "models"),
        ("POST", "/groq/openai/v1/responses", "unknown"),
        ("GET", "/v1/models/gpt-4o", "unknown"),
        ("POST", "/v1beta/models/gemini-2.5-pro:sing", "unknown"),
        ("POST", "/v1/v1/messages", "unknown"),
        ("GET", "/v1/messages", "unknown"),
        ("POST", "/messages", "unknown"),
    ],
)
def test_every_path_leads_where_the_real_one_does(
    provider: SimulatedProvider, ask: Ask, method: str, path: str, endpoint: str
) -> None:
    status, _, _ = ask(path, method=method)
    assert status == (404 if endpoint == "unknown" else 200)
    assert provider.truth()[0].endpoint == endpoint


def test_models_are_those_of_the_provider_asked(ask: Ask) -> None:
    assert json.loads(ask("/v1/models", method="GET", headers=ANTHROPIC)[2])["data"][0]["type"] == "model"
    assert json.loads(ask("/v1/models", method="GET")[2])["data"][0]["object"] == "model"
    assert json.loads(ask("/anthropic/v1/models", method="GET")[2])["has_more"] is False
    assert "models" in json.loads(ask("/v1/models", method="GET", headers={"x-goog-api-key": "k"})[2])


def test_the_request_id_header_is_new_each_time(ask: Ask) -> None:
    ids = [ask()[1]["request-id"] for _ in range(3)] + [ask("/v1/responses")[1]["x-request-id"]]
    assert len(set(ids)) == 4
    assert all(told.startswith("req_") for told in ids)


def test_repeated_headers_stay_apart_and_there_is_one_date(ask: Ask) -> None:
    _, headers, _ = ask("/v1/chat/completions", CHAT)
    assert len(headers.get_all("set-cookie", [])) == 2
    assert len(headers.get_all("date", [])) == 1
    assert "server" not in headers


def test_a_script_can_add_headers_and_usage(ask: Ask) -> None:
    _, headers, body = ask(headers={"x-sim": '{"usage_extra": {"speed": "f"}, "headers": {"x-should-retry": "false"}}'})
    assert json.loads(body)["usage"]["speed"] == "f"
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 429, 500, 503, 529])
def test_errors_have_the_shape_of_their_provider(provider: SimulatedProvider, ask: Ask, status: int) -> None:
    told, headers, body = ask(status=status, error="no more")
    answer = json.loads(body)
    assert told == status
    assert (answer["type"], answer["error"]["message"]) == ("error", "no more")
    assert answer["request_id"] == headers["request-id"]
    told, headers, body = ask("/v1/responses", status=status)
    assert told == status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
    assert headers.get("retry-after") == ("1" if status == 429 else None)
    assert {(row.status, row.ended, row.usage) for row in provider.truth()} == {(status, "complete", Usage())}


def test_an_error_can_be_scripted_word_for_word(ask: Ask) -> None:
    status, headers, body = ask(status=429, error={"own": 1}, retry_after=2.5)
    assert (status, headers["retry-after"], json.loads(body)) == (429, "2.5", {"own": 1})
    assert "retry-after" not in ask(status=429, retry_after=None)[1]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/v1/messages", b"{", "could not parse the JSON body"),
        ("/v1/messages", b"[]", "could not parse the JSON body"),
        ("/v1/messages", b'{"max_tokens": 3}', "model: Field required"),
        ("/v1/responses", b'{"model": "m", "input": "[[sim {\\"x\\": 1}]]"}', "cannot follow its script"),
        (
            "/v1/responses",
            b'{"model": "m", "input": "[[sim {\\"cache_write_1h\\": 1}]]"}',
            "responses endpoint has no word for cache_write_1h",
        ),
        ("/v1/nothing", b"", "Invalid URL (POST /v1/nothing)"),
    ],
)
def test_nonsense_is_refused_in_words(ask: Ask, path: str, body: bytes, sentence: str) -> None:
    status, _, answer = ask(path, body)
    assert status == (404 if b"Invalid URL" in answer else 400)
    assert sentence in json.loads(answer)["error"]["message"]


def test_an_unknown_path_is_refused_in_the_words_of_its_provider(ask: Ask) -> None:
    assert json.loads(ask("/v1/x", headers=ANTHROPIC)[2])["type"] == "error"


def test_a_websocket_is_refused(ask: Ask) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-key": "x"}
    assert ask("/v1/responses", b"", method="GET", headers=upgrade)[0] == 426


def test_the_header_wins_over_the_mark(ask: Ask) -> None:
    body = {"model": "gpt-4o", "input": '[[sim {"text": "mark"}]]'}
    assert json.loads(ask("/v1/responses", body)[2])["output"][0]["content"][0]["text"] == "mark"
    assert json.loads(ask("/v1/responses", body, text="header")[2])["output"][0]["content"][0]["text"] == "header"


@pytest.mark.parametrize("options", [{}, {"stream_options": None}, {"stream_options": {"include_usage": False}}])
def test_a_chat_stream_tells_no_usage_unless_asked(
    provider: SimulatedProvider, ask: Ask, options: dict[str, Any]
) -> None:
    _, _, body = ask("/v1/chat/completions", {**CHAT, **options, "stream": True})
    assert b"usage" not in body
    assert body.endswith(b"data: [DONE]\n\n")
    assert provider.truth()[0].reported is None


def test_a_chat_stream_tells_usage_in_a_last_chunk_without_choices(provider: SimulatedProvider, ask: Ask) -> None:
    body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    _, _, data = ask("/v1/chat/completions", body, input=10, cache_read=5, output=7, reasoning=3)
    *chunks, last = [json.loads(line[6:]) for line in data.decode().split("\n\n")[:-2]]
    assert all(chunk["usage"] is None and chunk["choices"] for chunk in chunks)
    assert (last["choices"], last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == ([], 15, 10)
    told = provider.truth()[0]
    assert told.reported == told.usage == Usage(input=10, cache_read=5, output=7, reasoning=3)


@pytest.mark.parametrize(
    ("asked", "count"),
    [("text", 1), (["a", "b", "c"], 3), ([1, 2, 3], 1), ([[1, 2], [3]], 2), ([], 1)],
    ids=["text", "texts", "tokens", "lists-of-tokens", "nothing"],
)
def test_each_text_has_its_embedding(ask: Ask, asked: object, count: int) -> None:
    _, _, body = ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": asked, "dimensions": 5})
    assert [len(vector["embedding"]) for vector in json.loads(body)["data"]] == [5] * count


def test_counting_tokens_costs_nothing(provider: SimulatedProvider, ask: Ask) -> None:
    _, _, body = ask("/v1/messages/count_tokens", input=12, cache_read=30)
    assert json.loads(body) == {"input_tokens": 42}
    assert provider.truth()[0].usage == Usage()


def test_health_is_told(ask: Ask) -> None:
    assert ask("/_sim/health", method="GET")[0] == 200
    assert ask("/_sim/nothing", method="GET")[0] == 404


def test_a_client_that_leaves_before_its_request_is_whole_is_no_request(provider: SimulatedProvider, ask: Ask) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(provider.url).port or 0)) as connection:
        connection.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
    ask("/v1/messages", {"model": "claude-opus-4-8", "messages": [], "system": "x" * 500_000})
    assert [row.status for row in provider.truth()] == [200]
