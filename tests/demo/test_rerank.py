from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING

import pytest

from codesession.model import Usage

if TYPE_CHECKING:
    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

BODY = {"model": "rerank-v4.0-pro", "query": "what?", "documents": ["a", "b", "c"], "top_n": 2}


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/cohere/v2/rerank"])
def test_cohere_bills_searches(provider: SimulatedProvider, ask: Ask, path: str) -> None:
    answer = json.loads(ask(path, BODY, rerank_searches=3)[2])
    assert answer["meta"]["billed_units"] == {"search_units": 3}
    assert [result["index"] for result in answer["results"]] == [0, 1]
    (row,) = provider.truth()
    assert row.usage == row.reported == Usage(rerank_searches=3)
    assert (row.provider, row.endpoint, row.response_id) == ("cohere", "rerank", answer["id"])


def test_a_search_is_billed_unless_told_otherwise(provider: SimulatedProvider, ask: Ask) -> None:
    ask("/v1/rerank", BODY)
    assert provider.truth()[0].usage == Usage(rerank_searches=1)


@pytest.mark.parametrize(
    ("path", "results", "name"),
    [
        ("/jina/v1/rerank", "results", "jina"),
        ("/voyage/v1/rerank", "data", "voyage"),
        ("/together/v1/rerank", "results", "together"),
        ("/vllm/v1/rerank", "results", "vllm"),
    ],
)
def test_others_bill_tokens(provider: SimulatedProvider, ask: Ask, path: str, results: str, name: str) -> None:
    answer = json.loads(ask(path, BODY, input=815)[2])
    assert answer["usage"]["total_tokens"] == 815
    assert len(answer[results]) == 2
    (row,) = provider.truth()
    assert (row.provider, row.usage, row.response_id) == (name, Usage(input=815), answer.get("id"))


def test_openrouter_tells_searches_tokens_and_the_cost(provider: SimulatedProvider, ask: Ask) -> None:
    script = {"input": 150, "rerank_searches": 1, "cost_nanos": 1_000_000}
    answer = json.loads(ask("/openrouter/api/v1/rerank", BODY, **script)[2])
    assert answer["usage"] == {"search_units": 1, "total_tokens": 150, "cost": 0.001}
    assert provider.truth()[0].usage == Usage(input=150, rerank_searches=1)


def test_cohere_refuses_in_its_own_words(ask: Ask) -> None:
    status, _, body = ask("/v2/rerank", BODY, status=429, error="no more")
    assert (status, json.loads(body)["message"]) == (429, "no more")
