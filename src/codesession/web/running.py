"""How do others find out which process serves a port? It is noted in ``dashboard-<port>.pid`` while it does."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pid_file(data_dir: Path, port: int) -> Path:
    """Where the process that serves `port` is noted."""
    return data_dir / f"dashboard-{port}.pid"


@contextmanager
def noted(data_dir: Path, port: int) -> Iterator[None]:
    """Note this process while the block runs.

    Whoever listens on a port is the only one that does: what another process has noted of it is what it left behind
    when it was killed, and is replaced. The process that now has that number is somebody else's; nothing is done to it.

    Raises:
        OSError: it cannot be written.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    file, mine = pid_file(data_dir, port), f"{os.getpid()}\n"
    fresh = file.with_name(f"{file.name}.{os.getpid()}")  # put in place at once: nobody reads half a number
    try:
        fresh.write_text(mine, encoding="ascii")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # somebody has taken it away
            if file.read_text(encoding="ascii", errors="replace") == mine:
                file.unlink()
