"""What the words for the terms of a call mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.meter.terms import basis_of, may_become, name_of, place_of
from codesession.model import STANDARD, Terms


@pytest.mark.parametrize(
    "tier",
    [None, "", "auto", "default", "standard", "standard_only", "on_demand", "ON_DEMAND", "SERVICE_TIER_STANDARD"],
)
def test_words_for_the_standard_tier(tier: str | None) -> None:
    assert basis_of(Terms(service_tier=tier)) is None


@pytest.mark.parametrize(
    ("terms", "basis"),
    [
        (Terms(service_tier="flex"), "service_tier=flex"),
        (Terms(service_tier="ON_DEMAND_FLEX"), "service_tier=flex"),
        (Terms(service_tier="SERVICE_TIER_PRIORITY"), "service_tier=priority"),
        (Terms(service_tier=" Priority "), "service_tier=priority"),
        (Terms(service_tier="fast"), "service_tier=fast"),
        (Terms(speed="fast"), "speed=fast"),
        (Terms(speed="standard"), None),
        (Terms(is_batch=True), "processing=batch"),
        (Terms(service_tier="batch"), "processing=batch"),
        (Terms(service_tier="batch", is_batch=True), "processing=batch"),
        (Terms(service_tier="standard", is_batch=True), "processing=batch"),
        (Terms(speed="fast", is_batch=True), "processing=batch,speed=fast"),
        (Terms(service_tier="diamond"), "service_tier=diamond"),
    ],
)
def test_what_is_not_standard_has_a_basis(terms: Terms, basis: str | None) -> None:
    assert basis_of(terms) == basis


@given(st.text())
def test_no_word_is_lost(word: str) -> None:
    basis = basis_of(Terms(service_tier=word))
    assert basis is None or word.strip().lower() in basis or basis.startswith(("service_tier=", "processing="))


@pytest.mark.parametrize(("said", "place"), [(None, None), ("global", None), ("not_available", None), ("US", "us")])
def test_a_place_is_where_it_is_made_sure_that_a_model_runs(said: str | None, place: str | None) -> None:
    assert place_of(Terms(geography=said)) == place


def test_what_is_asked_for_may_be_billed_otherwise() -> None:
    auto, priority, flex = (Terms(service_tier=tier, geography="us") for tier in ("auto", "priority", "flex"))
    assert list(may_become("openai", STANDARD)) == [STANDARD]
    assert list(may_become("openai", auto)) == [auto, priority]
    assert list(may_become("groq", auto)) == [auto]
    assert list(may_become("openai", priority)) == [priority, Terms(geography="us")]
    assert list(may_become("openai", flex)) == [flex]


def test_a_basis_in_a_word() -> None:
    assert name_of("service_tier=flex") == "flex"
