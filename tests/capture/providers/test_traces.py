"""Do requests show their tool calls so that the same is the same, whatever a client changes along the way?"""

from __future__ import annotations

import contextlib
import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.examples import each

from codesession.capture.providers import PROVIDERS, Unreadable
from codesession.capture.providers.traces import MOST_STEPS, Steps
from codesession.model import Step, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = PROVIDERS["anthropic"].endpoints["/v1/messages"].read_request
CHAT = PROVIDERS["openai"].endpoints["/v1/chat/completions"].read_request
RESPONSES = PROVIDERS["openai"].endpoints["/v1/responses"].read_request
EMBEDDINGS = PROVIDERS["openai"].endpoints["/v1/embeddings"].read_request
ENDPOINTS = (MESSAGES, CHAT, RESPONSES, EMBEDDINGS)


def steps(*messages: dict[str, Any]) -> tuple[Step, ...]:
    trace = MESSAGES(json.dumps({"messages": messages}).encode()).trace
    assert trace is not None
    return trace.steps


def chat_steps(*messages: dict[str, Any]) -> tuple[Step, ...]:
    trace = CHAT(json.dumps({"messages": messages}).encode()).trace
    assert trace is not None
    return trace.steps


def response_steps(*items: dict[str, Any]) -> tuple[Step, ...]:
    trace = RESPONSES(json.dumps({"input": items}).encode()).trace
    assert trace is not None
    return trace.steps


def use(tool: str, name: str = "t1", **arguments: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": name, "name": tool, "input": arguments}]}


def came(content: Any, name: str = "t1", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": name, "content": content, **more}]}


def one(tool: str, **arguments: Any) -> Step:
    return steps(use(tool, **arguments))[0]


def result(content: Any) -> bytes | None:
    return steps(use("Read", path="a"), came(content))[0].result


def test_a_trace_has_the_digest_of_the_body_and_no_text() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"secret"}]}'

    assert all(read(body).trace == Trace(blake2b(body, digest_size=16).digest()) for read in ENDPOINTS)


def test_calls_find_their_results_whatever_stands_between() -> None:
    both = {"role": "assistant", "content": [*use("A", "t1", x=1)["content"], *use("B", "t2", y=2)["content"]]}
    results = {"role": "user", "content": [*came("b", "t2")["content"], *came("a", "t1")["content"]]}
    found = steps({"role": "user", "content": "go"}, both, results, use("C", "t3"))

    assert [step.result for step in found] == [result("a"), result("b"), None]
    assert [step.call for step in found] == [one("A", x=1).call, one("B", y=2).call, one("C").call]


def test_numbers_that_begin_anew_each_turn_do_not_mix_results_up() -> None:
    found = steps(use("Read", n=1), came("first"), use("Read", n=2), came("second"), use("Read", n=3))

    assert [step.result for step in found] == [result("first"), result("second"), None]


def test_a_call_without_a_result_does_not_take_another_s() -> None:
    found = steps(use("Read", n=1), use("Read", n=2), came("second"))

    assert [step.result for step in found] == [None, result("second")]


def test_only_the_newest_steps_are_shown() -> None:
    turns = [turn for number in range(50) for turn in (use("Read", f"t{number}", n=number), came("x", f"t{number}"))]
    found = steps(*turns)

    assert len(found) == MOST_STEPS
    assert [step.call for step in found] == [one("Read", n=number).call for number in range(26, 50)]


def test_a_mark_for_the_cache_changes_nothing() -> None:
    mark: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
    image = {"type": "image", "source": {"type": "base64", "data": "aaaa"}}

    assert result([{"type": "text", "text": "a", **mark}]) == result("a")
    assert result([{**image, **mark}]) == result([image])
    assert steps(use("Read", path="a"), came("a", **mark))[0].result == result("a")


def test_a_check_that_passes_after_another_change_is_news_and_one_that_fails_is_not() -> None:
    def check(text: str) -> list[bytes | None]:
        turns = []
        for number in range(4):
            turns += [use("Edit", file_path="a", old_string=f"{number}", new_string="x"), came("done")]
            turns += [use("Bash", command="make test"), came(text)]
        return [step.result for step in steps(*turns)][1::2]

    assert len(set(check("31 passed, 0 failed in 0.10s"))) == 4
    assert len(set(check("src/errors.py ....  ok"))) == 4
    assert len(set(check("1 failed in 0.10s"))) == 1
    assert len(set(check("NameError: login"))) == 1


def test_the_same_command_over_and_over_has_the_same_result_though_it_succeeds() -> None:
    turns = [use("Read", path="a"), came("x")] + [use("Bash", command="ls"), came("src")] * 3

    assert len({step.result for step in steps(*turns)[1:]}) == 1


# --- the other wire ---


def test_calls_of_the_chat_api() -> None:
    function = {"name": "f", "arguments": '{"b": 1, "a": 2}'}
    custom = {"name": "apply_patch", "input": "*** Begin Patch\n*** Update File: a.py\n+x\n*** End Patch"}
    found = chat_steps(
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        {"role": "assistant", "tool_calls": [{"id": "c2", "type": "custom", "custom": custom}]},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "done"}]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": '{"a":2,"b":1}'}},
        {"role": "function", "name": "f", "content": "done"},
    )

    assert found[0].call == found[2].call == one("f", a=2, b=1).call
    assert [step.result is not None for step in found] == [True] * 3
    assert found[0].result == result("done")
    assert found[1].file == blake2b(b"a.py", digest_size=16).digest()


def test_calls_of_the_responses_api() -> None:
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("function_call", {"name": "f", "arguments": '{"a":1}'}),
        ("custom_tool_call", {"name": "apply_patch", "input": "*** Begin Patch\n*** Add File: a.py\n+x"}),
        ("local_shell_call", {"action": {"type": "exec", "command": ["ls"]}}),
        ("shell_call", {"action": {"commands": ["ls"]}}),
        ("apply_patch_call", {"operation": {"type": "update_file", "path": "a.py", "diff": "+x"}}),
    ]
    items: list[dict[str, Any]] = [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]
    for number, (kind, fields) in enumerate(kinds):
        items += [
            {"type": kind, "id": f"fc_{number}", "call_id": f"c{number}", **fields},
            {"type": f"{kind}_output", "call_id": f"c{number}", "output": f"error {number}"},
        ]
    found = response_steps({"role": "user", "content": "go"}, *items)

    assert [step.result for step in found] == [result(f"error {number}") for number in range(5)]
    assert found[0].call == one("f", a=1).call
    assert len({step.call for step in found}) == 5
    assert found[1].file == blake2b(b"a.py", digest_size=16).digest()
    assert all(len(part) <= 16 for step in found for part in step if part is not None)


# --- whatever comes ---


def test_what_has_no_shape_of_a_call_is_passed_over() -> None:
    odd: list[Any] = [5, None, "x", [], {"content": 7}, {"content": [7]}, {"content": [{"type": 7}]}]
    trace = MESSAGES(json.dumps({"messages": [use("A"), *odd, came("x")]}).encode()).trace

    assert trace is not None
    assert [step.result for step in trace.steps] == [result("x")]


def test_half_a_character_does_not_blind_the_rest_of_the_session() -> None:
    cut = json.dumps({"messages": [use("Read"), came("cut \ud83d"), use("Read", "t2"), came("b", "t2")]})
    trace = MESSAGES(cut.encode()).trace

    assert trace is not None
    assert [step.result for step in trace.steps] == [result("cut ?"), result("b")]


@pytest.mark.parametrize("depth", [100, 900, 5_000])
def test_arguments_nested_without_end_are_no_reason_to_fail(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    use = f'{{"type":"tool_use","id":"t","name":"A","input":{{"a":{deep}}}}}'
    call = f'{{"type":"function_call","call_id":"t","name":"A","arguments":"{{\\"a\\":{deep}}}"}}'
    with contextlib.suppress(Unreadable):
        MESSAGES(f'{{"messages":[{{"content":[{use}]}}]}}'.encode())
    found = RESPONSES(f'{{"input":[{call}]}}'.encode()).trace
    assert found is not None
    assert len(found.steps) == 1


def test_what_is_remembered_of_messages_has_a_bound() -> None:
    class Forgetful(Steps):
        def size(self) -> int:
            return len(self._known)

    finder = Forgetful(lambda _: ())
    for number in range(10_000):
        finder.of([json.dumps(number).encode()])  # type: ignore[list-item]  # bytes are as good here

    assert 0 < finder.size() <= 4096


TEXTS = st.sampled_from(["t1", "t2", "Write", "*** Begin Patch\n*** Add File: a", "{", '{"a":[]}', "\ud800", ""])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
KINDS = st.sampled_from(
    ["tool_use", "tool_result", "text", "function_call", "function_call_output", "custom_tool_call", "reasoning", 5]
)
KEYS = ["id", "name", "content", "tool_use_id", "call_id", "arguments", "output", "tool_calls", "function", "custom"]
MORE = ["source", "image_url", "file_id", "url", "action", "role", "tool_call_id", "function_call", "path", "command"]


def blocks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from([*KEYS, *MORE, "input"]), inner, max_size=4)
    typed = st.builds(lambda kind, fields: {"type": kind, **fields}, KINDS, fields)
    return st.one_of(st.lists(inner, max_size=3), fields, typed)


VALUES = st.recursive(LEAVES, blocks, max_leaves=12)
REQUESTS = st.dictionaries(
    st.sampled_from(["messages", "input", "tools", "prompt", "container", "web_search_options", "model"]),
    st.one_of(VALUES, st.lists(VALUES, max_size=4)),
    max_size=4,
)


def bodies() -> Iterator[st.SearchStrategy[bytes]]:
    whole = REQUESTS.map(lambda request: json.dumps(request).encode())
    yield whole
    yield st.tuples(whole, st.integers(0, 80)).map(lambda told: told[0][: -told[1]])
    yield whole.map(lambda body: body.replace(b"t1", b"\xff\\ud8"))


@pytest.mark.no_cover  # its many examples go where other tests go line by line
@given(body=st.one_of(*bodies()))
@each(100)
def test_a_request_is_read_or_unreadable_whatever_it_holds(body: bytes) -> None:
    for read in ENDPOINTS:
        with contextlib.suppress(Unreadable):
            trace = read(body).trace
            assert trace is not None
            assert all(part is None or 0 < len(part) <= 16 for step in trace.steps for part in step)
