"""How is it told what other prices change? A newer list, calls that were priced anew, past calls on another model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import to_usd
from codesession.model.classes import CLASS_NAMES
from codesession.report.documents import document
from codesession.report.formats import detailed, iso, money, plural, tokens
from codesession.report.tables import columns, harmless

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from codesession.model import Nanos
    from codesession.model.price_changes import PriceUpdate, RateChange, RepricedModel, Repricing, WhatIf, WhatIfModel
    from codesession.report.documents import Document

_FEE = "request"
_UNPRICED = "unpriced"


# --- a newer list ---


def update_document(update: PriceUpdate) -> Document:
    """What ``pricing update`` answers; rates are dollars per million."""
    counts = update.counts
    return document(
        {
            "before": update.before,
            "after": update.after,
            "from": update.origin,
            "inUse": update.in_use,
            "same": update.is_same,
            "ledgerModels": update.ledger_models,
            "changes": [_change(change) for change in update.changes],
            "counts": None
            if counts is None
            else {
                "providersBefore": counts.providers_before,
                "providersAfter": counts.providers_after,
                "modelsBefore": counts.models_before,
                "modelsAfter": counts.models_after,
                "added": counts.added,
                "removed": counts.removed,
                "changed": counts.changed,
            },
            "doubts": list(update.doubts),
        }
    )


def _change(change: RateChange) -> Document:
    return {
        "provider": change.provider,
        "model": change.model,
        "class": _FEE if change.name == _FEE else CLASS_NAMES[change.name],
        "terms": change.terms or None,
        "aboveTokens": None if change.above < 0 else change.above,
        "before": None if change.before is None else round(float(change.before), 10),
        "after": None if change.after is None else round(float(change.after), 10),
        "validFrom": None if change.valid_from is None else change.valid_from.isoformat(),
    }


def update_text(update: PriceUpdate) -> str:
    """The same for a person: what changes for the models of the ledger, and how much else."""
    if update.is_same:
        return harmless(f"Nothing changes: {update.after} is in use already.")
    parts = []
    if update.changes:
        names = ["Provider", "Model", "Class", "Before", "After"]
        names += ["Since"] if any(change.valid_from for change in update.changes) else []
        rows = [_change_row(change)[: len(names)] for change in update.changes]
        title = "Dollars per million, for the models that your ledger has calls of"
        parts.append(columns(title, names, rows, ("Before", "After")))
    else:
        parts.append(f"Nothing changes for {_of_ledger(update.ledger_models)}.")
    parts += [*_counts_lines(update), *_use_lines(update)]
    return "\n".join([parts[0], *map(harmless, parts[1:])])


def _of_ledger(count: int) -> str:
    return f"the {plural(count, 'model')} that your ledger has calls of" if count else "your ledger, which has no calls"


def _change_row(change: RateChange) -> tuple[str, ...]:
    above = f", prompt above {change.above:,}" if change.above >= 0 else ""
    terms = f", {change.terms}" if change.terms else ""
    since = "" if change.valid_from is None else change.valid_from.isoformat()
    name = "each call" if change.name == _FEE else change.name.replace("_", " ")
    return change.provider, change.model, name + terms + above, _rate(change.before), _rate(change.after), since


def _rate(dollars: Decimal | None) -> str:
    """Dollars per million as they are, or a dash.

    >>> from decimal import Decimal
    >>> _rate(Decimal("10000")), _rate(Decimal("0.0750")), _rate(None)
    ('10,000', '0.075', '-')
    """
    if dollars is None:
        return "-"
    whole, _, rest = f"{dollars.normalize():f}".partition(".")
    return f"{int(whole):,}.{rest}" if rest else f"{int(whole):,}"


def _counts_lines(update: PriceUpdate) -> list[str]:
    counts = update.counts
    if counts is None:
        return []
    now = f"{counts.models_after:,} models of {counts.providers_after:,} providers"
    then = f"{counts.models_before:,} of {counts.providers_before:,}"
    changes = f"{counts.changed:,} changed, {counts.added:,} new, {counts.removed:,} gone"
    return [f"In the whole list: {changes}; it has {now}, and had {then}."]


def _use_lines(update: PriceUpdate) -> list[str]:
    if update.in_use:
        accepted = ["This was accepted:", *(f"- {doubt}" for doubt in update.doubts)] if update.doubts else []
        return [*accepted, f"In use now: {update.after} (before: {update.before})."]
    refused = ["It would be refused without --yes:", *(f"- {doubt}" for doubt in update.doubts)]
    return [
        *(refused if update.doubts else []),
        f"Nothing was changed: {update.before} stays in use. Without --dry-run it would be {update.after}.",
    ]


# --- calls priced anew ---


def repricing_document(done: Repricing) -> Document:
    """What ``pricing reprice`` answers."""
    return document(
        {
            "since": None if done.since_ms is None else iso(done.since_ms),
            "written": done.is_done,
            "calls": sum(model.calls for model in done.models),
            "before": to_usd(sum(model.before_nanos for model in done.models)),
            "after": to_usd(sum(model.after_nanos for model in done.models)),
            "models": [_repriced(model) for model in done.models],
            "left": done.left,
            "withoutUsage": done.unusable,
            "problems": list(done.problems),
        }
    )


def _repriced(model: RepricedModel) -> Document:
    return {
        "provider": model.provider,
        "model": model.model,
        "calls": model.calls,
        "unpriced": model.unpriced,
        "before": to_usd(model.before_nanos),
        "after": to_usd(model.after_nanos),
        "priceSources": list(model.sources),
    }


def repricing_text(done: Repricing) -> str:
    """The same for a person."""
    calls = sum(model.calls for model in done.models)
    parts = []
    if done.models:
        rows = [
            (
                model.provider,
                model.model,
                f"{model.calls:,}",
                _before(model),
                detailed(model.after_nanos),
                ", ".join(model.sources),
            )
            for model in done.models
        ]
        title = "Calls priced anew" if done.is_done else "Calls that would be priced anew"
        names = ("Provider", "Model", "Calls", "Before", "Now", "Price")
        parts.append(columns(title, names, rows, ("Calls", "Before", "Now")))
        added = sum(model.after_nanos - model.before_nanos for model in done.models)
        parts.append(f"{plural(calls, 'call')}, {_signed(added)}.")
    else:
        parts.append("No call that has no price can be given one.")
    if done.left:
        parts.append(f"{plural(done.left, 'call')} still without a price: set one with cs pricing set, and try again.")
    if done.unusable:
        parts.append(f"{plural(done.unusable, 'call')} that no price can mend: it is not known what they used.")
    if done.models and not done.is_done:
        parts.append("Nothing was changed.")
    return "\n".join([parts[0], *map(harmless, parts[1:])])


def _before(model: RepricedModel) -> str:
    if model.unpriced == model.calls:
        return _UNPRICED
    return detailed(model.before_nanos) + (f" + {model.unpriced:,} {_UNPRICED}" if model.unpriced else "")


# --- on another model ---


def what_if_document(view: WhatIf) -> Document:
    """What ``pricing what-if`` answers."""
    return document(
        {
            "provider": view.provider,
            "model": view.model,
            "priceSource": view.source,
            "at": iso(view.at_ms),
            "since": None if view.since_ms is None else iso(view.since_ms),
            "sessionId": view.session_id,
            "models": [{"provider": model.provider, "model": model.model, **_amounts(model)} for model in view.models],
            "total": _amounts(view.total),
            "leftOut": [{"calls": count, "reason": why} for why, count in view.left_out],
            "assumptions": list(view.assumptions),
            "problems": list(view.problems),
        }
    )


def _amounts(model: WhatIfModel) -> Document:
    return {
        "calls": model.calls,
        "tokens": model.tokens,
        "paid": to_usd(model.paid_nanos),
        "wouldBe": to_usd(model.would_be_nanos),
        "difference": to_usd(model.difference_nanos),
    }


def what_if_text(view: WhatIf) -> str:
    """The same for a person: a table, and what must be known to trust it."""
    where = view.model if view.provider is None else f"{view.provider}/{view.model}"
    parts = []
    if view.models:
        rows = [(model.provider, model.model, *_cells(model)) for model in view.models]
        if len(rows) > 1:
            rows.append(("All", "", *_cells(view.total)))
        numbers = ("Calls", "Tokens", "Paid", "Would be", "Difference")
        parts.append(columns(f"{_which(view)} on {where}", ("Provider", "Model", *numbers), rows, numbers))
    else:
        parts.append(harmless(f"{_which(view)} on {where}: there are none that can be compared."))
    parts.append(f"Price: {view.source}.")
    if view.left_out:
        left_out = "; ".join(f"{plural(count, 'call')} {why}" for why, count in view.left_out)
        parts.append(f"Left out: {left_out}.")
    if view.models:
        parts += ["Assumed:", *(f"- {sentence}" for sentence in view.assumptions)]
    return "\n".join([parts[0], *map(harmless, parts[1:])])


def _which(view: WhatIf) -> str:
    of = "Calls" if view.session_id is None else f"Calls of session {view.session_id}"
    return of if view.since_ms is None else f"{of} since {iso(view.since_ms)[:16].replace('T', ' ')} UTC"


def _cells(model: WhatIfModel) -> Sequence[str]:
    return (
        f"{model.calls:,}",
        tokens(model.tokens),
        detailed(model.paid_nanos),
        detailed(model.would_be_nanos),
        _signed(model.difference_nanos),
    )


def _signed(nanos: Nanos) -> str:
    """How much more, or less.

    >>> _signed(1_430_000_000), _signed(-250_000_000), _signed(0)
    ('+$1.43', '-$0.25', '$0.00')
    """
    if nanos == 0:
        return money(0)
    return ("+" if nanos > 0 else "-") + detailed(abs(nanos))
