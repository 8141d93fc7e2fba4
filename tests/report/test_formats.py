"""Are times, durations and money written as people and the contract expect?"""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codesession.report.formats import duration, iso, money, plural


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1, "1s"), (59, "59s"), (60, "1m"), (119, "1m"), (3599, "59m"), (3600, "1h 0m"), (90_061, "25h 1m")],
)
def test_durations(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        pytest.param(0, "$0.00", id="nothing"),
        pytest.param(1, "$0.000000001", id="one-nano"),
        pytest.param(12, "$0.000000012", id="twelve-nanos"),
        pytest.param(1_000_000, "$0.001", id="a-tenth-of-a-cent"),
        pytest.param(2_513_700, "$0.0025", id="a-quarter-of-a-cent"),
        pytest.param(9_999_999, "$0.01", id="just-below-a-cent"),
        pytest.param(10_000_000, "$0.01", id="a-cent"),
        pytest.param(1_430_000_000, "$1.43", id="dollars"),
        pytest.param(1_000_000_000_000, "$1,000.00", id="thousands"),
    ],
)
def test_money(nanos: int, text: str) -> None:
    assert money(nanos) == text


@given(st.integers(1, 10**13))
def test_money_that_was_spent_never_looks_like_none(nanos: int) -> None:
    shown = money(nanos)
    assert re.fullmatch(r"\$[\d,]+\.\d+", shown)
    assert float(shown[1:].replace(",", "")) > 0
    half_a_cent = 5_000_000
    assert abs(float(shown[1:].replace(",", "")) * 1e9 - nanos) <= (
        half_a_cent if nanos > half_a_cent else 0.06 * nanos
    )


@pytest.mark.parametrize(("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")])
def test_plural(count: int, text: str) -> None:
    assert plural(count, "file") == text


@given(st.integers(0, 4_102_444_800_000))
def test_times_are_utc_with_milliseconds(ms: int) -> None:
    text = iso(ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert text[-4:-1] == f"{ms % 1000:03d}"
