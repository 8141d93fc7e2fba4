"""Can prices be set where they are looked at, by keyboard, and do past calls get their cost?"""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect
from tests.browser.looking import NARROW, barriers, is_wider_than_the_window
from tests.report.spending import DOLLAR, call

from codesession.ledger import SqliteLedger
from codesession.model import Usage

if TYPE_CHECKING:
    from tests.browser.conftest import Dashboard, Pages


def own_prices(board: Dashboard) -> dict[str, Any]:
    assert board.filled
    kept: dict[str, Any] = json.loads((board.filled.home / ".codesession" / "pricing.json").read_text())
    return kept


def called(board: Dashboard, nanos: int | None = DOLLAR, usage: Usage = Usage(input=1)) -> None:  # noqa: B008 - frozen
    """Something happens, of which every page is told."""
    assert board.filled
    with closing(SqliteLedger(board.filled.database)) as ledger:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()
        call(ledger, now, nanos, provider="newcomer", model="brand-new", usage=usage)


def test_an_unpriced_call_gets_its_price_by_keyboard_and_then_its_cost(own: Dashboard, pages: Pages) -> None:
    called(own, None, Usage(input=1_000_000, output=200_000))
    page = pages(own)
    page.goto("/pricing")
    lacking = page.locator("#unpriced tr", has_text="brand-new")
    lacking.get_by_role("button", name="Set the price of newcomer/brand-new").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Set a price")
    expect(dialog.get_by_label("Model", exact=True)).to_have_value("brand-new")
    expect(dialog.get_by_label("Only at this provider")).to_have_value("newcomer")
    dialog.get_by_label("Input").focus()
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("8.5")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert own_prices(own)["newcomer/brand-new"] == {"input": 2, "output": 8.5}
    expect(lacking).to_contain_text("known now")

    page.get_by_role("button", name="Price past calls anew").click()
    dialog = page.get_by_role("dialog", name="Price past calls anew")
    dialog.get_by_role("button", name="Look first").click()
    found = page.locator("#reprice-found")
    expect(found).to_contain_text("would change, by $")
    page.evaluate("() => { document.body.dispatchEvent(new CustomEvent('live')); }")
    page.wait_for_load_state("networkidle")
    expect(found).to_contain_text("would change, by $")
    expect(lacking).to_be_visible()
    dialog.get_by_role("button", name="Price them").click()
    expect(lacking).to_have_count(0)
    expect(found).to_contain_text(" changed, by $")
    dialog.get_by_role("button", name="Close").click()
    expect(found).to_have_text("")
    page.goto("/calls?provider=newcomer&model=brand-new")
    expect(page.locator("main tbody tr").first).to_contain_text("$3.70")


def test_ones_own_price_is_changed_and_removed_in_place(own: Dashboard, pages: Pages) -> None:
    page = pages(own)
    page.goto("/pricing?provider=acme&model=acme-coder-1")
    form = page.locator("#named")
    form.get_by_label("Input").fill("1")
    form.get_by_label("Output").fill("2")
    form.get_by_role("button", name="Set it").click()
    used = page.locator("#used")
    used.get_by_role("button", name="Change the price of acme/acme-coder-1").click()
    dialog = page.get_by_role("dialog", name="Set a price")
    expect(dialog.get_by_label("Input")).to_have_value("1")
    expect(dialog.get_by_label("Output")).to_have_value("2")
    expect(dialog.get_by_label("Cache read")).to_have_value("")
    assert barriers(page) == []
    dialog.get_by_label("Input").fill("0.0375")
    dialog.get_by_label("Output").fill("0.15")
    dialog.get_by_label("Cache read").fill("0.01")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog).to_be_hidden()
    assert own_prices(own)["acme/acme-coder-1"] == {"input": 0.0375, "output": 0.15, "cacheRead": 0.01}
    used.get_by_role("button", name="Remove your price of acme/acme-coder-1").click()
    removal = page.get_by_role("dialog", name="Remove your price?")
    with page.expect_response(lambda answer: "/pricing" in answer.url):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live'))")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(removal).to_contain_text("acme/acme-coder-1")  # what is to be removed is known after an update too
    removal.get_by_role("button", name="Remove it").click()
    expect(used.get_by_role("button", name="Set the price of acme/acme-coder-1")).to_have_text("Set")
    assert own_prices(own) == {}


def test_a_bad_number_is_explained_and_what_was_typed_stays(own: Dashboard, pages: Pages, trouble: list[str]) -> None:
    page = pages(own)
    page.goto("/pricing")
    page.get_by_role("button", name="Set a price").click()
    dialog = page.get_by_role("dialog", name="Set a price")
    dialog.get_by_label("Model", exact=True).fill("mine")
    dialog.get_by_label("Input").fill("three")
    dialog.get_by_label("Output").fill("4")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("input")
    expect(dialog.get_by_label("Input")).to_have_value("three")
    assert own.filled
    assert not (own.filled.home / ".codesession" / "pricing.json").exists()
    (refused,) = trouble
    assert "400" in refused
    trouble.clear()


def test_a_half_typed_price_survives_an_update(own: Dashboard, pages: Pages) -> None:
    page = pages(own)
    page.goto("/pricing")
    page.get_by_role("button", name="Set a price").click()
    dialog = page.get_by_role("dialog", name="Set a price")
    dialog.get_by_label("Model", exact=True).fill("mine")
    dialog.get_by_label("Input").press_sequentially("3.")
    called(own)
    expect(page.locator("#used")).to_contain_text("brand-new")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Model", exact=True)).to_have_value("mine")
    expect(dialog.get_by_label("Input")).to_have_value("3.")
    expect(dialog.get_by_label("Input")).to_be_focused()


def test_a_search_finds_a_price_without_a_reload(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard)
    page.goto("/pricing")
    page.evaluate("() => { window.same = true; }")
    words = page.get_by_role("searchbox", name="Search models and providers")
    words.press_sequentially("anthropic/claude-opus-4-5")
    row = page.locator("#all-prices tbody > tr").first
    expect(row).to_contain_text("claude-opus-4-5")
    expect(page.locator("#all-prices tbody > tr")).not_to_have_count(25)
    expect(words).to_be_focused()
    row.get_by_text("Source and more").click()
    expect(row.get_by_role("row", name="Cached input, written for 1 hour")).to_be_visible()
    assert page.evaluate("() => window.same")


def test_the_rate_of_a_model_on_ones_own_machine_is_set_changed_and_removed(own: Dashboard, pages: Pages) -> None:
    page = pages(own)
    page.goto("/pricing")
    hardware = page.locator("#hardware")
    hardware.get_by_role("button", name="Add a model").click()
    dialog = page.get_by_role("dialog", name="What an hour costs")
    dialog.get_by_label("Model, or *").fill("qwen3:8b")
    dialog.get_by_label("US dollars an hour").fill("0.35")
    dialog.get_by_label("Hardware").fill("RTX 4090")
    dialog.get_by_label("Notes").fill("in the attic")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog).to_be_hidden()
    row = hardware.get_by_role("row", name="qwen3:8b")
    expect(row).to_contain_text("$0.35")

    hardware.get_by_role("button", name="Change the rate of ollama/qwen3:8b").click()
    expect(dialog.get_by_label("US dollars an hour")).to_have_value("0.35")
    expect(dialog.get_by_label("Notes")).to_have_value("in the attic")
    dialog.get_by_label("US dollars an hour").fill("0.5")
    dialog.get_by_label("Notes").press("Enter")
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("$0.50")

    hardware.get_by_role("button", name="Remove the rate of ollama/qwen3:8b").click()
    page.get_by_role("button", name="Remove it").click()
    expect(row).to_have_count(0)


def test_models_on_this_machine_are_looked_for_at_the_press_of_a_button(dashboard: Dashboard, pages: Pages) -> None:
    page = pages(dashboard)
    page.goto("/pricing")
    page.get_by_role("button", name="Look for models here").click()
    dialog = page.get_by_role("dialog", name="Models on this machine")
    dialog.get_by_role("button", name="Look", exact=True).click()
    expect(dialog.get_by_role("listitem").first).to_be_visible()


def test_it_fits_a_narrow_window(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, size=NARROW)
    page.goto("/pricing?provider=acme&model=acme-coder-1")
    assert not is_wider_than_the_window(page)
    page.get_by_role("button", name="Set a price").click()
    assert not is_wider_than_the_window(page)
