"""Do the charts of the first page draw what the page tells, and say the same in words?"""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING

from tests.report.spending import DOLLAR, NOW, begin, call, ms

from codesession.model import Usage
from codesession.report.overview import overview
from codesession.report.overview_charts import OverviewCharts, overview_charts

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger

DAYS = ["22 Nov", "23 Nov", "24 Nov", "25 Nov", "26 Nov", "27 Nov", "28 Nov"]


def charts(ledger: SqliteLedger, zone: timezone = UTC) -> OverviewCharts:
    return overview_charts(overview(ledger, ms(NOW), zone, 7), zone)


def test_cost_is_an_area_and_what_is_expected_goes_on_from_today_in_dashes(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-26T09:00+00:00", 4 * DOLLAR)
    call(ledger, "2026-11-28T09:00+00:00", 1 * DOLLAR)
    options, says = charts(ledger).cost
    cost, projected = options["series"]
    coming = ["29 Nov", "30 Nov", "1 Dec", "2 Dec", "3 Dec", "4 Dec", "5 Dec"]
    assert options["xAxis"]["data"] == DAYS + coming
    assert cost["data"] == [None, None, None, None, 4.0, 0, 1.0] + [None] * 7
    assert projected["data"] == [None] * 6 + [1.0] + [2.0] * 7
    assert (cost["lineStyle"]["type"], projected["lineStyle"]["type"]) == ("solid", "dashed")
    assert "areaStyle" in cost
    assert "areaStyle" not in projected
    assert (options["yAxis"]["axisLabel"]["formatter"], options["tooltip"]["valueFormatter"]) == ("fn:usd", "fn:usd")
    assert says == (
        "Cost of each of the last 7 days: $5.00 in all, at most $4.00 on 26 Nov; $14.00 expected in the next 7 days."
    )


def test_where_nothing_is_expected_nothing_is_drawn(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T09:00+00:00", 1 * DOLLAR)
    options, says = charts(ledger).cost
    assert [series["name"] for series in options["series"]] == ["Cost"]
    assert options["xAxis"]["data"] == DAYS
    assert says == "Cost of each of the last 7 days: $1.00 in all, at most $1.00 on 28 Nov."


def test_a_day_that_no_line_leads_to_is_a_dot(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T09:00+00:00", 1 * DOLLAR)
    (cost,) = charts(ledger).cost.options["series"]
    assert cost["data"] == [None] * 6 + [{"value": 1.0, "symbol": "circle"}]
    assert (cost["symbol"], cost["showAllSymbol"]) == ("none", True)
    call(ledger, "2026-11-27T09:00+00:00", 2 * DOLLAR)
    cost, _ = charts(ledger).cost.options["series"]
    assert cost["data"][5:7] == [2.0, 1.0]
    assert cost["showSymbol"] is False


def test_a_day_without_a_price_is_a_gap_and_so_is_one_before_the_first_call(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-24T09:00+00:00", 0)
    call(ledger, "2026-11-27T09:00+00:00", None)
    alone = {"value": 0, "symbol": "circle"}
    assert charts(ledger).cost.options["series"][0]["data"][:7] == [None, None, 0, 0, 0, None, alone]


def test_whoever_began_long_ago_has_days_of_nothing(ledger: SqliteLedger) -> None:
    call(ledger, "2025-11-24T09:00+00:00", 1)
    assert charts(ledger).cost.options["series"][0]["data"][:7] == [0] * 7


def test_tokens_are_stacked_by_kind_and_each_is_in_one(ledger: SqliteLedger) -> None:
    usage = Usage(input=1, input_audio=2, cache_read=40, cache_read_image=3, cache_write=5, cache_write_1h=6, output=7)
    call(ledger, "2026-11-28T09:00+00:00", 1, usage=usage)
    options, says = charts(ledger).tokens
    assert [(series["name"], series["data"][-1], series["stack"]) for series in options["series"]] == [
        ("Input", 3, "tokens"),
        ("Output", 7, "tokens"),
        ("Cache write", 11, "tokens"),
        ("Cache read", 43, "tokens"),
    ]
    assert says == "Tokens of each of the last 7 days; in all input 3, output 7, cache write 11, cache read 43."


def test_tokens_of_which_only_the_total_is_known_are_a_kind_of_their_own(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T09:00+00:00", 1, usage=Usage(unsplit=9))
    last = charts(ledger).tokens.options["series"][-1]
    assert (last["name"], last["data"]) == ("Unsplit", [0, 0, 0, 0, 0, 0, 9])


def test_sessions_are_counted_by_day(ledger: SqliteLedger) -> None:
    begin(ledger, "a", "2026-11-27T09:00+00:00")
    begin(ledger, "b", "2026-11-27T10:00+00:00")
    begin(ledger, "c", "2026-11-28T10:00+00:00")
    options, says = charts(ledger).sessions
    assert options["series"][0]["data"] == [0, 0, 0, 0, 0, 2, 1]
    assert options["yAxis"]["minInterval"] == 1
    assert says == "3 sessions began in the last 7 days, at most 2 on one."


def test_the_pace_of_the_last_day_is_by_the_users_clock(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-28T15:00+00:00", 2 * DOLLAR)
    options, says = charts(ledger, timezone(timedelta(hours=2))).velocity
    assert (options["xAxis"]["data"][0], options["xAxis"]["data"][-1]) == ("17:15", "17:00")
    assert options["series"][0]["data"] == [0.0] * 95 + [8.0]
    assert says == "$2.00 spent in the last 24 hours, at most at a pace of $8.00 an hour."


def test_charts_of_nothing_are_empty_and_say_so(ledger: SqliteLedger) -> None:
    drawn = charts(ledger)
    assert drawn.velocity.says == "$0.00 spent in the last 24 hours."
    assert drawn.sessions.says == "0 sessions began in the last 7 days."
    assert drawn.cost.options["series"][0]["data"] == [0] * 7


def test_options_are_json_and_name_no_colour_or_font_of_their_own(ledger: SqliteLedger) -> None:
    call(ledger, "2026-11-26T09:00+00:00", 4 * DOLLAR)
    written = json.dumps([chart.options for chart in charts(ledger)], allow_nan=False)
    assert "#" not in written
    assert "fontFamily" not in written
