"""Does the cap hold, whatever runs beside it, and is nothing refused that fits?"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from codesession import guard
from codesession.errors import BudgetExceeded, DatabaseError
from codesession.gate import LedgerGate, Surroundings, expire
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import (
    Alert,
    Attempt,
    Budget,
    Cost,
    EventKind,
    Evidence,
    Hold,
    Level,
    Mandate,
    Mode,
    Outcome,
    QuestionState,
    Refusal,
    Rule,
    Scope,
    ScopeKind,
    Standing,
    Usage,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Event
    from codesession.model.ports import Prices

NOON = 1_772_452_800_000  # 2026-03-02 12:00 UTC
DAY_MS = 86_400_000
PRICES = {"m": 1, "dear": 50}
"""nano-dollars a token"""


class Table:
    """Prices in nano-dollars a token, by model."""

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, *_: object) -> Cost | None:
        del provider, at
        return Cost(PRICES[model] * usage.tokens, "table") if model in PRICES else None

    def ceiling(
        self, provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime, *_: object
    ) -> int | None:
        del provider, at
        return PRICES[model] * (input_tokens + output_tokens) if model in PRICES else None


class Process:
    """One process's gate, with an owner of its own, over a ledger that others have open too."""

    def __init__(self, path: Path, *, wait_s: float = 5.0, watches: guard.Watches | None = None) -> None:
        self.now_ms = NOON
        self.alerts: list[Alert] = []
        self.refused: list[tuple[Mode | None, EventKind]] = []
        self.paused = asyncio.Event()
        self.ledger = SqliteLedger(path, wait_s=wait_s)
        self.queue = WriteQueue(self.ledger)
        self.owner_id = self.ledger.claim(NOON)
        around = Surroundings(UTC, self.alerts.append, self.take, watches, self.pause)
        prices: Prices = Table()
        self.gate = LedgerGate(self.queue, prices, self.owner_id, lambda: self.now_ms, around)

    def take(self, refusal: Refusal, kind: EventKind) -> None:
        self.refused.append((refusal.mode, kind))

    async def pause(self, seconds: float) -> None:
        self.paused.set()
        self.now_ms += int(seconds * 1000)
        await asyncio.sleep(0)

    def close(self) -> None:
        self.queue.close()
        self.ledger.close()

    def set(self, limit: int, **known: Any) -> Budget:
        budget = Budget(ScopeKind.ALL, "", Window.DAY, limit, Mode.BLOCK, is_strict=True)
        with self.ledger.writing() as tx:
            return tx.set_budget(replace(budget, **known))

    def admit(self, **known: Any) -> Hold:
        return asyncio.run(self.gate.admit(attempt(**known)))

    def settle(self, hold: Hold, tokens: int, **known: Any) -> None:
        asyncio.run(self.gate.settle(hold, replace(Outcome(Usage(output=tokens), http_status=200), **known)))

    def standing(self) -> Standing:
        with self.ledger.reading() as tx:
            (standing,) = tx.standings(self.now_ms)
        return standing

    def events(self, kind: EventKind | None = None) -> list[Event]:
        with self.ledger.reading() as tx:
            return tx.events(kind)

    def calls(self) -> int:
        condition = self.ledger.check()
        assert condition.totals == []
        return condition.calls


def attempt(**known: Any) -> Attempt:
    """A call that can cost 100: it reads at most 60 tokens, and writes at most 40."""
    return replace(Attempt(None, "p", "m", "chat", streamed=True, request_bytes=60, max_output=40), **known)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with closing(Process(tmp_path / "l.db")) as process:
        yield process


# --- holding ---


def test_a_strict_budget_holds_the_most_a_call_can_cost(process: Process) -> None:
    process.set(250)
    process.admit()
    process.admit()
    with pytest.raises(BudgetExceeded) as refused:
        process.admit()
    assert refused.value.extra == {"rule": "budget", "spent": 0.0, "held": 2e-7, "limit": 2.5e-7}
    assert (process.standing().held_nanos, process.standing().free_nanos) == (200, 50)


def test_what_fits_exactly_passes(process: Process) -> None:
    process.set(200)
    process.admit()
    process.admit()
    assert process.standing().free_nanos == 0


def test_settling_gives_back_what_was_not_needed(process: Process) -> None:
    process.set(150)
    process.settle(process.admit(), 30)
    assert (process.standing().spent_nanos, process.standing().held_nanos) == (30, 0)
    process.settle(process.admit(), 20)
    with pytest.raises(BudgetExceeded):
        process.admit(max_output=41)
    assert process.standing().spent_by == {Evidence.MEASURED: 50}


def test_a_failed_call_gives_all_back(process: Process) -> None:
    process.set(100)
    for status in (529, 400, None):
        asyncio.run(process.gate.release(process.admit(), status))
    assert process.standing().free_nanos == 100


def test_what_a_dead_process_held_is_spent(tmp_path: Path, process: Process) -> None:
    process.set(250)
    with closing(Process(tmp_path / "l.db")) as dying:
        dying.admit()
    assert expire(process.ledger, NOON) == 1
    standing = process.standing()
    assert (standing.spent_nanos, standing.held_nanos, standing.spent_by) == (100, 0, {Evidence.ESTIMATED: 100})


def test_a_refusal_leaves_no_trace_but_its_event(process: Process) -> None:
    process.set(99)
    before = process.calls()
    with pytest.raises(BudgetExceeded):
        process.admit(agent="codex", user="u", customer="c")
    assert process.calls() == before
    assert process.standing().held_nanos == 0
    (event,) = process.events(EventKind.REFUSED)
    assert (event.rule, event.model, event.agent, event.user, event.customer) == ("budget", "m", "codex", "u", "c")
    assert event.details["budgets"] == [
        {
            "account": "all",
            "accountId": process.standing().id,
            "window": "day",
            "mode": "block",
            "strict": True,
            "limit": 99,
            "spent": 0,
            "held": 0,
            "needed": 100,
            "kept": False,
        }
    ]


def test_every_budget_that_applies_must_allow_a_call(process: Process) -> None:
    process.set(1000)
    process.set(150, kind=ScopeKind.AGENT, name="codex")
    process.admit(agent="codex")
    with pytest.raises(BudgetExceeded, match="agent:codex"):
        process.admit(agent="codex")
    process.admit(agent="other")
    with process.ledger.reading() as tx:
        assert sorted(standing.held_nanos for standing in tx.standings(NOON)) == [100, 200]


def test_a_warning_budget_refuses_nothing(process: Process) -> None:
    process.set(10, mode=Mode.WARN)
    process.settle(process.admit(), 40)
    process.admit()
    assert process.standing().free_nanos == 10 - 40 - 100


def test_a_day_ends_and_the_next_has_its_own(process: Process) -> None:
    process.set(100)
    late = process.admit()
    process.now_ms += DAY_MS
    process.settle(late, 100)
    process.admit()
    assert (process.standing().spent_nanos, process.standing().held_nanos) == (0, 100)


def test_each_customer_alone_and_the_named_one_apart(process: Process) -> None:
    process.set(100, kind=ScopeKind.CUSTOMER, name="*")
    process.set(200, kind=ScopeKind.CUSTOMER, name="acme")
    process.admit(customer="small")
    process.admit(customer="other")
    process.admit(customer="acme")
    process.admit(customer="acme")
    for customer in ("small", "other", "acme"):
        with pytest.raises(BudgetExceeded):
            process.admit(customer=customer)
    process.admit()


def test_each_session_alone(process: Process) -> None:
    process.set(100, kind=ScopeKind.SESSION, window=Window.SESSION)
    with process.ledger.writing() as tx:
        first, second = (tx.begin_session(Scope(place), "work", NOON) for place in ("/a", "/b"))
    process.admit(session_id=first.id)
    process.admit(session_id=second.id)
    with pytest.raises(BudgetExceeded, match=f"session {first.id}"):
        process.admit(session_id=first.id)


# --- balanced ---


def test_a_balanced_budget_holds_what_is_expected(process: Process) -> None:
    process.set(10_000, is_strict=False)
    process.admit(max_output=None)
    assert process.standing().held_nanos == 15 + 2000  # a fourth of the bytes; few samples, so the fixed figure


def test_after_twenty_answers_the_95th_percentile_is_expected(process: Process) -> None:
    process.set(10**9, is_strict=False)
    for tokens in range(1, 21):
        process.settle(process.admit(max_output=None), tokens)
    assert process.standing().held_nanos == 0
    process.admit(max_output=None, request_bytes=0)
    assert process.standing().held_nanos == 19


def test_a_running_answer_reserves_more_until_nothing_is_free(process: Process) -> None:
    process.set(6_000, is_strict=False)
    hold = process.admit(max_output=None)
    assert hold.reserved_nanos == 2_015
    within = asyncio.run(process.gate.extend(hold, Usage(output=2_000)))
    assert within is hold
    more = asyncio.run(process.gate.extend(hold, Usage(output=4_400)))
    assert isinstance(more, Hold)
    assert (more.reserved_nanos, process.standing().held_nanos) == (5_500, 5_500)
    most = asyncio.run(process.gate.extend(more, Usage(output=5_900)))
    assert isinstance(most, Hold)
    assert (most.reserved_nanos, process.standing().free_nanos) == (6_000, 0)
    ended = asyncio.run(process.gate.extend(most, Usage(output=6_001)))
    assert isinstance(ended, Refusal)
    assert ended.rule is Rule.BUDGET
    process.settle(most, 6_001, rule=ended.rule)
    assert (process.standing().spent_nanos, process.standing().held_nanos) == (6_001, 0)
    (event,) = process.events(EventKind.ENDED)
    assert event.call_id == hold.call_id
    with pytest.raises(BudgetExceeded):
        process.admit()


def test_the_call_that_follows_an_ended_answer_is_refused_though_there_is_room_again(process: Process) -> None:
    process.set(6_000, is_strict=False)
    other = process.admit(max_output=1_000, user="other")
    hold = process.admit(max_output=None)
    ended = asyncio.run(process.gate.extend(hold, Usage(output=5_500)))
    assert isinstance(ended, Refusal)
    asyncio.run(process.gate.release(other, 500))
    process.settle(hold, 3_000)
    with pytest.raises(BudgetExceeded):
        process.admit()
    process.admit()


def test_where_no_budget_blocks_an_answer_is_not_watched(process: Process) -> None:
    process.set(1, mode=Mode.WARN)
    assert process.admit().reserved_nanos is None


# --- what has no price, or no bound ---


@pytest.mark.parametrize("unpriced", [None, 0, 60], ids=["refused", "let-through", "counted"])
def test_an_unpriced_model_under_a_blocking_budget(process: Process, unpriced: int | None) -> None:
    process.set(100, unpriced_nanos=unpriced)
    if unpriced is None:
        with pytest.raises(BudgetExceeded, match="cs pricing set new-model") as refused:
            process.admit(model="new-model")
        assert refused.value.extra["rule"] == "unpriced"
        return
    process.settle(process.admit(model="new-model"), 10)
    assert (process.standing().spent_nanos, process.standing().unpriced) == (unpriced, 1)
    if unpriced:
        with pytest.raises(BudgetExceeded):
            process.admit(model="new-model")


def test_under_a_warning_an_unpriced_model_passes(process: Process) -> None:
    process.set(100, mode=Mode.WARN)
    process.settle(process.admit(model="new-model"), 10)
    assert process.standing().unpriced == 1


def test_what_has_no_bound_is_refused_where_the_cap_is_strict(process: Process) -> None:
    process.set(10**12)
    with pytest.raises(BudgetExceeded) as refused:
        process.admit(is_unbounded=True)
    assert refused.value.extra["rule"] == "unbounded"
    process.set(10**12, is_strict=False)
    process.admit(is_unbounded=True)


def test_what_reads_elsewhere_is_bounded_by_what_a_model_can_read(process: Process) -> None:
    process.set(10**12)
    process.admit(reads_elsewhere=True)
    assert process.standing().held_nanos == 1_000_000 + 40


def test_what_cannot_be_metered_is_refused_where_a_budget_blocks(process: Process) -> None:
    asyncio.run(process.gate.admit_unmetered(attempt()))
    process.set(100)
    with pytest.raises(BudgetExceeded, match="cannot be read") as refused:
        asyncio.run(process.gate.admit_unmetered(attempt()))
    assert refused.value.extra["rule"] == "unpriced"
    process.set(100, unpriced_nanos=0)
    asyncio.run(process.gate.admit_unmetered(attempt()))
    process.settle(process.admit(), 101)
    with pytest.raises(BudgetExceeded):
        asyncio.run(process.gate.admit_unmetered(attempt()))


# --- mandates ---


@pytest.mark.parametrize(
    ("mandate", "asked", "rule"),
    [
        pytest.param({"deny": ("d*",)}, {"model": "dear"}, Rule.MODEL, id="denied"),
        pytest.param({"allow": ("p/m",)}, {"model": "dear"}, Rule.MODEL, id="not-allowed"),
        pytest.param({"most_per_call_nanos": 99}, {}, Rule.CALL_TOO_DEAR, id="too-dear"),
        pytest.param({"most_per_call_nanos": 99}, {"model": "new"}, Rule.CALL_TOO_DEAR, id="unpriced-is-too-dear"),
        pytest.param({"most_parallel": 0}, {}, Rule.TOO_MANY_PARALLEL, id="one-too-many"),
    ],
)
def test_a_mandate_refuses(process: Process, mandate: dict[str, Any], asked: dict[str, Any], rule: Rule) -> None:
    with process.ledger.writing() as tx:
        tx.set_mandate(Mandate(ScopeKind.AGENT, "codex", **mandate))
    with pytest.raises(BudgetExceeded) as refused:
        process.admit(agent="codex", **asked)
    assert refused.value.extra["rule"] == rule
    process.admit(agent="other", **asked)


def test_calls_in_flight_are_counted_until_they_end(process: Process) -> None:
    with process.ledger.writing() as tx:
        tx.set_mandate(Mandate(ScopeKind.ALL, "", most_parallel=2))
    first = process.admit()
    process.admit()
    with pytest.raises(BudgetExceeded):
        process.admit()
    process.settle(first, 1)
    process.admit()


# --- asking ---


def test_a_call_waits_and_goes_on_when_approved(process: Process) -> None:
    process.set(50, ask_s=60)

    async def meanwhile() -> Hold:
        admitting = asyncio.ensure_future(process.gate.admit(attempt()))
        await asyncio.wait_for(process.paused.wait(), 10)
        with process.ledger.writing() as tx:
            ((question, owner_id),) = tx.waiting()
            assert (owner_id, question.needed_nanos) == (process.owner_id, 50)
            assert question.standing_id is not None
            tx.approve(question.standing_id, 50)
            tx.answer(question.id, QuestionState.APPROVED)
        return await admitting

    hold = asyncio.run(meanwhile())
    assert (hold.call_id, process.standing().extra_nanos, process.standing().free_nanos) == (1, 50, 0)
    assert "cs approve" in process.alerts[0].sentence


@pytest.mark.parametrize("state", [QuestionState.DENIED, QuestionState.EXPIRED])
def test_a_call_that_waited_in_vain_is_refused(process: Process, state: QuestionState) -> None:
    process.set(50, ask_s=2)

    async def meanwhile() -> None:
        admitting = asyncio.ensure_future(process.gate.admit(attempt()))
        await asyncio.wait_for(process.paused.wait(), 10)
        if state is QuestionState.DENIED:
            with process.ledger.writing() as tx:
                tx.answer(tx.waiting()[0][0].id, state)
        await admitting

    with pytest.raises(BudgetExceeded) as refused:
        asyncio.run(meanwhile())
    assert refused.value.extra["rule"] == ("denied" if state is QuestionState.DENIED else "budget")
    assert process.calls() == 0
    with process.ledger.reading() as tx:
        assert tx.waiting() == []
        question = tx.question(1)
    assert question
    assert question.state is state


def test_who_leaves_while_waiting_is_asked_about_no_more(process: Process) -> None:
    process.set(50, ask_s=60)

    async def leave() -> None:
        admitting = asyncio.ensure_future(process.gate.admit(attempt()))
        await asyncio.wait_for(process.paused.wait(), 10)
        admitting.cancel()
        await admitting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())
    with process.ledger.reading() as tx:
        assert tx.waiting() == []
    assert process.calls() == 0


def test_who_leaves_while_the_hold_is_written_leaves_none(process: Process) -> None:
    process.set(100)

    async def leave() -> None:
        admitting = asyncio.ensure_future(process.gate.admit(attempt()))
        await asyncio.sleep(0)
        admitting.cancel()
        await admitting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())
    assert process.standing().free_nanos == 100


@pytest.mark.parametrize("state", [QuestionState.APPROVED, QuestionState.DENIED])
def test_a_loop_pauses_until_a_person_has_spoken(tmp_path: Path, state: QuestionState) -> None:
    watches = guard.Watches(guard.Thresholds(errors=2), guard.Action.PAUSE, 60)
    with closing(Process(tmp_path / "l.db", watches=watches)) as process:
        for _ in range(2):
            asyncio.run(process.gate.release(process.admit(), 500))

        async def meanwhile() -> Hold:
            admitting = asyncio.ensure_future(process.gate.admit(attempt()))
            await asyncio.wait_for(process.paused.wait(), 10)
            with process.ledger.writing() as tx:
                ((question, _),) = tx.waiting()
                assert (question.rule, question.standing_id, question.needed_nanos) == ("error_loop", None, None)
                tx.answer(question.id, state)
            return await admitting

        if state is QuestionState.DENIED:
            with pytest.raises(BudgetExceeded, match="said no"):
                asyncio.run(meanwhile())
            return
        asyncio.run(process.gate.release(asyncio.run(meanwhile()), 500))
        process.admit()  # forgiven: it is counted anew


# --- what is told ---


def test_near_and_over_are_told_once_each(process: Process) -> None:
    process.set(100, mode=Mode.WARN)
    for tokens in (70, 15, 5, 15, 40):
        process.settle(process.admit(), tokens)
    assert [alert.level for alert in process.alerts] == [Level.NEAR, Level.OVER]
    assert len(process.events(EventKind.WARNED)) == 2
    assert "85 %" in process.alerts[0].sentence
    process.now_ms += DAY_MS
    process.settle(process.admit(), 100)
    assert [alert.level for alert in process.alerts[2:]] == [Level.OVER]


def test_a_refusal_is_told_once(process: Process) -> None:
    process.set(100)
    process.admit()
    for _ in range(3):
        with pytest.raises(BudgetExceeded):
            process.admit()
    assert [alert.level for alert in process.alerts] == [Level.OVER]
    assert len(process.events(EventKind.REFUSED)) == 3


def test_a_refusal_for_another_reason_is_told_once_and_hides_no_limit(process: Process) -> None:
    process.set(100)
    for _ in range(3):
        with pytest.raises(BudgetExceeded):
            process.admit(model="new-model")
    process.settle(process.admit(), 100)
    assert ["No price" in alert.sentence for alert in process.alerts] == [True, False]
    assert process.alerts[1].level is Level.OVER


def test_a_budget_that_stops_says_so_to_whoever_runs_the_program(process: Process) -> None:
    process.set(99, mode=Mode.STOP)
    with pytest.raises(BudgetExceeded):
        process.admit()
    assert process.refused == [(Mode.STOP, EventKind.REFUSED)]


# --- ledger trouble ---


def test_without_the_ledger_a_guarded_call_is_refused_and_others_are_not(tmp_path: Path) -> None:
    with (
        closing(Process(tmp_path / "l.db", wait_s=0)) as process,
        closing(SqliteLedger(tmp_path / "l.db")) as other,
    ):
        process.set(1000, kind=ScopeKind.AGENT, name="codex")
        process.settle(process.admit(agent="codex"), 1)
        process.settle(process.admit(agent="free"), 1)
        with other.writing():
            with pytest.raises(BudgetExceeded, match="another program") as refused:
                process.admit(agent="codex")
            with pytest.raises(DatabaseError):
                process.admit(agent="free")
            with pytest.raises(BudgetExceeded):
                process.admit(agent="never-seen")
        assert refused.value.extra["rule"] == "ledger"
        process.admit(agent="codex")


def test_who_waits_when_the_ledger_fails_is_refused(tmp_path: Path) -> None:
    with (
        closing(Process(tmp_path / "l.db", wait_s=0)) as process,
        closing(SqliteLedger(tmp_path / "l.db")) as other,
    ):
        process.set(50, ask_s=60)

        async def fail_meanwhile() -> None:
            admitting = asyncio.ensure_future(process.gate.admit(attempt()))
            await asyncio.wait_for(process.paused.wait(), 10)
            with other.writing():
                await admitting

        with pytest.raises(BudgetExceeded):
            asyncio.run(fail_meanwhile())


# --- races ---


def test_nobody_can_come_between_the_check_and_the_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = guard.check
    with closing(Process(tmp_path / "l.db")) as process, closing(Process(tmp_path / "l.db", wait_s=0)) as rival:
        process.set(100)
        seen: list[str] = []

        def check_while_a_rival_tries(case: guard.Case) -> Refusal | None:
            monkeypatch.undo()  # the rival uses the real check
            with pytest.raises(DatabaseError) as locked:
                rival.admit()
            seen.append(str(locked.value.extra["reason"]))
            return check(case)

        monkeypatch.setattr(guard, "check", check_while_a_rival_tries)
        process.admit()
        assert seen == ["SQLITE_BUSY"]
        with pytest.raises(BudgetExceeded):
            rival.admit()
        assert process.standing().held_nanos == 100


@pytest.mark.parametrize("order", list(itertools.permutations("ABab")), ids="".join)
def test_settled_and_held_never_pass_a_strict_limit(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Two processes, each admits (A, B) and settles (a, b) once, in every order; there is room for one and a half."""
    with closing(Process(tmp_path / "l.db")) as first, closing(Process(tmp_path / "l.db")) as second:
        first.set(150)
        holds: dict[str, Hold] = {}
        for step in order:
            process = first if step in "Aa" else second
            if step.isupper():
                try:
                    holds[step.lower()] = process.admit()
                except BudgetExceeded:
                    assert len(holds) == 1
            elif step in holds:
                process.settle(holds[step], 60)
            standing = first.standing() if holds else None
            assert standing is None or standing.spent_nanos + standing.held_nanos <= 150
        first.calls()


def test_the_connection_of_a_rival_is_a_connection_of_its_own(tmp_path: Path) -> None:
    """What the race test relies on: a second writer is turned away, not let in."""
    with closing(SqliteLedger(tmp_path / "l.db", wait_s=0)) as one, closing(SqliteLedger(tmp_path / "l.db")) as other:
        with other.writing(), pytest.raises(DatabaseError) as locked, one.writing():
            pass
        assert isinstance(locked.value.__cause__, sqlite3.OperationalError)
