"""Where do our prices differ from those of genai-prices and litellm, and what explains it?

Two sets of calls: the cases worked out by hand from published prices (tests/meter/published_prices.py), and random
calls to every model of the price list. A difference is explained by experiment: one thing about the call is changed
(its day, its terms, its searches, …), and if ours then says what theirs said, it is what they leave out. What no such
change explains is a different rate, or a different idea of the model.

    PYTHONPATH=. .venv/bin/python benchmarks/price_differences.py [--calls 20000] [--seed 5]

litellm is compared where it is installed beside codesession (it is no dependency of ours); else only genai-prices is.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.meter.published_prices import CASES

from codesession.meter import Catalogue, PriceBook, compile_shards
from codesession.model import STANDARD, Terms, Usage
from elsewhere import LITELLM_PROVIDERS, Call, by_genai_prices, by_litellm, has_litellm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.model import Nanos

TODAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A working day at an hour when nobody has a peak; litellm knows no other day."""

BATCH = Terms(is_batch=True)
FLEX = Terms(service_tier="flex")
PRIORITY = Terms(service_tier="priority")
US = Terms(geography="us")
SOLD: dict[str, tuple[Terms, ...]] = {
    "anthropic": (BATCH, Terms(speed="fast"), US),
    "aws": (BATCH,),
    "azure": (BATCH, PRIORITY),
    "google": (BATCH, FLEX, PRIORITY),
    "groq": (BATCH, FLEX),
    "mistral": (BATCH,),
    "openai": (BATCH, FLEX, PRIORITY),
    "x-ai": (BATCH, US),
}
"""Other terms than the standard ones, at those who sell on them."""
UNKNOWN = Terms(service_tier="platinum")
"""Nobody sells on these; one random call in fifty is made on them."""

WRITING = ("anthropic", "aws", "google", "openai", "openrouter")
"""Providers of models that charge for what they write to their cache."""
SEARCHING = ("anthropic", "google", "groq", "openai", "perplexity", "x-ai")
"""Providers with a web search of their own."""
SEEING = ("google", "openai")
"""Providers of models with prices for audio and images."""


class Difference(NamedTuple):
    """A call on which ours and theirs do not agree."""

    call: Call
    ours: Nanos | None
    theirs: Nanos | None


def random_calls(count: int, seed: int) -> Iterator[Call]:
    """`count` calls to models of the price list, in proportion of how many each provider has."""
    from genai_prices.data_snapshot import get_snapshot  # 350 ms

    chance = random.Random(seed)
    models = [(provider.id, model.id) for provider in get_snapshot().providers for model in provider.models]
    known = [pair for pair in models if pair[0] in LITELLM_PROVIDERS]
    for number in range(count):
        provider, model = chance.choice(models if number % 2 else known)
        at = TODAY if chance.choice([True, False]) else TODAY - timedelta(hours=chance.randrange(24 * 500))
        yield Call(provider, model, random_usage(chance, provider), at, random_terms(chance, provider))


def random_usage(chance: random.Random, provider: str) -> Usage:
    """Mostly text; now and then a cache, a long prompt, and what else `provider` sells."""

    def sometimes(share: float, providers: tuple[str, ...] = (provider,)) -> bool:
        return chance.random() < share and provider in providers

    usage = Usage(input=chance.randrange(1, 20_000), output=chance.randrange(1, 5_000))
    if sometimes(0.4):
        usage += Usage(cache_read=chance.randrange(100_000), reasoning=chance.randrange(2_000))
    if sometimes(0.2, WRITING):
        usage += Usage(cache_write=chance.randrange(20_000), cache_write_1h=chance.randrange(20_000))
    if sometimes(0.1):
        usage += Usage(input=chance.choice([100_000, 200_000, 300_000]))
    if sometimes(0.1, SEEING):
        usage += Usage(input_audio=chance.randrange(5_000), output_audio=chance.randrange(5_000))
    if sometimes(0.1, SEEING):
        usage += Usage(input_image=chance.randrange(5_000), output_image=chance.randrange(5_000))
    if sometimes(0.1, SEARCHING):
        usage += Usage(web_searches=chance.randrange(1, 4))
    return usage


def random_terms(chance: random.Random, provider: str) -> Terms:
    """Standard ones half of the time, else some that `provider` sells on, and now and then some that nobody does."""
    if chance.randrange(50) == 0:
        return UNKNOWN
    return chance.choice([STANDARD, chance.choice(SOLD.get(provider, (STANDARD,)))])


def as_text(usage: Usage) -> Usage:
    """`usage` with its audio, images and video counted as text."""
    return replace(
        usage,
        input=usage.input + usage.input_audio + usage.input_image + usage.input_video,
        cache_read=usage.cache_read + usage.cache_read_audio + usage.cache_read_image,
        output=usage.output + usage.output_audio + usage.output_image + usage.output_video,
        input_audio=0,
        input_image=0,
        input_video=0,
        cache_read_audio=0,
        cache_read_image=0,
        output_audio=0,
        output_image=0,
        output_video=0,
    )


CHANGES: dict[str, Callable[[Call], Call]] = {
    "no dates: today's price on any day": lambda call: replace(call, at=TODAY),
    "no hours: DeepSeek's rates of the other hours": lambda call: replace(call, at=other_hours(call.at)),
    "batch not discounted": lambda call: replace(call, terms=replace(call.terms, is_batch=False)),
    "service tier ignored": lambda call: replace(call, terms=replace(call.terms, service_tier=None)),
    "fast mode ignored": lambda call: replace(call, terms=replace(call.terms, speed=None)),
    "region ignored": lambda call: replace(call, terms=replace(call.terms, geography=None)),
    "searches not charged": lambda call: replace(
        call, usage=replace(call.usage, web_searches=0, file_searches=0, rerank_searches=0)
    ),
    "audio, images or video as text": lambda call: replace(call, usage=as_text(call.usage)),
    "an hour of cache as five minutes": lambda call: replace(
        call,
        usage=replace(
            call.usage,
            cache_write=call.usage.cache_write + call.usage.cache_write_1h + call.usage.cache_write_other,
            cache_write_1h=0,
            cache_write_other=0,
        ),
    ),
    "cache reads as input": lambda call: replace(
        call, usage=replace(call.usage, input=call.usage.input + call.usage.cache_read, cache_read=0)
    ),
    "cache writes as input": lambda call: replace(
        call,
        usage=replace(
            call.usage,
            input=call.usage.input + call.usage.cache_write + call.usage.cache_write_1h,
            cache_write=0,
            cache_write_1h=0,
        ),
    ),
}
"""What somebody may leave out, as a change to the call after which ours would say the same."""


ANOTHER_RATE = "another rate"
"""What no change to the call explains."""


def other_hours(at: datetime) -> datetime:
    """A peak hour on the same day for a time outside of them, and noon on a weekday for one inside."""
    return at.replace(hour=2) if at.hour not in (1, 2, 3, 6, 7, 8, 9) or at.weekday() > 4 else at.replace(hour=12)  # noqa: PLR2004 - a weekend


def explain(found: Difference, ours: Callable[[Call], Nanos | None]) -> str:
    """The cause of a difference, in words; at most two changes at once are tried."""
    if found.theirs is None:
        return "they do not know the name, or cannot price such a call"
    if found.theirs == 0:
        return "$0, where the price is another or not known"
    changed = [(word, change) for word, change in CHANGES.items() if change(found.call) != found.call]
    for size in (1, 2):
        for some in combinations(changed, size):
            call = found.call
            for _, change in some:
                call = change(call)
            if agree(ours(call), found.theirs):
                return " + ".join(word for word, _ in some)
    if found.ours is None:
        return "a price, where we know of none for something that was consumed or for the terms"
    return ANOTHER_RATE


def agree(ours: Nanos | None, theirs: Nanos | None) -> bool:
    """Whether both are the same, up to the nano-dollar that floating point may cost."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= max(1, ours // 10**9)


def compare(
    calls: list[Call], ours: Callable[[Call], Nanos | None], theirs: Callable[[Call], Nanos | None]
) -> tuple[Counter[str], dict[str, list[Difference]]]:
    """How many agree, and the differences by cause."""
    counted: Counter[str] = Counter()
    causes: dict[str, list[Difference]] = defaultdict(list)
    for call in calls:
        found = Difference(call, ours(call), theirs(call))
        if agree(found.ours, found.theirs):
            counted["both unpriced" if found.ours is None else "equal"] += 1
        else:
            counted["different"] += 1
            causes[explain(found, ours)].append(found)
    return counted, causes


def show(title: str, counted: Counter[str], causes: dict[str, list[Difference]], most: int) -> None:
    """Print how many agree and a line for each cause, the most frequent first, with its first examples."""
    print(f"\n{title}: {', '.join(f'{count:,} {word}' for word, count in counted.most_common())}")
    for cause, found in sorted(causes.items(), key=lambda item: -len(item[1])):
        ratios = [one.theirs / one.ours for one in found if one.ours and one.theirs is not None]
        middle = f"{statistics.median(ratios):.2f} of ours" if ratios else ""
        where = Counter(place(one.call, cause) for one in found).most_common(8)
        print(f"  {len(found):6,}  {cause}  {middle}  ({', '.join(f'{name} {count}' for name, count in where)})")
        for one in found[:most]:
            asked = one.call
            terms = "" if asked.terms == STANDARD else f" {words(asked.terms)}"
            print(f"          {asked.provider}/{asked.model} {asked.usage} at {asked.at:%Y-%m-%dT%H:%M}{terms}:")
            print(f"            ours {dollars(one.ours)}, theirs {dollars(one.theirs)}")


def place(call: Call, cause: str) -> str:
    """Where the difference is: at which provider, or with which of its models."""
    return f"{call.provider}/{call.model}" if cause == ANOTHER_RATE else call.provider


def words(terms: Terms) -> str:
    """What is said of the terms."""
    said = [terms.service_tier, terms.speed, terms.geography, "batch" if terms.is_batch else None]
    return ", ".join(word for word in said if word)


def dollars(nanos: Nanos | None) -> str:
    """An amount for people."""
    return "unpriced" if nanos is None else f"${nanos / 1e9:.9f}"


def main(count: int, seed: int, most: int) -> None:
    """Price everything everywhere and print the tables."""
    with tempfile.TemporaryDirectory(prefix="codesession-bench-") as directory:
        home = Path(directory)
        compile_shards(home / "shards")
        book = PriceBook(home, Catalogue(home / "shards"))

        def ours(call: Call) -> Nanos | None:
            cost = book.cost(call.provider, call.model, call.usage, call.at, call.terms)
            return None if cost is None else cost.nanos

        others: dict[str, Callable[[Call], Nanos | None]] = {"genai-prices": by_genai_prices}
        if has_litellm():
            others["litellm"] = by_litellm
        else:
            print("litellm is not installed here, and is not compared")
        hand = [Call(case.provider, case.model, case.usage, case.at, case.terms) for case in CASES]
        print(f"{len(CASES)} cases by hand, priced exactly as published:")
        for name, price in {"ours": ours, **others}.items():
            exact = sum(agree(case.nanos, price(call)) for case, call in zip(CASES, hand, strict=True))
            print(f"  {name:14}{exact:5} of {len(CASES)}")
        drawn = list(random_calls(count, seed))
        for name, price in others.items():
            show(f"cases by hand, {name}", *compare(hand, ours, price), most)
            asked = drawn if name != "litellm" else [call for call in drawn if call.provider in LITELLM_PROVIDERS]
            show(f"{len(asked):,} random calls, {name}", *compare(asked, ours, price), most)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--examples", type=int, default=2, help="of each cause")
    chosen = parser.parse_args()
    main(chosen.calls, chosen.seed, chosen.examples)
