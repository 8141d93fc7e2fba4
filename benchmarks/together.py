"""What do forty agents cost that log their calls at the same time, beside interpreters that do nothing?

Forty workers begin together; each runs ten times `cs log-ai --json`, one after the other, in one session. Nothing may
be lost and no command may fail. CPU seconds are those of all commands, user and system.

    python benchmarks/together.py [--workers 40] [--turns 10]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from codesession.ledger import SqliteLedger

BARE = [sys.executable, "-c", "pass"]
CS = [sys.executable, "-m", "codesession"]
LOG = [
    *[*CS, "log-ai", "--json", "-p", "anthropic", "-m", "claude-sonnet-4-5"],
    *["--prompt-tokens", "8000", "--completion-tokens", "2000"],
]
TOKENS = 10_000
NANOS = 8_000 * 3_000 + 2_000 * 15_000
"""What one call costs at https://docs.claude.com/en/docs/about-claude/pricing, read 2026-11-22."""
GOAL_CPU_S = 0.133
"""A third of the CPU seconds that a command of the earlier tool, in Node, took."""


class Spent(NamedTuple):
    """What all commands took together, in seconds."""

    wall_s: float
    cpu_s: float


def children_cpu_s() -> float:
    """CPU seconds of every child that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def together(command: list[str], workers: int, turns: int, directory: str, environ: dict[str, str]) -> Spent:
    """Run the command `turns` times in each of the workers, which begin at once; each must succeed."""
    ready = threading.Barrier(workers + 1)
    failures: list[str] = []

    def work() -> None:
        ready.wait()
        for _ in range(turns):
            done = subprocess.run(command, cwd=directory, env=environ, capture_output=True, check=False)
            if done.returncode or done.stderr:
                failures.append(f"{done.returncode} {done.stdout.decode()} {done.stderr.decode()}")

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    before_s = children_cpu_s()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    spent = Spent(time.perf_counter() - began, children_cpu_s() - before_s)
    assert not failures, failures[:3]
    return spent


def check(database: Path, calls: int) -> None:
    """Every call is there, its sums are right, and the ledger is whole."""
    with closing(SqliteLedger(database)) as ledger:
        condition = ledger.check()
        with ledger.reading() as reader:
            totals = reader.totals(1)
    assert (totals.calls, totals.tokens, totals.cost_nanos) == (calls, calls * TOKENS, calls * NANOS), totals
    assert not any((condition.references, condition.totals, condition.scopes, condition.values)), condition


def measure(workers: int, turns: int) -> None:
    """Run the commands, and as many interpreters that do nothing, and print both."""
    commands = workers * turns
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        real = os.path.realpath(directory)
        subprocess.run(["git", "init", "--quiet", real], check=True)
        environ = {**os.environ, "HOME": real}
        for name in ("PYTHONDONTWRITEBYTECODE", "CODESESSION_DB_PATH", "COSTHQ_DATA_DIR"):
            environ.pop(name, None)
        for words in (["start", "benchmark"], ["pricing", "list"]):  # the latter compiles the prices
            done = subprocess.run([*CS, *words, "--json"], cwd=real, env=environ, capture_output=True, check=True)
            assert "error" not in json.loads(done.stdout)
        bare = together(BARE, workers, turns, real, environ)
        logged = together(LOG, workers, turns, real, environ)
        check(Path(real, ".codesession", "sessions.db"), commands)
    print(f"{workers} workers, {turns} commands each: {commands} calls kept, sums exact, ledger whole")
    print(f"{'':18}{'wall s':>8}{'CPU s':>8}{'CPU s each':>12}{'over bare':>11}")
    for name, spent in (("bare python", bare), ("cs log-ai --json", logged)):
        each = spent.cpu_s / commands
        over = each - bare.cpu_s / commands
        print(f"{name:18}{spent.wall_s:8.1f}{spent.cpu_s:8.1f}{each:12.3f}{over:11.3f}")
    print(f"goal: {GOAL_CPU_S} CPU seconds each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--turns", type=int, default=10)
    chosen = parser.parse_args()
    measure(chosen.workers, chosen.turns)
