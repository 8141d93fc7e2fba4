"""Does the cap hold when many call at once, how much of it can be used, and what does asking cost?

Two questions, each in one run:

* **race**: 200 callers in 8 processes share one ledger and a budget of $1 that blocks. Whoever is refused comes again
  while others have calls in flight, as the next user would. Answers run in steps, and each asks `Gate.extend`, as the
  proxy does for a stream. Strict must not pass the limit and should leave little of it unused; balanced may pass it
  by at most one dear call (the 99th percentile) a process.
* **relay**: the median of one call after another through the proxy over a ledger of many calls, without a budget and
  with five that apply, in turns.

    python benchmarks/firewall.py [--rounds 5] [--calls 1000000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.errors import BudgetExceeded
from codesession.gate import LedgerGate
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import Attempt, Budget, Cost, Mode, Outcome, Refusal, ScopeKind, Usage, Window
from relay import METERED, latency_ms, pin, process

if TYPE_CHECKING:
    from datetime import datetime

PROCESSES, CALLERS = 8, 25
LIMIT = 10**9
INPUT, OUTPUT = 3_000, 15_000
"""Nano-dollars a token of claude-sonnet-4-5 (https://docs.claude.com/en/docs/about-claude/pricing, read 2026-11-22)."""
PROMPT_TOKENS, MOST_OUTPUT = 150, 400
STEPS, STEP_S = 5, 0.01
"""How an answer comes: in so many pieces, each after so long."""


class Sonnet:
    """The prices of one model."""

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, *_: object) -> Cost:
        """Input and output."""
        del provider, model, at
        return Cost(INPUT * usage.prompt_tokens + OUTPUT * usage.completion_tokens, "published")

    def ceiling(
        self, provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime, *_: object
    ) -> int:
        """The most so many tokens cost."""
        del provider, model, at
        return INPUT * input_tokens + OUTPUT * output_tokens


def written(chance: random.Random) -> int:
    """Tokens of one answer: most are short, some are cut by the request's limit."""
    return min(MOST_OUTPUT, int(chance.lognormvariate(4.6, 0.8)))


def p99_nanos() -> int:
    """What one call in a hundred costs at least."""
    chance = random.Random(1)
    costs = sorted(INPUT * PROMPT_TOKENS + OUTPUT * written(chance) for _ in range(10_000))
    return costs[9_900]


async def call(gate: LedgerGate, attempt: Attempt, chance: random.Random) -> bool:
    """One call from its admission to its settlement; whether it was sent."""
    try:
        hold = await gate.admit(attempt)
    except BudgetExceeded:
        return False
    tokens = written(chance)
    used = Usage(input=PROMPT_TOKENS)
    for step in range(1, STEPS + 1):
        await asyncio.sleep(STEP_S)
        used = Usage(input=PROMPT_TOKENS, output=tokens * step // STEPS)
        extended = await gate.extend(hold, used)
        if isinstance(extended, Refusal):
            break
        hold = extended
    await gate.settle(hold, Outcome(used, http_status=200))
    return True


def work(path: Path, seed: int) -> None:
    """One process: its callers go on until nothing is in flight and nothing more fits."""
    with closing(SqliteLedger(path, wait_s=60)) as ledger:
        queue = WriteQueue(ledger)
        now_ms = time.time_ns() // 1_000_000
        gate = LedgerGate(queue, Sonnet(), ledger.claim(now_ms), lambda: time.time_ns() // 1_000_000)
        attempt = Attempt(None, "anthropic", "claude-sonnet-4-5", "messages", streamed=True, request_bytes=600)
        attempt = replace(attempt, max_output=MOST_OUTPUT)

        async def caller(number: int) -> None:
            chance = random.Random(1000 * seed + number)
            while True:
                if not await call(gate, attempt, chance):
                    with ledger.reading() as tx:
                        if not any(standing.held_nanos for standing in tx.standings(now_ms)):
                            return
                    await asyncio.sleep(0.02)

        async def everybody() -> None:
            await asyncio.gather(*(caller(number) for number in range(CALLERS)))

        sys.stdin.readline()  # all begin together
        asyncio.run(everybody())
        queue.close()


def race(*, is_strict: bool) -> tuple[int, int, float]:
    """What was spent, how many calls were made, and how long it took, in seconds."""
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        path = Path(directory, "sessions.db")
        with closing(SqliteLedger(path)) as ledger:
            with ledger.writing() as tx:
                budget = Budget(ScopeKind.ALL, "", Window.TOTAL, LIMIT, Mode.BLOCK, is_strict=is_strict)
                tx.set_budget(budget)
            workers = [
                subprocess.Popen(
                    [sys.executable, __file__, "--work", str(path), str(seed)], stdin=subprocess.PIPE, text=True
                )
                for seed in range(PROCESSES)
            ]
            time.sleep(2)  # until all have loaded
            start = time.perf_counter()
            for worker in workers:
                assert worker.stdin
                worker.stdin.write("\n")
                worker.stdin.flush()
            assert [worker.wait() for worker in workers] == [0] * PROCESSES
            seconds = time.perf_counter() - start
            with ledger.reading() as tx:
                (standing,) = tx.standings(time.time_ns() // 1_000_000)
            condition = ledger.check()
            assert condition.totals == [], condition.totals
            assert standing.held_nanos == 0
            return standing.spent_nanos, condition.calls, seconds


def races() -> None:
    """Both modes, printed."""
    dear = p99_nanos()
    print(f"{PROCESSES * CALLERS} callers in {PROCESSES} processes, a budget of $1; p99 of a call ${dear / 1e9:.4f}")
    for is_strict in (True, False):
        spent, calls, seconds = race(is_strict=is_strict)
        over = max(0, spent - LIMIT)
        print(
            f"{'strict' if is_strict else 'balanced':9} spent ${spent / 1e9:.4f} in {calls} calls, {seconds:.1f} s: "
            f"overshoot ${over / 1e9:.4f}"
            + ("" if is_strict else f" (at most ${PROCESSES * dear / 1e9:.4f})")
            + f", {min(spent, LIMIT) / LIMIT:.1%} of the dollar used"
        )


def relays(rounds: int, calls: int) -> None:
    """The proxy with and without budgets over as many calls, in turns."""
    with ExitStack() as stack:
        upstream, _ = stack.enter_context(process("upstream.py", core=1))
        ways = {
            name: stack.enter_context(process("relays.py", name, str(upstream), str(calls), core=0))[0]
            for name in ("unguarded", "guarded")
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, port in ways.items():
                p50 = asyncio.run(latency_ms(port, METERED, 500))
                if number:
                    times[name].append(p50)
    added = [mine - plain for mine, plain in zip(times["guarded"], times["unguarded"], strict=True)]
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"p50 of a call over {calls:,} calls: " + ", ".join(f"{name} {ms:.3f} ms" for name, ms in middle.items()))
    print(f"added by five budgets: {statistics.median(added):.3f} ms ({min(added):.3f} to {max(added):.3f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--work", nargs=2, metavar=("LEDGER", "SEED"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work(Path(chosen.work[0]), int(chosen.work[1]))
    else:
        import psutil

        races()
        pin(psutil.Process(), 1)
        relays(chosen.rounds, chosen.calls)
        print(json.dumps({"rounds": chosen.rounds, "calls": chosen.calls}))
