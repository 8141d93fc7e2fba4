"""What does the relay need to know of a provider? Its host, its paths, and how to read both sides of a call.

A provider is one file that makes one `Provider`, and one line in `PROVIDERS`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesession.capture.providers.readers import StreamReader
    from codesession.model import Trace, Usage


T = TypeVar("T")


class Unreadable(CodesessionError):
    """A request or an answer is not what its path says; nothing was concluded from it."""

    code = "unreadable"
    http_status = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, as far as money goes."""

    model: str
    streamed: bool
    max_output: int | None = None
    """the most tokens it lets the model write, if it says"""
    lacks_usage: bool = False
    """a stream whose answer would carry no usage, as the request stands"""
    reads_elsewhere: bool = False
    """whether the model is made to read what is not in the request's bytes: a file, an address, an earlier answer"""
    is_unbounded: bool = False
    """whether the provider may go on by itself without a limit, as with its own web search"""
    trace: Trace | None = None
    """what it shows of the loop it is part of"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer, or as much of it as came, says of itself."""

    usage: Usage | None = None
    is_final: bool = False
    """whether `usage` is the provider's last word"""
    has_ended: bool = False
    """whether the answer said that it was complete"""
    is_broken: bool = False
    """whether something that should have been usage could not be read"""
    is_opaque: bool = False
    """whether its encoding could not be read, so that nothing can be said of what came"""
    written_bytes: int = 0
    """UTF-8 bytes of text the model was seen to write (sampled in quick streams)"""
    model: str | None = None
    response_id: str | None = None


class AnswerReader(Protocol):
    """Reads the decoded body of an answer beside the relay; keeps numbers, never the text."""

    def feed(self, data: bytes) -> None:
        """Take the next piece; never raises for what the provider wrote."""
        ...

    def finish(self) -> Reading:
        """What was learnt."""
        ...


class Filter(Protocol):
    """Changes a decoded answer on its way to the client."""

    def feed(self, data: bytes) -> bytes:
        """What may go on to the client now that `data` has come."""
        ...

    def rest(self) -> bytes:
        """What is left when the answer has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Amendment:
    """The one way a call is changed: the request asks for its usage, and the client does not see that it did."""

    request: Callable[[bytes], bytes]
    """raises `Unreadable` where it cannot be changed safely"""
    answer: Callable[[], Filter]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One metered path."""

    name: str
    """the provider's own word: ``messages``, ``chat``, ``responses``, ``embeddings``"""
    read_request: Callable[[bytes], Asked]
    """raises `Unreadable`"""
    read_answer: Callable[[bytes], Reading]
    """of a whole JSON answer; raises `Unreadable`"""
    stream_reader: Callable[[], StreamReader]
    amendment: Amendment | None = None
    """for streams that `Asked.lacks_usage`"""


@dataclass(frozen=True, slots=True)
class Provider:
    """A host that sells calls."""

    name: str
    upstream: str | None
    """``scheme://host[/prefix]`` to which the provider's own path is appended; None where only the user can know it"""
    refusal: Callable[[int, str, str], dict[str, Any]]
    """the provider's own error shape, from an HTTP status, a code and a message"""
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    """metered paths (of POST), without the prefix"""
    free: frozenset[str] = frozenset()
    """patterns (of `fnmatch`) of unmetered paths of POST that cost nothing"""
    is_local: bool = False
    """whether it runs on the user's own machine and asks for no money"""
    refusals_have_ids: bool = False
    """whether its errors name the request, in the body's ``request_id`` and in the first of `request_id_headers`"""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """environment variables by which clients take a base URL, each with the path they expect after the root"""
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)
    session_headers: tuple[bytes, ...] = ()
    """request headers in which agents name their own session"""

    def is_free(self, path: str) -> bool:
        """Whether a POST to an unmetered path costs nothing."""
        return any(fnmatchcase(path, pattern) for pattern in self.free)


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


class Answered(msgspec.Struct):
    """What both wires call alike in a whole answer: who answered, and what it used."""

    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


ANSWERED = Shape(Answered)


def answer_reader(usage_of: Callable[[dict[str, Any]], Usage]) -> Callable[[bytes], Reading]:
    """Reads whole JSON answers whose usage `usage_of` understands; raises `Unreadable`."""

    def read_answer(body: bytes) -> Reading:
        answer = ANSWERED.read(body)
        if not answer.usage:
            return Reading(has_ended=True, written_bytes=len(body), model=answer.model, response_id=answer.id)
        usage = usage_of(answer.usage)
        return Reading(usage, is_final=True, has_ended=True, model=answer.model, response_id=answer.id)

    return read_answer


def size(*texts: str | None) -> int:
    """Bytes of the texts in UTF-8 (a lone surrogate counts as the character it was part of).

    >>> size("naïve", None)
    6
    """
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text)


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
