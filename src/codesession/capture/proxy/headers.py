"""Which headers go through? All of them, but those that belong to one connection, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 and its predecessors' list."""

_NOT_ONWARD = _HOP_BY_HOP | {b"host", b"content-length", b"expect"}
"""The way out writes its own host and length; an ``expect: 100-continue`` has been answered here already."""

OURS = (b"x-codesession-", b"x-costhq-")
"""Headers that tell us whose a call is; not the provider's business."""


def onward(headers: RawHeaders) -> list[tuple[str, str]]:
    """The request headers that go to the provider, in their order."""
    named = _named_by_connection(headers)
    return [
        (name.decode("latin-1"), _text(value))
        for name, value in headers
        if name not in _NOT_ONWARD and name not in named and not name.startswith(OURS)
    ]


def back(headers: Iterable[tuple[bytes, bytes]], without: frozenset[bytes] = frozenset()) -> RawHeaders:
    """The answer's headers that go to the client, in their order, less those in `without`."""
    headers = list(headers)
    named = _named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if (low := name.lower()) not in _HOP_BY_HOP and low not in named and low not in without
    ]


def value_of(headers: dict[str, str], *names: str) -> str | None:
    """The first of these headers that is there, as short printable text that may be stored."""
    for name in names:
        value = headers.get(name, "").strip()
        if value:
            return "".join(char for char in value[:200] if char.isprintable())
    return None


def _named_by_connection(headers: RawHeaders) -> set[bytes]:
    return {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }


def _text(value: bytes) -> str:
    """The value as the client library will write it again, byte for byte if it is UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
