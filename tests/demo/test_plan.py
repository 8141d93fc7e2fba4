from __future__ import annotations

import json
from typing import Any

import pytest

from codesession.demo.plan import Plan, cut, plan
from codesession.demo.script import Script
from codesession.model import Usage


def planned(script: Any = None, *, writes: Any = True, **body: Any) -> Plan:
    body = {"model": "gpt-4o", **body}
    return plan("0" * 22, json.dumps(body).encode(), body, script or Script(), writes=writes)


def test_the_same_request_has_the_same_answer() -> None:
    assert planned(input="hi") == planned(input="hi")
    assert len({planned(input=str(number)).text for number in range(30)}) > 1


def test_made_up_numbers_are_a_quarter_of_the_bytes() -> None:
    usage = planned(Script(text="x" * 41), input="y" * 4000).usage
    assert usage.output == 11
    assert 1000 <= usage.input <= 1020


def test_scripted_numbers_are_taken_as_they_are() -> None:
    script = Script(
        input=1, cache_read=2, cache_write=3, cache_write_1h=4, input_audio=5, output=6, reasoning=7, output_audio=8,
        web_searches=9,
    )  # fmt: skip
    assert planned(script, max_tokens=1).usage == Usage(1, 2, 3, 4, 5, 0, 6, 7, 8, 9)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_an_unscripted_answer_obeys_the_limit(name: str) -> None:
    limited = planned(**{name: 5})
    assert (limited.usage.output, limited.is_truncated) == (5, True)
    assert not planned(**{name: 500}).is_truncated


def test_what_no_model_writes_has_no_output() -> None:
    assert planned(writes=False).usage.completion_tokens == 0


def test_a_scripted_output_has_a_text_as_long() -> None:
    assert len(planned(Script(output=1000)).text) == 4000
    assert len(planned(Script(output=10_000_000)).text) == 65_536


def test_bytes_and_events_shape_the_answer() -> None:
    shaped = planned(Script(size=100_000, events=7))
    assert (len(shaped.text), len(shaped.deltas)) == (100_000, 7)
    assert len(planned(Script(events=100)).deltas) == 100
    assert max(len(delta) for delta in planned(Script(size=3_000_000)).deltas) < 2000


def test_the_pieces_of_a_text_make_the_text() -> None:
    for events in (1, 2, 3, 50, None):
        assert "".join(cut("naïve text ✓", events)) == "naïve text ✓"


def test_an_alias_is_answered_by_its_snapshot() -> None:
    assert planned().model == "gpt-4o-2024-08-06"
    assert planned(Script(model="other")).model == "other"
    assert planned(model="own-model").model == "own-model"


def test_a_cut_answer_bills_all_of_the_input_and_a_share_of_the_output() -> None:
    half = planned(Script(input=9, output=100, reasoning=50, cache_read=3, web_searches=2, events=10))
    assert half.usage_after(0) == Usage(input=9, cache_read=3)
    assert half.usage_after(5) == Usage(input=9, cache_read=3, output=50, reasoning=50, web_searches=2)
    assert half.usage_after(10) == half.usage
