"""Are calls that had no price given one, as of when they were sent, once, with every sum in step?"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.app.place import migrate_by_copy

from codesession.app import reprice, repricing
from codesession.app.core import App
from codesession.config import Config
from codesession.ledger import SqliteLedger, opening
from codesession.ledger.accounts import differing
from codesession.ledger.totals import differences
from codesession.model import (
    Account,
    Attempt,
    Budget,
    Cost,
    Evidence,
    Mode,
    Outcome,
    Scope,
    ScopeKind,
    Terms,
    Usage,
    Window,
)
from codesession.model.price_changes import RepricedModel

if TYPE_CHECKING:
    from tests.app.place import Place

ROOT = Path(__file__).parents[2]
MARCH_MS = 1_772_323_200_000
"""2026-03-01"""
USAGE = Usage(input=1_000_000, output=100_000)


def own_prices(data_dir: Path, **models: tuple[float, float]) -> None:
    """The user's own prices: dollars per million read and written, by model."""
    rows = {name: {"input": read, "output": written} for name, (read, written) in models.items()}
    (data_dir / "pricing.json").write_text(json.dumps(rows))


def record(app: App, model: str = "mine", cost: Cost | None = None, at_ms: int = MARCH_MS, **known: Any) -> int:
    """A call to a provider that no list knows."""
    asked = Attempt(1, known.pop("provider", "acme"), model, "chat", streamed=False, request_bytes=9)
    answered = known.pop("answered", None)
    outcome = Outcome(known.pop("usage", USAGE), model=answered, **({"evidence": Evidence.MEASURED} | known))
    with app.ledger.writing() as tx:
        return tx.record(asked, outcome, cost, at_ms, at_ms + 500)


def costs(app: App) -> list[tuple[int | None, str | None, str]]:
    with app.ledger.reading() as tx:
        return [(call.cost_nanos, call.price_source, str(call.evidence)) for call in tx.calls(1)]


def audit(path: Path) -> list[tuple[Any, ...]]:
    """What was priced anew, as it is kept."""
    columns = "call_id, at_ms, before_nanos, before_source, after_nanos, after_source, reason"
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM repricing ORDER BY id").fetchall()


def out_of_step(path: Path) -> list[str]:
    """Sums that do not equal their calls."""
    with closing(sqlite3.connect(path)) as connection:
        return differences(connection) + differing(connection)


@pytest.fixture
def app(place: Place, priced: None) -> App:
    del priced
    app = place.app()
    with app.ledger.writing() as tx:
        tx.begin_session(Scope(str(place.repo)), "Work", 1)
        budget = tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 10**12, Mode.WARN, unpriced_nanos=77))
        tx.open_account(Account(budget, "", None, 0, None))
    return app


# --- what is priced, and at which price ---


def test_an_unpriced_call_gets_the_price_that_is_known_now(app: App, place: Place) -> None:
    row = record(app)
    own_prices(app.config.data_dir, mine=(3, 15))

    done = reprice(app)

    assert done.models == (RepricedModel("acme", "mine", 1, 1, 0, 4_500_000_000, ("custom (pricing.json)",)),)
    assert (done.left, done.unusable, done.is_done) == (0, 0, True)
    assert costs(app) == [(4_500_000_000, "custom (pricing.json)", "measured")]
    assert audit(place.database) == [
        (row, place.now_ms, None, None, 4_500_000_000, "custom (pricing.json)", "unpriced")
    ]
    assert out_of_step(place.database) == []


def test_the_price_is_that_of_the_moment_the_call_was_sent(app: App) -> None:
    """o3 cost $10 and $40 a million before 2025-06-10, and $2 and $8 from then on, as genai-prices has it."""
    for at in (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)):
        record(app, "o3", provider="openai", at_ms=round(at.timestamp() * 1000))
    reprice(app)
    assert [nanos for nanos, _, _ in costs(app)] == [14_000_000_000, 2_800_000_000]


def test_the_terms_of_the_call_count(app: App) -> None:
    record(app, "gpt-5", provider="openai", terms=Terms(is_batch=True))
    record(app, "gpt-5", provider="openai", terms=Terms(service_tier="flex"))
    record(app, "gpt-5", provider="openai")
    reprice(app)
    assert [nanos for nanos, _, _ in costs(app)] == [1_125_000_000, 1_125_000_000, 2_250_000_000]


def test_the_model_that_answered_sets_the_price_or_else_the_one_that_was_asked_for(app: App) -> None:
    own_prices(app.config.data_dir, mine=(1, 0), other=(2, 0))
    for answered in (None, "other", "unheard-of"):
        record(app, "mine", answered=answered)
    done = reprice(app)
    assert [nanos for nanos, _, _ in costs(app)] == [10**9, 2 * 10**9, 10**9]
    assert {(one.model, one.calls) for one in done.models} == {("mine", 1), ("other", 1), ("unheard-of", 1)}


def test_an_estimate_stays_one_and_its_ceiling_becomes_a_cost(app: App, place: Place) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    record(app, cost=Cost(9_000_000_000, "ceiling"), evidence=Evidence.ESTIMATED)
    record(app, evidence=Evidence.ESTIMATED)
    (model,) = reprice(app).models
    assert (model.calls, model.unpriced, model.before_nanos, model.after_nanos) == (2, 1, 9 * 10**9, 9 * 10**9)
    assert costs(app) == [(4_500_000_000, "custom (pricing.json)", "estimated")] * 2
    assert [row[2:4] + row[6:] for row in audit(place.database)] == [
        (9_000_000_000, "ceiling", "estimated"),
        (None, None, "unpriced"),
    ]


def test_a_cost_that_stays_the_same_is_not_touched(app: App, place: Place) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    record(app, cost=Cost(4_500_000_000, "ceiling"), evidence=Evidence.ESTIMATED)
    assert reprice(app).models == ()
    assert costs(app) == [(4_500_000_000, "ceiling", "estimated")]
    assert audit(place.database) == []


def test_what_others_have_said_and_what_cannot_be_priced_is_never_touched(app: App, place: Place) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    for evidence in (Evidence.MANUAL, Evidence.REPORTED, Evidence.IMPORTED):
        record(app, cost=Cost(1, "theirs"), evidence=evidence)
    record(app, cost=Cost(1, "genai-prices 0.1"))
    record(app, usage=None, evidence=Evidence.ESTIMATED)
    record(app, usage=Usage(unsplit=7))
    record(app, "unheard-of")
    before = costs(app)
    done = reprice(app)
    assert (done.models, done.left, done.unusable) == ((), 1, 2)
    assert costs(app) == before
    assert audit(place.database) == []


@pytest.mark.parametrize("evidence", [Evidence.MANUAL, Evidence.REPORTED, Evidence.IMPORTED])
def test_where_nobody_has_said_a_cost_nobody_is_overruled(app: App, evidence: Evidence) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    record(app, evidence=evidence)
    assert reprice(app).models[0].calls == 1
    assert costs(app)[0][0] == 4_500_000_000


def test_only_calls_since_a_moment_are_priced(app: App) -> None:
    own_prices(app.config.data_dir, mine=(1, 0))
    for at_ms in (MARCH_MS - 1, MARCH_MS):
        record(app, at_ms=at_ms)
    assert reprice(app, MARCH_MS).models[0].calls == 1
    assert [nanos for nanos, _, _ in costs(app)] == [None, 10**9]


def test_a_trial_tells_the_same_and_writes_nothing(app: App, place: Place) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    record(app)
    trial = reprice(app, is_trial=True)
    assert costs(app) == [(None, None, "measured")]
    assert audit(place.database) == []
    done = reprice(app)
    assert (trial.models, trial.left, trial.is_done) == (done.models, done.left, False)


def test_what_another_process_was_quicker_with_is_not_counted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    record(app)
    price = repricing._cost  # noqa: SLF001 - the moment between reading and writing

    def while_a_rival_prices(*words: Any) -> Cost | None:
        monkeypatch.undo()
        assert reprice(app).models[0].calls == 1
        return price(*words)

    monkeypatch.setattr(repricing, "_cost", while_a_rival_prices)
    assert reprice(app).models == ()
    assert costs(app)[0][0] == 4_500_000_000


def test_problems_with_prices_are_told(app: App) -> None:
    (app.config.data_dir / "pricing.json").write_text("{")
    assert "is not JSON" in reprice(app).problems[0]


# --- laws ---

CALLS = st.tuples(
    st.sampled_from(["mine", "other", "unheard-of"]),
    st.sampled_from([Evidence.MEASURED, Evidence.ESTIMATED, Evidence.REPORTED, Evidence.MANUAL, Evidence.IMPORTED]),
    st.none() | st.builds(Usage, input=st.integers(0, 10**6), output=st.integers(0, 10**6), unsplit=st.integers(0, 1)),
    st.none() | st.tuples(st.integers(0, 10**12), st.sampled_from(["ceiling", "table"])),
    st.booleans(),
    st.integers(0, 10**12),
)


@settings(max_examples=40)
@given(st.lists(CALLS, max_size=12), st.integers(1, 4))
def test_pricing_anew_twice_is_pricing_anew_once_and_sums_are_their_calls(calls: list[Any], at_once: int) -> None:
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        data_dir = Path(directory)
        patch.setattr(repricing, "AT_ONCE", at_once)
        patch.setattr(opening, "migrate", migrate_by_copy)
        patch.setattr(repricing, "price_book", lambda config, _: _no_list(config))
        own_prices(data_dir, mine=(3, 15), other=(0.07, 0.1))
        path = data_dir / "sessions.db"
        ledger = SqliteLedger(path)
        app = App(Config(data_dir, path), ledger, lambda: 5, lambda _: None)
        with ledger.writing() as tx:
            tx.begin_session(Scope("/x"), "Work", 1)
            budget = tx.set_budget(Budget(ScopeKind.ALL, "", Window.TOTAL, 10**12, Mode.WARN, unpriced_nanos=77))
            tx.open_account(Account(budget, "", None, 0, None))
        for model, evidence, usage, cost, is_local, at_ms in calls:
            known = {"usage": usage, "evidence": evidence, "terms": Terms(is_local=is_local)}
            record(app, model, Cost(*cost) if cost else None, at_ms, **known)

        trial = reprice(app, is_trial=True)
        first = reprice(app)
        after, kept = costs(app), audit(path)

        assert trial.models == first.models
        assert out_of_step(path) == []
        assert len(kept) == sum(model.calls for model in first.models)
        second = reprice(app)
        assert (second.models, second.left, second.unusable) == ((), first.left, first.unusable)
        assert (costs(app), audit(path)) == (after, kept)
        ledger.close()


def _no_list(config: Config) -> Any:
    from codesession.meter import Catalogue, PriceBook

    return PriceBook(config.data_dir, Catalogue(None))


# --- killed ---

_DYING = """
import os, sys
from codesession.app import repricing
repricing.AT_ONCE = 2
from codesession.ledger.writer import SqliteWriter
reprice, left = SqliteWriter.reprice, [int(sys.argv[1])]
def dying(self, *words):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), 9)
    return reprice(self, *words)
SqliteWriter.reprice = dying
from codesession.cli import main
main(["pricing", "reprice", "--json"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_killed_between_or_within_batches_nothing_is_lost(app: App, place: Place) -> None:
    own_prices(app.config.data_dir, mine=(3, 15))
    for _ in range(6):
        record(app)
    for steps, priced in ((3, 2), (2, 4), (9, 6)):
        subprocess.run([sys.executable, "-c", _DYING, str(steps)], check=False, capture_output=True)
        assert sum(nanos is not None for nanos, _, _ in costs(app)) == priced
        assert len(audit(place.database)) == priced
        assert out_of_step(place.database) == []
    assert reprice(app).models == ()
