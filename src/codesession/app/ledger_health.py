"""Can the ledger be used, and is what it says true? Found out without changing a file that is damaged."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from codesession.app.findings import counted, doubtful, fine, wrong
from codesession.errors import DatabaseError
from codesession.ledger import SqliteLedger
from codesession.ledger.condition import inspect_file, kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from codesession.app.findings import Finding
    from codesession.config import Config
    from codesession.ledger.condition import Condition

TOPIC = "ledger"
WAIT_S = 2.0
"""How long another program's lock is waited for, in seconds."""

_SHOWN = 20
"""How many troubles with an earlier tool's database are told to a person."""

_RESTORE = "move the file away and restore a backup, or start anew without it; what is in it is not changed"


def examine_ledger(config: Config, *, fix: bool) -> tuple[list[Finding], Condition | None]:
    """What there is to say about the ledger, and what is in it, if that could be read.

    With `fix` sums that do not equal their rows are made anew.
    """
    path = config.database
    if not path.exists() and not path.is_symlink():
        return [_not_yet(config)], None
    loose = _loose_mode(path)
    findings: list[Finding] = []
    condition = None
    try:
        kind = kind_of(path) if path.is_file() else "foreign"  # a pipe would be read until somebody writes to it
        if kind == "empty":
            return [_not_yet(config)], None
        if kind == "earlier":
            return [_earlier(path)], None
        if kind == "ours":
            inspection = inspect_file(path, WAIT_S)
            if inspection.damage:
                return [_damaged(path, inspection.damage)], None
            condition = inspection.condition
        with closing(SqliteLedger(path, wait_s=WAIT_S)) as ledger:
            condition = condition or ledger.check()
            if fix and condition.totals:
                ledger.rebuild_totals()
                findings.append(_fixed(condition))
                condition = ledger.check()
            ledger.try_writing()
            findings.append(_whole(condition))
            findings += _rows(condition)
            findings += _in_flight(ledger, condition)
    except DatabaseError as error:
        findings.append(wrong(TOPIC, error.message, None, **error.extra))
    if loose is not None:
        findings.append(_loose(path, loose))
    return findings, condition


def _not_yet(config: Config) -> Finding:
    path, earlier = config.database, config.earlier
    above = next(directory for directory in path.parents if directory.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        taken = f", and takes over what is in {earlier}" if earlier and earlier.is_file() else ""
        return fine(TOPIC, f"there is none yet: the first command that needs one makes {path}{taken}", exists=False)
    why = "may not be written" if above.is_dir() else "is not a directory"
    return wrong(
        TOPIC,
        f"there is none, and none can be made: {above} {why}",
        "check its permissions, or set CODESESSION_DB_PATH to another file",
        exists=False,
    )


def _earlier(path: Path) -> Finding:
    text = f"{path} is the database of an earlier tool: the next command takes it over, and keeps it as it is beside"
    return fine(TOPIC, text, path=str(path), earlier=True)


def _loose_mode(path: Path) -> int | None:
    """The mode of a ledger that others can read or write, as it is before it is opened."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0
    return mode if mode & 0o077 and sys.platform != "win32" else None


def _loose(path: Path, mode: int) -> Finding:
    text = f"others on this machine could read or change it (mode {mode:04o})"
    if _loose_mode(path) is None:
        return doubtful(TOPIC, f"{text}; that has been taken from them", None, mode=f"{mode:04o}")
    return doubtful(TOPIC, text, f"chmod 600 {path}", mode=f"{mode:04o}")


def _damaged(path: Path, damage: list[str]) -> Finding:
    return wrong(TOPIC, f"{path} is damaged: {damage[0]}", _RESTORE, path=str(path), damage=damage)


def _fixed(condition: Condition) -> Finding:
    return fine(TOPIC, f"sums were made anew from the calls: {' '.join(condition.totals)}", fixed=condition.totals)


def _whole(condition: Condition) -> Finding:
    text = (
        f"whole: {counted(condition.sessions, 'session')}, {counted(condition.calls, 'call')}, "
        f"schema {condition.schema}"
    )
    return fine(TOPIC, text, schema=condition.schema, sessions=condition.sessions, calls=condition.calls)


def _rows(condition: Condition) -> list[Finding]:
    """What the rows say; each kind of check says so when all is well."""
    backup = "make a backup (cs backup), then report it: codesession writes no such thing"
    checks = (
        ("migrations", "migrations", condition.migrations, backup),
        ("references", "references", condition.references, backup),
        ("totals", "sums", condition.totals, "cs doctor --fix makes them anew from the calls"),
        ("scopes", "active sessions", condition.scopes, "end all but one of them: cs end -s ID"),
        ("values", "values of calls", condition.values, backup),
    )
    bad = [
        wrong(TOPIC, f"{name}: {' '.join(problems)}", advice, check=check, problems=problems)
        for check, name, problems, advice in checks
        if problems
    ]
    good = [name for _, name, problems, _ in checks if not problems]
    checked = [check for check, _, problems, _ in checks if not problems]
    return bad + ([fine(TOPIC, f"in order: {', '.join(good)}", checks=checked)] if good else []) + _takeovers(condition)


def _takeovers(condition: Condition) -> list[Finding]:
    """What of earlier tools' databases could not be kept as it was."""
    troubles = condition.troubles
    if not troubles:
        return []
    shown = [f"{trouble.place}: {trouble.problem}" for trouble in troubles[:_SHOWN]]
    more = f"; and {len(troubles) - _SHOWN} more (--json has all)" if len(troubles) > _SHOWN else ""
    return [
        doubtful(
            "takeover",
            f"{counted(len(troubles), 'row')} of an earlier tool could not be kept as found: {'; '.join(shown)}{more}",
            "look at them there: that database was kept unchanged",
            problems=[
                {"source": trouble.source, "place": trouble.place, "problem": trouble.problem} for trouble in troubles
            ],
        )
    ]


def _in_flight(ledger: SqliteLedger, condition: Condition) -> list[Finding]:
    alive = sum(count for owner_id, count in condition.held.items() if ledger.is_alive(owner_id))
    dead = sum(condition.held.values()) - alive
    if not dead:
        return [fine(TOPIC, f"{counted(alive, 'call')} in flight", inFlight=alive)] if alive else []
    return [
        doubtful(
            TOPIC,
            f"{counted(dead, 'call')} still held for a process that has died ({alive:,} in flight)",
            "nothing: the next command bills them at the most they can have cost",
            inFlight=alive,
            abandoned=dead,
        )
    ]
