"""Are a backup and a reset told as the contract says?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from codesession.ledger.backup import Backup
from codesession.ledger.upkeep import Contents
from codesession.report.upkeep import backup_document, backup_text, contents_text, reset_document, reset_text

MADE = Backup(Path("b.db"), 4096, sessions=1, calls=1204)
MUCH = Contents(
    sessions=52,
    calls=1204,
    files=3,
    commits=2,
    annotations=1,
    cost_nanos=104_720_000_000,
    unpriced=0,
    budgets=2,
    mandates=1,
)


def test_a_backup_is_told() -> None:
    told = backup_document(MADE)
    assert {name: told[name] for name in ("path", "bytes", "sessions", "calls")} == {
        "path": "b.db",
        "bytes": 4096,
        "sessions": 1,
        "calls": 1204,
    }
    assert backup_text(MADE) == "1 session and 1,204 calls are copied to b.db"


def test_what_a_ledger_holds_is_named() -> None:
    assert contents_text(MUCH) == "52 sessions, 1,204 calls, $104.72"
    assert contents_text(MUCH, with_limits=True) == "52 sessions, 1,204 calls, $104.72, 2 budgets, 1 mandate"
    assert contents_text(replace(MUCH, unpriced=4)) == "52 sessions, 1,204 calls (4 unpriced), $104.72"
    assert contents_text(replace(MUCH, unpriced=4, cost_nanos=0)) == "52 sessions, 1,204 calls (4 unpriced)"


def test_a_reset_is_told() -> None:
    told = reset_document(MUCH, Path("b.db"))
    assert (told["reset"], told["backup"]) == (True, "b.db")
    counts = {"sessions": 52, "calls": 1204, "files": 3, "commits": 2, "annotations": 1}
    assert told["deleted"] == counts | {"budgets": 0, "mandates": 0}
    assert reset_document(MUCH, None, with_limits=True)["deleted"] == counts | {"budgets": 2, "mandates": 1}
    assert reset_document(MUCH, None)["backup"] is None
    assert reset_text(MUCH, Path("b.db")) == "Deleted 52 sessions, 1,204 calls, $104.72. All of it is still in b.db"
    assert reset_text(MUCH, None) == "Deleted 52 sessions, 1,204 calls, $104.72."
