from __future__ import annotations

from typing import Any

import pytest
from tests.capture.recorded import recording

from codesession.capture.providers import Unreadable
from codesession.capture.providers.base import Answered
from codesession.capture.providers.xai import XAI, tell
from codesession.model import Usage


def test_a_tick_is_a_tenth_of_a_nano_dollar() -> None:
    told = {
        ticks: tell({"prompt_tokens": 1, "cost_in_usd_ticks": ticks}, Answered()).reported_nanos
        for ticks in (37756000, 0, 5, 15, -1, "5", None)
    }

    assert told == {37756000: 3775600, 0: 0, 5: 0, 15: 2, -1: None, "5": None, None: None}


@pytest.mark.parametrize(
    ("total", "usage"),
    [
        pytest.param(17, Usage(input=10, output=2, reasoning=5), id="beside"),
        pytest.param(None, Usage(input=10, output=2, reasoning=5), id="not-told"),
        pytest.param(99, Usage(input=10, output=2, reasoning=5), id="neither"),
    ],
)
def test_reasoning_stands_beside_the_completion(total: int | None, usage: Usage) -> None:
    details = {"reasoning_tokens": 5}
    counters = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": total}

    assert tell({**counters, "completion_tokens_details": details}, Answered()).usage == usage


def test_reasoning_stands_inside_where_the_total_says_so() -> None:
    counters = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}

    told = tell({**counters, "completion_tokens_details": {"reasoning_tokens": 5}}, Answered())
    assert told.usage == Usage(input=10, output=2, reasoning=5)


def test_its_own_searches_are_counted_and_its_other_tools_kept() -> None:
    reader = recording("xai/responses.json").reader()
    reader.feed(recording("xai/responses.json").body)
    reading = reader.finish()

    assert reading.usage is not None
    assert reading.usage.web_searches == 2
    assert reading.extra == (("num_server_side_tools_used", 3), ("server_side_tool_usage_details.x_search_calls", 1))
    assert reading.reported_nanos == 15855000


def test_a_picture_has_a_cost_and_no_tokens() -> None:
    told = tell({"cost_in_usd_ticks": 200000000}, Answered())

    assert (told.usage, told.reported_nanos) == (Usage(), 20_000_000)
    asked = XAI.endpoints["/v1/images/generations"].read_request(b'{"model":"grok-imagine-image","n":2}')
    assert (asked.model, asked.max_output, asked.is_unbounded) == ("grok-imagine-image", None, True)


@pytest.mark.parametrize("counters", [{"num_sources_used": 1}, {"cost_in_usd_ticks": -5}, {"cost_in_usd_ticks": None}])
def test_neither_tokens_nor_a_cost_is_unreadable(counters: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        tell(counters, Answered())


def test_a_live_search_reads_elsewhere() -> None:
    read = XAI.endpoints["/v1/chat/completions"].read_request

    assert read(b'{"model":"grok-4","search_parameters":{"mode":"auto"}}').is_unbounded
    assert not read(b'{"model":"grok-4"}').is_unbounded
