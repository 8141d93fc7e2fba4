"""How quickly does the API answer over a ledger of a million calls, beside the same over one of a thousand?

Both are served by ``cs dashboard``, a process of its own for each, and asked in turns over loopback, every GET that the
API describes, on one connection that is kept open:

    python benchmarks/api.py --to DIRECTORY [--calls 1000000] [--rounds 30]

The ledgers are built in the directory by `million`, or taken if they are there. Beside the answers it is measured how
long the server takes to its first page and its first answer of the API, and how much memory it has then and at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from million import Size, build

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = 1_000
CALLS_OF_ONE = 50
"""Calls for each session, as the large ledger has them."""
LEFT_OUT = ("diff", "proxy/status")
"""What asks git, or a proxy, takes as long as these take."""
ASKED_WITH = {"export": "limit=100&format=json", "calls/export": "limit=1000&format=csv"}


class Server(NamedTuple):
    """A dashboard over one ledger."""

    connection: HTTPConnection
    pid: int
    names: dict[str, int]
    """what stands for a name in a path"""
    first_ms: tuple[float, float]
    """from the start of the process to the first page, and how long the first answer of the API took"""

    def get(self, path: str) -> tuple[float, int]:
        """How long an answer took, in milliseconds, and how many bytes it has."""
        began = time.perf_counter()
        try:
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
        except RemoteDisconnected:  # it was left alone for long, while the other server was asked
            self.connection.close()
            return self.get(path)
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:  # noqa: PLR2004 - else it is no figure
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return took, len(body)

    def document(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What an answer says."""
        self.connection.close()  # as above
        self.connection.request("GET", path)
        return json.loads(self.connection.getresponse().read())

    def resident_mb(self) -> float:
        """Memory that it has now, in megabytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@contextmanager
def serving(database: Path) -> Iterator[Server]:
    """``cs dashboard`` over that ledger while the block runs."""
    began = time.perf_counter()
    words = [sys.executable, "-m", "codesession", "dashboard", "--json", "--no-open", "--port", "0"]
    environ = os.environ | {"CODESESSION_DB_PATH": str(database), "HOME": str(database.parent)}
    process = subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        connection = HTTPConnection("127.0.0.1", told["port"], timeout=60)
        server = Server(connection, told["pid"], {}, (0, 0))
        server.get("/")
        page_ms = (time.perf_counter() - began) * 1000
        api_ms, _ = server.get("/api/v1/version")
        session = server.document("/api/v1/sessions?limit=1&offset=10")["sessions"][0]
        call = server.document("/api/v1/calls?limit=1&offset=10")["calls"][0]
        yield server._replace(names={"session_id": session["id"], "call_id": call["id"]}, first_ms=(page_ms, api_ms))
    finally:
        process.terminate()
        process.wait()


def questions(server: Server) -> list[str]:
    """The path of every GET, from the root of the API."""
    described = server.document("/api/v1/openapi.json")["paths"]
    paths = [path.removeprefix("/") for path, methods in described.items() if "get" in methods]
    kept = [path for path in paths if not any(word in path for word in LEFT_OUT)]
    return sorted(f"{path}?{ASKED_WITH[path]}" if path in ASKED_WITH else path for path in kept)


def main() -> None:
    """Build what is missing, ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="where the ledgers are, or are made")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    said = parser.parse_args()
    databases = []
    for calls in (said.calls, SMALL):
        database = said.to / str(calls) / "sessions.db"
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            size = Size(calls, calls // CALLS_OF_ONE, changes=calls * 3 // 20, commits=calls // 25)
            build(database, size, time.time_ns() // 1_000_000)
        databases.append(database)
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(database)) for database in databases]
        resident = [server.resident_mb() for server in servers]
        print(f"| question | p50, {said.calls:,} | p95 | p50, {SMALL:,} | p95 | ratio of p50 | KB |")
        print("|---|---|---|---|---|---|---|")
        for path in questions(servers[0]):
            _print_one(path, servers, said.rounds)
        for server, before, what in zip(servers, resident, (said.calls, SMALL), strict=True):
            page_ms, api_ms = server.first_ms
            print(
                f"{what:,} calls: first page after {page_ms:,.0f} ms, first answer of the API {api_ms:,.0f} ms later, "
                f"{before:.0f} MB then, {server.resident_mb():.0f} MB at the end"
            )


def _print_one(path: str, servers: list[Server], rounds: int) -> None:
    """Ask one question of both in turns, and print a row."""
    times: list[list[float]] = [[], []]
    size = 0
    for turn in range(rounds + 2):
        for server, took in zip(servers, times, strict=True):
            ms, length = server.get(f"/api/v1/{path.format(**server.names)}")
            if turn >= 2:  # noqa: PLR2004 - the first ones warm up
                took.append(ms)
            if server is servers[0]:
                size = length
    figures = [(statistics.median(took), statistics.quantiles(took, n=20)[-1]) for took in times]
    (large, large_95), (small, small_95) = figures
    print(
        f"| /{path} | {large:.1f} ms | {large_95:.1f} ms | {small:.1f} ms | {small_95:.1f} ms | {large / small:.1f} "
        f"| {size / 1000:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
