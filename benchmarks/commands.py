"""How long does a command keep a person waiting, beside an interpreter that does nothing?

Runs alternate, in a directory with an active session and a ledger of some calls; medians are printed.

    python benchmarks/commands.py [--runs 20] [--calls 100]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codesession.ledger import SqliteLedger
from codesession.model import Attempt, Cost, Outcome, Scope, Usage

COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    "import codesession": [sys.executable, "-c", "import codesession"],
    "cs status --json": [sys.executable, "-m", "codesession", "status", "--json"],
    "cs list --json": [sys.executable, "-m", "codesession", "list", "--json"],
    "cs --version": [sys.executable, "-m", "codesession", "--version"],
}


def fill(database: Path, directory: str, calls: int) -> None:
    """A ledger with one active session of `calls` settled calls."""
    ledger = SqliteLedger(database)
    owner_id = ledger.claim(1)
    with ledger.writing() as writer:
        session = writer.begin_session(Scope(directory), "benchmark", 1)
        for _ in range(calls):
            attempt = Attempt(session.id, "anthropic", "claude-sonnet-4-5", "messages", streamed=True, request_bytes=9)
            call_id = writer.hold(attempt, 1_000_000, owner_id, 2)
            writer.settle(call_id, Outcome(Usage(input=10, output=5)), Cost(105_000, "benchmark"), 3)
    ledger.close()


def once(command: list[str], directory: str, environ: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one run."""
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=directory, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(runs: int, calls: int) -> None:
    """Run everything and print it."""
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        real = os.path.realpath(directory)
        database = Path(real, "sessions.db")
        fill(database, real, calls)
        environ = {**os.environ, "HOME": real, "CODESESSION_DB_PATH": str(database)}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
        for number in range(runs + 1):
            for name, command in COMMANDS.items():
                figures = once(command, real, environ)
                if number:  # the first round fills the caches
                    times[name].append(figures)
    middle = {
        name: tuple(statistics.median(column) for column in zip(*rows, strict=True)) for name, rows in times.items()
    }
    bare = middle["bare python"]
    print(f"{runs} runs each, {calls} calls in the session; medians")
    print(f"{'':20}{'wall ms':>9}{'over bare':>11}{'CPU ms':>8}{'over bare':>11}{'peak MB':>9}")
    for name, (wall, cpu, memory) in middle.items():
        print(
            f"{name:20}{wall * 1e3:9.0f}{(wall - bare[0]) * 1e3:11.0f}"
            f"{cpu * 1e3:8.0f}{(cpu - bare[1]) * 1e3:11.0f}{memory:9.0f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--calls", type=int, default=100)
    chosen = parser.parse_args()
    measure(chosen.runs, chosen.calls)
