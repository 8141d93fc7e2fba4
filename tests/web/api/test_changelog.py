"""Is the changelog text?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_the_changelog_is_text(client: TestClient) -> None:
    answer = client.get("/changelog")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.startswith("# Changelog\n")
