"""Was that pushed before, and what came of it? A key stands for one push, and for what was said in it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from codesession.app.entries import Entry
from codesession.app.push_sessions import NOWHERE, Where
from codesession.errors import CodesessionError
from codesession.model.receipt import Receipt, SessionSums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model import Alert, Call, Session
    from codesession.model.ports import Reader

KEPT_MS = 30 * 24 * 60 * 60 * 1000
"""How long a key is remembered, in milliseconds."""


class IdempotencyConflict(CodesessionError):
    """A key came again with another push; nothing was written."""

    code = "idempotency_conflict"
    http_status = 409


class PushedCall(NamedTuple):
    """One call as an app tells of it; None for what was not said."""

    entry: Entry
    where: Where = NOWHERE
    began_ms: int | None = None
    """milliseconds since the epoch; None: it ends now"""
    request_id: str | None = None
    """the provider's"""
    key: str | None = None


class Push(NamedTuple):
    """What an app tells in one request."""

    calls: tuple[PushedCall, ...]
    key: str | None = None
    needs_session: bool = False
    """whether a call that names no session belongs to the only active one; else to none"""


class Kept(NamedTuple):
    """Where a call was put."""

    call_id: int
    session_id: int | None


class Taken(NamedTuple):
    """What came of a push."""

    calls: tuple[Call, ...]
    sessions: tuple[tuple[Session, SessionSums], ...]
    """each that a call belongs to, with what it came to then"""
    due: tuple[Alert, ...] = ()
    """what is to be told, now that the calls are kept: see `entries.tell`"""
    is_repeated: bool = False
    """whether it is the answer of before, and nothing was counted"""


def answered(reader: Reader, push: Push) -> Taken | None:
    """What came of a push of before with the same key; None: there was none.

    Raises:
        IdempotencyConflict: it said something else.
    """
    receipt = receipt_of(reader, push.key, push.calls, push)
    return None if receipt is None else as_taken(reader, receipt)._replace(is_repeated=True)


def receipt_of(reader: Reader, key: str | None, calls: Sequence[PushedCall], push: Push) -> Receipt | None:
    """What is remembered of `calls`, some of a push, under a key.

    Raises:
        IdempotencyConflict: the key stands for something else.
    """
    receipt = None if key is None else reader.receipt(key)
    if receipt is not None and receipt.digest != _digest(calls, push):
        raise IdempotencyConflict(
            "That idempotency key was used before, with something else: a new call needs a new key.", key=key
        )
    return receipt


def new_receipt(
    reader: Reader, key: str, calls: Sequence[PushedCall], push: Push, at_ms: int, kept: Sequence[Kept]
) -> Receipt:
    """What is to be remembered: what was `kept` for `calls`, and what their sessions come to now."""
    sums = []
    for session_id in dict.fromkeys(each.session_id for each in kept):
        if session_id is None:
            continue
        totals = reader.totals(session_id)
        sums.append(SessionSums(session_id, totals.calls, totals.cost_nanos, totals.tokens, totals.unpriced))
    return Receipt(key, _digest(calls, push), at_ms, tuple(each.call_id for each in kept), tuple(sums))


def as_taken(reader: Reader, receipt: Receipt) -> Taken:
    """What came of a push, as its receipt has it."""
    calls = (reader.call(call_id) for call_id in receipt.calls)
    sessions = ((reader.session(sums.session_id), sums) for sums in receipt.sums)
    return Taken(
        tuple(call for call in calls if call is not None),
        tuple((session, sums) for session, sums in sessions if session is not None),
    )


def _digest(calls: Sequence[PushedCall], push: Push) -> str:
    """SHA-256 of what was said; what was not said does not count, so that a new version's words change none."""
    said = [
        {
            "entry": _said(call.entry, Entry("", "")),
            "where": _said(call.where, NOWHERE),
            "began": call.began_ms,
            "request": call.request_id,
        }
        for call in calls
    ]
    told = json.dumps([push.needs_session, said], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def _said(fields: Any, unsaid: Any) -> dict[str, object]:  # noqa: ANN401 - any named tuple
    before = unsaid._asdict()
    return {name: value for name, value in fields._asdict().items() if value != before[name]}
