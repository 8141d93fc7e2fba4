"""Is a month drawn in the browser, kept and copied there, and sent nowhere?"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.browser.looking import SCREENSHOTS

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Dashboard, Pages

PNG = b"\x89PNG\r\n\x1a\n"
_PIXELS = """() => {
  const canvas = document.getElementById("share-card");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let place = 0; place < data.length; place += 4) sum += data[place] + data[place + 1] + data[place + 2];
  return sum / (data.length / 4) / 3;
}"""


def drawn(page: Page, how: str) -> None:
    expect(page.locator("#share-card")).to_have_attribute("data-drawn", how)


def month(page: Page) -> str:
    return page.locator("#share-which").input_value()


def test_the_picture_is_a_png_of_the_size_that_is_shared(page: Page) -> None:
    page.goto("/share")
    drawn(page, f"{month(page)} light")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    assert download.value.suggested_filename == f"codesession-{month(page)}.png"
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(PNG)
    assert struct.unpack(">II", content[16:24]) == (1200, 630)
    SCREENSHOTS.mkdir(exist_ok=True)
    (SCREENSHOTS / "share-picture-light.png").write_bytes(content)


def test_its_colours_are_the_pages_until_others_are_chosen(page: Page) -> None:
    page.goto("/share")
    drawn(page, f"{month(page)} light")
    assert page.evaluate(_PIXELS) > 200
    page.get_by_role("button", name="Dark", exact=True).click()
    drawn(page, f"{month(page)} dark")
    assert page.evaluate(_PIXELS) < 60
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_projects_are_named_only_when_that_is_wanted(page: Page) -> None:
    page.goto("/share")
    drawn(page, f"{month(page)} light")
    expect(page.get_by_label("Name my projects")).not_to_be_checked()
    before = page.locator("#share-card").screenshot()
    page.get_by_label("Name my projects").check()
    drawn(page, f"{month(page)} light projects")
    assert page.locator("#share-card").screenshot() != before


def test_another_month_is_drawn_when_it_is_chosen(page: Page) -> None:
    page.goto("/share")
    this = month(page)
    drawn(page, f"{this} light")
    before = page.locator("#share-which option").nth(1).get_attribute("value")
    page.get_by_label("Month").select_option(before)
    drawn(page, f"{before} light")
    assert page.url.endswith(f"/share?month={before}")
    expect(page.locator("#share-card")).to_have_count(1)


def test_the_picture_can_be_copied(pages: Pages, dashboard: Dashboard) -> None:
    page = pages(dashboard, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/share")
    drawn(page, f"{month(page)} light")
    page.get_by_role("button", name="Copy picture").click()
    expect(page.get_by_role("status")).to_contain_text("The picture is copied.")
    kinds = page.evaluate("async () => (await navigator.clipboard.read()).flatMap((item) => item.types)")
    assert kinds == ["image/png"]


def test_where_copying_is_not_allowed_it_is_said(page: Page) -> None:
    page.goto("/share")
    drawn(page, f"{month(page)} light")
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copy picture").click()
    expect(page.get_by_role("status")).to_contain_text("download it")
