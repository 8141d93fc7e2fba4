"""How is a newer price list fetched? Over TLS from the address asked for, or from a file; nothing of the user is sent.

It is read into memory whole, within a bound of size and time, and what it says is not looked at here.
"""

from __future__ import annotations

import ssl
import stat
import time
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener, url2pathname

import truststore

from codesession import __version__
from codesession.errors import InvalidInput
from codesession.meter import PricesUnavailable

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

MOST_BYTES = 20 * 1024 * 1024
"""of a list; that of genai-prices has half a megabyte"""
TIMEOUT_S = 20.0
"""seconds without a byte after which a server is given up"""
WHOLE_S = 120.0
"""seconds after which a download is given up"""
_PIECE = 64 * 1024


class Fetched(NamedTuple):
    """A list as it came, and from where."""

    content: bytes
    origin: str
    """the address or the path"""


def fetch(source: str) -> Fetched:
    """What is at an address or in a file.

    Raises:
        InvalidInput: `source` is neither an address that is used nor a file that can be read.
        PricesUnavailable: it could not be had, or is too large.
    """
    if not source.strip():
        raise InvalidInput("Name the file or the address of a price list.")
    if "://" not in source:
        return _read(Path(source).expanduser())
    parts = _checked(source)
    if parts.scheme == "file":
        return _read(Path(url2pathname(parts.path)))
    return Fetched(_download(source), source)


def _read(path: Path) -> Fetched:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe may never end
            raise InvalidInput(f"{path} is no file.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # the last: a name with a zero byte in it
        raise InvalidInput(f"The price list {path} cannot be read: {error}.") from error
    _check_size(len(content), str(path))
    return Fetched(content, str(path))


def _check_size(size: int, origin: str) -> None:
    if size > MOST_BYTES:
        raise PricesUnavailable(f"{origin} has more than {MOST_BYTES // 1024**2} MB: it is no price list.")


# --- over the network ---


def _checked(address: str) -> SplitResult:
    """The parts of an address that may be used: https, http of this machine only, or a file."""
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InvalidInput(f"{address!r} is no address.") from None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return parts
    if parts.username is not None:  # which is not said again: a password may follow it
        raise InvalidInput("An address with a user name in it is not used: nobody needs one to read prices.")
    if not is_whole or not _is_safe(parts):
        raise InvalidInput(f"{address!r} cannot be used: write an https address, or the path of a file.")
    return parts


def _is_safe(parts: SplitResult) -> bool:
    """Whether nobody on the way can change what is sent from there."""
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts))


def _is_here(parts: SplitResult) -> bool:
    from codesession.capture.proxy.peers import is_loopback  # loads all of the proxy, which few need here

    return is_loopback(parts.hostname or "")


class _SafeRedirects(HTTPRedirectHandler):
    """Follows a server only to where nobody on the way can change what is sent; not from another to this machine."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        there = urlsplit(newurl)
        may_go = there.scheme == "https" or (there.scheme == "http" and _is_here(there) and _is_here(_parts(req)))
        if not may_go or there.username is not None:
            fp.close()
            raise URLError(f"it leads on to {there.scheme}://{there.hostname}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _parts(request: Request) -> SplitResult:
    return urlsplit(request.full_url)


def _download(address: str) -> bytes:
    """What the server at `address` answers; the proxy that the environment names is used, as by other programs."""
    tls = HTTPSHandler(context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    handlers = [tls, _SafeRedirects(), *([ProxyHandler({})] if _is_here(urlsplit(address)) else [])]
    headers = {"User-Agent": f"codesession/{__version__}", "Accept": "application/json"}
    host = urlsplit(address).netloc
    give_up_s = time.monotonic() + WHOLE_S
    content = bytearray()
    try:
        request = Request(address, headers=headers)  # noqa: S310 - https, or this machine; see `_checked`
        with build_opener(*handlers).open(request, timeout=TIMEOUT_S) as answer:
            while piece := answer.read(_PIECE):
                content += piece
                _check_size(len(content), host)
                if time.monotonic() > give_up_s:
                    raise TimeoutError
            expected = answer.headers.get("Content-Length")
    except (OSError, HTTPException, ValueError) as error:  # the last: a host that no name can be
        if isinstance(error, HTTPError):
            error.close()
        raise PricesUnavailable(
            f"The price list could not be had from {host}: {_reason(error)}. Nothing was changed."
        ) from error
    if expected is not None and expected != str(len(content)):  # reading in pieces, a shorter answer is no error
        raise PricesUnavailable(f"The price list from {host} is not complete. Nothing was changed.")
    return bytes(content)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"it answered {error.code}"
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not trusted here"
    if isinstance(cause, TimeoutError):
        return "it did not answer in time"
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
