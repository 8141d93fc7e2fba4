"""What do the rooms ask of each other? The protocols that have more than one implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from codesession.model.analysis import Analyst
from codesession.model.terms import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from codesession.model.attempt import Attempt, Outcome
    from codesession.model.budget import Account, Budget, Level, Mandate, ScopeKind, Standing, Window
    from codesession.model.call import Call
    from codesession.model.changes import Annotation, Commit, FileChange, FileMark
    from codesession.model.cost import Cost
    from codesession.model.money import Nanos
    from codesession.model.price_changes import UnpricedCall
    from codesession.model.receipt import Receipt
    from codesession.model.refusal import Event, EventKind, Question, QuestionState, Refusal
    from codesession.model.session import Scope, Session
    from codesession.model.sums import HardwareTotals, ModelTotals, Statistics
    from codesession.model.switch import Switch
    from codesession.model.takeover import Takeover
    from codesession.model.terms import Terms
    from codesession.model.totals import Totals
    from codesession.model.usage import Usage

T = TypeVar("T")


class Prices(Protocol):
    """Tokens to money. Knows prices, decides nothing."""

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, terms: Terms = STANDARD, /) -> Cost | None:
        """What `usage` costs at `at` (an aware moment) on those terms, or None when the price is not known."""
        ...

    def ceiling(
        self,
        provider: str,
        model: str,
        input_tokens: int,
        output_tokens: int,
        at: datetime,
        terms: Terms = STANDARD,
        /,
    ) -> Nanos | None:
        """The most that so many tokens can cost at `at` on those terms, or None when the price is not known."""
        ...


class Reader(Analyst, Protocol):
    """Questions to the ledger; everything one reader answers is of one moment."""

    def session(self, session_id: int) -> Session | None:
        """The session of that id, if there is one."""
        ...

    def active_session(self, directory: str) -> Session | None:
        """The session now active in the scope `directory`, if there is one."""
        ...

    def active_sessions(self) -> list[Session]:
        """Every active session, oldest first."""
        ...

    def sessions(self, limit: int | None) -> list[tuple[Session, Totals]]:
        """The newest sessions with what they amount to, newest first; at most `limit`, or all."""
        ...

    def totals(self, session_id: int, owner_id: int | None = None) -> Totals:
        """What the session amounts to; with `owner_id` only the calls of that process."""
        ...

    def models(self, session_id: int, owner_id: int | None = None) -> list[ModelTotals]:
        """The models used, dearest first; with `owner_id` only by that process."""
        ...

    def hardware(self, session_id: int | None = None, owner_id: int | None = None) -> list[HardwareTotals]:
        """The user's own hardware that worked in the session, or in all of them, the longest first.

        With `owner_id` only for that process.
        """
        ...

    def calls(self, session_id: int) -> list[Call]:
        """The session's calls, oldest first."""
        ...

    def billed_calls(self, session_id: int, newest: int | None = None) -> list[Call]:
        """The session's calls that count, settled or lost, oldest first; with `newest` only so many of them."""
        ...

    def call(self, call_id: int) -> Call | None:
        """The call of that id, if there is one."""
        ...

    def files(self, session_id: int) -> list[FileChange]:
        """The files the session changed, in the order they were recorded."""
        ...

    def commits(self, session_id: int) -> list[Commit]:
        """The commits made in the session, oldest first."""
        ...

    def annotations(self, session_id: int) -> list[Annotation]:
        """The session's remarks, oldest first."""
        ...

    def marks(self, session_id: int) -> list[FileMark]:
        """The uncommitted files as they were when the session began."""
        ...

    def session_owner(self, session_id: int) -> int | None:
        """The owner that keeps the session open; None when it was begun by hand."""
        ...

    def last_activity(self, session_id: int) -> int | None:
        """The session's last sign of life, in milliseconds since the epoch: a call, remark, file or commit; or None.

        Of a lost call its beginning counts: it ended when somebody noticed.
        """
        ...

    def statistics(self) -> Statistics:
        """What all completed sessions come to together."""
        ...

    def takeovers(self) -> list[Takeover]:
        """The databases of earlier tools that were taken over, in the order they were."""
        ...

    def owners_holding(self) -> list[int]:
        """The owners that have calls in flight, alive or not."""
        ...

    def budgets(self) -> list[Budget]:
        """Every budget, the user's before those of projects."""
        ...

    def mandates(self) -> list[Mandate]:
        """Every mandate, the user's before those of projects."""
        ...

    def directory_of(self, session_id: int | None) -> str | None:
        """The project a session belongs to."""
        ...

    def budgets_for(self, attempt: Attempt, directory: str | None) -> list[Budget]:
        """The budgets that may apply to a call from the project `directory`, every pattern of models among them."""
        ...

    def mandates_for(self, attempt: Attempt, directory: str | None) -> list[Mandate]:
        """The mandates that apply to a call from the project `directory`."""
        ...

    def has_limits(self) -> tuple[bool, bool]:
        """Whether there is any budget, and whether there is any mandate."""
        ...

    def has_blocking_budget(self) -> bool:
        """Whether any budget refuses calls."""
        ...

    def standing(self, account: Account) -> Standing:
        """What an account has come to, whether it is kept yet or not."""
        ...

    def standing_of(self, account_id: int) -> Standing | None:
        """What the account of that id has come to, if it is kept."""
        ...

    def standings(self, now_ms: int) -> list[Standing]:
        """The kept accounts whose window `now_ms` lies in, those of ended sessions aside."""
        ...

    def calls_in_flight(self, attempt: Attempt, mandate: Mandate, directory: str | None) -> int:
        """How many calls are held that `mandate` counts together with `attempt`."""
        ...

    def outputs(self, attempt: Attempt, newest: int) -> list[int]:
        """Tokens written by lately measured calls of the same provider, model and agent, the newest last."""
        ...

    def events(
        self, kind: EventKind | None = None, session_id: int | None = None, newest: int | None = None
    ) -> list[Event]:
        """What the firewall did, oldest first: of a kind, in a session, at most the `newest` so many."""
        ...

    def events_after(self, event_id: int, most: int) -> list[Event]:
        """What the firewall did after the event of that id, at most so many, the oldest first."""
        ...

    def newest_event(self) -> int:
        """The id of what the firewall did last; 0 when it has done nothing."""
        ...

    def question(self, question_id: int) -> Question | None:
        """The question of that id, if there is one."""
        ...

    def waiting(self) -> list[tuple[Question, int]]:
        """The questions nobody has answered, oldest first, each with the owner of the call that waits."""
        ...

    def switch_of(self, session_id: int) -> Switch | None:
        """What a person has said to that session; None: its calls go on."""
        ...

    def switches(self) -> list[Switch]:
        """What a person has said to sessions, active and ended ones, by their ids."""
        ...

    def stopped_in(self, directory: str) -> int | None:
        """The session that a person stopped in the scope `directory`, if that is the newest there and no run's."""
        ...

    def receipt(self, key: str) -> Receipt | None:
        """What came of the push with that key, if there was one."""
        ...

    def models_used(self) -> list[tuple[str, str, Terms]]:
        """Provider, model and terms of every call that counts and others ran, each combination once, in order."""
        ...

    def unpriced_calls(self, since_ms: int | None, after_id: int, most: int) -> list[UnpricedCall]:
        """Calls whose usage is known, and whose cost is not, or only as a ceiling; by id, those after `after_id`.

        Of those sent from `since_ms` on; costs that somebody else has told are not among them.
        """
        ...

    def unmendable_calls(self, since_ms: int | None) -> int:
        """How many calls have no cost that any price could give them: what they used is not known."""
        ...

    def paid_work(
        self, since_ms: int | None, session_id: int | None
    ) -> Iterator[tuple[str, str, Nanos, tuple[int, ...]]]:
        """Provider, model, cost and amounts (those of `USAGE_FIELDS`) of every call that could be priced otherwise.

        Those have a cost and a usage, and were neither made on the user's own hardware nor answered from the cache. To
        be read to its end inside the transaction.
        """
        ...

    def unpaid_work(self, since_ms: int | None, session_id: int | None) -> dict[str, int]:
        """Calls that `paid_work` leaves out, by why: ``local``, ``cached``, ``unread``, ``unsplit``, ``unpriced``."""
        ...


class Writer(Reader, Protocol):
    """One write transaction: what it reads stays true until it commits, and it all happens or none of it does."""

    def add_owner(self, pid: int, started_ms: int) -> int:
        """Record a process that will hold calls; returns its id (see `Ledger.claim`)."""
        ...

    def begin_session(
        self,
        scope: Scope,
        name: str,
        started_ms: int,
        *,
        marks: Iterable[FileMark] = (),
        owner_id: int | None = None,
        background: bool = False,
    ) -> Session:
        """Begin a session in `scope`; a background session that is active there ends.

        Raises:
            SessionActive: the scope already has one.
        """
        ...

    def end_session(
        self,
        session_id: int,
        ended_ms: int,
        *,
        notes: str | None = None,
        files: Sequence[FileChange] = (),
        commits: Sequence[Commit] = (),
    ) -> bool:
        """End an active session, with what changed in it; False, and nothing done, if it was not active.

        Of `files` those are left out whose last recorded change says the same: that the file is there, or is not.
        """
        ...

    def disown_session(self, session_id: int) -> None:
        """Make a session one that was begun by hand: no process keeps it open any more."""
        ...

    def record_changes(self, session_id: int, files: Sequence[FileChange], commits: Sequence[Commit]) -> bool:
        """Keep what was seen to change in an active session; False, and nothing done, if it is not active."""
        ...

    def annotate(self, session_id: int, message: str, timestamp_ms: int) -> Annotation:
        """Add a remark to a session, active or ended."""
        ...

    def hold(
        self, attempt: Attempt, ceiling: Nanos | None, owner_id: int, started_ms: int, expected: Nanos | None = None
    ) -> int:
        """Record a call about to be sent, with the most it can cost; returns its id.

        Strict budgets hold the ceiling, balanced ones what is `expected`, or the ceiling without that.
        """
        ...

    def extend(self, call_id: int, expected_nanos: Nanos) -> None:
        """Hold so much for a call in balanced budgets from now on, if it is still held."""
        ...

    def settle(self, call_id: int, outcome: Outcome, cost: Cost | None, ended_ms: int) -> bool:
        """Turn a hold into a cost; False, and nothing done, if the call was no longer held."""
        ...

    def record(self, attempt: Attempt, outcome: Outcome, cost: Cost | None, started_ms: int, ended_ms: int) -> int:
        """Keep a call that was made elsewhere and is over; returns its id."""
        ...

    def has_result(self, provider: str, response_id: str) -> bool:
        """Whether the ledger has that answer of a batch."""
        ...

    def reprice(self, call: UnpricedCall, cost: Cost, now_ms: int) -> bool:
        """Give a call another cost, and keep what it was; False, and nothing done, if `call` is not how it stands."""
        ...

    def release(self, call_id: int, http_status: int | None, ended_ms: int) -> bool:
        """Give a hold back: nothing was consumed; False if the call was no longer held."""
        ...

    def lose(self, owner_id: int, ended_ms: int) -> int:
        """Bill everything that owner still holds at its ceiling, marked; returns how many calls."""
        ...

    def set_budget(self, budget: Budget) -> Budget:
        """Set a budget in the place of the one of the same scope, window and source; what it counts begins anew."""
        ...

    def remove_budget(self, kind: ScopeKind, name: str, window: Window, directory: str | None = None) -> bool:
        """Remove a budget; False if there is none."""
        ...

    def set_mandate(self, mandate: Mandate) -> Mandate:
        """Set a mandate in the place of the one of the same scope and source."""
        ...

    def remove_mandate(self, kind: ScopeKind, name: str, directory: str | None = None) -> bool:
        """Remove a mandate; False if there is none."""
        ...

    def open_account(self, account: Account) -> Standing:
        """What an account has come to; it is kept from now on."""
        ...

    def open_accounts(self, wanted: Sequence[Account]) -> list[Standing]:
        """What each of these accounts has come to; they are kept from now on."""
        ...

    def approve(self, account_id: int, extra_nanos: Nanos) -> bool:
        """Allow so much more in an account's window; False if it is not kept."""
        ...

    def due_alerts(self) -> list[tuple[Standing, Level]]:
        """The accounts that this transaction's calls brought near their limit, or over; each is told once."""
        ...

    def tell_over(self, account_id: int) -> bool:
        """Note that it is told of an account that its limit is reached; False if it was told before."""
        ...

    def forget_accounts(self, before_ms: int) -> int:
        """Keep no longer the accounts whose window, or session, ended before that; returns how many."""
        ...

    def add_event(self, event: Event) -> int:
        """Keep what the firewall did; returns its id."""
        ...

    def ask(self, refusal: Refusal, session_id: int | None, model_name: str, owner_id: int, now_ms: int) -> Question:
        """Ask a person about a call that waits."""
        ...

    def answer(self, question_id: int, state: QuestionState) -> bool:
        """Answer a question; False if it had been."""
        ...

    def add_receipt(self, receipt: Receipt) -> None:
        """Remember what came of a push with a key that was not used before."""
        ...

    def forget_receipts(self, before_ms: int) -> int:
        """Forget the pushes of before that; returns how many."""
        ...

    def set_switch(self, switch: Switch) -> None:
        """Hold up the calls of a session, in the place of what was said to it before."""
        ...

    def lift_switch(self, session_id: int) -> bool:
        """Let the calls of a session go on; False if nothing held them up."""
        ...


Job = Callable[[Writer], T]
"""What is to happen in one write transaction. It may be run again if the transaction has to be, so it
changes nothing but the ledger."""


class Ledger(Protocol):
    """Where sessions and calls are kept."""

    def writing(self) -> AbstractContextManager[Writer]:
        """One write transaction; commits when the block ends, rolls back when it raises."""
        ...

    def reading(self) -> AbstractContextManager[Reader]:
        """One consistent view."""
        ...

    def claim(self, started_ms: int) -> int:
        """Make this process an owner and return its id; it stays one until `close`, or its death."""
        ...

    def is_alive(self, owner_id: int) -> bool:
        """Whether the process of that owner still runs."""
        ...

    def close(self) -> None:
        """Let go of the storage."""
        ...
