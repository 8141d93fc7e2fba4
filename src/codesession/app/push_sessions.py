"""Whose session is a call that an app tells us of? One that is named by id, by name, or by directory.

Only one session is active in a scope, so one that is begun by its name alone, without a directory, gets a scope of its
own: a directory of its own below the data directory, which is never made. Several such sessions live side by side.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.sessions import sessions_begun
from codesession.app.words import checked
from codesession.errors import CodesessionError, InvalidInput, NoActiveSession, SessionActive, SessionNotFound
from codesession.model import Scope
from codesession.workspace import find_scope, mark_uncommitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codesession.app.core import App
    from codesession.config import Config
    from codesession.model import FileMark, Session
    from codesession.model.ports import Writer

APPS = "apps"
"""The directory below the data directory that scopes of sessions without one lie in."""


class SessionAmbiguous(CodesessionError):
    """Several active sessions are meant; nothing was written. Its `extra` has the ``choices``."""

    code = "session_ambiguous"
    http_status = 409


class Where(NamedTuple):
    """Which session is meant, in the words of who tells of a call."""

    session_id: int | None = None
    name: str | None = None
    directory: str | None = None


NOWHERE = Where()


class Place(NamedTuple):
    """A scope as it is now, with the files that were uncommitted before a session began there."""

    scope: Scope
    marks: list[FileMark]


def look_at(app: App, wheres: Iterable[Where]) -> dict[str, Place]:
    """What git says of each directory that is named: asked before the transaction, for git may take its time.

    Raises:
        InvalidInput: one is no directory, or not an absolute path.
    """
    places: dict[str, Place] = {}
    for directory, may_begin in {(where.directory, where.name is not None) for where in wheres}:
        if directory is None:
            continue
        if not Path(directory).is_absolute():
            raise InvalidInput(f"The directory {directory[:_SHOWN]!r} is not an absolute path.")
        scope = find_scope(Path(directory), with_branch=may_begin)
        with app.ledger.reading() as reader:
            is_free = reader.active_session(scope.directory) is None
        marks = mark_uncommitted(scope) if may_begin and is_free else []
        if may_begin or directory not in places:
            places[directory] = Place(scope, marks)
    return places


_SHOWN = 200


def session_for(
    writer: Writer, config: Config, where: Where, places: Mapping[str, Place], began_ms: int, *, is_needed: bool
) -> Session | None:
    """The session that is meant; one that is named and not there begins at `began_ms`, in ms since the epoch.

    Where nothing is said it is the only active one, or, if it is not needed, none.

    Raises:
        SessionNotFound: no session has that id.
        NoActiveSession: none is active there.
        SessionActive: another one is active in that directory.
        SessionAmbiguous: several are meant.
    """
    name = None if where.name is None else checked(where.name)
    if where.session_id is not None:
        return _known(writer, where.session_id)
    if where.directory is not None:
        return _in_scope(writer, places[where.directory], name, began_ms)
    if name is None and not is_needed:
        return None
    meant = [session for session in sessions_begun(writer) if name in (None, session.name)]
    if meant:
        return _only(meant)
    if name is None:
        raise NoActiveSession("No session is active: name one, and it begins.")
    return writer.begin_session(Scope(own_scope(config, name)), name, began_ms)


def only_session(app: App) -> Session:
    """The only active session that somebody has begun, wherever that is.

    Raises:
        NoActiveSession: there is none.
        SessionAmbiguous: there are several.
    """
    with app.ledger.reading() as reader:
        running = sessions_begun(reader)
    if not running:
        raise NoActiveSession("No session is active.")
    return _only(running)


def _only(meant: Sequence[Session]) -> Session:
    if len(meant) > 1:
        choices = [{"id": session.id, "name": session.name, "directory": session.directory} for session in meant]
        raise SessionAmbiguous("Several sessions are active: say which by sessionId or directory.", choices=choices)
    return meant[0]


def own_scope(config: Config, name: str) -> str:
    """The scope of the session of that name that belongs to no directory."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:_PLAIN].strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]  # names that differ in other letters are others
    return str(config.data_dir.absolute() / APPS / (f"{plain}-{digest}" if plain else digest))


_PLAIN = 40


def _known(writer: Writer, session_id: int) -> Session:
    session = writer.session(session_id)
    if session is None:
        raise SessionNotFound(f"No session has the id {session_id}.", id=session_id)
    return session


def _in_scope(writer: Writer, place: Place, name: str | None, began_ms: int) -> Session:
    scope = place.scope
    active = writer.active_session(scope.directory)
    if name is None:
        if active is None:
            raise NoActiveSession(f"No session is active in {scope.directory}: name one, and it begins.")
        return active
    if active is None or active.is_background:
        return writer.begin_session(scope, name, began_ms, marks=place.marks)
    if active.name != name:
        raise SessionActive(
            f'Session {active.id} "{active.name}" is active in {scope.directory}.',
            id=active.id,
            activeSession=active.name,
        )
    return active
