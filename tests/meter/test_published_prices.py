"""Does every case worked out by hand from published prices cost exactly that?"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from tests.meter.published_prices import CASES

from codesession.meter import Catalogue, PriceBook
from codesession.model import USAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.meter.published_case import Case

pytestmark = pytest.mark.no_cover  # thousands of prices, by the same few lines

_TERM = re.compile(r"(\d+) x (\d+(?:\.\d+)?)")

RULES: dict[str, Callable[[Case], bool]] = {
    **{f"a price of {name}": lambda case, name=name: bool(getattr(case.usage, name)) for name in USAGE_FIELDS},  # type: ignore[misc] # mypy has no word for a default in a lambda
    "batch": lambda case: case.terms.is_batch and case.nanos is not None,
    "flex": lambda case: case.terms.service_tier == "flex",
    "priority": lambda case: case.terms.service_tier in ("priority", "fast") and case.nanos is not None,
    "fast": lambda case: case.terms.speed == "fast" and case.nanos is not None,
    "region": lambda case: case.terms.geography == "us" or case.model.startswith("us."),
    "two terms at once": lambda case: case.terms.is_batch and case.terms.geography is not None,
    "a long prompt": lambda case: case.usage.prompt_tokens > 200_000,
    "a price that changes on a day": lambda case: case.at.microsecond == 999_999,
    "hours": lambda case: case.provider == "deepseek" and case.at.hour in (1, 6),
    "weekends": lambda case: case.provider == "deepseek" and case.at.weekday() >= 5,
    "free": lambda case: case.nanos == 0 and case.usage.tokens > 0,
    "a model that nobody knows": lambda case: case.nanos is None and "99" in case.model,
    "terms that nobody knows": lambda case: case.nanos is None and bool(case.terms.service_tier or case.terms.speed),
    "tokens that are not split": lambda case: bool(case.usage.unsplit),
}
"""the kinds of rules a price may follow"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> PriceBook:
    """The prices of somebody who has set none."""
    return PriceBook(tmp_path_factory.mktemp("home"), catalogue)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_call_costs_what_its_provider_publishes(book: PriceBook, case: Case) -> None:
    cost = book.cost(case.provider, case.model, case.usage, case.at, case.terms)

    assert (None if cost is None else cost.nanos) == case.nanos, case.why


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_arithmetic_of_a_case_is_its_price(case: Case) -> None:
    arithmetic, _, source = case.why.partition("; ")
    dollars = sum(Fraction(amount) * Fraction(rate) for amount, rate in _TERM.findall(arithmetic))

    assert (None if arithmetic == "no price" else round(dollars * 1_000)) == case.nanos
    assert source


def test_there_are_cases_enough_each_of_its_own_name() -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("rule", RULES)
def test_every_kind_of_rule_is_among_the_cases(rule: str) -> None:
    assert any(RULES[rule](case) for case in CASES)
