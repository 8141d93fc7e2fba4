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


def reset_document(deleted: Contents, backup: Path | None) -> Document:
    """What ``reset`` answers."""
    return document(reset_facts(deleted, backup))


def reset_facts(deleted: Contents, backup: Path | None) -> Document:
    """The same without the versions of a document: what the API answers."""
    counts = {name: getattr(deleted, name) for name in ("sessions", "calls", "files", "commits", "annotations")}
    return {"reset": True, "deleted": counts, "backup": None if backup is None else str(backup)}


def reset_text(deleted: Contents, backup: Path | None) -> str:
    """The same for a person."""
    return f"Deleted {contents_text(deleted)}." + ("" if backup is None else f" All of it is still in {backup}")


def contents_text(there_is: Contents) -> str:
    """What a ledger holds: ``52 sessions, 1,204 calls, $104.72``."""
    return f"{plural(there_is.sessions, 'session')}, {plural(there_is.calls, 'call')}, {money(there_is.cost_nanos)}"
