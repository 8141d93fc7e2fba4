from __future__ import annotations

import pytest

from codesession.capture.programs import bare_name, position


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("codex", "codex"),
        ("./codex", "codex"),
        ("C:\\npm\\codex.CMD", "codex"),
        ("codex.exe", "codex"),
        ("python3.11", "python3.11"),
        ("", ""),
    ],
)
def test_the_bare_name_of_a_program(word: str, name: str) -> None:
    assert bare_name(word) == name


@pytest.mark.parametrize(
    ("command", "at"),
    [
        (["codex"], 0),
        (["/opt/codex", "x"], 0),
        (["npx", "codex"], 1),
        (["npx", "-y", "@openai/codex"], 2),
        (["npx", "--yes", "@openai/codex@latest"], 2),
        (["npx", "-p", "other", "codex"], 3),
        (["bunx", "@openai/codex"], 1),
        (["npx", "other", "codex"], None),
        (["npx", "@openai/codexx"], None),
        (["npx", "-y"], None),
        (["npx"], None),
        (["sh", "-c", "codex"], None),
        (["claude", "codex"], None),
    ],
)
def test_where_a_program_stands(command: list[str], at: int | None) -> None:
    assert position(command, "codex", "@openai/codex") == at
