"""Does a refusal say what stands against the call, and does doing as it says help?"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests.guard.values import CENT, attempt, budget, standing

from codesession.guard import words
from codesession.guard.rules import Case, check
from codesession.model import Level, Mode, QuestionState, Refusal, Rule, from_usd

if TYPE_CHECKING:
    from codesession.model import Budget


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (budget(), "budget of today"),
        (budget(window="week"), "budget of this week"),
        (budget(window="month"), "budget of this month"),
        (budget(window="total"), "budget of all time"),
        (budget("session", "", "session"), "budget for session 7"),
        (budget("customer", "acme"), "budget of today for customer:acme"),
        (budget("agent", "codex", "total"), "budget for agent:codex"),
        (budget("agent", "codex", "session"), "budget for agent:codex in session 7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_budget_is_named_as_a_person_would(of: Budget, name: str) -> None:
    assert words.whose(standing(of)) == name


def test_a_refusal_has_its_figures() -> None:
    here = standing(budget(is_strict=True), spent=90 * CENT, held=5 * CENT)
    assert words.budget_sentence(here, 6 * CENT, attempt()) == (
        "codesession refused this call: the $1.00 budget of today does not allow it "
        "($0.90 spent, $0.05 held for calls in flight; this call to gpt-5 can cost up to $0.06)."
    )
    assert words.budget_sentence(standing(budget(), 99 * CENT), 2 * CENT, attempt()) == (
        "codesession refused this call: the $1.00 budget of today does not allow it "
        "($0.99 spent; this call to gpt-5 is expected to cost $0.02)."
    )


def test_the_limit_that_is_told_is_the_one_in_force() -> None:
    assert "the $1.50 budget" in words.budget_sentence(standing(extra_nanos=50 * CENT), CENT, attempt())


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)
def test_what_the_advice_says_to_approve_lets_the_call_pass(limit: int, spent: int, held: int, needed: int) -> None:
    here = standing(replace(budget(is_strict=True), limit_nanos=limit), spent, held)
    refused = check(Case(attempt(), needed, needed, [here]))
    if refused is None:
        return
    amount = refused.advice.partition("cs approve +")[2].split()[0]
    approved = replace(here, extra_nanos=from_usd(Decimal(amount)))
    assert check(Case(attempt(), needed, needed, [approved])) is None


@pytest.mark.parametrize(
    ("spent", "level", "sentence"),
    [
        (85, Level.NEAR, "85 % of the $1.00 budget of today is used: $0.85 spent."),
        (101, Level.OVER, "The $1.00 budget of today is used up: $1.01 spent."),
    ],
    ids=["near", "over"],
)
def test_an_alert_tells_how_far_it_has_come(spent: int, level: Level, sentence: str) -> None:
    assert words.alert_sentence(standing(spent=spent * CENT), level) == sentence


def test_an_alert_tells_what_it_does_not_know_and_does_not_do() -> None:
    here = standing(budget(mode=Mode.WARN), 100 * CENT, unpriced=3)
    assert words.alert_sentence(here, Level.OVER).endswith(
        "Calls go on: its mode is warn. 3 calls without a price are not counted."
    )
    assert "3 calls without a price" in words.alert_sentence(here, Level.NEAR)


def test_a_limit_of_nothing_can_be_told_of() -> None:
    nothing = standing(budget(limit_nanos=0))
    assert words.alert_sentence(nothing, Level.OVER).startswith("The $0.00 budget of today is used up")
    assert words.alert_sentence(nothing, Level.NEAR)


def test_an_answer_that_is_ended_says_why() -> None:
    here = standing(budget("session", "", "session", mode=Mode.STOP), 100 * CENT)
    refused = words.ended(here, 3 * CENT, 2 * CENT)
    assert (refused.rule, refused.mode, refused.needed_nanos, refused.standing) == (
        Rule.BUDGET,
        Mode.STOP,
        3 * CENT,
        here,
    )
    assert refused.sentence == (
        "codesession ended this answer: with the $0.03 it has cost so far, the $1.00 budget for session 7 is used up."
    )
    assert [figure.is_kept for figure in refused.figures] == [False]


def test_a_person_is_asked_in_the_words_of_the_refusal() -> None:
    here = standing(budget(ask_s=90), 100 * CENT)
    refused = check(Case(attempt(), CENT, CENT, [here]))
    assert refused
    question = words.asking(refused)
    assert question.startswith("A call waits for you: the $1.00 budget of today does not allow it")
    assert question.endswith("Answer within 90 s with: cs approve, or cs deny")


ASKED = Refusal(Rule.BUDGET, "It would pass the limit.", "Approve it.", ask_s=60, mode=Mode.STOP, needed_nanos=3)


def test_a_call_that_was_denied_is_refused_for_that() -> None:
    refused = words.not_approved(ASKED, QuestionState.DENIED)
    assert (refused.rule, refused.ask_s, refused.mode) == (Rule.DENIED, 0, Mode.STOP)
    assert refused.message.startswith("It would pass the limit. A person was asked, and said no.")


def test_a_call_that_nobody_answered_is_refused_for_what_it_was() -> None:
    refused = words.not_approved(ASKED, QuestionState.EXPIRED)
    assert (refused.rule, refused.ask_s) == (Rule.BUDGET, 0)
    assert "did not answer in time" in refused.advice


def test_a_ledger_that_cannot_be_written_is_named() -> None:
    refused = words.unwritten("The disk is full.")
    assert refused.rule is Rule.LEDGER
    assert refused.sentence.endswith("The disk is full.")
    assert "cs doctor" in refused.advice


@pytest.mark.parametrize("rule", [Rule.SAME_REQUEST, Rule.SAME_TOOL_CALL, Rule.ERROR_LOOP, Rule.FILE_CHURN])
def test_a_loop_is_to_be_left_and_speed_to_be_slowed(rule: Rule) -> None:
    assert "stop here" in words.runaway_advice(rule)
    assert words.runaway_advice(Rule.SPEED).startswith("Slow down")


def test_every_advice_says_whether_to_try_again() -> None:
    for key, advice in words.ADVICE.items():
        assert "Do not re" in advice or key == "too_many_parallel", key
