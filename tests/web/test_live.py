"""Does who listens hear of every change, of each breach once, and of the end?"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from codesession.app import reset_ledger
from codesession.errors import DatabaseError
from codesession.model import Event, EventKind, Scope
from codesession.web.live import MISSED_MS, MOST_MISSED, Live, Pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from starlette.types import Message
    from tests.app.place import Place

    from codesession.app import App

QUICK = Pace(0.005, 0.01, 60)


class Listener:
    """A browser that listens."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_over = asyncio.Event()
        self._events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._leaves = asyncio.Event()

    async def receive(self) -> Message:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        for text in message["body"].decode().split("\n\n"):
            event = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
            if text == ":":
                self._events.put_nowait({"event": "beat"})
            elif "event" in event:
                self._events.put_nowait(event)
        if not message.get("more_body", False):
            self.is_over.set()

    async def next(self) -> dict[str, str]:
        return await asyncio.wait_for(self._events.get(), 10)

    def left(self) -> int:
        return self._events.qsize()

    def leave(self) -> None:
        self._leaves.set()


@asynccontextmanager
async def listening(live: Live, *, after: str = "", query: str = "", method: str = "GET") -> AsyncIterator[Listener]:
    headers = [(b"last-event-id", after.encode())] if after else []
    scope = {"type": "http", "method": method, "path": "/live", "headers": headers, "query_string": query.encode()}
    listener = Listener()
    task = asyncio.create_task(live(scope, listener.receive, listener.send))
    try:
        yield listener
    finally:
        listener.leave()
        await asyncio.wait_for(task, 10)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def change(app: App) -> None:
    with app.ledger.writing() as tx:
        tx.begin_session(Scope(f"/{tx.newest_event()}-{len(tx.active_sessions())}"), "work", 1)


def happen(app: App, *kinds: EventKind, ago_ms: int = 0, session_id: int | None = None) -> list[int]:
    with app.ledger.writing() as tx:
        at_ms = app.now_ms() - ago_ms
        return [
            tx.add_event(Event(kind, at_ms, "budget", session_id, message="codesession refused this call: no"))
            for kind in kinds
        ]


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


def test_a_change_is_told_to_all_who_listen(app: App, place: Place) -> None:
    async def test() -> None:
        live = Live(app, QUICK)
        async with listening(live) as one, listening(live) as other:
            hellos = [await one.next(), await other.next()]
            assert (one.status, one.headers["content-type"]) == (200, "text/event-stream")
            assert one.headers["cache-control"] == "no-store"
            assert hellos[0] == hellos[1] == {"event": "hello", "data": hellos[0]["data"], "id": "0"}
            for writer in (app, place.app()):  # ours, and another process's
                change(writer)
                told = [await one.next(), await other.next()]
                assert told[0] == told[1]
                assert told[0]["event"] == "change"
                assert told[0]["data"] != hellos[0]["data"]
                hellos = told
            assert one.left() == other.left() == 0

    run(test)


def looks(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[None]:
    """An item for each time the ledger is asked for its version, in the loop that runs now."""
    asked: asyncio.Queue[None] = asyncio.Queue()
    loop, version = asyncio.get_running_loop(), Live._version_now  # noqa: SLF001

    def counting(self: Live) -> str:
        loop.call_soon_threadsafe(asked.put_nowait, None)
        return version(self)

    monkeypatch.setattr(Live, "_version_now", counting)
    return asked


def test_many_changes_at_once_are_one(app: App) -> None:
    async def test() -> None:
        async with listening(Live(app, QUICK)) as listener:
            await listener.next()
            for _ in range(20):
                change(app)
            happen(app, EventKind.WARNED)
            assert [(await listener.next())["event"] for _ in range(2)] == ["change", "alert"]

    run(test)


def test_a_change_waits_until_one_may_be_told_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        asked = looks(monkeypatch)
        async with listening(Live(app, Pace(0.005, 1000, 60))) as listener:
            await listener.next()
            change(app)
            for _ in range(5):
                await asked.get()
            assert listener.left() == 0

    run(test)


def test_the_ledger_is_asked_once_for_all_and_never_for_nobody(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        asked = looks(monkeypatch)
        live = Live(app, Pace(60, 60, 60))
        assert len(asyncio.all_tasks()) == 1
        async with listening(live) as one, listening(live) as two, listening(live) as three:
            for listener in (one, two, three):
                await listener.next()
        assert len(asyncio.all_tasks()) == 1
        assert asked.qsize() == 1

    run(test)


def test_a_new_breach_is_an_alert(app: App) -> None:
    async def test() -> None:
        old = happen(app, EventKind.REFUSED)
        async with listening(Live(app, QUICK)) as listener:
            assert (await listener.next())["id"] == str(old[-1])
            ids = happen(app, EventKind.APPROVED, EventKind.WARNED, EventKind.REFUSED)
            assert (await listener.next())["event"] == "change"
            alerts = [await listener.next(), await listener.next()]
            assert [(alert["event"], alert["id"]) for alert in alerts] == [
                ("alert", str(ids[1])),
                ("alert", str(ids[2])),
            ]
            told = json.loads(alerts[1]["data"])
            assert told == {
                "id": ids[2],
                "kind": "refused",
                "rule": "budget",
                "at": "2026-03-02T14:30:11.042Z",
                "message": "no",
                "sessionId": None,
                "provider": None,
                "model": None,
                "agent": None,
            }
            change(app)
            assert (await listener.next())["event"] == "change"
            assert listener.left() == 0

    run(test)


def test_after_all_was_deleted_alerts_go_on(app: App) -> None:
    async def test() -> None:
        old = happen(app, *[EventKind.REFUSED] * 7)
        async with listening(Live(app, QUICK)) as listener:
            assert (await listener.next())["id"] == str(old[-1])
            reset_ledger(app, with_backup=False)
            ids = happen(app, EventKind.REFUSED)
            assert ids[-1] < old[-1]
            told = [await listener.next(), await listener.next()]
            assert ("alert", str(ids[-1])) in [(event["event"], event.get("id")) for event in told]

    run(test)


@pytest.mark.parametrize("how", ["after", "query"])
def test_who_comes_back_hears_what_was_missed(app: App, how: str) -> None:
    ids = happen(app, EventKind.WARNED, EventKind.DENIED, EventKind.STOPPED, EventKind.PAUSED)
    happen(app, EventKind.REFUSED, ago_ms=MISSED_MS + 1)

    async def test() -> None:
        said = {"after": str(ids[0])} if how == "after" else {"query": f"x=1&after={ids[0]}"}
        async with listening(Live(app, QUICK), **said) as listener:
            assert (await listener.next())["event"] == "hello"
            assert [(await listener.next())["id"] for _ in range(2)] == [str(ids[2]), str(ids[3])]
            change(app)
            assert (await listener.next())["event"] == "change"

    run(test)


@pytest.mark.parametrize("after", ["x", "-1", "99999", "1" * 19, "²"])
def test_an_id_that_is_none_of_ours_is_as_if_none_was_said(app: App, after: str) -> None:
    newest = happen(app, EventKind.REFUSED)[-1]

    async def test() -> None:
        async with listening(Live(app, QUICK), after=after) as listener:
            assert (await listener.next())["id"] == str(newest)
            change(app)
            assert (await listener.next())["event"] == "change"

    run(test)


def test_a_long_history_is_not_told_again(app: App) -> None:
    ids = happen(app, *[EventKind.REFUSED] * (MOST_MISSED + 7))

    async def test() -> None:
        async with listening(Live(app, QUICK), after="0") as listener:
            await listener.next()
            told = [(await listener.next())["id"] for _ in range(MOST_MISSED)]
            assert told == [str(event_id) for event_id in ids[7:]]
            assert listener.left() == 0

    run(test)


def test_now_and_then_there_is_a_sign_of_life(app: App) -> None:
    async def test() -> None:
        async with listening(Live(app, Pace(0.005, 0.01, 0.02))) as listener:
            assert [(await listener.next())["event"] for _ in range(3)] == ["hello", "beat", "beat"]

    run(test)


def test_streams_end_with_the_server(app: App) -> None:
    async def test() -> None:
        live = Live(app, Pace(60, 60, 60))
        async with listening(live) as one, listening(live) as other:
            await one.next()
            await other.next()
            live.end()
            await asyncio.wait_for(asyncio.gather(one.is_over.wait(), other.is_over.wait()), 10)

    run(test)


def test_a_look_without_listening_ends_at_once(app: App) -> None:
    async def test() -> None:
        async with listening(Live(app, QUICK), method="HEAD") as listener:
            await asyncio.wait_for(listener.is_over.wait(), 10)
            assert (listener.status, listener.left()) == (200, 0)

    run(test)


def test_a_ledger_that_cannot_be_read_is_an_error_first_and_a_pause_later(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: object) -> None:
        raise DatabaseError("It cannot be read.")

    async def test() -> None:
        live = Live(app, QUICK)
        async with listening(live) as listener:
            await listener.next()
            with monkeypatch.context() as during:
                during.setattr(type(app.ledger), "reading", broken)
                async with listening(live) as late:
                    await asyncio.wait_for(late.is_over.wait(), 10)
                    assert late.status == 503
            change(app)
            assert (await listener.next())["event"] == "change"

    run(test)


def test_alerts_that_cannot_be_read_come_with_the_next_change(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DatabaseError("It cannot be read.")

    async def test() -> None:
        with app.ledger.reading() as reader:
            kind = type(reader)
        async with listening(Live(app, QUICK)) as listener:
            await listener.next()
            with monkeypatch.context() as during:
                during.setattr(kind, "events_after", broken)
                happen(app, EventKind.REFUSED)
                assert (await listener.next())["event"] == "change"
            change(app)
            assert [(await listener.next())["event"] for _ in range(2)] == ["change", "alert"]

    run(test)
