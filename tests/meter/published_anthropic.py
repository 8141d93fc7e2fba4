"""What does Anthropic charge on standard terms? Cases worked out by hand from its published prices."""

from __future__ import annotations

from tests.meter.published_anthropic_terms import ON_OTHER_TERMS
from tests.meter.published_case import READ, Page, utc

from codesession.model import Usage

pricing = Page("anthropic", f"https://platform.claude.com/docs/en/about-claude/pricing ({READ})")

CLASSES = (
    pricing("input, output", "claude-opus-5-5", Usage(input=1_000, output=500), 14_000_000, "1000 x 4 + 500 x 20"),
    pricing(
        "Opus 5.5 reads its cache at a twentieth of its input, not a tenth",
        "claude-opus-5-5",
        Usage(cache_read=100_000, output=10),
        20_200_000,
        "100000 x 0.2 + 10 x 20",
    ),
    pricing(
        "a cache write for five minutes",
        "claude-opus-4-8",
        Usage(input=10, cache_write=2_000, output=1),
        12_575_000,
        "10 x 5 + 2000 x 6.25 + 1 x 25",
    ),
    pricing(
        "a cache write for an hour",
        "claude-opus-4-8",
        Usage(cache_write_1h=2_000, output=3),
        20_075_000,
        "2000 x 10 + 3 x 25",
    ),
    pricing(
        "every class at once",
        "claude-sonnet-5-5",
        Usage(input=12, cache_read=34_567, cache_write=890, cache_write_1h=1_234, output=567, reasoning=89),
        17_201_700,
        "12 x 2 + 34567 x 0.1 + 890 x 2.5 + 1234 x 4 + 567 x 10 + 89 x 10",
    ),
    pricing(
        "thinking costs as output",
        "claude-haiku-4-5",
        Usage(input=100, output=20, reasoning=3_000),
        15_200_000,
        "100 x 1 + 20 x 5 + 3000 x 5",
    ),
    pricing(
        "Fable 5.1",
        "claude-fable-5-1",
        Usage(input=1_000, cache_read=40_000, output=100),
        25_000_000,
        "1000 x 10 + 40000 x 0.25 + 100 x 50",
    ),
    pricing(
        "Fable 5.2",
        "claude-fable-5-2",
        Usage(input=1_000, cache_read=40_000, output=100),
        20_000_000,
        "1000 x 8 + 40000 x 0.2 + 100 x 40",
    ),
    pricing(
        "Haiku 3 writes its cache at 0.30, which is not 1.25 times its input",
        "claude-3-haiku-20240307",
        Usage(input=1_000, cache_read=1_000, cache_write=1_000, output=1_000),
        1_830_000,
        "1000 x 0.25 + 1000 x 0.03 + 1000 x 0.3 + 1000 x 1.25",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "Haiku 3.5 writes for an hour",
        "claude-3-5-haiku-20241022",
        Usage(cache_write_1h=1_000, output=10),
        1_640_000,
        "1000 x 1.6 + 10 x 4",
        at=utc("2026-01-15T12:00"),
    ),
    pricing("nothing costs nothing", "claude-sonnet-5-5", Usage(), 0, "0 x 2"),
)

NAMES = (
    pricing(
        "a dated id", "claude-opus-4-1-20250805", Usage(input=1_000, output=200), 30_000_000, "1000 x 15 + 200 x 75"
    ),
    pricing("another", "claude-sonnet-4-5-20250929", Usage(input=100, output=100), 1_800_000, "100 x 3 + 100 x 15"),
    pricing(
        "an alias",
        "claude-3-opus-latest",
        Usage(input=10, output=10),
        900_000,
        "10 x 15 + 10 x 75",
        at=utc("2025-06-01T12:00"),
    ),
    pricing(
        "capitals",
        "CLAUDE-SONNET-4-0",
        Usage(input=100, output=100),
        1_800_000,
        "100 x 3 + 100 x 15",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "its own prefix", "anthropic/claude-opus-4-8", Usage(input=1_000, output=10), 5_250_000, "1000 x 5 + 10 x 25"
    ),
    pricing(
        "a million tokens' mark", "claude-opus-4-6[1m]", Usage(input=100, output=100), 3_000_000, "100 x 5 + 100 x 25"
    ),
    pricing("a dotted version", "claude-opus-4.5", Usage(input=100, output=100), 3_000_000, "100 x 5 + 100 x 25"),
    pricing("Sonnet 3.7", "claude-3-7-sonnet-20250219", Usage(input=100, output=100), 1_800_000, "100 x 3 + 100 x 15"),
)

LENGTHS = (
    pricing(
        "Sonnet 4.5 at 200,000, its cache counted",
        "claude-sonnet-4-5",
        Usage(input=50_000, cache_read=150_000, output=1_000),
        210_000_000,
        "50000 x 3 + 150000 x 0.3 + 1000 x 15",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "Sonnet 4.5 at 200,001, its cache counted",
        "claude-sonnet-4-5",
        Usage(input=50_001, cache_read=150_000, output=1_000),
        412_506_000,
        "50001 x 6 + 150000 x 0.6 + 1000 x 22.5",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "Sonnet 4 at 200,000",
        "claude-sonnet-4-20250514",
        Usage(input=200_000, output=1_000),
        615_000_000,
        "200000 x 3 + 1000 x 15",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "Sonnet 4 at 200,001",
        "claude-sonnet-4-20250514",
        Usage(input=200_001, output=1_000),
        1_222_506_000,
        "200001 x 6 + 1000 x 22.5",
        at=utc("2026-01-15T12:00"),
    ),
    pricing(
        "Sonnet 4.6 at 200,001, the last moment it cost more",
        "claude-sonnet-4-6",
        Usage(input=200_001, output=1_000),
        1_222_506_000,
        "200001 x 6 + 1000 x 22.5",
        at=utc("2026-03-12T23:59:59.999999"),
    ),
    pricing(
        "Sonnet 4.6 at 200,001, the first moment it did not",
        "claude-sonnet-4-6",
        Usage(input=200_001, output=1_000),
        615_003_000,
        "200001 x 3 + 1000 x 15",
        at=utc("2026-03-13T00:00"),
    ),
    pricing(
        "Opus 4.6 long, the last moment it cost more",
        "claude-opus-4-6",
        Usage(input=250_000, output=100),
        2_503_750_000,
        "250000 x 10 + 100 x 37.5",
        at=utc("2026-03-12T23:59:59.999999"),
    ),
    pricing(
        "Opus 4.6 long, the first moment it did not",
        "claude-opus-4-6",
        Usage(input=250_000, output=100),
        1_252_500_000,
        "250000 x 5 + 100 x 25",
        at=utc("2026-03-13T00:00"),
    ),
    pricing(
        "Haiku 5.5 at 100,000",
        "claude-haiku-5-5",
        Usage(input=100_000, output=1_000),
        10_500_000,
        "100000 x 0.1 + 1000 x 0.5",
    ),
    pricing(
        "Haiku 5.5 at 100,001",
        "claude-haiku-5-5",
        Usage(input=100_001, output=1_000),
        52_500_500,
        "100001 x 0.5 + 1000 x 2.5",
    ),
    pricing(
        "Opus 4.8 is as dear at any length",
        "claude-opus-4-8",
        Usage(input=500_000, output=10),
        2_500_250_000,
        "500000 x 5 + 10 x 25",
    ),
)

UNKNOWN = (
    pricing("a model that nobody knows", "claude-opus-99", Usage(input=1_000), None, "no price"),
    pricing("tokens that are not split", "claude-opus-5-5", Usage(unsplit=1_000), None, "no price"),
    pricing("tokens of which some are not split", "claude-opus-5-5", Usage(input=5, unsplit=1), None, "no price"),
)

ANTHROPIC = (*CLASSES, *NAMES, *ON_OTHER_TERMS, *LENGTHS, *UNKNOWN)
