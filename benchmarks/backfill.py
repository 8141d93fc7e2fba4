"""How long does `cs end` take when a session has seen ten thousand commits, beside `git log` over them?

The session begins in a repository with one commit; the others are made with `git fast-import`, each changing one of
fifty files. `cs end --json` is timed with its output read, as an agent reads it; each run ends a session of its own.

    python benchmarks/backfill.py [--commits 10000] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CS = [sys.executable, "-m", "codesession"]
BARE = [sys.executable, "-c", "pass"]
FILES = 50
GOAL_S = 2.0
AUTHOR = {f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def history(commits: int, first_second: int) -> bytes:
    """So many commits, a hundred in each second, for `git fast-import`."""
    lines = [b"feature done\n"]
    for number in range(commits):
        message = b"Change no. %d of this session" % number
        lines.append(
            b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % (first_second + number // 100)
        )
        lines.append(b"data %d\n%s\n" % (len(message), message))
        if not number:
            lines.append(b"from refs/heads/main^0\n")
        lines.append(b"M 100644 inline src/file%d.py\ndata 7\n%06d\n\n" % (number % FILES, number))
    return b"".join([*lines, b"done\n"])


def once(command: list[str], root: str, environ: dict[str, str]) -> tuple[float, bytes]:
    """Wall seconds of one run, and what it wrote."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, check=True)
    return time.perf_counter() - began, done.stdout


def measure(commits: int, runs: int) -> None:
    """Time each command so many times, in turns, and print medians."""
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        real = os.path.realpath(directory)
        root = str(Path(real, "repository"))
        environ = {**os.environ, **AUTHOR, "HOME": real, "GIT_CONFIG_GLOBAL": os.devnull}
        for name in ("PYTHONDONTWRITEBYTECODE", "CODESESSION_DB_PATH", "COSTHQ_DATA_DIR"):
            environ.pop(name, None)
        git = ["git", "-C", root]
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", root], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "first"], env=environ, check=True)
        start = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        feed = history(commits, int(time.time()) + 3600)  # commits count that were made since the start
        subprocess.run([*git, "fast-import", "--quiet", "--done"], input=feed, check=True)
        end = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        log = [*git, "log", "-z", "--format=%H%x00%ct%x00%s", f"{start}..{end}"]
        times: dict[str, list[float]] = {"bare python": [], "git log": [], "cs end --json": [], "cs status --json": []}
        for _ in range(runs):
            subprocess.run([*git, "reset", "--quiet", "--hard", start], check=True)
            once([*CS, "start", "benchmark", "--json"], root, environ)
            subprocess.run([*git, "reset", "--quiet", "--hard", end], check=True)
            for name, command in {
                "bare python": BARE,
                "git log": log,
                "cs status --json": [*CS, "status", "--json"],
                "cs end --json": [*CS, "end", "--json"],
            }.items():
                seconds, out = once(command, root, environ)
                times[name].append(seconds)
            told = json.loads(out)
            assert (len(told["commits"]), len(told["files"])) == (commits, FILES), told["commits"][:3]
    print(f"{commits:,} commits of {FILES} files in a session; medians of {runs} runs, in milliseconds")
    for name, seconds_each in times.items():
        print(f"{name:18}{statistics.median(seconds_each) * 1e3:8.0f}")
    print(f"goal for cs end: {GOAL_S * 1e3:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    measure(chosen.commits, chosen.runs)
