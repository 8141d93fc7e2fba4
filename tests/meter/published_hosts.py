"""What does it cost where models of several makers are sold? Cases worked out by hand from published prices."""

from __future__ import annotations

from tests.meter.published_case import LISTS, READ, Page, utc

from codesession.model import Terms, Usage

groq = Page("groq", f"https://groq.com/pricing, by {LISTS}")
one_list = Page("groq", f"https://groq.com/pricing, by genai-prices 0.2.3 ({READ})")
groq_tiers = Page(
    "groq", f"https://console.groq.com/docs/flex-processing, https://groq.com/pricing for batches ({READ})"
)
"""Flex costs as on demand, a batch half."""
openrouter = Page("openrouter", f"https://openrouter.ai/models, by genai-prices 0.2.3 ({READ})")
azure = Page("azure", f"https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/, by {LISTS}")
azure_batches = Page("azure", f"half in a batch, by litellm 1.110.2's list ({READ})")
bedrock = Page("aws", f"https://aws.amazon.com/bedrock/pricing/, by {LISTS}")
"""Where the name says us, eu or apac, Claude costs a tenth more from Sonnet 4.5 on; global costs as Anthropic's own."""
bedrock_batches = Page("aws", f"half in a batch, by litellm 1.110.2's list ({READ})")
by_cloud = Page("anthropic", f"https://aws.amazon.com/bedrock/pricing/, by {LISTS}")
together = Page("together", f"https://www.together.ai/pricing, by {LISTS}")
together_list = Page("together", f"https://www.together.ai/pricing, by genai-prices 0.2.3; litellm has 1.04 ({READ})")
together_batches = Page("together", f"https://docs.together.ai/docs/inference/batch/overview: up to half ({READ})")
fireworks = Page("fireworks", f"https://fireworks.ai/pricing, by {LISTS}")
nobody = Page("no-such-host", "nobody publishes a price")

BATCH = Terms(is_batch=True)

GROQ = (
    groq(
        "a call",
        "openai/gpt-oss-120b",
        Usage(input=1_000, cache_read=1_000, output=100),
        285_000,
        "1000 x 0.15 + 1000 x 0.075 + 100 x 0.6",
    ),
    groq(
        "a rate of half a hundredth of a cent",
        "openai/gpt-oss-20b",
        Usage(input=1_000, cache_read=1_000, output=100),
        142_500,
        "1000 x 0.075 + 1000 x 0.0375 + 100 x 0.3",
    ),
    one_list(
        "Llama",
        "llama-3.3-70b-versatile",
        Usage(input=1_000, output=100),
        669_000,
        "1000 x 0.59 + 100 x 0.79",
        at=utc("2026-05-01T12:00"),
    ),
    groq_tiers(
        "flex costs the same",
        "openai/gpt-oss-120b",
        Usage(input=1_000, output=100),
        210_000,
        "1000 x 0.15 + 100 x 0.6",
        Terms(service_tier="flex"),
    ),
    groq_tiers(
        "on demand",
        "openai/gpt-oss-120b",
        Usage(input=1_000),
        150_000,
        "1000 x 0.15",
        Terms(service_tier="on_demand"),
    ),
    groq_tiers(
        "a batch",
        "openai/gpt-oss-120b",
        Usage(input=1_000, output=100),
        105_000,
        "1000 x 0.075 + 100 x 0.3",
        BATCH,
    ),
)

OPENROUTER = (
    openrouter(
        "Claude",
        "anthropic/claude-opus-4.8",
        Usage(input=1_000, cache_read=1_000, output=100),
        8_000_000,
        "1000 x 5 + 1000 x 0.5 + 100 x 25",
    ),
    openrouter(
        "Claude with dashes",
        "anthropic/claude-sonnet-4-5",
        Usage(input=1_000, output=100),
        4_500_000,
        "1000 x 3 + 100 x 15",
    ),
    openrouter(
        "fast by the model's name",
        "anthropic/claude-opus-4.8-fast",
        Usage(input=1_000, output=100),
        15_000_000,
        "1000 x 10 + 100 x 50",
    ),
    openrouter(
        "a batch by the model's name",
        "anthropic/claude-haiku-4.5:batch",
        Usage(input=1_000, output=100),
        750_000,
        "1000 x 0.5 + 100 x 2.5",
    ),
    openrouter("a free model", "deepseek/deepseek-r1:free", Usage(input=1_000, output=100), 0, "1000 x 0 + 100 x 0"),
    openrouter("free, it says, but not listed", "nobody/model-99:free", Usage(input=1_000), None, "no price"),
)

AZURE = (
    azure(
        "a deployment of GPT-4o costs as at OpenAI",
        "gpt-4o",
        Usage(input=1_000, cache_read=1_000, output=100),
        4_750_000,
        "1000 x 2.5 + 1000 x 1.25 + 100 x 10",
    ),
    azure(
        "a deployment of GPT-5",
        "gpt-5",
        Usage(input=1_000, reasoning=100),
        2_250_000,
        "1000 x 1.25 + 100 x 10",
    ),
    azure(
        "o3-mini",
        "o3-mini",
        Usage(input=1_000, cache_read=1_000, output=100),
        2_090_000,
        "1000 x 1.1 + 1000 x 0.55 + 100 x 4.4",
    ),
    azure_batches("a batch", "gpt-4o", Usage(input=1_000, output=100), 1_750_000, "1000 x 1.25 + 100 x 5", BATCH),
    azure("a deployment of who knows what", "our-deployment", Usage(input=1_000), None, "no price"),
)

BEDROCK = (
    bedrock(
        "Claude in the US costs a tenth more",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        Usage(input=1_000, cache_read=1_000, cache_write=1_000, cache_write_1h=1_000, output=100),
        16_005_000,
        "1000 x 3.3 + 1000 x 0.33 + 1000 x 4.125 + 1000 x 6.6 + 100 x 16.5",
    ),
    bedrock(
        "Claude in Europe too",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        Usage(input=1_000, output=100),
        1_650_000,
        "1000 x 1.1 + 100 x 5.5",
    ),
    bedrock(
        "Claude anywhere does not",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        Usage(input=1_000, output=100),
        4_500_000,
        "1000 x 3 + 100 x 15",
    ),
    bedrock(
        "older Claude does not",
        "us.anthropic.claude-3-5-haiku-20241022-v1:0",
        Usage(input=1_000, output=100),
        1_200_000,
        "1000 x 0.8 + 100 x 4",
        at=utc("2026-01-15T12:00"),
    ),
    bedrock(
        "Nova",
        "amazon.nova-lite-v1:0",
        Usage(input=1_000, cache_read=1_000, output=100),
        99_000,
        "1000 x 0.06 + 1000 x 0.015 + 100 x 0.24",
    ),
    by_cloud(
        "a name of Bedrock",
        "bedrock/us.anthropic.claude-opus-4-8",
        Usage(input=1_000, output=100),
        8_250_000,
        "1000 x 5.5 + 100 x 27.5",
    ),
    bedrock_batches(
        "a batch",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        Usage(input=1_000, output=100),
        2_250_000,
        "1000 x 1.5 + 100 x 7.5",
        BATCH,
    ),
)

OTHERS = (
    together("GPT OSS", "openai/gpt-oss-120b", Usage(input=1_000, output=100), 210_000, "1000 x 0.15 + 100 x 0.6"),
    together_list(
        "Llama",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        Usage(input=1_000, output=100),
        968_000,
        "1000 x 0.88 + 100 x 0.88",
    ),
    together_batches(
        "a batch is up to half off, who knows how much",
        "openai/gpt-oss-120b",
        Usage(input=1_000),
        None,
        "no price",
        BATCH,
    ),
    fireworks(
        "GPT OSS",
        "accounts/fireworks/models/gpt-oss-120b",
        Usage(input=1_000, cache_read=1_000, output=100),
        225_000,
        "1000 x 0.15 + 1000 x 0.015 + 100 x 0.6",
    ),
    fireworks(
        "Kimi",
        "accounts/fireworks/models/kimi-k3",
        Usage(input=1_000, cache_read=1_000, output=100),
        4_800_000,
        "1000 x 3 + 1000 x 0.3 + 100 x 15",
    ),
    nobody("a host that nobody knows", "gpt-4o-at-home", Usage(input=1_000, output=100), None, "no price"),
    nobody("no model", "", Usage(input=1_000), None, "no price"),
)

HOSTS = (*GROQ, *OPENROUTER, *AZURE, *BEDROCK, *OTHERS)
