"""How is a backup or a reset told?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.report.documents import document
from codesession.report.formats import money, plural

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.ledger.backup import Backup
    from codesession.ledger.upkeep import Contents
    from codesession.report.documents import Document


def backup_document(made: Backup) -> Document:
    """What ``backup`` answers."""
    return document({"path": str(made.path), "bytes": made.size, "sessions": made.sessions, "calls": made.calls})


def backup_text(made: Backup) -> str:
    """The same for a person."""
    return f"{plural(made.sessions, 'session')} and {plural(made.calls, 'call')} are copied to {made.path}"


def reset_document(deleted: Contents, backup: Path | None, *, with_limits: bool = False) -> Document:
    """What ``reset`` answers; `with_limits` says that budgets and mandates went too."""
    return document(reset_facts(deleted, backup, with_limits=with_limits))


def reset_facts(deleted: Contents, backup: Path | None, *, with_limits: bool = False) -> Document:
    """The same without the versions of a document: what the API answers."""
    counts = {name: getattr(deleted, name) for name in ("sessions", "calls", "files", "commits", "annotations")}
    limits = {name: getattr(deleted, name) if with_limits else 0 for name in ("budgets", "mandates")}
    return {"reset": True, "deleted": counts | limits, "backup": None if backup is None else str(backup)}


def reset_text(deleted: Contents, backup: Path | None, *, with_limits: bool = False) -> str:
    """The same for a person."""
    kept = "" if backup is None else f" All of it is still in {backup}"
    return f"Deleted {contents_text(deleted, with_limits=with_limits)}.{kept}"


def contents_text(there_is: Contents, *, with_limits: bool = False) -> str:
    """What a ledger holds: ``52 sessions, 1,204 calls (2 unpriced), $104.72``."""
    told = [plural(there_is.sessions, "session"), plural(there_is.calls, "call")]
    if there_is.unpriced:
        told[1] += f" ({there_is.unpriced:,} unpriced)"
    if there_is.known_cost is not None:
        told.append(money(there_is.known_cost))
    if with_limits:
        told += [plural(there_is.budgets, "budget"), plural(there_is.mandates, "mandate")]
    return ", ".join(told)
