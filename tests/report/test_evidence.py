"""Is it told how a number was got, and does what is told add up?"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.model import Evidence, Usage
from codesession.model.analysis import Spent
from codesession.report.evidence import Figure, evidence_document, figure_of, known_cost, plus, sum_of

MEASURED, IMPORTED, ESTIMATED = Evidence.MEASURED, Evidence.IMPORTED, Evidence.ESTIMATED
CENT = 10_000_000


def spent(calls: int, cents: int, unpriced: int = 0, tokens: int = 0) -> Spent:
    return Spent(calls, cents * CENT, unpriced, Usage(input=tokens))


TWO = figure_of([(MEASURED, spent(9, 9_400, tokens=750)), (IMPORTED, spent(1, 600, tokens=250))])


def test_each_way_is_told_with_its_share_the_largest_first() -> None:
    assert TWO.cost_words == "$94.00 measured (94%) · $6.00 imported (6%)"
    assert TWO.calls_words == "9 measured (90%) · 1 imported (10%)"
    assert TWO.tokens_words == "750 measured (75%) · 250 imported (25%)"
    assert (TWO.cost, TWO.mostly) == (10_000 * CENT, "94% measured")


def test_of_one_way_there_is_no_share() -> None:
    one = figure_of([(Evidence.REPORTED, spent(2, 150))])
    assert (one.cost_words, one.mostly) == ("$1.50 reported by the provider", "reported by the provider")


def test_a_tiny_share_is_not_nothing_and_what_is_beside_it_not_all() -> None:
    figure = figure_of([(MEASURED, spent(1, 100_000)), (ESTIMATED, spent(1, 1))])
    assert figure.cost_words == "$1,000.00 measured (over 99%) · $0.01 estimated (under 1%)"


def test_where_no_call_was_billed_that_is_told() -> None:
    nothing = figure_of([])
    assert (nothing.cost_words, nothing.mostly, nothing.cost) == ("no call was billed", "no call was billed", 0)


def test_what_is_unpriced_is_told_beside_the_cost_and_is_never_zero() -> None:
    some = figure_of([(MEASURED, spent(3, 50, unpriced=1))])
    assert some.cost_words == "$0.50 measured · 1 call unpriced, not counted"
    none = figure_of([(MEASURED, spent(2, 0, unpriced=2)), (IMPORTED, spent(1, 0, unpriced=1))])
    assert (none.cost, none.mostly) == (None, "67% measured")
    assert none.cost_words == "3 calls unpriced, not counted"


@pytest.mark.parametrize(
    ("calls", "unpriced", "known"), [(0, 0, 0), (2, 0, 5), (2, 1, 5), (2, 2, None)], ids=["none", "all", "some", "no"]
)
def test_a_cost_is_known_as_soon_as_one_call_has_a_price(calls: int, unpriced: int, known: int | None) -> None:
    assert known_cost(Spent(calls, known or 0, unpriced)) == known


def test_documents_tell_each_way_that_there_is() -> None:
    assert evidence_document(TWO) == {
        "measured": {"calls": 9, "tokens": 750, "cost": 94.0, "unpricedCalls": 0},
        "imported": {"calls": 1, "tokens": 250, "cost": 6.0, "unpricedCalls": 0},
    }


AMOUNTS = st.builds(
    Spent, st.integers(0, 99), st.integers(0, 10**12), st.integers(0, 9), st.builds(Usage, st.integers(0, 10**6))
)


@given(st.lists(st.tuples(st.sampled_from(list(Evidence)), AMOUNTS)))
def test_the_ways_add_up_to_the_whole(parts: list[tuple[Evidence, Spent]]) -> None:
    figure = figure_of(parts)
    assert figure == Figure(sum_of(part for _, part in parts), figure.by)
    assert sum_of(figure.by.values()) == figure.spent


@given(AMOUNTS, AMOUNTS)
def test_the_order_of_a_sum_does_not_matter(one: Spent, other: Spent) -> None:
    assert plus(one, other) == plus(other, one)
