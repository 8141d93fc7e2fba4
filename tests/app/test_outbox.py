"""Is nothing kept waiting by an outbox, and everything counted that it did not deliver?"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from codesession.app.outbox import LONGEST_QUEUE, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 20.0


def until(seconds: float) -> float:
    return time.monotonic() + seconds


class Slow:
    """Delivers nothing before it may; what is negative is a problem."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.taken: list[int] = []

    def __call__(self, message: int, _pause: Callable[[float], bool]) -> str | None:
        self.has_begun.set()
        assert self.may_end.wait(LIMIT_S)
        self.taken.append(message)
        return f"{message} is a problem" if message < 0 else None


def test_messages_are_delivered_in_their_order() -> None:
    slow, said = Slow(), list[str]()
    slow.may_end.set()
    outbox = Outbox("test", slow, said.append)
    for message in range(20):
        outbox.put(message)
    assert outbox.close(until(LIMIT_S)) == 0
    assert slow.taken == list(range(20))
    assert said == []


def test_of_more_than_the_queue_holds_the_oldest_are_given_up_and_counted() -> None:
    slow, said = Slow(), list[str]()
    outbox = Outbox("test", slow, said.append)
    outbox.put(0)
    assert slow.has_begun.wait(LIMIT_S)
    for message in range(1, LONGEST_QUEUE + 6):
        outbox.put(message)
    slow.may_end.set()
    assert outbox.close(until(LIMIT_S)) == 5
    assert slow.taken == [0, *range(6, LONGEST_QUEUE + 6)]


def test_the_first_problem_is_said_and_all_are_counted() -> None:
    slow, said = Slow(), list[str]()
    slow.may_end.set()
    outbox = Outbox("test", slow, said.append)
    for message in (-1, 2, -3, -4):
        outbox.put(message)
    assert outbox.close(until(LIMIT_S)) == 3
    assert said == ["-1 is a problem"]


def test_the_only_problem_is_not_told_twice() -> None:
    slow, said = Slow(), list[str]()
    slow.may_end.set()
    outbox = Outbox("test", slow, said.append)
    outbox.put(-1)
    assert outbox.close(until(LIMIT_S)) == 0
    assert said == ["-1 is a problem"]


def test_what_is_not_taken_in_time_is_counted_once_and_its_problem_not_said() -> None:
    slow, said = Slow(), list[str]()
    outbox = Outbox("test-slow", slow, said.append)
    for _ in range(4):
        outbox.put(-1)
    assert slow.has_begun.wait(LIMIT_S)
    assert outbox.close(until(0.01)) == 4
    slow.may_end.set()
    for thread in threading.enumerate():
        if thread.name == "test-slow":
            thread.join(LIMIT_S)
    assert (slow.taken, said) == ([-1], [])


def test_a_time_that_has_passed_is_no_error() -> None:
    outbox = Outbox("test", Slow(), print)
    assert outbox.close(until(-5)) == 0


def test_a_closed_outbox_takes_nothing_and_starts_nothing() -> None:
    slow = Slow()
    outbox = Outbox("test-closed", slow, print)
    outbox.hurry()
    outbox.put(1)
    assert "test-closed" not in {thread.name for thread in threading.enumerate()}
    assert outbox.close(until(0)) == 1


def test_a_pause_ends_when_the_outbox_closes() -> None:
    has_begun, results = threading.Event(), list[bool]()

    def deliver(_message: int, pause: Callable[[float], bool]) -> None:
        results.append(pause(0))
        has_begun.set()
        results.append(pause(LIMIT_S * 10))

    outbox = Outbox("test", deliver, print)
    outbox.put(1)
    assert has_begun.wait(LIMIT_S)
    outbox.hurry()
    assert outbox.close(until(LIMIT_S)) == 0
    assert results == [True, False]
