"""What does Google charge, in the Gemini API and at Vertex AI? Cases worked out by hand from its published prices."""

from __future__ import annotations

from tests.meter.published_case import LISTS, READ, Page, utc

from codesession.model import Terms, Usage

pricing = Page("google", f"https://ai.google.dev/gemini-api/docs/pricing, by {LISTS}")
older = Page("google", f"https://ai.google.dev/gemini-api/docs/pricing, by genai-prices 0.2.3 ({READ})")
to_come = Page(
    "google",
    "https://ai.google.dev/gemini-api/docs/pricing, by genai-prices 0.2.3, api-evangelist/gemini (3.8 Flash until "
    f"2026-12-31) and iyulab/TokenMeter 0.13.1 (Gemini 4 Argon) ({READ})",
)
optimization = Page(
    "google", f"https://ai.google.dev/gemini-api/docs/optimization ({READ}), the tiers by litellm's list"
)
"""Flex and batch half, priority 1.8 times."""
batches = Page(
    "google",
    "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini "
    f"({READ}), and litellm's list",
)
"""Of Gemini 2.5, discounts for the cache and for a batch do not stack; models from 3.1 Flash-Lite on halve both."""
vertex = Page("google", f"https://cloud.google.com/vertex-ai/generative-ai/pricing, by {LISTS}")

BATCH = Terms(is_batch=True)
FLEX = Terms(service_tier="flex")
PRIORITY = Terms(service_tier="priority")

CLASSES = (
    older(
        "Gemini 2.0, text, audio and cache",
        "gemini-2.0-flash",
        Usage(input=1_000, input_audio=1_000, cache_read=1_000, output=100),
        865_000,
        "1000 x 0.1 + 1000 x 0.7 + 1000 x 0.025 + 100 x 0.4",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "thoughts cost as output",
        "gemini-2.5-flash",
        Usage(input=1_000, output=10, reasoning=990),
        2_800_000,
        "1000 x 0.3 + 10 x 2.5 + 990 x 2.5",
    ),
    pricing(
        "audio, cached audio and cached text",
        "gemini-2.5-flash",
        Usage(input_audio=500, cache_read_audio=200, cache_read=100, output=10),
        548_000,
        "500 x 1 + 200 x 0.1 + 100 x 0.03 + 10 x 2.5",
    ),
    pricing(
        "Flash-Lite", "gemini-2.5-flash-lite", Usage(input=12_345, output=678), 1_505_700, "12345 x 0.1 + 678 x 0.4"
    ),
    pricing(
        "3.5 Flash",
        "gemini-3.5-flash",
        Usage(input=1_000, cache_read=10_000, output=100),
        3_900_000,
        "1000 x 1.5 + 10000 x 0.15 + 100 x 9",
    ),
    pricing(
        "an image", "gemini-2.5-flash-image", Usage(input=100, output_image=1_290), 38_730_000, "100 x 0.3 + 1290 x 30"
    ),
    pricing(
        "an image of 3 Pro",
        "gemini-3-pro-image-preview",
        Usage(input=100, output_image=1_120),
        134_600_000,
        "100 x 2 + 1120 x 120",
    ),
    pricing(
        "live: audio and video in, audio out",
        "gemini-3.8-live",
        Usage(input_audio=1_000, input_video=500, output_audio=1_000),
        15_500_000,
        "1000 x 3 + 500 x 1 + 1000 x 12",
    ),
    pricing(
        "a video",
        "gemini-omni-flash-preview",
        Usage(input=100, output_video=1_000),
        17_650_000,
        "100 x 1.5 + 1000 x 17.5",
    ),
    pricing("embeddings", "gemini-embedding-001", Usage(input=8_000), 1_200_000, "8000 x 0.15"),
    pricing(
        "embeddings of an image, audio and a video",
        "gemini-embedding-2",
        Usage(input_image=258, input_audio=100, input_video=1_000),
        12_766_100,
        "258 x 0.45 + 100 x 6.5 + 1000 x 12",
    ),
    older("an open model is free", "gemma-3-27b-it", Usage(input=1_000, output=100), 0, "1000 x 0 + 100 x 0"),
)

LENGTHS = (
    pricing(
        "2.5 Pro at 200,000",
        "gemini-2.5-pro",
        Usage(input=200_000, output=1_000),
        260_000_000,
        "200000 x 1.25 + 1000 x 10",
    ),
    pricing(
        "2.5 Pro at 200,001, its cache counted",
        "gemini-2.5-pro",
        Usage(input=100_001, cache_read=100_000, output=1_000),
        290_002_500,
        "100001 x 2.5 + 100000 x 0.25 + 1000 x 15",
    ),
    pricing(
        "3.1 Pro at 200,000",
        "gemini-3.1-pro-preview",
        Usage(input=200_000, output=100),
        401_200_000,
        "200000 x 2 + 100 x 12",
    ),
    pricing(
        "3.1 Pro at 200,001",
        "gemini-3.1-pro-preview",
        Usage(input=200_001, output=100),
        801_804_000,
        "200001 x 4 + 100 x 18",
    ),
    older(
        "1.5 Flash at 128,000",
        "gemini-1.5-flash",
        Usage(input=128_000, output=100),
        9_630_000,
        "128000 x 0.075 + 100 x 0.3",
        at=utc("2025-05-15T12:00"),
    ),
    older(
        "1.5 Flash at 128,001",
        "gemini-1.5-flash",
        Usage(input=128_001, output=100),
        19_260_150,
        "128001 x 0.15 + 100 x 0.6",
        at=utc("2025-05-15T12:00"),
    ),
)

DATES = (
    to_come(
        "3.8 Flash in its last moment at the first price",
        "gemini-3.8-flash",
        Usage(input=1_000, output=100),
        1_125_000,
        "1000 x 0.75 + 100 x 3.75",
        at=utc("2026-12-31T23:59:59.999999"),
    ),
    to_come(
        "3.8 Flash in its first moment at the second",
        "gemini-3.8-flash",
        Usage(input=1_000, output=100),
        2_250_000,
        "1000 x 1.5 + 100 x 7.5",
        at=utc("2027-01-01T00:00"),
    ),
    to_come(
        "Gemini 4 Argon the moment before",
        "gemini-4-argon",
        Usage(input=1_000, cache_read=1_000, output=100),
        3_100_000,
        "1000 x 2 + 1000 x 0.1 + 100 x 10",
        at=utc("2026-11-30T23:59:59.999999"),
    ),
    to_come(
        "Gemini 4 Argon the moment after",
        "gemini-4-argon",
        Usage(input=1_000, cache_read=1_000, output=100),
        6_200_000,
        "1000 x 4 + 1000 x 0.2 + 100 x 20",
        at=utc("2026-12-01T00:00"),
    ),
)

TERMS = (
    optimization(
        "a batch", "gemini-2.5-flash", Usage(input=1_000, output=100), 275_000, "1000 x 0.15 + 100 x 1.25", BATCH
    ),
    batches(
        "a batch of 2.5 Pro does not halve what is cached",
        "gemini-2.5-pro",
        Usage(input=1_000, cache_read=10_000, output=100),
        2_375_000,
        "1000 x 0.625 + 10000 x 0.125 + 100 x 5",
        BATCH,
    ),
    batches(
        "a batch of 3.1 Flash-Lite does",
        "gemini-3.1-flash-lite",
        Usage(input=1_000, cache_read=10_000, output=100),
        325_000,
        "1000 x 0.125 + 10000 x 0.0125 + 100 x 0.75",
        BATCH,
    ),
    batches(
        "a long prompt in a batch",
        "gemini-2.5-pro",
        Usage(input=200_001, output=100),
        250_751_250,
        "200001 x 1.25 + 100 x 7.5",
        BATCH,
    ),
    optimization(
        "flex", "gemini-3.1-pro-preview", Usage(input=1_000, output=100), 1_600_000, "1000 x 1 + 100 x 6", FLEX
    ),
    optimization(
        "priority",
        "gemini-3.1-pro-preview",
        Usage(input=1_000, cache_read=1_000, output=100),
        6_120_000,
        "1000 x 3.6 + 1000 x 0.36 + 100 x 21.6",
        PRIORITY,
    ),
    optimization(
        "priority, audio",
        "gemini-2.5-flash",
        Usage(input=1_000, input_audio=500, output=100),
        1_890_000,
        "1000 x 0.54 + 500 x 1.8 + 100 x 4.5",
        PRIORITY,
    ),
    pricing(
        "the standard tier",
        "gemini-2.5-flash",
        Usage(input=1_000),
        300_000,
        "1000 x 0.3",
        Terms(service_tier="standard"),
    ),
    pricing(
        "a tier that nobody knows", "gemini-2.5-flash", Usage(input=1), None, "no price", Terms(service_tier="turbo")
    ),
)

GROUNDING = (
    pricing(
        "three searches of 3.1 Pro, beyond the free ones",
        "gemini-3.1-pro-preview",
        Usage(input=100, web_searches=3),
        42_200_000,
        "100 x 2 + 3 x 14000",
    ),
    pricing(
        "a grounded prompt of 2.5 Flash, beyond the free ones",
        "gemini-2.5-flash",
        Usage(input=100, web_searches=1),
        35_030_000,
        "100 x 0.3 + 1 x 35000",
    ),
    older(
        "the last moment at which Gemini 3 searched for nothing",
        "gemini-3-flash-preview",
        Usage(input=1_000, web_searches=1),
        500_000,
        "1000 x 0.5",
        at=utc("2026-01-04T23:59:59.999999"),
    ),
    older(
        "the first moment at which it did not",
        "gemini-3-flash-preview",
        Usage(input=1_000, web_searches=1),
        14_500_000,
        "1000 x 0.5 + 1 x 14000",
        at=utc("2026-01-05T00:00"),
    ),
)

VERTEX = (
    vertex(
        "Claude at Vertex AI",
        "claude-sonnet-4-5@20250929",
        Usage(input=1_000, output=100),
        4_500_000,
        "1000 x 3 + 100 x 15",
    ),
    vertex(
        "Claude at Vertex AI by a longer name",
        "publishers/anthropic/models/claude-opus-4-8",
        Usage(input=1_000, output=100),
        7_500_000,
        "1000 x 5 + 100 x 25",
    ),
    vertex(
        "Sonnet 4.5 at Vertex AI at 200,001",
        "claude-sonnet-4-5@20250929",
        Usage(input=200_001, output=1_000),
        1_222_506_000,
        "200001 x 6 + 1000 x 22.5",
        at=utc("2026-01-15T12:00"),
    ),
)

NAMES = (
    pricing("a resource name", "models/gemini-2.5-flash", Usage(input=1_000), 300_000, "1000 x 0.3"),
    pricing("a longer one", "publishers/google/models/gemini-2.5-pro", Usage(input=1_000), 1_250_000, "1000 x 1.25"),
    pricing("its own prefix", "gemini/gemini-2.5-pro", Usage(input=1_000), 1_250_000, "1000 x 1.25"),
    pricing("a model that nobody knows", "gemini-99-ultra", Usage(input=1_000), None, "no price"),
    pricing("tokens that are not split", "gemini-2.5-flash", Usage(unsplit=1_000), None, "no price"),
)

GOOGLE = (*CLASSES, *LENGTHS, *DATES, *TERMS, *GROUNDING, *VERTEX, *NAMES)
