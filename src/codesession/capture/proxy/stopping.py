"""How does a call end that a person stops? Wherever it waits for the provider, and nowhere else.

What is on its way to the client is not torn: a stop that comes meanwhile waits for the next look at the provider.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Stopped(Exception):
    """The call is to end now; what was waited for did not happen. `why` answers what its client is told."""

    def __init__(self, why: Callable[[], Awaitable[str]]) -> None:
        super().__init__()
        self.why = why


class Stop:
    """The stop of one call, in the event loop that the call runs in."""

    def __init__(self, why: Callable[[], Awaitable[str]]) -> None:
        """`why` is asked once the stop was pressed; it raises nothing."""
        self._why = why
        self.is_pressed = False
        self._waiting: asyncio.Task[object] | None = None
        self._has_cancelled = False

    def press(self) -> None:
        """Have the call end, at once if it waits for the provider; the second time nothing is done."""
        if self.is_pressed:
            return
        self.is_pressed = True
        if self._waiting:
            self._has_cancelled = True
            self._waiting.cancel()

    def check(self) -> None:
        """Return if the call may go on.

        Raises:
            Stopped: it may not.
        """
        if self.is_pressed:
            raise Stopped(self._why)

    async def unless(self, awaited: Awaitable[T]) -> T:
        """What `awaited` gives, which must bear being cancelled; it is begun even where the stop was pressed before.

        Raises:
            Stopped: the stop was pressed first.
        """
        task = self._waiting = asyncio.current_task()
        try:
            return await awaited
        except asyncio.CancelledError:
            if not self._has_cancelled or (task and task.uncancel()):
                raise  # it is somebody else who wants us to end
            raise Stopped(self._why) from None
        finally:
            self._waiting = None
