from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesession.capture.providers.reported import nanos_of


@given(st.integers(0, 10**15))
def test_a_decimal_with_nine_places_is_taken_exactly(nanos: int) -> None:
    text = f"{Decimal(nanos).scaleb(-9):f}"

    assert nanos_of(msgspec.json.decode(text)) == nanos


@pytest.mark.parametrize(
    ("told", "nanos"),
    [
        (0.0000000005, 0),
        (0.0000000015, 2),
        (1e-7, 100),
        (0.95, 950_000_000),
        (19, 19_000_000_000),
        (1_000_000, 10**15),
        (1_000_000.1, None),
        (-0.0, None),
        (-1, None),
        (float("inf"), None),
        (10**400, None),
        (None, None),
        ([0.1], None),
        ({"total_cost": 1}, None),
    ],
)
def test_what_is_a_cost_and_what_is_none(told: object, nanos: int | None) -> None:
    assert nanos_of(told) == nanos


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()), st.sampled_from([1, 10**10]))
def test_whatever_is_told_it_is_a_cost_that_the_ledger_holds_or_none(told: object, per_usd: int) -> None:
    nanos = nanos_of(told, per_usd)

    assert nanos is None or 0 <= nanos <= 10**15
