"""What is there to look at in a repository? A few commits of invented files, written by git itself in one go."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ADA = "Ada Example <ada@example.org>"


class Change(NamedTuple):
    """A commit to be made; `files` maps paths to whole contents, None removes one."""

    message: str
    at_s: int
    files: dict[str, str | None]


def repository(root: Path, changes: Sequence[Change]) -> list[str]:
    """Make a git repository in `root` with those commits on its branch ``main``; returns their hashes, in order."""
    root.mkdir(parents=True)
    _git(root, "init", "--quiet", "--initial-branch=main")
    stream = b"".join(_commit(mark, change) for mark, change in enumerate(changes, 1))
    _git(root, "fast-import", "--quiet", "--export-marks=.git/marks", feed=stream)
    _git(root, "reset", "--quiet", "--hard", "main")
    marks = dict(line.split() for line in (root / ".git" / "marks").read_text("ascii").splitlines())
    return [marks[f":{mark}"] for mark in range(1, len(changes) + 1)]


def _commit(mark: int, change: Change) -> bytes:
    """As `git fast-import` reads it: https://git-scm.com/docs/git-fast-import (read 2026-11-28)."""
    head = f"commit refs/heads/main\nmark :{mark}\ncommitter {_ADA} {change.at_s} +0000\n"
    lines = [head.encode(), _data(change.message)]
    if mark > 1:
        lines.append(f"from :{mark - 1}\n".encode())
    for path, content in change.files.items():
        if content is None:
            lines.append(f"D {path}\n".encode())
        else:
            lines += [f"M 100644 inline {path}\n".encode(), _data(content)]
    return b"".join(lines)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%b\n" % (len(content), content)


def _git(root: Path, *words: str, feed: bytes | None = None) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], cwd=root, env=environ, input=feed, check=True, timeout=30)
