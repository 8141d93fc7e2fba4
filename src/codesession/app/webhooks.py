"""How does an alert reach a chat or a program of the user's? As one POST, in the shape that its host expects.

The address is a secret: whoever has it can write there. Nothing here tells more of it than its host, so no error of
the libraries below is passed on: they quote addresses.
"""

from __future__ import annotations

import json
import re
import ssl
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
    proxy_bypass,
)

import truststore

from codesession import __version__
from codesession.model import ScopeKind, scope_text, to_usd
from codesession.model.moments import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from http.client import HTTPMessage
    from typing import IO

    from codesession.model import Alert, Standing

TIMEOUT_S = 10.0
_LONGEST_PAUSE_S = 60.0
_LONGEST_DISCORD = 2000
"""characters (https://discord.com/developers/docs/resources/webhook#execute-webhook)"""
_AGAIN = frozenset({408, 429})
"""what may come out otherwise a moment later, beside all of 500 and above"""


def usual_shape(address: str) -> str:
    """What the host of a webhook expects: ``slack``, ``discord``, else ``json``.

    >>> usual_shape("https://hooks.slack.com/services/T0/B0/x"), usual_shape("https://example.org/alerts")
    ('slack', 'json')
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host == "hooks.slack.com":
        return "slack"
    if f".{host}".endswith((".discord.com", ".discordapp.com")) and re.match(r"/api(/v\d+)?/webhooks/", parts.path):
        return "slack" if parts.path.rstrip("/").endswith("/slack") else "discord"
    return "json"


def content(alert: Alert, at_ms: int, shape: str) -> dict[str, object]:
    """What is posted of an alert that came at `at_ms`, in milliseconds since the epoch."""
    if shape == "slack":  # https://api.slack.com/reference/surfaces/formatting#escaping
        return {"text": alert.sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    if shape == "discord":  # names in the sentence are not ours: they must neither format, link nor call anybody
        text = re.sub(r"([\\*_~`|\[\]])", r"\\\1", alert.sentence)
        text = text if len(text) <= _LONGEST_DISCORD else text[: _LONGEST_DISCORD - 1] + "…"
        return {"content": text, "allowed_mentions": {"parse": []}}
    return {
        "schemaVersion": 1,
        "codesessionVersion": __version__,
        "costhqVersion": __version__,
        "type": "budget_alert",
        "level": str(alert.level),
        "message": alert.sentence,
        "sessionId": alert.session_id,
        "budget": _budget(alert.standing) if alert.standing else None,
        "timestamp": iso(at_ms),
    }


def _budget(standing: Standing) -> dict[str, object]:
    account = standing.account
    budget, subject = account.budget, account.subject
    is_told = subject and budget.kind not in (ScopeKind.PROJECT, ScopeKind.SESSION)  # no path; sessionId says which
    return {
        "scope": scope_text(budget.kind, subject if is_told else ""),
        "window": str(budget.window),
        "mode": str(budget.mode),
        "limit": to_usd(standing.limit_nanos),
        "spent": to_usd(standing.spent_nanos),
        "held": to_usd(standing.held_nanos),
        "free": to_usd(standing.free_nanos),
        "extra": to_usd(standing.extra_nanos),
    }


class _Try(NamedTuple):
    """How one POST came out."""

    problem: str | None
    """what is said of it; None: it was taken"""
    may_help_again: bool = False
    after: str | None = None
    """the server's ``Retry-After``"""


class Webhook:
    """Posts alerts to `address`, again after each of `pauses_s` if that may help.

    `shape` None is what the host expects. `pause` waits that many seconds, and returns whether another try may follow
    the next one.
    """

    def __init__(
        self,
        address: str,
        shape: str | None,
        now_ms: Callable[[], int],
        pause: Callable[[float], bool],
        pauses_s: Sequence[float],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._address = address
        self._shape = shape or usual_shape(address)
        self._now_ms = now_ms
        self._pause = pause
        self._pauses_s = pauses_s
        self._timeout_s = timeout_s
        tls = [HTTPSHandler(context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))] if _is_tls(address) else []
        self._opener = build_opener(ProxyHandler(_proxies_for(address)), _NoRedirects, *tls)

    def deliver(self, alert: Alert, at_ms: int) -> str | None:
        """Post an alert; None when it was taken, else why it was not, such as ``it answered 404``."""
        body = json.dumps(content(alert, at_ms, self._shape)).encode()
        done = self._post(body)
        for pause_s in self._pauses_s:
            if not done.may_help_again:
                break
            goes_on = self._pause(self._seconds(done.after, pause_s))
            done = self._post(body)
            if not goes_on:
                break
        return done.problem

    def _post(self, body: bytes) -> _Try:
        # Discord's front refuses the name that urllib gives itself.
        headers = {"Content-Type": "application/json", "User-Agent": f"codesession/{__version__}"}
        request = Request(self._address, body, headers, method="POST")  # noqa: S310 - http or https, see config
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                return _Try(None)
        except HTTPError as error:
            with error:
                again = error.code in _AGAIN or error.code >= 500  # noqa: PLR2004 - the server's own failures
                return _Try(f"it answered {error.code}", again, error.headers.get("Retry-After"))
        except (OSError, HTTPException, UnicodeError) as error:  # the last: a host that no name can be
            return _Try(_reason(error), may_help_again=True)

    def _seconds(self, after: str | None, otherwise: float) -> float:
        """How long to wait: what the server asked for, in seconds or as a date, or our own pause."""
        if after is None:
            return otherwise
        try:
            if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", after, re.ASCII):
                asked_s = float(after)
            else:
                asked_s = parsedate_to_datetime(after).timestamp() - self._now_ms() / 1000
        except (ValueError, OverflowError):  # neither of the two, so nothing was asked for
            return otherwise
        return min(max(asked_s, 0.0), _LONGEST_PAUSE_S)


class _NoRedirects(HTTPRedirectHandler):
    """An alert goes where the user sent it, or nowhere."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        del req, fp, code, msg, headers, newurl
        return None


def _is_tls(address: str) -> bool:
    return urlsplit(address).scheme == "https"


def _proxies_for(address: str) -> dict[str, str]:
    """The user's proxy for that address; none for this machine's loopback, which no proxy can reach."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return {}
    from codesession.capture.proxy.peers import is_loopback  # loads all of the proxy, which few need here

    if is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc):
        return {}
    return {parts.scheme: proxy}


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not trusted here"
    if isinstance(cause, TimeoutError):
        return "it did not answer in time"
    return "it could not be reached"
