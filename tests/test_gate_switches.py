"""Is every call of a stopped session refused from that moment, and does one of a paused session wait, and no other?"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.test_gate_budgets import NOON, Process, attempt

from codesession import guard
from codesession.errors import BudgetExceeded, DatabaseError
from codesession.ledger.switches import SwitchReader
from codesession.model import Budget, EventKind, Hold, Mandate, Mode, QuestionState, Rule, Scope, ScopeKind, Window
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path


WAIT_S = 2
STOPPED, PAUSED = SwitchState.STOPPED, SwitchState.PAUSED
HERE, THERE = 1, 2
"""Two sessions."""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with closing(Process(tmp_path / "l.db")) as process:
        with process.ledger.writing() as tx:
            assert [tx.begin_session(Scope(name), name, 1).id for name in ("/here", "/there")] == [HERE, THERE]
        yield process


def say(process: Process, state: SwitchState | None, session_id: int = HERE) -> None:
    """Hold up a session, or let it go on."""
    with process.ledger.writing() as tx:
        if state:
            tx.set_switch(Switch(session_id, state, NOON, WAIT_S if state is PAUSED else 0))
        else:
            tx.lift_switch(session_id)


def refused(asked: Awaitable[object]) -> str:
    """By which rule it is refused."""

    async def ask() -> None:
        await asked

    with pytest.raises(BudgetExceeded) as no:
        asyncio.run(ask())
    return str(no.value.extra["rule"])


# --- stopped ---


def test_every_call_of_a_stopped_session_is_refused_and_of_no_other(process: Process) -> None:
    say(process, STOPPED)
    assert refused(process.gate.admit(attempt(session_id=HERE))) == "stopped"
    assert refused(process.gate.admit_unmetered(attempt(session_id=HERE))) == "stopped"
    assert refused(process.gate.hit(attempt(session_id=HERE), "m", 5)) == "stopped"
    assert process.calls() == 0
    assert [event.rule for event in process.events(EventKind.REFUSED)] == ["stopped"] * 3
    assert [(event.session_id, event.model) for event in process.events()] == [(HERE, "m")] * 3
    assert process.refused == [(None, EventKind.REFUSED)] * 3
    for other in (THERE, None):
        assert process.admit(session_id=other).attempt.session_id == other
        asyncio.run(process.gate.admit_unmetered(attempt(session_id=other)))
        asyncio.run(process.gate.hit(attempt(session_id=other), "m", 5))


def test_a_person_is_not_told_what_a_person_did(process: Process) -> None:
    say(process, STOPPED)
    refused(process.gate.admit(attempt(session_id=HERE)))
    assert process.alerts == []


def test_whether_anything_refuses_calls_counts_what_a_person_said(process: Process) -> None:
    assert not asyncio.run(process.gate.refuses())
    say(process, STOPPED)
    assert asyncio.run(process.gate.refuses())
    say(process, None)
    assert not asyncio.run(process.gate.refuses())


def test_a_session_that_is_allowed_again_has_its_calls_sent(process: Process) -> None:
    say(process, STOPPED)
    refused(process.gate.admit(attempt(session_id=HERE)))
    say(process, None)
    assert process.admit(session_id=HERE).call_id == 1


def test_who_stops_a_session_comes_before_or_after_a_call_but_not_between_its_check_and_its_hold(
    tmp_path: Path, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SwitchReader.switch_of
    with closing(Process(tmp_path / "l.db", wait_s=0)) as killer:

        def check_while_somebody_stops_it(self: SwitchReader, session_id: int) -> Switch | None:
            monkeypatch.undo()
            with pytest.raises(DatabaseError, match="another program is writing"):
                say(killer, STOPPED)
            return real(self, session_id)

        monkeypatch.setattr(SwitchReader, "switch_of", check_while_somebody_stops_it)
        process.admit(session_id=HERE)
        say(killer, STOPPED)
    assert refused(process.gate.admit(attempt(session_id=HERE))) == "stopped"


def test_of_parallel_calls_none_passes_after_the_stop_whichever_process_sends_it(
    tmp_path: Path, process: Process
) -> None:
    with closing(Process(tmp_path / "l.db")) as other:

        async def all_at_once() -> list[Hold | BaseException]:
            asked = [gate.admit(attempt(session_id=HERE)) for gate in (process.gate, other.gate) for _ in range(20)]
            return await asyncio.gather(*asked, return_exceptions=True)

        assert all(isinstance(passed, Hold) for passed in asyncio.run(all_at_once()))
        say(process, STOPPED)
        assert all(isinstance(no, BudgetExceeded) for no in asyncio.run(all_at_once()))
    assert process.calls() == 40


def test_what_a_call_that_ran_is_ended_for_is_kept_with_its_id(process: Process) -> None:
    hold = process.admit(session_id=HERE)
    refusal = asyncio.run(process.gate.stopped(hold.attempt, hold))
    assert (refusal.rule, refusal.sentence) == (
        Rule.STOPPED,
        "codesession ended this answer: a person stopped session 1.",
    )
    asyncio.run(process.gate.stopped(hold.attempt, None))
    events = process.events(EventKind.ENDED)
    assert [(event.rule, event.session_id, event.call_id) for event in events] == [
        ("stopped", HERE, hold.call_id),
        ("stopped", HERE, None),
    ]
    assert process.refused == [(None, EventKind.ENDED)] * 2


def test_that_it_is_ended_is_said_though_it_cannot_be_kept(process: Process) -> None:
    hold = process.admit(session_id=HERE)
    process.queue.close()
    assert asyncio.run(process.gate.stopped(hold.attempt, hold)).rule is Rule.STOPPED
    assert process.refused == [(None, EventKind.ENDED)]


# --- paused ---


class Waiting(Process):
    """A process in whose calls' waits something happens."""

    meanwhile: Callable[[], None] | None = None

    async def pause(self, seconds: float) -> None:
        await super().pause(seconds)
        if self.meanwhile:
            self.meanwhile()


@pytest.fixture
def waiting(tmp_path: Path, process: Process) -> Iterator[Waiting]:
    say(process, PAUSED)
    with closing(Waiting(tmp_path / "l.db")) as waiting:
        yield waiting


def asks(process: Process) -> list[Callable[[], Awaitable[object]]]:
    """Every way to ask whether a call may pass."""
    call = attempt(session_id=HERE)
    gate = process.gate
    return [lambda: gate.admit(call), lambda: gate.admit_unmetered(call), lambda: gate.hit(call, "m", 5)]


@pytest.mark.parametrize("way", range(3), ids=["sent", "unmetered", "from-the-cache"])
def test_a_call_of_a_paused_session_goes_on_once_it_is_resumed(process: Process, waiting: Waiting, way: int) -> None:
    waiting.meanwhile = lambda: say(process, None)

    async def ask() -> None:
        await asks(waiting)[way]()

    asyncio.run(ask())
    assert waiting.now_ms == NOON + 250
    assert process.events() == []
    assert process.calls() == (0 if way == 1 else 1)


@pytest.mark.parametrize("way", range(3), ids=["sent", "unmetered", "from-the-cache"])
def test_one_that_is_stopped_while_it_waits_is_refused_then(process: Process, waiting: Waiting, way: int) -> None:
    waiting.meanwhile = lambda: say(process, STOPPED)
    assert refused(asks(waiting)[way]()) == "stopped"
    assert waiting.now_ms == NOON + 250
    assert process.calls() == 0


def test_one_that_nobody_resumes_is_refused_when_it_has_waited_long_enough(process: Process, waiting: Waiting) -> None:
    assert refused(waiting.gate.admit(attempt(session_id=HERE))) == "paused"
    assert waiting.now_ms == NOON + 1000 * WAIT_S
    (event,) = process.events()
    assert (event.kind, event.rule) == (EventKind.REFUSED, "paused")
    assert event.message.endswith("a person paused session 1, and nobody resumed it within 2 s.")
    assert waiting.alerts == []


def test_one_of_another_session_does_not_wait(waiting: Waiting) -> None:
    waiting.admit(session_id=THERE)
    waiting.admit(session_id=None)
    assert waiting.now_ms == NOON


def test_calls_that_wait_together_go_on_together(process: Process, waiting: Waiting) -> None:
    waits = 0

    def resume_when_all_wait() -> None:
        nonlocal waits
        waits += 1
        if waits == 10:
            say(process, None)

    waiting.meanwhile = resume_when_all_wait

    async def all_at_once() -> list[Hold]:
        return await asyncio.gather(*[waiting.gate.admit(attempt(session_id=HERE)) for _ in range(10)])

    assert sorted(hold.call_id for hold in asyncio.run(all_at_once())) == list(range(1, 11))


def test_a_client_that_leaves_while_its_call_waits_leaves_nothing(process: Process, waiting: Waiting) -> None:
    async def leave() -> None:
        asked = asyncio.ensure_future(waiting.gate.admit(attempt(session_id=HERE)))
        await waiting.paused.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(leave())
    assert (process.calls(), process.events()) == (0, [])


def test_one_waits_on_while_the_ledger_cannot_be_asked(
    process: Process, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = SwitchReader.switch_of, iter([None, "disk I/O error"])

    def failing(self: SwitchReader, session_id: int) -> Switch | None:
        if reason := next(failures, None):
            say_later.append(reason)
            raise sqlite3.OperationalError(reason)
        return real(self, session_id)

    say_later: list[str] = []
    monkeypatch.setattr(SwitchReader, "switch_of", failing)
    waiting.meanwhile = lambda: say(process, None) if say_later else None
    waiting.admit(session_id=HERE)
    assert waiting.now_ms == NOON + 500


# --- and what else holds a call up ---


def test_a_budget_is_asked_once_the_pause_is_over(process: Process, waiting: Waiting) -> None:
    process.set(99)
    waiting.meanwhile = lambda: say(process, None)
    assert refused(waiting.gate.admit(attempt(session_id=HERE))) == "budget"


def test_a_call_that_waits_for_more_money_is_refused_when_its_session_is_stopped(tmp_path: Path) -> None:
    with closing(Waiting(tmp_path / "l.db")) as waiting:
        with waiting.ledger.writing() as tx:
            tx.begin_session(Scope("/here"), "here", 1)
            tx.set_budget(Budget(ScopeKind.ALL, "", Window.DAY, 99, Mode.BLOCK, is_strict=True, ask_s=60))

        def stop() -> None:
            with waiting.ledger.writing() as tx:
                tx.set_switch(Switch(HERE, STOPPED, NOON))
                for question, _ in tx.waiting():
                    tx.answer(question.id, QuestionState.DENIED)

        waiting.meanwhile = stop
        assert refused(waiting.gate.admit(attempt(session_id=HERE))) == "stopped"
        assert waiting.now_ms < NOON + 1000


@pytest.mark.parametrize("is_stopped", [False, True], ids=["in-a-session-that-goes-on", "in-a-stopped-one"])
def test_nobody_is_asked_about_a_loop_in_a_session_that_is_stopped(tmp_path: Path, *, is_stopped: bool) -> None:
    watches = guard.Watches(guard.Thresholds(errors=2), guard.Action.PAUSE, 60)
    with closing(Process(tmp_path / "l.db", watches=watches)) as process:
        with process.ledger.writing() as tx:
            tx.begin_session(Scope("/here"), "here", 1)
        for _ in range(2):
            asyncio.run(process.gate.release(process.admit(session_id=HERE), 500))
        say(process, STOPPED if is_stopped else None)
        rule = refused(process.gate.admit(attempt(session_id=HERE)))
        asked = len(process.events(EventKind.ASKED))
        assert (rule, asked, process.now_ms - NOON) == (("stopped", 0, 0) if is_stopped else ("error_loop", 1, 60_000))


def test_of_very_many_refusals_each_is_told_again(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesession.gate.noes.MOST_TOLD", 1)
    with process.ledger.writing() as tx:
        tx.set_mandate(Mandate(ScopeKind.ALL, "", ("nothing",)))
    for model, told in (("m", 1), ("m", 1), ("dear", 2), ("dear", 2), ("m", 3)):
        assert refused(process.gate.admit(attempt(session_id=HERE, model=model))) == "model"
        assert len(process.alerts) == told
