"""How does a person hold up a session that runs? Its calls wait, or are refused from now on, whoever makes them.

What is said is a row in the ledger: the process that relays the calls reads it as it admits each one, and looks for
it twice a second (`heeding`) for what runs already. Who said it may be gone by then.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from codesession.app.sessions import active_session, any_session, changes_in
from codesession.errors import DatabaseError, InvalidInput
from codesession.model import Event, EventKind, QuestionState
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from codesession.app.core import App
    from codesession.model import Session
    from codesession.model.ports import Ledger, Writer

LOOK_EVERY_S = 0.5
"""How often it is looked for sessions that are stopped, in seconds. A look takes 0.03 ms."""


class Stopped(NamedTuple):
    """A session whose calls are refused from now on."""

    session: Session
    """as it is now, active or ended"""
    by_its_owner: bool
    """whether a `cs run` or `cs proxy` that lives keeps it open, and will end it: a run as soon as its program has"""


def stop_session(app: App, session_id: int, *, end: bool = False) -> Stopped:
    """Refuse every call of an active session from now on, end its answers that run, and the program of its `cs run`.

    Calls that wait are refused too. With `end` the session ends; one that a live `cs run` or `cs proxy` keeps open is
    left to it, for it knows what changed last. Said again, nothing but that is done.

    Raises:
        SessionNotFound: no active session has that id.
    """
    session = active_session(app, session_id)
    with app.ledger.writing() as tx:
        before = tx.switch_of(session.id)
        if before is None or before.state is not SwitchState.STOPPED:
            tx.set_switch(Switch(session.id, SwitchState.STOPPED, app.now_ms()))
            _tell(app, tx, EventKind.STOPPED, f"A person stopped session {session.id}.", session.id)
        for question, _ in tx.waiting():
            if question.session_id == session.id:
                tx.answer(question.id, QuestionState.DENIED)
    is_owned = _is_kept_open(app, session)
    if end and not is_owned:
        session = _ended(app, session)
    return Stopped(session, is_owned)


def pause_session(app: App, session_id: int, wait_s: int | None = None) -> Switch:
    """Have the calls of an active session wait until it is resumed or stopped; answers that run go on.

    Each waits for `wait_s` seconds at most, None: as long as the settings say of a runaway, and is refused then. Said
    again, nothing is done.

    Raises:
        SessionNotFound: no active session has that id.
        InvalidInput: it is stopped.
    """
    session = active_session(app, session_id)
    switch = Switch(
        session.id, SwitchState.PAUSED, app.now_ms(), app.config.runaway.wait_s if wait_s is None else wait_s
    )
    with app.ledger.writing() as tx:
        before = tx.switch_of(session.id)
        if before is not None:
            if before.state is SwitchState.STOPPED:
                raise InvalidInput(f"Session {session.id} is stopped: there is nothing to pause.", id=session.id)
            return before
        tx.set_switch(switch)
        _tell(app, tx, EventKind.PAUSED, f"A person paused session {session.id}.", session.id)
    return switch


def allow_session(app: App, session_id: int) -> Session:
    """Let the calls of a session go on that was paused or stopped; those that wait go on at once.

    Where nothing holds them up, nothing is done.

    Raises:
        SessionNotFound: no session has that id.
        InvalidInput: it is stopped, and was a run's, whose program is ended with it.
    """
    session = any_session(app, session_id)
    with app.ledger.writing() as tx:
        switch = tx.switch_of(session.id)
        if switch is None:
            return session
        is_runs = tx.session_owner(session.id) is not None and not session.is_background
        if switch.state is SwitchState.STOPPED and is_runs:
            raise InvalidInput(
                f"Session {session.id} was stopped, and its program with it: start it again with cs run.",
                id=session.id,
            )
        tx.lift_switch(session.id)
        _tell(app, tx, EventKind.RESUMED, f"A person allowed the calls of session {session.id} again.", session.id)
    return session


def _tell(app: App, tx: Writer, kind: EventKind, sentence: str, session_id: int) -> None:
    tx.add_event(Event(kind, app.now_ms(), session_id=session_id, message=sentence))


def _is_kept_open(app: App, session: Session) -> bool:
    """Whether a live process ends the session with its own end; a background session it does not miss."""
    with app.ledger.reading() as reader:
        owner_id = reader.session_owner(session.id)
    return owner_id is not None and not session.is_background and app.ledger.is_alive(owner_id)


def _ended(app: App, session: Session) -> Session:
    changes = None if session.is_background else changes_in(app, session)
    files, commits = (changes.files, changes.commits) if changes else ((), ())
    with app.ledger.writing() as tx:
        tx.end_session(session.id, app.now_ms(), files=files, commits=commits)
        return tx.session(session.id) or session


@contextmanager
def heeding(ledger: Ledger, heard: Callable[[Collection[int]], None], every_s: float = LOOK_EVERY_S) -> Iterator[None]:
    """While the block runs, tell `heard` which sessions are stopped, as long as some are, every `every_s` seconds.

    It is called in a thread of its own, and returns at once.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(every_s):
            try:
                with ledger.reading() as reader:
                    switches = reader.switches()
            except DatabaseError:  # it is told when the ledger can be read again
                continue
            stopped = frozenset(switch.session_id for switch in switches if switch.state is SwitchState.STOPPED)
            if stopped:
                heard(stopped)

    thread = threading.Thread(target=look, name="switches", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
