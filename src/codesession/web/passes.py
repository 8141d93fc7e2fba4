"""Who may come in where everybody on the network can knock? Whoever shows a secret; there are three.

The *token* is for programs: ``Authorization: Bearer``, or ``?token=`` where no page is asked for. It is kept in a file
that only the user can read, so that what watches the server need not be told another one whenever that begins anew.
The *ticket* stands in the address that is printed for a browser. A page takes either once, and gives a *cookie* for it,
which is yet another secret: the printed address, found later in a history or a log, opens nothing.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from hmac import compare_digest
from pathlib import Path
from tempfile import mkstemp

_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FILE = "dashboard.token"


class Passes:
    """The secrets of one server."""

    def __init__(self, token: str, port: int) -> None:
        """`token` is the durable one; `port` keeps apart the cookies of two servers, which browsers do not."""
        self.token = token
        self.ticket = secrets.token_urlsafe(_BYTES)
        self._cookie = secrets.token_urlsafe(_BYTES)
        self._cookie_name = f"codesession-{port}"
        self._unused = [self.ticket, token]

    def is_token(self, said: str) -> bool:
        """Whether `said` is the token; how long that takes tells nothing of it."""
        return _same(said, self.token)

    def is_in(self, cookies: str) -> bool:
        """Whether a ``Cookie`` header has the cookie that was given out.

        Browsers send those of every port of a host, in whatever form others gave them (RFC 6265, section 8.5). Python's
        `http.cookies` stops at the first that it does not understand, and one can be made to take it half a minute
        (CVE-2024-7592).
        """
        pairs = [pair.strip(" \t").partition("=") for pair in cookies.split(";")]
        return any([_same(value, self._cookie) for name, _, value in pairs if name == self._cookie_name])  # noqa: C419 - all

    def exchange(self, said: str) -> bool:
        """Whether what a page's address said opens it; it does so once."""
        found = [secret for secret in self._unused if _same(said, secret)]
        for secret in found:
            self._unused.remove(secret)
        return bool(found)

    def cookie(self) -> str:
        """The ``Set-Cookie`` for who has shown a secret: for this browser, until it ends or the server does."""
        return f"{self._cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"


def _same(said: str, secret: str) -> bool:
    return compare_digest(said.encode("utf-8", "surrogateescape"), secret.encode())


def lasting_token(data_dir: Path) -> str:
    """The token of this user's servers, from its file, which is made if need be. Deleted, the next is another one.

    Raises:
        OSError: it can be neither read nor written.
    """
    file = data_dir / FILE
    for _ in range(2):
        with suppress(FileNotFoundError):
            kept = file.read_text(encoding="utf-8", errors="replace").strip()
            if _TOKEN.fullmatch(kept):
                return kept
            file.unlink(missing_ok=True)  # somebody else's, or of before it was written whole
        data_dir.mkdir(parents=True, exist_ok=True)
        token = secrets.token_urlsafe(_BYTES)
        handle, made = mkstemp(prefix=f".{FILE}-", dir=data_dir)  # which only this user can read
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as written:
                written.write(f"{token}\n")
            if _is_placed(Path(made), file):
                return token
        finally:
            Path(made).unlink(missing_ok=True)
    raise FileExistsError(f"{file} is being written by another program")


def _is_placed(made: Path, file: Path) -> bool:
    """Put `made` where `file` is to be, whole; False: another server was quicker, and its token is the one.

    Raises:
        OSError: it can be put there by no means.
    """
    try:
        os.link(made, file)
    except FileExistsError:
        return False
    except OSError:  # there are no links on this disk
        made.replace(file)
    return True
