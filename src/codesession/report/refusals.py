"""What was refused and why, and what did a person say to it? As documents, and in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from codesession.model import EventKind, to_usd
from codesession.report.budgets import account_row, question_row
from codesession.report.documents import document, usd
from codesession.report.formats import detailed as money
from codesession.report.formats import iso, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from codesession.model import Event, Nanos, Question, Standing
    from codesession.report.documents import Document

    class Raised(Protocol):
        """More that was allowed in one account."""

        @property
        def standing(self) -> Standing:
            """As it is now."""
            ...

        @property
        def extra_nanos(self) -> Nanos:
            """How much more."""
            ...


class FigureView(NamedTuple):
    """How one budget came out for a call that was refused; money in nano-dollars."""

    account: str
    window: str
    mode: str
    is_strict: bool
    limit_nanos: Nanos
    spent_nanos: Nanos
    held_nanos: Nanos
    needed_nanos: Nanos | None
    is_kept: bool


def figures_of(event: Event) -> list[FigureView]:
    """The budgets that applied to the call of an event, as they then stood."""
    figures = event.details.get("budgets")
    return [
        FigureView(
            str(figure["account"]),
            str(figure["window"]),
            str(figure["mode"]),
            bool(figure["strict"]),
            int(figure["limit"]),
            int(figure["spent"]),
            int(figure["held"]),
            None if figure["needed"] is None else int(figure["needed"]),
            bool(figure["kept"]),
        )
        for figure in (figures if isinstance(figures, list) else [])
    ]


# --- documents ---


def why_document(event: Event | None) -> Document:
    """What ``budget why`` answers."""
    return document({"refusal": None if event is None else _refusal(event)})


def approved_document(answered: Sequence[Question], raised: Sequence[Raised]) -> Document:
    """What ``approve`` answers."""
    return document(answered_rows(answered, raised))


def answered_rows(answered: Sequence[Question], raised: Sequence[Raised] = ()) -> Document:
    """The calls that a person has answered, and what was allowed for them."""
    rows = [
        {
            "account": done.standing.account.label,
            "window": done.standing.account.budget.window,
            "approved": to_usd(done.extra_nanos),
            **account_row(done.standing),
        }
        for done in raised
    ]
    return {"answered": [question_row(question) for question in answered], "approved": rows}


def denied_document(answered: Sequence[Question]) -> Document:
    """What ``deny`` answers."""
    return document({"answered": [question_row(question) for question in answered]})


def whose(event: Event) -> Document:
    """What an event is about, as every document has it."""
    return {
        "sessionId": event.session_id,
        "callId": event.call_id,
        "provider": event.provider,
        "model": event.model,
        "agent": event.agent,
        "user": event.user,
        "customer": event.customer,
    }


def _refusal(event: Event) -> Document:
    advice = event.details.get("advice")
    return {
        "kind": event.kind,
        "at": iso(event.at_ms),
        "rule": event.rule,
        "message": event.message,
        "advice": advice if isinstance(advice, str) else None,
        **whose(event),
        "budgets": [
            {
                "account": figure.account,
                "window": figure.window,
                "mode": figure.mode,
                "strict": figure.is_strict,
                "limit": to_usd(figure.limit_nanos),
                "spent": to_usd(figure.spent_nanos),
                "held": to_usd(figure.held_nanos),
                "needed": usd(figure.needed_nanos),
                "kept": figure.is_kept,
            }
            for figure in figures_of(event)
        ],
    }


# --- text ---


def why_text(event: Event | None) -> str:
    """The last refusal for a person: when, which call, why, what to do, and how each budget came out."""
    if event is None:
        return "No call has been refused."
    from codesession.report.tables import columns, facts, harmless

    advice = event.details.get("advice")
    rows = [
        ("What", "a running answer was ended" if event.kind is EventKind.ENDED else "a call was not sent"),
        ("When", datetime.fromtimestamp(event.at_ms / 1000).astimezone().strftime("%b %d, %Y %H:%M:%S")),
        ("Model", " at ".join(name for name in (event.model, event.provider) if name)),
        ("Session", "" if event.session_id is None else str(event.session_id)),
        ("Agent", event.agent or ""),
        ("User", event.user or ""),
        ("Customer", event.customer or ""),
        ("Rule", event.rule or ""),
    ]
    parts = [facts("The last refusal", [row for row in rows if row[1]]), harmless(event.message)]
    if isinstance(advice, str):
        parts.append(harmless(advice))
    figures = figures_of(event)
    if figures:
        names = ("Budget", "Window", "Mode", "Limit", "Spent", "Held", "Needed", "Kept")
        lines = [
            (
                figure.account,
                figure.window,
                mode_text(figure.mode, is_strict=figure.is_strict),
                money(figure.limit_nanos),
                money(figure.spent_nanos),
                money(figure.held_nanos),
                "not known" if figure.needed_nanos is None else money(figure.needed_nanos),
                "yes" if figure.is_kept else "no",
            )
            for figure in figures
        ]
        parts.append("\n" + columns("How the budgets stood then", names, lines, names[3:7]))
    return "\n".join(parts)


def mode_text(mode: str, *, is_strict: bool) -> str:
    """``warn``, ``block, balanced``, ``stop, strict``."""
    return mode if mode == "warn" else f"{mode}, {'strict' if is_strict else 'balanced'}"


def approved_text(answered: Sequence[Question], raised: Sequence[Raised]) -> str:
    """What was approved, for a person."""
    lines = [f"{_label(done.standing)}: {money(done.extra_nanos)} more, {_now(done.standing)}." for done in raised]
    if answered:
        lines.append(f"{plural(len(answered), 'call')} that waited may go on.")
    return "\n".join(lines)


def denied_text(answered: Sequence[Question]) -> str:
    """What was denied, for a person."""
    return f"{plural(len(answered), 'call')} that waited {'is' if len(answered) == 1 else 'are'} refused."


def _label(standing: Standing) -> str:
    account = standing.account
    window = "" if account.session_id is not None else f", {account.budget.window}"
    return f"{account.label}{window}"


def _now(standing: Standing) -> str:
    return f"its limit is now {money(standing.limit_nanos)} ({money(standing.spent_nanos)} spent)"
