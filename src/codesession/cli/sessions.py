"""``cs start``, ``end``, ``status``, ``show``, ``list``, ``stats``, ``note`` and ``recover``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from codesession.cli.limits import budget_options, session_terms
from codesession.cli.options import LIMIT, SESSION_ID, Scaled, as_json, one_session
from codesession.cli.output import answer, display, emit, opened, tell
from codesession.errors import SessionNotFound
from codesession.report import (
    end_document,
    list_document,
    note_document,
    recover_document,
    show_document,
    start_document,
    stats_document,
    status_document,
    view_of_session,
    views_of_sessions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from codesession.app import App, Terms
    from codesession.cli.limits import Said
    from codesession.model import Scope, Session
    from codesession.report import SessionView

NEWEST_CALLS = 500
"""Calls that ``status`` lists at most; its sums are of all."""

_AGENTS = ("CLAUDECODE", "GEMINI_CLI", "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED", "CURSOR_AGENT", "CI")
"""Variables that tell a program that an agent runs it: Claude Code, Gemini CLI, Codex, Cursor; or a build server."""


@click.command(short_help="Begin a session here.", epilog='Example: cs start "Fix the login" --json')
@click.argument("name", required=False)
@click.option("--resume", is_flag=True, help="Go on with the session that is active here, if there is one.")
@click.option("--close-stale", is_flag=True, help="First end a session that was left open here.")
@budget_options
@as_json
def start(
    name: str | None, *, resume: bool, close_stale: bool, budget: int | None, as_json: bool, **said: Unpack[Said]
) -> None:
    """Begin a session here: in this git repository, or in this directory outside git.

    It stays to show what happens until Ctrl-C, which leaves the session active, or until `cs end` elsewhere. With
    --json it begins the session and returns at once.
    """
    from codesession.app import resume_session, start_session

    terms = session_terms(budget, said)
    with opened(quiet=as_json) as app:
        resumed = resume_session(app) if resume else None
        session = resumed or start_session(app, name or "", close_stale=close_stale)
        notes, limited = _limited(app, session, terms)
        if as_json:
            emit(start_document(session, resumed=resumed is not None) | limited)
            return
        begun = "goes on" if resumed else "has begun"
        answer("\n".join([f'Session {session.id} "{session.name}" {begun} in {session.directory}', *notes]))
        if _run_by_agent(app.config.environ):
            tell("End it with: cs end")
            return
        from codesession.cli.live import follow

        follow(app, session)


def _limited(app: App, session: Session, terms: Terms | None) -> tuple[list[str], dict[str, float]]:
    """What is told of the budget that a session gets, to people and to programs; nothing if it gets none."""
    if terms is None:
        return [], {}
    from codesession.app import set_session_budget
    from codesession.model import to_usd
    from codesession.report.budget_words import set_notes

    budget = set_session_budget(app, session.id, terms)
    return set_notes(budget, ()), {"budget": to_usd(budget.limit_nanos)}


def _run_by_agent(environ: Mapping[str, str]) -> bool:
    """Whether an agent that waits for this command to end has started it, and nobody is there to watch."""
    return any(environ.get(name) for name in _AGENTS) and not (sys.stdin.isatty() or sys.stdout.isatty())


@click.command(short_help="End the session.", epilog='Example: cs end -n "Login works again"')
@click.option("-n", "--notes", help="A closing remark.")
@one_session("The active session of that id, in any scope.")
@as_json
def end(notes: str | None, session_id: int | None, *, as_json: bool) -> None:
    """End the session, with the files and commits since it began."""
    from codesession.app import end_session

    with opened(quiet=as_json) as app:
        session = end_session(app, session_id, notes)
        view = view_of_session(app.ledger, session, app.now_ms())
    if as_json:
        emit(end_document(view))
    else:
        from codesession.report.text import summary_line

        answer(f"Session ended: {session.name}\n{summary_line(view)}" + (f"\nNotes: {notes}" if notes else ""))


@click.command(short_help="What the session has come to so far.", epilog="Example: cs status --json")
@one_session("The active session of that id, in any scope.")
@as_json
def status(session_id: int | None, *, as_json: bool) -> None:
    """What the active session has come to so far; exits 1 when there is none."""
    from codesession.app import active_session, current_scope

    with opened(quiet=as_json) as app:
        here = current_scope(with_branch=False) if session_id is None else None
        view = _live_view(app, active_session(app, session_id, here), here, NEWEST_CALLS)
    if as_json:
        emit(status_document(view))
    else:
        from codesession.report.text import session_text

        display(session_text(view))


@click.command(epilog="Example: cs show 12 --files --commits")
@click.argument("session_id", metavar="[ID]", type=SESSION_ID, required=False)
@click.option("--files", is_flag=True, help="List the files that changed.")
@click.option("--commits", is_flag=True, help="List the commits.")
@as_json
def show(session_id: int | None, *, files: bool, commits: bool, as_json: bool) -> None:
    """All of a session: the one of that id, or the latest."""
    with opened(quiet=as_json) as app:
        session = _named_or_latest(app, session_id)
        view = _live_view(app, session)
    if as_json:
        emit(show_document(view, files=files, commits=commits))
    else:
        from codesession.report.text import session_text

        display(session_text(view, files=files, commits=commits))


@click.command("list", epilog="Example: cs list -l 20")
@click.option("-l", "--limit", type=LIMIT, default=10, show_default=True, help="At most so many.")
@as_json
def list_(limit: int, *, as_json: bool) -> None:
    """The latest sessions, newest first."""
    with opened(quiet=as_json) as app:
        views = views_of_sessions(app.ledger, limit, app.now_ms())
    if as_json:
        emit(list_document(views))
    else:
        from codesession.report.text import list_text

        display(list_text(views))


@click.command(epilog="Example: cs stats --json")
@as_json
def stats(*, as_json: bool) -> None:
    """What all completed sessions come to together."""
    with opened(quiet=as_json) as app, app.ledger.reading() as reader:
        statistics = reader.statistics()
    if as_json:
        emit(stats_document(statistics))
    else:
        from codesession.report.text import stats_text

        display(stats_text(statistics))


@click.command(epilog='Example: cs note "Tests pass, moving on to the docs"')
@click.argument("message")
@one_session("The session of that id, in any scope, active or ended.")
@as_json
def note(message: str, session_id: int | None, *, as_json: bool) -> None:
    """Add a remark, with the time, to the active session."""
    from codesession.app import annotate

    with opened(quiet=as_json) as app:
        remark = annotate(app, message, session_id)
    if as_json:
        emit(note_document(remark))
    else:
        answer(f"Noted in session {remark.session_id}: {remark.message}")


@click.command(short_help="End sessions that were left open.", epilog="Example: cs recover --max-age 12")
@click.option(
    "--max-age",
    "max_age_s",
    metavar="HOURS",
    type=Scaled("hours", 3600, 1_000_000),
    default="24",
    show_default=True,
    help="How long ago, in hours, a session must have begun.",
)
@as_json
def recover(max_age_s: int, *, as_json: bool) -> None:
    """End the sessions that were left open, in every scope, each at its last sign of life."""
    from codesession.app import recover as recover_sessions

    with opened(quiet=as_json) as app:
        ended = recover_sessions(app, max_age_s)
    if as_json:
        emit(recover_document(ended))
    else:
        lines = [f'Session {session.id} "{session.name}" ended, begun in {session.directory}' for session in ended]
        answer("\n".join(lines) or "No session was left open that long.")


def _live_view(app: App, session: Session, here: Scope | None = None, newest_calls: int | None = None) -> SessionView:
    """A session with what has changed by now, if it still goes on."""
    if not session.is_active:
        return view_of_session(app.ledger, session, app.now_ms())
    from codesession.app import changes_in

    changes = changes_in(app, session, here)
    found = (changes.files, changes.commits)
    return view_of_session(app.ledger, session, app.now_ms(), found=found, newest_calls=newest_calls)


def _named_or_latest(app: App, session_id: int | None) -> Session:
    if session_id is not None:
        from codesession.app import any_session

        return any_session(app, session_id)
    with app.ledger.reading() as reader:
        newest = reader.sessions(1)
    if not newest:
        raise SessionNotFound("There is no session yet. Begin with: cs run -- <command>")
    return newest[0][0]
