"""Is each rule's word right to the nano-dollar, and whose word counts when several say no?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests.guard.values import CENT, attempt, budget, standing

from codesession.guard.rules import RULES, Case, check, figures
from codesession.model import Mandate, Mode, Refusal, Rule, ScopeKind, Standing

STRICT = budget(is_strict=True)
BALANCED = budget()


def case(*standings: Standing, ceiling: int | None = 50, expected: int | None = 20, **known: Any) -> Case:
    return Case(attempt(**known), ceiling, expected, standings)


def unpriced(*standings: Standing, is_metered: bool = True) -> Case:
    return Case(attempt(), None, None, standings, is_metered=is_metered)


def under(mandate: Mandate, *, in_flight: int = 0, ceiling: int | None = 50, model: str = "gpt-5") -> Case:
    return Case(attempt(model=model), ceiling, ceiling, (), [(mandate, in_flight)])


def mandate(**known: Any) -> Mandate:
    return replace(Mandate(ScopeKind.AGENT, "codex"), **known)


def refusal(of: Case) -> Refusal:
    refused = check(of)
    assert refused
    return refused


# --- limits ---


@pytest.mark.parametrize(
    ("of", "spent", "held", "passes"),
    [
        pytest.param(STRICT, 100 * CENT - 50, 0, True, id="strict-exactly"),
        pytest.param(STRICT, 100 * CENT - 49, 0, False, id="strict-one-nano-more"),
        pytest.param(STRICT, 0, 100 * CENT - 50, True, id="strict-beside-what-is-held"),
        pytest.param(STRICT, 30, 100 * CENT - 79, False, id="strict-spent-and-held-together"),
        pytest.param(BALANCED, 100 * CENT - 20, 0, True, id="balanced-exactly"),
        pytest.param(BALANCED, 100 * CENT - 19, 0, False, id="balanced-one-nano-more"),
    ],
)
def test_what_is_free_exactly_passes_and_one_nano_more_does_not(
    of: Any, spent: int, held: int, *, passes: bool
) -> None:
    assert (check(case(standing(of, spent, held))) is None) is passes


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_call_passes_if_and_only_if_it_is_free(limit: int, spent: int, held: int, needed: int) -> None:
    here = standing(replace(STRICT, limit_nanos=limit), spent, held)
    assert (check(case(here, ceiling=needed)) is None) is (spent + held + needed <= limit)


def test_what_was_approved_is_free_too() -> None:
    here = standing(STRICT, 100 * CENT)
    assert check(case(here))
    assert check(case(replace(here, extra_nanos=49)))
    assert check(case(replace(here, extra_nanos=50))) is None


def test_a_limit_that_was_passed_refuses_even_what_costs_nothing() -> None:
    assert check(case(standing(STRICT, 100 * CENT), ceiling=0)) is None
    assert refusal(case(standing(STRICT, 100 * CENT + 1), ceiling=0)).rule is Rule.BUDGET


def test_a_budget_that_warns_refuses_nothing() -> None:
    warns = standing(replace(STRICT, mode=Mode.WARN), 100 * CENT)
    for asked in (case(warns), case(warns, is_unbounded=True), unpriced(warns), unpriced(warns, is_metered=False)):
        assert check(asked) is None


def test_without_budgets_and_mandates_everything_passes() -> None:
    assert check(case()) is None
    assert check(unpriced(is_metered=False)) is None


# --- what has no price, or no bound ---


def test_what_has_no_price_is_refused_under_a_limit() -> None:
    refused = refusal(unpriced(standing(STRICT)))
    assert (refused.rule, refused.needed_nanos, refused.standing) == (Rule.UNPRICED, None, standing(STRICT))
    assert refused.sentence == "No price of gpt-5 (openai) is known, and the all budget cannot hold without one."
    assert "cs pricing set gpt-5" in refused.advice


def test_what_cannot_be_read_is_refused_in_other_words() -> None:
    refused = refusal(unpriced(standing(STRICT), is_metered=False))
    assert refused.rule is Rule.UNPRICED
    assert "cannot be read here" in refused.sentence
    assert "pricing" not in refused.advice


def test_a_price_is_no_help_where_the_cost_cannot_be_read() -> None:
    assert refusal(replace(case(standing(STRICT)), is_metered=False)).rule is Rule.UNPRICED


@pytest.mark.parametrize("is_metered", [True, False])
def test_what_counts_as_nothing_passes_uncounted(*, is_metered: bool) -> None:
    lets_pass = standing(replace(STRICT, unpriced_nanos=0), 100 * CENT)
    asked = unpriced(lets_pass, is_metered=is_metered)
    assert check(asked) is None
    assert [(figure.needed_nanos, figure.is_kept) for figure in figures(asked)] == [(0, True)]


def test_what_counts_as_an_amount_needs_that_much() -> None:
    counts = replace(STRICT, unpriced_nanos=CENT)
    assert check(unpriced(standing(counts, 99 * CENT))) is None
    refused = refusal(unpriced(standing(counts, 99 * CENT + 1)))
    assert (refused.rule, refused.needed_nanos) == (Rule.BUDGET, CENT)


def test_what_has_a_price_does_not_count_as_that_amount() -> None:
    assert check(case(standing(replace(STRICT, unpriced_nanos=99 * CENT), 99 * CENT))) is None


def test_what_has_no_bound_is_refused_under_a_strict_limit_alone() -> None:
    assert refusal(case(standing(STRICT), is_unbounded=True)).rule is Rule.UNBOUNDED
    assert check(case(standing(BALANCED), is_unbounded=True)) is None


# --- mandates ---


@pytest.mark.parametrize(
    ("rules", "model", "passes"),
    [
        (mandate(), "gpt-5", True),
        (mandate(allow=("gpt-*",)), "gpt-5", True),
        (mandate(allow=("gpt-*",)), "o3", False),
        (mandate(allow=("o3", "openai/gpt-*")), "gpt-5", True),
        (mandate(deny=("gpt-*",)), "gpt-5", False),
        (mandate(deny=("gpt-*",)), "o3", True),
        (mandate(allow=("gpt-*",), deny=("*-pro",)), "gpt-5-pro", False),
    ],
    ids=["nothing-said", "allowed", "not-allowed", "allowed-by-provider", "denied", "not-denied", "denied-of-allowed"],
)
def test_a_mandate_says_which_models(rules: Mandate, model: str, *, passes: bool) -> None:
    refused = check(under(rules, model=model))
    assert (refused is None) is passes
    if refused:
        assert (refused.rule, refused.standing, refused.mode) == (Rule.MODEL, None, None)


def test_the_refusal_of_a_model_names_those_that_may_be_called() -> None:
    assert "Allowed: o3, o4*." in refusal(under(mandate(allow=("o3", "o4*")))).sentence
    assert "Allowed" not in refusal(under(mandate(deny=("*",)))).sentence


@pytest.mark.parametrize(("ceiling", "passes"), [(50, True), (51, False), (None, False)])
def test_a_mandate_bounds_what_one_call_can_cost(ceiling: int | None, *, passes: bool) -> None:
    refused = check(under(mandate(most_per_call_nanos=50), ceiling=ceiling))
    assert (refused is None) is passes
    if refused:
        assert refused.rule is Rule.CALL_TOO_DEAR


@pytest.mark.parametrize(("in_flight", "most", "passes"), [(1, 2, True), (2, 2, False), (3, 2, False), (0, 0, False)])
def test_a_mandate_bounds_calls_in_flight(in_flight: int, most: int, *, passes: bool) -> None:
    refused = check(under(mandate(most_parallel=most), in_flight=in_flight))
    assert (refused is None) is passes
    if refused:
        assert refused.rule is Rule.TOO_MANY_PARALLEL


# --- several words ---


def test_a_no_that_is_final_comes_before_one_that_asks() -> None:
    asks = standing(replace(STRICT, ask_s=60), 100 * CENT)
    final = standing(budget("customer", "acme", is_strict=True), 100 * CENT)
    for standings in ((asks, final), (final, asks)):
        refused = refusal(case(*standings))
        assert (refused.ask_s, refused.standing) == (0, final)
    assert refusal(case(asks)).ask_s == 60
    assert refusal(unpriced(asks)).ask_s == 0  # no money mends that


def test_stop_wins_whoever_speaks_first() -> None:
    blocks = standing(STRICT, 100 * CENT)
    stops = standing(replace(STRICT, mode=Mode.STOP), 100 * CENT)
    asks_and_stops = standing(replace(STRICT, mode=Mode.STOP, ask_s=60), 100 * CENT)
    for standings in ((blocks, stops), (stops, blocks)):
        assert (refusal(case(*standings)).mode, refusal(case(*standings)).standing) == (Mode.STOP, stops)
    assert refusal(case(asks_and_stops, blocks)).mode is Mode.STOP
    assert refusal(case(asks_and_stops, blocks)).ask_s == 0
    assert refusal(case(blocks)).mode is Mode.BLOCK
    assert refusal(case(blocks, standing(replace(STRICT, mode=Mode.STOP)))).mode is Mode.BLOCK  # it has said nothing


def test_a_refusal_has_the_figures_of_all_budgets() -> None:
    full, free = standing(STRICT, 100 * CENT), standing(replace(BALANCED, mode=Mode.WARN))
    refused = refusal(case(free, full))
    assert [(figure.standing, figure.needed_nanos, figure.is_kept) for figure in refused.figures] == [
        (free, 20, True),
        (full, 50, False),
    ]
    assert (refused.standing, refused.needed_nanos) == (full, 50)


def test_what_is_not_known_is_not_kept() -> None:
    (figure,) = figures(unpriced(standing(STRICT)))
    assert (figure.needed_nanos, figure.is_kept) == (None, False)


def test_a_rule_without_a_budget_has_all_figures_too() -> None:
    of = under(mandate(deny=("*",)))
    assert len(refusal(replace(of, standings=[standing()])).figures) == 1


def test_every_rule_is_asked() -> None:
    of = Case(
        attempt(is_unbounded=True),
        None,
        None,
        [standing(STRICT), standing(replace(STRICT, unpriced_nanos=1), 100 * CENT)],
        [(mandate(deny=("*",), most_per_call_nanos=0, most_parallel=0), 0)],
    )
    said = [refused.rule for rule in RULES for refused in rule(of)]
    assert set(said) == {
        Rule.MODEL,
        Rule.CALL_TOO_DEAR,
        Rule.TOO_MANY_PARALLEL,
        Rule.UNBOUNDED,
        Rule.UNPRICED,
        Rule.BUDGET,
    }
