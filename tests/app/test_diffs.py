from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.app.diffs import CommitNotFound, commit_diff, diff_stats, session_commits, session_diff
from codesession.app.sessions import end_session, start_session
from codesession.errors import InvalidInput, SessionNotFound
from codesession.workspace.diffs import NoRepository

if TYPE_CHECKING:
    from tests.app.place import Place


def test_an_ended_session_s_diff_is_what_it_committed(place: Place) -> None:
    place.now_ms = 1_000
    session = start_session(place.app(), "work")
    place.write("new.txt", "one\n")
    place.commit("made")
    place.now_ms = 2_000
    end_session(place.app())
    place.write("late.txt")
    place.commit("after it")
    assert [(stat.path, stat.additions, stat.deletions) for stat in diff_stats(place.app(), session.id)] == [
        ("new.txt", 1, 0)
    ]
    assert session_diff(place.app(), session.id).text.endswith("+one\n")
    assert session_diff(place.app(), session.id, "late.txt").text == ""


def test_a_commit_of_an_active_session_is_found_before_it_is_recorded(place: Place) -> None:
    place.now_ms = 1_000
    session = start_session(place.app(), "work")
    place.write("new.txt", "one\n")
    made = place.commit("made")
    assert [commit.message for commit in session_commits(place.app(), session)] == ["made"]
    for said in (made, made[:4]):
        assert commit_diff(place.app(), session.id, said).text.endswith("+one\n")
    assert commit_diff(place.app(), session.id, made, "old.txt").text == ""


def test_a_commit_of_nobody_s_session_is_not_shown(place: Place) -> None:
    before = place.git("rev-parse", "HEAD")
    session = start_session(place.app(), "work")
    with pytest.raises(CommitNotFound, match=f"Session {session.id} has no commit {before}"):
        commit_diff(place.app(), session.id, before)


def test_a_recorded_commit_that_is_gone_says_so(place: Place) -> None:
    from codesession.model import Commit

    session = start_session(place.app(), "work")
    with place.app().ledger.writing() as tx:
        tx.record_changes(session.id, [], [Commit("f" * 40, "gone", 5)])
    with pytest.raises(CommitNotFound, match="is no longer in the repository"):
        commit_diff(place.app(), session.id, "ffff")


def test_a_beginning_of_several_hashes_is_not_enough(place: Place) -> None:
    from codesession.model import Commit

    session = start_session(place.app(), "work")
    with place.app().ledger.writing() as tx:
        tx.record_changes(session.id, [], [Commit("f" * 40, "one", 5), Commit("ffff" + "a" * 36, "other", 6)])
    with pytest.raises(InvalidInput, match="Several commits begin with ffff"):
        commit_diff(place.app(), session.id, "ffff")


@pytest.mark.parametrize("said", ["abc", "f" * 41, "HEAD", "ABCD", "--output=x", "abcd\n", "abcd^", ""])
def test_what_is_no_hash_is_refused(place: Place, said: str) -> None:
    session = start_session(place.app(), "work")
    with pytest.raises(InvalidInput, match="4 to 40 hexadecimal digits"):
        commit_diff(place.app(), session.id, said)


def test_outside_git_there_is_no_diff_and_what_was_recorded_stays(place: Place) -> None:
    place.outside()
    session = start_session(place.app(), "work")
    with pytest.raises(NoRepository):
        session_diff(place.app(), session.id)
    assert session_commits(place.app(), session) == []


def test_a_session_that_is_not_there_has_no_diff(place: Place) -> None:
    with pytest.raises(SessionNotFound):
        diff_stats(place.app(), 99)
