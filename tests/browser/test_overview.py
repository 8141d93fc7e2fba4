"""Is the first page drawn, and does it follow the ledger without taking anything from its reader's hands?"""

from __future__ import annotations

import re
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.browser.looking import NARROW, is_wider_than_the_window
from tests.report.spending import DOLLAR, call

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

CHARTS = ("cost", "tokens", "velocity", "sessions")


def spend(board: Dashboard, dollars: int) -> None:
    """A call of another process than the dashboard's."""
    assert board.filled
    with closing(SqliteLedger(board.filled.database)) as ledger:
        call(ledger, datetime.fromtimestamp(time.time(), UTC).isoformat(), dollars * DOLLAR)


def test_every_chart_is_drawn_and_says_what_it_shows(page: Page) -> None:
    page.goto("/")
    for name in CHARTS:
        chart = page.locator(f"#chart-{name}")
        expect(chart).to_have_attribute("data-drawn", "true")
        expect(chart.locator("canvas")).to_be_visible()
        expect(chart).to_have_attribute("aria-label", re.compile(r"\d.*\.$"))


def test_how_a_number_was_got_is_one_tab_away(page: Page) -> None:
    page.goto("/")
    figure = page.locator("#stat-spent .evidence")
    expect(figure.get_by_role("tooltip")).to_be_hidden()
    figure.focus()
    expect(figure.get_by_role("tooltip")).to_be_visible()
    expect(figure.get_by_role("tooltip")).to_contain_text("measured")


def test_other_days_can_be_looked_at(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="7d").click()
    expect(page.get_by_role("heading", name="Last 7 days")).to_be_visible()
    expect(page.locator("#chart-sessions")).to_have_attribute("aria-label", re.compile("the last 7 days"))


def test_a_session_is_one_click_away(page: Page) -> None:
    page.goto("/")
    first = page.locator("#card-recent tbody tr").first.get_by_role("link")
    name = first.text_content()
    assert name
    first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_a_call_elsewhere_is_shown_and_what_has_the_focus_keeps_it(pages: Pages, own: Dashboard) -> None:
    page = pages(own)
    page.goto("/")
    today, choice = page.locator("#stat-today .figure .evidence"), page.get_by_role("link", name="90d")
    expect(page.locator("#chart-cost")).to_have_attribute("data-drawn", "true")
    page.evaluate("() => { window.canvas = document.querySelector('#chart-cost canvas'); }")
    choice.focus()
    spend(own, 1000)
    expect(today).to_contain_text("$1,0")
    expect(choice).to_be_focused()
    today.focus()
    spend(own, 5000)
    expect(today).to_contain_text("$6,0")
    expect(today).to_be_focused()
    expect(today.get_by_role("tooltip")).to_be_visible()
    expect(page.locator("#chart-cost")).to_have_attribute("aria-label", re.compile(r"at most \$6,0\d\d\.\d\d on"))
    assert page.evaluate("() => window.canvas.isConnected")


def test_it_fits_a_narrow_window_whatever_is_told(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, size=NARROW)
    page.goto("/")
    for figure in [page.locator(".evidence").nth(place) for place in (0, 1, 3, 8, -1)]:
        figure.focus()
        expect(figure.get_by_role("tooltip")).to_be_in_viewport(ratio=1)
        assert not is_wider_than_the_window(page)


def test_whoever_has_just_begun_sees_no_empty_charts(pages: Pages, empty: Dashboard) -> None:
    page = pages(empty)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".chart")).to_have_count(0)
