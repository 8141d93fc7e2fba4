"""How are budgets told to a person? A table of what they have come to, and in sentences what a new one will do."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from codesession.model import EACH, Evidence, Mode, ScopeKind, Window, reason_of
from codesession.report.budgets import dearest
from codesession.report.formats import detailed as money
from codesession.report.formats import dollars, duration, plural, source
from codesession.report.refusals import mode_text
from codesession.report.tables import columns, harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.model import Budget, Mandate, Nanos, Standing
    from codesession.report.budgets import Changed, Situation

EXAMPLE = "cs budget --session 2 --daily 10"

_PER: Mapping[Window, str] = {
    Window.SESSION: "",
    Window.DAY: " a day",
    Window.WEEK: " a week",
    Window.MONTH: " a month",
    Window.TOTAL: " in total",
}
_SO_FAR: Mapping[Window, str] = {
    Window.SESSION: "in this session",
    Window.DAY: "today",
    Window.WEEK: "this week",
    Window.MONTH: "this month",
    Window.TOTAL: "so far",
}
_GOT: Mapping[Evidence, str] = {
    Evidence.MEASURED: "measured",
    Evidence.REPORTED: "reported",
    Evidence.IMPORTED: "imported",
    Evidence.MANUAL: "logged by hand",
    Evidence.ESTIMATED: "estimated",
}


# --- all of them ---


def budgets_text(now: Situation) -> str:
    """Every budget with what it has come to, the calls that wait, and where days begin."""
    parts = []
    if now.rules:
        names = ("Budget", "Window", "Spent", "Held", "Free", "Limit", "Mode", "How it is known")
        rows = [row for budget, standings in now.rules for row in _rows(budget, standings)]
        parts.append(columns("Budgets", names, rows, names[2:6]))
        parts += [
            harmless(f"{omitted:,} more of {budget.scope}, which have spent less.")
            for budget, standings in now.rules
            if (omitted := dearest(standings)[1])
        ]
    else:
        parts.append(f"No budget is set. Set one with: {EXAMPLE}\nYou are told at the limit; --enforce refuses calls.")
    if now.ended:
        parts.append(f"{plural(len(now.ended), 'budget')} of ended sessions left out.")
    parts += _mandates(now.mandates)
    for question in now.waiting:
        parts.append(harmless(f"A call to {question.model} waits for you: {reason_of(question.message)}"))
    if now.waiting:
        parts.append("Answer with: cs approve, or cs deny")
    if any(budget.window not in (Window.SESSION, Window.TOTAL) for budget, _ in now.rules):
        parts.append(f"Days begin at midnight in {now.zone_name}.")
    return "\n".join(parts)


def _rows(budget: Budget, standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    set_by = "" if budget.directory is None else f" ({source(budget.directory, 'you')})"
    mode = mode_text(budget.mode, is_strict=budget.is_strict) + (
        f", asks for {duration(budget.ask_s)}" if budget.ask_s else ""
    )
    if not standings:
        is_each = budget.kind is ScopeKind.SESSION or budget.name == EACH
        whose = f"{budget.scope} (each)" if is_each else budget.scope
        return [(whose + set_by, budget.window, "-", "-", "-", money(budget.limit_nanos), mode, "")]
    return [
        (
            standing.account.label + set_by,
            budget.window,
            money(standing.spent_nanos),
            money(standing.held_nanos),
            _signed(standing.free_nanos),
            money(standing.limit_nanos) + (f" (+{money(standing.extra_nanos)})" if standing.extra_nanos else ""),
            mode,
            evidence_text(standing),
        )
        for standing in dearest(standings)[0]
    ]


def evidence_text(standing: Standing) -> str:
    """How it is known what was spent: ``measured + 12 % estimated; 3 calls unpriced, not counted``."""
    total = standing.spent_nanos
    by_share = sorted(standing.spent_by.items(), key=lambda item: -item[1])
    parts = [" + ".join(_share(evidence, nanos, total) for evidence, nanos in by_share)] if by_share else []
    if standing.unpriced:
        each = standing.account.budget.unpriced_nanos
        counted = f"counted as {money(each)} each" if each else "not counted"
        parts.append(f"{plural(standing.unpriced, 'call')} unpriced, {counted}")
    return "; ".join(parts)


def _share(evidence: Evidence, nanos: Nanos, total: Nanos) -> str:
    if nanos * 2 > total:
        return _GOT[evidence]
    percent = (nanos * 100 + total // 2) // total
    return f"{percent} % {_GOT[evidence]}" if percent else f"under 1 % {_GOT[evidence]}"


def _mandates(mandates: Sequence[Mandate]) -> list[str]:
    told = []
    for mandate in mandates:
        rules = [f"only {', '.join(mandate.allow)}"] if mandate.allow else []
        rules += [f"not {', '.join(mandate.deny)}"] if mandate.deny else []
        if mandate.most_per_call_nanos is not None:
            rules.append(f"at most {money(mandate.most_per_call_nanos)} a call")
        if mandate.most_parallel is not None:
            rules.append(f"at most {plural(mandate.most_parallel, 'call')} at once")
        told.append(harmless(f"Mandate of {mandate.scope}: {'; '.join(rules)}."))
    return told


def _signed(nanos: Nanos) -> str:
    return money(nanos) if nanos >= 0 else f"-{money(-nanos)}"


# --- one that was set ---


def changes_text(changes: Sequence[Changed]) -> str:
    """What was set or removed, and what will happen now."""
    return "\n".join(
        line
        for changed in changes
        for line in (removed_notes if changed.is_removed else set_notes)(changed.budget, changed.standings)
    )


def removed_notes(budget: Budget, standings: Sequence[Standing] = ()) -> list[str]:
    """That a budget holds no more."""
    del standings
    return [f"Removed: {money(budget.limit_nanos)}{_PER[budget.window]} for {_whose(budget)}, mode {budget.mode}."]


def set_notes(budget: Budget, standings: Sequence[Standing]) -> list[str]:
    """What a budget does from now on, with what counts already, as sentences."""
    limit = money(budget.limit_nanos)
    mode = mode_text(budget.mode, is_strict=budget.is_strict)
    notes = [f"{limit}{_PER[budget.window]} for {_whose(budget)}, mode {mode}."]
    notes += [_spent(standing) for standing in standings]
    if budget.mode is Mode.WARN:
        near = "" if budget.warn_at == 100 else f"{budget.warn_at} % and at "  # noqa: PLR2004 - percent
        notes.append(f"You are told at {near}the limit; no call is refused. To refuse them: {_enforced(budget)}")
        return notes
    then = ", and the program that cs run started is ended" if budget.mode is Mode.STOP else ""
    notes.append(f"A call that would pass the limit is refused before it is sent{then}.")
    notes.append(_held(budget))
    if budget.ask_s:
        notes.append(f"Before that it waits up to {budget.ask_s:,} s for you: cs approve, or cs deny.")
    notes.append(_unpriced(budget.unpriced_nanos))
    return notes


def _spent(standing: Standing) -> str:
    known, so_far = evidence_text(standing), _SO_FAR[standing.account.budget.window]
    spent = f"{money(standing.spent_nanos)} spent {so_far} counts already{f' ({known})' if known else ''}"
    if not standing.spent_by and not known:
        spent = f"Nothing was spent {so_far}"
    held = f", {money(standing.held_nanos)} is held for calls in flight" if standing.held_nanos else ""
    is_used_up = standing.free_nanos <= 0 and standing.account.budget.limit_nanos > 0
    return f"{spent}{held}{': the limit is reached' if is_used_up else ''}."


def _held(budget: Budget) -> str:
    if budget.is_strict:
        return (
            "Strict: each call holds the most it can cost, so that the limit is never passed. "
            "Set max_tokens on calls: without it much is held."
        )
    return (
        "Balanced: each call holds what it is expected to cost. The limit can be passed by what calls in flight cost "
        "beyond that; a running stream is ended at the limit."
    )


def _unpriced(nanos: Nanos | None) -> str:
    if nanos is None:
        return "Calls without a known price are refused (--unpriced)."
    return (
        f"Calls without a known price count as {money(nanos)} each."
        if nanos
        else ("Calls without a known price pass, and are not counted.")
    )


def _enforced(budget: Budget) -> str:
    window = "" if budget.window in (Window.SESSION, Window.DAY) else f" --window {budget.window}"
    return f"cs budget set {shlex.quote(budget.scope)} {dollars(budget.limit_nanos)}{window} --mode block"


def _whose(budget: Budget) -> str:
    if budget.kind is ScopeKind.SESSION:
        return f"session {budget.name}" if budget.name else "each session"
    if budget.kind is ScopeKind.ALL:
        return "all calls"
    if budget.kind is ScopeKind.MODEL:
        whose = f"models {budget.name}"
    else:
        whose = f"each {budget.kind}" if budget.name == EACH else f"{budget.kind} {budget.name}"
    return f"{whose}, in each session" if budget.window is Window.SESSION else whose
