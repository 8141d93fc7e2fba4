from __future__ import annotations

from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Unreadable
from codesession.capture.providers.base import Answered
from codesession.capture.providers.perplexity import PERPLEXITY, tell
from codesession.model import Usage


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(input=3, output=4)),
        (
            {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "reasoning_tokens": 50},
            Usage(input=3, output=4, reasoning=50),
        ),
        ({"prompt_tokens": 3, "citation_tokens": 20, "num_search_queries": 2}, Usage(input=23, web_searches=2)),
        (
            {"input_tokens": 9, "input_tokens_details": {"cache_read_input_tokens": 4}},
            Usage(input=5, cache_read=4),
        ),
        (
            {"input_tokens": 9, "input_tokens_details": {"cache_creation_input_tokens": 4}},
            Usage(input=5, cache_write=4),
        ),
    ],
)
def test_reasoning_and_citations_stand_beside_the_completion(counters: dict[str, Any], usage: Usage) -> None:
    assert tell(counters, Answered()).usage == usage


@pytest.mark.parametrize(
    "counters", [{"prompt_tokens": 3, "reasoning_tokens": -1}, {"prompt_tokens": 3, "citation_tokens": "x"}, {}]
)
def test_what_are_no_counts_is_unreadable(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        tell(counters, Answered())


def test_the_total_cost_is_what_it_says() -> None:
    assert tell({"prompt_tokens": 3, "cost": {"total_cost": 0.006111}}, Answered()).reported_nanos == 6_111_000
    assert tell({"prompt_tokens": 3, "cost": {"total_cost": -1}}, Answered()).reported_nanos is None
    assert tell({"prompt_tokens": 3, "cost": 0.5}, Answered()).reported_nanos is None


def test_a_cost_of_nothing_in_the_middle_is_not_the_last_word() -> None:
    body = recording("perplexity/chat.sse").body
    reader = recording("perplexity/chat.sse").reader()
    reader.feed(body[: body.rindex(b"data: ")])
    cut = reader.finish()

    assert (cut.usage, cut.reported_nanos, cut.is_final, cut.has_ended) == (Usage(input=12, output=5), 0, False, False)


def test_its_models_search_whatever_they_are_asked() -> None:
    for path in ("/chat/completions", "/v1/responses", "/v1/sonar", "/v1/agent"):
        assert PERPLEXITY.endpoints[path].read_request(b'{"model":"sonar"}').is_unbounded
    assert not PERPLEXITY.endpoints["/v1/embeddings"].read_request(b'{"model":"pplx-embed"}').is_unbounded
    assert PERPLEXITY.is_free("/v1/files/1/content")
