"""Is a limit set as it was said, for whom it was said, and told with what it has come to?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from codesession.app.budgets import (
    MOST_NANOS,
    Change,
    Terms,
    Unpriced,
    budget_key,
    remove_budget,
    set_budget,
    set_budgets,
    set_session_budget,
    zone_of,
)
from codesession.app.sessions import end_session, start_session
from codesession.app.situation import budgets_now
from codesession.config import read_config
from codesession.errors import BudgetNotFound, InvalidInput, SessionNotFound
from codesession.guard.windows import span
from codesession.model import Account, Attempt, Budget, Cost, Evidence, Mode, Outcome, ScopeKind, Usage, Window
from codesession.model.refusal import Refusal, Rule

if TYPE_CHECKING:
    from tests.app.place import Place

    from codesession.app.core import App

DAY_MS = 86_400_000
DAILY = (ScopeKind.ALL, "", Window.DAY)
EACH_SESSION = (ScopeKind.SESSION, "", Window.SESSION)


def spend(app: App, nanos: int, session_id: int | None = None, **known: Any) -> None:
    """Keep a call that cost so much, made now."""
    with app.ledger.writing() as tx:
        asked = Attempt(session_id, "p", "m", "chat", streamed=False, request_bytes=1, **known)
        done = Outcome(Usage(input=1), Evidence.MEASURED)
        tx.record(asked, done, Cost(nanos, "table"), app.now_ms(), app.now_ms())


def listed(app: App) -> dict[str, list[tuple[str, int]]]:
    """Each budget's accounts, by scope, as they are labelled and what was spent."""
    return {
        budget.scope: [(standing.account.label, standing.spent_nanos) for standing in standings]
        for budget, standings in budgets_now(app).rules
    }


# --- setting ---


def test_a_budget_warns_unless_something_else_is_said(place: Place) -> None:
    change = set_budget(place.app(), "all", None, Terms(5))
    assert change.budget == Budget(ScopeKind.ALL, "", Window.DAY, 5, Mode.WARN, id=change.budget.id)


def test_what_is_not_said_of_a_budget_stays_as_it_was(place: Place) -> None:
    app = place.app()
    first = Terms(5, Mode.STOP, is_strict=True, warn_at=50, ask_s=60, unpriced=Unpriced(7))
    before = set_budget(app, "agent:codex", "week", first).budget
    after = set_budget(app, "agent:codex", "week", Terms(9)).budget
    assert after == replace(before, limit_nanos=9, id=after.id)
    assert (after.mode, after.is_strict, after.warn_at, after.ask_s, after.unpriced_nanos) == (
        Mode.STOP,
        True,
        50,
        60,
        7,
    )
    balanced = set_budget(
        app, "agent:codex", "week", Terms(9, is_strict=False, ask_s=0, unpriced=Unpriced(None))
    ).budget
    assert (balanced.is_strict, balanced.ask_s, balanced.unpriced_nanos) == (False, 0, None)


def test_a_budget_that_only_warns_again_neither_holds_the_most_nor_asks(place: Place) -> None:
    app = place.app()
    set_budget(app, "all", None, Terms(5, Mode.BLOCK, is_strict=True, ask_s=60))
    warns = set_budget(app, "all", None, Terms(5, Mode.WARN)).budget
    assert (warns.is_strict, warns.ask_s) == (False, 0)


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param(Terms(5, ask_s=60), id="asks-and-warns"),
        pytest.param(Terms(5, is_strict=True), id="strict-and-warns"),
        pytest.param(Terms(5, Mode.WARN, is_strict=False), id="balanced-and-warns"),
        pytest.param(Terms(-1), id="below-nothing"),
        pytest.param(Terms(MOST_NANOS + 1), id="too-much"),
        pytest.param(Terms(5, Mode.BLOCK, ask_s=86_401), id="waits-too-long"),
    ],
)
def test_terms_that_make_no_sense_change_nothing(place: Place, terms: Terms) -> None:
    app = place.app()
    with pytest.raises(InvalidInput):
        set_budgets(app, {EACH_SESSION: Terms(1), DAILY: terms})
    assert budgets_now(app).rules == ()


def test_what_was_spent_before_counts_already(place: Place) -> None:
    app = place.app()
    spend(app, 3)
    place.now_ms += DAY_MS
    spend(app, 4)
    (standing,) = set_budget(app, "all", None, Terms(5)).standings
    assert standing.spent_nanos == 4
    (standing,) = set_budget(app, "all", "total", Terms(5)).standings
    assert standing.spent_nanos == 7


def test_a_window_begins_in_the_time_zone_that_is_set(place: Place) -> None:
    place.database.parent.mkdir(exist_ok=True)
    (place.database.parent / "config.toml").write_text('timezone = "Pacific/Auckland"\n')
    place.now_ms = 1_772_452_800_000  # 2026-03-02 12:00 UTC, 1 o'clock on the 3rd there
    app = place.app()
    assert str(zone_of(app.config)) == "Pacific/Auckland"
    (standing,) = set_budget(app, "all", None, Terms(5)).standings
    assert standing.account.began_ms == 1_772_452_800_000 - 3_600_000
    assert budgets_now(app).zone_name == "Pacific/Auckland"


def test_without_a_time_zone_it_is_the_systems(place: Place) -> None:
    del place
    assert zone_of(read_config()) is None


# --- whose ---


def test_a_project_is_where_a_session_begun_there_would_belong(place: Place) -> None:
    (place.repo / "deep").mkdir()
    (place.home / "link").symlink_to(place.repo / "deep")
    outside = place.home / "plain"
    outside.mkdir()
    for typed in ("project", "project:.", "project:deep", f"project:{place.home}/link", "project:~/link"):
        assert budget_key(typed) == (ScopeKind.PROJECT, str(place.repo), Window.DAY)
    assert budget_key("project:../plain")[1] == str(outside)
    assert budget_key("project:*")[1] == "*"


@pytest.mark.parametrize("typed", ["project:nowhere", "project:old.txt", "project:~nobody-of-that-name/x"])
def test_a_project_must_be_a_directory(place: Place, typed: str) -> None:
    del place
    with pytest.raises(InvalidInput):
        budget_key(typed)


def test_a_session_must_be_active_to_get_a_budget(place: Place) -> None:
    app = place.app()
    session = start_session(app, "work")
    set_budget(app, f"session:{session.id}", None, Terms(5))
    end_session(app)
    for attempt in (lambda: set_budget(app, "session:1", None, Terms(5)), lambda: set_session_budget(app, 9, Terms(5))):
        with pytest.raises(SessionNotFound):
            attempt()


def test_a_sessions_own_budget_refuses_calls_and_old_ones_go(place: Place) -> None:
    app = place.app()
    kept = []
    for name in ("long ago", "yesterday", "now"):
        session = start_session(app, name)
        kept.append(set_session_budget(app, session.id, Terms(5)))
        if name != "now":
            end_session(app)
            place.now_ms += DAY_MS
    assert kept[0].mode is Mode.BLOCK
    with app.ledger.reading() as reader:
        assert [budget.scope for budget in reader.budgets()] == ["session:2", "session:3"]
    now = budgets_now(app)
    assert [budget.scope for budget, _ in now.rules] == ["session:3"]
    assert [budget.scope for budget in now.ended] == ["session:2"]


def test_a_budget_of_each_session_tells_what_active_ones_came_to_before_it_was_set(place: Place) -> None:
    app = place.app()
    dear = start_session(app, "dear")
    with app.ledger.writing() as tx:
        asked = Attempt(dear.id, "openai", "gpt-5", "chat", streamed=False, request_bytes=9)
        tx.record(asked, Outcome(Usage(input=1), Evidence.MEASURED), Cost(7, "table"), 2, 3)
    place.outside()
    start_session(app, "elsewhere")
    set_budgets(app, {EACH_SESSION: Terms(5)})
    ((_, standings),) = budgets_now(app).rules
    assert [(one.account.session_id, one.spent_nanos, one.free_nanos) for one in standings] == [(1, 7, -2), (2, 0, 5)]


# --- removing ---


def test_a_budget_is_removed_and_only_that_one(place: Place) -> None:
    app = place.app()
    set_budget(app, "all", "day", Terms(5))
    set_budget(app, "all", "week", Terms(6))
    with pytest.raises(InvalidInput, match="day, week"):
        remove_budget(app, "all")
    assert remove_budget(app, "all", "day").limit_nanos == 5
    assert remove_budget(app, "all").limit_nanos == 6
    with pytest.raises(BudgetNotFound):
        remove_budget(app, "all")


def test_the_budget_of_a_project_that_is_gone_can_be_removed(place: Place) -> None:
    app = place.app()
    gone = place.home / "gone"
    gone.mkdir()
    set_budget(app, f"project:{gone}", None, Terms(5))
    gone.rmdir()
    assert remove_budget(app, f"project:{gone}").name == str(gone)


def test_a_budget_of_a_repository_is_not_the_users_to_remove(place: Place) -> None:
    app = place.app()
    place.write("codesession.toml", '[[budget]]\nscope = "project"\namount = 5\n')
    assert [rule.directory for rule, _ in budgets_now(app).rules] == [str(place.repo)]
    with pytest.raises(BudgetNotFound):
        remove_budget(app, "project")
    assert set_budgets(app, {DAILY: None}) == []
    assert len(budgets_now(app).rules) == 1
    (place.repo / "codesession.toml").unlink()
    assert budgets_now(app).rules == ()


def test_setting_and_removing_happen_together(place: Place) -> None:
    app = place.app()
    daily = set_budgets(app, {DAILY: Terms(5)})[0].budget
    changes = set_budgets(app, {EACH_SESSION: Terms(2), DAILY: None})
    assert [change.is_removed for change in changes] == [False, True]
    assert changes[1] == Change(daily, is_removed=True)


# --- what there is ---


def test_each_subject_that_has_spent_has_its_account(place: Place) -> None:
    app = place.app()
    set_budget(app, "customer:*", None, Terms(50))
    assert listed(app) == {"customer:*": []}
    for customer in ("acme", "umbrella"):
        use(app, "customer:*", customer)
    spend(app, 3, customer="acme")
    assert listed(app) == {"customer:*": [("customer:acme", 3), ("customer:umbrella", 0)]}


def test_a_named_budget_stands_in_for_that_of_each(place: Place) -> None:
    app = place.app()
    session = start_session(app, "work")
    for scope in ("customer:*", "session"):
        set_budget(app, scope, None, Terms(5))
    use(app, "customer:*", "acme")
    use(app, "session", "", session.id)
    assert listed(app) == {"customer:*": [("customer:acme", 0)], "session": [("session 1", 0)]}
    set_budget(app, "customer:acme", None, Terms(9))
    set_session_budget(app, session.id, Terms(9))
    assert listed(app) == {
        "customer:*": [],
        "customer:acme": [("customer:acme", 0)],
        "session": [],
        "session:1": [("session 1", 0)],
    }


def use(app: App, scope: str, subject: str, session_id: int | None = None) -> None:
    """Have the account of a subject kept, as the first call does that counts toward it."""
    with app.ledger.writing() as tx:
        (budget,) = [one for one in tx.budgets() if one.scope == scope]
        began_ms, ends_ms = span(budget.window, app.now_ms())
        tx.open_account(Account(budget, subject, session_id, began_ms, ends_ms))


@pytest.mark.parametrize(
    ("scope", "window", "label"),
    [
        pytest.param("all", "month", "all", id="all"),
        pytest.param("session", None, "session 1", id="each-session-is-the-one-here"),
        pytest.param("project", "total", "project:{repo}", id="this-project"),
        pytest.param("model:*", None, "model:*", id="every-model-together"),
        pytest.param("agent:codex", "session", "agent:codex in session 1", id="an-agent-in-the-session-here"),
        pytest.param("user:*", None, None, id="each-user-is-nobody-yet"),
        pytest.param("user:*", "session", None, id="each-user-in-a-session-is-nobody-yet"),
    ],
)
def test_a_budget_nothing_has_used_yet_stands_where_its_subject_is_known(
    place: Place, scope: str, window: str | None, label: str | None
) -> None:
    app = place.app()
    session = start_session(app, "work")
    spend(app, 4, session.id, agent="codex")
    standings = set_budget(app, scope, window, Terms(5)).standings
    expected = [] if label is None else [(label.format(repo=place.repo), 4)]
    assert [(standing.account.label, standing.spent_nanos) for standing in standings] == expected
    assert list(listed(app).values()) == [expected]


def test_without_a_session_here_nobody_is_meant_by_each_session(place: Place) -> None:
    app = place.app()
    set_budget(app, "session", None, Terms(5))
    set_budget(app, "agent:codex", "session", Terms(5))
    assert listed(app) == {"agent:codex": [], "session": []}


def test_calls_of_dead_processes_do_not_wait(place: Place) -> None:
    app, other = place.app(), place.app()
    owners = (app.ledger.claim(1), other.ledger.claim(1))
    with app.ledger.writing() as tx:
        asked = [tx.ask(Refusal(Rule.SPEED, "No.", "Stop."), None, "m", owner, 1) for owner in owners]
    assert budgets_now(app).waiting == tuple(asked)
    other.ledger.close()
    assert budgets_now(app).waiting == (asked[0],)
