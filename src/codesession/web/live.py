"""How does a page learn that something has changed? By server-sent events, as the HTML standard has them.

Twice a second, and only while somebody listens, the ledger is asked whether it is another one. ``change`` says that it
is: a page draws itself anew. ``alert`` is something the firewall did that a person should know of; its id is the
event's, with which a browser that was cut off asks for what it has missed. ``hello`` comes first, with the ledger's
version, so that a page can tell whether it was drawn before that.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool

from codesession.errors import CodesessionError, DatabaseError
from codesession.report.breaches import BREACHES, alert_document
from codesession.web.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

    from codesession.app import App

MISSED_MS = 3_600_000
"""What happened longer ago than that is no news to a browser that comes back."""
MOST_MISSED = 500
"""Events that are looked through for one."""
_HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
_AGAIN = b"retry: 2000\n\n"
_BEAT = b":\n\n"
_DIGITS = 18


class Pace(NamedTuple):
    """How often things happen, in seconds."""

    look_s: float = 0.5
    """between two looks at the ledger"""
    change_s: float = 1.0
    """between two changes that are told"""
    beat_s: float = 15.0
    """between two signs of life, without which a browser takes a connection for a dead one"""


class Live:
    """The events, as an ASGI application."""

    def __init__(self, app: App, pace: Pace = Pace()) -> None:  # noqa: B008 - a tuple
        self._app = app
        self._pace = pace
        self._is_ending = asyncio.Event()
        self._turn = asyncio.Lock()
        self._looked_s = float("-inf")
        self._version = ""

    def end(self) -> None:
        """Let every stream end; to be called in the event loop."""
        self._is_ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell one browser, until it leaves or the server ends."""
        try:
            after = await run_in_threadpool(self._newest_known, scope)
        except CodesessionError as error:
            await refuse(send, error)
            return
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if scope["method"] == "GET":
            async with asyncio.TaskGroup() as tasks:
                watches = (tasks.create_task(_gone(receive)), tasks.create_task(self._end()))
                await self._tell(after, send, watches)
                for watch in watches:
                    watch.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, after: int, send: Send, watches: Iterable[asyncio.Task[None]]) -> None:
        """Tell what happens, from the event after the one of that id on, until one of the `watches` is over."""
        clock_s = asyncio.get_running_loop().time
        known = await self._look()
        missed, after = await run_in_threadpool(self._alerts, after)
        await _say(send, _AGAIN, _event("hello", known, after), *missed)
        changed_s = said_s = clock_s()
        while not (await asyncio.wait(watches, timeout=self._pace.look_s, return_when=asyncio.FIRST_COMPLETED))[0]:
            version, now_s = await self._look(), clock_s()
            if version != known and now_s - changed_s >= self._pace.change_s:
                alerts, after = await run_in_threadpool(self._alerts, after)
                await _say(send, _event("change", version), *alerts)
                known, changed_s, said_s = version, now_s, now_s
            elif now_s - said_s >= self._pace.beat_s:
                await _say(send, _BEAT)
                said_s = now_s

    async def _end(self) -> None:
        await self._is_ending.wait()

    async def _look(self) -> str:
        """The ledger's version, which is asked for once in a while however many want to know."""
        clock_s = asyncio.get_running_loop().time
        async with self._turn:
            if clock_s() - self._looked_s >= self._pace.look_s / 2:
                with suppress(DatabaseError):  # it is asked again in a moment, and a page says what is wrong with it
                    self._version = await run_in_threadpool(self._version_now)
                self._looked_s = clock_s()
        return self._version

    def _version_now(self) -> str:
        with self._app.ledger.reading() as reader:
            return reader.version()

    def _newest_known(self, scope: Scope) -> int:
        """The id of the event that a browser has seen last: as it says, or the newest one."""
        said = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
        said = said or parse_qs(scope["query_string"].decode("latin-1")).get("after", [""])[0]
        with self._app.ledger.reading() as reader:
            newest = reader.newest_event()
        is_number = said.isascii() and said.isdigit() and len(said) <= _DIGITS
        return max(min(int(said), newest), newest - MOST_MISSED) if is_number else newest

    def _alerts(self, after: int) -> tuple[list[bytes], int]:
        """What a person should know of since the event of that id, as it is sent, and the id of the newest event."""
        since_ms = self._app.now_ms() - MISSED_MS
        try:
            with self._app.ledger.reading() as reader:
                if reader.newest_event() < after:  # all was deleted, and ids begin again at 1
                    after = 0
                events = reader.events_after(after, MOST_MISSED)
        except DatabaseError:  # as above
            return [], after
        alerts = [event for event in events if event.kind in BREACHES and event.at_ms >= since_ms]
        told = [_event("alert", json.dumps(alert_document(event)), event.id) for event in alerts]
        return told, events[-1].id if events else after


async def _gone(receive: Receive) -> None:
    """Return when who asked has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, *texts: bytes) -> None:
    await send({"type": "http.response.body", "body": b"".join(texts), "more_body": True})


def _event(name: str, data: str, event_id: int | None = None) -> bytes:
    """One event as it is sent, its `data` in one line (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    lines = [f"event: {name}", f"data: {data}", *([] if event_id is None else [f"id: {event_id}"])]
    return "".join(f"{line}\n" for line in [*lines, ""]).encode()
