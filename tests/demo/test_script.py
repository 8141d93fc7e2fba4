from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from codesession.demo.script import BILL, Script, marked, parse, scripted
from codesession.errors import InvalidInput
from codesession.model import Usage

MARK = 'say hi [[sim {"input": 5, "headers": {"a": "}]]"}}]] please'
OTHER = '[[sim {"input": 6}]]'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"messages": [{"role": "user", "content": MARK}]}, id="chat-text"),
        pytest.param({"messages": [{"role": "user", "content": [{"type": "text", "text": MARK}]}]}, id="blocks"),
        pytest.param({"input": MARK}, id="responses-text"),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": MARK}]}]}, id="responses-items"
        ),
        pytest.param({"input": ["first", MARK]}, id="embeddings"),
        pytest.param({"prompt": MARK}, id="prompt"),
        pytest.param({"query": MARK, "documents": [OTHER]}, id="rerank"),
        pytest.param({"contents": [{"parts": [{"text": MARK}]}]}, id="gemini"),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"text": MARK}]}, {"role": "model", "parts": [{"text": OTHER}]}]},
            id="gemini-not-the-model",
        ),
        pytest.param({"content": {"parts": [{"text": MARK}]}}, id="gemini-embedding"),
        pytest.param({"requests": [{"content": {"parts": [{"text": MARK}]}}]}, id="gemini-embeddings"),
        pytest.param(
            {"messages": [{"role": "user", "content": OTHER}, {"role": "user", "content": MARK}]}, id="only-the-last"
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": MARK}, {"role": "assistant", "content": OTHER}]},
            id="not-the-assistant",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": MARK}, {"role": "user", "content": [{"type": "tool_result"}]}]},
            id="before-a-tool-result",
        ),
    ],
)
def test_the_mark_is_read_from_the_last_text_of_the_user(body: dict[str, Any]) -> None:
    assert marked(body) == Script(input=5, headers={"a": "}]]"})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"input": 3}, id="no-messages"),
        pytest.param({"input": [7, 8]}, id="tokens"),
        pytest.param({"messages": [{"role": "user", "content": None}]}, id="no-content"),
        pytest.param({"messages": [{"role": "user", "content": [7, {"type": "image"}]}]}, id="no-text"),
    ],
)
def test_without_a_mark_there_is_no_script(body: dict[str, Any]) -> None:
    assert marked(body) is None


def test_what_a_script_bills_can_be_told_apart_from_the_rest() -> None:
    told = Script(input=0, cache_read=0, service_tier="flex", cost_nanos=0, text="hi", status=500, took_ms=250)
    assert scripted(told) == {"input", "service_tier", "cost_nanos"}
    assert {field.name for field in fields(Usage)} - BILL == {"unsplit"}


def test_every_key_of_a_script_can_be_set() -> None:
    told = {"bytes": 3, "status": 529, "encoding": "auto", "retry_after": None, "cut_after": -1}
    assert parse(json.dumps(told)) == Script(size=3, status=529, encoding="auto", retry_after=None, cut_after=-1)


@pytest.mark.parametrize("text", ['{"imput": 1}', '{"input": "many"}', "{", '{"encoding": "rot13"}'])
def test_a_script_that_cannot_be_followed_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot follow its script"):
        parse(text)


def test_a_mark_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot read its script"):
        marked({"input": "[[sim {input: 5}]]"})
