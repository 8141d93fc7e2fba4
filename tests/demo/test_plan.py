from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from codesession.demo.openai_chat import CHAT
from codesession.demo.plan import Plan, cut, plan
from codesession.demo.rerank import COHERE
from codesession.demo.script import Script, parse
from codesession.model import Usage


def planned(script: Any = None, *, writes: Any = True, **body: Any) -> Plan:
    body = {"model": "gpt-4o", **body}
    return plan("0" * 22, json.dumps(body).encode(), body, script or Script(), replace(CHAT, writes=writes))


def test_the_same_request_has_the_same_answer() -> None:
    assert planned(input="hi") == planned(input="hi")
    assert len({planned(input=str(number)).text for number in range(30)}) > 1


def test_made_up_numbers_are_a_quarter_of_the_bytes() -> None:
    usage = planned(Script(text="x" * 41), input="y" * 4000).usage
    assert usage.output == 11
    assert 1000 <= usage.input <= 1020


def test_scripted_numbers_are_taken_as_they_are() -> None:
    told = {field.name: number for number, field in enumerate(fields(Usage), 1) if field.name != "unsplit"}
    assert len(told) == 18
    assert planned(parse(json.dumps(told)), max_tokens=1).usage == Usage(**told)


def test_a_recording_billed_by_its_length_has_no_tokens() -> None:
    assert planned(Script(seconds=9.5, text="hello")).usage == Usage()


@pytest.mark.parametrize(("documents", "searches"), [(0, 0), (1, 1), (100, 1), (101, 2)])
def test_each_hundred_documents_are_a_search(documents: int, searches: int) -> None:
    body = {"model": "rerank-v4.0", "documents": ["text"] * documents}
    assert plan("0" * 22, b"{}", body, Script(), COHERE).usage == Usage(rerank_searches=searches)


@pytest.mark.parametrize("within", ["generationConfig", "options"])
def test_a_limit_may_stand_among_the_options(within: str) -> None:
    name = {"generationConfig": "maxOutputTokens", "options": "num_predict"}[within]
    assert planned(**{within: {name: 5}}).usage.output == 5


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
