"""What is `cs run`? A session, a proxy before the providers, a program, and at the end the bill."""

from __future__ import annotations

import threading
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesession.app.budgets import set_session_budget
from codesession.app.metering import OneSession, metering, upstreams
from codesession.app.project_file import sync_project_file
from codesession.app.sessions import changes_in, current_scope, end_abandoned
from codesession.app.switches import heeding
from codesession.app.words import checked
from codesession.capture.child import STOPPED, CannotStart, Child, signals_to
from codesession.capture.clients import arguments, environment, warnings
from codesession.capture.proxy import listen
from codesession.config import PROXY_PORT
from codesession.errors import DatabaseError, InvalidInput, PortTaken
from codesession.guard import stopped_program
from codesession.model import EventKind, Mode
from codesession.model.switch import SwitchState
from codesession.workspace import changes_since, mark_uncommitted

if TYPE_CHECKING:
    import socket
    from collections.abc import Collection, Sequence

    from codesession.app.budgets import Terms
    from codesession.app.core import App
    from codesession.capture.proxy import Tally
    from codesession.model import FileMark, Refusal, Scope, Session
    from codesession.workspace import Changes

_LAST_WORDS_S = 0.3
"""How long a refused answer has to reach the program before the program is ended, in seconds."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What the firewall refused in a run."""

    refusal: Refusal
    """the last one, or the one that stopped the program"""
    refusals: int
    """calls that were not sent; 0: only answers were ended"""
    stopped: bool
    """whether the program was ended"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did."""

    session: Session
    owner_id: int
    """whose calls are this run's"""
    exit_code: int
    started_ms: int
    ended_ms: int
    changes: Changes
    joined: bool
    """whether the session was active before, and goes on"""
    port: int | None
    """where the proxy listened; None without one"""
    tally: Tally | None
    problem: str | None
    """why the program could not be started"""
    blocked: Blocked | None = None
    """None: every call was allowed"""


class _Firewall:
    """Hears, in other threads, of what is refused, and ends the program where a budget or a person says so."""

    def __init__(self, child: Child, session_id: int) -> None:
        self._child = child
        self._session_id = session_id
        self._turn = threading.Lock()
        self._refusals = 0
        self._last: Refusal | None = None
        self._stopping: threading.Timer | None = None

    def refused(self, refusal: Refusal, kind: EventKind) -> None:
        """Count what was refused."""
        with self._turn:
            self._refusals += kind is EventKind.REFUSED
            if self._stopping is None:
                self._last = refusal
                if refusal.mode is Mode.STOP:
                    self._stop()

    def stopped(self, sessions: Collection[int]) -> None:
        """End the program if this run's session is among those that a person has stopped."""
        with self._turn:
            if self._stopping is None and self._session_id in sessions:
                self._last = stopped_program(self._session_id)
                self._stop()

    def _stop(self) -> None:
        self._stopping = threading.Timer(_LAST_WORDS_S, self._child.stop)
        self._stopping.start()

    def outcome(self) -> Blocked | None:
        """What was refused, once the program, if it is being ended, has ended with all it has started."""
        if self._stopping is not None:
            self._stopping.join()
        if self._last is None:
            return None
        return Blocked(self._last, self._refusals, self._stopping is not None)


def run(
    app: App,
    command: Sequence[str],
    *,
    name: str,
    port: int | None = None,
    with_proxy: bool = True,
    stdout: int | None = None,
    budget: Terms | None = None,
) -> Run:
    """Run a program in a session of the current scope; the session ends with it.

    A session that is already active here is joined: it takes this run's calls, and goes on. One that a
    killed run left open is ended first. `port` None is 3739, or any free one if that is taken;
    `stdout` is the descriptor the program's output goes to, None for ours. `budget` becomes the session's own, in the
    place of one it had.

    Raises:
        InvalidInput, PortTaken, DatabaseError: nothing was started.
    """
    name = checked(name)
    scope = current_scope()
    ways = upstreams(app.config, command)
    for sentence in warnings(command, app.config.environ, Path.cwd()) if with_proxy else ():
        app.say(sentence)
    with closing(_listener(app, port)) if with_proxy else nullcontext() as listener:
        end_abandoned(app, scope)
        for sentence in sync_project_file(app.ledger, scope.directory):
            app.problem(sentence)
        marks = mark_uncommitted(scope)
        started_ms = app.now_ms()
        owner_id = app.ledger.claim(started_ms)
        session, joined = _begin(app, scope, name, marks, owner_id, started_ms)
        if budget is not None:
            set_session_budget(app, session.id, budget)
        port = None if listener is None else listener.getsockname()[1]
        child = Child(stdout)
        firewall = _Firewall(child, session.id)
        problem: str | None = None
        tally = None
        with signals_to(child):
            try:
                environ = dict(app.config.environ)
                environ.pop("CODESESSION_WEBHOOK", None)  # a secret that no agent needs
                if listener is None:
                    with heeding(app.ledger, firewall.stopped):
                        exit_code = child.run(command, environ)
                else:
                    with metering(
                        app,
                        listener,
                        owner_id,
                        lambda queue: OneSession(queue, session.id),
                        ways,
                        firewall.refused,
                        firewall.stopped,
                    ) as proxy:
                        tally = proxy.tally
                        argv = arguments(command, proxy.root, session.id, environ)
                        environ |= environment(proxy.root, session.id, environ, app.config.data_dir, ways)
                        exit_code = child.run(argv, environ)
                if firewall.outcome() and child.was_stopped:
                    exit_code = exit_code or STOPPED
            except CannotStart as error:
                exit_code, problem = error.exit_code, str(error)
            finally:
                session, changes = _finish(app, session, scope, marks, started_ms, joined=joined)
    return Run(
        session,
        owner_id,
        exit_code,
        started_ms,
        app.now_ms(),
        changes,
        joined,
        port,
        tally,
        problem,
        firewall.outcome(),
    )


def _listener(app: App, port: int | None) -> socket.socket:
    """Where the proxy is to listen: exactly at `port` if one was asked for."""
    if port is not None:
        return listen(port)
    try:
        return listen(PROXY_PORT)
    except PortTaken:
        listener = listen(0)
        app.say(f"Port {PROXY_PORT} is taken; the proxy listens on {listener.getsockname()[1]}.")
        return listener


def _begin(
    app: App, scope: Scope, name: str, marks: list[FileMark], owner_id: int, started_ms: int
) -> tuple[Session, bool]:
    """The run's session, and whether it was active already.

    Raises:
        InvalidInput: a person has stopped the session that it would join.
    """
    with app.ledger.writing() as writer:
        active = writer.active_session(scope.directory)
        if active and active.is_background:
            active = None
        switch = writer.switch_of(active.id) if active else None
        if active and switch and switch.state is SwitchState.STOPPED:
            raise InvalidInput(
                f'A person stopped session {active.id} "{active.name}", which is active here: end it with cs end, '
                "or allow its calls again in the Command centre (cs dashboard).",
                id=active.id,
            )
        session = active or writer.begin_session(scope, name, started_ms, marks=marks, owner_id=owner_id)
    if active:
        app.say(f'This run joins session {active.id} "{active.name}", which is active here.')
    return session, active is not None


def _finish(
    app: App, session: Session, scope: Scope, marks: list[FileMark], started_ms: int, *, joined: bool
) -> tuple[Session, Changes]:
    """End the session if this run began it; what changed is this run's in any case."""
    if not joined:
        changes = changes_in(app, session)
    else:
        changes = changes_since(scope.directory, scope.git_root, scope.head, marks, started_ms, now_ms=app.now_ms())
    try:
        with app.ledger.writing() as writer:
            if not joined:
                writer.end_session(session.id, app.now_ms(), files=changes.files, commits=changes.commits)
                changes = replace(changes, files=writer.files(session.id), commits=writer.commits(session.id))
            session = writer.session(session.id) or session
    except DatabaseError as error:
        app.say(error.message)  # the program has run, and its exit status must be told; the next run ends the session
    return session, changes
