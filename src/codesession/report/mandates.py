"""What may whom call? Mandates as documents, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.report.documents import document
from codesession.report.formats import money, source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesession.model import Mandate
    from codesession.report.documents import Document

_NONE = "There are no mandates. Set one with: cs mandate set agent:codex --allow 'gpt-5*'"


def mandates_document(mandates: Sequence[Mandate], problems: Sequence[str]) -> Document:
    """What ``mandate list`` answers; `problems` are those of the project's file."""
    return document({"mandates": [_row(mandate) for mandate in mandates], "problems": list(problems)})


def set_mandate_document(mandate: Mandate, *, is_replaced: bool) -> Document:
    """What ``mandate set`` answers."""
    return document({"mandate": _row(mandate), "replaced": is_replaced})


def removed_mandate_document(mandate: Mandate) -> Document:
    """What ``mandate remove`` answers: the mandate that was."""
    return document({"removed": True, "mandate": _row(mandate)})


def _row(mandate: Mandate) -> Document:
    most = mandate.most_per_call_nanos
    return {
        "id": mandate.id,
        "scope": mandate.scope,
        "allow": list(mandate.allow),
        "deny": list(mandate.deny),
        "mostPerCall": None if most is None else to_usd(most),
        "parallel": mandate.most_parallel,
        "source": source(mandate.directory, "user"),
    }


def mandates_text(mandates: Sequence[Mandate]) -> str:
    """The same for a person."""
    from codesession.report.tables import columns

    if not mandates:
        return _NONE
    names = ("Scope", "May call", "May not call", "Most per call", "Parallel calls", "Set by")
    rows = [
        (
            mandate.scope,
            ", ".join(mandate.allow) or "any model",
            ", ".join(mandate.deny) or "-",
            "-" if mandate.most_per_call_nanos is None else money(mandate.most_per_call_nanos),
            "-" if mandate.most_parallel is None else f"{mandate.most_parallel:,}",
            source(mandate.directory, "you"),
        )
        for mandate in mandates
    ]
    return columns("Mandates", names, rows, names[3:5])


def set_mandate_text(mandate: Mandate, *, is_replaced: bool) -> str:
    """What a mandate now says, in a sentence or two."""
    told = f"{mandate.scope} {'; '.join(_terms(mandate))}."
    return f"{told} Its former mandate is replaced entirely." if is_replaced else told


def _terms(mandate: Mandate) -> list[str]:
    terms = []
    if mandate.allow:
        terms.append(f"may only call {', '.join(mandate.allow)}")
    if mandate.deny:
        terms.append(f"may not call {', '.join(mandate.deny)}")
    if mandate.most_per_call_nanos is not None:
        terms.append(f"may spend at most {money(mandate.most_per_call_nanos)} on one call")
    if mandate.most_parallel is not None:
        calls = "1 call" if mandate.most_parallel == 1 else f"{mandate.most_parallel:,} calls"
        terms.append(f"may have at most {calls} in flight")
    return terms


def removed_mandate_text(mandate: Mandate) -> str:
    """That there is no such mandate any more."""
    return f"{mandate.scope} has no mandate of yours any more."
