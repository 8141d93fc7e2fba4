"""What does the relay need to know of a provider? Its host, its paths, and how to read both sides of a call.

A provider is one file that makes one `Provider`, and one line in `PROVIDERS`.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from codesession.capture.sse import EventSplitter, events, payload
from codesession.errors import CodesessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesession.model import Trace, Usage

BYTES_PER_TOKEN = 4
"""The rule of thumb for text (https://help.openai.com/en/articles/4936856), used only where nothing was measured."""

MOST_ANSWER = 10 * 1024 * 1024
"""Bytes of a JSON answer kept for metering; of a larger one the end is kept, where usage stands."""
_TAIL = 256 * 1024


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


class JsonReader:
    """Collects a JSON answer and reads it at the end."""

    def __init__(self, read: Callable[[bytes], Reading]) -> None:
        self._read = read
        self._body = bytearray()
        self._cut_off = False
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        self._body += data
        if len(self._body) > MOST_ANSWER:
            self._cut_off = True
            del self._body[:-_TAIL]

    def finish(self) -> Reading:
        body = bytes(self._body)
        if self._cut_off:
            body = _usage_at_the_end(body)
        try:
            return self._read(body)
        except Unreadable:  # what it is not: JSON, or whole
            return Reading(is_broken=True, written_bytes=self._size)


def _usage_at_the_end(tail: bytes) -> bytes:
    """A small JSON answer made of the last usage object in the end of a large one."""
    for match in reversed(list(re.finditer(rb'"usage"\s*:\s*(?=\{)', tail))):
        depth = 0
        for at in range(match.end(), len(tail)):
            depth += {0x7B: 1, 0x7D: -1}.get(tail[at], 0)
            if not depth:
                return b'{"usage":' + tail[match.end() : at + 1] + b"}"
    return b""


class StreamReader(ABC):
    """Reads usage from a server-sent event stream, whatever the pieces it comes in.

    Only events that match `telling` are parsed whole. Of the others, those that carry what the model
    writes, a few are parsed to know how much it wrote, should the stream be cut before it says so.
    """

    telling: ClassVar[re.Pattern[bytes]]
    """matches every event that may carry usage, a model, or an end"""
    marks: ClassVar[tuple[bytes, ...]]
    """one of these is in whatever `telling` matches: a plain search is ten times as quick as the pattern"""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self.usage: Usage | None = None
        self.is_final = False
        self.has_ended = False
        self.is_broken = False
        self.model: str | None = None
        self.response_id: str | None = None
        self._written_bytes = 0
        self.may_be_ended = False
        """whether to keep what only `ending` needs"""

    @abstractmethod
    def take(self, data: bytes) -> None:
        """Learn from one telling event's data; may raise `Unreadable`."""

    @abstractmethod
    def written(self, data: bytes) -> int:
        """Bytes of model output in one event's data; may raise `Unreadable`."""

    def feed(self, data: bytes) -> None:
        self._read(self._splitter.feed(data))

    def ending(self, message: str) -> bytes:  # noqa: ARG002 - the readers of streams that can be ended need it
        """The events by which the stream is ended early, so that its client stops and shows `message`.

        They follow whole events. Empty: there is no way to end such a stream.
        """
        return b""

    def last_bytes(self) -> bytes:
        """The last two bytes of an event of which only a part has come; empty between events."""
        return self._splitter.last_bytes()

    def finish(self) -> Reading:
        self._read(self._splitter.rest())
        return self.so_far()

    def so_far(self) -> Reading:
        """What has been learnt from the events that are whole; more may follow."""
        return Reading(
            usage=self.usage,
            is_final=self.is_final,
            has_ended=self.has_ended,
            is_broken=self.is_broken or self._splitter.skipped,
            written_bytes=self._written_bytes,
            model=self.model,
            response_id=self.response_id,
        )

    def _read(self, stretch: bytes) -> None:
        if not stretch:
            return
        if any(mark in stretch for mark in self.marks) and self.telling.search(stretch):
            for event in events(stretch):
                self._read_event(event)
            return
        many = stretch.count(b"\n\n")
        if many <= _FEW:
            self._written_bytes += sum(self._measure(payload(event)) for event in events(stretch))
        else:
            sample = stretch.split(b"\n\n")[: many : -(-many // _FEW)]
            sizes = [size for event in sample if (size := self._measure(payload(event)))]
            self._written_bytes += many * sum(sizes) // max(1, len(sizes))  # the few without text count as the others

    def _read_event(self, event: bytes) -> None:
        data = payload(event)
        if not self.telling.search(event):
            self._written_bytes += self._measure(data)
            return
        try:
            self.take(data)
        except Unreadable:
            self.is_broken = True

    def _measure(self, data: bytes) -> int:
        try:
            return self.written(data)
        except Unreadable:
            return 0


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


_FEW = 8
"""Events that arrive at once are all measured up to this many; of more, as many stand for all."""

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
