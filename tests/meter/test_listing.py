"""Which of a model's prices holds at a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from codesession.meter.listing import DatedRates, Listing, read_listing
from codesession.meter.pricing import Band, Rates, band_of
from codesession.model import USAGE_FIELDS

OLD, NEW, NIGHT = (Rates((Band((rate,) * len(USAGE_FIELDS)),)) for rate in (3, 2, 1))


@pytest.mark.parametrize(
    ("at", "rates"),
    [
        pytest.param(datetime(2025, 6, 9, 23, 59, 59, 999_999, UTC), OLD, id="the-last-microsecond-before"),
        pytest.param(datetime(2025, 6, 10, 0, 0, tzinfo=UTC), NEW, id="the-first-moment-of-the-day"),
        pytest.param(
            datetime(2025, 6, 10, 1, 0, tzinfo=timezone(timedelta(hours=2))), OLD, id="still-the-day-before-in-utc"
        ),
        pytest.param(datetime(2025, 6, 10, 0, 0), NEW, id="a-time-without-zone-is-utc"),  # noqa: DTZ001 - the case
    ],
)
def test_a_price_cut_holds_from_its_day_on_in_utc(at: datetime, rates: Rates) -> None:
    listing = Listing("openai", "o3", (DatedRates(OLD), DatedRates(NEW, start=date(2025, 6, 10))))

    assert listing.rates(at) is rates


@pytest.mark.parametrize(
    ("clock", "rates"),
    [
        pytest.param(time(22, 29, 59), OLD, id="before"),
        pytest.param(time(22, 30), NIGHT, id="its-first-moment"),
        pytest.param(time(3, 0), NIGHT, id="after-midnight"),
        pytest.param(time(6, 0), OLD, id="its-end-is-outside"),
    ],
)
def test_a_window_may_go_over_midnight(clock: time, rates: Rates) -> None:
    listing = Listing("deepseek", "x", (DatedRates(OLD), DatedRates(NIGHT, window=(time(22, 30), time(6, 0)))))

    assert listing.rates(datetime.combine(date(2026, 1, 1), clock, UTC)) is rates


def test_of_two_prices_that_hold_the_later_listed_wins() -> None:
    listing = Listing("a", "b", (DatedRates(OLD), DatedRates(NEW, start=date(2025, 1, 1)), DatedRates(NIGHT)))

    assert listing.rates(datetime(2026, 1, 1, tzinfo=UTC)) is NIGHT


def test_when_no_price_holds_the_first_does() -> None:
    listing = Listing("a", "b", (DatedRates(OLD, start=date(2025, 1, 1)), DatedRates(NEW, start=date(2026, 1, 1))))

    assert listing.rates(datetime(2024, 1, 1, tzinfo=UTC)) is OLD


def test_a_row_reads_back_as_it_was_meant() -> None:
    row = {
        "id": "m",
        "prices": [
            {
                "bands": [
                    {"input": 5, "cache_write": 6, "output": 9},
                    {"input": 7, "output": 9, "above": 100, "request": 2},
                ]
            },
            {"from": "2026-09-01", "per": 10_000_000, "bands": [{"output": 1}]},
            {"between": ["01:00:00", "04:00:00"], "bands": None},
        ],
    }

    first, second, third = read_listing("p", row).prices

    assert first == DatedRates(
        Rates(
            (
                band_of({"input": 5, "cache_write": 6, "output": 9}),
                band_of({"input": 7, "output": 9}, above=100, request=2),
            )
        )
    )
    assert second.start == date(2026, 9, 1)
    assert second.rates == Rates((band_of({"output": 1}),), per=10_000_000)
    assert third == DatedRates(None, window=(time(1), time(4)))


# --- other terms ---


def test_a_variant_has_its_own_days() -> None:
    row = {
        "id": "m",
        "prices": [{"bands": [{"input": 4}]}],
        "variants": {"processing=batch": [{"bands": None}, {"from": "2026-06-01", "bands": [{"input": 2}]}]},
    }
    listing = read_listing("p", row)

    before, after = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert listing.dated(before, "processing=batch").rates is None
    assert listing.dated(after, "processing=batch") == DatedRates(
        Rates((band_of({"input": 2}),)), start=date(2026, 6, 1)
    )
    assert listing.dated(after).rates == Rates((band_of({"input": 4}),))


def test_terms_without_a_variant_have_no_price() -> None:
    assert Listing("a", "b", (DatedRates(OLD),)).dated(datetime(2026, 1, 1, tzinfo=UTC), "service_tier=x").rates is None


def test_a_day_and_hours_must_both_hold() -> None:
    both = DatedRates(NIGHT, date(2026, 8, 17), (time(1), time(4)))
    listing = Listing("deepseek", "x", (DatedRates(OLD), both))
    moments = [
        datetime(2026, 8, 16, 2, tzinfo=UTC),
        datetime(2026, 8, 17, 2, tzinfo=UTC),
        datetime(2026, 8, 17, 4, tzinfo=UTC),
    ]

    assert [listing.rates(at) for at in moments] == [OLD, NIGHT, OLD]
    assert [listing.dated(at, by_hours=False).rates for at in moments] == [OLD, OLD, OLD]
