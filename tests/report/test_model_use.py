"""Does each model come to what its calls come to, and do models, providers and the whole agree?"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from tests.report.spending import DOLLAR, NOW, begin, call, ms

from codesession.model import Attempt, Cost, Evidence, Outcome, Usage
from codesession.model.terms import Terms
from codesession.report.model_charts import model_charts
from codesession.report.model_use import (
    ORDERS,
    ModelsView,
    model_breakdown_document,
    models_document,
    models_view,
    provider_breakdown_document,
    sorted_models,
    token_ratios_document,
)

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

TODAY, LAST_WEEK = "2026-11-28T09:00+00:00", "2026-11-21T09:00+00:00"


def seen(ledger: SqliteLedger, days: int | None = 7) -> ModelsView:
    return models_view(ledger, days, ms(NOW), UTC)


@pytest.fixture
def filled(ledger: SqliteLedger) -> SqliteLedger:
    """Two providers, three models, one of them without a price."""
    opus = {"provider": "anthropic", "model": "opus"}
    call(ledger, TODAY, 6 * DOLLAR, usage=Usage(input=100, cache_read=300, output=50), **opus)  # type: ignore[arg-type]
    call(ledger, TODAY, 3 * DOLLAR, usage=Usage(input=500, output=50), evidence=Evidence.IMPORTED, **opus)  # type: ignore[arg-type]
    call(ledger, TODAY, 1 * DOLLAR, provider="anthropic", model="haiku", usage=Usage(input=80))
    call(ledger, TODAY, None, provider="groq", model="llama", usage=Usage(input=10, output=20))
    call(ledger, LAST_WEEK, 90 * DOLLAR, provider="groq", model="llama", usage=Usage(input=1, output=1))
    return ledger


def test_each_model_comes_to_what_its_calls_come_to_dearest_first(filled: SqliteLedger) -> None:
    opus, haiku, llama = seen(filled).models
    assert [(use.provider, use.model) for use in (opus, haiku, llama)] == [
        ("anthropic", "opus"),
        ("anthropic", "haiku"),
        ("groq", "llama"),
    ]
    assert (opus.spent.calls, opus.figure.cost, opus.average_cost) == (2, 9 * DOLLAR, 4_500_000_000)
    assert (opus.cache_share, opus.ratio) == (300 / 900, 9.0)
    assert opus.figure.cost_words == "$6.00 measured (67%) · $3.00 imported (33%)"
    assert (haiku.cache_share, haiku.ratio) == (0, None)
    assert (llama.figure.cost, llama.average_cost, llama.spent.unpriced) == (None, None, 1)


def test_providers_come_to_what_their_models_come_to(filled: SqliteLedger) -> None:
    view = seen(filled)
    anthropic, groq = view.providers
    assert (anthropic.provider, anthropic.models, anthropic.figure.spent.calls) == ("anthropic", 2, 3)
    assert anthropic.figure.cost == 10 * DOLLAR == view.whole.cost
    assert view.share(anthropic.figure.spent) == 1.0
    assert view.share(groq.figure.spent) is None
    assert sum(use.spent.calls for use in view.models) == view.whole.spent.calls == 4


def test_all_time_is_everything(filled: SqliteLedger) -> None:
    view = seen(filled, None)
    assert view.whole.spent.calls == 5
    assert view.models[0].model == "llama"
    assert view.models[0].average_cost == 90 * DOLLAR


def test_where_nothing_has_a_cost_nothing_has_a_share(ledger: SqliteLedger) -> None:
    call(ledger, TODAY, 0)
    view = seen(ledger)
    assert view.share(view.models[0].spent) is None


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("cost", ["opus", "haiku", "llama"]),
        ("model", ["llama", "opus", "haiku"]),
        ("calls", ["opus", "haiku", "llama"]),
        ("prompt", ["opus", "haiku", "llama"]),
        ("completion", ["opus", "llama", "haiku"]),
        ("cache", ["opus", "haiku", "llama"]),
        ("ratio", ["opus", "llama", "haiku"]),
        ("average", ["opus", "haiku", "llama"]),
    ],
)
def test_models_are_sorted_and_what_is_not_known_comes_last(filled: SqliteLedger, order: str, names: list[str]) -> None:
    models = seen(filled).models
    assert [use.model for use in sorted_models(models, order, descending=True)] == names


def test_every_order_has_been_tried() -> None:
    assert set(ORDERS) == {"cost", "model", "calls", "prompt", "completion", "cache", "ratio", "average"}


def test_time_on_the_users_own_hardware_is_told(ledger: SqliteLedger) -> None:
    session = begin(ledger, "work", TODAY)
    attempt = Attempt(session.id, "ollama", "qwen", "chat", streamed=False, request_bytes=1, terms=Terms(is_local=True))
    with ledger.writing() as tx:
        tx.record(attempt, Outcome(Usage(input=1)), Cost(5, "local", "RTX 4090"), ms(TODAY), ms(TODAY) + 90_000)
    (worked,) = seen(ledger).hardware
    assert (worked.hardware, worked.calls, worked.took_ms) == ("RTX 4090", 1, 90_000)
    assert models_document(seen(ledger))["hardware"] == [
        {"hardware": "RTX 4090", "calls": 1, "seconds": 90, "cost": 5e-9}
    ]


# --- documents ---


def test_programs_are_told_of_each_model(filled: SqliteLedger) -> None:
    assert model_breakdown_document(seen(filled))[0] == {
        "provider": "anthropic",
        "model": "opus",
        "calls": 2,
        "totalTokens": 1000,
        "promptTokens": 900,
        "completionTokens": 100,
        "totalCost": 9.0,
        "unpricedCalls": 0,
        "inputTokens": 600,
        "outputTokens": 100,
        "cacheWriteTokens": 0,
        "cacheReadTokens": 300,
        "unsplitTokens": 0,
        "avgCost": 4.5,
        "cacheShare": 300 / 900,
        "evidence": {
            "measured": {"calls": 1, "tokens": 450, "cost": 6.0, "unpricedCalls": 0},
            "imported": {"calls": 1, "tokens": 550, "cost": 3.0, "unpricedCalls": 0},
        },
    }


def test_programs_are_told_of_each_provider(filled: SqliteLedger) -> None:
    assert provider_breakdown_document(seen(filled))[1] == {
        "provider": "groq",
        "calls": 1,
        "totalTokens": 30,
        "promptTokens": 10,
        "completionTokens": 20,
        "totalCost": 0.0,
        "unpricedCalls": 1,
        "models": 1,
        "evidence": {"measured": {"calls": 1, "tokens": 30, "cost": 0.0, "unpricedCalls": 1}},
    }


def test_programs_are_told_how_much_was_read_for_what_was_written(filled: SqliteLedger) -> None:
    assert token_ratios_document(seen(filled)) == [
        {
            "provider": provider,
            "model": model,
            "promptTokens": prompt,
            "completionTokens": completion,
            "ratio": ratio,
            "calls": calls,
        }
        for provider, model, prompt, completion, ratio, calls in [
            ("anthropic", "opus", 900, 100, 9.0, 2),
            ("anthropic", "haiku", 80, 0, None, 1),
            ("groq", "llama", 10, 20, 0.5, 1),
        ]
    ]


def test_programs_are_told_of_the_whole(filled: SqliteLedger) -> None:
    document = models_document(seen(filled))
    assert (document["days"], document["calls"], document["totalCost"], document["unpricedCalls"]) == (7, 4, 10.0, 1)
    assert [len(document[part]) for part in ("models", "providers", "hardware")] == [3, 2, 0]


# --- charts ---


def test_the_ring_shows_what_cost_something_and_the_least_of_many_together(ledger: SqliteLedger) -> None:
    for number in range(1, 9):
        call(ledger, TODAY, number * DOLLAR, model=f"m{number}")
    call(ledger, TODAY, 0, model="free")
    ring, slices, _ = model_charts(seen(ledger))
    assert [(part.place, part.name, part.cost // DOLLAR) for part in slices] == [
        (0, "m8", 8),
        (1, "m7", 7),
        (2, "m6", 6),
        (3, "m5", 5),
        (4, "m4", 4),
        (5, "3 others", 6),
    ]
    assert sum(part.share for part in slices) == pytest.approx(1)
    assert [part["value"] for part in ring.options["series"][0]["data"]] == [8, 7, 6, 5, 4, 6]
    assert [part["itemStyle"]["color"] for part in ring.options["series"][0]["data"]][-1] == "var(--c4)"
    assert ring.says.startswith("Cost by model, $36.00 in all: m8 $8.00, m7 $7.00,")


def test_the_least_of_few_stands_for_itself(ledger: SqliteLedger) -> None:
    for number in range(1, 7):
        call(ledger, TODAY, number * DOLLAR, model=f"m{number}")
    assert [part.name for part in model_charts(seen(ledger)).slices][-1] == "m1"


def test_without_a_cost_there_is_no_ring(ledger: SqliteLedger) -> None:
    call(ledger, TODAY, None)
    ring, slices, _ = model_charts(seen(ledger))
    assert (slices, ring.says) == ([], "No cost is known.")


def test_the_ten_models_with_most_tokens_are_drawn_the_most_at_the_top(ledger: SqliteLedger) -> None:
    for number in range(1, 12):
        call(ledger, TODAY, 1, model=f"m{number}", usage=Usage(input=number, cache_read=100 * number, output=2))
    options, says = model_charts(seen(ledger)).tokens
    assert options["yAxis"]["data"] == [f"m{number}" for number in range(2, 12)]
    assert [(series["name"], series["data"][-1]) for series in options["series"]] == [
        ("Input", 11),
        ("Output", 2),
        ("Cache write", 0),
        ("Cache read", 1100),
    ]
    assert says.startswith("Tokens by model: m11 1,113, m10 1,012,")


def test_names_have_the_room_they_need_up_to_a_bound(ledger: SqliteLedger) -> None:
    call(ledger, TODAY, 1, model="short")
    options = model_charts(seen(ledger)).tokens.options
    assert (options["yAxis"]["axisLabel"]["width"], options["grid"]["left"]) == (35, 47)
    call(ledger, TODAY, 1, model="a" * 99)
    options = model_charts(seen(ledger)).tokens.options
    assert (options["yAxis"]["axisLabel"]["width"], options["grid"]["left"]) == (176, 188)


def test_models_of_one_name_are_told_apart_by_their_provider(ledger: SqliteLedger) -> None:
    call(ledger, TODAY, 2 * DOLLAR, provider="groq", model="llama")
    call(ledger, TODAY, 1 * DOLLAR, provider="together", model="llama")
    call(ledger, TODAY, 3 * DOLLAR, provider="openai", model="gpt")
    ring, slices, bars = model_charts(seen(ledger))
    assert [part.name for part in slices] == ["gpt", "groq/llama", "together/llama"]
    assert sorted(bars.options["yAxis"]["data"]) == ["gpt", "groq/llama", "together/llama"]
    assert "groq/llama $2.00" in ring.says


def test_without_calls_there_are_no_bars(ledger: SqliteLedger) -> None:
    assert model_charts(seen(ledger)).tokens.says == "No tokens were counted."
