"""What must every ledger do when calls are priced anew, or compared? Inherited as `LedgerContract` is."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.budget_contract import account, budget
from tests.contract.ledger_contract import HERE, THERE, Opened, answered, attempt

from codesession.model import STANDARD, USAGE_FIELDS, Cost, Evidence, Outcome, ScopeKind, Standing, Terms, Usage
from codesession.model.price_changes import UnpricedCall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.model import Call
    from codesession.model.ports import Ledger

NEW = Cost(70, "list of today")
SPLIT = Usage(*range(1, len(USAGE_FIELDS) + 1))


class RepricingContract:
    """What holds for any ledger whose calls can be priced anew."""

    def make(self, place: Path, *, wait_s: float = 10.0) -> Ledger:
        """The ledger at `place`, created if need be; it waits `wait_s` seconds for another writer."""
        raise NotImplementedError

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Iterator[Opened]:
        with closing(self.make(tmp_path)) as ledger:
            owner_id = ledger.claim(1)
            with ledger.writing() as tx:
                session = tx.begin_session(HERE, "work", 1)
            yield Opened(ledger, owner_id, session)

    def record(
        self,
        kept: Opened,
        outcome: Outcome | None = None,
        cost: Cost | None = None,
        started_ms: int = 1000,
        **known: Any,
    ) -> int:
        with kept.ledger.writing() as tx:
            asked = attempt(kept.session.id, **known)
            return tx.record(asked, outcome or answered(), cost, started_ms, started_ms + 500)

    def unpriced(self, kept: Opened, since_ms: int | None = None, after_id: int = 0) -> list[UnpricedCall]:
        with kept.ledger.reading() as tx:
            return tx.unpriced_calls(since_ms, after_id, 100)

    def call(self, kept: Opened, call_id: int) -> Call:
        with kept.ledger.reading() as tx:
            found = tx.call(call_id)
        assert found
        return found

    # --- which calls ---

    def test_an_unpriced_call_is_told_with_all_that_its_price_depends_on(self, kept: Opened) -> None:
        terms = Terms(service_tier="flex", speed="fast", geography="us", is_batch=True)
        row = self.record(kept, answered(SPLIT, model="claude-x-1", terms=terms), model="claude-x")
        assert self.unpriced(kept) == [
            UnpricedCall(row, "anthropic", "claude-x", "claude-x-1", 1000, SPLIT, terms, None, Evidence.MEASURED)
        ]
        assert self.unpriced(kept)[0].model == "claude-x-1"

    def test_a_local_call_is_told_with_the_time_it_took(self, kept: Opened) -> None:
        self.record(kept, terms=Terms(is_local=True))
        (call,) = self.unpriced(kept)
        assert call.terms == Terms(is_local=True, took_ms=500)
        assert (call.answered, call.model) == (None, "claude-x")

    def test_only_costs_that_a_price_could_have_given_are_looked_for(self, kept: Opened) -> None:
        unpriced = self.record(kept)
        guessed = self.record(kept, answered(evidence=Evidence.ESTIMATED))
        at_ceiling = self.record(kept, answered(evidence=Evidence.ESTIMATED), Cost(900, "ceiling"))
        self.record(kept, cost=Cost(40, "table"))
        self.record(kept, answered(evidence=Evidence.ESTIMATED), Cost(40, "table"))
        self.record(kept, Outcome(None, Evidence.ESTIMATED))
        self.record(kept, answered(Usage(unsplit=10)))
        said = (Evidence.REPORTED, Evidence.MANUAL, Evidence.IMPORTED)
        for evidence in said:
            self.record(kept, answered(evidence=evidence), Cost(40, "ceiling"))
        unsaid = [self.record(kept, answered(evidence=evidence)) for evidence in said]
        with kept.ledger.writing() as tx:
            tx.hold(attempt(kept.session.id), None, kept.owner_id, 1000)
            tx.release(tx.hold(attempt(kept.session.id), None, kept.owner_id, 1000), 429, 1001)
        assert [call.id for call in self.unpriced(kept)] == [unpriced, guessed, at_ceiling, *unsaid]
        with kept.ledger.reading() as tx:
            assert tx.unmendable_calls(None) == 2
            assert tx.unmendable_calls(1001) == 0

    def test_they_come_by_id_some_at_a_time_and_from_a_moment_on(self, kept: Opened) -> None:
        rows = [self.record(kept, started_ms=started) for started in (3000, 1000, 2000)]
        assert [call.id for call in self.unpriced(kept)] == rows
        assert [call.id for call in self.unpriced(kept, 2000)] == [rows[0], rows[2]]
        assert [call.id for call in self.unpriced(kept, after_id=rows[0])] == rows[1:]
        with kept.ledger.reading() as tx:
            assert [call.id for call in tx.unpriced_calls(None, 0, 2)] == rows[:2]

    # --- another cost ---

    @pytest.mark.parametrize(
        ("outcome", "before"),
        [
            (answered(), None),
            (answered(evidence=Evidence.ESTIMATED), None),
            (answered(evidence=Evidence.ESTIMATED), Cost(900, "ceiling")),
        ],
        ids=["measured", "estimated", "at its ceiling"],
    )
    def test_a_call_gets_another_cost_and_stays_what_it_was_otherwise(
        self, kept: Opened, outcome: Outcome, before: Cost | None
    ) -> None:
        row = self.record(kept, outcome, before)
        was = self.call(kept, row)
        (found,) = self.unpriced(kept)
        with kept.ledger.writing() as tx:
            assert tx.reprice(found, NEW, 5000)
        now = self.call(kept, row)
        assert (now.cost_nanos, now.price_source, now.evidence) == (70, "list of today", outcome.evidence)
        assert [now.usage, now.started_ms, now.ended_ms, now.state] == [
            was.usage, was.started_ms, was.ended_ms, was.state,
        ]  # fmt: skip
        with kept.ledger.reading() as tx:
            totals = tx.totals(kept.session.id)
        assert (totals.calls, totals.cost_nanos, totals.unpriced) == (1, 70, 0)
        assert self.unpriced(kept) == []

    def test_a_call_is_priced_anew_once(self, kept: Opened) -> None:
        row = self.record(kept)
        (found,) = self.unpriced(kept)
        with kept.ledger.writing() as tx:
            assert tx.reprice(found, NEW, 5000)
            assert not tx.reprice(found, Cost(80, "later"), 5001)
        assert self.call(kept, row).cost_nanos == 70

    def test_what_has_changed_since_it_was_read_is_left_alone(self, kept: Opened) -> None:
        row = self.record(kept, answered(evidence=Evidence.ESTIMATED), Cost(900, "ceiling"))
        (found,) = self.unpriced(kept)
        with kept.ledger.writing() as tx:
            assert tx.reprice(found, Cost(800, "ceiling"), 5000)
        with kept.ledger.writing() as tx:
            assert not tx.reprice(found, NEW, 5001)
        assert self.call(kept, row).cost_nanos == 800

    def test_budgets_count_the_new_cost_in_the_place_of_the_old(self, kept: Opened) -> None:
        rule = budget(ScopeKind.ALL, limit_nanos=100, unpriced_nanos=30)
        with kept.ledger.writing() as tx:
            kept_rule = tx.set_budget(rule)
            tx.open_account(account(kept_rule))
        self.record(kept)
        assert _spent(self.standing(kept)) == {Evidence.ESTIMATED: 30}
        (found,) = self.unpriced(kept)
        with kept.ledger.writing() as tx:
            tx.reprice(found, Cost(95, "list of today"), 5000)
            ((due, _),) = tx.due_alerts()
        assert _spent(due) == _spent(self.standing(kept)) == {Evidence.MEASURED: 95}
        assert self.standing(kept).unpriced == 0

    def standing(self, kept: Opened) -> Standing:
        with kept.ledger.reading() as tx:
            (found,) = tx.standings(1000)
        return found

    def test_the_hardware_it_ran_on_is_known_from_then_on(self, kept: Opened) -> None:
        row = self.record(kept, terms=Terms(is_local=True))
        other = self.record(kept, cost=Cost(5, "local", "cpu"), terms=Terms(is_local=True))
        (found,) = self.unpriced(kept)
        with kept.ledger.writing() as tx:
            tx.reprice(found, Cost(7, "local (gpu)", "gpu"), 5000)
        assert [self.call(kept, known).hardware for known in (row, other)] == ["gpu", "cpu"]
        with kept.ledger.reading() as tx:
            worked = {used.hardware: (used.calls, used.cost_nanos) for used in tx.hardware(kept.session.id)}
        assert worked == {"gpu": (1, 7), "cpu": (1, 5)}

    # --- what could cost something else ---

    def test_models_are_named_once_on_each_terms(self, kept: Opened) -> None:
        self.record(kept, terms=Terms("flex", "fast", "us", is_batch=True))
        self.record(kept, terms=Terms(is_local=True), model="own")
        self.record(kept)
        self.record(kept, started_ms=10**9)
        self.record(kept, answered(model="gpt-5-1"), provider="openai", model="gpt-5")
        with kept.ledger.writing() as tx:
            tx.release(tx.hold(attempt(None, model="never"), None, kept.owner_id, 1000), 429, 1001)
        with kept.ledger.reading() as tx:
            assert tx.models_used() == [
                ("anthropic", "claude-x", STANDARD),
                ("anthropic", "claude-x", Terms("flex", "fast", "us", is_batch=True)),
                ("openai", "gpt-5-1", STANDARD),
            ]

    def test_paid_work_and_what_it_leaves_out_are_all_billed_calls(self, kept: Opened) -> None:
        self.record(kept, answered(SPLIT, model="claude-x-1"), Cost(40, "table"))
        self.record(kept, answered(Usage(input=2), evidence=Evidence.MANUAL), Cost(0, "manual"), started_ms=2000)
        self.record(kept)
        self.record(kept, Outcome(None, Evidence.ESTIMATED), Cost(900, "ceiling"))
        self.record(kept, answered(Usage(unsplit=3)), Cost(4, "table"))
        self.record(kept, answered(Usage()), Cost(0, "cache"))
        self.record(kept, cost=Cost(7, "local", "gpu"), terms=Terms(is_local=True))
        with kept.ledger.writing() as tx:
            tx.release(tx.hold(attempt(kept.session.id), None, kept.owner_id, 1000), 429, 1001)
            other = tx.begin_session(THERE, "other", 1)
        amounts = tuple(range(1, len(USAGE_FIELDS) + 1))
        few = (2, *[0] * (len(USAGE_FIELDS) - 1))
        with kept.ledger.reading() as tx:
            both = [("anthropic", "claude-x-1", 40, amounts), ("anthropic", "claude-x", 0, few)]
            assert sorted(tx.paid_work(None, None), key=lambda one: -one[2]) == both
            assert list(tx.paid_work(2000, None)) == list(tx.paid_work(1001, kept.session.id)) == both[1:]
            assert len(list(tx.paid_work(None, kept.session.id))) == 2
            assert list(tx.paid_work(None, other.id)) == []
            left_out = {"cached": 1, "local": 1, "unpriced": 1, "unread": 1, "unsplit": 1}
            assert tx.unpaid_work(None, None) == tx.unpaid_work(1000, kept.session.id) == left_out
            assert tx.unpaid_work(2000, None) == tx.unpaid_work(None, other.id) == {}


def _spent(standing: Standing) -> dict[Evidence, int]:
    return {evidence: nanos for evidence, nanos in standing.spent_by.items() if nanos}
