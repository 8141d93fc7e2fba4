"""How does a session begin and end? In the scope of the current directory, with what changed there since."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesession.app.names import checked, valid_text
from codesession.errors import InvalidInput, NoActiveSession, SessionNotFound
from codesession.workspace import Changes, changes_since, find_scope, mark_uncommitted

if TYPE_CHECKING:
    from codesession.app.core import App
    from codesession.model import Scope, Session

RECOVERED = "[auto-recovered: stale session]"


def current_scope() -> Scope:
    """The scope of the current directory.

    Raises:
        InvalidInput: the directory has been deleted.
    """
    try:
        return find_scope(Path.cwd())
    except FileNotFoundError as error:
        raise InvalidInput("The current directory no longer exists: change to another one.") from error


def start_session(app: App, name: str) -> Session:
    """Begin a session in the current scope.

    Raises:
        InvalidInput: the name is blank.
        SessionActive: the scope has one already.
    """
    name = checked(name)
    scope = current_scope()
    end_abandoned(app, scope)
    marks = mark_uncommitted(scope)
    with app.ledger.writing() as writer:
        return writer.begin_session(scope, name, app.now_ms(), marks=marks)


def end_session(app: App, session_id: int | None = None, notes: str | None = None) -> Session:
    """End the active session of the current scope, or the active session of that id.

    Raises:
        NoActiveSession: the scope has none.
        SessionNotFound: no active session has that id.
    """
    session = active_session(app, session_id)
    changes = changes_in(app, session)
    notes = None if notes is None else valid_text(notes)
    with app.ledger.writing() as writer:
        if not writer.end_session(session.id, app.now_ms(), notes=notes, files=changes.files, commits=changes.commits):
            if session_id is not None:
                raise SessionNotFound(f"Session {session_id} has just been ended elsewhere.", id=session_id)
            raise NoActiveSession(f"Session {session.id} has just been ended elsewhere.")
        return writer.session(session.id) or session


def active_session(app: App, session_id: int | None = None) -> Session:
    """The active session of the current scope, or of that id.

    Raises:
        NoActiveSession: the scope has none.
        SessionNotFound: no active session has that id.
    """
    if session_id is None:
        directory = current_scope().directory
        with app.ledger.reading() as reader:
            session = reader.active_session(directory)
        if session is None:
            raise NoActiveSession("No active session here. Start one with: cs start <name>")
        return session
    with app.ledger.reading() as reader:
        session = reader.session(session_id)
    if session is None or not session.is_active:
        raise SessionNotFound(f"No active session has the id {session_id}.", id=session_id)
    return session


def changes_in(app: App, session: Session) -> Changes:
    """What changed in the scope of an active session since it began; says what could not be read."""
    with app.ledger.reading() as reader:
        marks = reader.marks(session.id)
    changes = changes_since(
        session.directory, session.git_root, session.start_head, marks, session.started_ms, now_ms=app.now_ms()
    )
    for problem in changes.problems:
        app.say(problem)
    return changes


def end_abandoned(app: App, scope: Scope) -> None:
    """End the session that a killed `cs run` left open in `scope`, at the last sign of life it gave."""
    with app.ledger.reading() as reader:
        session = reader.active_session(scope.directory)
        if session is None:
            return
        owner_id = reader.session_owner(session.id)
        last_ms = reader.last_activity(session.id)
    if owner_id is None or app.ledger.is_alive(owner_id):
        return
    changes = changes_in(app, session)
    notes = f"{session.notes or ''} {RECOVERED}".strip()
    with app.ledger.writing() as writer:
        ended = writer.end_session(
            session.id, last_ms or session.started_ms, notes=notes, files=changes.files, commits=changes.commits
        )
    if ended:
        app.say(f"Session {session.id} was left open by a run that was killed; it has been ended.")
