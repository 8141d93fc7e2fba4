"""Which program does a command run?"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNNERS = frozenset({"npx", "bunx"})
"""Programs of npm and bun that run another one by its package's name."""
_WITH_VALUE = frozenset({"-p", "--package", "--prefix", "-w", "--workspace", "--loglevel", "--userconfig", "--cache"})
"""Their options that take the next word (https://docs.npmjs.com/cli/commands/npx, read 2026-11-22)."""


def bare_name(word: str) -> str:
    """The bare name of a program, without its directory and Windows' endings.

    >>> bare_name("/usr/bin/codex"), bare_name("codex.CMD"), bare_name("python3.11")
    ('codex', 'codex', 'python3.11')
    """
    name = PurePath(word.replace("\\", "/")).name
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.lower() in ("cmd", "exe", "bat", "ps1") else name


def position(command: Sequence[str], program: str, package: str) -> int | None:
    """Where in `command` the `program` stands, by its name or its npm `package`, if it is what is run.

    >>> position(["codex", "exec"], "codex", "@openai/codex"), position(["npx", "-y", "@openai/codex@1"], "codex",
    ...     "@openai/codex"), position(["python", "codex"], "codex", "@openai/codex")
    (0, 2, None)
    """
    first = bare_name(command[0])
    if first == program:
        return 0
    if first not in _RUNNERS:
        return None
    before = ""
    for at, word in enumerate(command[1:], start=1):
        if not word.startswith("-") and before not in _WITH_VALUE:
            return at if word in (program, package) or word.startswith(package + "@") else None
        before = word
    return None
