"""Is every page whole, in light and dark, wide and narrow, and can everybody use it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.looking import NARROW, barriers, controls, is_wider_than_the_window, shot, tabbed

from codesession.web.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages, Theme

ADDRESSES = {page.name: page.path.replace("{session_id:row}", "3") for page in PAGES}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_is_whole_and_open_to_all(pages: Pages, dashboard: Dashboard, name: str, theme: Theme) -> None:
    page = pages(dashboard, theme=theme)
    answer = page.goto(ADDRESSES[name])
    assert answer
    assert answer.status == 200
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    drawn(page)
    shot(page, f"{name}-{theme}-1440")
    assert barriers(page) == []
    page.set_viewport_size(NARROW)
    shot(page, f"{name}-{theme}-420")
    assert barriers(page) == []
    assert not is_wider_than_the_window(page)


def drawn(page: Page) -> None:
    """Wait until every chart of the page that can be seen is drawn."""
    charts = page.locator(".chart[data-options]").locator("visible=true")
    for chart in charts.all():
        expect(chart).to_have_attribute("data-drawn", "true")


@pytest.mark.parametrize("name", ADDRESSES)
def test_tab_comes_to_every_control_in_order_and_shows_where_it_is(page: Page, name: str) -> None:
    page.goto(ADDRESSES[name])
    reached, unmarked = tabbed(page)
    assert reached == controls(page)
    assert unmarked == []


def test_the_first_control_skips_the_menu(page: Page) -> None:
    page.goto("/sessions")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_menu_of_a_narrow_window_opens_and_closes_by_keyboard(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, size=NARROW)
    page.goto("/sessions")
    menu, link = page.get_by_role("button", name="Menu"), page.get_by_role("link", name="Pricing")
    expect(link).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    link.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pricing")


def test_the_menu_says_which_page_this_is(page: Page) -> None:
    page.goto("/sessions/3")
    here = page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")
    expect(here).to_have_text(["Sessions"])


def test_the_colours_that_were_chosen_are_kept(page: Page) -> None:
    page.goto("/help")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/sessions")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_colours_follow_the_system_until_one_is_chosen(page: Page) -> None:
    page.goto("/help")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_that_is_not_there_says_so(page: Page, trouble: list[str]) -> None:
    answer = page.goto("/nowhere")
    assert answer
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    assert barriers(page) == []
    assert len(trouble) == 1  # the browser says that of every such page
    assert "404" in trouble.pop()
