"""Does somebody begin anew only when that is meant, and is everything kept that was there?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Dashboard, Pages

BUTTON = "Delete everything"


def sessions_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM session").fetchone()
    return int(count)


def test_nothing_goes_until_the_words_are_typed_and_then_a_copy_is_kept(pages: Pages, own: Dashboard) -> None:
    assert own.filled
    own.filled.close()  # nothing is in flight any more
    page = pages(own)
    page.goto("/reset")
    expect(page.locator("#goes")).to_contain_text("72 sessions")
    word = page.get_by_label("Type “start fresh” to go on")
    for typed in ("", "start", "START FRESH"):
        word.fill(typed)
        page.get_by_role("button", name=BUTTON).click()
        expect(word).to_be_focused()  # the browser says what is missing
    assert sessions_in(own.filled.database) == 72
    page.get_by_label("Delete 3 budgets too").check()
    word.fill("start fresh")
    word.press("Enter")
    expect(page.locator("#goes")).to_contain_text("Nothing: there is no session and no call.")
    expect(page.get_by_role("status")).to_contain_text("A copy of it was kept.")
    (copy,) = own.filled.database.parent.glob("sessions-before-reset-*.db")
    expect(page.locator("#copies")).to_contain_text(copy.name)
    assert (sessions_in(own.filled.database), sessions_in(copy)) == (0, 72)
    page.goto("/alerts")
    expect(page.get_by_text("No budget is set")).to_be_visible()


def test_while_a_program_still_writes_it_is_refused_in_its_words(
    pages: Pages, own: Dashboard, trouble: list[str]
) -> None:
    assert own.filled
    page = pages(own)
    page.goto("/reset")
    page.get_by_label("Type “start fresh” to go on").fill("start fresh")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("alert")).to_contain_text("still writes to this ledger")
    assert sessions_in(own.filled.database) == 72
    trouble.clear()  # the browser tells of the refusal too
