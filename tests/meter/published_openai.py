"""What does OpenAI charge on standard terms? Cases worked out by hand from its published prices."""

from __future__ import annotations

from tests.meter.published_case import LISTS, READ, Page, utc
from tests.meter.published_openai_terms import FASTER, FLEXIBLE

from codesession.model import Usage

pricing = Page("openai", f"https://developers.openai.com/api/docs/pricing, by {LISTS}")
one_list = Page("openai", f"https://developers.openai.com/api/docs/pricing, by genai-prices 0.2.3 ({READ})")
other_list = Page("openai", f"https://developers.openai.com/api/docs/pricing, by litellm 1.110.2's list ({READ})")
dated = Page("openai", f"https://developers.openai.com/changelog/, by genai-prices 0.2.3 ({READ})")
tiers = Page("openai", f"https://developers.openai.com/api/docs/models/gpt-6.2-sol, by {LISTS}")
"""GPT-6: batch and flex half, fast twice at the same length, 12 hours of cache twice 30 minutes."""
tools = Page(
    "openai",
    f"https://community.openai.com/t/search-web-using-openai-api/1363698, file searches by genai-prices 0.2.3 ({READ})",
)
"""$10 for 1,000 web searches, $25 with the search models that do not reason; $2.50 for 1,000 file searches."""

CLASSES = (
    pricing("GPT-4o", "gpt-4o", Usage(input=1_000, output=500), 7_500_000, "1000 x 2.5 + 500 x 10"),
    pricing(
        "GPT-4o cached",
        "gpt-4o",
        Usage(input=100, cache_read=1_024, output=10),
        1_630_000,
        "100 x 2.5 + 1024 x 1.25 + 10 x 10",
    ),
    pricing(
        "GPT-4o of May 2024 is dearer",
        "gpt-4o-2024-05-13",
        Usage(input=1_000, output=500),
        12_500_000,
        "1000 x 5 + 500 x 15",
    ),
    pricing(
        "GPT-4o mini",
        "gpt-4o-mini-2024-07-18",
        Usage(input=1_000, cache_read=2_048, output=100),
        363_600,
        "1000 x 0.15 + 2048 x 0.075 + 100 x 0.6",
    ),
    pricing(
        "GPT-4.1",
        "gpt-4.1",
        Usage(input=1_000, cache_read=3_000, output=200),
        5_100_000,
        "1000 x 2 + 3000 x 0.5 + 200 x 8",
    ),
    pricing("GPT-4.1 nano", "gpt-4.1-nano-2025-04-14", Usage(input=333, output=10), 37_300, "333 x 0.1 + 10 x 0.4"),
    pricing(
        "GPT-5 reasons at the price of output",
        "gpt-5",
        Usage(input=1_000, cache_read=10_000, output=300, reasoning=700),
        12_500_000,
        "1000 x 1.25 + 10000 x 0.125 + 300 x 10 + 700 x 10",
    ),
    pricing("GPT-5 pro", "gpt-5-pro", Usage(input=100, output=1_000), 121_500_000, "100 x 15 + 1000 x 120"),
    pricing(
        "Codex max",
        "gpt-5.1-codex-max",
        Usage(input=100, cache_read=9_000, output=50),
        1_750_000,
        "100 x 1.25 + 9000 x 0.125 + 50 x 10",
    ),
    one_list(
        "Codex mini",
        "codex-mini-latest",
        Usage(input=1_000, cache_read=1_000, output=100),
        2_475_000,
        "1000 x 1.5 + 1000 x 0.375 + 100 x 6",
    ),
    pricing("o1", "o1", Usage(input=100, reasoning=1_000), 61_500_000, "100 x 15 + 1000 x 60"),
    pricing(
        "o4-mini",
        "o4-mini",
        Usage(input=1_000, cache_read=1_000, output=1_000),
        5_775_000,
        "1000 x 1.1 + 1000 x 0.275 + 1000 x 4.4",
    ),
    pricing(
        "GPT-6 Sol pays for what it writes to its cache",
        "gpt-6-sol",
        Usage(input=1_000, cache_read=5_000, cache_write=1_000, output=100),
        6_500_000,
        "1000 x 2 + 5000 x 0.2 + 1000 x 2.5 + 100 x 10",
    ),
    pricing(
        "GPT-6.1 Sol reads its cache at a twentieth",
        "gpt-6.1-sol",
        Usage(cache_read=10_000, output=100),
        2_000_000,
        "10000 x 0.1 + 100 x 10",
    ),
    tiers(
        "GPT-6.1 Sol writes its cache for 12 hours",
        "gpt-6.1-sol",
        Usage(cache_write_other=1_000, output=10),
        5_100_000,
        "1000 x 5 + 10 x 10",
    ),
    pricing(
        "a fine-tuned GPT-4o",
        "ft:gpt-4o-2024-08-06:acme::abc",
        Usage(input=1_000, output=100),
        5_250_000,
        "1000 x 3.75 + 100 x 15",
    ),
    pricing("embeddings, small", "text-embedding-3-small", Usage(input=100_000), 2_000_000, "100000 x 0.02"),
    pricing("embeddings, large", "text-embedding-3-large", Usage(input=8_191), 1_064_830, "8191 x 0.13"),
    pricing("embeddings, old", "text-embedding-ada-002", Usage(input=1_000), 100_000, "1000 x 0.1"),
    pricing("moderation is free", "omni-moderation-latest", Usage(input=1_000), 0, "1000 x 0"),
)

MEDIA = (
    pricing(
        "audio in and out",
        "gpt-audio",
        Usage(input=100, input_audio=1_000, output=50, output_audio=500),
        64_750_000,
        "100 x 2.5 + 1000 x 32 + 50 x 10 + 500 x 64",
    ),
    other_list(
        "audio of GPT-4o is no text",
        "gpt-4o-audio-preview-2025-06-03",
        Usage(input=100, input_audio=1_000, output=50, output_audio=500),
        80_750_000,
        "100 x 2.5 + 1000 x 40 + 50 x 10 + 500 x 80",
    ),
    pricing(
        "realtime, text and audio, cached and not",
        "gpt-realtime",
        Usage(input=100, input_audio=1_000, cache_read=100, cache_read_audio=1_000, output=100, output_audio=500),
        66_440_000,
        "100 x 4 + 1000 x 32 + 100 x 0.4 + 1000 x 0.4 + 100 x 16 + 500 x 64",
    ),
    pricing(
        "audio, mini",
        "gpt-audio-mini",
        Usage(input=10, input_audio=1_000, output_audio=500),
        20_006_000,
        "10 x 0.6 + 1000 x 10 + 500 x 20",
    ),
    pricing("speech", "gpt-4o-mini-tts", Usage(input=100, output_audio=1_000), 12_060_000, "100 x 0.6 + 1000 x 12"),
    pricing(
        "an image from text and an image",
        "gpt-image-1",
        Usage(input=50, input_image=323, output_image=4_160),
        169_880_000,
        "50 x 5 + 323 x 10 + 4160 x 40",
    ),
    pricing(
        "an image from a cached text and image",
        "gpt-image-1",
        Usage(cache_read=50, cache_read_image=300, output_image=272),
        11_692_500,
        "50 x 1.25 + 300 x 2.5 + 272 x 40",
    ),
    pricing("an image, mini", "gpt-image-1-mini", Usage(input=50, output_image=272), 2_276_000, "50 x 2 + 272 x 8"),
    pricing(
        "text beside an image",
        "gpt-image-1.5",
        Usage(input=50, input_image=300, output=20, output_image=1_000),
        34_850_000,
        "50 x 5 + 300 x 8 + 20 x 10 + 1000 x 32",
    ),
    pricing(
        "an image of GPT Image 2",
        "gpt-image-2",
        Usage(input=50, input_image=300, output_image=1_000),
        32_650_000,
        "50 x 5 + 300 x 8 + 1000 x 30",
    ),
)

LENGTHS = (
    pricing(
        "GPT-5.5 at 272,000",
        "gpt-5.5",
        Usage(input=272_000, output=1_000),
        1_390_000_000,
        "272000 x 5 + 1000 x 30",
    ),
    pricing(
        "GPT-5.5 at 272,001, its cache counted",
        "gpt-5.5",
        Usage(input=2_001, cache_read=270_000, output=1_000),
        335_010_000,
        "2001 x 10 + 270000 x 1 + 1000 x 45",
    ),
    pricing(
        "GPT-5.4 long",
        "gpt-5.4",
        Usage(input=300_000, output=100),
        1_502_250_000,
        "300000 x 5 + 100 x 22.5",
    ),
)

DATES = (
    dated(
        "o3 the moment before it became cheaper",
        "o3",
        Usage(input=1_000, output=100),
        14_000_000,
        "1000 x 10 + 100 x 40",
        at=utc("2025-06-09T23:59:59.999999"),
    ),
    dated(
        "o3 the moment after",
        "o3",
        Usage(input=1_000, output=100),
        2_800_000,
        "1000 x 2 + 100 x 8",
        at=utc("2025-06-10T00:00"),
    ),
    dated(
        "GPT-5.6 Sol the moment before",
        "gpt-5.6-sol",
        Usage(input=1_000, cache_read=1_000, cache_write=1_000, output=100),
        14_750_000,
        "1000 x 5 + 1000 x 0.5 + 1000 x 6.25 + 100 x 30",
        at=utc("2026-08-20T23:59:59.999999"),
    ),
    dated(
        "GPT-5.6 Sol the moment after",
        "gpt-5.6-sol",
        Usage(input=1_000, cache_read=1_000, cache_write=1_000, output=100),
        11_400_000,
        "1000 x 4 + 1000 x 0.4 + 1000 x 5 + 100 x 20",
        at=utc("2026-08-21T00:00"),
    ),
    dated(
        "GPT-5.6 Luna the moment before",
        "gpt-5.6-luna",
        Usage(input=1_000, output=100),
        1_600_000,
        "1000 x 1 + 100 x 6",
        at=utc("2026-07-29T23:59:59.999999"),
    ),
    dated(
        "GPT-5.6 Luna the moment after",
        "gpt-5.6-luna",
        Usage(input=1_000, output=100),
        320_000,
        "1000 x 0.2 + 100 x 1.2",
        at=utc("2026-07-30T00:00"),
    ),
    dated(
        "GPT-5.6 Terra the moment before",
        "gpt-5.6-terra",
        Usage(input=1_000, output=100),
        4_000_000,
        "1000 x 2.5 + 100 x 15",
        at=utc("2026-07-29T23:59:59.999999"),
    ),
    dated(
        "GPT-5.6 Terra the moment after",
        "gpt-5.6-terra",
        Usage(input=1_000, output=100),
        3_200_000,
        "1000 x 2 + 100 x 12",
        at=utc("2026-07-30T00:00"),
    ),
)

TOOLS = (
    tools(
        "web searches of GPT-5",
        "gpt-5",
        Usage(input=1_000, output=100, web_searches=2),
        22_250_000,
        "1000 x 1.25 + 100 x 10 + 2 x 10000",
    ),
    tools("a web search of GPT-4o", "gpt-4o", Usage(input=100, web_searches=1), 10_250_000, "100 x 2.5 + 1 x 10000"),
    tools(
        "a search by a search model that does not reason",
        "gpt-4o-search-preview",
        Usage(input=100, output=100, web_searches=1),
        26_250_000,
        "100 x 2.5 + 100 x 10 + 1 x 25000",
    ),
    tools("file searches", "gpt-5", Usage(input=1_000, file_searches=4), 11_250_000, "1000 x 1.25 + 4 x 2500"),
    tools(
        "a web search and a file search",
        "gpt-4.1",
        Usage(input=100, web_searches=1, file_searches=1),
        12_700_000,
        "100 x 2 + 1 x 10000 + 1 x 2500",
    ),
)

NAMES = (
    pricing("its own prefix", "openai/gpt-5", Usage(input=1_000), 1_250_000, "1000 x 1.25"),
    pricing("capitals and a date", "GPT-5-2025-08-07", Usage(input=1_000), 1_250_000, "1000 x 1.25"),
    pricing(
        "a snapshot costs what its model costs",
        "gpt-5.3-codex-2026-02-05",
        Usage(input=1_000, output=100),
        3_150_000,
        "1000 x 1.75 + 100 x 14",
    ),
    pricing("a model that nobody knows", "gpt-99", Usage(input=1_000), None, "no price"),
    pricing("tokens that are not split", "gpt-5", Usage(unsplit=1_000), None, "no price"),
)

OPENAI = (*CLASSES, *MEDIA, *FLEXIBLE, *FASTER, *LENGTHS, *DATES, *TOOLS, *NAMES)
