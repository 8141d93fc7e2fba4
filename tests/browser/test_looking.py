"""Do the tests of this folder see what goes wrong in a browser? Here it does, on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect
from tests.browser.looking import barriers, is_wider_than_the_window, tabbed

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize(
    ("script", "line", "event"),
    [
        (
            "document.body.setAttribute('style', 'color: red')",
            "against the policy: style-src-attr inline",
            "console",
        ),
        (
            "fetch('http://127.0.0.2:9/').catch(() => {})",
            "against the policy: connect-src http://127.0.0.2:9/",
            "console",
        ),
        ("setTimeout(() => { throw new Error('ours') })", "Error: ours", "pageerror"),
        ("console.error('a mistake')", "a mistake", "console"),
    ],
    ids=["style", "elsewhere", "error", "console"],
)
def test_what_goes_wrong_is_told(
    page: Page, trouble: list[str], script: str, line: str, event: Literal["console", "pageerror"]
) -> None:
    page.goto("/help")
    with page.expect_event(event, lambda told: line in (told.text if event == "console" else told.stack)):
        page.evaluate(f"() => {{ {script}; }}")
    assert [told for told in trouble if line in told]
    trouble.clear()


def test_a_request_to_anybody_else_is_told(page: Page, trouble: list[str]) -> None:
    page.goto("/help")
    page.route(
        "http://127.0.0.2:9/**", lambda route: route.fulfill(body="<h1>Elsewhere</h1>", content_type="text/html")
    )
    page.goto("http://127.0.0.2:9/")
    expect(page.get_by_role("heading")).to_have_text("Elsewhere")
    assert [told for told in trouble if "asked for http://127.0.0.2:9/" in told]
    trouble.clear()


def test_barriers_are_found(page: Page) -> None:
    page.goto("/share")
    assert barriers(page) == []
    page.locator("#share-which").evaluate("(select) => { const label = select.labels[0]; label.replaceWith(select); }")
    assert [found for found in barriers(page) if found.startswith("select-name")]


def test_a_page_that_is_too_wide_is_seen(page: Page) -> None:
    page.goto("/help")
    assert not is_wider_than_the_window(page)
    page.get_by_role("heading", level=1).evaluate("(title) => { title.style.width = '3000px'; }")
    assert is_wider_than_the_window(page)


def test_a_control_that_does_not_show_its_focus_is_seen(page: Page) -> None:
    page.goto("/help")
    page.get_by_role("link", name="Pricing").evaluate("(link) => { link.style.outline = 'none'; }")
    reached, unmarked = tabbed(page)
    assert len(unmarked) == 1
    assert unmarked[0].endswith("Pricing")
    assert unmarked[0] in reached
