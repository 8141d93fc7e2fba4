"""How much may a request bring? What is more than that is refused before anybody reads it, however it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive

MOST_BYTES = 1_000_000


class TooLarge(CodesessionError):
    """A request brought more than it may; nothing of it was used."""

    code = "too_large"
    http_status = 413


class Gone(Exception):
    """Who asked has hung up in the middle of the question."""


async def read_whole(headers: Mapping[str, str], receive: Receive, most: int = MOST_BYTES) -> bytes:
    """The body of a request of at most `most` bytes.

    Raises:
        TooLarge: it has more, as its length says, or as came of one that has none (chunked).
        Gone: its sender has hung up.
    """
    length = headers.get("content-length", "0")
    if "transfer-encoding" not in headers and length == "0":
        return b""
    if not (length.isascii() and length.isdigit()) or int(length[:_DIGITS]) > most:
        raise TooLarge(f"A request may bring {most:,} bytes at most.")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge(f"A request may bring {most:,} bytes at most.")
        if not message.get("more_body", False):
            return bytes(body)


_DIGITS = 20
"""More of them would be slow to read, and are too many in any case."""


def replayed(body: bytes, receive: Receive) -> Receive:
    """`receive`, as if `body` had not been read yet."""
    is_told = False

    async def again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
