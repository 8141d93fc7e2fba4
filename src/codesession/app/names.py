"""What is a session called that nobody named? Its command, less what may be a prompt or a key.

Prompts and keys are never stored, and both are given to agents on the command line.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from codesession.app.words import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_COMMAND = 120
_LEFT_OUT = "…"

_AGENTS = frozenset({"claude", "codex", "gemini", "aider", "opencode", "goose", "amp", "qwen", "crush", "llm"})
_SUBCOMMANDS = frozenset({"exec", "e", "run", "resume", "review", "apply", "mcp", "chat", "login", "config"})
"""Words that an agent takes as a command of its own; any other bare word is its prompt."""

_SAYS_MORE = re.compile(
    r"-[pcmeiH]|--?(?:.*[-_])?(?:prompt|print|message|msg|task|text|input|query|instruction|eval|command|"
    r"key|token|secret|password|passwd|auth|credential|header)s?(?:[-_].*)?",
    re.IGNORECASE,
)
"""Flags whose value may be free text or a secret."""

_PLAIN = frozenset({"--model", "--output-format", "--permission-mode", "--sandbox", "--profile", "--approval-mode"})
"""Flags of agents whose value is a word of the agent's own."""

_SECRET = re.compile(
    r"://[^/\s]+@|(?<![a-zA-Z0-9])(?:[spr]k[-_]|gh[opsu]_|github_pat_|glpat-|hf_|xox[abp]-|AIza|AKIA|Bearer)[\w-]{8,}|"
    r"(?=[\w+-]*\d)[\w+-]{32,}"
)


def session_name(command: Sequence[str]) -> str:
    """The name of a session for `command`, at most 120 characters.

    >>> session_name(["python", "my_agent.py"])
    'python my_agent.py'
    >>> session_name(["npx", "my-agent", "--task", "fix the bug", "--fast"])
    'npx my-agent --task … --fast'
    >>> session_name(["claude", "-p", "hello", "--model=opus"])
    'claude -p … --model=opus'
    """
    program, *rest = _program(command[0])
    words = [program, *rest]
    is_agent = program.partition(".")[0] in _AGENTS
    before = ""
    for word in command[1:]:
        flag, has_value, _ = word.partition("=")
        is_prompt = is_agent and not word.startswith("-") and word not in _SUBCOMMANDS and before not in _PLAIN
        said = flag if flag.startswith("-") else f"--{flag}"  # NAME=value, as env takes it, is a flag to us
        if has_value and _SAYS_MORE.fullmatch(said) and not _has_space(flag):
            words.append(f"{flag}={_LEFT_OUT}")
        elif (
            is_prompt
            or _has_space(word)
            or _SECRET.search(word)
            or (_SAYS_MORE.fullmatch(before) and not word.startswith("-"))
        ):
            words.append(_LEFT_OUT)
        else:
            words.append(word)
        before = word
    name = checked(" ".join(words))
    return name if len(name) <= _LONGEST_COMMAND else name[: _LONGEST_COMMAND - 1] + _LEFT_OUT


def _program(word: str) -> list[str]:
    """The program's own name; of a whole command quoted as one word, only its first word and that there was more."""
    path = word.replace("\\", "/")
    is_absolute = path.startswith("/") or path[1:3] == ":/"
    name = PurePath(path).name or word
    if not _has_space(name if is_absolute else word):
        return [name]
    first = (name if is_absolute else path).split() or [_LEFT_OUT]
    return [PurePath(first[0]).name or first[0], _LEFT_OUT]


def _has_space(word: str) -> bool:
    return any(char.isspace() for char in word)
