"""What is told to whom may not come in? Programs an error, people a page on which they can show the token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Send

    from codesession.errors import CodesessionError

_Headers = list[tuple[bytes, bytes]]

_ASKS = (b"www-authenticate", b'Bearer realm="codesession"')

_SIGN_IN = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>codesession</title>
</head>
<body>
<main>
<h1>codesession</h1>
<p>This dashboard can be reached over the network, so it needs its token. The address that was printed when it began
opens it once; after that, or in another browser, type the token here. It is in <code>dashboard.token</code>, in the
directory of codesession on the machine where it runs.</p>
<form method="post" action="/signin">
<p><label>Token <input type="password" name="token" required autocomplete="current-password"></label>
<button>Open</button></p>
</form>
<p><a href="/">Try again</a> if you have just opened it by a link.</p>
</main>
</body>
</html>
"""
# A form says where it comes from only if the page tells it to (https://fetch.spec.whatwg.org/#append-a-request-origin-header):
# hence the referrer policy. The link is for browsers that came by a link on another site: these keep the cookie, and do
# not send it before the next click (SameSite=Strict).


async def refuse(send: Send, error: CodesessionError) -> None:
    """Answer with an error of ours, as a document."""
    document = json.dumps({"error": error.message, "code": error.code}).encode()
    asks = [_ASKS] if error.http_status == 401 else []  # noqa: PLR2004 - who is it?
    await answer(send, error.http_status, [(b"content-type", b"application/json"), *asks], document)


async def sign_in_page(send: Send) -> None:
    """Answer with a page that asks for the token."""
    await answer(send, 401, [(b"content-type", b"text/html; charset=utf-8"), _ASKS], _SIGN_IN.encode())


async def redirect(send: Send, address: str, cookie: str | None) -> None:
    """Send a browser on to an address of ours, with a cookie."""
    cookies = [(b"set-cookie", cookie.encode())] if cookie else []
    await answer(send, 303, [(b"location", address.encode()), *cookies], b"")


async def answer(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    """Answer at once, with a body of known length."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
