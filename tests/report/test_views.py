"""Is a view what the ledger says, of one moment?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesession.model import Attempt, ChangeType, Commit, Cost, FileChange, Outcome, Scope, Usage
from codesession.report import view_of_run, view_of_session, views_of_sessions

if TYPE_CHECKING:
    from codesession.ledger import SqliteLedger
    from codesession.model import Session

FILES = [FileChange("a.py", ChangeType.MODIFIED, 1500)]
COMMITS = [Commit("a" * 40, "first", 1500), Commit("b" * 40, "second", 1600)]


def begin(ledger: SqliteLedger, name: str = "work", started_ms: int = 1000) -> Session:
    with ledger.writing() as tx:
        return tx.begin_session(Scope(f"/{name}"), name, started_ms)


def spend(ledger: SqliteLedger, session: Session, nanos: int, owner_id: int) -> int:
    with ledger.writing() as tx:
        call_id = tx.hold(Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1), 9, owner_id, 1100)
        tx.settle(call_id, Outcome(Usage(input=2, output=1)), Cost(nanos, "table"), 1200)
    return call_id


def ended(ledger: SqliteLedger, session: Session, at: int, **what: object) -> Session:
    with ledger.writing() as tx:
        tx.end_session(session.id, at, **what)  # type: ignore[arg-type]  # files and commits
        found = tx.session(session.id)
    assert found
    return found


def test_an_active_session_lasts_until_now_and_shows_what_was_just_found(ledger: SqliteLedger) -> None:
    session = begin(ledger)
    view = view_of_session(ledger, session, 4999, found=(FILES, COMMITS))
    assert (view.session, view.seconds) == (session, 3)
    assert (view.files, view.commits) == (tuple(FILES), tuple(COMMITS))
    assert (view.totals.files, view.totals.commits) == (1, 2)


def test_an_ended_session_shows_what_was_recorded(ledger: SqliteLedger) -> None:
    session = ended(ledger, begin(ledger), 8000, files=FILES, commits=COMMITS)
    view = view_of_session(ledger, session, 99_000)
    assert view.seconds == 7
    assert [file.path for file in view.files] == ["a.py"]
    assert all(file.id for file in view.files)
    assert [commit.hash for commit in view.commits] == ["a" * 40, "b" * 40]
    assert (view.totals.files, view.totals.commits) == (1, 2)


def test_a_clock_that_went_back_makes_no_negative_time(ledger: SqliteLedger) -> None:
    session = begin(ledger, started_ms=5000)
    assert view_of_session(ledger, session, 10).seconds == 0


def test_a_session_shorter_than_a_second_lasts_none(ledger: SqliteLedger) -> None:
    session = ended(ledger, begin(ledger), 1999)
    assert view_of_session(ledger, session, 99_000).seconds == 0


def test_calls_that_count_are_shown_and_the_others_are_not(ledger: SqliteLedger) -> None:
    session, owner_id = begin(ledger), ledger.claim(1)
    settled = spend(ledger, session, 5, owner_id)
    with ledger.writing() as tx:
        asked = Attempt(session.id, "p", "m", "e", streamed=False, request_bytes=1)
        tx.release(tx.hold(asked, 9, owner_id, 1), 500, 2)
        tx.hold(asked, 9, owner_id, 1)
        tx.annotate(session.id, "note", 1)
    view = view_of_session(ledger, session, 2000)
    assert [call.id for call in view.calls] == [settled]
    assert (view.totals.calls, view.totals.held) == (1, 1)
    assert [note.message for note in view.annotations] == ["note"]
    assert [model.calls for model in view.models] == [1]


def test_a_run_sees_its_own_share(ledger: SqliteLedger) -> None:
    session, mine = begin(ledger), ledger.claim(1)
    with ledger.writing() as tx:
        other = tx.add_owner(9, 1)
    spend(ledger, session, 5, mine)
    spend(ledger, session, 70, other)
    view = view_of_run(ledger, session, mine, 12, FILES, COMMITS)
    assert (view.seconds, view.totals.cost_nanos, view.totals.calls) == (12, 5, 1)
    assert (view.totals.files, view.totals.commits) == (1, 2)
    assert [model.cost_nanos for model in view.models] == [5]


def test_the_list_is_newest_first_without_what_is_in_it(ledger: SqliteLedger) -> None:
    for number in range(4):
        begin(ledger, f"s{number}", 1000 * (number + 1))
    views = views_of_sessions(ledger, 3, 5000)
    assert [(view.session.name, view.seconds) for view in views] == [("s3", 1), ("s2", 2), ("s1", 3)]
    assert not any(view.calls or view.files or view.annotations for view in views)
