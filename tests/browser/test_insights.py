"""Are the insights drawn, do they lead on, and does the week follow what happens?"""

from __future__ import annotations

import re
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.looking import NARROW, is_wider_than_the_window
from tests.report.spending import DOLLAR, call

from codesession.ledger import SqliteLedger

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages


def test_the_week_is_a_table_of_seven_days_and_24_hours_with_words_in_each(page: Page) -> None:
    page.goto("/insights?days=all")
    week = page.locator("#card-week")
    expect(week.get_by_role("row")).to_have_count(8)
    expect(week.get_by_role("rowheader")).to_have_text(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    expect(week.get_by_role("cell", name="nothing").first).to_be_attached()
    expect(week.locator("td.heat-4").first).to_have_attribute("title", re.compile(r"\d\d:00: \$\d"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_busier_hours_are_told_apart_by_their_colour(pages: Pages, dashboard: Dashboard, theme: str) -> None:
    page = pages(dashboard, theme=theme)  # type: ignore[arg-type]  # one of two words
    page.goto("/insights?days=all")
    shades = {
        page.locator(f"#card-week td.heat-{level}").first.evaluate("(cell) => getComputedStyle(cell).backgroundColor")
        for level in range(5)
    }
    assert len(shades) == 5


def test_the_week_is_shaded_and_told_of_the_days_that_one_asks_for(page: Page) -> None:
    page.goto("/insights")
    page.locator("#card-week").get_by_role("link", name="Sessions").click()
    page.wait_for_url("**/insights?by=sessions")
    page.get_by_role("link", name="30d").click()
    page.wait_for_url(re.compile(r"days=30"))
    expect(page.get_by_role("heading", name="Hours of the week, the last 30 days")).to_be_visible()
    expect(page.locator("#card-week").get_by_role("link", name="Sessions")).to_have_attribute("aria-current", "true")


def test_projects_and_agents_lead_to_their_sessions_and_calls(page: Page) -> None:
    page.goto("/insights?days=all")
    expect(page.locator("#chart-projects canvas")).to_be_visible()
    expect(page.locator("#card-projects tbody tr")).to_have_count(3)
    expect(page.locator("#card-files tbody tr").first).to_contain_text(re.compile(r"\d"))
    page.locator("#card-agents").get_by_role("link", name="codex").click()
    page.wait_for_url("**/calls?agent=codex")
    page.go_back()
    page.locator("#card-projects").get_by_role("link", name="billing-api").click()
    page.wait_for_url(re.compile(r"/sessions\?project=.*billing-api"))


def test_a_new_call_is_added_where_one_looks_and_the_focus_stays(pages: Pages, own: Dashboard) -> None:
    page = pages(own)
    page.goto("/insights?days=30")
    link = page.locator("#card-projects").get_by_role("link").first
    link.focus()
    assert own.filled
    with closing(SqliteLedger(own.filled.database)) as ledger:
        call(ledger, datetime.fromtimestamp(time.time(), UTC).isoformat(), 5000 * DOLLAR)
    expect(page.locator("#card-week td.heat-4[title*='$5,0']")).to_have_count(1)
    expect(link).to_be_focused()


def test_it_fits_a_narrow_window(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, size=NARROW)
    page.goto("/insights?days=all")
    assert not is_wider_than_the_window(page)
