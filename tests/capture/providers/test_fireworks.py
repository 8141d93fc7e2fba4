from __future__ import annotations

from tests.capture.recorded import recording

from codesession.capture.providers.fireworks import FIREWORKS


def test_how_long_it_took_is_kept_without_what_the_usage_says() -> None:
    reader = recording("fireworks/chat.sse").reader()
    reader.feed(recording("fireworks/chat.sse").body)

    assert reader.finish().extra == (
        ("perf_metrics.server-time-to-first-token", 0.125),
        ("perf_metrics.server-processing-time", 0.75),
    )


def test_metrics_that_are_odd_say_nothing() -> None:
    reading = FIREWORKS.endpoints["/v1/completions"].read_answer(b'{"usage":{"prompt_tokens":1},"perf_metrics":"x"}')

    assert reading.extra == ()


def test_its_sdk_is_left_alone_since_it_sends_other_calls_there_too() -> None:
    assert FIREWORKS.base_urls == {"FIREWORKS_API_BASE": "/v1"}
    assert FIREWORKS.upstream == "https://api.fireworks.ai/inference"
