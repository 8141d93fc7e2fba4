"""Does each call count toward the accounts it is meant to, and toward no other?"""

from __future__ import annotations

from datetime import UTC

import pytest
from tests.guard.values import NOON, attempt, budget

from codesession.guard.accounts import accounts_of
from codesession.model import Account, Attempt, Budget

NOBODY = attempt(None)
SOMEBODY = attempt(agent="codex", user="ann", customer="acme")
MIDNIGHT = 1_772_409_600_000


def found(*budgets: Budget, asked: Attempt = SOMEBODY, directory: str | None = "/p") -> list[Account]:
    return accounts_of(budgets, asked, directory, NOON, UTC)


def labels(*budgets: Budget, asked: Attempt = SOMEBODY, directory: str | None = "/p") -> list[str]:
    return [
        f"{account.budget.scope} -> {account.label}" for account in found(*budgets, asked=asked, directory=directory)
    ]


@pytest.mark.parametrize(
    ("of", "label"),
    [
        (budget(), "all"),
        (budget("session", "", "session"), "session 7"),
        (budget("session", "7", "session"), "session 7"),
        (budget("project", "/p"), "project:/p"),
        (budget("project", "*"), "project:/p"),
        (budget("agent", "codex"), "agent:codex"),
        (budget("agent", "*"), "agent:codex"),
        (budget("agent", "*", "session"), "agent:codex in session 7"),
        (budget("user", "ann"), "user:ann"),
        (budget("user", "*"), "user:ann"),
        (budget("customer", "acme"), "customer:acme"),
        (budget("customer", "*"), "customer:acme"),
        (budget("model", "gpt-*"), "model:gpt-*"),
        (budget("model", "openai/gpt-5"), "model:openai/gpt-5"),
        (budget("model", "*", "session"), "model:* in session 7"),
        (budget(directory="/p"), "all"),
    ],
    ids=lambda value: f"{value.scope}-{value.window}" if isinstance(value, Budget) else None,
)
def test_a_call_counts_toward_what_it_is_of(of: Budget, label: str) -> None:
    (account,) = found(of)
    assert (account.label, account.budget) == (label, of)


@pytest.mark.parametrize(
    "of",
    [
        budget("session", "8", "session"),
        budget("project", "/elsewhere"),
        budget("project", "/"),
        budget("agent", "Codex"),
        budget("agent", "c*"),
        budget("user", "an"),
        budget("customer", ""),
        budget("model", "gpt"),
        budget("model", "anthropic/*"),
        budget(directory="/elsewhere"),
    ],
    ids=lambda value: value.scope,
)
def test_and_toward_nothing_else(of: Budget) -> None:
    assert found(of) == []


@pytest.mark.parametrize("kind", ["project", "agent", "user", "customer"])
def test_a_call_of_nobody_is_not_counted_as_one_of_each(kind: str) -> None:
    for name in ("*", "", "None"):
        assert found(budget(kind, name), asked=NOBODY, directory=None) == []
        assert found(budget(kind, name), asked=attempt(agent="", user="", customer=""), directory="") == []


@pytest.mark.parametrize(
    "of",
    [
        budget("session", "", "session"),
        budget("session", "None", "session"),
        budget("model", "*", "session"),
        budget("agent", "*", "session"),
    ],
    ids=lambda value: value.scope,
)
def test_a_call_without_a_session_counts_toward_no_window_of_a_session(of: Budget) -> None:
    assert found(of, asked=attempt(None, agent="codex")) == []


def test_an_account_knows_its_window() -> None:
    day, total, session = found(budget(), budget(window="total"), budget("agent", "*", "session"))
    assert (day.session_id, day.began_ms, day.ends_ms) == (None, MIDNIGHT, MIDNIGHT + 86_400_000)
    assert (total.session_id, total.began_ms, total.ends_ms) == (None, 0, None)
    assert (session.session_id, session.began_ms, session.ends_ms) == (7, 0, None)


def test_the_budget_of_a_name_stands_in_for_that_of_each() -> None:
    each, acme, other = budget("customer", "*"), budget("customer", "acme"), budget("customer", "other")
    assert labels(each, acme, other) == ["customer:acme -> customer:acme"]
    assert labels(acme, each) == ["customer:acme -> customer:acme"]
    assert labels(each, other) == ["customer:* -> customer:acme"]
    sessions = [budget("session", name, "session") for name in ("", "7", "8")]
    assert labels(*sessions) == ["session:7 -> session 7"]


@pytest.mark.parametrize(
    "named",
    [
        budget("customer", "acme", "week"),
        budget("customer", "acme", directory="/p"),
        budget("agent", "codex"),
        budget("project", "/p"),
    ],
    ids=["another-window", "another-source", "another-kind", "and-another"],
)
def test_it_stands_in_for_no_other_kind_window_or_source(named: Budget) -> None:
    assert len(found(budget("customer", "*"), named)) == 2


def test_of_its_own_source_it_does() -> None:
    each, acme = budget("customer", "*", directory="/p"), budget("customer", "acme", directory="/p")
    assert [account.budget for account in found(each, acme)] == [acme]


def test_a_named_budget_that_does_not_apply_stands_in_for_nothing() -> None:
    each, acme = budget("customer", "*"), budget("customer", "acme", directory="/elsewhere")
    assert [account.budget for account in found(each, acme)] == [each]


def test_patterns_of_models_never_stand_in_for_each_other() -> None:
    patterns = ["*", "gpt-*", "gpt-5", "openai/*"]
    assert len(found(*(budget("model", pattern) for pattern in patterns))) == len(patterns)


def test_all_and_session_stand_beside_what_is_named() -> None:
    assert len(found(budget(), budget("session", "", "session"), budget("agent", "codex"))) == 3
