"""How long does a command keep a person waiting, beside an interpreter that does nothing?

Runs alternate, in a git repository with an active session of some calls, in a ledger of few and of many calls; medians
are printed.

    python benchmarks/commands.py [--runs 20] [--calls 100 1000000]
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codesession.ledger import SqliteLedger, totals
from codesession.model import Scope

CS = [sys.executable, "-m", "codesession"]
COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    "import codesession": [sys.executable, "-c", "import codesession"],
    "cs --version": [*CS, "--version"],
    "cs status --json": [*CS, "status", "--json"],
    "cs list --json": [*CS, "list", "--json"],
    "cs stats --json": [*CS, "stats", "--json"],
    "cs log-ai --json": [
        *[*CS, "log-ai", "--json", "-p", "anthropic", "-m", "claude-sonnet-4"],
        *["--prompt-tokens", "8000", "--completion-tokens", "2000"],
    ],
}
IN_THE_ACTIVE_SESSION = 100
"""Calls of the session that `cs status` shows; the others are of sessions of a thousand calls that have ended."""
PER_SESSION = 1000

_SESSIONS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO session (name, directory, started_ms, ended_ms)
    SELECT 'session ' || i, '/projects/' || (i % 20), i * 3600000, i * 3600000 + 1800000 FROM n WHERE ?1 > 0
"""
_CALLS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
    INSERT INTO call (session_id, state, provider, model, endpoint, streamed, started_ms, ended_ms, cost_nanos,
        price_source, evidence, agent, input, cache_read, cache_write, cache_write_1h, input_audio, cache_read_audio,
        output, reasoning, output_audio, web_searches)
    SELECT ?2 + i / ?3, 'settled', 'anthropic', CASE i % 3 WHEN 0 THEN 'claude-opus-4-6' ELSE 'claude-sonnet-4-5' END,
        'messages', 1, i * 3600, i * 3600 + 900, 105000, 'benchmark', 'measured', 'agent ' || (i % 2),
        10, 2000, 0, 0, 0, 0, 5, 0, 0, 0
    FROM n WHERE ?1 > 0
"""


_LAUNCHER = """
import os, sys, time
began = time.perf_counter()
silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, used = os.wait4(child, 0)
print(status, time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""A parent that is as small as an interpreter can be: on Linux a program's peak begins with that of who started it."""


def fill(database: Path, directory: str, calls: int) -> None:
    """A ledger of `calls` settled calls, `IN_THE_ACTIVE_SESSION` of them in the session active in `directory`."""
    ledger = SqliteLedger(database)
    others = max(0, calls - IN_THE_ACTIVE_SESSION)
    with sqlite3.connect(database) as connection:
        connection.execute(_SESSIONS, (-(-others // PER_SESSION),))
        connection.execute(_CALLS, (others, 1, PER_SESSION))
    with ledger.writing() as writer:
        now_ms = time.time_ns() // 1_000_000
        session = writer.begin_session(Scope(directory, git_root=directory), "benchmark", now_ms)
    with sqlite3.connect(database) as connection:
        connection.execute(_CALLS, (min(calls, IN_THE_ACTIVE_SESSION), session.id, PER_SESSION))
        totals.rebuild(connection)
    connection.close()
    ledger.close()


def once(command: list[str], directory: str, environ: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one run."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launcher, cwd=directory, env=environ, stdout=subprocess.PIPE, check=True)
    status, wall_s, cpu_s, peak_kb = done.stdout.split()
    assert int(status) == 0, command
    return float(wall_s), float(cpu_s), int(peak_kb) / 1024


def measure(runs: int, calls: int) -> None:
    """Run everything over a ledger of so many calls and print it."""
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        real = os.path.realpath(directory)
        database = Path(real, ".codesession", "sessions.db")
        work = str(Path(real, "work"))
        subprocess.run(["git", "init", "--quiet", work], check=True)
        environ = {**os.environ, "HOME": real}
        for name in ("PYTHONDONTWRITEBYTECODE", "CODESESSION_DB_PATH", "COSTHQ_DATA_DIR"):
            environ.pop(name, None)
        fill(database, work, calls)
        times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
        for number in range(runs + 1):
            for name, command in COMMANDS.items():
                figures = once(command, work, environ)
                if number:  # the first round fills the caches and compiles the prices
                    times[name].append(figures)
        size = database.stat().st_size / 1e6
    middle = {
        name: tuple(statistics.median(column) for column in zip(*rows, strict=True)) for name, rows in times.items()
    }
    bare = middle["bare python"]
    print(f"\n{runs} runs each, {calls:,} calls in a ledger of {size:,.0f} MB; medians")
    print(f"{'':20}{'wall ms':>9}{'over bare':>11}{'CPU ms':>8}{'over bare':>11}{'peak MB':>9}")
    for name, (wall, cpu, memory) in middle.items():
        print(
            f"{name:20}{wall * 1e3:9.0f}{(wall - bare[0]) * 1e3:11.0f}"
            f"{cpu * 1e3:8.0f}{(cpu - bare[1]) * 1e3:11.0f}{memory:9.0f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--calls", type=int, nargs="+", default=[100, 1_000_000])
    chosen = parser.parse_args()
    for count in chosen.calls:
        measure(chosen.runs, count)
