"""Which files does the system say were touched just now?

It tells of everything below a directory, through symlinks too, and in its own words; what of that counts, and what it
means, is decided in ``ignored.py`` and ``watch.py``.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from codesession.errors import CodesessionError
from codesession.workspace.ignored import SNAPSHOT, files_below
from codesession.workspace.marks import look

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

STEP_MS = 100
"""What was touched is told after so much quiet: a file renamed into its place comes with its temporary name."""
TICK_MS = 200
TOGETHER_MS = 800
POLL_MS = 2000
"""How often the system is asked where it does not tell by itself (``WATCHFILES_FORCE_POLLING``, WSL)."""
_FAILURES = 5
_CLOCK_NS = 20_000_000
"""Files are dated by a clock that goes in steps, of up to 16 ms on some systems."""

Touched = dict[bytes, bool]
"""The paths that were touched, relative to the root, each with whether the system said that it is new."""


class WatchFailed(CodesessionError):
    """The system does not tell what happens in a directory; nothing was changed."""

    code = "watch_failed"


def touched_files(root: Path) -> Generator[Touched, None, None]:
    """What is touched below `root`, git's own files left out, at least every `TICK_MS`; perhaps nothing.

    The first answer comes when watching has begun. Ends when it is closed.

    Raises `WatchFailed` when the system cannot watch (any longer): `root` is gone, hides a part, or is too large.
    """
    if root == root.parent:
        raise WatchFailed(f"{root} is the whole file system")
    failures = 0
    told_ns = time.time_ns()
    forgotten_ns: int | None = None
    while True:
        try:
            for touched in _touched(root):
                forgotten = {} if forgotten_ns is None else _written_since(root, forgotten_ns)
                forgotten_ns = None
                told_ns = time.time_ns()
                yield touched | forgotten
        except RuntimeError as problem:  # one name was too much for it, such as one that is not Unicode
            failures += 1
            if failures > _FAILURES:
                raise WatchFailed(str(problem)) from problem
            forgotten_ns = told_ns - _CLOCK_NS
        except FileNotFoundError as problem:
            raise WatchFailed(f"{root} is gone") from problem
        except (OSError, ValueError) as problem:
            raise WatchFailed(str(problem)) from problem


def _touched(root: Path) -> Generator[Touched, None, None]:
    from watchfiles import Change, watch

    before = root.stat()
    top = str(root) + os.sep
    batches = watch(
        root,
        watch_filter=None,
        debounce=TOGETHER_MS,
        step=STEP_MS,
        rust_timeout=TICK_MS,
        yield_on_timeout=True,
        poll_delay_ms=POLL_MS,
        ignore_permission_denied=False,  # with True nothing at all is watched, and nobody says so (watchfiles 1.3)
    )
    with closing(batches):
        for batch in batches:
            touched: Touched = {}
            for change, full in batch:
                path = os.fsencode(full.removeprefix(top).replace(os.sep, "/")) if full.startswith(top) else b""
                if path and b".git" not in path.split(b"/"):
                    touched[path] = touched.get(path, False) or change == Change.added
            now = root.stat()
            is_same = (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
            if not is_same or (Change.deleted, str(root)) in batch:  # a new directory may get the old one's number
                raise FileNotFoundError(root)
            yield touched


def _written_since(root: Path, since_ns: int) -> Touched:
    """What the system forgot to tell: the files written since then, in nanoseconds since the epoch."""
    looks = ((path, look(root, path)) for path in islice(files_below(root, b"", _is_not_git), SNAPSHOT))
    return {path: False for path, seen in looks if seen is not None and seen.mtime_ns >= since_ns}


def _is_not_git(directory: bytes) -> bool:
    return directory.rpartition(b"/")[2] != b".git"
