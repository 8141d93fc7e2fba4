"""``cs doctor``, ``cs backup`` and ``cs reset``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from codesession.cli.options import as_json
from codesession.cli.output import answer, emit, opened, tell
from codesession.errors import InvalidInput


@click.command(short_help="What is wrong, and what to do.", epilog="Example: cs doctor")
@click.option("--fix", is_flag=True, help="Make the ledger's sums anew from its calls where they differ.")
@as_json
def doctor(*, fix: bool, as_json: bool) -> int:
    """Look at everything, and say what is wrong and what to do; exits 1 when something is wrong.

    That is: what is installed, where data is and where prompts and keys go, the ledger, clock, git, and prices.
    """
    from codesession.app import examine
    from codesession.report.health import health_document, health_text, is_well

    findings = examine(time.time_ns() // 1_000_000, _here(), Path(sys.argv[0]), fix=fix)
    if as_json:
        emit(health_document(findings))
    else:
        answer(health_text(findings))
    return 0 if is_well(findings) else 1


def _here() -> Path:
    """The current directory, or the root of all where that has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(Path(sys.prefix).anchor)


@click.command(short_help="Copy the ledger while it is in use.", epilog="Example: cs backup ~/backups/")
@click.argument("path")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@as_json
def backup(path: str, *, force: bool, as_json: bool) -> None:
    """Copy the ledger to a file, or into a directory, while other commands go on writing to it.

    The copy is one file that can be used as a ledger: CODESESSION_DB_PATH=PATH cs list
    """
    from codesession.app import back_up
    from codesession.report.upkeep import backup_document, backup_text

    if not path.strip():
        raise InvalidInput("Name a file or a directory to copy to, such as: cs backup ~/backups/")
    with opened(quiet=as_json) as app:
        made = back_up(app, Path(path), replace=force)
    if as_json:
        emit(backup_document(made))
    else:
        answer(backup_text(made))


@click.command(short_help="Begin anew; a copy is kept.", epilog="Example: cs reset --yes --json")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-backup", is_flag=True, help="Keep no copy of what is deleted.")
@click.option("--budgets", is_flag=True, help="Delete budgets and mandates too, but those of a project's file.")
@as_json
def reset(*, yes: bool, no_backup: bool, budgets: bool, as_json: bool) -> int:
    """Delete all sessions, calls, files, commits and notes; prices and settings stay.

    Everything is copied beside the ledger first.
    """
    from codesession.app import ledger_contents, reset_ledger
    from codesession.report.upkeep import contents_text, reset_document, reset_text

    with opened(quiet=as_json) as app:
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InvalidInput("This deletes every session and call: add --yes to do it without being asked.")
            goes = contents_text(ledger_contents(app), with_limits=budgets)
            if not click.confirm(f"Delete {goes}?", err=True):
                tell("Nothing was deleted.")
                return 1
        done = reset_ledger(app, with_backup=not no_backup, with_limits=budgets)
    if as_json:
        emit(reset_document(done.deleted, done.backup, with_limits=budgets))
    else:
        answer(reset_text(done.deleted, done.backup, with_limits=budgets))
    return 0
