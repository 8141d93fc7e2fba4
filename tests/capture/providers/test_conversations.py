"""Is it told when a request lets the provider read or do more than stands in it?"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from codesession.capture.providers import PROVIDERS
from codesession.capture.providers.conversations import any_elsewhere

if TYPE_CHECKING:
    from codesession.capture.providers import Asked

CODE = {"name": "Bash", "description": "…", "input_schema": {"properties": {"url": {"type": "string"}}}}


def asked(provider: str, path: str, body: dict[str, Any]) -> Asked:
    return PROVIDERS[provider].endpoints[path].read_request(json.dumps(body).encode())


def messages(*content: dict[str, Any], **more: Any) -> Asked:
    said = [{"role": "user", "content": list(content)}, {"role": "user", "content": "hi"}]
    return asked("anthropic", "/v1/messages", {"model": "m", "messages": said, **more})


def chat(*content: dict[str, Any], **more: Any) -> Asked:
    said = [{"role": "user", "content": list(content)}]
    return asked("openai", "/v1/chat/completions", {"model": "m", "messages": said, **more})


def responses(*items: dict[str, Any], **more: Any) -> Asked:
    return asked("openai", "/v1/responses", {"model": "m", "input": list(items), **more})


def source(**fields: Any) -> dict[str, Any]:
    return {"type": "image", "source": fields}


def uses(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "t", "name": name, "input": arguments}


ELSEWHERE = [
    pytest.param(lambda: messages(source(type="url", url="https://a.example/b.png")), id="anthropic-address"),
    pytest.param(lambda: messages(source(type="file", file_id="file_1")), id="anthropic-file"),
    pytest.param(
        lambda: messages({"type": "tool_result", "tool_use_id": "t", "content": [source(type="url", url="https://a")]}),
        id="anthropic-address-in-a-result",
    ),
    pytest.param(lambda: messages(container="container_1"), id="anthropic-container"),
    pytest.param(
        lambda: chat({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}), id="chat-address"
    ),
    pytest.param(lambda: chat({"type": "file", "file": {"file_id": "file-1"}}), id="chat-file"),
    pytest.param(
        lambda: chat(messages=[{"role": "assistant", "audio": {"id": "audio_1"}}]), id="chat-what-the-model-spoke"
    ),
    pytest.param(lambda: responses(previous_response_id="resp_1"), id="responses-earlier-answer"),
    pytest.param(lambda: responses(conversation={"id": "conv_1"}), id="responses-conversation"),
    pytest.param(lambda: responses(prompt={"id": "pmpt_1"}), id="responses-stored-prompt"),
    pytest.param(
        lambda: responses({"role": "user", "content": [{"type": "input_image", "image_url": "https://a"}]}),
        id="responses-address",
    ),
    pytest.param(
        lambda: responses({"role": "user", "content": [{"type": "input_file", "file_url": "https://a"}]}),
        id="responses-file-address",
    ),
    pytest.param(
        lambda: responses({"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}),
        id="responses-file",
    ),
    pytest.param(lambda: responses({"type": "item_reference", "id": "msg_1"}), id="responses-item"),
    pytest.param(lambda: responses({"type": "reasoning", "id": "rs_1", "summary": []}), id="responses-reasoning"),
]

HERE = [
    pytest.param(lambda: messages(source(type="base64", data="aaaa")), id="anthropic-image"),
    pytest.param(lambda: messages({"type": "text", "text": '"source": {"type": "url"}'}), id="anthropic-text"),
    pytest.param(lambda: messages(uses("Fetch", source={"type": "url"}, url="https://a")), id="anthropic-arguments"),
    pytest.param(lambda: messages(container=None, mcp_servers=[]), id="anthropic-nothing"),
    *(
        pytest.param(lambda told=told: messages(context_management=told), id=f"anthropic-context-{number}")
        for number, told in enumerate(
            [None, 7, {"edits": None}, {"edits": [7, {"type": "clear_thinking_20251015"}, {"type": None}]}]
        )
    ),
    pytest.param(lambda: messages(tools=[CODE, {"type": "custom", **CODE}]), id="anthropic-own-tools"),
    pytest.param(
        lambda: messages(
            tools=[
                {"type": "bash_20250124", "name": "bash"},
                {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
                {"type": "computer_20250124", "name": "computer"},
                {"type": "memory_20250818", "name": "memory"},
            ]
        ),
        id="anthropic-tools-run-by-the-client",
    ),
    pytest.param(
        lambda: chat({"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}}), id="chat-image"
    ),
    pytest.param(lambda: chat({"type": "text", "text": '"file_id": "x"'}), id="chat-text"),
    pytest.param(lambda: chat(modalities=["text", "audio"], audio={"voice": "a"}), id="chat-that-shall-speak"),
    pytest.param(lambda: chat(web_search_options=None, tools=None), id="chat-nothing"),
    pytest.param(lambda: chat(tools=[{"type": "function", "function": {"name": "file_id"}}]), id="chat-own-tools"),
    pytest.param(
        lambda: responses(previous_response_id=None, conversation=None, prompt=None, reasoning={"effort": "low"}),
        id="responses-nothing",
    ),
    pytest.param(
        lambda: responses({"type": "reasoning", "encrypted_content": "gAAA"}), id="responses-sealed-reasoning"
    ),
    pytest.param(lambda: responses(input="hi"), id="responses-text"),
    pytest.param(
        lambda: responses(
            tools=[
                {"type": "function", "name": "f"},
                {"type": "custom", "name": "apply_patch"},
                {"type": "local_shell"},
                {"type": "shell"},
                {"type": "shell", "environment": {"type": "local"}},
                {"type": "apply_patch"},
            ]
        ),
        id="responses-tools-run-by-the-client",
    ),
]

UNBOUNDED = [
    *(
        pytest.param(lambda kind=kind: messages(tools=[CODE, {"type": kind, "name": "x"}]), id=f"anthropic-{kind}")
        for kind in ("web_search_20250305", "web_fetch_20250910", "code_execution_20250825", "mcp_toolset")
    ),
    pytest.param(
        lambda: messages(tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}]),
        id="anthropic-search-with-a-limit",
    ),
    pytest.param(lambda: messages(mcp_servers=[{"type": "url", "url": "https://a"}]), id="anthropic-mcp"),
    pytest.param(
        lambda: messages(context_management={"edits": [{"type": "compact_20260112"}]}), id="anthropic-compaction"
    ),
    pytest.param(
        lambda: messages(tools=[{"type": "advisor_20260301", "name": "advisor", "model": "x"}]), id="anthropic-adviser"
    ),
    pytest.param(lambda: chat(web_search_options={}), id="chat-search"),
    *(
        pytest.param(lambda kind=kind: responses(tools=[{"type": kind}]), id=f"responses-{kind}")
        for kind in ("web_search", "web_search_preview", "file_search", "code_interpreter", "computer_use_preview")
    ),
    *(
        pytest.param(lambda kind=kind: responses(tools=[{"type": kind}]), id=f"responses-{kind}")
        for kind in ("mcp", "image_generation", "what_comes_next")
    ),
    pytest.param(
        lambda: responses(tools=[{"type": "shell", "environment": {"type": "container_auto"}}]),
        id="responses-shell-of-theirs",
    ),
    pytest.param(lambda: responses(tools=[{"type": ["web_search"]}]), id="responses-odd"),
]


@pytest.mark.parametrize("request_", ELSEWHERE)
def test_what_is_fetched_is_told(request_: Any) -> None:
    assert request_().reads_elsewhere
    assert not request_().is_unbounded


@pytest.mark.parametrize("request_", HERE)
def test_what_stands_in_the_request_is_not_taken_for_more(request_: Any) -> None:
    assert not request_().reads_elsewhere
    assert not request_().is_unbounded


@pytest.mark.parametrize("request_", UNBOUNDED)
def test_tools_that_the_provider_runs_are_told(request_: Any) -> None:
    assert request_().is_unbounded
    assert request_().reads_elsewhere


@pytest.mark.parametrize(("provider", "path"), [("anthropic", "/v1/messages"), ("openai", "/v1/chat/completions")])
def test_a_request_of_another_shape_may_be_anything(provider: str, path: str) -> None:
    told = asked(
        provider, path, {"model": "m", "stream": True, "messages": "hi", "stream_options": {"include_usage": True}}
    )

    assert told.model == "m"
    assert told.streamed
    assert not told.lacks_usage
    assert told.is_unbounded
    assert told.reads_elsewhere


def test_half_a_character_and_what_is_no_number_hide_nothing() -> None:
    body = (
        b'{"model":"m\\ud83d","temperature":NaN,"tools":[{"type":"web_search"}],"input":"\xff","max_output_tokens":5}'
    )
    told = PROVIDERS["openai"].endpoints["/v1/responses"].read_request(body)

    assert (told.model, told.is_unbounded) == ("m?", True)


def test_what_is_no_number_says_nothing_of_the_rest() -> None:
    told = PROVIDERS["openai"].endpoints["/v1/responses"].read_request(b'{"model":"m","temperature":NaN,"input":"hi"}')

    assert (told.model, told.is_unbounded, told.reads_elsewhere) == ("m", False, False)


def test_what_is_nested_too_deeply_to_be_looked_into_may_be_anything() -> None:
    mark = re.compile(rb'"source"')

    def within(text: str) -> bool:
        return any_elsewhere([msgspec.Raw(text.encode())], mark, lambda _: False)

    assert within('{"source":' + "[" * 100_000 + "]" * 100_000 + "}")
    assert not within('{"source":' + "[" * 10 + "]" * 10 + "}")
    assert not within("[" * 100_000 + "]" * 100_000)
