"""Is a tool call that is the same seen as the same, and any other as another?"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from codesession.capture.providers import toolcalls

if TYPE_CHECKING:
    from codesession.capture.providers.toolcalls import Called


def one(tool: str, **arguments: Any) -> Called:
    return toolcalls.called(tool, msgspec.Raw(json.dumps(arguments).encode()))


def result(content: Any) -> bytes | None:
    return toolcalls.result(msgspec.Raw(json.dumps(content).encode())).digest


@pytest.mark.parametrize(
    ("tool", "arguments", "other"),
    [
        pytest.param(
            "Bash", {"command": "ls", "description": "a"}, {"description": "b", "command": "ls"}, id="comment"
        ),
        pytest.param("X", {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}, id="order"),
    ],
)
def test_the_same_call_is_the_same(tool: str, arguments: dict[str, Any], other: dict[str, Any]) -> None:
    assert one(tool, **arguments) == one(tool, **other)


def test_other_calls_are_others() -> None:
    calls = [one("A"), one("B"), one("A", x=1), one("A", x="1"), one("A", description="a"), one("A", description="b")]

    assert len({step.call for step in calls}) == len(calls)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1 failed in 0.51s", "1 failed in 0.49s"),
        ("Ran 3 tests in 0.004s\n\nFAILED (errors=1)", "Ran 3 tests in 0.005s\n\nFAILED (errors=1)"),
        ("Tests: 1 failed\nTime:        1.204 s\nRan all.", "Tests: 1 failed\nTime:        2.1 s\nRan all."),
        ("FAIL\tcs/login\t0.012s", "FAIL\tcs/login\t0.013s"),
        (
            "Chunk ID: a1b2\nWall time: 0.05 seconds\nProcess exited with code 1\nOutput:\nno",
            "Chunk ID: c3d4\nWall time: 0.07 seconds\nProcess exited with code 1\nOutput:\nno",
        ),
        (
            '{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.1}}',
            '{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.3}}',
        ),
    ],
)
def test_how_long_it_took_is_no_other_result(earlier: str, later: str) -> None:
    assert result(earlier) == result(later)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1 failed in 0.51s", "2 failed in 0.51s"),
        ("Still creating... [45s elapsed]", "Still creating... [55s elapsed]"),
        (
            "Wall time: 5.01 seconds\nProcess running with session ID 1\nOutput:\n",
            "Wall time: 5.02 seconds\nProcess running with session ID 1\nOutput:\n",
        ),
        ("", " "),
        ([], None),
    ],
)
def test_another_result_is_another(earlier: Any, later: Any) -> None:
    assert result(earlier) != result(later)


def test_a_result_that_was_taken_out_tells_nothing() -> None:
    assert result("[Old tool result content cleared]") is None


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Write", {"file_path": "a.py", "content": "x"}),
        ("Edit", {"file_path": "a.py", "old_string": "x", "new_string": "y"}),
        ("MultiEdit", {"file_path": "a.py", "edits": []}),
        ("NotebookEdit", {"notebook_path": "a.py", "new_source": "x"}),
        ("write_file", {"path": "a.py", "content": "x"}),
        ("mcp__filesystem__edit_file", {"path": "a.py", "edits": []}),
        ("create_file", {"filename": "a.py", "content": "x"}),
        ("edit_file", {"target_file": "a.py", "code_edit": "x"}),
        ("replace", {"file_path": "a.py", "old_string": "x", "new_string": "y", "instruction": "Do it."}),
        ("str_replace_based_edit_tool", {"command": "create", "path": "a.py", "file_text": "x"}),
        ("str_replace_based_edit_tool", {"command": "str_replace", "path": "a.py", "old_str": "x"}),
        ("apply_patch", {"input": "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch"}),
        ("shell", {"command": ["apply_patch", "*** Begin Patch\n*** Add File: a.py\n+y\n*** End Patch"]}),
    ],
)
def test_a_file_that_is_written_is_seen(tool: str, arguments: dict[str, Any]) -> None:
    step = one(tool, **arguments)

    assert step.file == blake2b(b"a.py", digest_size=16).digest()
    assert step.content is not None


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Read", {"file_path": "a.py"}),
        ("Write", {"content": "x"}),
        ("Write", {"file_path": ["a.py"], "content": "x"}),
        ("str_replace_based_edit_tool", {"command": "view", "path": "a.py"}),
        ("str_replace_based_edit_tool", {"command": ["create"], "path": "a.py"}),
        ("apply_patch", {"input": "*** Begin Patch\n*** Add File: a\n+x\n*** Add File: b\n+y\n*** End Patch"}),
        ("Bash", {"command": "echo Write"}),
    ],
)
def test_what_writes_no_one_file_is_seen_as_such(tool: str, arguments: dict[str, Any]) -> None:
    step = one(tool, **arguments)

    assert (step.file, step.content) == (None, None)


def test_what_is_written_is_told_apart_and_what_is_said_of_it_is_not() -> None:
    def content(text: str, said: str) -> bytes | None:
        return one("replace", path="a", new_string=text, instruction=said).content

    assert content("x", "Do it.") == content("x", "Do it again.")
    assert content("x", "Do it.") != content("y", "Do it.")


def test_arguments_that_are_no_object_are_a_text() -> None:
    def call(arguments: bytes) -> bytes:
        return toolcalls.called("A", msgspec.Raw(arguments)).call

    assert call(b'"{\\"a\\": 1}"') == one("A", a=1).call
    assert len({call(what) for what in (b"[1]", b'"{"', b'"x"', b"5", b"")}) == 5


@pytest.mark.parametrize("depth", [900, 100_000])
def test_what_is_nested_too_deeply_is_still_something(depth: int) -> None:
    deep = msgspec.Raw(b"[" * depth + b"]" * depth)

    assert len(toolcalls.called("A", deep).call) == 16
    assert len(toolcalls.result(deep).digest or b"") == 16
