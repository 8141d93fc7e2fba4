"""What does the relay need to know of a provider? Its host, its paths, and how to read both sides of a call.

A provider is one file that makes one `Provider`, and one line in `PROVIDERS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

import msgspec

from codesession.capture.providers.values import Shape
from codesession.model import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesession.capture.providers.readers import StreamReader
    from codesession.capture.providers.results import ResultsReader
    from codesession.model import Nanos, Terms, Trace, Usage
    from codesession.model.terms import Extra


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
    terms: Terms = STANDARD
    """what it asks for beside tokens"""
    text_bytes: int | None = None
    """how much of the request is text, where it has files whose bytes tell nothing of their tokens; None: all of it"""
    runs_elsewhere: bool = False
    """whether a server on the user's own machine passes it on to a model that runs at its maker's"""


class Beside(NamedTuple):
    """What was consumed for an answer at a price of its own: by another model, or by a request the provider made."""

    model: str | None
    usage: Usage


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
    is_waiting: bool = False
    """whether it is made in the background, and is still to be fetched"""
    written_bytes: int = 0
    """UTF-8 bytes of text the model was seen to write (sampled in quick streams)"""
    model: str | None = None
    response_id: str | None = None
    terms: Terms = STANDARD
    """what it says of the terms it was given on"""
    reported_nanos: Nanos | None = None
    """what the provider says that it costs"""
    extra: Extra = ()
    """numbers of its usage that are in no field of `Usage`"""
    beside: tuple[Beside, ...] = ()
    """what is not in `usage`, and is kept as calls of their own"""


class Told(NamedTuple):
    """What the usage in an answer says."""

    usage: Usage
    terms: Terms = STANDARD
    reported_nanos: Nanos | None = None
    extra: Extra = ()
    beside: tuple[Beside, ...] = ()


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
    """of ``text/event-stream``"""
    amendment: Amendment | None = None
    """for streams that `Asked.lacks_usage`"""
    framed: Mapping[str, Callable[[], StreamReader]] = field(default_factory=dict)
    """readers of streams in other content types, by a part of the type's name"""
    in_path: Callable[[Asked, str], Asked] | None = None
    """what is asked for when the path tells a part of it, as Google's does; the path is as it was written"""
    in_query: Callable[[Asked, str], Asked] | None = None
    """what is asked for when the query tells a part of it, as Azure's does"""
    read_form: Callable[[bytes, str], Asked] | None = None
    """of a request that is a form with files, from its body and its content type"""
    is_repeatable: bool = True
    """whether the same request may be given the same answer again"""

    def reader_of(self, content_type: str) -> StreamReader | None:
        """A reader for an answer of that type, if it is a stream."""
        kind = content_type.lower()
        if "event-stream" in kind and "amazon" not in kind:
            return self.stream_reader()
        return next((reader() for part, reader in self.framed.items() if part in kind), None)


_UP = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\;]|$)")
"""A segment that stands for another, as many servers read it (RFC 3986, section 5.2.4), some even in escapes."""


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
    patterns: tuple[tuple[re.Pattern[str], Endpoint], ...] = ()
    """metered paths (of POST) with a name in them; each pattern matches the whole path"""
    results: tuple[tuple[re.Pattern[str], Callable[[], ResultsReader]], ...] = ()
    """paths (of GET) where what a batch has come to is fetched; each pattern matches the whole path"""
    later: tuple[tuple[re.Pattern[str], Endpoint], ...] = ()
    """paths where an answer made in the background is fetched or given up; the first group is its id"""
    free: frozenset[str] = frozenset()
    """patterns (of `fnmatch`) of unmetered paths of POST that cost nothing"""
    upstream_in: Callable[[str], str | None] | None = None
    """where it is by its own path, if that is set nowhere: one of a closed list of the provider's own hosts"""
    is_local: bool = False
    """whether it runs on the user's own machine and asks for no money"""
    refusals_have_ids: bool = False
    """whether its errors name the request, in the body's ``request_id`` and in the first of `request_id_headers`"""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """environment variables by which clients take a base URL, each with the path they expect after the root"""
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)
    tier_header: str | None = None
    """the request header (in lower case) in which a service tier may be asked for, where the body says none"""
    told_tier_header: str | None = None
    """the header (in lower case) of an answer that tells its service tier, where the body says none"""
    session_headers: tuple[bytes, ...] = ()
    """request headers in which agents name their own session"""
    deployments: Mapping[str, str] = field(default_factory=dict)
    """the models behind names that the user has given them there"""

    def endpoint_at(self, path: str) -> Endpoint | None:
        """How to meter a POST to `path`; None: it cannot be."""
        found = self.endpoints.get(path)
        if found is not None or not self.patterns:
            return found
        return next((endpoint for pattern, endpoint in self.patterns if pattern.fullmatch(path)), None)

    def results_at(self, path: str) -> Callable[[], ResultsReader] | None:
        """How to read what a GET of `path` brings of a batch; None: it brings nothing of one."""
        return next((reader for pattern, reader in self.results if pattern.fullmatch(path)), None)

    def is_free(self, path: str) -> bool:
        """Whether a POST to an unmetered path costs nothing; one that leads up, to another path, is not known to."""
        return not _UP.search(unquote(path)) and any(fnmatchcase(path, pattern) for pattern in self.free)


class Answered(msgspec.Struct):
    """What most wires call alike in a whole answer: who answered, what it used, and at which tier."""

    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    service_tier: Any = None


ANSWERED = Shape(Answered)


Tell: TypeAlias = "Callable[[dict[str, Any], Answered], Told]"
"""Understands the usage in an answer, with what stands beside it; raises `Unreadable`."""


def answer_reader(tell: Tell) -> Callable[[bytes], Reading]:
    """Reads whole JSON answers; `tell` understands their usage. Raises `Unreadable`."""

    def read_answer(body: bytes) -> Reading:
        answer = ANSWERED.read(body)
        if not answer.usage:
            return Reading(has_ended=True, written_bytes=len(body), model=answer.model, response_id=answer.id)
        return whole(tell(answer.usage, answer), answer.model, answer.id)

    return read_answer


def whole(told: Told, model: str | None, response_id: str | None) -> Reading:
    """What is learnt from an answer that is whole."""
    return Reading(
        told.usage,
        is_final=True,
        has_ended=True,
        model=model,
        response_id=response_id,
        terms=told.terms,
        reported_nanos=told.reported_nanos,
        extra=told.extra,
        beside=told.beside,
    )
