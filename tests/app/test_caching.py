"""Does a proxy find what it kept, know what that saves, and go on when the cache cannot be used?"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from codesession.app.caching import AnswerCache, cache_contents, clear_cache, kept_answers
from codesession.app.sessions import start_session
from codesession.capture.proxy.cache import Kept
from codesession.config import read_config
from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.ledger.answers import AnswerStore, Removed
from codesession.model import Attempt, Cost, Outcome, Scope, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.app.place import Place

    from codesession.app import App
    from codesession.capture.proxy.cache import Answers

ATTEMPT = Attempt(1, "anthropic", "asked", "messages", streamed=False, request_bytes=9)
OUTCOME = Outcome(Usage(input=10, output=5), model="answered")
KEPT = Kept(200, (("content-type", "application/json"),), b"{}", is_streamed=False, model="answered")


class Prices:
    """Every token costs as many nano-dollars as its model's name has letters; of some models nothing is known."""

    def __init__(self, *known: str) -> None:
        self._known = known

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, *_: object) -> Cost | None:
        assert (provider, at.year) == ("anthropic", 2026)
        return Cost(len(model) * (usage.input + usage.output), "test") if model in self._known else None

    def ceiling(self, *_asked: object) -> None:
        raise AssertionError


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def enable(place: Place, text: str = "") -> Path:
    """Turn the cache on; returns where it will be."""
    (place.home / ".codesession").mkdir(exist_ok=True)
    (place.home / ".codesession" / "config.toml").write_text(f"[cache]\nenabled = true\n{text}")
    return place.home / ".codesession" / "cache.db"


@pytest.fixture
def path(place: Place) -> Path:
    return enable(place)


@pytest.fixture
def app(place: Place, path: Path) -> App:
    del path
    return place.app()


@pytest.fixture
def queue(app: App) -> Iterator[WriteQueue]:
    with closing(WriteQueue(app.ledger)) as queue:
        yield queue


@pytest.fixture
def cache(app: App, queue: WriteQueue) -> Iterator[AnswerCache]:
    with kept_answers(app, queue, Prices("asked", "answered")) as cache:
        assert cache
        yield cache


def keep(cache: Answers, number: int, directory: str = "/here", kept: Kept = KEPT) -> None:
    cache.keep(key(number), directory, kept, ATTEMPT, OUTCOME)


def find(cache: Answers, number: int) -> Kept | None:
    return asyncio.run(_find(cache, number))


async def _find(cache: Answers, number: int) -> Kept | None:
    return await cache.find(key(number))


def test_nobody_keeps_answers_who_was_not_asked_to(place: Place, queue: WriteQueue) -> None:
    (place.home / ".codesession" / "config.toml").unlink()
    with kept_answers(place.app(), queue, Prices()) as cache:
        assert cache is None
    assert not list(place.home.rglob("cache.db*"))


def test_what_was_kept_is_found_at_once_with_what_it_saves(cache: AnswerCache, place: Place) -> None:
    assert find(cache, 1) is None
    keep(cache, 1)
    found = find(cache, 1)
    assert found == Kept(200, KEPT.headers, b"{}", is_streamed=False, model="answered", cost_nanos=15 * len("answered"))
    assert find(cache, 1) == found
    cache.close()
    (there_is,) = cache_contents(read_config(), place.now_ms).scopes
    assert (there_is.directory, there_is.hits, there_is.saved_nanos) == ("/here", 2, 240)


@pytest.mark.parametrize(("known", "nanos"), [(("asked",), 15 * len("asked")), ((), None)], ids=["asked", "neither"])
def test_it_costs_what_the_gate_says_it_does(
    app: App, queue: WriteQueue, known: tuple[str, ...], nanos: int | None
) -> None:
    with kept_answers(app, queue, Prices(*known)) as cache:
        assert cache
        keep(cache, 1)
        found = find(cache, 1)
        assert found
        assert found.cost_nanos == nanos


def test_an_answer_without_usage_has_no_cost(cache: AnswerCache) -> None:
    cache.keep(key(1), "/here", KEPT, ATTEMPT, Outcome(None))
    found = find(cache, 1)
    assert found
    assert found.cost_nanos is None


def test_the_settings_hold(place: Place, queue: WriteQueue) -> None:
    enable(place, "ttl = 60\nmax_mb = 1\n")
    with kept_answers(place.app(), queue, Prices()) as cache:
        assert cache
        assert cache.largest == 1024 * 1024 // 8
        keep(cache, 1)
        assert find(cache, 1)
        place.now_ms += 60_000
        assert find(cache, 1) is None


def test_two_proxies_share_what_they_keep(app: App, queue: WriteQueue, cache: AnswerCache) -> None:
    with kept_answers(app, queue, Prices()) as other:
        assert other
        keep(cache, 1)
        assert find(cache, 1)
        assert find(other, 1)


def test_what_still_waits_is_written_before_the_end(cache: AnswerCache, place: Place) -> None:
    for number in range(20):
        keep(cache, number)
    cache.close()
    (there_is,) = cache_contents(read_config(), place.now_ms).scopes
    assert there_is.entries == 20


class SlowStore(AnswerStore):
    """A disk that takes nothing until it is told to."""

    goes_on = threading.Event()

    def keep(self, *told: object) -> bool:
        del told
        assert self.goes_on.wait(10)
        return True


def test_a_slow_disk_does_not_gather_answers_without_end(path: Path, place: Place, queue: WriteQueue) -> None:
    store = SlowStore(path, max_bytes=1 << 20, ttl_s=60)
    waiting = []

    class CountingPrices(Prices):
        def cost(self, *told: object) -> None:
            waiting.append(told)

    with closing(AnswerCache(store, queue, CountingPrices(), lambda: place.now_ms, place.said.append)) as cache:
        for number in range(500):
            cache.keep(key(number), "/here", KEPT, ATTEMPT, Outcome(Usage(input=1)))
        store.goes_on.set()
    assert len(waiting) == 64


# --- whose it is ---


def test_the_scope_of_a_session_is_its_directory(cache: AnswerCache, app: App, place: Place) -> None:
    here = start_session(app, "here")
    with app.ledger.writing() as tx:
        there = tx.begin_session(Scope("/there"), "there", 1)

    async def ask() -> None:
        assert await cache.scope_of(here.id) == str(place.repo)
        assert await cache.scope_of(there.id) == "/there"
        assert await cache.scope_of(here.id) == str(place.repo)
        assert await cache.scope_of(4711) is None

    asyncio.run(ask())


def test_a_ledger_that_does_not_answer_leaves_a_call_without_the_cache(path: Path, place: Place) -> None:
    store = AnswerStore(path, max_bytes=1 << 20, ttl_s=60)
    queue = WriteQueue(SqliteLedger(place.database))
    queue.close()
    with closing(AnswerCache(store, queue, Prices(), lambda: place.now_ms, place.said.append)) as cache:
        assert asyncio.run(cache.scope_of(1)) is None
    assert place.said == []


# --- a file that cannot be used ---


@pytest.mark.parametrize("first", ["find", "keep"])
def test_a_damaged_cache_is_off_for_this_proxy_and_said_once(
    app: App, queue: WriteQueue, place: Place, path: Path, first: str
) -> None:
    session = start_session(app, "here")
    path.write_text("This is no database. " * 99)
    with kept_answers(app, queue, Prices()) as cache:
        assert cache
        assert asyncio.run(cache.scope_of(session.id))
        if first == "keep":
            keep(cache, 1)
        assert find(cache, 1) is None
        keep(cache, 1)
        assert find(cache, 1) is None
        assert asyncio.run(cache.scope_of(session.id)) is None
        damaged = f"The cache {path} cannot be used: it is damaged; empty it with: cs cache clear."
        assert place.said == [f"{damaged} Until it is started again, this proxy keeps no answers."]
        assert clear_cache(read_config()).entries is None
        assert find(cache, 1) is None
    with kept_answers(app, queue, Prices()) as cache:
        assert cache
        keep(cache, 1)
        assert find(cache, 1)


# --- what a person may do ---


def test_clearing_here_leaves_other_scopes(cache: AnswerCache, place: Place) -> None:
    keep(cache, 1, str(place.repo))
    keep(cache, 2, "/there")
    assert find(cache, 2)
    (place.repo / "inside").mkdir()
    place.monkeypatch.chdir(place.repo / "inside")
    config = read_config()
    assert clear_cache(config, here=True) == Removed(1, 2)
    assert (find(cache, 1), find(cache, 2) is None) == (None, False)
    assert clear_cache(config) == Removed(1, 2)
    assert find(cache, 2) is None
    assert cache_contents(config, place.now_ms).scopes == ()
    keep(cache, 3)
    assert find(cache, 3)


def test_a_damaged_cache_is_not_emptied_of_one_scope(place: Place, path: Path) -> None:
    enable(place)
    path.write_text("This is no database. " * 99)
    with pytest.raises(DatabaseError, match="empty it with: cs cache clear"):
        clear_cache(read_config(), here=True)
    assert path.exists()


def test_a_busy_cache_is_not_thrown_away(cache: AnswerCache, path: Path) -> None:
    keep(cache, 1)
    assert find(cache, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="try again"):
            clear_cache(read_config(), wait_s=0.01)
    assert find(cache, 1)
