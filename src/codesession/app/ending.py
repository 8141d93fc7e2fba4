"""How is a command that waits asked to end?"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOK_S = 0.5
_AGAIN_S = 1.0
"""A second Ctrl-C means another thing than the first only when it is not the same one, passed on by a wrapper."""


def wait_until(asked: threading.Event) -> None:
    """Return when that event is set, by a signal as well: Windows delivers those only between waits."""
    while not asked.wait(_LOOK_S):
        pass


@contextmanager
def asked_to_end(clock_s: Callable[[], float] = time.monotonic) -> Iterator[threading.Event]:
    """An event that is set when this process is asked to end: Ctrl-C, or a signal.

    Who presses Ctrl-C again, a second later, will not wait for what is still to be written: that raises
    `KeyboardInterrupt`. A process that was started to outlive its terminal (``nohup``) does.
    """
    asked = threading.Event()
    since = 0.0

    def ask(number: int, _frame: object) -> None:
        nonlocal since
        if asked.is_set() and number == signal.SIGINT and clock_s() - since > _AGAIN_S:
            raise KeyboardInterrupt
        since = since if asked.is_set() else clock_s()
        asked.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
