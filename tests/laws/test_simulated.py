"""What a simulated provider is told to bill is what is read from its answers, whoever it is and however it answers."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from codesession.capture.providers import PROVIDERS, JsonReader, Reading
from codesession.demo import simulated_provider
from codesession.model import Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesession.demo.server import SimulatedProvider

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
LEGACY = {"model": "m", "prompt": "hi"}
EMBED = {"model": "m", "input": "hi"}
RANK = {"model": "m", "query": "ducks", "documents": ["a duck", "a goose"]}


class Case(NamedTuple):
    """A path of a provider, and what is billed there."""

    provider: str
    path: str
    body: dict[str, Any]
    script: dict[str, Any]
    usage: Usage
    terms: Terms = Terms()
    reported_nanos: int | None = None
    model: str | None = "m"


CACHED = {"input": 11, "cache_read": 5, "output": 17}
READ = Usage(input=11, cache_read=5, output=17)
THOUGHT = {**CACHED, "reasoning": 7}
THINKING = Usage(input=11, cache_read=5, output=17, reasoning=7)
PAID = {"cost_nanos": 123_456_789}

CASES = (
    Case("mistral", "/v1/chat/completions", CHAT, {**CACHED, "service_tier": "priority"}, READ, Terms("priority")),
    Case("mistral", "/v1/embeddings", EMBED, {"input": 11}, Usage(input=11)),
    Case("deepseek", "/chat/completions", CHAT, THOUGHT, THINKING),
    Case("deepseek", "/v1/chat/completions", CHAT, THOUGHT, THINKING),
    Case("xai", "/v1/chat/completions", CHAT, {**THOUGHT, **PAID}, THINKING, reported_nanos=123_456_789),
    Case("xai", "/v1/responses", EMBED, {**THOUGHT, **PAID}, THINKING, Terms("default"), 123_456_789),
    Case("groq", "/openai/v1/chat/completions", CHAT, {**THOUGHT, "service_tier": "flex"}, THINKING, Terms("flex")),
    Case("openrouter", "/v1/chat/completions", CHAT, {**THOUGHT, **PAID}, THINKING, reported_nanos=123_456_789),
    Case("openrouter", "/v1/responses", EMBED, {**THOUGHT, **PAID}, THINKING, Terms("default"), 123_456_789),
    Case(
        "openrouter",
        "/v1/rerank",
        RANK,
        {"input": 11, "rerank_searches": 1, **PAID},
        Usage(input=11, rerank_searches=1),
        reported_nanos=123_456_789,
    ),
    Case("together", "/v1/chat/completions", CHAT, CACHED, READ),
    Case("together", "/v1/rerank", RANK, {"input": 11}, Usage(input=11)),
    Case("fireworks", "/v1/chat/completions", CHAT, CACHED, READ),
    Case("fireworks", "/v1/completions", LEGACY, CACHED, READ),
    Case("cohere", "/v1/rerank", RANK, {"rerank_searches": 2}, Usage(rerank_searches=2), model=None),
    Case("cohere", "/v2/rerank", RANK, {"rerank_searches": 2}, Usage(rerank_searches=2), model=None),
    Case("jina", "/v1/rerank", RANK, {"input": 11}, Usage(input=11)),
    Case("voyage", "/v1/rerank", RANK, {"input": 11}, Usage(input=11)),
    Case("vllm", "/v1/chat/completions", CHAT, CACHED, READ),
    Case("vllm", "/v1/rerank", RANK, {"input": 11}, Usage(input=11)),
    Case("lmstudio", "/v1/chat/completions", CHAT, {"input": 11, "output": 17}, Usage(input=11, output=17)),
    Case("llamacpp", "/v1/chat/completions", CHAT, {**CACHED, "took_ms": 400}, READ, Terms(took_ms=400)),
    Case("ollama", "/v1/chat/completions", CHAT, {"input": 11, "output": 17}, Usage(input=11, output=17)),
    Case(
        "ollama",
        "/api/chat",
        CHAT,
        {"input": 11, "output": 17, "took_ms": 400},
        Usage(input=11, output=17),
        Terms(took_ms=400),
    ),
    Case(
        "ollama",
        "/api/generate",
        LEGACY,
        {"input": 11, "output": 17, "took_ms": 400},
        Usage(input=11, output=17),
        Terms(took_ms=400),
    ),
    Case("ollama", "/api/embed", EMBED, {"input": 11, "took_ms": 400}, Usage(input=11), Terms(took_ms=400)),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[SimulatedProvider]:
    with simulated_provider() as running:
        yield running


def read(provider: SimulatedProvider, case: Case, body: bytes) -> Reading:
    """What is read of the answer to `body`, a few bytes at a time."""
    endpoint = PROVIDERS[case.provider].endpoints[case.path]
    if endpoint.amendment and endpoint.read_request(body).lacks_usage:
        body = endpoint.amendment.request(body)
    with closing(HTTPConnection(urlsplit(provider.url).netloc, timeout=10)) as connection:
        connection.request("POST", f"/{case.provider}{case.path}", body, {"x-sim": json.dumps(case.script)})
        answer = connection.getresponse()
        assert answer.status == 200
        kind = answer.headers["content-type"]
        reader = endpoint.reader_of(kind) or JsonReader(endpoint.read_answer)
        while piece := answer.read(7):
            reader.feed(piece)
    return reader.finish()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.provider + case.path)
def test_what_is_billed_is_what_is_read(provider: SimulatedProvider, case: Case, *, streamed: bool) -> None:
    reading = read(provider, case, json.dumps({**case.body, "stream": streamed}).encode())

    assert (reading.usage, reading.terms) == (case.usage, case.terms)
    assert reading.reported_nanos == case.reported_nanos
    assert (reading.is_final, reading.has_ended, reading.is_broken) == (True, True, False)
    assert reading.model == case.model
