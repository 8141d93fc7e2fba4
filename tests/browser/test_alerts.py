"""Can budgets be set where they are looked at, and is the alarm raised for new breaches, once, and for no old ones?"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from tests.browser.small import small

from codesession.ledger import SqliteLedger
from codesession.model import EventKind

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from tests.browser.conftest import Pages
    from tests.browser.small import Small

__all__ = ["small"]

_RECORDING = """
  window.raised = [];
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { window.asked = true; return (Notification.permission = "granted"); }
    constructor(title, options) { window.raised.push({ title, ...options }); }
  };
  document.addEventListener("alarm:sound", () => window.raised.push("sound"));
"""


def budgets(small: Small) -> dict[str, Any]:
    with closing(SqliteLedger(small.database)) as ledger, ledger.reading() as reader:
        return {
            budget.scope: (budget.limit_nanos / 1e9, budget.mode, budget.window, budget.warn_at)
            for budget in reader.budgets()
        }


def limit(page: Page, label: str) -> Locator:
    return page.locator("#card-budgets li").filter(has=page.get_by_text(label, exact=True))


# --- budgets ---


def test_a_budget_is_set_changed_and_removed_in_place(small: Small, pages: Pages) -> None:
    page = pages(small.board)
    page.goto("/alerts")
    rules = page.locator("#stat-rules .figure")
    before = int(rules.inner_text())
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog", name="Set a budget")
    dialog.get_by_label("For whom").fill("agent:claude-code")
    dialog.get_by_label("Limit in US dollars").fill("12.50")
    dialog.get_by_label("At the limit").select_option("block")
    dialog.get_by_label("Counts").select_option("week")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog).to_be_hidden()
    expect(limit(page, "agent:claude-code")).to_contain_text("of $12.50")
    expect(rules).to_have_text(str(before + 1))
    assert budgets(small)["agent:claude-code"] == (12.5, "block", "week", 80)

    page.get_by_role("button", name="Change the budget of agent:claude-code, week").click()
    dialog = page.get_by_role("dialog", name="Change agent:claude-code, week")
    expect(dialog.get_by_label("Limit in US dollars")).to_have_value("12.5")
    dialog.get_by_label("Limit in US dollars").fill("7")
    dialog.get_by_label("Tell me at, in percent").fill("50")
    dialog.get_by_label("Tell me at, in percent").press("Enter")
    expect(dialog).to_be_hidden()
    expect(limit(page, "agent:claude-code")).to_contain_text("of $7.00")
    assert budgets(small)["agent:claude-code"] == (7, "block", "week", 50)

    page.get_by_role("button", name="Remove the budget of agent:claude-code, week").click()
    page.get_by_role("button", name="Remove it").click()
    expect(limit(page, "agent:claude-code")).to_have_count(0)
    expect(rules).to_have_text(str(before))
    assert "agent:claude-code" not in budgets(small)


def test_what_cannot_be_set_is_explained_where_it_is_typed(small: Small, pages: Pages, trouble: list[str]) -> None:
    page = pages(small.board)
    page.goto("/alerts")
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog", name="Set a budget")
    dialog.get_by_label("For whom").fill("nobody in particular")
    dialog.get_by_label("Limit in US dollars").fill("5")
    dialog.get_by_role("button", name="Set it").click()
    said = dialog.get_by_role("alert")
    expect(said).to_contain_text("nobody in particular")
    small.happen("codesession refused this call: something else happened meanwhile.")
    expect(page.locator("#card-alerts")).to_contain_text("Something else happened meanwhile.")
    expect(said).to_contain_text("nobody in particular")
    expect(dialog.get_by_label("For whom")).to_have_value("nobody in particular")
    assert [line for line in trouble if "400" not in line] == []
    trouble.clear()


def test_bars_say_how_much_is_spent_and_held(page: Page) -> None:
    page.goto("/alerts")
    row = limit(page, "agent:codex")
    bar = row.get_by_role("img")
    expect(bar).to_have_attribute("aria-label", "agent:codex: $8.74 spent, $0.00 held, of $1.00")
    expect(row.get_by_text("at the limit")).to_be_visible()
    row.locator(".evidence").hover()
    expect(row.get_by_role("tooltip")).to_be_visible()
    expect(row.get_by_role("tooltip")).to_contain_text("measured")


# --- the alarm ---


def on(page: Page) -> Page:
    page.context.add_init_script(_RECORDING)
    page.context.grant_permissions(["notifications"])
    page.goto("/alerts")
    return page


def raised(page: Page) -> list[Any]:
    return [
        one if one == "sound" else one["body"]
        for one in json.loads(page.evaluate("() => JSON.stringify(window.raised)"))
    ]


def seen(page: Page, message: str) -> None:
    """Wait until a page has heard of an event."""
    expect(page.locator("#card-alerts")).to_contain_text(message)


def test_the_alarm_is_off_until_it_is_switched_on_and_remembered(small: Small, pages: Pages) -> None:
    page = on(pages(small.board, is_new=True))
    switch = page.get_by_role("switch", name="Alarm")
    expect(switch).not_to_be_checked()
    small.happen("A breach while it is off.")
    seen(page, "A breach while it is off.")
    assert raised(page) == []
    assert not page.evaluate("() => window.asked")

    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page.locator("#alarm-says")).to_contain_text("On: a sound and a notification")
    assert page.evaluate("() => window.asked")
    small.happen("codesession refused this call: a breach while it is on.")
    expect(page.locator("#toasts")).to_contain_text("A breach while it is on.")
    seen(page, "A breach while it is on.")
    assert raised(page) == ["sound", "A breach while it is on."]
    expect(switch).to_be_checked()  # the page was drawn anew meanwhile

    page.reload()
    expect(page.get_by_role("switch", name="Alarm")).to_be_checked()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    small.happen("An approval.", EventKind.APPROVED)
    small.happen("A breach after that.", EventKind.WARNED)
    expect(page.locator("#toasts")).to_contain_text("A breach after that.")
    assert "A breach while it is on." not in raised(page)


@pytest.mark.parametrize("ringing", [0, 1])
def test_of_two_tabs_the_one_that_may_make_a_sound_raises_it(small: Small, pages: Pages, ringing: int) -> None:
    one = on(pages(small.board, is_new=True))
    other = one.context.new_page()
    for tab in (one, other):
        tab.clock.install()
        tab.goto("/alerts")
    rings, keeps_quiet = (one, other) if ringing == 0 else (other, one)
    rings.get_by_role("switch", name="Alarm").click()
    expect(keeps_quiet.get_by_role("switch", name="Alarm")).to_be_checked()
    small.happen("Only once.")
    expect(rings.locator("#toasts")).to_contain_text("Only once.")
    seen(keeps_quiet, "Only once.")
    keeps_quiet.clock.run_for(1_000)  # it lets others go first
    assert (raised(rings), raised(keeps_quiet)) == (["sound", "Only once."], [])
