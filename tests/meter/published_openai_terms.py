"""What does OpenAI charge in batches, for flex, and for going first? Cases by hand, from its published prices."""

from __future__ import annotations

from tests.meter.published_case import LISTS, READ, Page, utc

from codesession.model import Terms, Usage

pricing = Page("openai", f"https://developers.openai.com/api/docs/pricing, by {LISTS}")
other_list = Page("openai", f"https://developers.openai.com/api/docs/pricing, by litellm 1.110.2's list ({READ})")
fast = Page("openai", f"https://openai.com/api-fast-mode/ and https://openai.com/api-priority-processing/ ({READ})")
"""Priority is called Fast mode since 2026-07-30; either word may be asked for. No one multiplier holds for all."""
tiers = Page("openai", f"https://developers.openai.com/api/docs/models/gpt-6.2-sol, by {LISTS}")
"""GPT-6: batch and flex half, fast twice at the same length, 12 hours of cache twice 30 minutes."""

BATCH = Terms(is_batch=True)
FLEX = Terms(service_tier="flex")
PRIORITY = Terms(service_tier="priority")

FLEXIBLE = (
    pricing(
        "GPT-5 flex",
        "gpt-5",
        Usage(input=1_000, cache_read=1_000, output=100),
        1_187_500,
        "1000 x 0.625 + 1000 x 0.0625 + 100 x 5",
        FLEX,
    ),
    pricing(
        "o3 flex",
        "o3",
        Usage(input=1_000, cache_read=1_000, output=100),
        1_650_000,
        "1000 x 1 + 1000 x 0.25 + 100 x 4",
        FLEX,
    ),
    pricing(
        "GPT-5.4 mini flex",
        "gpt-5.4-mini",
        Usage(input=1_000, output=100),
        600_000,
        "1000 x 0.375 + 100 x 2.25",
        FLEX,
    ),
    pricing(
        "GPT-5 in a batch",
        "gpt-5",
        Usage(input=1_000, cache_read=1_000, output=100),
        1_187_500,
        "1000 x 0.625 + 1000 x 0.0625 + 100 x 5",
        BATCH,
    ),
    pricing("GPT-4o in a batch", "gpt-4o", Usage(input=1_000, output=100), 1_750_000, "1000 x 1.25 + 100 x 5", BATCH),
    pricing("o3 in a batch", "o3", Usage(input=1_000, output=100), 1_400_000, "1000 x 1 + 100 x 4", BATCH),
    other_list(
        "embeddings in a batch", "text-embedding-3-small", Usage(input=100_000), 1_000_000, "100000 x 0.01", BATCH
    ),
    pricing(
        "a long prompt in a batch",
        "gpt-5.5",
        Usage(input=300_000, output=100),
        1_502_250_000,
        "300000 x 5 + 100 x 22.5",
        BATCH,
    ),
)

FASTER = (
    fast(
        "GPT-4o first, 1.7 times",
        "gpt-4o",
        Usage(input=1_000, cache_read=1_000, output=100),
        8_075_000,
        "1000 x 4.25 + 1000 x 2.125 + 100 x 17",
        PRIORITY,
    ),
    fast(
        "GPT-4.1 first, 1.75 times",
        "gpt-4.1",
        Usage(input=1_000, cache_read=1_000, output=100),
        5_775_000,
        "1000 x 3.5 + 1000 x 0.875 + 100 x 14",
        PRIORITY,
    ),
    fast(
        "GPT-4o mini first, no multiple of anything",
        "gpt-4o-mini",
        Usage(input=1_000, cache_read=1_000, output=100),
        475_000,
        "1000 x 0.25 + 1000 x 0.125 + 100 x 1",
        PRIORITY,
    ),
    fast(
        "GPT-5 first, twice",
        "gpt-5",
        Usage(input=1_000, cache_read=1_000, output=100),
        4_750_000,
        "1000 x 2.5 + 1000 x 0.25 + 100 x 20",
        PRIORITY,
    ),
    fast(
        "GPT-5 mini first, 1.8 times",
        "gpt-5-mini",
        Usage(input=1_000, cache_read=1_000, output=100),
        855_000,
        "1000 x 0.45 + 1000 x 0.045 + 100 x 3.6",
        PRIORITY,
    ),
    fast(
        "GPT-5.5 first, 2.5 times",
        "gpt-5.5",
        Usage(input=1_000, cache_read=1_000, output=100),
        21_250_000,
        "1000 x 12.5 + 1000 x 1.25 + 100 x 75",
        PRIORITY,
    ),
    fast("Codex first", "gpt-5.1-codex", Usage(input=1_000, output=100), 4_500_000, "1000 x 2.5 + 100 x 20", PRIORITY),
    fast(
        "o4-mini first",
        "o4-mini",
        Usage(input=1_000, cache_read=1_000, output=100),
        3_300_000,
        "1000 x 2 + 1000 x 0.5 + 100 x 8",
        PRIORITY,
    ),
    fast(
        "GPT-5.6 Sol fast, before it became cheaper",
        "gpt-5.6-sol",
        Usage(input=1_000, output=100),
        16_000_000,
        "1000 x 10 + 100 x 60",
        Terms(service_tier="fast"),
        utc("2026-08-10T12:00"),
    ),
    fast(
        "GPT-5.6 Sol fast, after",
        "gpt-5.6-sol",
        Usage(input=1_000, output=100),
        12_000_000,
        "1000 x 8 + 100 x 40",
        Terms(service_tier="fast"),
    ),
    tiers(
        "GPT-6 Sol fast, a long prompt",
        "gpt-6-sol",
        Usage(input=300_000, output=100),
        2_403_000_000,
        "300000 x 8 + 100 x 30",
        PRIORITY,
    ),
    pricing("the default tier", "gpt-5", Usage(input=1_000), 1_250_000, "1000 x 1.25", Terms(service_tier="default")),
    pricing("a tier sold by contract", "gpt-5", Usage(input=1), None, "no price", Terms(service_tier="scale")),
    pricing("a tier that nobody knows", "gpt-5", Usage(input=1), None, "no price", Terms(service_tier="platinum")),
)
