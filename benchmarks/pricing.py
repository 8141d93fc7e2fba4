"""What does a price cost? Warm, call after call in one process; cold, in a fresh one beside two that price nothing.

    python benchmarks/pricing.py [--runs 21] [--calls 20000]

The prices are compiled first, which happens once for each version of the list. *Bare* is the interpreter alone; *any
command* has imported what each of our commands imports before it does anything: click, and what is on its way.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from codesession.meter import Catalogue, PriceBook, ensure_shards
from codesession.model import STANDARD, Terms, Usage

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
MIX = (
    ("anthropic", "claude-opus-4-8", Usage(input=1_500, cache_read=20_000, cache_write=900, output=700), STANDARD),
    ("anthropic", "claude-sonnet-4-5-20250929", Usage(input=250_000, output=900, web_searches=2), STANDARD),
    ("openai", "gpt-5", Usage(input=3_000, cache_read=9_000, output=400, reasoning=1_200), Terms(service_tier="flex")),
    ("openai", "gpt-4o-2024-08-06", Usage(input=800, output=120), Terms(is_batch=True)),
    ("google", "gemini-2.5-pro", Usage(input=210_000, cache_read=4_000, output=300, reasoning=500), STANDARD),
    ("deepseek", "deepseek-chat", Usage(input=5_000, cache_read=2_000, output=700), STANDARD),
)
COLD = """
from datetime import UTC, datetime
from pathlib import Path
from codesession.meter import Catalogue, PriceBook, ensure_shards
from codesession.model import Usage
home = Path({home!r})
book = PriceBook(home, Catalogue(ensure_shards(home)))
assert book.cost({provider!r}, {model!r}, Usage(input=1000, output=500), datetime(2026, 11, 28, 12, tzinfo=UTC))
"""


def warm(book: PriceBook, calls: int) -> dict[str, float]:
    """Microseconds a call, by provider."""
    took = {}
    for provider, model, usage, terms in MIX:
        book.cost(provider, model, usage, AT, terms)
        began = time.perf_counter()
        for _ in range(calls):
            book.cost(provider, model, usage, AT, terms)
        took[f"{provider}/{model}"] = (time.perf_counter() - began) / calls * 1e6
    return took


def run_ms(code: str) -> float:
    """A fresh interpreter that runs `code`, in milliseconds."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - began) * 1000


def cold(home: Path, runs: int) -> dict[str, tuple[float, float]]:
    """Milliseconds over bare Python, and over a command that prices nothing: medians of runs in turns."""
    found = {}
    bare = "pass"
    command = "import codesession.cli, codesession.config, codesession.model.usage, datetime, json, pathlib"
    for provider, model in (("anthropic", "claude-opus-4-8"), ("openai", "gpt-5"), ("openrouter", "openai/gpt-5")):
        code = COLD.format(home=str(home), provider=provider, model=model)
        rows = [(run_ms(bare), run_ms(command), run_ms(f"{command}\n{code}"), run_ms(code)) for _ in range(runs)]
        over = statistics.median(priced - alone for alone, _, _, priced in rows)
        beyond = statistics.median(priced - imported for _, imported, priced, _ in rows)
        found[f"{provider}/{model}"] = over, beyond
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--calls", type=int, default=20_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shards = ensure_shards(place)
        print(f"the price list: {sum(file.stat().st_size for file in shards.iterdir()) / 1e6:.2f} MB in {shards.name}")
        for name, us in warm(PriceBook(place, Catalogue(shards)), chosen.calls).items():
            print(f"warm  {name:45}{us:8.2f} µs a call")
        for name, (over, beyond) in cold(place, chosen.runs).items():
            print(f"cold  {name:45}{over:8.1f} ms over bare Python, {beyond:.1f} ms over any command")
