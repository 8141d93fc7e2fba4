"""How is a value read that the other side wrote? Whatever it is, it becomes one that may be counted, or kept, or none.

Of what is kept, a text of the other side is no more than a name: what was asked and answered is in nothing of it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model.terms import Extra

T = TypeVar("T")


class Unreadable(CodesessionError):
    """A request or an answer is not what its path says; nothing was concluded from it."""

    code = "unreadable"
    http_status = 400


class Shape(Generic[T]):
    """Reads JSON into the few fields of `T` we need, skipping the rest unread."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, data: bytes) -> T:
        """The fields.

        msgspec refuses half of a surrogate pair, which JavaScript clients write when they cut text, and
        ``NaN``; the standard library takes both, so it has the second try.

        Raises:
            Unreadable: it is not JSON, or of another shape.
        """
        try:
            return self._decoder.decode(data)
        except (msgspec.ValidationError, RecursionError) as error:
            raise Unreadable(str(error)) from error
        except (msgspec.DecodeError, UnicodeError):
            try:
                return msgspec.convert(json.loads(data.decode("utf-8", "replace")), self._kind)
            except (ValueError, RecursionError) as error:
                raise Unreadable(str(error)) from error


def size(*texts: str | None) -> int:
    """Bytes of the texts in UTF-8 (a lone surrogate counts as the character it was part of).

    >>> size("naïve", None)
    6
    """
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text)


_MOST_EXTRA = 32
_LONGEST_PATH = 100
_LONGEST_WORD = 40
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_WORD = re.compile(r"[A-Za-z0-9_.:/+-]+")


def extras(counters: Mapping[str, Any], known: frozenset[str]) -> Extra:
    """The numbers in `counters` that are not `known`, by their path, those that are 0 left out; at most 32.

    A provider adds counters before we know what they mean: they are kept, so that they can be priced later. A key that
    is no name is left out: it could be a text of the user's.

    >>> extras({"input_tokens": 3, "cache": {"ttl_2h": 5, "name": "x"}, "new": 1.5}, frozenset({"input_tokens"}))
    (('new', 1.5), ('cache.ttl_2h', 5))
    """
    found: list[tuple[str, int | float]] = []
    waiting = deque([("", counters)])
    while waiting and len(found) < _MOST_EXTRA:
        prefix, level = waiting.popleft()
        for key, value in level.items():
            path = f"{prefix}{key}"
            if path in known or len(path) > _LONGEST_PATH or not _NAME.fullmatch(key):
                continue
            if isinstance(value, dict):
                waiting.append((f"{path}.", value))
            elif is_number(value) and value:
                found.append((path, value))
    return tuple(found[:_MOST_EXTRA])


def is_number(value: object) -> bool:
    """Whether `value` is a number that JSON and the ledger can hold.

    >>> is_number(1.5), is_number(True), is_number(float("inf")), is_number(10**400)
    (True, False, False, False)
    """
    return not isinstance(value, bool) and isinstance(value, int | float) and -1e18 < value < 1e18  # noqa: PLR2004 - SQLite's integers


def word(value: object) -> str | None:
    """A provider's name of something, such as a service tier, as it may be stored; None where it is none.

    >>> word("flex"), word(3), word(""), word("tell me")
    ('flex', None, None, None)
    """
    return value[:_LONGEST_WORD] if isinstance(value, str) and _WORD.fullmatch(value) else None


def part(counters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`; an empty one where there is none."""
    found = counters.get(key)
    return found if isinstance(found, dict) else {}


def either(counters: Mapping[str, Any], *names: str) -> object:
    """What is told under the first of `names` that tells something; None where none does.

    >>> either({"prompt_tokens": None, "input_tokens": 0}, "prompt_tokens", "input_tokens")
    0
    """
    return next((counters[name] for name in names if counters.get(name) is not None), None)


def limit(value: object) -> int | None:
    """A request's token limit; None where there is none, or one that the provider will refuse anyway.

    >>> limit(1024), limit(1024.0), limit("many"), limit(None)
    (1024, 1024, None, None)
    """
    try:
        return None if value is None else count(value)
    except Unreadable:
        return None


def name(value: object) -> str:
    """A model's name as it may be stored.

    >>> name("gpt-4o"), name(None)
    ('gpt-4o', '(none)')
    """
    return storable(value) or "(none)"


def storable(value: object) -> str | None:
    r"""A text of the other side as the ledger can keep it: at most 200 characters, none of them half of a pair.

    >>> storable("msg_1"), storable("msg_\ud800"), storable("")
    ('msg_1', 'msg_?', None)
    """
    return value[:200].encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


_MOST_TOKENS = 10**12
"""No call has as many tokens; at any price, so many still fit the ledger's integers."""


def count(value: object) -> int:
    """A token counter as providers write them: absent or null is 0, ``100.0`` is 100.

    >>> count(None), count(7), count(100.0)
    (0, 7, 100)

    Raises:
        Unreadable: it is negative, fractional, beyond all reason, or no number.
    """
    match value:
        case None:
            return 0
        case bool():
            pass
        case int() if 0 <= value <= _MOST_TOKENS:
            return value
        case float() if 0 <= value <= _MOST_TOKENS and value.is_integer():
            return int(value)
    raise Unreadable(f"{type(value).__name__} is not a token count")
