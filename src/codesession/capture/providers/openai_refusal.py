"""How does OpenAI say no? In one shape, whole or in the middle of a stream."""

from __future__ import annotations

from typing import Any

from codesession.capture.providers.endings import as_event, sendable
from codesession.errors import BudgetExceeded


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    """OpenAI's error shape (https://platform.openai.com/docs/guides/error-codes)."""
    kind = code if code == BudgetExceeded.code else "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal_event(message: str) -> bytes:
    """The event that ends a stream early: its clients raise whatever has an ``error``."""
    return as_event(refusal(BudgetExceeded.http_status, BudgetExceeded.code, sendable(message)))
