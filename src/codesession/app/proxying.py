"""What is `cs proxy`? The relay without a program of ours: each call is brought to the session it belongs to.

Whose a call is, if it does not say: the session active in the scope of the calling program's working directory;
if that cannot be found out, the only active session; else a *Background API Session* of that scope.
"""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from codesession.app.ending import asked_to_end, wait_until
from codesession.app.metering import OneSession, metering, named_session, upstreams
from codesession.app.sessions import changes_in, current_scope, end_abandoned, sessions_begun
from codesession.app.words import checked
from codesession.capture.proxy import listen
from codesession.errors import CodesessionError
from codesession.workspace import Changes, find_scope, mark_uncommitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesession.app.core import App
    from codesession.app.metering import Metering
    from codesession.ledger import WriteQueue
    from codesession.model import Scope, Session, Totals
    from codesession.model.ports import Writer
    from codesession.model.relaying import Sessions

BACKGROUND = "Background API Session"
_KNOWN_FOR_MS = 30_000
"""How long a port of a caller is taken to be the same program's, in milliseconds."""


class PeerSessions:
    """The `Sessions` of a stand-alone proxy."""

    def __init__(self, queue: WriteQueue, here: Scope, owner_id: int, now_ms: Callable[[], int]) -> None:
        self._queue = queue
        self._here = here
        self._owner_id = owner_id
        self._now_ms = now_ms
        self._scopes: dict[tuple[str, int], tuple[int, Scope | None]] = {}

    async def attribute(self, named: int | None, peer: tuple[str, int] | None) -> int:
        """The session named, or the one the caller's directory belongs to."""
        if named is not None:
            return await named_session(self._queue, named)
        scope = await self._scope_of(peer) if peer else None
        return await self._queue.write(lambda tx: self._choose(tx, scope))

    async def standing(self) -> tuple[Session, Totals] | None:
        """The session active where the proxy was started, or the only one."""

        def look(tx: Writer) -> tuple[Session, Totals] | None:
            session = tx.active_session(self._here.directory) or _only(tx)
            return (session, tx.totals(session.id)) if session else None

        return await self._queue.write(look)

    def _choose(self, tx: Writer, scope: Scope | None) -> int:
        session = tx.active_session(scope.directory) if scope else _only(tx)
        if session is None:
            there = scope or self._here
            stopped_id = tx.stopped_in(there.directory)
            if stopped_id is not None:
                return stopped_id  # what a person has stopped does not go on under another name
            session = tx.active_session(there.directory) or tx.begin_session(
                there, BACKGROUND, self._now_ms(), owner_id=self._owner_id, background=True
            )
        return session.id

    async def _scope_of(self, peer: tuple[str, int]) -> Scope | None:
        """The scope of the program at the other end of a connection, looked for now and then."""
        now_ms = self._now_ms()
        found = self._scopes.get(peer)
        if found is None or now_ms - found[0] > _KNOWN_FOR_MS:
            self._scopes = {key: seen for key, seen in self._scopes.items() if now_ms - seen[0] <= _KNOWN_FOR_MS}
            found = now_ms, await asyncio.to_thread(scope_of_peer, peer)
            self._scopes[peer] = found
        return found[1]


def scope_of_peer(peer: tuple[str, int]) -> Scope | None:
    """The scope of the program that has `peer` as its own end of a TCP connection; None if it hides it."""
    try:
        for connection in psutil.net_connections("tcp4"):
            if connection.pid and connection.laddr and tuple(connection.laddr) == peer:
                return find_scope(Path(psutil.Process(connection.pid).cwd()))
    except (psutil.Error, OSError, CodesessionError):
        return None  # macOS shows connections of others to root alone; its directory may be gone, or git too slow
    return None


def _only(tx: Writer) -> Session | None:
    """The active session, if there is just one that somebody began."""
    sessions = sessions_begun(tx)
    return sessions[0] if len(sessions) == 1 else None


@contextmanager
def standalone_proxy(app: App, port: int, name: str | None) -> Iterator[tuple[Metering, Session | None]]:
    """Serve a proxy while the block runs; with a `name`, in a session of that name, which ends with it.

    Raises:
        InvalidInput, PortTaken, SessionActive, DatabaseError: nothing was started.
    """
    name = None if name is None else checked(name)
    ways = upstreams(app.config)
    here = current_scope()
    with closing(listen(port)) as listener:
        end_abandoned(app, here)
        marks = mark_uncommitted(here) if name is not None else []
        owner_id = app.ledger.claim(app.now_ms())
        session: Session | None = None
        if name is not None:
            with app.ledger.writing() as writer:
                session = writer.begin_session(here, name, app.now_ms(), marks=marks, owner_id=owner_id)

        def sessions(queue: WriteQueue) -> Sessions:
            return OneSession(queue, session.id) if session else PeerSessions(queue, here, owner_id, app.now_ms)

        try:
            with metering(app, listener, owner_id, sessions, ways) as proxy:
                yield proxy, session
        finally:
            _end_all(app, owner_id)


def _end_all(app: App, owner_id: int) -> None:
    """End the sessions this proxy began, each with what changed in its scope."""
    with app.ledger.reading() as reader:
        mine = [session for session in reader.active_sessions() if reader.session_owner(session.id) == owner_id]
    for session in mine:
        changes = Changes() if session.is_background else changes_in(app, session)
        with app.ledger.writing() as writer:
            writer.end_session(session.id, app.now_ms(), files=changes.files, commits=changes.commits)


def wait_for_end() -> None:
    """Return when this process is asked to end: Ctrl-C, or a signal."""
    with asked_to_end() as asked:
        wait_until(asked)
