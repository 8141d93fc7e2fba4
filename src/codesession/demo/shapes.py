"""What do the wires have in common? An endpoint answers in one piece or as a stream of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from codesession.demo.plan import Plan
    from codesession.model import Usage

Headers = list[tuple[bytes, bytes]]
Provider = Literal["anthropic", "openai"]


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer as events, each the bytes of one server-sent event with its blank line.

    `deltas` may be used once; there is one for each of the plan's.
    """

    head: Sequence[bytes]
    deltas: Iterable[bytes]
    tail: Sequence[bytes]
    error: Sequence[bytes]
    """what comes in place of the rest when the script asks for an error in the middle"""
    first_usage: Usage | None
    """what the first event tells, if it tells usage"""
    final_at: int | None
    """the place in `tail` of the event that tells the final usage; None when none does"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing a provider can be asked for."""

    provider: Provider
    name: str
    answer: Callable[[Plan], bytes]
    """the JSON answer"""
    stream: Callable[[Plan], Stream] | None = None
    response_id: Callable[[Plan], str | None] = lambda _plan: None
    cannot_say: tuple[str, ...] = ()
    """the fields of `Usage` that this wire has no words for"""
    writes: bool = True
    """whether a model writes the answer"""
    is_billed: bool = True
