"""Is everything that happens in an open session recorded while it is watched, whatever goes wrong beside?"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from codesession.app import Ending, asked_to_end, end_session, start_session, watch_session
from codesession.app.core import App
from codesession.app.watching import Pace
from codesession.config import read_config
from codesession.ledger import SqliteLedger
from codesession.workspace.touched import WatchFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tests.app.place import Place

    from codesession.model import Session, Totals
    from codesession.workspace.touched import Touched

EACH_TIME = Pace(ledger_s=0, commits_s=0, idle_s=0)


@dataclass
class Script:
    """What the system would tell, step by step: each step does something and names what it touched."""

    steps: list[Callable[[], Touched]]
    asked: threading.Event = field(default_factory=threading.Event)
    is_closed: bool = False

    def __call__(self, root: Path) -> Generator[Touched, None, None]:
        assert root.is_absolute()
        try:
            yield {}
            for step in self.steps:
                yield step()
            self.asked.set()
            while True:
                yield {}
        finally:
            self.is_closed = True


@dataclass
class Watching:
    """How watching went."""

    ending: Ending
    shown: list[Totals]
    script: Script

    def figures(self) -> list[tuple[int, int]]:
        """The files and commits shown, without repetitions."""
        pairs = [(totals.files, totals.commits) for totals in self.shown]
        return [pair for at, pair in enumerate(pairs) if at == 0 or pairs[at - 1] != pair]


def watch(app: App, session: Session, *steps: Callable[[], Touched], pace: Pace = EACH_TIME) -> Watching:
    script = Script(list(steps))
    shown: list[Totals] = []
    began: list[bool] = []
    ending = watch_session(
        app, session, script.asked, begun=lambda: began.append(True), show=shown.append, pace=pace, touches=script
    )
    assert began == [True]
    return Watching(ending, shown, script)


def recorded(app: App, session: Session) -> tuple[list[tuple[str, str]], list[str]]:
    """The changes and the commits that the ledger holds of a session."""
    with app.ledger.reading() as reader:
        files = [(file.path, file.change.value) for file in reader.files(session.id)]
        return files, [commit.message for commit in reader.commits(session.id)]


def test_what_is_seen_is_recorded_and_shown_at_once(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")

    def write() -> Touched:
        place.write("new.txt")
        place.write("old.txt", "other\n")
        return {b"new.txt": True, b"old.txt": True}

    def look() -> Touched:
        assert recorded(app, session)[0] == [("new.txt", "created"), ("old.txt", "modified")]
        place.commit("done")
        (place.repo / "old.txt").unlink()
        return {b"old.txt": False}

    seen = watch(app, session, write, look)
    assert seen.ending is Ending.LEFT
    assert recorded(app, session) == (
        [("new.txt", "created"), ("old.txt", "modified"), ("old.txt", "deleted")],
        ["done"],
    )
    assert seen.figures()[-1] == (2, 1)
    assert seen.script.is_closed
    assert place.said == []
    assert place.session(session.id).is_active


def test_what_was_touched_just_before_one_leaves_is_recorded(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")
    asked = threading.Event()

    def touches(_root: Path) -> Generator[Touched, None, None]:
        yield {}
        asked.set()
        yield {}
        place.write("last.txt")
        place.commit("last")
        yield {b"last.txt": True}

    ending = watch_session(
        app, session, asked, begun=lambda: None, show=lambda _: None, pace=Pace(commits_s=1000), touches=touches
    )
    assert ending is Ending.LEFT
    assert recorded(app, session) == ([("last.txt", "created")], ["last"])


def test_a_session_that_is_ended_elsewhere_is_watched_no_longer(place: Place) -> None:
    app, elsewhere = place.app(), place.app()
    session = start_session(app, "x")

    def end() -> Touched:
        place.write("new.txt")
        end_session(elsewhere, session.id)
        return {b"new.txt": True}  # the end has counted it already

    seen = watch(app, session, end)
    assert seen.ending is Ending.ENDED
    assert recorded(app, session)[0] == [("new.txt", "created")]


def test_a_session_that_is_deleted_is_watched_no_longer(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")

    def reset() -> Touched:
        with closing(sqlite3.connect(place.database)) as connection, connection:
            connection.execute("DELETE FROM session")
        return {}

    assert watch(app, session, reset).ending is Ending.GONE


@pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be deleted there")
def test_a_ledger_whose_file_is_deleted_holds_no_session_any_more(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")

    def reset() -> Touched:
        for file in place.database.parent.glob("sessions.db*"):
            file.unlink()
        SqliteLedger(place.database).close()
        return {}

    assert watch(app, session, reset).ending is Ending.GONE


def test_what_could_not_be_written_is_kept_and_written_later(place: Place) -> None:
    impatient = SqliteLedger(place.database, wait_s=0)
    app = App(read_config(), impatient, lambda: place.now_ms, place.said.append)
    session = start_session(app, "x")
    rival = sqlite3.connect(place.database, isolation_level=None)

    def block() -> Touched:
        rival.execute("BEGIN IMMEDIATE")
        place.write("first.txt")
        return {b"first.txt": True}

    def meanwhile() -> Touched:
        assert recorded(app, session)[0] == []
        place.write("second.txt")
        return {b"second.txt": True}

    def release() -> Touched:
        assert recorded(app, session)[0] == []
        rival.execute("ROLLBACK")
        return {}

    with closing(impatient), closing(rival):
        seen = watch(app, session, block, meanwhile, release)
        assert seen.ending is Ending.LEFT
        assert recorded(app, session)[0] == [("first.txt", "created"), ("second.txt", "created")]
    assert len(place.said) == 1
    assert place.said[0].endswith("What is seen is kept, and written when that works again.")


def test_what_could_never_be_written_is_said_at_the_end(place: Place) -> None:
    impatient = SqliteLedger(place.database, wait_s=0)
    app = App(read_config(), impatient, lambda: place.now_ms, place.said.append)
    session = start_session(app, "x")
    rival = sqlite3.connect(place.database, isolation_level=None)

    def block() -> Touched:
        rival.execute("BEGIN IMMEDIATE")
        place.write("first.txt")
        return {b"first.txt": True}

    with closing(impatient), closing(rival):
        assert watch(app, session, block).ending is Ending.LEFT
    assert place.said[1:] == ["1 changes of files and 0 commits could not be recorded."]


def test_a_ledger_that_cannot_be_read_for_a_while_does_not_end_it(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")

    def run(statement: str) -> Callable[[], Touched]:
        def step() -> Touched:
            with closing(sqlite3.connect(place.database)) as connection, connection:
                connection.execute(statement)
            return {}

        return step

    hide, show = "ALTER TABLE session RENAME TO hidden", "ALTER TABLE hidden RENAME TO session"
    assert watch(app, session, run(hide), dict, run(show)).ending is Ending.LEFT
    assert len(place.said) == 1


def test_when_files_cannot_be_watched_the_rest_goes_on(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")

    def fail() -> Touched:
        raise WatchFailed("the system has had enough.")

    def show(totals: Totals) -> None:
        if totals.commits:
            script.asked.set()
        elif script.is_closed:
            place.commit("later")

    script = Script([fail])
    ending = watch_session(app, session, script.asked, begun=lambda: None, show=show, pace=EACH_TIME, touches=script)
    assert ending is Ending.LEFT
    assert recorded(app, session) == ([], ["later"])
    assert place.said == ["Files are not watched (the system has had enough): they are counted when the session ends."]
    assert end_session(app).ended_ms


def test_outside_git_nobody_counts_at_the_end_and_that_is_said(place: Place) -> None:
    place.outside()
    app = place.app()
    session = start_session(app, "x")

    def fail() -> Touched:
        raise WatchFailed("too much")

    asked = threading.Event()
    watch_session(
        app, session, asked, begun=asked.set, show=lambda _: None, pace=EACH_TIME, touches=Script([fail], asked)
    )
    assert place.said == ["Files are not watched (too much): what changes is not known."]


def test_what_git_does_not_tell_is_asked_again_with_the_next_files_and_at_the_end(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")
    index = place.repo / ".git" / "index"
    good = index.read_bytes()
    pace = Pace(ledger_s=0, commits_s=1000)

    def touch(name: str, index_is: bytes) -> Callable[[], Touched]:
        def step() -> Touched:
            index.write_bytes(index_is)
            place.write(name)
            return {name.encode(): True}

        return step

    def mend() -> Touched:
        index.write_bytes(good)
        return {}

    watch(app, session, touch("first.txt", b"broken"), mend, dict, touch("second.txt", good), pace=pace)
    assert recorded(app, session)[0] == [("first.txt", "created"), ("second.txt", "created")]
    watch(app, session, touch("third.txt", b"broken"), touch("fourth.txt", b"broken"), mend, pace=pace)
    assert recorded(app, session)[0][2:] == [("fourth.txt", "created"), ("third.txt", "created")]
    assert len(place.said) == 2  # once for each time one watched
    assert all("What git does not tell now is counted when the session ends." in said for said in place.said)


def test_a_git_that_does_not_answer_is_said_once_and_commits_are_counted_later(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")
    pace = Pace(ledger_s=0, commits_s=0, git_wait_s=0)
    assert watch(app, session, dict, dict, pace=pace).ending is Ending.LEFT
    assert place.said == ["git rev-parse did not end within 0 seconds. Commits are counted when the session ends."]


def test_our_own_files_are_not_the_sessions_work(place: Place) -> None:
    kept = place.repo / "kept"
    kept.mkdir()
    place.monkeypatch.setenv("CODESESSION_DB_PATH", str(kept / "sessions.db"))
    place.monkeypatch.setenv("COSTHQ_DATA_DIR", str(place.repo / "data"))
    with closing(SqliteLedger(kept / "sessions.db")) as ledger:
        app = App(read_config(), ledger, lambda: place.now_ms, place.said.append)
        session = start_session(app, "x")

        def touch() -> Touched:
            (kept / "mine.txt").touch()
            (place.repo / "data").mkdir()
            (place.repo / "data" / "prices").touch()
            ours = b"kept/sessions.db", b"kept/sessions.db-wal", b"data/prices"
            return dict.fromkeys((*ours, b"kept/mine.txt"), True)

        watch(app, session, touch)
        assert recorded(app, session)[0] == [("kept/mine.txt", "created")]


def test_outside_git_what_was_written_before_one_watched_is_recorded(place: Place) -> None:
    directory = place.outside()
    app = place.app()
    place.now_ms = time.time_ns() // 1_000_000 - 60_000
    session = start_session(app, "x")
    (directory / "new.txt").touch()
    place.now_ms += 120_000
    watch(app, session)
    assert recorded(app, session)[0] == [("new.txt", "created")]


def test_the_real_system_tells_of_real_files(place: Place) -> None:
    app = place.app()
    session = start_session(app, "x")
    asked = threading.Event()

    def show(totals: Totals) -> None:
        if totals.files:
            asked.set()

    def begun() -> None:
        place.write("new.txt")

    assert watch_session(app, session, asked, begun=begun, show=show) is Ending.LEFT
    assert recorded(app, session)[0] == [("new.txt", "created")]


# --- being asked ---


def test_a_signal_asks_and_a_second_one_at_once_is_the_same() -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_end() as asked:
        assert not asked.is_set()
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_who_asks_again_after_a_second_will_not_wait() -> None:
    now = 100.0

    def clock() -> float:
        return now

    with pytest.raises(KeyboardInterrupt), asked_to_end(clock) as asked:  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        now += 1.1
        assert asked.is_set()
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals do not hang up there")
def test_a_closed_terminal_asks_unless_one_was_started_to_outlive_it() -> None:
    with asked_to_end() as asked:
        signal.raise_signal(signal.SIGHUP)
        assert asked.is_set()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with asked_to_end() as asked:
            signal.raise_signal(signal.SIGHUP)
            assert not asked.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)
