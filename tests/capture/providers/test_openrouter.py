from __future__ import annotations

from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Reading, Unreadable
from codesession.capture.providers.base import Answered
from codesession.capture.providers.openrouter import OPENROUTER, paid, tell
from codesession.model import Usage


def read(file: str) -> Reading:
    reader = recording(file).reader()
    reader.feed(recording(file).body)
    return reader.finish()


@pytest.mark.parametrize(
    ("file", "nanos"),
    [
        ("chat.json", 142_050),
        ("chat_usage.sse", 142_050),
        ("own_key.json", 18_900_000),
        ("responses.sse", 1_200_000),
        ("message.json", 300_000),
        ("message.sse", 300_000),
        ("rerank.json", 2_000_000),
        ("embeddings.json", 160),
    ],
)
def test_what_was_charged_is_taken_exactly(file: str, nanos: int) -> None:
    reading = read(f"openrouter/{file}")

    assert reading.reported_nanos == nanos
    assert "cost" not in dict(reading.extra)


@pytest.mark.parametrize(
    ("counters", "nanos"),
    [
        ({}, None),
        ({"cost": None}, None),
        ({"cost": -0.5}, None),
        ({"cost": "0.5"}, None),
        ({"cost": True}, None),
        ({"cost": float("nan")}, None),
        ({"cost": 0}, 0),
        ({"cost": 0.5, "cost_details": {"upstream_inference_cost": 9}}, 500_000_000),
        ({"cost": 0.5, "is_byok": False, "cost_details": {"upstream_inference_cost": 9}}, 500_000_000),
        ({"cost": 0.5, "is_byok": True, "cost_details": {"upstream_inference_cost": 9}}, 9_500_000_000),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.25}}, 250_000_000),
        ({"cost": 0.5, "is_byok": True}, None),
        ({"cost": 0.5, "is_byok": True, "cost_details": {"upstream_inference_cost": -9}}, None),
        ({"cost": None, "is_byok": True, "cost_details": {"upstream_inference_cost": 9}}, None),
    ],
)
def test_with_a_key_of_ones_own_the_models_price_comes_on_top(counters: dict[str, Any], nanos: int | None) -> None:
    assert paid(counters) == nanos


def test_video_is_told_apart() -> None:
    details = {"cached_tokens": 1, "video_tokens": 7}
    told = tell({"prompt_tokens": 10, "prompt_tokens_details": details}, Answered())

    assert (told.usage, told.extra) == (Usage(input=2, cache_read=1, input_video=7), ())
    with pytest.raises(Unreadable):
        tell({"prompt_tokens": 10, "prompt_tokens_details": {"video_tokens": 11}}, Answered())


def test_a_cut_message_has_no_cost_yet() -> None:
    body = recording("openrouter/message.sse").body
    reader = recording("openrouter/message.sse").reader()
    reader.feed(body[: body.index(b"event: message_delta")])

    assert reader.finish().reported_nanos is None


def test_a_plugin_goes_on_by_itself() -> None:
    body = b'{"model":"openai/gpt-5","plugins":[{"id":"web"}]}'

    for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages"):
        assert OPENROUTER.endpoints[path].read_request(body).is_unbounded
        assert OPENROUTER.endpoints[path].amendment is None
