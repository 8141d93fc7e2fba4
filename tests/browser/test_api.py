"""Is the reference of the API a page that everybody can read, and does it lead from an endpoint to its documents?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.looking import NARROW, WIDE, barriers, is_wider_than_the_window

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize
    from tests.browser.conftest import Dashboard, Pages, Theme

DOCS = "/api/v1/docs"


def test_help_leads_to_it_and_an_endpoint_to_what_it_takes(page: Page) -> None:
    page.goto("/help")
    page.get_by_role("link", name="/api/v1", exact=True).click()
    page.wait_for_url(f"**{DOCS}")
    push = page.locator("#operation-push_calls")
    push.locator("summary").focus()
    page.keyboard.press("Enter")
    push.get_by_role("link", name="CallAsked", exact=True).first.click()
    expect(page.locator("#document-CallAsked")).to_be_in_viewport()


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"])
def test_nothing_bars_anybody_from_it(pages: Pages, dashboard: Dashboard, theme: Theme, size: ViewportSize) -> None:
    page = pages(dashboard, theme=theme, size=size)
    page.goto(DOCS)
    page.locator("#operation-push_calls > summary").click()
    assert barriers(page) == []
    assert not is_wider_than_the_window(page)
