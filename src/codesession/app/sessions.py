"""How does a session begin and end? In the scope of the current directory, with what changed there since."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesession.app.words import checked, valid_text
from codesession.errors import InvalidInput, NoActiveSession, SessionNotFound
from codesession.workspace import find_scope

if TYPE_CHECKING:
    from codesession.app.core import App
    from codesession.model import Annotation, Scope, Session
    from codesession.model.ports import Reader, Writer
    from codesession.workspace import Changes

RECOVERED = "[auto-recovered: stale session]"


def current_scope(*, with_branch: bool = True) -> Scope:
    """The scope of the current directory; without its branch git is asked once less.

    Raises:
        InvalidInput: the directory has been deleted.
    """
    try:
        return find_scope(Path.cwd(), with_branch=with_branch)
    except FileNotFoundError as error:
        raise InvalidInput("The current directory no longer exists: change to another one.") from error


def project_at(path: str) -> str:
    """The project that a path lies in, as a session there has it; with an empty path the one here.

    Raises:
        InvalidInput: it leads to no directory.
    """
    if not path:
        return current_scope(with_branch=False).directory
    try:
        directory = Path(path).expanduser()
    except RuntimeError:
        raise InvalidInput(f"{path!r} leads nowhere: there is no such user.") from None
    return find_scope(directory, with_branch=False).directory


def scope_at(directory: str) -> Scope:
    """The scope of a directory that is named by its whole path, or from a user's home (``~``).

    Raises:
        InvalidInput: it is not named so, or is no directory that can be entered.
    """
    try:
        path = Path(directory).expanduser()
    except (RuntimeError, ValueError):  # the latter where the name can be nobody's
        raise InvalidInput(f"{directory[:_SHOWN]!r} leads nowhere: there is no such user.") from None
    if not path.is_absolute():
        raise InvalidInput(f"{directory[:_SHOWN]!r} is not a whole path: begin it with / or ~.")
    return find_scope(path)


_SHOWN = 200
"""Characters of a path that an error repeats."""


def start_session(app: App, name: str, *, close_stale: bool = False, directory: str | None = None) -> Session:
    """Begin a session in the scope of `directory` (see `scope_at`), None: of the current one.

    With `close_stale` one that was left open here is ended first, at its last sign of life; one that a live `cs run`
    or `cs proxy` keeps open is not stale.

    Raises:
        InvalidInput: the name is blank, or the directory cannot be used.
        SessionActive: the scope has one already.
    """
    name = checked(name)
    scope = current_scope() if directory is None else scope_at(directory)
    end_abandoned(app, scope)
    from codesession.workspace import mark_uncommitted  # only where it is needed: most commands do without

    marks = mark_uncommitted(scope)
    stale = _left_open(app, scope) if close_stale else None
    changes = changes_in(app, stale) if stale else None
    with app.ledger.writing() as writer:  # the old one ends only if the new one begins
        closed = stale and changes and _end_at_last_sign(app, writer, stale, changes)
        session = writer.begin_session(scope, name, app.now_ms(), marks=marks)
    if stale and closed:
        app.say(f'Session {stale.id} "{stale.name}" was still open; it has been ended.')
    return session


def resume_session(app: App) -> Session | None:
    """The session active in the current scope, to go on with; None when there is none.

    If the run that kept it open is dead, it is nobody's from now on.
    """
    scope = current_scope(with_branch=False)
    with app.ledger.writing() as writer:
        session = writer.active_session(scope.directory)
        if session is None or session.is_background:
            return None
        owner_id = writer.session_owner(session.id)
        if owner_id is not None and not app.ledger.is_alive(owner_id):
            writer.disown_session(session.id)
        return session


def _left_open(app: App, scope: Scope) -> Session | None:
    """The session that is active in `scope`, unless somebody owns it: he is alive, for the dead were ended before."""
    with app.ledger.reading() as reader:
        session = reader.active_session(scope.directory)
        return session if session and reader.session_owner(session.id) is None else None


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


def active_session(app: App, session_id: int | None = None, here: Scope | None = None) -> Session:
    """The active session of the current scope (`here`, if it is known already), or of that id.

    Raises:
        NoActiveSession: the scope has none.
        SessionNotFound: no active session has that id.
    """
    if session_id is None:
        directory = (here or current_scope(with_branch=False)).directory
        with app.ledger.reading() as reader:
            session = reader.active_session(directory)
        if session is None:
            raise NoActiveSession("No active session here. Start one with: cs start <name>")
        return session
    session = _session_of(app, session_id)
    if session is None or not session.is_active:
        raise SessionNotFound(f"No active session has the id {session_id}.", id=session_id)
    return session


def sessions_begun(reader: Reader) -> list[Session]:
    """The active sessions that somebody has begun, wherever that is, the oldest first."""
    return [session for session in reader.active_sessions() if not session.is_background]


def any_session(app: App, session_id: int | None = None) -> Session:
    """The active session of the current scope, or the one of that id, active or ended.

    Raises:
        NoActiveSession: the scope has none.
        SessionNotFound: no session has that id.
    """
    if session_id is None:
        return active_session(app)
    session = _session_of(app, session_id)
    if session is None:
        raise SessionNotFound(f"No session has the id {session_id}.", id=session_id)
    return session


def _session_of(app: App, session_id: int) -> Session | None:
    with app.ledger.reading() as reader:
        return reader.session(session_id)


def annotate(app: App, message: str, session_id: int | None = None) -> Annotation:
    """Add a remark to the active session of the current scope, or to the session of that id, active or ended.

    Raises:
        InvalidInput: the message is blank.
        NoActiveSession, SessionNotFound: there is no such session.
    """
    message = valid_text(message).strip()
    if not message:
        raise InvalidInput('A note needs some words, such as: cs note "tests pass, moving on to the docs"')
    session = any_session(app, session_id)
    with app.ledger.writing() as writer:
        return writer.annotate(session.id, message, app.now_ms())


def recover(app: App, max_age_s: float) -> list[Session]:
    """End the sessions of every scope that began `max_age_s` seconds ago or earlier; returns them, oldest first.

    Those that a live `cs run` or `cs proxy` keeps open are not stale.
    """
    before_ms = app.now_ms() - max_age_s * 1000
    with app.ledger.reading() as reader:
        old = [
            (session, reader.session_owner(session.id))
            for session in reader.active_sessions()
            if session.started_ms <= before_ms
        ]
    stale = [session for session, owner_id in old if owner_id is None or not app.ledger.is_alive(owner_id)]
    return [session for session in stale if _close(app, session)]


def changes_in(app: App, session: Session, here: Scope | None = None) -> Changes:
    """What changed in the scope of an active session since it began; says what could not be read.

    `here` is the current scope, if it was found just now.
    """
    from codesession.workspace import changes_since  # as above

    with app.ledger.reading() as reader:
        marks = reader.marks(session.id)
    changes = changes_since(
        session.directory,
        session.git_root,
        session.start_head,
        marks,
        session.started_ms,
        now_ms=app.now_ms(),
        here=here,
    )
    for problem in changes.problems:
        app.problem(problem)
    return changes


def end_abandoned(app: App, scope: Scope) -> None:
    """End the session that a killed `cs run` left open in `scope`, at the last sign of life it gave."""
    with app.ledger.reading() as reader:
        session = reader.active_session(scope.directory)
        owner_id = None if session is None else reader.session_owner(session.id)
    if session is None or owner_id is None or app.ledger.is_alive(owner_id):
        return
    if _close(app, session):
        app.say(f"Session {session.id} was left open by a run that was killed; it has been ended.")


def _close(app: App, session: Session) -> bool:
    """End a session nobody ended; False if somebody else just did."""
    changes = changes_in(app, session)
    with app.ledger.writing() as writer:
        return _end_at_last_sign(app, writer, session, changes)


def _end_at_last_sign(app: App, writer: Writer, session: Session, changes: Changes) -> bool:
    """End a session nobody ended, when it last gave a sign of life; False if somebody else just did.

    That is its last call, remark or recorded change, and of a session begun by hand also the last of the files and
    commits that are found now: what a killed run's directory has seen since may be anybody's work.
    """
    notes = f"{session.notes or ''} {RECOVERED}".strip()
    last_ms = writer.last_activity(session.id) or session.started_ms
    if writer.session_owner(session.id) is None:
        last_ms = max([last_ms, *(file.timestamp_ms for file in changes.files)])
        last_ms = max([last_ms, *(commit.timestamp_ms for commit in changes.commits)])
    return writer.end_session(
        session.id, min(last_ms, app.now_ms()), notes=notes, files=changes.files, commits=changes.commits
    )
