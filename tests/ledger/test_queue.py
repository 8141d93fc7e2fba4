"""Does the write queue commit what waits together, tell each caller its own, and lose nothing?"""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.errors import DatabaseError, SessionActive
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.ledger.queue import MOST_AT_ONCE
from codesession.model import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codesession.model.ports import Ledger, Writer

WAIT_S = 30.0
"""For what happens at once; only a broken queue makes a test wait."""


class Counting:
    """A ledger that counts its transactions, and can be made to refuse them or to wait before them."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self.transactions = 0
        self.refusing: Exception | None = None
        self.may_begin = threading.Event()
        self.may_begin.set()
        self.has_come = threading.Event()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        self.has_come.set()
        assert self.may_begin.wait(WAIT_S)
        self.transactions += 1
        if self.refusing:
            raise self.refusing
        with self._ledger.writing() as tx:
            yield tx

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "l.db")) as ledger:
        with ledger.writing() as tx:
            tx.begin_session(Scope("/here"), "work", 1)
        yield ledger


@pytest.fixture
def ledger(real: SqliteLedger) -> Counting:
    return Counting(real)


@pytest.fixture
def queue(ledger: Counting) -> Iterator[WriteQueue]:
    queue = made(ledger)
    yield queue
    ledger.may_begin.set()
    queue.close()


def made(ledger: Counting) -> WriteQueue:
    as_ledger: Ledger = ledger  # type: ignore[assignment]  # the rest is passed on
    return WriteQueue(as_ledger)


def note(text: str) -> Callable[[Writer], str]:
    return lambda tx: tx.annotate(1, text, 1).message


def notes(ledger: SqliteLedger) -> list[str]:
    with ledger.reading() as tx:
        return [annotation.message for annotation in tx.annotations(1)]


async def write_while_another_is_written(
    ledger: Counting, queue: WriteQueue, jobs: list[Callable[[Writer], str]]
) -> list[str | BaseException]:
    """What the jobs came to that waited while the queue was held up by one before them."""
    ledger.has_come.clear()
    ledger.may_begin.clear()
    first = asyncio.ensure_future(queue.write(note("first")))
    assert await asyncio.to_thread(ledger.has_come.wait, WAIT_S)
    waiting = [asyncio.ensure_future(queue.write(job)) for job in jobs]
    await asyncio.sleep(0)  # each has put its job in
    ledger.may_begin.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert await first == "first"
    return results


def test_a_job_is_committed_when_it_is_answered(real: SqliteLedger, queue: WriteQueue) -> None:
    async def write() -> None:
        assert await queue.write(note("one")) == "one"
        assert notes(real) == ["one"]

    asyncio.run(write())


def test_what_waits_is_committed_together_in_order_and_answered_to_its_caller(
    real: SqliteLedger, ledger: Counting, queue: WriteQueue
) -> None:
    texts = [str(number) for number in range(50)]
    results = asyncio.run(write_while_another_is_written(ledger, queue, [note(text) for text in texts]))
    assert results == texts
    assert notes(real) == ["first", *texts]
    assert ledger.transactions == 2


def test_one_transaction_takes_no_more_than_its_share(ledger: Counting, queue: WriteQueue) -> None:
    jobs: list[Callable[[Writer], str]] = [lambda _: "x"] * (MOST_AT_ONCE + 1)
    asyncio.run(write_while_another_is_written(ledger, queue, jobs))
    assert ledger.transactions == 3


def test_a_job_that_fails_does_not_fail_its_neighbours(real: SqliteLedger, ledger: Counting, queue: WriteQueue) -> None:
    def fail(tx: Writer) -> str:
        tx.annotate(1, "never", 1)
        return tx.begin_session(Scope("/here"), "second", 1).name

    jobs = [note("a"), fail, note("b"), fail, note("c")]
    a, failed, b, failed_too, c = asyncio.run(write_while_another_is_written(ledger, queue, jobs))
    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(failed, SessionActive)
    assert isinstance(failed_too, SessionActive)
    assert notes(real) == ["first", "a", "b", "c"]


def test_a_bug_in_a_job_rises_to_its_caller_and_the_queue_goes_on(real: SqliteLedger, queue: WriteQueue) -> None:
    async def write() -> None:
        with pytest.raises(ZeroDivisionError):
            await queue.write(lambda _: 1 // 0)
        await queue.write(note("after"))

    asyncio.run(write())
    assert notes(real) == ["after"]


def test_when_no_transaction_can_begin_all_are_told_after_one_wait(ledger: Counting, queue: WriteQueue) -> None:
    async def write() -> list[str | BaseException]:
        ledger.has_come.clear()
        ledger.may_begin.clear()
        first = asyncio.ensure_future(queue.write(lambda _: "first"))
        assert await asyncio.to_thread(ledger.has_come.wait, WAIT_S)
        waiting = [asyncio.ensure_future(queue.write(note(str(number)))) for number in range(5)]
        await asyncio.sleep(0)
        ledger.refusing = DatabaseError("locked")
        ledger.may_begin.set()
        return await asyncio.gather(first, *waiting, return_exceptions=True)

    results = asyncio.run(write())
    assert [str(result) for result in results] == ["locked"] * 6
    assert ledger.transactions == 2  # each began once: nobody waited for a rival once per job


def test_a_busy_ledger_is_an_error_of_the_job_not_of_the_queue(tmp_path: Path, real: SqliteLedger) -> None:
    with closing(SqliteLedger(tmp_path / "l.db", wait_s=0)) as impatient:
        queue = WriteQueue(impatient)

        async def write() -> None:
            with real.writing(), pytest.raises(DatabaseError, match="another program is writing"):
                await queue.write(note("never"))
            assert await queue.write(note("then")) == "then"

        asyncio.run(write())
        queue.close()
    assert notes(real) == ["then"]


def test_results_reach_their_callers_in_two_event_loops(
    real: SqliteLedger, ledger: Counting, queue: WriteQueue
) -> None:
    results: dict[str, list[str]] = {}
    ledger.may_begin.clear()
    all_in = threading.Barrier(3, timeout=WAIT_S)

    def run(loop_name: str) -> None:
        async def write() -> list[str]:
            waiting = [asyncio.ensure_future(queue.write(note(f"{loop_name}{number}"))) for number in range(20)]
            await asyncio.sleep(0)
            await asyncio.to_thread(all_in.wait)
            return await asyncio.gather(*waiting)

        results[loop_name] = asyncio.run(write())

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    all_in.wait()
    ledger.may_begin.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert results == {name: [f"{name}{number}" for number in range(20)] for name in "ab"}
    kept = notes(real)
    for name in "ab":
        assert [text for text in kept if text[0] == name] == results[name]
    assert ledger.transactions <= 3


def test_a_caller_that_is_cancelled_does_not_take_its_job_back(
    real: SqliteLedger, ledger: Counting, queue: WriteQueue
) -> None:
    async def write() -> None:
        ledger.has_come.clear()
        ledger.may_begin.clear()
        first = asyncio.ensure_future(queue.write(note("first")))
        assert await asyncio.to_thread(ledger.has_come.wait, WAIT_S)
        gone, stays = (asyncio.ensure_future(queue.write(note(text))) for text in ("gone", "stays"))
        await asyncio.sleep(0)
        first.cancel()
        gone.cancel()
        ledger.may_begin.set()
        assert await stays == "stays"
        assert first.cancelled()
        assert gone.cancelled()

    asyncio.run(write())
    assert notes(real) == ["first", "gone", "stays"]


def test_a_loop_that_has_ended_loses_no_job(real: SqliteLedger, ledger: Counting) -> None:
    queue = made(ledger)
    ledger.may_begin.clear()

    async def give_up() -> None:
        waiting = asyncio.ensure_future(queue.write(note("kept")))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(give_up())  # the loop is closed before the queue comes to tell it
    ledger.may_begin.set()
    queue.close()
    assert notes(real) == ["kept"]


def test_closing_writes_what_waits_and_ends_the_thread(real: SqliteLedger, ledger: Counting) -> None:
    queue = made(ledger)

    async def write() -> list[str]:
        ledger.may_begin.clear()
        waiting = [asyncio.ensure_future(queue.write(note(str(number)))) for number in range(MOST_AT_ONCE + 5)]
        await asyncio.sleep(0)
        threading.Timer(0, ledger.may_begin.set).start()
        await asyncio.to_thread(queue.close)
        return await asyncio.gather(*waiting)

    assert asyncio.run(write()) == notes(real)
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger-writer" and thread.is_alive()]


def test_a_closed_queue_refuses_and_may_be_closed_again(real: SqliteLedger, ledger: Counting) -> None:
    queue = made(ledger)
    queue.close()
    queue.close()

    async def write() -> None:
        with pytest.raises(DatabaseError, match="closed"):
            await queue.write(note("never"))

    asyncio.run(write())
    assert notes(real) == []
