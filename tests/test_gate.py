"""Is the most a call can cost held before it is sent, and what it did cost settled after it?"""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from codesession.errors import DatabaseError
from codesession.gate import MOST_OUTPUT, LedgerGate, expire
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import STANDARD, Attempt, CallState, Cost, Cut, Evidence, Hold, Outcome, Scope, Terms, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Call
    from codesession.model.ports import Ledger, Prices, Writer

NOON = 1_772_452_800_000  # 2026-03-02 12:00 UTC
DAY = 86_400_000


@dataclass
class Table:
    """Prices in nano-dollars a token, by model, each from a moment on."""

    rates: dict[str, list[tuple[int, int]]]
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)
    """on which the latest questions were asked"""

    def _rate(self, model: str, at: datetime) -> int | None:
        assert at.tzinfo is UTC
        known = [rate for since_ms, rate in self.rates.get(model, []) if since_ms <= at.timestamp() * 1000]
        return known[-1] if known else None

    def cost(self, provider: str, model: str, usage: Usage, at: datetime, terms: Terms = STANDARD, /) -> Cost | None:
        self.asked.append((provider, model, at))
        self.terms.append(terms)
        rate = self._rate(model, at)
        return None if rate is None else Cost(rate * usage.tokens, f"table {model}")

    def ceiling(
        self,
        provider: str,
        model: str,
        input_tokens: int,
        output_tokens: int,
        at: datetime,
        terms: Terms = STANDARD,
        /,
    ) -> int | None:
        self.asked.append((provider, model, input_tokens, output_tokens, at))
        self.terms.append(terms)
        rate = self._rate(model, at)
        return None if rate is None else rate * (input_tokens + output_tokens)


@dataclass
class Clock:
    now_ms: int = NOON

    def __call__(self) -> int:
        return self.now_ms


class World:
    """A gate over a ledger, with prices and a clock to set."""

    def __init__(self, path: Path) -> None:
        self.prices = Table({"m": [(0, 2)], "dear": [(0, 5)], "free": [(0, 0)], "dated": [(0, 1), (NOON + DAY, 9)]})
        self.clock = Clock()
        self.ledger = SqliteLedger(path)
        self.queue = WriteQueue(self.ledger)
        prices: Prices = self.prices
        self.owner_id = self.ledger.claim(self.clock())
        self.gate = LedgerGate(self.queue, prices, self.owner_id, self.clock)

    def close(self) -> None:
        self.queue.close()
        self.ledger.close()

    def admit(self, **known: Any) -> Hold:
        asked = replace(Attempt(None, "p", "m", "chat", streamed=False, request_bytes=100, max_output=10), **known)
        return asyncio.run(self.gate.admit(asked))

    def settle(self, hold: Hold, outcome: Outcome) -> Call:
        asyncio.run(self.gate.settle(hold, outcome))
        return self.call(hold)

    def call(self, hold: Hold) -> Call:
        with self.ledger.reading() as tx:
            call = tx.call(hold.call_id)
        assert call
        return call


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "l.db")) as world:
        yield world


def test_a_call_is_in_the_ledger_at_its_ceiling_before_it_is_sent(world: World) -> None:
    hold = world.admit()
    call = world.call(hold)
    assert (call.state, call.hold_nanos, call.started_ms) == (CallState.HELD, 2 * (100 + 10), NOON)
    assert hold.started_ms == NOON
    assert hold.attempt.model == "m"


def test_the_input_is_bounded_by_the_bytes_and_the_output_by_the_request(world: World) -> None:
    world.admit(request_bytes=12_345, max_output=678)
    assert world.prices.asked == [("p", "m", 12_345, 678, datetime(2026, 3, 2, 12, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("said", "bound"),
    [
        pytest.param(None, MOST_OUTPUT, id="no-limit-is-the-most-any-model-writes"),
        pytest.param(0, 0, id="nothing-is-nothing"),
        pytest.param(200_000, 200_000, id="more-than-we-know-of-is-believed"),
    ],
)
def test_the_output_bound(world: World, said: int | None, bound: int) -> None:
    world.admit(max_output=said)
    assert world.prices.asked[0][3] == bound


def test_a_call_is_held_on_the_terms_asked_for_and_priced_on_those_answered(world: World) -> None:
    hold = world.admit(terms=Terms(service_tier="priority", geography="us"))
    assert world.prices.terms == [Terms(service_tier="priority", geography="us")]
    call = world.settle(hold, Outcome(Usage(input=3), terms=Terms(service_tier="default")))
    assert world.prices.terms[-1] == Terms(service_tier="default", geography="us")
    assert call.terms == Terms(service_tier="default", geography="us")


def test_a_call_on_own_hardware_is_priced_by_the_time_it_took(world: World) -> None:
    hold = world.admit(terms=Terms(is_local=True))
    world.clock.now_ms += 1234
    world.settle(hold, Outcome(Usage(input=3)))
    assert world.prices.terms[-1] == Terms(is_local=True, took_ms=1234)


def test_what_the_provider_says_that_a_call_costs_wins(world: World) -> None:
    call = world.settle(world.admit(), Outcome(Usage(input=3, output=4), reported_nanos=99))
    assert (call.cost_nanos, call.price_source, call.evidence) == (99, "reported by p", Evidence.REPORTED)


def test_a_cost_that_is_reported_as_nothing_is_no_missing_price(world: World) -> None:
    call = world.settle(world.admit(model="unheard-of"), Outcome(Usage(input=3), reported_nanos=0))
    assert (call.cost_nanos, call.evidence, call.is_unpriced) == (0, Evidence.REPORTED, False)


def test_what_is_paid_by_no_token_is_unpriced_and_never_free(world: World) -> None:
    spoken = world.settle(world.admit(), Outcome(Usage(), extra=(("seconds", 12.5),)))
    assert (spoken.cost_nanos, spoken.is_unpriced, spoken.extra) == (None, True, (("seconds", 12.5),))
    assert world.settle(world.admit(), Outcome(Usage())).cost_nanos == 0


def test_a_count_that_no_bill_can_have_is_unpriced_and_kept(world: World) -> None:
    call = world.settle(world.admit(), Outcome(Usage(input=10**12, web_searches=10**12, output=10**18)))
    assert (call.cost_nanos, call.is_unpriced, call.state) == (None, True, CallState.SETTLED)


def test_the_answers_of_a_batch_count_once_however_often_they_are_fetched(world: World) -> None:
    fetched = Attempt(None, "p", "unknown", "batch", streamed=False, request_bytes=0)
    batch = Terms(is_batch=True)
    outcomes = [Outcome(Usage(input=n), model="m", response_id=f"msg_{n}", terms=batch) for n in range(1, 301)]
    assert asyncio.run(world.gate.record_results(fetched, outcomes[:250])) == 250
    assert asyncio.run(world.gate.record_results(fetched, outcomes)) == 50
    assert asyncio.run(world.gate.record_results(fetched, [])) == 0
    with world.ledger.reading() as tx:
        calls = [call for number in range(1, 301) if (call := tx.call(number))]
    assert sum(call.cost_nanos or 0 for call in calls) == 2 * sum(range(1, 301))
    assert {(call.model, call.terms, call.evidence) for call in calls} == {("m", batch, Evidence.MEASURED)}
    assert world.prices.terms[-1] == batch


def test_without_a_price_a_call_is_held_at_no_amount(world: World) -> None:
    assert world.call(world.admit(model="unheard-of")).hold_nanos is None


def test_the_model_that_answered_sets_the_price(world: World) -> None:
    call = world.settle(world.admit(), Outcome(Usage(input=3, output=4), model="dear", http_status=200))
    assert (call.cost_nanos, call.price_source, call.model) == (35, "table dear", "dear")
    assert (call.state, call.evidence, call.http_status) == (CallState.SETTLED, Evidence.MEASURED, 200)


@pytest.mark.parametrize("answered", [None, "unheard-of", "m"], ids=["silent", "unknown", "as-asked"])
def test_else_the_model_asked_for_does(world: World, answered: str | None) -> None:
    call = world.settle(world.admit(), Outcome(Usage(input=3, output=4), model=answered))
    assert (call.cost_nanos, call.price_source) == (14, "table m")


def test_a_model_that_costs_nothing_is_priced_at_nothing(world: World) -> None:
    call = world.settle(world.admit(), Outcome(Usage(input=3), model="free"))
    assert (call.cost_nanos, call.is_unpriced) == (0, False)


def test_a_price_is_that_of_the_moment_the_call_was_sent(world: World) -> None:
    hold = world.admit(model="dated")
    world.clock.now_ms += 2 * DAY
    late = world.admit(model="dated")
    assert world.settle(hold, Outcome(Usage(input=10))).cost_nanos == 10
    assert world.settle(late, Outcome(Usage(input=10))).cost_nanos == 90
    assert world.call(hold).ended_ms == NOON + 2 * DAY


def test_a_call_without_a_price_stays_unpriced(world: World) -> None:
    call = world.settle(world.admit(model="unheard-of"), Outcome(Usage(input=3), model="nor-this"))
    assert (call.cost_nanos, call.price_source, call.is_unpriced) == (None, None, True)
    assert call.usage == Usage(input=3)


def test_usage_that_could_not_be_read_is_billed_at_the_ceiling(world: World) -> None:
    hold = world.admit()
    world.prices.asked.clear()
    call = world.settle(hold, Outcome(None, cut=Cut.UPSTREAM))
    assert (call.cost_nanos, call.evidence, call.cut) == (220, Evidence.ESTIMATED, Cut.UPSTREAM)
    assert world.prices.asked == []


def test_settling_twice_counts_once(world: World) -> None:
    hold = world.admit()
    world.settle(hold, Outcome(Usage(input=3)))
    assert world.settle(hold, Outcome(Usage(input=300))).cost_nanos == 6


def test_a_release_costs_nothing_and_settling_it_later_changes_nothing(world: World) -> None:
    hold = world.admit()
    asyncio.run(world.gate.release(hold, 529))
    assert (world.call(hold).state, world.call(hold).http_status) == (CallState.RELEASED, 529)
    assert world.settle(hold, Outcome(Usage(input=300))).state is CallState.RELEASED


def test_a_call_that_cannot_be_written_is_not_admitted(tmp_path: Path, world: World) -> None:
    with closing(SqliteLedger(tmp_path / "l.db", wait_s=0)) as impatient:
        queue = WriteQueue(impatient)
        gate = LedgerGate(queue, world.prices, world.owner_id, world.clock)
        with world.ledger.writing(), pytest.raises(DatabaseError, match="another program"):
            asyncio.run(gate.admit(Attempt(None, "p", "m", "chat", streamed=False, request_bytes=1)))
        queue.close()
    with world.ledger.reading() as tx:
        assert tx.owners_holding() == []


# --- what dead processes hold ---


class Watched:
    """A ledger that counts its write transactions."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self.writes = 0

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        self.writes += 1
        with self._ledger.writing() as tx:
            yield tx

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


def watched(ledger: SqliteLedger) -> tuple[Watched, Ledger]:
    counting = Watched(ledger)
    as_ledger: Ledger = counting  # type: ignore[assignment]  # the rest is passed on
    return counting, as_ledger


def test_what_a_dead_process_holds_is_billed_and_what_a_live_one_holds_is_not(tmp_path: Path, world: World) -> None:
    with world.ledger.writing() as tx:
        session = tx.begin_session(Scope("/here"), "work", NOON)
    mine = world.admit(session_id=session.id)
    with closing(World(tmp_path / "l.db")) as other:
        its = [other.admit(session_id=session.id), other.admit(model="unheard-of", session_id=session.id)]
        counting, ledger = watched(world.ledger)
        assert expire(ledger, NOON) == 0
        assert counting.writes == 0
    assert expire(ledger, NOON + 5) == 2
    assert counting.writes == 1
    assert [(world.call(hold).state, world.call(hold).cost_nanos) for hold in its] == [
        (CallState.LOST, 220),
        (CallState.LOST, None),
    ]
    assert world.call(its[0]).ended_ms == NOON + 5
    assert world.call(mine).state is CallState.HELD
    assert expire(ledger, NOON + 9) == 0
    assert counting.writes == 1


def test_nothing_is_written_when_nothing_is_held(world: World) -> None:
    counting, ledger = watched(world.ledger)
    assert expire(ledger, NOON) == 0
    assert counting.writes == 0
