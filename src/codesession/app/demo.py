"""What does a run look like that needs no key and no network? A pretend agent, a pretend provider, the real proxy."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.app.core import open_app
from codesession.app.runs import run
from codesession.demo import simulated_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.app.core import App
    from codesession.app.runs import Run
    from codesession.config import Config


@contextmanager
def demonstration(
    config: Config, say: Callable[[str], None], *, stdout: int | None = None
) -> Iterator[tuple[App, Run]]:
    """Run the demo agent in a scratch repository, into a ledger of its own, ``demo/sessions.db``.

    `stdout` is the descriptor the agent's output goes to, None for ours. Yields the program over that ledger, and the
    run; the user's own ledger is never opened.
    """
    ledger = config.data_dir / "demo" / "sessions.db"
    before = Path.cwd()
    with (
        tempfile.TemporaryDirectory(prefix="codesession-demo-", ignore_cleanup_errors=True) as scratch,
        simulated_provider() as provider,
    ):
        _make_repository(Path(scratch))
        environ = {
            **config.environ,
            "CODESESSION_DB_PATH": str(ledger),
            "ANTHROPIC_API_KEY": "demo",
            "OPENAI_API_KEY": "demo",
        }
        here = replace(
            config,
            database=ledger,
            upstreams={"anthropic": provider.url, "openai": provider.url},
            environ=environ,
        )
        os.chdir(scratch)
        try:
            with open_app(here, say) as app:
                command = [sys.executable, "-m", "codesession.demo.agent"]
                yield app, run(app, command, name="demo agent", port=0, stdout=stdout)
        finally:
            os.chdir(before)


def _make_repository(scratch: Path) -> None:
    """A git repository for the agent to work in; without git it is a plain directory."""
    try:
        subprocess.run(["git", "init", "--quiet", str(scratch)], check=False, capture_output=True)  # noqa: S603, S607
    except OSError:
        return
