"""How do calls get into the ledger that an app tells us of? All of a push at once or none, and each push once.

An app says what its calls used, as ``cs log-ai`` takes it from people: a cost that is given wins, what was said counts
as *manual*, and a total that had to be split as *estimated*. One thing differs. Who types a model that has no price can
mend that at once, and is refused; an app cannot, and the call has been made, so it is kept, and is *unpriced*.

A push, or a call in it, may carry a key. What came of it is written down in the transaction that keeps the calls, so
the same key again, from any process, at any time in the next thirty days, answers the same and counts nothing.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.entries import (
    Names,
    assumed_split,
    checked_entry,
    evidence_of,
    keep,
    terms_of_own,
    took_ms,
    usage_of,
)
from codesession.app.pricing import price_book, shards_in_use
from codesession.app.push_receipts import KEPT_MS, Kept, PushedCall, Taken, answered, as_taken, new_receipt, receipt_of
from codesession.app.push_sessions import look_at, session_for
from codesession.errors import CodesessionError, InvalidInput
from codesession.gate.costs import cost_of, moment
from codesession.model import STANDARD, Attempt, Cost, Evidence, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.app.core import App
    from codesession.app.entries import Entry
    from codesession.app.push_receipts import Push
    from codesession.app.push_sessions import Place
    from codesession.meter import PriceBook
    from codesession.model import Alert, Terms
    from codesession.model.ports import Writer
    from codesession.model.receipt import Receipt

MOST_AHEAD_MS = 24 * 60 * 60 * 1000
"""How far ahead of ours the clock of an app may be, in milliseconds: what is said to be later is a mistake."""

_ENDPOINT = "push"
_NAMES = Names("tokens", "promptTokens", "completionTokens")


class Ready(NamedTuple):
    """A call that only needs a session to be kept."""

    attempt: Attempt
    outcome: Outcome
    cost: Cost | None
    """None: *unpriced*"""
    span: tuple[int, int]
    """from when until when, in milliseconds since the epoch"""


class Intake:
    """Takes the pushes of one server, from any of its threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pricing = threading.Lock()
        self._book: PriceBook | None = None
        self._shards: str | None = None

    def take(self, push: Push) -> Taken:
        """Keep the calls of a push; they count toward every budget, and are refused by none: the money is spent.

        Raises:
            InvalidInput, MissingTokens: a call cannot be used; its ``index`` tells which, where there are several.
            SessionNotFound, NoActiveSession, SessionActive, SessionAmbiguous: no session can be told for a call.
            IdempotencyConflict: a key was used for something else.
            DatabaseError: they could not be written.
        """
        with self._app.ledger.reading() as reader:
            before = answered(reader, push)
        if before:
            return before
        now_ms, book = self._app.now_ms(), self._prices()
        ready = []
        for index, call in enumerate(push.calls):
            try:
                ready.append(self._ready(call, book, now_ms))
            except CodesessionError as error:
                raise _of_call(error, index, push) from error
        places = look_at(self._app, (call.where for call in push.calls))
        with self._app.ledger.writing() as writer:
            before = answered(writer, push)
            kept = None if before else _kept(self._app, writer, push, ready, places)
        if kept is None:
            assert before is not None  # noqa: S101 - one of the two
            return before
        with self._app.ledger.reading() as reader:  # others may write by now: what is read does not change
            return as_taken(reader, kept.receipt)._replace(due=tuple(kept.due), is_repeated=not kept.is_new)

    def _prices(self) -> PriceBook:
        """The prices in use now: another list may have been fetched, or one be there at last."""
        with self._pricing:
            shards = shards_in_use(self._app.config)
            if self._book is None or shards != self._shards:
                self._book, self._shards = price_book(self._app.config, self._app.problem), shards
            return self._book

    def _ready(self, call: PushedCall, book: PriceBook, now_ms: int) -> Ready:
        entry = checked_entry(call.entry)
        usage = usage_of(entry, _NAMES)
        span = _span(call, now_ms)
        attempt = Attempt(
            None,
            entry.provider,
            entry.model,
            _ENDPOINT,
            streamed=False,
            request_bytes=0,
            agent=entry.agent,
            user=entry.user,
            customer=entry.customer,
            feature=entry.feature,
        )
        with self._pricing:
            attempt = replace(attempt, terms=_terms(book, entry, span[0]))
            cost, evidence = _cost(book, entry, usage, attempt, span[0])
        return Ready(attempt, Outcome(usage, evidence, request_id=call.request_id), cost, span)


def _span(call: PushedCall, now_ms: int) -> tuple[int, int]:
    took = took_ms(call.entry) or 0
    if call.began_ms is None:
        return max(0, now_ms - took), now_ms
    if not 0 <= call.began_ms <= now_ms + MOST_AHEAD_MS:
        raise InvalidInput("timestamp: it lies before 1970, or in the future.", field="timestamp")
    return call.began_ms, call.began_ms + took


def _terms(book: PriceBook, entry: Entry, at_ms: int) -> Terms:
    """On which terms a call was made: it is one of the user's own hardware if that is said, or has the only price."""
    is_own = entry.is_local or (
        entry.cost_nanos is None
        and book.local.resolve(entry.provider, entry.model) is not None
        and book.resolve(entry.provider, entry.model, moment(at_ms)) is None
    )
    return terms_of_own(entry) if is_own else STANDARD


def _cost(book: PriceBook, entry: Entry, usage: Usage, attempt: Attempt, at_ms: int) -> tuple[Cost | None, Evidence]:
    """What a call cost, None if that is not known, and how sure that is."""
    if entry.cost_nanos is not None:
        own = book.local.resolve(entry.provider, entry.model) if entry.is_local else None
        return Cost(entry.cost_nanos, "manual", own.hardware if own else None), Evidence.MANUAL
    cost = cost_of(book, attempt, Outcome(assumed_split(usage)), at_ms)
    is_split_used = cost is not None and not attempt.terms.is_local
    return cost, evidence_of(usage) if is_split_used else Evidence.MANUAL


class _Done(NamedTuple):
    """What a transaction has done."""

    receipt: Receipt
    due: list[Alert]
    is_new: bool
    """whether any call was not there before"""


def _kept(app: App, writer: Writer, push: Push, ready: Sequence[Ready], places: Mapping[str, Place]) -> _Done:
    """Keep the calls, inside the transaction, with a receipt for each key."""
    now_ms = app.now_ms()
    kept: list[Kept] = []
    due: list[Alert] = []
    is_new = False
    for index, (pushed, prepared) in enumerate(zip(push.calls, ready, strict=True)):
        try:
            before = receipt_of(writer, pushed.key, [pushed], push)
            if before:
                kept.append(Kept(before.calls[0], before.sums[0].session_id if before.sums else None))
                continue
            session = session_for(
                writer, app.config, pushed.where, places, prepared.span[0], is_needed=push.needs_session
            )
        except CodesessionError as error:
            raise _of_call(error, index, push) from error
        session_id = session.id if session else None
        attempt = replace(prepared.attempt, session_id=session_id)
        call_id, alerts = keep(app, writer, attempt, prepared.outcome, prepared.cost, prepared.span)
        kept.append(Kept(call_id, session_id))
        due += alerts
        is_new = True
        if pushed.key is not None:
            writer.add_receipt(new_receipt(writer, pushed.key, [pushed], push, now_ms, kept[-1:]))
    receipt = new_receipt(writer, push.key or "", push.calls, push, now_ms, kept)
    if push.key is not None:
        writer.add_receipt(receipt)
    writer.forget_receipts(now_ms - KEPT_MS)
    return _Done(receipt, due, is_new)


def _of_call(error: CodesessionError, index: int, push: Push) -> CodesessionError:
    """The error, saying which of several calls it is about."""
    if len(push.calls) == 1:
        return error
    return type(error)(f"[{index}] {error.message}", **{**error.extra, "index": index})
