"""Is the changelog shown as a page?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.pages.drawn import words

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_the_changelog_is_shown_with_its_headings(client: TestClient) -> None:
    shown = words(client, "/changelog")
    assert "<h3>0.1.0, the first version</h3>" in shown
    assert shown.count("<h1>") == 1
