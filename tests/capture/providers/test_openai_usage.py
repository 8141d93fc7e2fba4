from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.examples import each

from codesession.capture.providers import Unreadable
from codesession.capture.providers.base import Answered, Told
from codesession.capture.providers.openai_usage import tell, tell_images, tell_transcription, usage_of
from codesession.model import Terms, Usage


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        pytest.param({"prompt_tokens": 8}, Usage(input=8), id="nothing-written"),
        pytest.param({"output_tokens": 8}, Usage(output=8), id="nothing-read"),
        pytest.param({"prompt_tokens": 8, "input_tokens": 9}, Usage(input=8), id="both-generations"),
        pytest.param(
            {"prompt_tokens": None, "input_tokens": 9, "prompt_tokens_details": None}, Usage(input=9), id="null"
        ),
        pytest.param({"prompt_tokens": 8, "prompt_tokens_details": [1]}, Usage(input=8), id="odd-details"),
        pytest.param(
            {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}},
            Usage(input=10, cache_read=60, cache_write=30),
            id="a-cache-of-the-default-time",
        ),
        pytest.param(
            {
                "input_tokens": 100,
                "input_tokens_details": {
                    "cache_write_tokens": 60,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 10, "ttl_1h_tokens": 20, "ttl_12h_tokens": 25},
                },
            },
            Usage(input=40, cache_write=15, cache_write_1h=20, cache_write_other=25),
            id="what-has-no-time-has-the-default-one",
        ),
        pytest.param(
            {
                "input_tokens": 100,
                "input_tokens_details": {"cache_write_tokens_details": {"ttl_12h_tokens": 25, "ttl_7d_tokens": 5}},
            },
            Usage(input=70, cache_write_other=30),
            id="times-without-a-sum",
        ),
        pytest.param(
            {"input_tokens": 100, "input_tokens_details": {"audio_tokens": 30, "image_tokens": 20}},
            Usage(input=50, input_audio=30, input_image=20),
            id="modalities",
        ),
        pytest.param(
            {
                "input_tokens": 100,
                "input_tokens_details": {"audio_tokens": 30, "image_tokens": 20, "cached_tokens": 60},
            },
            Usage(cache_read=50, cache_read_image=10, input_image=10, input_audio=30),
            id="text-is-cached-first",
        ),
        pytest.param(
            {
                "input_tokens": 100,
                "input_tokens_details": {
                    "audio_tokens": 30,
                    "image_tokens": 20,
                    "cached_tokens": 60,
                    "cached_tokens_details": {"audio_tokens": 25, "image_tokens": 5, "text_tokens": 30},
                },
            },
            Usage(input=20, cache_read=30, input_image=15, cache_read_image=5, input_audio=5, cache_read_audio=25),
            id="what-was-cached-is-told",
        ),
        pytest.param(
            {
                "input_tokens": 100,
                "input_tokens_details": {
                    "image_tokens": 90,
                    "cached_tokens": 60,
                    "cached_tokens_details": {"cached_image_tokens": 55},
                },
            },
            Usage(input=5, cache_read=5, input_image=35, cache_read_image=55),
            id="what-was-cached-is-told-in-part",
        ),
        pytest.param(
            {"input_tokens": 100, "input_tokens_details": {"image_tokens": 90, "cache_write_tokens": 60}},
            Usage(cache_write=60, input_image=40),
            id="images-are-written-to-the-cache",
        ),
        pytest.param(
            {
                "completion_tokens": 100,
                "completion_tokens_details": {
                    "reasoning_tokens": 40,
                    "audio_tokens": 30,
                    "image_tokens": 20,
                    "rejected_prediction_tokens": 10,
                },
            },
            Usage(output=10, reasoning=40, output_audio=30, output_image=20),
            id="rejected-predictions-are-output",
        ),
    ],
)
def test_every_token_is_in_one_class(counters: dict[str, Any], usage: Usage) -> None:
    assert usage_of(counters) == usage


@pytest.mark.parametrize(
    "counters",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"total_tokens": 9}, id="only-a-total"),
        pytest.param({"prompt_tokens": "9"}, id="text"),
        pytest.param({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}, id="more-cached"),
        pytest.param(
            {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 3}}, id="both"
        ),
        pytest.param(
            {"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 3, "image_tokens": 3}}, id="modalities"
        ),
        pytest.param(
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens_details": {"text_tokens": 1}}},
            id="a-part-of-nothing-cached",
        ),
        pytest.param(
            {
                "prompt_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 5, "cached_tokens_details": {"audio_tokens": 5}},
            },
            id="sound-is-cached-that-was-not-read",
        ),
        pytest.param(
            {
                "prompt_tokens": 9,
                "prompt_tokens_details": {
                    "cache_write_tokens": 3,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 4},
                },
            },
            id="more-of-a-time-than-were-written",
        ),
        pytest.param(
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}}, id="more-reasoning"
        ),
    ],
)
def test_counters_that_contradict_each_other_are_not_read(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        usage_of(counters)


def test_what_is_not_known_is_kept() -> None:
    counters = {
        "prompt_tokens": 9,
        "completion_tokens": 7,
        "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 0, "video_tokens": 2},
        "completion_tokens_details": {"accepted_prediction_tokens": 5, "rejected_prediction_tokens": 1},
        "queue_time": 0.25,
    }

    assert tell(counters, Answered(service_tier="flex")) == Told(
        Usage(input=9, output=7),
        Terms(service_tier="flex"),
        extra=(
            ("queue_time", 0.25),
            ("prompt_tokens_details.video_tokens", 2),
            ("completion_tokens_details.accepted_prediction_tokens", 5),
            ("completion_tokens_details.rejected_prediction_tokens", 1),
        ),
    )


@pytest.mark.parametrize(
    ("model", "searches"),
    [
        ("gpt-4o-search-preview-2025-03-11", 1),
        ("gpt-4o-mini-search-preview", 1),
        ("gpt-5-search-api", 1),
        ("gpt-5-search-api-2025-10-14", 1),
        ("gpt-4o", 0),
        ("o3-deep-research", 0),
        ("text-search-ada-doc-001", 0),
        (None, 0),
    ],
)
def test_a_search_model_searches_once_a_call(model: str | None, searches: int) -> None:
    assert tell({"prompt_tokens": 9}, Answered(model=model)).usage == Usage(input=9, web_searches=searches)


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        (None, Usage(input=5, output_image=100)),
        ({"image_tokens": 90, "text_tokens": 10}, Usage(input=5, output=10, output_image=90)),
        ({"image_tokens": 90}, Usage(input=5, output_image=100)),
        ({"text_tokens": 0}, Usage(input=5, output_image=100)),
    ],
)
def test_what_the_images_api_wrote_is_an_image(details: dict[str, int] | None, usage: Usage) -> None:
    counters = {"input_tokens": 5, "output_tokens": 100, "output_tokens_details": details}

    assert tell_images(counters, Answered()).usage == usage


def test_an_image_with_more_text_than_there_is_is_not_read() -> None:
    with pytest.raises(Unreadable):
        tell_images({"output_tokens": 5, "output_tokens_details": {"text_tokens": 6}}, Answered())


@pytest.mark.parametrize("seconds", [None, "9", -1, True, float("inf")])
def test_seconds_that_are_none_are_not_read(seconds: object) -> None:
    with pytest.raises(Unreadable):
        tell_transcription({"type": "duration", "seconds": seconds}, Answered())


COUNTS: st.SearchStrategy[Any] = st.one_of(
    st.integers(min_value=-3, max_value=60), st.sampled_from([None, "7", 1.5, True, [], {}, 10**30])
)
GOOD = st.integers(min_value=0, max_value=60)
MODALITIES = st.dictionaries(st.sampled_from(["text_tokens", "image_tokens", "audio_tokens"]), COUNTS | GOOD)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        **{
            f"{name}_tokens": GOOD | COUNTS for name in ("cached", "cache_write", "audio", "image", "text", "reasoning")
        },
        "cached_tokens_details": MODALITIES | st.just(7),
        "cache_write_tokens_details": st.dictionaries(
            st.sampled_from(["ttl_30m_tokens", "ttl_1h_tokens", "ttl_12h_tokens", "ttl_tokens"]), COUNTS | GOOD
        ),
    },
)
COUNTERS = st.fixed_dictionaries(
    {},
    optional={
        **{
            f"{name}_tokens": st.integers(min_value=0, max_value=400) | COUNTS
            for name in ("prompt", "input", "completion", "output", "total")
        },
        **{f"{name}_details": PARTS | COUNTS for name in ("prompt_tokens", "input_token", "completion_tokens")},
    },
)


@pytest.mark.no_cover  # its many examples go where other tests go line by line
@pytest.mark.parametrize("understand", [tell, tell_images, tell_transcription])
@given(counters=COUNTERS)
@each(100)
def test_the_parts_are_the_whole_or_nothing_is_read(understand: Any, counters: dict[str, Any]) -> None:
    try:
        usage = understand(counters, Answered()).usage
    except Unreadable:
        return
    read = next((counters[key] for key in ("prompt_tokens", "input_tokens") if counters.get(key) is not None), 0)
    wrote = next((counters[key] for key in ("completion_tokens", "output_tokens") if counters.get(key) is not None), 0)

    assert (usage.prompt_tokens, usage.completion_tokens) == (read, wrote)
    assert min(getattr(usage, name) for name in Usage.__slots__) >= 0
