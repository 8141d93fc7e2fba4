"""Do the figures that are watched only grow, stay few, and say what is in the ledger?"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.ledger.fresh import fresh

from codesession.model import (
    Account,
    Attempt,
    Budget,
    Cost,
    Event,
    EventKind,
    Evidence,
    Mode,
    Outcome,
    Refusal,
    Rule,
    Scope,
    ScopeKind,
    Standing,
    Usage,
    Window,
)
from codesession.report import metrics
from codesession.report.metrics import AccountFigures, Model, Watch, fullest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codesession.ledger import SqliteLedger

USD = 10**9
NOW_MS = 1_772_461_811_042


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(fresh(tmp_path / "sessions.db")) as ledger:
        yield ledger


def attempt(model: str, session_id: int | None = None, provider: str = "openai") -> Attempt:
    return Attempt(session_id, provider, model, "chat", streamed=False, request_bytes=9)


def record(ledger: SqliteLedger, model: str, nanos: int | None, evidence: Evidence = Evidence.MEASURED) -> None:
    cost = None if nanos is None else Cost(nanos, "table")
    with ledger.writing() as tx:
        tx.record(
            attempt(model), Outcome(Usage(input=10, output=5, web_searches=1), evidence), cost, NOW_MS, NOW_MS + 1
        )


def test_an_empty_ledger_has_figures_too(ledger: SqliteLedger) -> None:
    figures = Watch(ledger).read(NOW_MS)
    assert (figures.spent, figures.holds, figures.held_nanos, figures.sessions) == ({}, 0, 0, 0)
    assert (figures.active_sessions, figures.waiting, figures.refusals, figures.accounts) == (0, 0, {}, ())


def test_what_was_spent_is_told_by_model_and_evidence(ledger: SqliteLedger) -> None:
    record(ledger, "gpt-5", 3 * USD)
    record(ledger, "gpt-5", 2 * USD, Evidence.MANUAL)
    record(ledger, "new", None)
    spent = Watch(ledger).read(NOW_MS).spent
    assert {key: (one.calls, one.cost_nanos, one.unpriced) for key, one in spent.items()} == {
        Model("openai", "gpt-5", "measured"): (1, 3 * USD, 0),
        Model("openai", "gpt-5", "manual"): (1, 2 * USD, 0),
        Model("openai", "new", "measured"): (1, 0, 1),
    }
    assert spent[Model("openai", "new", "measured")].usage == Usage(input=10, output=5, web_searches=1)


def test_models_beyond_the_most_are_one_sum_that_never_shrinks(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST_MODELS", 2)
    watch = Watch(ledger)
    record(ledger, "a", 3 * USD)
    record(ledger, "b", 2 * USD)
    assert {key.model for key in watch.read(NOW_MS).spent} == {"a", "b"}
    for _ in range(5):
        record(ledger, "c", 9 * USD)  # the dearest by now
        record(ledger, "d", 1)
    spent = watch.read(NOW_MS).spent
    assert {key: one.cost_nanos for key, one in spent.items()} == {
        Model("openai", "a", "measured"): 3 * USD,
        Model("openai", "b", "measured"): 2 * USD,
        Model("other", "other", "measured"): 45 * USD + 5,
    }
    assert sum(one.calls for one in spent.values()) == 12


def test_refusals_are_counted_on_and_anew_by_another_process(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_PAGE", 2)

    def happen(*kinds: EventKind, rule: str | None = "budget") -> None:
        with ledger.writing() as tx:
            for kind in kinds:
                tx.add_event(Event(kind, NOW_MS, rule))

    watch = Watch(ledger)
    happen(EventKind.REFUSED, EventKind.WARNED, EventKind.ENDED, EventKind.REFUSED, EventKind.ASKED)
    assert watch.read(NOW_MS).refusals == {"budget": 3}
    assert watch.read(NOW_MS).refusals == {"budget": 3}
    happen(EventKind.REFUSED, rule="model")
    happen(EventKind.REFUSED, rule=None)
    assert watch.read(NOW_MS).refusals == Watch(ledger).read(NOW_MS).refusals == {"budget": 3, "model": 1, "other": 1}
    ledger.reset(None)
    assert watch.read(NOW_MS).refusals == {}
    happen(EventKind.ENDED)
    assert watch.read(NOW_MS).refusals == {"budget": 1}


def test_what_is_under_way(ledger: SqliteLedger) -> None:
    owner_id = ledger.claim(NOW_MS)
    with ledger.writing() as tx:
        session = tx.begin_session(Scope("/work"), "work", NOW_MS)
        ended = tx.begin_session(Scope("/other"), "other", NOW_MS)
        tx.end_session(ended.id, NOW_MS + 1)
        tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 5 * USD, Mode.BLOCK))
        (budget,) = tx.budgets()
        standing = tx.open_account(Account(budget, "", None, 0, None))
        tx.hold(attempt("gpt-5", session.id), 2 * USD, owner_id, NOW_MS)
        tx.hold(attempt("new", session.id), None, owner_id, NOW_MS)
        tx.ask(Refusal(Rule.BUDGET, "No.", "Stop.", (), standing, 9, Mode.BLOCK, 60), session.id, "m", owner_id, NOW_MS)
    figures = Watch(ledger).read(NOW_MS)
    assert (figures.holds, figures.held_nanos, figures.waiting) == (2, 2 * USD, 1)
    assert (figures.sessions, figures.active_sessions) == (2, 1)
    assert figures.accounts == (AccountFigures("all", "all", "total", "block", "user", 5 * USD, 0, 2 * USD),)


def standing(number: int, spent: int, subject: str = "") -> Standing:
    budget = Budget(ScopeKind.CUSTOMER, "*", Window.MONTH, 10 * USD, directory="/p" if subject else None)
    return Standing(Account(budget, subject or f"c{number}", None, 0, None), {Evidence.MEASURED: spent}, id=number)


def test_the_fullest_accounts_are_told_each_once() -> None:
    standings = [standing(number, number * USD // 100) for number in range(300)]
    told = fullest([*standings, standing(1000, 50 * USD, "x"), standing(1001, 40 * USD, "x")])
    assert len(told) == 100
    assert told[0].account == "customer:x"
    assert told[0].source == "/p/codesession.toml"
    assert told[0].spent_nanos == 50 * USD
    assert [one.account for one in told[1:3]] == ["customer:c299", "customer:c298"]
