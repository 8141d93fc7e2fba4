"""What does metering cost? Our proxy beside itself on a path it does not meter, the barest relay, and the direct call.

Each relay is a process on the first core; the provider and the load are on the second. Rounds alternate, so
that a machine whose speed drifts drifts for both; medians and their ratio are printed.

    python benchmarks/relay.py [--rounds 5] [--requests 4000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from upstream import DELTA

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
BODY = b'{"model":"claude-sonnet-4-5","max_tokens":256,"messages":[{"role":"user","content":"Say hello."}]}'
STREAM_BODY = BODY[:-1] + b',"stream":true}'
CONNECTIONS = 32
METERED = "/v1/messages"
UNMETERED = "/anthropic/v1/passed-through"
"""A path our proxy relays without metering: the same stack, checks and all, less what metering adds."""


@contextmanager
def process(*arguments: str, core: int) -> Iterator[tuple[int, psutil.Process]]:
    """A script of ours that says its port, on one core."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
    ) as child:
        assert child.stdin
        assert child.stdout
        port = int(child.stdout.readline())
        running = psutil.Process(child.pid)
        pin(running, core)
        try:
            yield port, running
        finally:
            child.stdin.close()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()


def pin(running: psutil.Process, core: int) -> None:
    """Keep a process on one core, where the system can and has two."""
    if hasattr(running, "cpu_affinity") and (os.cpu_count() or 1) > 1:
        for thread in running.threads():
            os.sched_setaffinity(thread.id, {core})


def request(path: str, body: bytes) -> bytes:
    """A request as an SDK writes it, roughly."""
    return (
        b"POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\naccept-encoding: identity\r\n"
        b"content-type: application/json\r\nx-api-key: not-a-key\r\nanthropic-version: 2023-06-01\r\n"
        b"user-agent: benchmark\r\ncontent-length: %d\r\n\r\n%s" % (path.encode(), len(body), body)
    )


async def answer(reader: asyncio.StreamReader) -> int:
    """Read one whole answer; its body's size in bytes."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    at = head.find(b"content-length:")
    if at >= 0:
        size = int(head[at + 15 :].split(b"\r\n", 1)[0])
        await reader.readexactly(size)
        return size
    total = 0
    tail = b""
    while not tail.endswith(b"0\r\n\r\n"):
        data = await reader.read(1 << 18)
        assert data, "the answer broke off"
        total += len(data)
        tail = (tail + data)[-5:]
    return total


async def requests_per_second(port: int, path: str, requests: int) -> float:
    """Small JSON answers over 32 connections."""
    wire = request(path, BODY)

    async def work(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(wire)
            await answer(reader)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(work(requests // CONNECTIONS) for _ in range(CONNECTIONS)))
    return requests // CONNECTIONS * CONNECTIONS / (time.perf_counter() - start)


async def latency_ms(port: int, path: str, requests: int) -> float:
    """The median of one call after another over one connection, in milliseconds."""
    wire = request(path, BODY)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    for _ in range(requests):
        start = time.perf_counter()
        writer.write(wire)
        await answer(reader)
        times.append(time.perf_counter() - start)
    writer.close()
    return statistics.median(times) * 1000


async def events_per_second(port: int, path: str, events: int, streams: int = 4) -> tuple[float, float]:
    """Events, and megabytes, a second through a few quick streams."""
    wire = request(f"{path}?stream={events}", STREAM_BODY)

    async def work() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(wire)
        size = await answer(reader)
        writer.close()
        return size

    start = time.perf_counter()
    sizes = await asyncio.gather(*(work() for _ in range(streams)))
    seconds = time.perf_counter() - start
    return streams * events / seconds, sum(sizes) / seconds / 1e6


async def memory_mb(port: int, running: psutil.Process, streams: int = 100) -> float:
    """Resident memory with that many streams open at once, in MB."""
    wire = request(f"{METERED}?wait=1", STREAM_BODY)
    writers = []
    for _ in range(streams):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(wire)
        await reader.readuntil(b"message_start")
        writers.append(writer)
    used = running.memory_info().rss / 1e6
    for writer in writers:
        writer.close()
    return used


def measure(rounds: int, requests: int) -> None:
    """Run everything and print it."""
    pin(psutil.Process(), 1)
    rows: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        upstream, _ = stack.enter_context(process("upstream.py", core=1))
        bare, _ = stack.enter_context(process("relays.py", "bare", str(upstream), core=0))
        ours, running = stack.enter_context(process("relays.py", "metered", str(upstream), core=0))
        ways = {
            "direct": (upstream, METERED),
            "bare": (bare, METERED),
            "unmetered": (ours, UNMETERED),
            "metered": (ours, METERED),
        }
        idle = running.memory_info().rss / 1e6
        for number in range(rounds + 1):
            for name, (port, path) in ways.items():
                row = rows.setdefault(name, {"rps": [], "p50": [], "events": [], "mb": []})
                rps = asyncio.run(requests_per_second(port, path, requests))
                p50 = asyncio.run(latency_ms(port, path, 300))
                events, megabytes = asyncio.run(events_per_second(port, path, 64 * 1500))
                if number:  # the first round warms up
                    for key, value in zip(row, (rps, p50, events, megabytes), strict=True):
                        row[key].append(value)
        streams = asyncio.run(memory_mb(ours, running))
    middle = {name: {key: statistics.median(values) for key, values in row.items()} for name, row in rows.items()}
    print(f"{rounds} rounds; an event is {len(DELTA)} bytes; medians")
    print(f"{'':10}{'requests/s':>12}{'p50 ms':>10}{'events/s':>12}{'MB/s':>8}")
    for name, figures in middle.items():
        print(f"{name:10}{figures['rps']:12,.0f}{figures['p50']:10.3f}{figures['events']:12,.0f}{figures['mb']:8,.0f}")
    for other in ("unmetered", "bare"):
        ratios = [mine / plain for mine, plain in zip(rows["metered"]["rps"], rows[other]["rps"], strict=True)]
        print(f"metered / {other} requests/s: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    added = [mine - direct for mine, direct in zip(rows["metered"]["p50"], rows["direct"]["p50"], strict=True)]
    over = [mine - plain for mine, plain in zip(rows["metered"]["p50"], rows["bare"]["p50"], strict=True)]
    print(f"added p50 over the direct call: {statistics.median(added):.2f} ms")
    print(f"  of that by metering, over the bare relay: {statistics.median(over):.2f} ms")
    print(f"memory of the proxy: {idle:.0f} MB idle, {streams:.0f} MB with 100 streams open")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4000)
    chosen = parser.parse_args()
    measure(chosen.rounds, chosen.requests)
