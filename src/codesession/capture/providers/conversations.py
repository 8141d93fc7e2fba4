"""What does a request say besides its model: which tool calls it carries, what it lets the provider do and fetch?

What both wires have in common; see `anthropic_request` and `openai_request`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec

from codesession.capture.providers.traces import trace

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from codesession.model import Trace

    Test: TypeAlias = Callable[[dict[str, Any]], bool]

NOTHING = msgspec.Raw()

T = TypeVar("T")


class Tool(msgspec.Struct):
    """What a model is given to call; most have no type, or one that says that the client runs it."""

    type: Any = None
    environment: Any = None
    """where OpenAI's shell runs"""


class Beyond(NamedTuple):
    """The fields of `Asked` that tell what goes beyond the request's own bytes."""

    reads_elsewhere: bool
    is_unbounded: bool
    trace: Trace


def odd(body: bytes) -> Beyond:
    """Of a request whose shape is not understood: whatever is in it, it may be that."""
    return Beyond(reads_elsewhere=True, is_unbounded=True, trace=trace(body))


class Lenient(Generic[T]):
    """Reads JSON into `T`, or says None; half of a surrogate pair and ``NaN`` are read as ``?`` and null."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, data: bytes) -> T | None:
        """The fields of `data`; None if it is not JSON, or of another shape."""
        try:
            return self._decoder.decode(data)
        except (msgspec.ValidationError, RecursionError):
            return None
        except (msgspec.DecodeError, UnicodeError):
            try:
                told = json.loads(data.decode("utf-8", "replace"), parse_constant=_null)
                return self._decoder.decode(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))
            except (ValueError, RecursionError):
                return None


def _null(_constant: str) -> None:
    return None


def any_elsewhere(items: Sequence[msgspec.Raw], mark: re.Pattern[bytes], test: Test) -> bool:
    """Whether a part of an item passes the `test`; only items with the `mark` are looked into.

    Within JSON strings quotes are escaped, so that no text of a conversation is taken for a mark.
    """
    return any(mark.search(item) and _within(item, test) for item in items)


def _within(item: msgspec.Raw, test: Test) -> bool:
    try:
        parts = [msgspec.json.decode(item)]
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return True  # what cannot be looked into may be anything
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict) and part.get("type") != "tool_use":  # its arguments are the client's own
            if test(part):
                return True
            parts += part.values()
    return False
