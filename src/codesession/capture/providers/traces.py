"""Which tool calls did a conversation make lately, and what came of them? Digests only; no text is kept.

Every request of an agent carries its conversation, so that one request tells whether the agent goes in a circle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from codesession.capture.providers.toolcalls import Called, Result, called, digest, result
from codesession.model import Step, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MOST_STEPS = 24
MOST_MESSAGES = 60
"""The newest messages are looked at: enough for as many steps with a message for call and result each."""
_MOST_KNOWN = 4096
"""Messages whose tool calls are remembered, at a few hundred bytes each."""


class Made(NamedTuple):
    """One tool call of a conversation, or the result of one, as the client wrote it."""

    id: str
    """by which a call and its result find each other"""
    tool: str | None
    """None: it is a result"""
    what: msgspec.Raw
    """the arguments, or what came back, as JSON"""


class _Part(NamedTuple):
    """What is kept of a `Made`."""

    id: int
    call: Called | None
    """None: it is a result"""
    result: Result | None = None


def trace(body: bytes, steps: tuple[Step, ...] = ()) -> Trace:
    """What the request `body` shows of its past."""
    return Trace(digest(body), steps)


class Steps:
    """Finds the newest tool calls of conversations; `made` tells those of one message.

    A conversation is sent again with each call, so what was once understood of a message is remembered, by a hash.
    """

    def __init__(self, made: Callable[[msgspec.Raw], Iterable[Made]]) -> None:
        self._made = made
        self._known: dict[int, tuple[_Part, ...]] = {}

    def of(self, messages: Sequence[msgspec.Raw]) -> tuple[Step, ...]:
        """The newest steps among `messages`, oldest first; what cannot be understood is passed over.

        A result belongs to the last call before it that has its id: some clients number anew every turn.
        """
        results: dict[int, Result | None] = {}
        pairs: list[tuple[Called, Result | None]] = []
        for message in reversed(messages[-MOST_MESSAGES:]):
            key = hash(bytes(message))
            parts = self._known.get(key)
            for part in self._parts(message, key) if parts is None else parts:
                if part.call is None:
                    results[part.id] = part.result
                else:
                    pairs.append((part.call, results.pop(part.id, None)))
            if len(pairs) >= MOST_STEPS:
                break
        return tuple(_steps(reversed(pairs[:MOST_STEPS])))

    def _parts(self, message: msgspec.Raw, key: int) -> tuple[_Part, ...]:
        """Of one message, the last first; from now on they are known by `key`."""
        try:
            parts = tuple(_part(made) for made in self._made(message))[::-1]
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            parts = ()  # of another shape than a tool call has
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = parts
        return parts


def _part(made: Made) -> _Part:
    if made.tool is None:
        return _Part(hash(made.id), None, result(made.what))
    return _Part(hash(made.id), called(made.tool, made.what))


def _steps(pairs: Iterable[tuple[Called, Result | None]]) -> Iterator[Step]:
    """The steps, oldest first.

    The same check that passes again after another change is news: it is a result of its own. One that fails in the
    same way is the same, whatever was changed. Otherwise every edit, check, edit, check would look like a loop.
    """
    newest, other = b"", b""  # the last call that may have changed something, and the last one that was not the same
    for (call, file, content, may_change), told in pairs:
        after = newest if newest != call else other
        came = told and told.digest
        if told and came and not told.failed and after:
            came = came[:8] + after[:8]
        yield Step(call, came or None, file, content)
        if may_change and call != newest:
            newest, other = call, newest
