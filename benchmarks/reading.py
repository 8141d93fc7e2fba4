"""What does reading usage cost the relay? Our proxy beside itself without a look at the answers, in turns.

    python benchmarks/reading.py [--rounds 7] [--requests 4000]

Both meter, hold, price and keep every call; one of them takes the provider's usage for granted.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from contextlib import ExitStack

import psutil

from relay import METERED, events_per_second, pin, process, requests_per_second


def measure(rounds: int, requests: int) -> None:
    """Run both and print what is kept of the throughput."""
    pin(psutil.Process(), 1)
    rows: dict[str, list[tuple[float, float]]] = {"unread": [], "metered": []}
    with ExitStack() as stack:
        upstream, _ = stack.enter_context(process("upstream.py", core=1))
        ports = {
            kind: stack.enter_context(process("relays.py", kind, str(upstream), core=0))[0]
            for kind in ("unread", "metered")
        }
        for number in range(rounds + 1):
            for kind, port in ports.items():
                rps = asyncio.run(requests_per_second(port, METERED, requests))
                events, _ = asyncio.run(events_per_second(port, METERED, 64 * 3000))
                if number:  # the first round warms up
                    rows[kind].append((rps, events))
    for at, what in enumerate(("requests/s (JSON)", "events/s (streams)")):
        kept = [read[at] / unread[at] for read, unread in zip(rows["metered"], rows["unread"], strict=True)]
        figures = ", ".join(f"{kind} {statistics.median(row[at] for row in rows[kind]):,.0f}" for kind in rows)
        print(f"{what}: {figures}; kept {statistics.median(kept):.3f} ({min(kept):.3f} to {max(kept):.3f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=4000)
    chosen = parser.parse_args()
    measure(chosen.rounds, chosen.requests)
