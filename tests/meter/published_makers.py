"""What do Mistral, xAI, Cohere and Perplexity charge? Cases worked out by hand from their published prices."""

from __future__ import annotations

from tests.meter.published_case import LISTS, READ, Page, utc

from codesession.model import Terms, Usage

mistral = Page("mistral", f"https://mistral.ai/pricing/api, by {LISTS}")
large = Page(
    "mistral", f"Large 2 by github.com/simonw/llm-prices, data/mistral.json, Large 3 by litellm 1.110.2's list ({READ})"
)
"""The day is in https://github.com/simonw/llm-prices/pull/63, as the corrections have it."""
dated = Page("mistral", f"https://mistral.ai/pricing/api, by genai-prices 0.2.3 ({READ})")
batches = Page("mistral", f"https://mistral.ai/pricing/api: half in a batch, by genai-prices 0.2.3 ({READ})")
xai = Page("x-ai", f"https://docs.x.ai/developers/pricing ({READ})")
"""A prompt is long from 200,000 tokens on, and 1.1 times is charged at the endpoint of the United States."""
older_grok = Page("x-ai", f"https://github.com/simonw/llm-prices, data/xai.json ({READ})")
grok_batches = Page("x-ai", f"litellm 1.110.2's list; docs.x.ai says 20 % to 50 % by model ({READ})")
rerank = Page("cohere", f"https://cohere.com/pricing, by litellm 1.110.2's list ({READ})")
cohere = Page("cohere", f"https://cohere.com/pricing, by genai-prices 0.2.3 ({READ})")
perplexity = Page("perplexity", f"https://docs.perplexity.ai/getting-started/pricing ({READ})")
"""A request costs by the size of its search context; that none asked for is a low one could not be read again."""
agent = Page("perplexity", f"https://docs.perplexity.ai/docs/agent-api/models, by genai-prices 0.2.3 ({READ})")

BATCH = Terms(is_batch=True)

MISTRAL = (
    large(
        "the last moment at which latest was Large 2",
        "mistral-large-latest",
        Usage(input=1_000, output=100),
        2_600_000,
        "1000 x 2 + 100 x 6",
        at=utc("2025-12-01T23:59:59.999999"),
    ),
    large(
        "the first moment at which latest was Large 3",
        "mistral-large-latest",
        Usage(input=1_000, output=100),
        650_000,
        "1000 x 0.5 + 100 x 1.5",
        at=utc("2025-12-02T00:00"),
    ),
    large(
        "Large 2 by its date",
        "mistral-large-2411",
        Usage(input=1_000, output=100),
        2_600_000,
        "1000 x 2 + 100 x 6",
        at=utc("2026-01-15T12:00"),
    ),
    mistral(
        "Large 3 by its date, cached",
        "mistral-large-2512",
        Usage(input=1_000, cache_read=1_000, output=100),
        700_000,
        "1000 x 0.5 + 1000 x 0.05 + 100 x 1.5",
    ),
    mistral("Large 4", "mistral-large-4", Usage(input=1_000, output=100), 910_000, "1000 x 0.7 + 100 x 2.1"),
    dated(
        "Medium the moment before",
        "mistral-medium-latest",
        Usage(input=1_000, output=100),
        600_000,
        "1000 x 0.4 + 100 x 2",
        at=utc("2026-06-15T23:59:59.999999"),
    ),
    dated(
        "Medium the moment after",
        "mistral-medium-latest",
        Usage(input=1_000, output=100),
        2_250_000,
        "1000 x 1.5 + 100 x 7.5",
        at=utc("2026-06-16T00:00"),
    ),
    dated(
        "Small the moment before",
        "mistral-small-latest",
        Usage(input=1_000, output=100),
        130_000,
        "1000 x 0.1 + 100 x 0.3",
        at=utc("2026-03-15T23:59:59.999999"),
    ),
    dated(
        "Small the moment after",
        "mistral-small-latest",
        Usage(input=1_000, output=100),
        210_000,
        "1000 x 0.15 + 100 x 0.6",
        at=utc("2026-03-16T00:00"),
    ),
    mistral("Codestral", "codestral-latest", Usage(input=1_000, output=100), 390_000, "1000 x 0.3 + 100 x 0.9"),
    mistral("embeddings", "mistral-embed", Usage(input=1_000), 100_000, "1000 x 0.1"),
    batches(
        "a batch",
        "mistral-medium-latest",
        Usage(input=1_000, output=100),
        1_125_000,
        "1000 x 0.75 + 100 x 3.75",
        BATCH,
    ),
)

XAI = (
    xai("Grok 4.7 at 199,999", "grok-4.7", Usage(input=199_999, output=100), 400_598_000, "199999 x 2 + 100 x 6"),
    xai("Grok 4.7 at 200,000", "grok-4.7", Usage(input=200_000, output=100), 801_200_000, "200000 x 4 + 100 x 12"),
    xai(
        "Grok 4.5 cached",
        "grok-4.5",
        Usage(input=1_000, cache_read=10_000, output=100),
        5_600_000,
        "1000 x 2 + 10000 x 0.3 + 100 x 6",
    ),
    xai(
        "reasoning costs as output",
        "grok-4.7",
        Usage(input=1_000, output=100, reasoning=900),
        8_000_000,
        "1000 x 2 + 100 x 6 + 900 x 6",
    ),
    xai("an image costs as text", "grok-4.7", Usage(input_image=1_000), 2_000_000, "1000 x 2"),
    xai(
        "Grok 4.20 the moment before",
        "grok-4.20-0309-reasoning",
        Usage(input=1_000, output=100),
        2_600_000,
        "1000 x 2 + 100 x 6",
        at=utc("2026-04-29T23:59:59.999999"),
    ),
    xai(
        "Grok 4.20 the moment after",
        "grok-4.20-0309-reasoning",
        Usage(input=1_000, output=100),
        1_500_000,
        "1000 x 1.25 + 100 x 2.5",
        at=utc("2026-04-30T00:00"),
    ),
    older_grok(
        "Grok 4",
        "grok-4-0709",
        Usage(input=1_000, cache_read=10_000, output=100),
        12_000_000,
        "1000 x 3 + 10000 x 0.75 + 100 x 15",
        at=utc("2026-01-15T12:00"),
    ),
    older_grok(
        "Grok 4 above 128,000",
        "grok-4-0709",
        Usage(input=200_000, output=100),
        1_203_000_000,
        "200000 x 6 + 100 x 30",
        at=utc("2026-01-15T12:00"),
    ),
    older_grok(
        "Grok 4 Fast",
        "grok-4-fast-reasoning",
        Usage(input=1_000, cache_read=1_000, output=100),
        300_000,
        "1000 x 0.2 + 1000 x 0.05 + 100 x 0.5",
        at=utc("2026-01-15T12:00"),
    ),
    older_grok(
        "Grok Code",
        "grok-code-fast-1",
        Usage(input=1_000, cache_read=10_000, output=100),
        550_000,
        "1000 x 0.2 + 10000 x 0.02 + 100 x 1.5",
        at=utc("2026-01-15T12:00"),
    ),
    xai(
        "two web searches and one of collections",
        "grok-4.7",
        Usage(input=1_000, web_searches=2, file_searches=1),
        14_500_000,
        "1000 x 2 + 2 x 5000 + 1 x 2500",
    ),
    grok_batches(
        "a batch is a fifth off",
        "grok-4.7",
        Usage(input=1_000, cache_read=1_000, output=100),
        2_480_000,
        "1000 x 1.6 + 1000 x 0.4 + 100 x 4.8",
        BATCH,
    ),
    xai(
        "in the US",
        "grok-4.7",
        Usage(input=1_000, output=100),
        2_860_000,
        "1000 x 2.2 + 100 x 6.6",
        Terms(geography="us"),
    ),
    xai("a model that nobody knows", "grok-99", Usage(input=1_000), None, "no price"),
)

COHERE = (
    rerank("a rerank", "rerank-v3.5", Usage(rerank_searches=1), 2_000_000, "1 x 2000"),
    rerank("three of Rerank 4 Pro", "rerank-v4.0-pro", Usage(rerank_searches=3), 7_500_000, "3 x 2500"),
    rerank("two in English", "rerank-english-v3.0", Usage(rerank_searches=2), 4_000_000, "2 x 2000"),
    cohere("Command A", "command-a-03-2025", Usage(input=1_000, output=100), 3_500_000, "1000 x 2.5 + 100 x 10"),
    cohere("Command R7B", "command-r7b-12-2024", Usage(input=1_000, output=100), 52_500, "1000 x 0.0375 + 100 x 0.15"),
    cohere("embeddings", "embed-v4.0", Usage(input=1_000), 120_000, "1000 x 0.12"),
)

PERPLEXITY = (
    agent(
        "Sonar of the Agent API is not the Sonar of chats",
        "perplexity/sonar",
        Usage(input=1_000, cache_read=1_000, output=100),
        562_500,
        "1000 x 0.25 + 1000 x 0.0625 + 100 x 2.5",
    ),
    perplexity(
        "a request with little context, which is what is taken unless asked",
        "sonar",
        Usage(input=1_000, output=100),
        6_100_000,
        "1000 x 1 + 100 x 1 + 1 x 5000",
        at=utc("2026-06-01T12:00"),
    ),
    perplexity(
        "a request of Sonar Pro",
        "sonar-pro",
        Usage(input=1_000, output=100),
        10_500_000,
        "1000 x 3 + 100 x 15 + 1 x 6000",
        at=utc("2026-06-01T12:00"),
    ),
    perplexity(
        "deep research by its searches and its reasoning",
        "sonar-deep-research",
        Usage(input=1_000, output=100, reasoning=5_000, web_searches=20),
        117_800_000,
        "1000 x 2 + 100 x 8 + 5000 x 3 + 20 x 5000",
        at=utc("2026-06-01T12:00"),
    ),
)

MAKERS = (*MISTRAL, *XAI, *COHERE, *PERPLEXITY)
