"""What do the wires have in common? An endpoint answers in one piece or as a stream of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from codesession.model import STANDARD, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from codesession.demo.batches import Batches
    from codesession.demo.plan import Plan
    from codesession.demo.script import Script
    from codesession.model import Terms

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
JSON_LINES = b"application/x-ndjson"
SSE = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Wire:
    """How one provider speaks, whatever it is asked for."""

    provider: str
    headers: Callable[[str], Headers]
    """those of every answer besides what describes its body, from the request's id"""
    request_id: Callable[[str], str]
    """from the plan's id"""
    error: Callable[[int, str, str], bytes]
    """the body of an error answer, from its status, its message and the request's id"""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer as events, each the bytes that tell one thing: a server-sent event, a line, an object of an array.

    `deltas` may be used once; there is one for each of the plan's.
    """

    head: Sequence[bytes]
    deltas: Iterable[bytes]
    tail: Sequence[bytes]
    error: Sequence[bytes]
    """what comes in place of the rest when the script asks for an error in the middle"""
    first_usage: Usage | None = None
    """what the first event tells, if it tells usage"""
    final_at: int | None = None
    """the place in `tail` of the event that tells the final usage; None when none does"""
    searched: Callable[[int], Usage] | None = None
    """the searches that so many events have told of, where they come before the first delta"""
    is_running: bool = False
    """whether every delta tells the usage up to it"""
    media_type: bytes = SSE


Streams = Literal["never", "asked", "unless refused", "always"]
"""When an endpoint streams: ``asked`` with ``"stream": true``, ``unless refused`` with ``"stream": false``."""


def _no_terms(_plan: Plan) -> Terms:
    return STANDARD


def _needs_model(body: Mapping[str, Any]) -> str | None:
    return None if isinstance(body.get("model"), str) else "model: Field required"


def takes_anything(_body: Mapping[str, Any]) -> None:
    """For endpoints that need no model."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing a provider can be asked for."""

    wire: Wire
    name: str
    answer: Callable[[Plan], bytes]
    """the whole answer, in one piece"""
    stream: Callable[[Plan], Stream] | None = None
    response_id: Callable[[Plan], str | None] = lambda _plan: None
    says: frozenset[str] = frozenset()
    """the keys of a script, of those in `script.BILL`, that this wire has words for: the others are refused"""
    writes: bool = True
    """whether a model writes the answer"""
    is_billed: bool = True
    tells_usage: bool = True
    """whether the whole answer says what it used"""
    terms: Callable[[Plan], Terms] = _no_terms
    """on what terms the answer says that it was given"""
    streams: Streams = "asked"
    media_type: bytes = JSON
    """of the answer in one piece"""
    problem: Callable[[Mapping[str, Any]], str | None] = _needs_model
    """what is wrong with a request's body, if anything"""
    refusal: Callable[[Mapping[str, Any]], Script | None] = lambda _body: None
    """the answer to a body that only this provider refuses"""
    headers: Callable[[Plan], Headers] = lambda _plan: []
    """of this answer, besides the wire's"""
    prepare: Callable[[Plan, Batches], Plan] | None = None
    """what has to be kept or looked up before answering; raises `Unknown`"""

    @property
    def provider(self) -> str:
        """Who answers."""
        return self.wire.provider

    def is_streamed(self, body: Mapping[str, Any]) -> bool:
        """Whether the answer to `body` is a stream."""
        asked = body.get("stream")
        if self.stream is None or self.streams == "never":
            return False
        return self.streams == "always" or (asked is not False if self.streams == "unless refused" else asked is True)


@dataclass(frozen=True, slots=True)
class Route:
    """The endpoint a request is for, and what its path names."""

    endpoint: Endpoint
    named: Mapping[str, Any]
    """stands in the body of the request as if it had been written there"""
