"""Does a page follow the ledger, and is nothing lost of what its reader was doing?"""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.browser.small import Small, small

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

__all__ = ["small"]

CONNECTION = "#connection"


def is_live(url: str) -> bool:
    return urlsplit(url).path == "/live"


def live(page: Page) -> None:
    expect(page.locator(CONNECTION)).to_have_attribute("data-state", "live")


def test_what_happens_elsewhere_is_on_the_page_without_a_reload(small: Small, pages: Pages) -> None:
    page = pages(small.board)
    page.goto("/sessions")
    live(page)
    page.evaluate("() => { window.same = true; }")
    small.begin("Something new")
    expect(page.locator("main")).to_contain_text("Something new")
    assert page.evaluate("() => window.same")


def test_focus_and_half_typed_words_survive(small: Small, pages: Pages) -> None:
    page = pages(small.board)
    page.goto("/sessions")
    live(page)
    search = page.get_by_role("searchbox").first
    search.click()
    search.press_sequentially("Som")
    page.evaluate("() => document.activeElement.setSelectionRange(1, 2)")
    small.begin("Something new")
    expect(page.locator("main")).to_contain_text("Something new")
    expect(search).to_be_focused()
    expect(search).to_have_value("Som")
    assert page.evaluate("() => [document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [1, 2]
    search.press_sequentially("ee")
    expect(search).to_have_value("Seem")
    expect(page).to_have_url(re.compile("search=Seem"))


def test_what_is_open_typed_and_chosen_in_a_dialog_survives(small: Small, pages: Pages) -> None:
    page = pages(small.board)
    page.goto("/alerts")
    live(page)
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog", name="Set a budget")
    dialog.get_by_label("For whom").fill("all")
    dialog.get_by_label("At the limit").select_option("stop")
    dialog.get_by_label("Counts").select_option("month")
    dialog.get_by_label("Counts").focus()
    small.happen("Something was refused.")
    expect(page.locator("#card-alerts")).to_contain_text("Something was refused.")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("For whom")).to_have_value("all")
    expect(dialog.get_by_label("At the limit")).to_have_value("stop")
    expect(dialog.get_by_label("Counts")).to_have_value("month")
    expect(dialog.get_by_label("Counts")).to_be_focused()


def test_charts_keep_their_canvas_and_the_page_its_place(own: Dashboard, pages: Pages) -> None:
    page = pages(own)
    page.goto("/")
    live(page)
    canvas = page.locator(".chart canvas").first
    expect(canvas).to_be_visible()
    canvas.evaluate("(node) => { node.kept = true; }")
    page.evaluate("() => window.scrollTo(0, 300)")
    link = page.locator("main a[href]").last
    link.evaluate("(node) => node.focus({ preventScroll: true })")
    assert own.filled
    Small(own, own.filled.database).begin("Something new")
    expect(page.locator("main")).to_contain_text("Something new")
    assert page.locator(".chart canvas").first.evaluate("(node) => node.kept")
    assert page.evaluate("() => window.scrollY") == 300


def test_the_server_is_said_to_be_gone(small: Small, pages: Pages, trouble: list[str]) -> None:
    page = pages(small.board)
    page.goto("/sessions")
    live(page)
    os.kill(small.board.pid, signal.SIGTERM)
    expect(page.locator(CONNECTION)).to_have_text("not connected")
    expect(page.locator(CONNECTION)).to_have_attribute("data-state", "gone")
    assert [line for line in trouble if "/live" not in line] == []
    trouble.clear()


def test_tabs_share_one_connection_and_pass_it_on(small: Small, pages: Pages) -> None:
    one = pages(small.board, is_new=True)
    asked: list[Page] = []
    one.context.on("request", lambda request: asked.append(request.frame.page) if is_live(request.url) else None)
    one.goto("/sessions")
    live(one)
    others = [one.context.new_page() for _ in range(6)]
    for other in others:
        other.goto("/sessions")
        live(other)
    assert asked == [one]
    small.begin("Something new")
    for tab in (one, *others):
        expect(tab.locator("main")).to_contain_text("Something new")
    one.close()
    small.begin("Something else")
    for tab in others:
        expect(tab.locator("main")).to_contain_text("Something else")
    assert len(asked) == 2


_HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_waits_until_it_is_looked_at(small: Small, pages: Pages) -> None:
    page = pages(small.board)
    page.goto("/sessions")
    live(page)
    drawn: list[str] = []
    page.on("request", lambda request: drawn.append(request.url) if request.url.endswith("/sessions") else None)
    page.evaluate(_HIDE, True)
    seen = page.context.new_page()
    seen.goto("/sessions")
    small.begin("Something new")
    expect(seen.locator("main")).to_contain_text("Something new")
    assert drawn == []
    page.evaluate(_HIDE, False)
    expect(page.locator("main")).to_contain_text("Something new")
    assert len(drawn) == 1


@pytest.mark.parametrize("missing", ["locks", "BroadcastChannel"])
def test_where_no_tab_can_lead_each_listens_while_it_is_seen(small: Small, pages: Pages, missing: str) -> None:
    page = pages(small.board, is_new=True)
    holder = "Navigator.prototype" if missing == "locks" else "window"
    page.context.add_init_script(f"delete {holder}.{missing};")
    other = page.context.new_page()
    asked: list[Page] = []
    page.context.on("request", lambda request: asked.append(request.frame.page) if is_live(request.url) else None)
    for tab in (page, other):
        tab.goto("/sessions")
        live(tab)
    assert asked == [page, other]
    small.begin("Something new")
    for tab in (page, other):
        expect(tab.locator("main")).to_contain_text("Something new")
    page.evaluate(_HIDE, True)
    page.evaluate(_HIDE, False)
    live(page)
    small.begin("Something else")
    expect(page.locator("main")).to_contain_text("Something else")
    assert asked == [page, other, page]
