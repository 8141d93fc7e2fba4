"""What may an answer do in a browser? Show itself, and talk to us; every answer says so, whoever made it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No inline script or style, and nothing from anywhere else: https://www.w3.org/TR/CSP3/"""

_DENIED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone")

SEALS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"permissions-policy": ", ".join(f"{feature}=()" for feature in (*_DENIED, "midi", "payment", "usb")).encode(),
}
VERSION = (b"x-codesession-api-version", b"1")

_FOR_GOOD = b"public, max-age=31536000, immutable"
_ASK_FIRST = b"no-cache"
_NEVER = b"no-store"


def sealed(scope: Scope, send: Send) -> Send:
    """`send`, with what every answer says of itself added to the answer to `scope`."""

    async def seal(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in _OURS]
            if not any(name.lower() == b"cache-control" for name, _ in kept):
                kept.append((b"cache-control", _keeping(scope, message["status"])))
            if is_api(scope["path"]):
                kept.append(VERSION)
            message = {**message, "headers": [*kept, *SEALS.items()]}
        await send(message)

    return seal


_OURS = frozenset({*SEALS, VERSION[0]})


def is_api(path: str) -> bool:
    """Whether a path is one of the API's."""
    return path == "/api" or path.startswith("/api/")


def _keeping(scope: Scope, status: int) -> bytes:
    """How long a browser may keep an answer that does not say so itself.

    A static file that is asked for by what is in it (``?v=``, see `drawing`) is the same for ever; other ones, and what
    the API tells, have an ETag to ask with.
    """
    is_there = status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED)
    if scope["path"].startswith("/static/") and is_there:
        return _FOR_GOOD if scope["query_string"].startswith(b"v=") else _ASK_FIRST
    if is_api(scope["path"]) and scope["method"] in ("GET", "HEAD") and is_there:
        return _ASK_FIRST
    return _NEVER
