"""How do requests and answers look on the wire? JSON comes strictly as it is defined, and an answer has an ETag.

- What is sent is one JSON document (RFC 8259) with its content type, of a bounded size and depth, without NaN.
- HEAD is answered like GET, without the body.
- What GET answers in one piece has a strong ``ETag``, of what it says, and ``If-None-Match`` is answered by 304
  (RFC 9110, sections 8.8.3 and 13.1.2). What comes in several, such as a long export, goes out as it comes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from starlette.datastructures import Headers, MutableHeaders

from codesession.errors import CodesessionError, InvalidInput
from codesession.web.api.common import LARGEST
from codesession.web.api.failing import refusal
from codesession.web.bodies import Gone, read_whole, replayed
from codesession.web.sealing import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READING = frozenset({"GET", "HEAD"})


class NoJson(CodesessionError):
    """What was sent is not said to be JSON; nothing of it was used."""

    code = "unsupported_media_type"
    http_status = 415


class Exchange:
    """An ASGI application that reads and writes for another as the API does."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return
        send = _versioned(send)
        headers = Headers(scope=scope)
        if scope["method"] in _READING:
            tagged = _Tagged(send, headers.get("if-none-match", ""), has_body=scope["method"] == "GET")
            await self._api({**scope, "method": "GET"}, receive, tagged)
            return
        try:
            body = await read_whole(headers, receive)
            if body:
                check_json(headers.get("content-type", ""), body)
        except Gone:
            return
        except CodesessionError as error:
            await refusal(error)(scope, receive, send)
            return
        await self._api(scope, replayed(body, receive), send)


def check_json(content_type: str, body: bytes) -> None:
    """Return if `body` is one JSON document, and is said to be.

    What Python's own reader takes beyond JSON is refused: NaN and Infinity, halves of surrogate pairs, whole numbers
    that nothing of ours can hold.

    Raises:
        NoJson: it is not said to be.
        InvalidInput: it is none, or is nested more deeply than anything of ours.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NoJson("Send JSON, and say so: Content-Type: application/json.")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(f"What was sent is no JSON: {str(error).rstrip('.')[:_SHOWN]}.") from None
    except RecursionError:
        raise InvalidInput("What was sent is nested too deeply.") from None
    if any(not -LARGEST <= number <= LARGEST for number in _whole_numbers(document)):
        raise InvalidInput(f"A number that was sent is beyond {LARGEST:,}.")


_SHOWN = 200


def _whole_numbers(document: object) -> Iterator[int]:
    """Every whole number in a document."""
    waiting = [document]
    while waiting:
        match waiting.pop():
            case dict() as found:
                waiting.extend(found.values())
            case list() as found:
                waiting.extend(found)
            case int() as number:
                yield number


def _versioned(send: Send) -> Send:
    """`send`, with the version of the API in the answer's header."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), VERSION]}
        await send(message)

    return sending


class _Tagged:
    """A `send` that gives an answer its ETag, or answers that it is as it was."""

    def __init__(self, send: Send, known: str, *, has_body: bool) -> None:
        self._send = send
        self._known = known
        """what ``If-None-Match`` says"""
        self._has_body = has_body
        self._start: Message | None = None
        """the beginning of the answer, until it is known how to go on"""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            is_whole = not message.get("more_body", False)
            if is_whole and start["status"] == 200:  # noqa: PLR2004 - what is answered
                start, message = self._tag(start, message)
            await self._send(start)
        await self._send(message if self._has_body else {**message, "body": b""})

    def _tag(self, start: Message, message: Message) -> tuple[Message, Message]:
        """The answer with its tag; only the tag, if that is known."""
        headers = MutableHeaders(raw=list(start.get("headers", ())))
        tag = headers.setdefault("etag", f'"{hashlib.sha256(message.get("body", b"")).hexdigest()[:32]}"')
        if is_known(tag, self._known):
            del headers["content-length"], headers["content-type"]
            return {**start, "status": 304, "headers": headers.raw}, {**message, "body": b""}
        return {**start, "headers": headers.raw}, message


def is_known(tag: str, said: str) -> bool:
    """Whether ``If-None-Match`` names that tag; weak ones count as theirs (RFC 9110, section 13.1.2).

    >>> is_known('"a"', 'W/"a", "b"')
    True
    """
    return said.strip() == "*" or tag in (name.strip().removeprefix("W/") for name in said.split(","))
