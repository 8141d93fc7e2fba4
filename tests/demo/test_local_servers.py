from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPMessage
from typing import TYPE_CHECKING

from codesession.model import Terms

if TYPE_CHECKING:
    from codesession.demo.server import SimulatedProvider

Ask = Callable[..., tuple[int, HTTPMessage, bytes]]

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_llamacpp_tells_its_time_and_what_it_had_cached(provider: SimulatedProvider, ask: Ask) -> None:
    script = {"input": 11, "cache_read": 5, "output": 17, "took_ms": 400}
    expected = {"cache_n": 5, "prompt_n": 11, "prompt_ms": 200.0, "predicted_n": 17, "predicted_ms": 200.0}
    _, _, body = ask("/llamacpp/v1/chat/completions", BODY, **script)
    assert json.loads(body)["timings"] == expected
    _, _, body = ask("/llamacpp/v1/chat/completions", {**BODY, "stream": True}, **script)
    last = body.decode().split("\n\n")[-3]
    assert json.loads(last.removeprefix("data: "))["timings"] == expected
    assert {row.terms for row in provider.truth()} == {Terms(took_ms=400)}


def test_vllm_tells_details_only_when_something_was_cached(ask: Ask) -> None:
    def details(**script: int) -> object:
        return json.loads(ask("/vllm/v1/chat/completions", BODY, **script)[2])["usage"]["prompt_tokens_details"]

    assert details(input=3) is None
    assert details(input=3, cache_read=2) == {"cached_tokens": 2}


def test_lm_studio_tells_statistics_beside_the_usage(ask: Ask) -> None:
    _, _, body = ask("/lmstudio/v1/chat/completions", BODY, input=3, output=4)
    answer = json.loads(body)
    assert (answer["stats"], set(answer["usage"])) == ({}, {"prompt_tokens", "completion_tokens", "total_tokens"})
