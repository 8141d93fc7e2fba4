"""Who hears of an alert? The person at the terminal at once; the desktop and a webhook as soon as they take it.

Whoever tells an alert is in the middle of a call, so nothing here makes them wait: what takes time is done by a
thread for each way, so that a webhook that hangs keeps nothing from the desktop. A way that is not used costs nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codesession.app.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesession.config import Config
    from codesession.model import Alert

    _Dated = tuple[Alert, int]

PAUSES_S = (1.0, 4.0, 15.0)
"""Before the second, third and fourth try to post an alert."""


def alerts_for(config: Config, say: Callable[[str], None], now_ms: Callable[[], int]) -> Alerts:
    """Where the user's settings send alerts; `now_ms` is the time in milliseconds since the epoch."""
    webhook, shape, desktop = config.alerts
    return Alerts(say, webhook=webhook, shape=shape, desktop=desktop, environ=config.environ, now_ms=now_ms)


class Alerts:
    """Where alerts go; `tell` never waits for a network.

    `shape` is ``slack``, ``discord`` or ``json``, or None for what the webhook's host expects. `pauses_s` are the
    seconds before each further try to post an alert.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        webhook: str | None = None,
        shape: str | None = None,
        desktop: bool = True,
        environ: Mapping[str, str] = os.environ,
        now_ms: Callable[[], int],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._say = say
        self._host = _host_of(webhook) if webhook else ""
        self._shape = shape
        self._environ = environ
        self._now_ms = now_ms
        self._pauses_s = pauses_s
        self._posts: Outbox[_Dated] | None = None
        self._shows: Outbox[_Dated] | None = None
        if webhook:
            self._posts = Outbox("alerts-webhook", partial(self._post, webhook), self._say_undelivered)
        if desktop:
            self._shows = Outbox("alerts-desktop", self._show, say)

    def tell(self, alert: Alert) -> None:
        """Say the sentence, and leave the rest to the threads; from any thread, and always at once."""
        at_ms = self._now_ms()
        plain = "".join(letter if letter.isprintable() else " " for letter in alert.sentence)
        self._say(plain)
        for outbox in (self._shows, self._posts):
            if outbox:
                outbox.put((replace(alert, sentence=plain), at_ms))

    def close(self, wait_s: float = 3.0) -> None:
        """Give what is under way `wait_s` seconds, then give it up, and say how much the webhook did not get."""
        until = time.monotonic() + wait_s
        for outbox in (self._posts, self._shows):
            if outbox:
                outbox.hurry()
        if self._posts:
            lost = self._posts.close(until)
            if lost:
                self._say(f"{'1 alert' if lost == 1 else f'{lost:,} alerts'} could not be delivered to {self._host}.")
        if self._shows:
            self._shows.close(until)

    def _post(self, address: str, dated: _Dated, pause: Callable[[float], bool]) -> str | None:
        from codesession.app.webhooks import Webhook

        return Webhook(address, self._shape, self._now_ms, pause, self._pauses_s).deliver(*dated)

    def _show(self, dated: _Dated, _pause: Callable[[float], bool]) -> str | None:
        from codesession.app.desktop import show

        show(dated[0].sentence, self._environ)
        return None

    def _say_undelivered(self, why: str) -> None:
        self._say(f"An alert could not be delivered to {self._host}: {why}.")


def _host_of(address: str) -> str:
    """All that may be told of a webhook's address."""
    from urllib.parse import urlsplit

    return urlsplit(address).hostname or "its webhook"
