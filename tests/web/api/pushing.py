"""How does a test tell the API of calls?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from codesession.app import App
    from codesession.model import Call

ONE = {"provider": "anthropic", "model": "claude-sonnet-4", "promptTokens": 8000, "completionTokens": 2000}
"""$3 and $15 per million: $0.054."""


def push(client: TestClient, body: Any, path: str = "/calls", key: str | None = None) -> Any:
    """The answer to a push that is taken."""
    answer = client.post(path, json=body, headers={"idempotency-key": key} if key else {})
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(client: TestClient, body: Any, path: str = "/calls", key: str | None = None) -> tuple[int, str, str]:
    """Status, code and sentence of the answer to a push that is not taken."""
    answer = client.post(path, json=body, headers={"idempotency-key": key} if key else {})
    said = answer.json()
    return answer.status_code, said["code"], said["error"]


def kept(app: App) -> list[Call]:
    """Every call of the ledger."""
    with app.ledger.reading() as reader:
        calls: list[Call] = []
        while call := reader.call(len(calls) + 1):
            calls.append(call)
        return calls
