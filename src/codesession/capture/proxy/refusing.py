"""What does a client get instead of an answer? The whole of it: status, headers and body.

The firewall's own no is a 400 with ``x-should-retry: false``, in the shape of the provider, without ``retry-after``.
On 2026-11-22 every client that was tried stopped at the first and showed the message: Claude Code 2.1.197,
Codex 0.169.0, Gemini CLI 0.61.0 (its router asks first: two calls), and for Python anthropic 2.12.0,
openai 2.54.0 and 3.54.0, google-genai 3.4.0, litellm 1.106.2, langchain-anthropic 1.7.7 and langchain-openai 1.7.3.
At 402 or 429 some ask again.
Codex prints a body as it is, so it gets the bare message.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.capture.providers.endings import sendable
from codesession.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.capture.providers import Provider
    from codesession.capture.proxy.headers import RawHeaders
    from codesession.errors import CodesessionError

_NOT_IN_A_RULE = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_RULE = 64


@dataclass(frozen=True, slots=True)
class Refused:
    """A whole answer that no provider gave."""

    status: int
    headers: RawHeaders
    body: bytes


def refusal_answer(provider: Provider | None, error: CodesessionError, request_headers: Mapping[str, str]) -> Refused:
    """What the client is told of `error`, in the shape of `provider` where one is known.

    `request_headers` have their names in lower case.
    """
    status = error.http_status
    is_no = error.code == BudgetExceeded.code
    headers = _headers_of_a_no(error) if is_no else []
    if is_no and _is_codex(request_headers):
        return _whole(status, headers, b"text/plain; charset=utf-8", sendable(error.message).encode())
    shape = provider.refusal if provider else _plain
    document = shape(status, error.code, sendable(error.message))
    if is_no and provider and provider.refusals_have_ids:
        document["request_id"] = request_id = f"req_{secrets.token_hex(12)}"
        headers.append((provider.request_id_headers[0], request_id.encode()))
    return _whole(status, headers, b"application/json", msgspec.json.encode(document))


def _headers_of_a_no(error: CodesessionError) -> RawHeaders:
    rule = _NOT_IN_A_RULE.sub("", str(error.extra.get("rule") or ""))[:_LONGEST_RULE] or error.code
    return [(b"x-should-retry", b"false"), (b"x-codesession-refusal", rule.encode())]


def _is_codex(request_headers: Mapping[str, str]) -> bool:
    named = request_headers.get("originator", "").lower().startswith("codex_")
    return named or request_headers.get("user-agent", "").lower().startswith("codex")


def _plain(_status: int, code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _whole(status: int, headers: RawHeaders, kind: bytes, body: bytes) -> Refused:
    length = str(len(body)).encode()
    return Refused(status, [(b"content-type", kind), (b"content-length", length), *headers], body)
