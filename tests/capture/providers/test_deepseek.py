from __future__ import annotations

from typing import Any

import pytest

from codesession.capture.providers import Unreadable
from codesession.capture.providers.anthropic import MessagesStream
from codesession.capture.providers.base import Answered
from codesession.capture.providers.deepseek import DEEPSEEK, tell
from codesession.model import Usage


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 2}, Usage(2, 8)),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 10}, Usage(10)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(6, 4)),
        ({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}}, Usage(6, 4)),
        ({"prompt_tokens": 10, "server_tool_use": {"web_search_requests": 2}}, Usage(10, web_searches=2)),
        (
            {"prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}},
            Usage(input=1, output=2, reasoning=7),
        ),
    ],
)
def test_the_prompt_is_what_hit_the_cache_and_what_missed_it(counters: dict[str, Any], usage: Usage) -> None:
    told = tell(counters, Answered())

    assert (told.usage, told.extra) == (usage, ())


@pytest.mark.parametrize("hit", [11, -1, "8"])
def test_a_cache_that_had_more_than_the_prompt_is_unreadable(hit: object) -> None:
    with pytest.raises(Unreadable):
        tell({"prompt_tokens": 10, "prompt_cache_hit_tokens": hit}, Answered())


def test_pages_that_were_fetched_are_kept() -> None:
    assert tell({"prompt_tokens": 1, "server_tool_use": {"web_fetch_requests": 3}}, Answered()).extra == (
        ("server_tool_use.web_fetch_requests", 3),
    )


def test_it_speaks_like_anthropic_too() -> None:
    endpoint = DEEPSEEK.endpoints["/anthropic/v1/messages"]

    assert isinstance(endpoint.stream_reader(), MessagesStream)
    assert {path for path in DEEPSEEK.endpoints if path.endswith("/chat/completions")} == {
        "/chat/completions",
        "/v1/chat/completions",
        "/beta/chat/completions",
    }
