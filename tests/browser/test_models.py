"""Is the page of models drawn, sorted as one asks, and does it lead on from there?"""

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


def names(page: Page) -> list[str]:
    return page.locator("#card-models tbody tr td:first-child a:first-child").all_text_contents()


def test_both_charts_are_drawn(page: Page) -> None:
    page.goto("/models")
    for name in ("cost", "tokens"):
        expect(page.locator(f"#chart-{name}")).to_have_attribute("data-drawn", "true")
    expect(page.locator(".legend li")).to_have_count(6)


def test_the_table_is_sorted_by_keyboard(page: Page) -> None:
    page.goto("/models?days=all")
    dearest = names(page)
    column = page.locator("#card-models").get_by_role("columnheader", name="Model")
    column.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(column).to_have_attribute("aria-sort", "descending")
    assert names(page) != dearest
    assert sorted(names(page)) == sorted(dearest)


def test_a_model_leads_to_its_calls_and_one_without_a_price_to_where_it_is_set(page: Page) -> None:
    page.goto("/models?days=all")
    page.locator("#card-models").get_by_role("link", name="gpt-5", exact=True).click()
    page.wait_for_url("**/calls?provider=openai&model=gpt-5")
    page.goto("/models?days=all")
    page.locator("#card-models").get_by_role("link", name="set the price").first.click()
    page.wait_for_url("**/pricing?provider=acme&model=acme-coder-1")


def test_a_new_model_appears_and_what_has_the_focus_keeps_it(pages: Pages, own: Dashboard) -> None:
    page = pages(own)
    page.goto("/models?days=7")
    link = page.locator("#card-models").get_by_role("link", name="Cost", exact=False).first
    link.focus()
    assert own.filled
    with closing(SqliteLedger(own.filled.database)) as ledger:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()
        call(ledger, now, 1000 * DOLLAR, provider="newcomer", model="brand-new")
    expect(page.locator("#card-models").get_by_role("link", name="brand-new")).to_be_visible()
    expect(link).to_be_focused()
    expect(page.locator("#chart-cost")).to_have_attribute("aria-label", re.compile(r"brand-new \$1,000\.00"))


def test_it_fits_a_narrow_window(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, size=NARROW)
    page.goto("/models?days=all")
    page.locator("#card-models .evidence").first.focus()
    assert not is_wider_than_the_window(page)
