"""What does a page show?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def words(client: TestClient, address: str) -> str:
    """The content of a page, without the frame around it."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text.partition("<main")[2].partition("</main>")[0]
