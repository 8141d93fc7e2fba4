"""Is a session held up as a person says, told as it was, and let go on; and does its program end?"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_metering import NOBODY
from tests.app.test_sessions import claim_source
from tests.contract.ledger_contract import another_process, line_of

from codesession.app import allow_session, approve, deny, heeding, pause_session, run, start_session, stop_session
from codesession.app.proxying import BACKGROUND, PeerSessions
from codesession.app.sessions import current_scope, end_session
from codesession.errors import BudgetNotFound, DatabaseError, InvalidInput, SessionNotFound
from codesession.ledger import SqliteLedger, WriteQueue
from codesession.model import EventKind, QuestionState, Refusal, Rule
from codesession.model.switch import Switch, SwitchState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.app.place import Place

    from codesession.app import App
    from codesession.model import Event, Session

WAIT_S = 30


@pytest.fixture
def app(place: Place) -> App:
    return place.app()


def said(app: App, session_id: int) -> Switch | None:
    with app.ledger.reading() as reader:
        return reader.switch_of(session_id)


def events(app: App) -> list[Event]:
    with app.ledger.reading() as reader:
        return reader.events()


# --- stop ---


def test_a_stopped_session_is_known_as_that_and_an_event_tells_of_it_once(place: Place, app: App) -> None:
    session = start_session(app, "by hand")
    assert stop_session(app, session.id) == (session, False)
    assert said(app, session.id) == Switch(session.id, SwitchState.STOPPED, place.now_ms)
    place.now_ms += 1000
    stop_session(app, session.id)
    (event,) = events(app)
    assert (event.kind, event.session_id, event.at_ms) == (EventKind.STOPPED, session.id, place.now_ms - 1000)
    assert event.message == f"A person stopped session {session.id}."


def test_a_session_can_be_ended_with_its_stop_or_after_it(place: Place, app: App) -> None:
    first = start_session(app, "first")
    place.write("new.txt")
    assert not stop_session(app, first.id, end=True).session.is_active
    with app.ledger.reading() as reader:
        assert [file.path for file in reader.files(first.id)] == ["new.txt"]
    second = start_session(app, "second")
    assert stop_session(app, second.id).session.is_active
    assert not stop_session(app, second.id, end=True).session.is_active
    assert said(app, second.id) is not None


def test_a_background_session_ends_with_nothing_that_changed(place: Place, app: App) -> None:
    owner_id = app.ledger.claim(1)
    with app.ledger.writing() as tx:
        session = tx.begin_session(current_scope(), BACKGROUND, 1, owner_id=owner_id, background=True)
    place.write("anybodys.txt")
    stopped = stop_session(app, session.id, end=True)
    assert (stopped.session.is_active, stopped.by_its_owner) == (False, False)
    with app.ledger.reading() as reader:
        assert reader.files(session.id) == []


def test_a_session_that_a_live_run_keeps_open_is_left_to_it_to_end(place: Place, app: App) -> None:
    with another_process(claim_source(place)) as process:
        owner_id = int(line_of(process))
        with app.ledger.writing() as tx:
            session = tx.begin_session(current_scope(), "run", 1, owner_id=owner_id)
        stopped = stop_session(app, session.id, end=True)
        assert (stopped.session.is_active, stopped.by_its_owner) == (True, True)
    assert not stop_session(app, session.id, end=True).session.is_active  # nobody else will


def test_calls_that_wait_for_a_person_have_their_answer(app: App) -> None:
    session = start_session(app, "work")
    owner_id = app.ledger.claim(1)
    refusal = Refusal(Rule.SPEED, "Fast.", "Slow.", ask_s=60)
    with app.ledger.writing() as tx:
        ours, other = (tx.ask(refusal, whose, "m", owner_id, 1) for whose in (session.id, None))
    stop_session(app, session.id)
    with app.ledger.reading() as reader:
        assert [question.id for question, _ in reader.waiting()] == [other.id]
        answered = reader.question(ours.id)
    assert answered
    assert answered.state is QuestionState.DENIED


@pytest.mark.parametrize("act", [stop_session, pause_session])
def test_only_an_active_session_can_be_held_up(app: App, act: Callable[[App, int], object]) -> None:
    ended = start_session(app, "over")
    end_session(app)
    for session_id in (ended.id, 4711):
        with pytest.raises(SessionNotFound, match=f"No active session has the id {session_id}"):
            act(app, session_id)
    assert events(app) == []


# --- pause, and on ---


def test_a_paused_session_waits_as_long_as_the_settings_say_or_as_it_is_told(app: App, place: Place) -> None:
    session = start_session(app, "work")
    assert pause_session(app, session.id) == Switch(session.id, SwitchState.PAUSED, place.now_ms, 300)
    assert pause_session(app, session.id, 5).wait_s == 300  # it is paused already
    allow_session(app, session.id)
    assert pause_session(app, session.id, 5).wait_s == 5
    assert [event.kind for event in events(app)] == [EventKind.PAUSED, EventKind.RESUMED, EventKind.PAUSED]


def test_what_is_allowed_again_is_held_up_no_more(app: App) -> None:
    session = start_session(app, "work")
    for hold_up in (pause_session, stop_session):
        hold_up(app, session.id)
        assert allow_session(app, session.id) == session
        assert said(app, session.id) is None
    told = [event.message for event in events(app)]
    assert told[-1] == f"A person allowed the calls of session {session.id} again."
    allow_session(app, session.id)
    assert len(events(app)) == len(told) == 4


def test_a_pause_can_become_a_stop_but_not_a_stop_a_pause(app: App) -> None:
    session = start_session(app, "work")
    pause_session(app, session.id)
    stop_session(app, session.id)
    with pytest.raises(InvalidInput, match=f"Session {session.id} is stopped"):
        pause_session(app, session.id)
    kept = said(app, session.id)
    assert kept
    assert kept.state is SwitchState.STOPPED


def test_a_session_that_has_ended_can_be_allowed_again(app: App) -> None:
    session = start_session(app, "work")
    stop_session(app, session.id, end=True)
    allow_session(app, session.id)
    assert said(app, session.id) is None
    with pytest.raises(SessionNotFound):
        allow_session(app, 4711)


def test_a_run_that_was_stopped_is_not_gone_on_with_though_a_paused_one_is(app: App) -> None:
    with app.ledger.writing() as tx:
        session = tx.begin_session(current_scope(), "run", 1, owner_id=tx.add_owner(1, 1))
    pause_session(app, session.id)
    allow_session(app, session.id)
    stop_session(app, session.id)
    with pytest.raises(InvalidInput, match="start it again with cs run"):
        allow_session(app, session.id)


# --- whose calls are refused ---


@pytest.fixture
def peers(place: Place, app: App) -> Iterator[PeerSessions]:
    with closing(WriteQueue(app.ledger)) as queue:
        yield PeerSessions(queue, current_scope(), app.ledger.claim(1), lambda: place.now_ms)


@pytest.mark.parametrize("by_hand", [True, False], ids=["begun-by-hand", "in-the-background"])
def test_what_calls_on_after_its_session_was_ended_is_still_that_session(
    app: App, peers: PeerSessions, *, by_hand: bool
) -> None:
    first = start_session(app, "work").id if by_hand else asyncio.run(peers.attribute(None, NOBODY))
    stop_session(app, first, end=True)
    assert asyncio.run(peers.attribute(None, NOBODY)) == first
    allow_session(app, first)
    assert asyncio.run(peers.attribute(None, NOBODY)) != first


def test_who_begins_anew_is_not_held_up(app: App, peers: PeerSessions) -> None:
    stop_session(app, start_session(app, "work").id, end=True)
    anew = start_session(app, "anew")
    assert asyncio.run(peers.attribute(None, NOBODY)) == anew.id


# --- hearing of it ---


def test_stopped_sessions_are_heard_of_and_paused_ones_are_not(place: Place, app: App) -> None:
    first = start_session(app, "first")
    place.outside()
    second = start_session(app, "second")
    heard: list[Collection[int]] = []
    has_heard = threading.Event()

    def hear(sessions: Collection[int]) -> None:
        heard.append(sessions)
        has_heard.set()

    with heeding(app.ledger, hear, 0.001):
        pause_session(app, first.id)
        stop_session(app, second.id)
        assert has_heard.wait(WAIT_S)
    assert set(heard) == {frozenset({second.id})}


class Looked(SqliteLedger):
    """A ledger that says when it has been read twice."""

    reads = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.was_read_twice = threading.Event()

    def reading(self) -> Any:
        self.reads += 1
        if self.reads > 2:
            self.was_read_twice.set()
        return super().reading()


def test_while_none_is_stopped_nothing_is_heard(place: Place, app: App) -> None:
    pause_session(app, start_session(app, "work").id)
    heard: list[Collection[int]] = []
    with closing(Looked(place.database)) as ledger, heeding(ledger, heard.append, 0.001):
        assert ledger.was_read_twice.wait(WAIT_S)
    assert heard == []


class Failing(SqliteLedger):
    """A ledger that cannot be read the first time."""

    reads = 0

    def reading(self) -> Any:
        self.reads += 1
        if self.reads == 1:
            raise DatabaseError("the disk failed")
        return super().reading()


def test_a_ledger_that_cannot_be_read_is_asked_again(place: Place, app: App) -> None:
    stop_session(app, start_session(app, "work").id)
    has_heard = threading.Event()
    with (
        closing(Failing(place.database)) as ledger,
        heeding(ledger, lambda _: has_heard.set(), 0.001),
    ):
        assert has_heard.wait(WAIT_S)
        assert ledger.reads > 1


# --- runs ---

SLEEPS = [sys.executable, "-c", "import time; open('ready', 'w').close(); time.sleep(60)"]


def stopping(place: Place, *, end: bool = True) -> threading.Thread:
    """A thread with a program of its own that stops the session here when the program of the run is there."""

    def stop() -> None:
        ready = place.repo / "ready"
        with closing(SqliteLedger(place.database)) as ledger:
            own = type(other)(other.config, ledger, lambda: place.now_ms, place.said.append)
            deadline = threading.Event()
            while not ready.exists() and not deadline.wait(0.01):
                pass
            with ledger.reading() as reader:
                (session,) = reader.active_sessions()
            stop_session(own, session.id, end=end)

    other = place.app()
    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("with_proxy", [False, True], ids=["without-a-proxy", "with-one"])
@pytest.mark.usefixtures("priced")
def test_a_program_that_calls_nothing_is_ended_and_its_session_with_it(place: Place, *, with_proxy: bool) -> None:
    thread = stopping(place)
    done = run(place.app(), SLEEPS, name="sleeps", with_proxy=with_proxy, port=0)
    thread.join(WAIT_S)

    assert done.exit_code == 128 + 15
    assert not done.session.is_active
    assert done.blocked
    assert (done.blocked.refusal.rule, done.blocked.refusals, done.blocked.stopped) == (Rule.STOPPED, 0, True)
    assert done.blocked.refusal.sentence == f"A person stopped session {done.session.id}."
    assert [file.path for file in done.changes.files] == ["ready"]


@pytest.mark.parametrize("end", [True, False], ids=["and-ended", "and-left-open"])
def test_a_program_that_runs_in_a_session_begun_by_hand_is_ended_with_it(place: Place, *, end: bool) -> None:
    session = start_session(place.app(), "by hand")
    thread = stopping(place, end=end)
    done = run(place.app(), SLEEPS, name="part", with_proxy=False)
    thread.join(WAIT_S)

    assert (done.joined, done.exit_code) == (True, 128 + 15)
    assert done.session.id == session.id
    assert done.session.is_active is not end


def test_no_program_is_started_in_a_session_that_is_stopped(place: Place) -> None:
    app = place.app()
    session = start_session(app, "by hand")
    stop_session(app, session.id)
    with pytest.raises(InvalidInput, match=f"A person stopped session {session.id}"):
        run(app, SLEEPS, name="part", with_proxy=False)
    assert not (place.repo / "ready").exists()


# --- one waiting call of several ---


@pytest.fixture
def asked(app: App) -> list[int]:
    owner_id = app.ledger.claim(1)
    refusal = Refusal(Rule.SPEED, "Fast.", "Slow.", ask_s=60)
    with app.ledger.writing() as tx:
        return [tx.ask(refusal, None, "m", owner_id, 1).id for _ in range(3)]


def test_one_call_that_waits_is_answered_by_its_id(app: App, asked: list[int]) -> None:
    assert [question.id for question in approve(app, question_id=asked[1]).answered] == [asked[1]]
    assert [question.id for question in deny(app, question_id=asked[2])] == [asked[2]]
    with app.ledger.reading() as reader:
        assert [question.id for question, _ in reader.waiting()] == [asked[0]]


@pytest.mark.parametrize("act", [approve, deny])
def test_one_that_was_answered_or_never_asked_is_not_found(app: App, asked: list[int], act: Any) -> None:
    deny(app, question_id=asked[0])
    for question_id in (asked[0], 4711):
        with pytest.raises(BudgetNotFound, match=f"No call waits under the id {question_id}"):
            act(app, question_id=question_id)


# --- a session somewhere else ---


def test_a_session_begins_in_a_directory_that_is_named(place: Place, app: App) -> None:
    (place.home / "elsewhere").mkdir()
    inside = place.repo / "inside"
    inside.mkdir()
    place.outside()

    def begun(directory: str) -> Session:
        session = start_session(app, "work", directory=directory)
        end_session(app, session.id)
        return session

    assert begun(str(inside)).directory == str(place.repo)
    assert begun("~/elsewhere").directory == str(place.home / "elsewhere")


@pytest.mark.parametrize(
    ("directory", "said_of_it"),
    [
        ("inside", "is not a whole path"),
        ("", "is not a whole path"),
        ("/no/such/directory", "does not exist"),
        ("/etc/hosts", "is not a directory"),
        ("~nobody-of-that-name/x", "leads nowhere"),
        ("~a\0b", "leads nowhere"),
        ("/a\0b", "does not exist"),
    ],
    ids=["relative", "empty", "missing", "a-file", "no-user", "no-users-name", "no-name"],
)
def test_a_directory_that_cannot_be_used_begins_nothing(app: App, directory: str, said_of_it: str) -> None:
    with pytest.raises(InvalidInput, match=said_of_it):
        start_session(app, "work", directory=directory)
    with app.ledger.reading() as reader:
        assert reader.active_sessions() == []
