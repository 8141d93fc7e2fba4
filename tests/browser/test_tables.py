"""Do tables of a hundred thousand rows send only the rows that are looked at?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import serving
from tests.browser.crowded import crowd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

MOST_BYTES = 300_000
"""A page of rows comes to a third of that; all of them would be fifty million."""


@pytest.fixture(scope="module")
def crowded(homes: Callable[[], Path]) -> Iterator[Dashboard]:
    """A dashboard on a hundred thousand sessions, with a call each."""
    home = homes()
    crowd(home / ".codesession" / "sessions.db", time.time_ns() // 1_000_000)
    with serving(home) as board:
        yield board


@pytest.fixture
def page(pages: Pages, crowded: Dashboard) -> Page:
    return pages(crowded)


@pytest.mark.parametrize("address", ["/sessions", "/calls"])
def test_only_a_page_of_rows_is_sent(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer
    assert len(answer.body()) < MOST_BYTES
    rows = page.locator("main tbody tr")
    assert 20 <= rows.count() <= 200
    newest = rows.first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Previous")).to_be_visible()
    assert rows.first.inner_text() != newest
    assert 20 <= rows.count() <= 200


def test_all_rows_are_counted_where_that_costs_nothing(page: Page) -> None:
    page.goto("/sessions")
    expect(page.get_by_role("navigation", name="Pages of sessions")).to_contain_text("of 100,000")


def test_a_search_finds_one_of_a_hundred_thousand_without_a_reload(page: Page) -> None:
    page.goto("/sessions")
    page.evaluate("() => { window.same = true; }")
    words = page.get_by_role("searchbox", name="Search sessions")
    words.press_sequentially("Task 077777")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="Task 077777")).to_be_visible()
    expect(words).to_be_focused()
    expect(words).to_have_value("Task 077777")
    assert page.evaluate("() => window.same")


def test_the_last_of_a_hundred_thousand_comes_first_when_it_is_sorted_so(page: Page) -> None:
    page.goto("/sessions")
    page.get_by_role("link", name="Cost").click()
    expect(page.locator("main tbody tr").first).to_contain_text("Task 100000")
    page.get_by_role("link", name="Cost").click()
    expect(page.locator("main tbody tr").first).to_contain_text("Task 000001")
