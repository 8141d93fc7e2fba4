"""What does Anthropic charge in batches, fast, in the US and for searches? Cases by hand, from its published prices."""

from __future__ import annotations

from tests.meter.published_case import READ, Page, utc

from codesession.model import Terms, Usage

pricing = Page("anthropic", f"https://platform.claude.com/docs/en/about-claude/pricing ({READ})")
batches = Page("anthropic", f"https://platform.claude.com/docs/en/build-with-claude/batch-processing ({READ})")
fast_mode = Page(
    "anthropic",
    f"https://platform.claude.com/docs/en/build-with-claude/fast-mode, https://openrouter.ai/anthropic ({READ})",
)
"""6 times for Opus 4.6 and 4.7, twice for Opus 4.8, 5 and 5.5; cache multipliers and the region come on top."""
searching = Page("anthropic", f"https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool ({READ})")
"""$10 for 1,000 searches. That a batch does not halve it could not be read again: the stored copies are cut off."""
region = Page(
    "anthropic", f"https://platform.claude.com/docs/en/manage-claude/data-residency, by litellm 1.110.2's list ({READ})"
)
"""1.1 times every class of tokens where inference_geo is "us", from Opus 4.6 on; searches are no tokens."""

BATCH = Terms(is_batch=True)
FAST = Terms(speed="fast")
US = Terms(geography="us")

ON_OTHER_TERMS = (
    batches("a batch", "claude-opus-5-5", Usage(input=1_000, output=500), 7_000_000, "1000 x 2 + 500 x 10", BATCH),
    batches(
        "a batch halves every class",
        "claude-sonnet-4-6",
        Usage(input=1_000, cache_read=10_000, cache_write=1_000, cache_write_1h=1_000, output=1_000),
        15_375_000,
        "1000 x 1.5 + 10000 x 0.15 + 1000 x 1.875 + 1000 x 3 + 1000 x 7.5",
        BATCH,
    ),
    batches(
        "a batch of which only the answer tells",
        "claude-haiku-4-5",
        Usage(input=1_000, output=1_000),
        3_000_000,
        "1000 x 0.5 + 1000 x 2.5",
        Terms(service_tier="batch"),
    ),
    batches(
        "a batch told twice is halved once",
        "claude-haiku-4-5",
        Usage(input=1_000, output=1_000),
        3_000_000,
        "1000 x 0.5 + 1000 x 2.5",
        Terms(service_tier="batch", is_batch=True),
    ),
    batches(
        "a long prompt in a batch",
        "claude-sonnet-4-5",
        Usage(input=300_000, output=100),
        901_125_000,
        "300000 x 3 + 100 x 11.25",
        BATCH,
        utc("2026-01-15T12:00"),
    ),
    searching(
        "searches of a batch are not halved",
        "claude-opus-4-8",
        Usage(input=1_000, web_searches=2),
        22_500_000,
        "1000 x 2.5 + 2 x 10000",
        BATCH,
    ),
    fast_mode(
        "Opus 4.6 fast, 6 times",
        "claude-opus-4-6",
        Usage(input=1_000, output=500),
        105_000_000,
        "1000 x 30 + 500 x 150",
        FAST,
        utc("2026-02-20T12:00"),
    ),
    fast_mode(
        "Opus 4.6 fast at 200,000",
        "claude-opus-4-6",
        Usage(input=200_000, output=100),
        6_015_000_000,
        "200000 x 30 + 100 x 150",
        FAST,
        utc("2026-02-20T12:00"),
    ),
    fast_mode(
        "Opus 4.6 fast above 200,000",
        "claude-opus-4-6",
        Usage(input=200_001, output=100),
        12_022_560_000,
        "200001 x 60 + 100 x 225",
        FAST,
        utc("2026-02-20T12:00"),
    ),
    fast_mode(
        "Opus 4.7 fast, 6 times, its cache as well",
        "claude-opus-4-7",
        Usage(input=10, cache_read=10_000, cache_write=1_000, output=100),
        82_800_000,
        "10 x 30 + 10000 x 3 + 1000 x 37.5 + 100 x 150",
        FAST,
        utc("2026-06-01T12:00"),
    ),
    fast_mode(
        "Opus 4.8 fast, twice",
        "claude-opus-4-8",
        Usage(input=1_000, output=500),
        35_000_000,
        "1000 x 10 + 500 x 50",
        FAST,
    ),
    fast_mode(
        "Opus 5 fast, its hour of cache as well",
        "claude-opus-5",
        Usage(input=1_000, cache_write_1h=2_000, output=100),
        55_000_000,
        "1000 x 10 + 2000 x 20 + 100 x 50",
        FAST,
    ),
    fast_mode(
        "Opus 5.5 fast",
        "claude-opus-5-5",
        Usage(input=1_000, cache_read=10_000, output=100),
        16_000_000,
        "1000 x 8 + 10000 x 0.4 + 100 x 40",
        FAST,
    ),
    fast_mode(
        "asked to be fast and answered that it was not",
        "claude-opus-5-5",
        Usage(input=1_000, output=500),
        14_000_000,
        "1000 x 4 + 500 x 20",
        Terms(speed="standard"),
    ),
    fast_mode("fast, of a model that is not sold fast", "claude-haiku-4-5", Usage(input=1_000), None, "no price", FAST),
    fast_mode(
        "a speed that nobody knows", "claude-opus-5-5", Usage(input=1), None, "no price", Terms(speed="ludicrous")
    ),
    region("in the US", "claude-opus-4-8", Usage(input=1_000, output=500), 19_250_000, "1000 x 5.5 + 500 x 27.5", US),
    region(
        "in the US, every class",
        "claude-sonnet-4-6",
        Usage(input=1_000, cache_read=10_000, cache_write=1_000, cache_write_1h=1_000, output=1_000),
        33_825_000,
        "1000 x 3.3 + 10000 x 0.33 + 1000 x 4.125 + 1000 x 6.6 + 1000 x 16.5",
        US,
    ),
    region(
        "in the US a search costs the same",
        "claude-opus-5-5",
        Usage(input=1_000, web_searches=3),
        34_400_000,
        "1000 x 4.4 + 3 x 10000",
        US,
    ),
    region(
        "in the US, in a batch",
        "claude-opus-5",
        Usage(input=1_000, output=100),
        4_125_000,
        "1000 x 2.75 + 100 x 13.75",
        Terms(is_batch=True, geography="us"),
    ),
    region(
        "in the US, fast",
        "claude-opus-5-5",
        Usage(input=1_000, output=100),
        13_200_000,
        "1000 x 8.8 + 100 x 44",
        Terms(speed="fast", geography="us"),
    ),
    region(
        "half a nano-dollar goes up to 6, which is even",
        "claude-haiku-5-5",
        Usage(cache_read=1),
        6,
        "1 x 0.0055",
        Terms(is_batch=True, geography="us"),
    ),
    region(
        "half a nano-dollar goes down to 16, which is even",
        "claude-haiku-5-5",
        Usage(cache_read=3),
        16,
        "3 x 0.0055",
        Terms(is_batch=True, geography="us"),
    ),
    region(
        "anywhere",
        "claude-sonnet-5",
        Usage(input=1_000, output=100),
        3_000_000,
        "1000 x 2 + 100 x 10",
        Terms(geography="global"),
    ),
    region(
        "older models do not tell where",
        "claude-haiku-4-5",
        Usage(input=1_000, output=100),
        1_500_000,
        "1000 x 1 + 100 x 5",
        Terms(geography="not_available"),
    ),
    region("where nothing is published", "claude-opus-4-8", Usage(input=1), None, "no price", Terms(geography="mars")),
    pricing(
        "the standard tier",
        "claude-sonnet-5-5",
        Usage(input=1_000, output=100),
        3_000_000,
        "1000 x 2 + 100 x 10",
        Terms(service_tier="standard", speed="standard"),
    ),
    pricing(
        "the priority tier is sold by contract",
        "claude-sonnet-4-6",
        Usage(input=1_000),
        None,
        "no price",
        Terms(service_tier="priority"),
    ),
    pricing(
        "a tier that nobody knows",
        "claude-sonnet-5-5",
        Usage(input=1),
        None,
        "no price",
        Terms(service_tier="diamond"),
    ),
    searching(
        "web searches",
        "claude-opus-5",
        Usage(input=1_000, output=200, web_searches=5),
        60_000_000,
        "1000 x 5 + 200 x 25 + 5 x 10000",
    ),
    searching("a search alone", "claude-sonnet-4-5", Usage(web_searches=1), 10_000_000, "1 x 10000"),
)
