"""``cs start``, ``end``, ``status``, ``show`` and ``list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codesession.cli.output import answer, emit, opened
from codesession.errors import SessionNotFound
from codesession.report import (
    end_document,
    list_document,
    show_document,
    start_document,
    status_document,
    view_of_session,
    views_of_sessions,
)

if TYPE_CHECKING:
    from codesession.app import App
    from codesession.model import Session
    from codesession.report import SessionView

_ID = click.IntRange(min=1, max=2**63 - 1)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_one_session = click.option("-s", "--session", "session_id", type=_ID, help="A session by its id.")


@click.command(epilog='Example: cs start "Fix the login" --json')
@click.argument("name")
@_as_json
def start(name: str, *, as_json: bool) -> None:
    """Begin a session here: in this git repository, or in this directory outside git."""
    from codesession.app import start_session

    with opened(quiet=as_json) as app:
        session = start_session(app, name)
    if as_json:
        emit(start_document(session))
    else:
        answer(f'Session {session.id} "{session.name}" has begun in {session.directory}. End it with: cs end')


@click.command(epilog='Example: cs end -n "Login works again"')
@click.option("-n", "--notes", help="A closing remark.")
@_one_session
@_as_json
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

        answer(f"Session ended: {session.name}\n{summary_line(view)}")


@click.command(epilog="Example: cs status --json")
@_one_session
@_as_json
def status(session_id: int | None, *, as_json: bool) -> None:
    """What the active session has come to so far; exits 1 when there is none."""
    from codesession.app import active_session

    with opened(quiet=as_json) as app:
        view = _live_view(app, active_session(app, session_id))
    if as_json:
        emit(status_document(view))
    else:
        from codesession.report.text import session_text

        answer(session_text(view))


@click.command(epilog="Example: cs show 12 --files --commits")
@click.argument("session_id", metavar="[ID]", type=_ID, required=False)
@click.option("--files", is_flag=True, help="List the files that changed.")
@click.option("--commits", is_flag=True, help="List the commits.")
@_as_json
def show(session_id: int | None, *, files: bool, commits: bool, as_json: bool) -> None:
    """All of a session: the one of that id, or the latest."""
    with opened(quiet=as_json) as app:
        session = _named_or_latest(app, session_id)
        view = _live_view(app, session)
    if as_json:
        emit(show_document(view, files=files, commits=commits))
    else:
        from codesession.report.text import session_text

        answer(session_text(view, files=files, commits=commits))


@click.command("list", epilog="Example: cs list -l 20")
@click.option("-l", "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="At most so many.")
@_as_json
def list_(limit: int, *, as_json: bool) -> None:
    """The latest sessions, newest first."""
    with opened(quiet=as_json) as app:
        views = views_of_sessions(app.ledger, min(limit, 2**31), app.now_ms())
    if as_json:
        emit(list_document(views))
    else:
        from codesession.report.text import list_text

        answer(list_text(views))


def _live_view(app: App, session: Session) -> SessionView:
    """A session with what has changed by now, if it still goes on."""
    if not session.is_active:
        return view_of_session(app.ledger, session, app.now_ms())
    from codesession.app import changes_in

    changes = changes_in(app, session)
    return view_of_session(app.ledger, session, app.now_ms(), files=changes.files, commits=changes.commits)


def _named_or_latest(app: App, session_id: int | None) -> Session:
    with app.ledger.reading() as reader:
        if session_id is not None:
            session = reader.session(session_id)
            if session is None:
                raise SessionNotFound(f"No session has the id {session_id}.", id=session_id)
            return session
        newest = reader.sessions(1)
    if not newest:
        raise SessionNotFound("There is no session yet. Begin with: cs run -- <command>")
    return newest[0][0]
