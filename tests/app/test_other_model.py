"""What would past calls have cost on another model? The same amounts, call by call, at one moment's prices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.app import what_if
from codesession.app.other_model import cost_of_amounts
from codesession.errors import InvalidInput, SessionNotFound, UnknownModel
from codesession.meter.pricing import Band, Rates, price
from codesession.model import USAGE_FIELDS, Attempt, Cost, Evidence, Outcome, Scope, Terms, Usage
from codesession.model.price_changes import WhatIfModel

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app.core import App

NANOS = 10**9


@pytest.fixture
def app(place: Place, priced: None) -> App:
    del priced
    app = place.app()
    with app.ledger.writing() as tx:
        for name in ("/one", "/two"):
            tx.begin_session(Scope(name), "Work", 1)
    return app


def record(app: App, model: str, usage: Usage | None, cost: int | None, **known: Any) -> None:
    asked = Attempt(known.pop("session_id", 1), "openai", model, "chat", streamed=False, request_bytes=9)
    at_ms, source = known.pop("at_ms", 5), known.pop("source", "x")
    outcome = Outcome(usage, Evidence.MEASURED, **known)
    with app.ledger.writing() as tx:
        tx.record(asked, outcome, None if cost is None else Cost(cost, source), at_ms, at_ms)


def one(model: str, calls: int, tokens: int, paid: int, would_be: int) -> WhatIfModel:
    return WhatIfModel("openai", model, calls, tokens, paid, would_be)


def test_calls_are_summed_by_model_with_the_largest_difference_first(app: App) -> None:
    """claude-haiku-4-5 costs $1 a million to read and $5 to write."""
    record(app, "gpt-5", Usage(input=1_000_000), 7 * NANOS)
    record(app, "gpt-5", Usage(output=200_000), 3 * NANOS, session_id=2)
    record(app, "gpt-4o", Usage(input=2_000_000), NANOS, session_id=None)

    view = what_if(app, "claude-haiku-4-5")

    assert (view.provider, view.model, view.at_ms) == ("anthropic", "claude-haiku-4-5", 1_772_461_811_042)
    assert view.source.startswith("genai-prices ")
    assert view.models == (
        one("gpt-5", 2, 1_200_000, 10 * NANOS, 2 * NANOS),
        one("gpt-4o", 1, 2_000_000, NANOS, 2 * NANOS),
    )
    assert [model.difference_nanos for model in view.models] == [-8 * NANOS, NANOS]
    assert (view.total.calls, view.total.paid_nanos, view.total.would_be_nanos) == (3, 11 * NANOS, 4 * NANOS)
    assert view.left_out == ()


def test_cache_reads_and_writes_are_at_the_other_models_own_prices(app: App) -> None:
    """claude-haiku-4-5: $0.10 read from the cache, $1.25 written to it, $2 for an hour, $10 for 1,000 searches."""
    usage = Usage(cache_read=1_000_000, cache_write=1_000_000, cache_write_1h=1_000_000, web_searches=1)
    record(app, "gpt-5", usage, 0)
    assert what_if(app, "claude-haiku-4-5").models == (one("gpt-5", 1, 3_000_000, 0, 3_360_000_000),)


def test_reasoning_and_audio_are_billed_as_what_they_are_a_kind_of(app: App) -> None:
    record(app, "gpt-5", Usage(reasoning=1_000_000, input_audio=1_000_000), 0)
    assert what_if(app, "claude-haiku-4-5").models[0].would_be_nanos == 6 * NANOS


def test_each_calls_own_prompt_decides_on_the_price_for_long_ones(app: App) -> None:
    """gemini-2.5-pro: $1.25 a million up to 200,000 tokens of prompt, $2.50 above."""
    record(app, "gpt-5", Usage(input=200_000), 0)
    record(app, "gpt-5", Usage(input=100_000, cache_read=0, input_image=100_001), 0)
    assert what_if(app, "gemini-2.5-pro").total.would_be_nanos == 250_000_000 + 500_002_500


def test_the_terms_of_the_calls_do_not_count(app: App) -> None:
    record(app, "gpt-5", Usage(input=1_000_000), 0, terms=Terms(service_tier="priority", is_batch=True))
    assert what_if(app, "gpt-5").total.would_be_nanos == 1_250_000_000


def test_what_cannot_be_compared_is_counted_and_told(app: App) -> None:
    record(app, "gpt-5", Usage(input=1), None)
    record(app, "gpt-5", None, 5, source="ceiling")
    record(app, "gpt-5", Usage(unsplit=1), 5)
    record(app, "gpt-5", Usage(input=1), 5, terms=Terms(is_local=True))
    record(app, "gpt-5", Usage(), 0, source="cache")
    record(app, "rerank", Usage(rerank_searches=1), 5)
    record(app, "gpt-5", Usage(input=1), 5)
    view = what_if(app, "claude-haiku-4-5")
    assert view.left_out == (
        ("answered from the cache, which cost nothing", 1),
        ("on your own hardware, which cost time", 1),
        ("without a price", 1),
        ("of which it is not known what they used", 1),
        ("of which only the total of tokens is known", 1),
        ("that used what this model has no price for", 1),
    )
    assert view.total.calls == 1


def test_only_calls_since_a_moment_or_of_a_session_count(app: App) -> None:
    record(app, "gpt-5", Usage(input=1), 1, at_ms=10)
    record(app, "gpt-5", Usage(input=1), 1, at_ms=20, session_id=2)
    assert what_if(app, "gpt-5", since_ms=11).total.calls == 1
    assert what_if(app, "gpt-5", session_id=1).total.calls == 1
    assert what_if(app, "gpt-5", since_ms=11, session_id=1).total.calls == 0
    assert "Sessions of all directories count." in what_if(app, "gpt-5").assumptions
    assert "Sessions of all directories count." not in what_if(app, "gpt-5", session_id=1).assumptions
    with pytest.raises(SessionNotFound):
        what_if(app, "gpt-5", session_id=99)


def test_ones_own_price_is_that_of_the_other_model(app: App) -> None:
    rows = {"mine": {"input": 1, "output": 2}, "acme/other": {"input": 3, "output": 4}}
    (app.config.data_dir / "pricing.json").write_text(json.dumps(rows))
    record(app, "gpt-5", Usage(input=1_000_000), 1)
    anywhere = what_if(app, "mine")
    assert (anywhere.provider, anywhere.total.would_be_nanos) == (None, NANOS)
    assert anywhere.source == "custom (pricing.json)"
    assert what_if(app, "other", "acme").total.would_be_nanos == 3 * NANOS
    assert what_if(app, "acme/other").total.would_be_nanos == 3 * NANOS


def test_a_model_that_is_not_known_is_an_error_that_names_what_is_nearly_so_called(app: App) -> None:
    with pytest.raises(UnknownModel) as caught:
        what_if(app, "claude-haiku-45")
    assert "claude-haiku-4-5" in str(caught.value.extra["hint"])
    with pytest.raises(UnknownModel) as caught:
        what_if(app, "llama-3.3-70b-versatil", "groq")
    assert str(caught.value.extra["hint"]).startswith("Did you mean llama-3.3-70b-versatile or llama-")
    with pytest.raises(UnknownModel) as caught:
        what_if(app, "zzzzzzzzzzzz")
    assert "hint" not in caught.value.extra
    with pytest.raises(InvalidInput):
        what_if(app, " ")


def test_the_calls_of_the_same_model_cost_what_they_did(app: App) -> None:
    """To the nano-dollar: each call is rounded for itself, as it was when it was billed."""
    from datetime import UTC, datetime

    from codesession.app.pricing import price_book

    book = price_book(app.config, app.say)
    at = datetime.fromtimestamp(app.now_ms() / 1000, tz=UTC)
    for count in range(1, 40):
        usage = Usage(input=count * 7, cache_read=count * 3, output=count)
        cost = book.cost("openai", "gpt-5", usage, at)
        assert cost
        record(app, "gpt-5", usage, cost.nanos)
    assert what_if(app, "gpt-5", "openai").total.difference_nanos == 0


# --- the law of the quick way ---

RATES = st.tuples(*[st.integers(0, 10**14)] * len(USAGE_FIELDS))
PLACES = st.integers(0, len(USAGE_FIELDS) - 1)


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    edges = draw(st.lists(st.integers(0, 2_000_000), max_size=2, unique=True).map(sorted))
    unrated = draw(st.sets(PLACES, max_size=2))
    bands = [
        Band(
            tuple(None if place in unrated else rate for place, rate in enumerate(draw(RATES))),
            above,
            draw(st.integers(0, 10**9)),
        )
        for above in (-1, *edges)
    ]
    return Rates(tuple(bands), 10 ** draw(st.integers(6, 9)), at_most_one=draw(st.booleans()))


@given(rates(), st.tuples(*[st.integers(0, 3) | st.integers(0, 200_000)] * len(USAGE_FIELDS)), st.sets(PLACES))
def test_the_quick_way_says_what_the_price_of_one_call_is(
    known: Rates, amounts: tuple[int, ...], unused: set[int]
) -> None:
    amounts = tuple(0 if place in unused else amount for place, amount in enumerate(amounts))
    assert cost_of_amounts(known)(amounts) == price(known, Usage(*amounts))


@pytest.mark.parametrize("searches", [0, 1, 5])
def test_the_quick_way_charges_one_search_where_that_is_the_price(searches: int) -> None:
    known = Rates((Band((10**6,) * len(USAGE_FIELDS)),), at_most_one=True)
    usage = Usage(input=7, web_searches=searches)
    amounts = tuple(getattr(usage, name) for name in USAGE_FIELDS)
    assert cost_of_amounts(known)(amounts) == price(known, usage) == 7 + min(searches, 1)


@given(st.tuples(*[st.integers(0, 200_000)] * len(USAGE_FIELDS)), st.integers(0, 400_000))
def test_the_quick_way_finds_the_band_of_a_call_as_the_price_does(amounts: tuple[int, ...], edge: int) -> None:
    full = tuple(range(1, len(USAGE_FIELDS) + 1))
    known = Rates((Band(full), Band(tuple(rate * 10**6 for rate in full), edge)))
    assert cost_of_amounts(known)(amounts) == price(known, Usage(*amounts))
