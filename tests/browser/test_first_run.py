"""Is somebody who has just begun led to a first tracked run, and does the page then become the overview by itself?"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.browser.looking import NARROW, barriers, is_wider_than_the_window, shot

if TYPE_CHECKING:
    from tests.browser.conftest import Dashboard, Pages, Theme

CALL = {
    "sessionName": "My first run",
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "promptTokens": 8000,
    "completionTokens": 2000,
}


def push(board: Dashboard) -> None:
    """Tell of a call, as a program does."""
    request = urllib.request.Request(
        f"{board.url}/api/v1/sessions/active/ai", json.dumps(CALL).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_it_is_whole_shows_three_ways_and_copies_each(pages: Pages, empty: Dashboard) -> None:
    themes: tuple[Theme, ...] = ("light", "dark")
    for theme in themes:
        page = pages(empty, theme=theme, permissions=["clipboard-read", "clipboard-write"])
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your first tracked run")
        shot(page, f"first-run-{theme}-1440")
        assert barriers(page) == []
        page.set_viewport_size(NARROW)
        shot(page, f"first-run-{theme}-420")
        assert barriers(page) == []
        assert not is_wider_than_the_window(page)
    page.get_by_role("button", name="Copy: Claude Code").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == "cs run -- claude"


def test_it_becomes_the_overview_with_the_first_call(pages: Pages, empty: Dashboard) -> None:
    page = pages(empty)
    page.goto("/")
    expect(page.locator("#connection")).to_have_text("live")
    push(empty)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("#stat-today")).to_contain_text("$0.05")
    expect(page.locator("#chart-cost")).to_have_attribute("data-drawn", "true")
    expect(page.get_by_role("link", name="My first run").first).to_be_visible()
