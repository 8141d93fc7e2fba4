"""How is something handed on that may take long, by somebody who must not wait? A thread takes it from a queue.

The queue is bounded and the thread a daemon: neither a way that is shut nor one that hangs costs more than the
messages it did not take, and those are counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
LONGEST_QUEUE = 100
"""Messages that wait; beyond, the oldest is given up."""


class Outbox(Generic[T]):
    """Hands messages to `deliver`, one after the other; it starts with the first.

    `deliver` also gets a `pause` that waits that many seconds, or less when the outbox is about to close, and returns
    whether another try may follow the next one. It returns None, or why a message was not taken, which `say` tells
    the first time.
    """

    def __init__(
        self, name: str, deliver: Callable[[T, Callable[[float], bool]], str | None], say: Callable[[str], None]
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._say = say
        self._waiting: deque[T] = deque()
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._has_started = False
        self._is_busy = False
        self._has_given_up = False
        self._has_said = False
        self._lost = 0

    def put(self, message: T) -> None:
        """Queue `message`; from any thread, and always at once."""
        with self._news:
            if self._closing.is_set():
                self._lost += 1
                return
            if len(self._waiting) == LONGEST_QUEUE:
                self._waiting.popleft()
                self._lost += 1
            self._waiting.append(message)
            self._news.notify_all()
            if not self._has_started:
                self._has_started = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def hurry(self) -> None:
        """Take nothing more, and cut pauses short."""
        with self._news:
            self._closing.set()
            self._news.notify_all()

    def close(self, until: float) -> int:
        """Wait for what is under way until `time.monotonic` says `until`, then give it up.

        Returns how many messages in all were not taken, or 0 if what was said of the first is all there is to say.
        """
        self.hurry()
        with self._news:
            self._news.wait_for(lambda: not self._waiting and not self._is_busy, max(0.0, until - time.monotonic()))
            self._lost += len(self._waiting) + self._is_busy
            self._waiting.clear()
            self._has_given_up = True
            return 0 if self._has_said and self._lost == 1 else self._lost

    def _pause(self, seconds: float) -> bool:
        return not self._closing.wait(seconds)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._closing.is_set())
                if not self._waiting:
                    return
                message = self._waiting.popleft()
                self._is_busy = True
            problem = self._deliver(message, self._pause)
            with self._news:
                if self._has_given_up:
                    return  # it has been counted, and the terminal may be somebody else's by now
                self._is_busy = False
                self._news.notify_all()
                if problem is not None:
                    self._lost += 1
                    if not self._has_said:
                        self._has_said = True
                        self._say(problem)
