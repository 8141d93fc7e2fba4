"""Does a session begin and end where the user stands? And one that a killed run left, at its last sign of life?"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_contract import another_process, line_of

from codesession.app import (
    active_session,
    annotate,
    changes_in,
    current_scope,
    end_session,
    open_app,
    recover,
    resume_session,
    start_session,
)
from codesession.app.sessions import RECOVERED, end_abandoned
from codesession.config import read_config
from codesession.errors import DatabaseError, InvalidInput, NoActiveSession, SessionActive, SessionNotFound
from codesession.model import Attempt, CallState, Cost, Outcome, Usage

if TYPE_CHECKING:
    import subprocess

    from tests.app.place import Place

    from codesession.app import App
    from codesession.model import Session


def test_a_session_belongs_to_the_git_root(place: Place) -> None:
    (place.repo / "deep").mkdir()
    place.monkeypatch.chdir(place.repo / "deep")
    session = start_session(place.app(), "work")
    assert (session.directory, session.git_root, session.branch) == (str(place.repo), str(place.repo), "main")
    assert session.start_head == place.git("rev-parse", "HEAD")
    assert session.started_ms == place.now_ms


def test_outside_git_it_belongs_to_the_directory(place: Place) -> None:
    directory = place.outside()
    session = start_session(place.app(), "work")
    assert (session.directory, session.git_root, session.branch) == (str(directory), None, None)


def test_what_was_uncommitted_at_the_start_is_not_the_sessions_work(place: Place) -> None:
    place.write("pending.txt")
    app = place.app()
    session = start_session(app, "work")
    place.write("new.txt")
    assert [file.path for file in changes_in(app, session).files] == ["new.txt"]
    ended = end_session(app, notes="done")
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(ended.id)] == ["new.txt"]
    assert (ended.notes, ended.ended_ms) == ("done", place.now_ms)


def test_commits_and_files_are_recorded_at_the_end(place: Place) -> None:
    app = place.app()
    place.now_ms = int(place.git("show", "--no-patch", "--format=%ct")) * 1000
    session = start_session(app, "work")
    place.write("a.txt")
    first = place.commit("first")
    place.write("old.txt", "changed\n")
    second = place.commit("second")
    ended = end_session(app)
    assert ended.id == session.id
    with app.ledger.reading() as tx:
        assert [commit.hash for commit in tx.commits(ended.id)] == [first, second]
        assert {file.path: file.change.value for file in tx.files(ended.id)} == {
            "a.txt": "created",
            "old.txt": "modified",
        }


def test_two_starts_in_one_scope_give_one_session(place: Place) -> None:
    app, rival = place.app(), place.app()
    session = start_session(app, "first")
    with pytest.raises(SessionActive) as caught:
        start_session(rival, "second")
    hint = "End it with: cs end. Or: cs start --resume, or --close-stale."
    assert caught.value.extra == {"id": session.id, "activeSession": "first", "hint": hint}


def test_scopes_are_apart(place: Place) -> None:
    app = place.app()
    here = start_session(app, "here")
    place.outside()
    with pytest.raises(NoActiveSession, match="Start one with: cs start"):
        active_session(app)
    there = start_session(app, "there")
    assert end_session(app).id == there.id
    place.monkeypatch.chdir(place.repo)
    assert active_session(app) == here


def test_any_session_can_be_reached_by_its_id(place: Place) -> None:
    app = place.app()
    here = start_session(app, "here")
    place.write("new.txt")
    place.outside()
    assert active_session(app, here.id) == here
    ended = end_session(app, here.id)
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(ended.id)] == ["new.txt"]


def test_ids_that_are_of_no_active_session_are_refused(place: Place) -> None:
    app = place.app()
    ended = start_session(app, "work")
    end_session(app)
    for session_id in (ended.id, 4711):
        for ask in (active_session, end_session):
            with pytest.raises(SessionNotFound) as caught:
                ask(app, session_id)
            assert caught.value.extra == {"id": session_id}


def test_nothing_is_begun_under_a_blank_name(place: Place) -> None:
    app = place.app()
    with pytest.raises(InvalidInput):
        start_session(app, " ")
    with app.ledger.reading() as tx:
        assert tx.sessions(1) == []


def test_notes_that_are_no_text_are_kept_as_well_as_can_be(place: Place) -> None:
    app = place.app()
    start_session(app, "work")
    assert end_session(app, notes="caf\udce9").notes == "caf?"


@pytest.mark.parametrize(("by_id", "error"), [(False, NoActiveSession), (True, SessionNotFound)])
def test_a_session_that_another_ends_meanwhile_is_ended_once(
    place: Place, *, by_id: bool, error: type[Exception]
) -> None:
    app, rival = place.app(), place.app()
    session = start_session(app, "work")

    def end_it_now() -> int:
        if not ended:
            ended.append(end_session(rival, notes="rival"))
        return place.now_ms

    ended: list[Session] = []
    slow = type(app)(app.config, app.ledger, end_it_now, app.say)
    with pytest.raises(error, match="has just been ended elsewhere"):
        end_session(slow, session.id if by_id else None, notes="ours")
    assert place.session(session.id).notes == "rival"


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps the current directory from being deleted")
def test_a_directory_that_is_gone_is_said(place: Place) -> None:
    place.outside("gone").rmdir()
    with pytest.raises(InvalidInput, match="no longer exists"):
        current_scope()


def test_what_git_cannot_tell_is_said_and_the_session_ends_all_the_same(place: Place) -> None:
    app = place.app()
    start_session(app, "work")
    (place.repo / ".git").rename(place.repo / "git")
    place.monkeypatch.chdir(place.home)
    session = end_session(app, 1)
    assert not session.is_active
    assert place.said == [f"No git repository can be read at {place.repo}: what changed is not known."]


# --- sessions that a killed run has left ---


def left_open(app: App, *, calls: bool = True, held: bool = False) -> Session:
    """A session of a run whose process is gone, with what it had done."""
    scope = current_scope()
    with app.ledger.writing() as tx:
        owner_id = tx.add_owner(12345, 1)
        session = tx.begin_session(scope, "killed run", app.now_ms(), owner_id=owner_id)
        asked = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1)
        if calls:
            call_id = tx.hold(asked, 900, owner_id, app.now_ms() + 1000)
            tx.settle(call_id, Outcome(Usage(input=1)), Cost(5, "table"), app.now_ms() + 60_000)
        if held:
            tx.hold(asked, 900, owner_id, app.now_ms() + 61_000)
    return session


def living_run(place: Place, process: subprocess.Popen[str]) -> Session:
    """A session that the process keeps open."""
    owner_id = int(line_of(process))
    with place.app().ledger.writing() as tx:
        return tx.begin_session(current_scope(), "run", place.now_ms, owner_id=owner_id)


def claim_source(place: Place) -> str:
    return (
        "from pathlib import Path\nfrom codesession.ledger import SqliteLedger\n"
        f"ledger = SqliteLedger(Path({str(place.database)!r}))\n"
        "print(ledger.claim(1), flush=True)\nsys.stdin.readline()\n"
    )


@pytest.mark.parametrize(
    ("calls", "held", "after_ms"),
    [
        pytest.param(False, False, 0, id="no-call-ends-it-where-it-began"),
        pytest.param(True, False, 60_000, id="the-last-answer"),
        pytest.param(True, True, 61_000, id="the-last-call-that-was-sent"),
    ],
)
def test_a_session_a_killed_run_left_ends_at_its_last_sign_of_life(
    place: Place, *, calls: bool, held: bool, after_ms: int
) -> None:
    app = place.app()
    session = left_open(app, calls=calls, held=held)
    with open_app(read_config(), place.said.append):  # days later: what it held is billed first
        pass
    place.now_ms += 3 * 86_400_000
    end_abandoned(app, current_scope())
    ended = place.session(session.id)
    assert ended.ended_ms == session.started_ms + after_ms
    assert ended.notes == RECOVERED == "[auto-recovered: stale session]"
    assert place.said == [f"Session {session.id} was left open by a run that was killed; it has been ended."]
    end_abandoned(app, current_scope())
    assert len(place.said) == 1


def test_what_a_killed_run_left_is_ended_once_when_two_look(place: Place) -> None:
    app = place.app()
    left = left_open(app)
    rival = place.app()
    looks = iter([True])

    def let_the_rival_be_quicker() -> int:
        if next(looks, False):
            end_abandoned(rival, current_scope())
        return place.now_ms

    end_abandoned(type(app)(app.config, app.ledger, let_the_rival_be_quicker, app.say), current_scope())
    assert len(place.said) == 1
    assert place.session(left.id).notes == RECOVERED


def test_a_start_ends_what_a_killed_run_left(place: Place) -> None:
    app = place.app()
    left = left_open(app)
    begun = start_session(app, "next")
    assert begun.id > left.id
    assert active_session(app) == begun
    assert not place.session(left.id).is_active


def test_a_session_begun_by_hand_is_never_ended_by_another_start(place: Place) -> None:
    app = place.app()
    session = start_session(app, "mine")
    end_abandoned(app, current_scope())
    assert active_session(app) == session
    assert place.said == []


def test_a_session_of_a_run_that_lives_is_left_alone_until_it_is_killed(place: Place) -> None:
    app = place.app()
    with another_process(claim_source(place)) as process:
        session = living_run(place, process)
        end_abandoned(app, current_scope())
        with pytest.raises(SessionActive):
            start_session(app, "second")
        assert active_session(app) == session
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()
        assert start_session(app, "second").id > session.id


def test_a_session_of_another_scope_is_not_touched(place: Place) -> None:
    app = place.app()
    left = left_open(app)
    place.outside()
    end_abandoned(app, current_scope())
    assert place.session(left.id).is_active


# --- sessions that somebody left open, by hand ---

HOUR_MS = 3_600_000


def test_what_was_left_open_ends_when_it_last_gave_a_sign_of_life(place: Place) -> None:
    app = place.app()
    left = start_session(app, "left open")
    place.now_ms += 5000
    annotate(app, "still there")
    place.write("touched.txt")
    touched_ms = (place.repo / "touched.txt").stat().st_mtime_ns // 1_000_000
    place.now_ms = touched_ms + 3 * 24 * HOUR_MS
    begun = start_session(app, "next", close_stale=True)
    ended = place.session(left.id)
    assert (ended.ended_ms, ended.notes) == (touched_ms, RECOVERED)
    assert place.said == [f'Session {left.id} "left open" was still open; it has been ended.']
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(left.id)] == ["touched.txt"]
    assert active_session(app) == begun


def test_without_any_sign_of_life_it_ends_where_it_began(place: Place) -> None:
    app = place.app()
    left = start_session(app, "left open")
    place.now_ms += HOUR_MS
    start_session(app, "next", close_stale=True)
    assert place.session(left.id).ended_ms == left.started_ms


def test_closing_what_is_stale_touches_no_other_scope_and_needs_nothing_to_close(place: Place) -> None:
    app = place.app()
    here = start_session(app, "here", close_stale=True)
    place.outside()
    start_session(app, "there", close_stale=True)
    assert place.session(here.id).is_active
    assert place.said == []


def test_a_run_that_lives_is_not_stale(place: Place) -> None:
    app = place.app()
    with another_process(claim_source(place)) as process:
        run = living_run(place, process)
        with pytest.raises(SessionActive):
            start_session(app, "second", close_stale=True)
        assert recover(app, 0) == []
        assert resume_session(app) == run
        with app.ledger.reading() as tx:
            assert tx.session_owner(run.id) is not None  # it stays the run's


def test_a_session_is_resumed_as_it_is(place: Place) -> None:
    app = place.app()
    assert resume_session(app) is None
    session = start_session(app, "work")
    assert resume_session(app) == session
    end_session(app)
    assert resume_session(app) is None


def test_what_a_killed_run_left_can_be_resumed_and_is_nobodys_then(place: Place) -> None:
    app = place.app()
    left = left_open(app)
    assert resume_session(app) == left
    end_abandoned(app, current_scope())
    assert place.session(left.id).is_active


def test_a_background_session_is_not_resumed(place: Place) -> None:
    app = place.app()
    with app.ledger.writing() as tx:
        tx.begin_session(current_scope(), "Background", place.now_ms, background=True)
    assert resume_session(app) is None


def test_recovering_ends_what_is_old_enough_in_every_scope(place: Place) -> None:
    app = place.app()
    old = start_session(app, "old")
    place.outside()
    place.now_ms += 10 * HOUR_MS
    newer = start_session(app, "newer")
    place.now_ms += 2 * HOUR_MS
    assert recover(app, 12 * 3600 + 1) == []
    assert recover(app, 12 * 3600) == [old]
    assert place.session(old.id).notes == RECOVERED
    assert [session.id for session in recover(app, 0)] == [newer.id]
    assert recover(app, 0) == []


def test_notes_that_were_there_stay(place: Place) -> None:
    app = place.app()
    session = start_session(app, "work")
    ended = end_session(app, notes="done")
    assert ended.notes == "done"
    with app.ledger.writing() as tx:
        assert not tx.end_session(session.id, 1, notes="again")
    assert place.session(session.id).notes == "done"


# --- remarks ---


def test_a_remark_goes_to_the_session_here_or_to_any_by_its_id(place: Place) -> None:
    app = place.app()
    with pytest.raises(NoActiveSession):
        annotate(app, "nowhere")
    session = start_session(app, "work")
    first = annotate(app, "  half way 🦊\n")
    assert (first.session_id, first.message, first.timestamp_ms) == (session.id, "half way 🦊", place.now_ms)
    end_session(app)
    place.outside()
    second = annotate(app, "afterwards", session.id)
    with app.ledger.reading() as tx:
        assert tx.annotations(session.id) == [first, second]
    with pytest.raises(SessionNotFound):
        annotate(app, "x", 99)


@pytest.mark.parametrize("message", ["", "  ", "\n"])
def test_a_remark_without_words_is_none(place: Place, message: str) -> None:
    app = place.app()
    session = start_session(app, "work")
    with pytest.raises(InvalidInput, match="some words"):
        annotate(app, message)
    with app.ledger.reading() as tx:
        assert tx.annotations(session.id) == []


# --- the program ---


def test_opening_bills_what_dead_processes_hold(place: Place) -> None:
    session = left_open(place.app(), held=True)
    with open_app(read_config(), place.said.append) as app, app.ledger.reading() as tx:
        assert [call.state for call in tx.calls(session.id)] == [CallState.SETTLED, CallState.LOST]


def test_the_ledger_is_closed_whatever_happens(place: Place) -> None:
    def fail() -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"), open_app(read_config(), place.said.append) as app:
        fail()
    with pytest.raises(DatabaseError, match="closed"), app.ledger.reading():
        raise AssertionError("it is closed")


def test_the_clock_of_the_program_is_the_time(place: Place) -> None:
    import time

    with open_app(read_config(), place.said.append) as app:
        before = time.time_ns() // 1_000_000
        assert before <= app.now_ms() <= time.time_ns() // 1_000_000
