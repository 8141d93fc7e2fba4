"""Are charts drawn soon, in the colours and the font of the page, and drawn anew without being taken away?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from tests.browser.looking import NARROW

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

_CHART = "#chart-cost"
_SHOWN = """(id) => {
  const chart = echarts.getInstanceByDom(document.querySelector(`${id} .chart-canvas`));
  const { series, textStyle, yAxis, animation } = chart.getOption();
  return {
    colour: series[0].color, data: series[0].data, font: textStyle.fontFamily, animation,
    axis: yAxis[0].axisLabel.formatter(2.5), unknown: yAxis[0].axisLabel.formatter(null), width: chart.getWidth(),
  };
}"""
_WRITTEN = """([id, value]) => {
  const chart = echarts.getInstanceByDom(document.querySelector(`${id} .chart-canvas`));
  const { axisLabel, axisPointer } = chart.getOption().yAxis[0];
  return [axisLabel.formatter(value), axisPointer.label.formatter(value)];
}"""
_NAMED = """([id, name]) => {
  const chart = echarts.getInstanceByDom(document.querySelector(`${id} .chart-canvas`));
  return chart.getOption().series[0].name === name;
}"""
_PAINTED = """(id) => {
  const canvas = document.querySelector(`${id} canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, place) => place % 4 === 3 && value > 0);
}"""


def drawn(page: Page) -> dict[str, Any]:
    """What the first chart of the page shows, once it is drawn."""
    expect(page.locator(_CHART)).to_have_attribute("data-drawn", "true")
    shown: dict[str, Any] = page.evaluate(_SHOWN, _CHART)
    return shown


def change(page: Page, change: str) -> None:
    """Do something with the options of the first chart, as a live update would."""
    page.evaluate(
        f"""(id) => {{
          const chart = document.querySelector(id);
          const options = JSON.parse(chart.dataset.options);
          {change};
          chart.dataset.options = JSON.stringify(options);
        }}""",
        _CHART,
    )


def test_words_of_the_options_stand_for_colours_and_formats(page: Page) -> None:
    page.goto("/")
    shown = drawn(page)
    assert shown["colour"] == "#5353cf"
    assert shown["axis"] == "$2.5"
    assert shown["unknown"] == "\N{EN DASH}"
    assert shown["font"].startswith("Inter")
    assert page.evaluate("() => document.fonts.check('12px Inter')")
    assert page.evaluate(_PAINTED, _CHART)


def test_numbers_are_short_on_an_axis_and_whole_beside_a_point(page: Page) -> None:
    page.goto("/")
    drawn(page)
    written = {}
    for name, value in (
        ("usd", 1234.5),
        ("usd", 0.0042),
        ("usd", 0),
        ("tokens", 2_500_000),
        ("count", 13_512),
        ("duration", 8100),
        ("duration", 59),
        ("percent", 0.1234),
    ):
        said = f"{{ formatter: 'fn:{name}' }}"
        change(page, f"options.yAxis.axisLabel = {said}; options.yAxis.axisPointer = {{ label: {said} }}")
        written[name, value] = tuple(page.evaluate(_WRITTEN, [_CHART, value]))
    assert written == {
        ("usd", 1234.5): ("$1.2K", "$1,234.50"),
        ("usd", 0.0042): ("$0.0042", "$0.0042"),
        ("usd", 0): ("$0", "$0.00"),
        ("tokens", 2_500_000): ("2.5M", "2,500,000"),
        ("count", 13_512): ("13.5K", "13,512"),
        ("duration", 8100): ("2h 15m", "2h 15m"),
        ("duration", 59): ("59s", "59s"),
        ("percent", 0.1234): ("12.3%", "12.3%"),
    }


def test_every_chart_is_drawn_and_says_in_words_what_it_shows(page: Page) -> None:
    page.goto("/")
    charts = page.locator(".chart[data-options]")
    assert charts.count() >= 3
    for chart in charts.all():
        expect(chart).to_have_attribute("data-drawn", "true")
        assert len(chart.get_attribute("aria-label") or "") > 20


def test_the_colours_change_with_those_of_the_page(page: Page) -> None:
    page.goto("/")
    assert drawn(page)["colour"] == "#5353cf"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert drawn(page)["colour"] == "#9293f7"


def test_other_options_are_drawn_on_the_same_canvas_at_once(page: Page) -> None:
    page.goto("/")
    drawn(page)
    page.evaluate("(id) => { window.canvas = document.querySelector(`${id} canvas`); }", _CHART)
    change(page, "options.series[0].data[0] = 77")
    shown = drawn(page)
    assert (shown["data"][0], shown["animation"]) == (77, False)
    assert page.evaluate("(id) => window.canvas === document.querySelector(`${id} canvas`)", _CHART)


def test_a_live_update_leaves_the_canvas_where_it_is(page: Page) -> None:
    page.goto("/")
    drawn(page)
    page.evaluate("(id) => { window.canvas = document.querySelector(`${id} canvas`); }", _CHART)
    change(page, "options.series[0].data[0] = 77")
    with page.expect_response(lambda answer: answer.url.rstrip("/") == page.url.rstrip("/")):
        page.evaluate("() => { document.body.dispatchEvent(new CustomEvent('live')); }")
    expect(page.locator(_CHART)).not_to_have_attribute("data-options", re.compile(r"\[77,"))
    assert drawn(page)["data"][0] != 77
    assert page.evaluate("(id) => window.canvas === document.querySelector(`${id} canvas`)", _CHART)


def test_a_chart_follows_the_width_of_the_window(page: Page) -> None:
    page.goto("/")
    wide = drawn(page)["width"]
    page.set_viewport_size(NARROW)
    expect(page.locator(_CHART)).not_to_have_css("width", f"{wide}px")
    width = page.locator(_CHART).evaluate("(chart) => chart.clientWidth")
    canvas = page.locator(f"{_CHART} canvas")
    expect(canvas).to_have_css("width", f"{width}px")


def test_a_point_tells_its_day_and_its_numbers_and_no_series_of_another_time(page: Page) -> None:
    page.goto("/")
    drawn(page)
    place = page.locator(_CHART).bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] * 0.4, place["y"] + place["height"] * 0.6)
    tip = page.locator(f"{_CHART} strong")
    expect(tip).to_have_count(1)
    expect(tip).to_contain_text("$")


@pytest.mark.parametrize("name", ["fn:nothing", "fn:usd", "var(--accent)"])
def test_a_name_is_a_name_whatever_it_looks_like(page: Page, name: str) -> None:
    page.goto("/")
    drawn(page)
    change(page, f"options.series[0].name = {name!r}; options.xAxis.data = options.xAxis.data?.map(() => {name!r})")
    page.wait_for_function(_NAMED, arg=[_CHART, name])


def test_a_chart_that_cannot_be_drawn_is_not_tried_again_and_again(page: Page, trouble: list[str]) -> None:
    page.goto("/")
    drawn(page)
    page.evaluate(
        """async (id) => {
          const chart = document.querySelector(id).cloneNode(false);
          chart.id = "chart-wrong";
          chart.dataset.options = JSON.stringify({ tooltip: { valueFormatter: "fn:nothing" } });
          document.querySelector(id).after(chart);
          for (let frame = 0; frame < 5; frame += 1) await new Promise(requestAnimationFrame);
        }""",
        _CHART,
    )
    assert len([line for line in trouble if "chart-wrong cannot be drawn" in line]) == 1
    trouble.clear()


@pytest.mark.parametrize("words", ["fn:nothing", "fn:"])
def test_a_format_that_is_none_is_a_mistake(page: Page, trouble: list[str], words: str) -> None:
    page.goto("/")
    drawn(page)
    change(page, f"options.yAxis.axisLabel.formatter = {words!r}; options.series[0].data[0] = 77")
    assert page.evaluate("() => document.querySelectorAll('.chart canvas').length") > 1  # the others stay
    assert [line for line in trouble if f"there is no format {words}" in line]
    trouble.clear()


def test_motion_is_for_those_who_want_it(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, reduced_motion="no-preference")
    page.goto("/")
    assert drawn(page)["animation"] is True


def test_without_the_files_of_others_charts_are_words(page: Page, trouble: list[str]) -> None:
    page.route("**/vendor/echarts*", lambda route: route.fulfill(status=404, body=""))
    page.goto("/")
    chart = page.locator(_CHART)
    expect(chart).to_have_text(chart.get_attribute("aria-label") or "?")
    trouble.clear()  # the browser says that the file is missing
