"""Do the documents and words of budgets say what is so?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from codesession.model import (
    Account,
    Budget,
    Evidence,
    Mandate,
    Mode,
    Question,
    QuestionState,
    ScopeKind,
    Standing,
    Window,
)
from codesession.report.budget_words import budgets_text, evidence_text, removed_notes, set_notes
from codesession.report.budgets import MOST_ACCOUNTS, budgets_document

if TYPE_CHECKING:
    from collections.abc import Mapping

USD = 10**9
ALL = Budget(ScopeKind.ALL, "", Window.DAY, 10 * USD, id=1)
EACH = Budget(ScopeKind.CUSTOMER, "*", Window.MONTH, 5 * USD, Mode.BLOCK, ask_s=90, id=2)


@dataclass(frozen=True)
class Now:
    """A situation."""

    rules: tuple[tuple[Budget, tuple[Standing, ...]], ...] = ()
    waiting: tuple[Question, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    zone_name: str = "Europe/Berlin"
    ended: tuple[Budget, ...] = ()


def standing(budget: Budget = ALL, subject: str = "", spent: Mapping[Evidence, int] | None = None) -> Standing:
    return Standing(Account(budget, subject, None, 1_772_409_600_000, 1_772_496_000_000), spent or {})


def line_of(text: str, begin: str) -> list[str]:
    (found,) = [line for line in text.splitlines() if line.startswith(begin)]
    return [cell for cell in found.split("  ") if cell.strip()]


# --- documents ---


def test_an_account_has_its_money_in_dollars_and_its_times() -> None:
    told = replace(standing(spent={Evidence.MEASURED: 2 * USD, Evidence.ESTIMATED: USD}), held_nanos=USD, unpriced=3)
    document = budgets_document(Now(((ALL, (replace(told, extra_nanos=USD),)),)))
    (budget,) = document["budgets"]
    assert budget["accounts"] == [
        {
            "subject": None,
            "sessionId": None,
            "spent": 3.0,
            "held": 1.0,
            "free": 7.0,
            "limit": 11.0,
            "extra": 1.0,
            "unpricedCalls": 3,
            "began": "2026-03-02T00:00:00.000Z",
            "ends": "2026-03-03T00:00:00.000Z",
            "evidence": {"measured": 2.0, "estimated": 1.0},
        }
    ]
    assert (document["daily"], document["session"], document["timezone"]) == (10.0, None, "Europe/Berlin")


def test_the_two_usual_limits_are_the_users_own_and_of_all() -> None:
    others = (
        replace(ALL, directory="/repo"),
        replace(ALL, window=Window.WEEK),
        Budget(ScopeKind.SESSION, "12", Window.SESSION, USD),
        Budget(ScopeKind.SESSION, "", Window.SESSION, USD, directory="/repo"),
    )
    document = budgets_document(Now(tuple((budget, ()) for budget in others)))
    assert (document["daily"], document["session"]) == (None, None)
    assert document["budgets"][0]["source"] == "/repo/codesession.toml"
    assert document["budgets"][1]["source"] == "user"


def test_of_many_accounts_the_dearest_are_listed() -> None:
    many = tuple(standing(EACH, f"c{number}", {Evidence.MEASURED: number}) for number in range(MOST_ACCOUNTS + 7))
    now = Now(((EACH, many),))
    (budget,) = budgets_document(now)["budgets"]
    assert [account["subject"] for account in budget["accounts"]][:2] == ["c56", "c55"]
    assert (len(budget["accounts"]), budget["accountsOmitted"]) == (50, 7)
    assert "7 more of customer:*, which have spent less." in budgets_text(now)


def test_a_mandate_is_listed() -> None:
    mandate = Mandate(ScopeKind.AGENT, "codex", ("gpt-5*",), ("*-pro",), USD, 2)
    now = Now(mandates=(mandate,))
    assert budgets_document(now)["mandates"] == [
        {
            "scope": "agent:codex",
            "allow": ["gpt-5*"],
            "deny": ["*-pro"],
            "mostPerCall": 1.0,
            "mostParallel": 2,
            "source": "user",
        }
    ]
    told = "Mandate of agent:codex: only gpt-5*; not *-pro; at most $1.00 a call; at most 2 calls at once."
    assert told in budgets_text(now)


# --- words ---


@pytest.mark.parametrize(
    ("spent", "unpriced", "each", "expected"),
    [
        pytest.param({}, 0, None, "", id="nothing"),
        pytest.param({"measured": 5}, 0, None, "measured", id="one-way"),
        pytest.param({"measured": 88, "estimated": 12}, 0, None, "measured + 12 % estimated", id="mostly-one"),
        pytest.param({"manual": 60, "estimated": 40}, 0, None, "logged by hand + 40 % estimated", id="by-hand"),
        pytest.param({"measured": 9_999, "imported": 1}, 0, None, "measured + under 1 % imported", id="very-little"),
        pytest.param({"measured": 5, "reported": 5}, 0, None, "50 % measured + 50 % reported", id="half-and-half"),
        pytest.param({"measured": 5}, 3, None, "measured; 3 calls unpriced, not counted", id="unpriced"),
        pytest.param({}, 1, 0, "1 call unpriced, not counted", id="only-unpriced"),
        pytest.param(
            {"estimated": USD}, 2, USD // 2, "estimated; 2 calls unpriced, counted as $0.50 each", id="as-much"
        ),
    ],
)
def test_how_it_is_known_what_was_spent(
    spent: Mapping[str, int], unpriced: int, each: int | None, expected: str
) -> None:
    by = {Evidence(name): nanos for name, nanos in spent.items()}
    told = standing(replace(ALL, unpriced_nanos=each), spent=by)
    assert evidence_text(replace(told, unpriced=unpriced)) == expected


def test_each_budget_is_a_line_with_its_mode() -> None:
    over = standing(spent={Evidence.MEASURED: 11 * USD})
    strict = replace(ALL, kind=ScopeKind.PROJECT, name="/p", mode=Mode.STOP, is_strict=True, directory="/p")
    used = replace(standing(strict, "/p"), extra_nanos=USD, held_nanos=USD)
    told = budgets_text(Now(((ALL, (over,)), (EACH, ()), (strict, (used,))), ended=(ALL, ALL)))
    assert [cell.strip() for cell in line_of(told, "all ")] == [
        "all", "day", "$11.00", "$0.00", "-$1.00", "$10.00", "warn", "measured",
    ]  # fmt: skip
    assert [cell.strip() for cell in line_of(told, "customer")] == [
        "customer:* (each)", "month", "-", "-", "-", "$5.00", "block, balanced, asks for 1m",
    ]  # fmt: skip
    assert [cell.strip() for cell in line_of(told, "project")] == [
        "project:/p (/p/codesession.toml)", "day", "$0.00", "$1.00", "$10.00", "$11.00 (+$1.00)", "stop, strict",
    ]  # fmt: skip
    assert told.endswith("2 budgets of ended sessions left out.\nDays begin at midnight in Europe/Berlin.")


def test_a_name_cannot_command_a_terminal() -> None:
    budget = replace(EACH, name="a\x1b[31m")
    question = Question(1, QuestionState.WAITING, "budget", "m\x1b[2J", None, None, "x\x1b[2J", None, 1, 2)
    assert "\x1b" not in budgets_text(Now(((budget, (standing(budget, "a\x1b[31m"),)),), waiting=(question,)))


def test_where_no_day_counts_it_is_not_said_when_it_begins() -> None:
    assert "Days begin" not in budgets_text(Now(((replace(ALL, window=Window.TOTAL), ()),)))


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        pytest.param(ALL, "$10.00 a day for all calls, mode warn.", id="all"),
        pytest.param(EACH, "$5.00 a month for each customer, mode block, balanced.", id="each-customer"),
        pytest.param(
            Budget(ScopeKind.SESSION, "12", Window.SESSION, USD, Mode.STOP, is_strict=True),
            "$1.00 for session 12, mode stop, strict.",
            id="a-session",
        ),
        pytest.param(
            Budget(ScopeKind.AGENT, "codex", Window.SESSION, USD),
            "$1.00 for agent codex, in each session, mode warn.",
            id="an-agent-in-each-session",
        ),
        pytest.param(
            Budget(ScopeKind.MODEL, "*", Window.TOTAL, USD), "$1.00 in total for models *, mode warn.", id="all-models"
        ),
    ],
)
def test_a_budget_is_said_in_a_sentence(budget: Budget, expected: str) -> None:
    assert set_notes(budget, ())[0] == expected
    assert removed_notes(budget)[0].startswith(f"Removed: {expected.partition(', mode')[0]}")


def test_what_to_type_to_enforce_a_budget_can_be_typed() -> None:
    told = set_notes(replace(EACH, mode=Mode.WARN, limit_nanos=2_500_000_000), ())[-1]
    assert told.endswith("To refuse them: cs budget set 'customer:*' 2.5 --window month --mode block")
    assert "80 % and at the limit" in told
    assert "at the limit" in set_notes(replace(ALL, warn_at=100), ())[-1]


def test_what_counts_already_is_said() -> None:
    some = replace(standing(spent={Evidence.MEASURED: 2 * USD}), held_nanos=USD)
    assert set_notes(ALL, (some,))[1] == (
        "$2.00 spent today counts already (measured), $1.00 is held for calls in flight."
    )
    assert set_notes(ALL, (standing(),))[1] == "Nothing was spent today."
    over = standing(spent={Evidence.MEASURED: 12 * USD})
    assert set_notes(ALL, (over,))[1] == "$12.00 spent today counts already (measured): the limit is reached."


@pytest.mark.parametrize(
    ("unpriced", "expected"),
    [
        pytest.param(None, "are refused", id="refused"),
        pytest.param(0, "pass, and are not counted", id="let-pass"),
        pytest.param(USD // 2, "count as $0.50 each", id="counted"),
    ],
)
def test_what_happens_to_calls_without_a_price_is_said(unpriced: int | None, expected: str) -> None:
    assert expected in set_notes(replace(EACH, unpriced_nanos=unpriced), ())[-1]
