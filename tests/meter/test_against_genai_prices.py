"""Does our engine say what genai-prices says, to the nano-dollar, on thousands of seeded random calls?

For each provider: every model at least once, under its id or a name made from one of its match clauses; moments around
every date and daily window at which its prices change; prompts on both sides of every tier; every class of usage; every
variant it has a price for (batch, tiers, speed), and now and then one that it has not.

Where they differ on purpose, `expected` says so:

* genai-prices charges $0 for what was consumed and has no price; we say unpriced;
* where it does not know a name, ours is tried under further spellings;
* terms it has no price for it takes as standard ones; we say unpriced;
* so it does on the days before the one from which it has a price on some terms. As that is mostly the day on which it
  began to keep such prices, we take it back to the beginning of the standard price it stands beside.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, localcontext
from typing import TYPE_CHECKING, Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from codesession.meter.names import spellings
from codesession.meter.terms import basis_of
from codesession.model import STANDARD, USAGE_FIELDS, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.types import ModelInfo, Provider

    from codesession.meter import Catalogue

pytestmark = pytest.mark.no_cover  # thousands of prices, by the same few lines

SNAPSHOT = get_snapshot()
PROVIDERS = {provider.id: provider for provider in SNAPSHOT.providers}

PRICED_BY = {
    "output": "output_mtok",
    "reasoning": "output_mtok",
    "output_audio": "output_mtok",
    "output_image": "output_mtok",
    "output_video": "output_mtok",
    "web_searches": "web_searches_kcount",
    "file_searches": "storage_searches_kcount",
    "rerank_searches": "rerank_searches_kcount",
}
"""the price a class cannot be billed without, or ``input_mtok``: genai-prices has narrower ones beside these only"""

TERMS = {
    ("processing", "batch"): Terms(is_batch=True),
    ("service_tier", "flex"): Terms(service_tier="flex"),
    ("service_tier", "priority"): Terms(service_tier="priority"),
    ("service_tier", "fast"): Terms(service_tier="fast"),
    ("service_tier", "default"): Terms(service_tier="default"),
    ("speed", "fast"): Terms(speed="fast"),
}
"""our words for genai-prices' contexts"""


@dataclass(frozen=True)
class Case:
    """One call to price."""

    provider: str
    model: str
    usage: Usage
    at: datetime
    terms: Terms = STANDARD


def cases(provider: Provider) -> Iterator[Case]:
    """Random calls to `provider`: one for every model, more for those whose price has conditions, tiers or audio."""
    chance = random.Random(f"codesession {provider.id}")
    names = [provider.id, provider.id.upper(), *provider_names(provider)]
    for model in provider.models:
        for _ in range(
            1 + 4 * len(list(conditions(model))) + 2 * (len(keys(model)) > 3) + 3 * bool(tier_starts(model))
        ):
            yield Case(
                provider=chance.choice(names),
                model=chance.choice([model.id, model.id.upper(), *clause_names(model.match, chance)]),
                usage=usage(chance, model),
                at=moment(chance, model),
                terms=chance.choice(list(TERMS.values())) if chance.random() < 0.05 else STANDARD,
            )
        contexts = dict.fromkeys(context for variant in model.price_variants or () for context in variant.when.items())
        for context in filter(TERMS.__contains__, contexts):
            yield from (
                Case(provider.id, model.id, usage(chance, model), moment(chance, model), TERMS[context])
                for _ in range(6)
            )
    for name in ("no-such-model", "gpt-5.2-20251211", "claude-sonnet-4-20250514", "gpt-4o-20240806:free", ""):
        yield Case(provider.id, name, usage(chance, provider.models[0]), moment(chance, provider.models[0]))


def provider_names(provider: Provider) -> list[str]:
    """Other names `provider` answers to, unless they lead to another one."""
    names = clause_names(provider.provider_match, random.Random(0)) if provider.provider_match else []
    return [name for name in names if find_provider_by_id(SNAPSHOT.providers, name) is provider]


def clause_names(clause: Any, chance: random.Random) -> list[str]:
    """Names that look as if they fit `clause`; whether they do, genai-prices decides."""
    ((kind, operand),) = vars(clause).items()
    match kind:
        case "or_" | "and_":
            return [name for part in operand for name in clause_names(part, chance)]
        case "starts_with":
            return [operand, operand + chance.choice(["-20260101", "-2026-01-01", "x", ":free"])]
        case "ends_with":
            return [operand, chance.choice(["us.", "vendor/"]) + operand]
        case "contains":
            return [operand, f"vendor/{operand}-v1:0"]
        case "regex":
            filled = re.sub(r"\\d\{(\d)\}|\\d", lambda digits: "20260714"[: int(digits[1] or 1)], operand)
            return [re.sub(r"\(\?!.*|[\^$()?]|\\", "", filled) or operand]
    return [operand]


def usage(chance: random.Random, model: ModelInfo) -> Usage:
    """Some classes of usage, now and then none, mostly such as `model` has a price for.

    For tiered models the prompt is mostly at or beside a tier's start.
    """
    starts, priced = tier_starts(model), keys(model)
    those = [name for name in USAGE_FIELDS if PRICED_BY.get(name, "input_mtok") in priced]
    names = those if those and chance.random() < 0.85 else USAGE_FIELDS
    some = [name for name in names if chance.random() < chance.choice([0.0, 0.2, 0.5, 1.0])]
    amounts = {name: chance.choice([1, 7, 999, 12_345, 1_000_000, chance.randrange(40_000)]) for name in some}
    drawn = Usage(**amounts)
    if starts and chance.random() < 0.8:
        wanted = chance.choice(starts) + chance.choice([-1, 0, 1, 5])
        missing = wanted - (drawn.prompt_tokens - drawn.input)
        return replace(drawn, input=missing) if missing >= 0 else Usage(input=wanted, output=drawn.output)
    return drawn


def moment(chance: random.Random, model: ModelInfo) -> datetime:
    """Any time in three years, or one at or beside a moment at which the price of `model` changes; in some zone."""
    at = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(seconds=chance.random() * 3 * 365 * 86_400)
    constraints = list(conditions(model))
    if constraints and chance.random() < 0.8:
        beside = timedelta(microseconds=chance.choice([-1, 0, 1, -3_600_000_000, 3_600_000_000]))
        constraint = chance.choice(constraints)
        if isinstance(constraint, StartDateConstraint):
            at = datetime.combine(constraint.start_date, time(0), UTC) + beside
        else:
            at = datetime.combine(at.date(), chance.choice([constraint.start_time, constraint.end_time])) + beside
    if chance.random() < 0.2:
        return at.astimezone(UTC).replace(tzinfo=None)
    return at.astimezone(timezone(timedelta(hours=chance.choice([-11, -5, 0, 0, 2, 5.5, 14]))))


def conditions(model: ModelInfo) -> Iterator[StartDateConstraint | TimeOfDateConstraint]:
    """When the prices of `model` change."""
    if isinstance(model.prices, list):
        yield from (conditional.constraint for conditional in model.prices if conditional.constraint is not None)
    yield from (variant.constraint for variant in model.price_variants or () if variant.constraint is not None)


def price_sets(model: ModelInfo) -> list[ModelPrice]:
    """All its prices, without their conditions."""
    return [model.prices] if isinstance(model.prices, ModelPrice) else [dated.prices for dated in model.prices]


def keys(model: ModelInfo) -> set[str]:
    """Every price key of `model`."""
    return {key for prices in price_sets(model) for key in vars(prices)}


def tier_starts(model: ModelInfo) -> tuple[int, ...]:
    """Where the tiers of `model` start."""
    prices = [price for prices in price_sets(model) for price in vars(prices).values()]
    return tuple(sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers}))


def theirs(usage: Usage) -> TheirUsage:
    """`usage` in their overlapping units."""
    return TheirUsage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cache_read + usage.cache_read_audio + usage.cache_read_image,
        cache_write_tokens=usage.cache_write + usage.cache_write_1h + usage.cache_write_other,
        cache_write_5m_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        input_audio_tokens=usage.input_audio + usage.cache_read_audio,
        cache_audio_read_tokens=usage.cache_read_audio,
        input_image_tokens=usage.input_image + usage.cache_read_image,
        cache_image_read_tokens=usage.cache_read_image,
        input_video_tokens=usage.input_video,
        output_tokens=usage.completion_tokens,
        output_reasoning_tokens=usage.reasoning,
        output_audio_tokens=usage.output_audio,
        output_image_tokens=usage.output_image,
        output_video_tokens=usage.output_video,
        web_searches=usage.web_searches,
        storage_searches=usage.file_searches,
        rerank_searches=usage.rerank_searches,
    )


def expected(case: Case) -> int | None:
    """What genai-prices charges for `case` in nano-dollars, rounded half to even; None where it raises."""
    home = find_provider_by_id(SNAPSHOT.providers, case.provider)
    assert home is not None
    for provider, name in spellings(home.id, case.model, provider_id):
        model = PROVIDERS[provider].find_model(name, all_providers=SNAPSHOT.providers)
        if model is not None:
            return their_price(PROVIDERS[provider], model, case)
    return None


def their_price(provider: Provider, model: ModelInfo, case: Case) -> int | None:
    """What `model` charges; None where something consumed, or the terms, have no price."""
    context, at = {}, case.at
    if basis_of(case.terms) is not None:
        context = dict([next(context for context, terms in TERMS.items() if terms == case.terms)])
        began = beginning(provider, model, context, at)
        if began is None:
            return None
        at = began
    charged = model.get_prices(at, context)
    prices = {key for key, price in vars(charged).items() if price is not None}
    priced = {name for name in USAGE_FIELDS if PRICED_BY.get(name, "input_mtok") in prices}
    if prices and (not priced or not priced.issuperset(consumed(case.usage))):
        return None
    with localcontext() as exact:
        exact.prec = 80
        price = charged.calc_price(theirs(case.usage))
        return int((price["total_price"] * 10**9).to_integral_value(ROUND_HALF_EVEN))


def consumed(usage: Usage) -> list[str]:
    """The classes there is something of."""
    return [name for name in USAGE_FIELDS if getattr(usage, name)]


def beginning(provider: Provider, model: ModelInfo, context: dict[str, str], at: datetime) -> datetime | None:
    """When the price in `context` that holds at `at` began, or `at`; None where there is none."""
    variants = [variant for variant in model.price_variants or () if variant.when == context]
    if not variants or not any(model is own for own in provider.models):  # others' models are sold on standard terms
        return None
    if any(variant.constraint is None or variant.constraint.active(at) for variant in variants):
        return at
    starts = sorted(
        variant.constraint.start_date for variant in variants if isinstance(variant.constraint, StartDateConstraint)
    )
    for start in (datetime.combine(day, time(12), UTC) for day in starts):
        if model.get_prices(start) is model.get_prices(at):
            return start
    return None


def provider_id(name: str) -> str | None:
    """The id of the provider called `name`."""
    provider = find_provider_by_id(SNAPSHOT.providers, name)
    return None if provider is None else provider.id


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_call_costs_what_genai_prices_says(provider: Provider, catalogue: Catalogue) -> None:
    for case in cases(provider):
        cost = catalogue.cost(case.provider, case.model, case.usage, case.at, case.terms)
        assert (cost and cost.nanos) == expected(case), case


def test_there_are_thousands_of_cases_of_every_kind() -> None:
    drawn = [case for provider in PROVIDERS.values() for case in cases(provider)]

    assert len(PROVIDERS) >= 47
    assert len(drawn) >= 4_000
    assert sum(expected(case) is None for case in drawn[::10]) >= 10
    for name in USAGE_FIELDS:
        assert sum(getattr(case.usage, name) > 0 for case in drawn) >= 200, name
    for terms in TERMS.values():
        priced = [case for case in drawn if case.terms == terms and expected(case) is not None]
        assert len(priced) >= 10, terms
