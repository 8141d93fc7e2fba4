"""Is a run its own session, or part of one, and is its share told apart?"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.app.test_sessions import left_open

from codesession.app import end_session, run, start_session
from codesession.app.sessions import RECOVERED
from codesession.capture.proxy import listen
from codesession.errors import DatabaseError, InvalidInput, PortTaken
from codesession.ledger import SqliteLedger
from codesession.model import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.app.place import Place

    from codesession.app import App
    from codesession.model.ports import Writer


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_a_run_is_a_session_that_ends_with_its_program(place: Place) -> None:
    app = place.app()
    place.now_ms = 0  # every file is newer than that
    done = run(app, python("open('made.txt', 'w').close(); raise SystemExit(3)"), name="make it", with_proxy=False)
    assert (done.exit_code, done.joined, done.problem, done.port, done.tally) == (3, False, None, None, None)
    assert (done.session.name, done.session.is_active) == ("make it", False)
    assert [file.path for file in done.changes.files] == ["made.txt"]
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(done.session.id)] == ["made.txt"]
        assert tx.session_owner(done.session.id) == done.owner_id


def test_a_run_inside_a_session_joins_it_and_leaves_it_going(place: Place) -> None:
    app = place.app()
    session = start_session(app, "by hand")
    place.write("before.txt")
    done = run(app, python("open('made.txt', 'w').close()"), name="part", with_proxy=False)
    assert (done.joined, done.session, done.exit_code) == (True, session, 0)
    assert [file.path for file in done.changes.files] == ["made.txt"]  # the other was there before this run
    assert place.said == [f'This run joins session {session.id} "by hand", which is active here.']
    ended = end_session(app)
    with app.ledger.reading() as tx:
        assert [file.path for file in tx.files(ended.id)] == ["before.txt", "made.txt"]


def test_a_background_session_is_not_joined(place: Place) -> None:
    app = place.app()
    with app.ledger.writing() as tx:
        background = tx.begin_session(Scope(str(place.repo)), "Background", 1, background=True)
    done = run(app, python(""), name="mine", with_proxy=False)
    assert not done.joined
    assert done.session.id != background.id
    assert not place.session(background.id).is_active


def test_what_a_killed_run_left_is_ended_not_joined(place: Place) -> None:
    app = place.app()
    left = left_open(app)
    done = run(app, python(""), name="next", with_proxy=False)
    assert not done.joined
    assert place.session(left.id).notes == RECOVERED


def test_a_session_that_the_program_ends_itself_is_ended_once(place: Place) -> None:
    end = "import sys; from codesession.cli import main; main(['end', '-n', 'from inside', '--json'])"
    done = run(place.app(), [sys.executable, "-c", f"{end}"], name="ends itself", with_proxy=False)
    assert (done.exit_code, done.session.notes, done.session.is_active) == (0, "from inside", False)


def test_a_program_that_is_not_there_ends_its_session_too(place: Place) -> None:
    done = run(place.app(), ["no-such-program-anywhere"], name="nothing", with_proxy=False)
    assert (done.exit_code, done.problem) == (127, "no-such-program-anywhere: command not found")
    assert not done.session.is_active


@pytest.mark.skipif(sys.platform == "win32", reason="there every file may be executed")
def test_a_program_that_may_not_be_run_is_said(place: Place) -> None:
    place.write("plain.txt")
    done = run(place.app(), ["./plain.txt"], name="nothing", with_proxy=False)
    assert (done.exit_code, done.problem) == (126, "./plain.txt: Permission denied")


@pytest.mark.usefixtures("priced")
def test_with_a_proxy_the_program_is_told_where_it_is(place: Place) -> None:
    keep = "import os; open('said.txt', 'w').write(os.environ['ANTHROPIC_BASE_URL'])"
    done = run(place.app(), python(keep), name="proxied", port=0)
    assert done.port
    assert (place.repo / "said.txt").read_text() == f"http://127.0.0.1:{done.port}/s/{done.session.id}"
    assert done.tally is not None
    with closing(listen(done.port)):
        pass  # it is free again


def test_a_port_that_was_asked_for_and_is_taken_starts_nothing(place: Place) -> None:
    app = place.app()
    with closing(listen(0)) as taken, pytest.raises(PortTaken):
        run(app, python(""), name="x", port=taken.getsockname()[1])
    with app.ledger.reading() as tx:
        assert tx.sessions(1) == []


@pytest.mark.usefixtures("priced")
def test_what_a_person_should_know_before_is_said_before(place: Place) -> None:
    (place.repo / ".claude").mkdir()
    (place.repo / ".claude" / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "http://gateway"}}')
    app = place.app()
    run(app, ["claude-is-not-installed-here"], name="x", port=0)
    assert place.said == []
    place.write("claude", "#!/bin/sh\n")
    (place.repo / "claude").chmod(0o755)
    run(app, ["./claude"], name="x", port=0)
    assert len(place.said) == 1
    assert "sets ANTHROPIC_BASE_URL, which Claude Code prefers to ours" in place.said[0]
    run(app, ["./claude"], name="x", with_proxy=False)
    assert len(place.said) == 1


@pytest.mark.usefixtures("priced")
def test_the_usual_port_gives_way_to_a_free_one(place: Place) -> None:
    with closing(listen(0)) as taken:
        port = taken.getsockname()[1]
        place.monkeypatch.setattr("codesession.app.runs.PROXY_PORT", port)
        done = run(place.app(), python(""), name="x")
    assert done.port not in (None, port)
    assert place.said == [f"Port {port} is taken; the proxy listens on {done.port}."]


@pytest.mark.parametrize(("name", "upstream"), [(" ", ""), ("x", "nonsense")], ids=["no-name", "no-address"])
def test_what_cannot_be_used_starts_nothing(place: Place, name: str, upstream: str) -> None:
    place.monkeypatch.setenv("CODESESSION_UPSTREAM_OPENAI", upstream)
    app = place.app()
    with pytest.raises(InvalidInput):
        run(app, python("open('made.txt', 'w').close()"), name=name)
    assert not (place.repo / "made.txt").exists()
    with app.ledger.reading() as tx:
        assert tx.sessions(1) == []


class Refusing(SqliteLedger):
    """A ledger that cannot be written from some moment on."""

    is_refusing = False

    def writing(self) -> AbstractContextManager[Writer]:  # type: ignore[override]  # a context manager all the same
        if self.is_refusing:
            raise DatabaseError("the disk is full")
        return super().writing()


@pytest.fixture
def refusing(place: Place) -> Iterator[tuple[App, Refusing]]:
    app = place.app()
    with closing(Refusing(place.database)) as ledger:
        yield type(app)(app.config, ledger, app.now_ms, place.said.append), ledger


def test_a_run_that_cannot_be_written_down_at_its_end_still_tells_its_exit_status(
    place: Place, refusing: tuple[App, Refusing]
) -> None:
    app, ledger = refusing

    def fill_the_disk() -> int:
        ledger.is_refusing = bool((place.repo / "made.txt").exists())
        return place.now_ms

    app = type(app)(app.config, app.ledger, fill_the_disk, app.say)
    done = run(app, python("open('made.txt', 'w').close(); raise SystemExit(5)"), name="x", with_proxy=False)
    assert done.exit_code == 5
    assert place.said == ["the disk is full"]
    assert place.session(done.session.id).is_active  # the next run will find its owner gone, and end it
