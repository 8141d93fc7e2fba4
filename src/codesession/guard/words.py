"""How is a no said? One sentence with the figures for the person and the model, and one with what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codesession.model import (
    ENDED,
    NANOS_PER_USD,
    REFUSED,
    Figure,
    Level,
    QuestionState,
    Refusal,
    Rule,
    ScopeKind,
    Window,
    reason_of,
)
from codesession.model.money import detailed as money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesession.model import Attempt, Nanos, Standing

_CENT = NANOS_PER_USD // 100

ADVICE: Mapping[str, str] = {
    "unpriced": (
        "Set its price with: cs pricing set {model} <dollars per million in> <out>. Or let such calls pass with "
        "--unpriced allow. Do not retry."
    ),
    "unmetered": "Let such calls pass with --unpriced allow, or count each as an amount. Do not retry.",
    "unbounded": "Leave those tools out, or set the budget with --balanced. Do not retry.",
    "model": "Choose another model. Do not retry.",
    "call_too_dear": "Ask for less (max_tokens, a shorter prompt), or choose a cheaper model. Do not retry.",
    "too_many_parallel": "Do not retry at once: wait until one has ended.",
    "denied": "A person was asked, and said no. Do not retry: finish with what there is.",
    "expired": "A person was asked, and did not answer in time. Do not retry.",
    "ledger": "Free the disk or end what locks the file, then go on: cs doctor says what is wrong. Do not retry.",
    "runaway": "Do not repeat it: stop here, or go about it differently. cs budget why explains.",
}

_PER: Mapping[Window, str] = {
    Window.SESSION: "",
    Window.DAY: " of today",
    Window.WEEK: " of this week",
    Window.MONTH: " of this month",
    Window.TOTAL: "",
}


def whose(standing: Standing) -> str:
    """The budget of an account, as a person would name it: ``budget of today for customer:acme``."""
    account = standing.account
    per = _PER[account.budget.window]
    if account.budget.kind is ScopeKind.ALL:
        return f"budget{per}" if per else "budget of all time"
    return f"budget{per} for {account.label}"


def budget_sentence(standing: Standing, needed_nanos: Nanos, attempt: Attempt) -> str:
    """What stands against a call, with its figures."""
    held = f", {money(standing.held_nanos)} held for calls in flight" if standing.held_nanos else ""
    would = "can cost up to" if standing.account.budget.is_strict else "is expected to cost"
    needed = f"this call to {attempt.model} {would} {money(needed_nanos)}"
    return (
        f"{REFUSED}the {money(standing.limit_nanos)} {whose(standing)} does not allow it "
        f"({money(standing.spent_nanos)} spent{held}; {needed})."
    )


def ended_sentence(standing: Standing, running_nanos: Nanos) -> str:
    """Why an answer does not go on."""
    return (
        f"{ENDED}with the {money(running_nanos)} it has cost so far, the "
        f"{money(standing.limit_nanos)} {whose(standing)} is used up."
    )


def raise_it(standing: Standing, needed_nanos: Nanos) -> str:
    """What to do about a limit that was reached."""
    cents = more_than(standing, needed_nanos - standing.free_nanos) // _CENT
    return (
        "Do not retry: commit what is done and stop. A person can allow more with: "
        f"cs approve +{cents // 100}.{cents % 100:02d} - or go on with a cheaper model."
    )


def more_than(standing: Standing, lacking_nanos: Nanos) -> Nanos:
    """What to allow beyond a limit, in whole cents, when so much is lacking: a fifth of it at least.

    Less would soon be used up again.
    """
    return -(-max(lacking_nanos, standing.limit_nanos // 5, _CENT) // _CENT) * _CENT


def alert_sentence(standing: Standing, level: Level) -> str:
    """What a person hears when an account comes near its limit, or reaches it."""
    limit, spent = money(standing.limit_nanos), money(standing.spent_nanos)
    what = f"{limit} {whose(standing)}"
    unpriced = f" {standing.unpriced} calls without a price are not counted." if standing.unpriced else ""
    if level is Level.OVER:
        then = "" if standing.account.budget.blocks else " Calls go on: its mode is warn."
        return f"The {what} is used up: {spent} spent.{then}{unpriced}"
    share = standing.spent_nanos * 100 // max(1, standing.limit_nanos)
    return f"{share} % of the {what} is used: {spent} spent.{unpriced}"


def runaway_advice(rule: Rule) -> str:
    """What to do about a loop."""
    return ADVICE["runaway"] if rule is not Rule.SPEED else "Slow down, or use a cheaper model. Do not retry."


def ended(standing: Standing, running_nanos: Nanos, reserved_nanos: Nanos) -> Refusal:
    """Why an answer that has cost so much does not go on; so much of that was held for it."""
    budget = standing.account.budget
    return Refusal(
        Rule.BUDGET,
        ended_sentence(standing, running_nanos),
        raise_it(standing, running_nanos - reserved_nanos),
        (Figure(standing, running_nanos, is_kept=False),),
        standing,
        running_nanos,
        budget.mode,
    )


def unwritten(reason: str) -> Refusal:
    """Why no call is sent while the ledger cannot be written."""
    sentence = f"{REFUSED}a budget applies, and it cannot be kept. {reason}"
    return Refusal(Rule.LEDGER, sentence, ADVICE["ledger"])


def asking(refusal: Refusal) -> str:
    """What a person is asked."""
    reason = reason_of(refusal.sentence)
    return f"A call waits for you: {reason} Answer within {refusal.ask_s} s with: cs approve, or cs deny"


def not_approved(refusal: Refusal, state: QuestionState) -> Refusal:
    """The refusal of a call that somebody was asked about."""
    is_denied = state is QuestionState.DENIED
    advice = ADVICE["denied" if is_denied else "expired"]
    return replace(refusal, rule=Rule.DENIED if is_denied else refusal.rule, advice=advice, ask_s=0)
