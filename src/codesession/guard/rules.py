"""May a call be sent? A table of rules, each a function of what is asked and how things stand.

A budget rule is one function and one line in `RULES`. A rule reads figures and says no, or nothing; it does no I/O and
has no clock. What it reads was read in the transaction in which its word is acted upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesession.guard.patterns import means
from codesession.guard.words import ADVICE, budget_sentence, raise_it
from codesession.model import Figure, Mode, Refusal, Rule
from codesession.model.money import detailed as money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesession.model import Attempt, Mandate, Nanos, Standing


@dataclass(frozen=True, slots=True)
class Case:
    """One call before the rules; money in nano-dollars."""

    attempt: Attempt
    ceiling_nanos: Nanos | None
    """the most it can cost; None: no price is known"""
    expected_nanos: Nanos | None
    """what it is expected to cost; None: no price is known"""
    standings: Sequence[Standing] = ()
    mandates: Sequence[tuple[Mandate, int]] = ()
    """each with the calls in flight that it counts"""
    is_metered: bool = True
    """whether what it will have cost can be read"""

    def needed_nanos(self, standing: Standing) -> Nanos | None:
        """What the call would hold in an account; None if that is not known."""
        budget = standing.account.budget
        known = self.ceiling_nanos if budget.is_strict else self.expected_nanos
        return budget.unpriced_nanos if known is None else known


def check(case: Case) -> Refusal | None:
    """The first rule's word against the call, one that is final before one that asks; None: it may be sent."""
    refusals = [refusal for rule in RULES for refusal in rule(case)]
    if not refusals:
        return None
    first = min(refusals, key=lambda refusal: (refusal.ask_s > 0, refusal.mode is not Mode.STOP))
    stops = any(refusal.mode is Mode.STOP for refusal in refusals)
    return Refusal(
        first.rule,
        first.sentence,
        first.advice,
        figures(case),
        first.standing,
        first.needed_nanos,
        Mode.STOP if stops else first.mode,
        first.ask_s,
    )


def figures(case: Case) -> tuple[Figure, ...]:
    """How each budget that applies comes out for the call."""
    return tuple(
        Figure(standing, needed, is_kept=needed is not None and standing.free_nanos >= needed)
        for standing in case.standings
        for needed in (case.needed_nanos(standing),)
    )


def passes_no_limit(case: Case) -> list[Refusal]:
    """What is spent, held, and needed for the call must be within each blocking limit."""
    return [
        _refused(
            Rule.BUDGET,
            budget_sentence(standing, needed, case.attempt),
            raise_it(standing, needed),
            standing,
            needed,
        )
        for standing in case.standings
        if standing.account.budget.blocks
        and (needed := case.needed_nanos(standing)) is not None
        and standing.free_nanos < needed
    ]


def has_a_price(case: Case) -> list[Refusal]:
    """Under a blocking limit a call must have a price, or the budget must say what one without counts as."""
    if case.ceiling_nanos is not None and case.is_metered:
        return []
    what = f"No price of {case.attempt.model} ({case.attempt.provider}) is known"
    if not case.is_metered:
        what = f"What {case.attempt.provider} takes for {case.attempt.model} cannot be read here"
    return [
        _refused(
            Rule.UNPRICED,
            f"{what}, and the {standing.account.label} budget cannot hold without one.",
            ADVICE["unpriced" if case.is_metered else "unmetered"].format(model=case.attempt.model),
            standing,
            None,
        )
        for standing in case.standings
        if standing.account.budget.blocks and standing.account.budget.unpriced_nanos is None
    ]


def has_a_bound(case: Case) -> list[Refusal]:
    """Under a strict limit there must be a most that the call can cost."""
    if not case.attempt.is_unbounded:
        return []
    return [
        _refused(
            Rule.UNBOUNDED,
            "The provider may go on by itself with the tools of this call (such as its web search), so there is no "
            f"most it can cost, and the {standing.account.label} budget is strict.",
            ADVICE["unbounded"],
            standing,
            None,
        )
        for standing in case.standings
        if standing.account.budget.blocks and standing.account.budget.is_strict
    ]


def is_of_an_allowed_model(case: Case) -> list[Refusal]:
    """A mandate may name the models that may be called, and those that may not."""
    attempt = case.attempt
    refused = []
    for mandate, _ in case.mandates:
        is_denied = any(means(pattern, attempt.provider, attempt.model) for pattern in mandate.deny)
        is_allowed = not mandate.allow or any(
            means(pattern, attempt.provider, attempt.model) for pattern in mandate.allow
        )
        if is_denied or not is_allowed:
            allowed = f" Allowed: {', '.join(mandate.allow)}." if mandate.allow else ""
            sentence = f"{attempt.model} may not be called by {mandate.scope}.{allowed}"
            refused.append(_refused(Rule.MODEL, sentence, ADVICE["model"]))
    return refused


def is_not_too_dear(case: Case) -> list[Refusal]:
    """A mandate may bound what one call can cost."""
    refused = []
    for mandate, _ in case.mandates:
        most = mandate.most_per_call_nanos
        if most is None:
            continue
        cost = case.ceiling_nanos
        if cost is None or cost > most:
            could = "has no known price" if cost is None else f"could cost {money(cost)}"
            sentence = f"This call {could}; {mandate.scope} may spend at most {money(most)} on one."
            refused.append(_refused(Rule.CALL_TOO_DEAR, sentence, ADVICE["call_too_dear"]))
    return refused


def is_not_one_too_many(case: Case) -> list[Refusal]:
    """A mandate may bound how many calls are in flight at a time."""
    return [
        _refused(
            Rule.TOO_MANY_PARALLEL,
            f"{mandate.scope} has {in_flight} calls in flight, and may have {mandate.most_parallel}.",
            ADVICE["too_many_parallel"],
        )
        for mandate, in_flight in case.mandates
        if mandate.most_parallel is not None and in_flight >= mandate.most_parallel
    ]


RULES: tuple[Callable[[Case], list[Refusal]], ...] = (
    is_of_an_allowed_model,
    is_not_too_dear,
    is_not_one_too_many,
    has_a_bound,
    has_a_price,
    passes_no_limit,
)


def _refused(
    rule: Rule, sentence: str, advice: str, standing: Standing | None = None, needed: Nanos | None = None
) -> Refusal:
    budget = standing.account.budget if standing else None
    # only what money can mend is worth asking a person about
    ask_s = budget.ask_s if budget and rule is Rule.BUDGET else 0
    return Refusal(rule, sentence, advice, (), standing, needed, budget.mode if budget else None, ask_s)
