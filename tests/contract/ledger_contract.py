"""What must every ledger do? One suite; a class of tests per ledger inherits it and says how to make one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from codesession.errors import DatabaseError, SessionActive
from codesession.model import (
    USAGE_FIELDS,
    Attempt,
    CallState,
    ChangeType,
    Commit,
    Cost,
    Cut,
    Evidence,
    FileChange,
    FileMark,
    ModelTotals,
    Outcome,
    Scope,
    Statistics,
    Terms,
    Totals,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from codesession.model import Call, Session
    from codesession.model.ports import Ledger, Reader, Writer

HERE = Scope("/projects/here", git_root="/projects/here", head="a" * 40, branch="main")
THERE = Scope("/projects/there")
CEILING = 900
CLAIM_AND_WAIT = "owner_id = ledger.claim(1)\nprint(owner_id, flush=True)\nsys.stdin.readline()\n"


def attempt(session_id: int | None = None, **known: Any) -> Attempt:
    return replace(Attempt(session_id, "anthropic", "claude-x", "messages", streamed=True, request_bytes=100), **known)


def answered(usage: Usage | None = None, **known: Any) -> Outcome:
    return replace(Outcome(usage or Usage(input=10, output=5), http_status=200), **known)


@contextmanager
def another_process(source: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of its own that runs `source`; it is gone when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{source}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# --- every way out of every state ---


def _settle(tx: Writer, call_id: int, _owner: int) -> object:
    return tx.settle(call_id, answered(), Cost(40, "table"), 2000)


def _settle_unread(tx: Writer, call_id: int, _owner: int) -> object:
    return tx.settle(call_id, Outcome(None), None, 2000)


def _release(tx: Writer, call_id: int, _owner: int) -> object:
    return tx.release(call_id, 529, 2000)


def _lose(tx: Writer, _call: int, owner_id: int) -> object:
    return tx.lose(owner_id, 2000)


ACTIONS: dict[str, Callable[[Writer, int, int], object]] = {
    "settle": _settle,
    "settle-unread": _settle_unread,
    "release": _release,
    "lose": _lose,
}
ENDS = {
    "settle": (CallState.SETTLED, 40),
    "settle-unread": (CallState.SETTLED, CEILING),
    "release": (CallState.RELEASED, None),
    "lose": (CallState.LOST, CEILING),
}
"""Where each action leads from `held`, and what is then billed; from anywhere else it leads nowhere."""


@dataclass
class Opened:
    """A ledger with an owner and a session in it."""

    ledger: Ledger
    owner_id: int
    session: Session

    def hold(self, ceiling: int | None = CEILING, started_ms: int = 1000, **known: Any) -> int:
        with self.ledger.writing() as tx:
            asked = attempt(**{"session_id": self.session.id, **known})
            return tx.hold(asked, ceiling, self.owner_id, started_ms)

    def settle(self, call_id: int, outcome: Outcome, nanos: int | None = None, ended_ms: int = 2000) -> bool:
        with self.ledger.writing() as tx:
            return tx.settle(call_id, outcome, None if nanos is None else Cost(nanos, "table"), ended_ms)

    def spend(self, nanos: int | None, usage: Usage | None = None, **known: Any) -> int:
        call_id = self.hold(**known)
        assert self.settle(call_id, answered(usage), nanos)
        return call_id

    def call(self, call_id: int) -> Call:
        with self.ledger.reading() as tx:
            found = tx.call(call_id)
        assert found
        return found

    def totals(self, owner_id: int | None = None) -> Totals:
        with self.ledger.reading() as tx:
            return tx.totals(self.session.id, owner_id)

    def models(self, owner_id: int | None = None) -> list[ModelTotals]:
        with self.ledger.reading() as tx:
            return tx.models(self.session.id, owner_id)


class LedgerContract:
    """What holds for any ledger; see `make` and `source` for what a subclass says."""

    def make(self, place: Path, *, wait_s: float = 10.0) -> Ledger:
        """The ledger at `place`, created if need be; it waits `wait_s` seconds for another writer."""
        raise NotImplementedError

    def source(self, place: Path) -> str:
        """Python statements that make the same ledger in another process, as ``ledger``."""
        raise NotImplementedError

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        with closing(self.make(tmp_path)) as ledger:
            yield ledger

    @pytest.fixture
    def rival(self, tmp_path: Path, ledger: Ledger) -> Iterator[Ledger]:
        """A second connection, which does not wait."""
        del ledger  # it has made the ledger
        with closing(self.make(tmp_path, wait_s=0)) as rival:
            yield rival

    @pytest.fixture
    def at(self, ledger: Ledger) -> Opened:
        owner_id = ledger.claim(500)
        with ledger.writing() as tx:
            return Opened(ledger, owner_id, tx.begin_session(HERE, "work", 1000))

    # --- sessions ---

    def test_a_session_is_kept_as_it_was_begun(self, ledger: Ledger) -> None:
        with ledger.writing() as tx:
            begun = tx.begin_session(HERE, "Füx the login 🦊", 1000)
        with ledger.reading() as tx:
            kept = tx.session(begun.id)
            assert tx.active_session(HERE.directory) == begun
            assert tx.active_sessions() == [begun]
        assert kept == begun
        assert (begun.name, begun.directory, begun.git_root) == ("Füx the login 🦊", HERE.directory, HERE.git_root)
        assert (begun.branch, begun.start_head) == (HERE.branch, HERE.head)
        assert (begun.started_ms, begun.ended_ms, begun.notes, begun.is_active) == (1000, None, None, True)
        assert begun.id > 0

    def test_what_is_not_there_is_none_or_nothing(self, ledger: Ledger) -> None:
        with ledger.reading() as tx:
            assert (tx.session(1), tx.active_session("/nowhere"), tx.call(1)) == (None, None, None)
            assert (tx.session_owner(1), tx.last_activity(1)) == (None, None)
            assert (tx.active_sessions(), tx.sessions(10), tx.owners_holding()) == ([], [], [])
            assert (tx.calls(1), tx.models(1), tx.files(1), tx.commits(1)) == ([], [], [], [])
            assert (tx.annotations(1), tx.marks(1)) == ([], [])

    def test_a_scope_has_one_active_session(self, at: Opened) -> None:
        with pytest.raises(SessionActive, match="already active here") as caught, at.ledger.writing() as tx:
            tx.begin_session(HERE, "second", 1001)
        assert caught.value.extra["id"] == at.session.id
        assert caught.value.extra["activeSession"] == "work"
        with at.ledger.reading() as tx:
            assert tx.active_sessions() == [at.session]

    def test_scopes_are_apart(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            other = tx.begin_session(THERE, "work", 1000)
        with at.ledger.writing() as tx:
            assert tx.end_session(other.id, 2000)
        with at.ledger.reading() as tx:
            assert tx.active_session(HERE.directory) == at.session
            assert tx.active_session(THERE.directory) is None

    def test_an_ended_session_makes_room_for_the_next_and_its_id_is_not_used_again(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            assert tx.end_session(at.session.id, 2000, notes="done")
            following = tx.begin_session(HERE, "next", 2000)
        assert following.id > at.session.id
        with at.ledger.reading() as tx:
            ended = tx.session(at.session.id)
            assert tx.active_session(HERE.directory) == following
        assert ended
        assert (ended.ended_ms, ended.notes, ended.is_active) == (2000, "done", False)

    def test_ending_twice_changes_nothing(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            assert tx.end_session(at.session.id, 2000, notes="first")
        with at.ledger.writing() as tx:
            again = tx.end_session(at.session.id, 9000, notes="second", files=[FileChange("a", ChangeType.CREATED, 1)])
            ended = tx.session(at.session.id)
            assert tx.files(at.session.id) == []
        assert again is False
        assert ended
        assert (ended.ended_ms, ended.notes) == (2000, "first")

    def test_ending_what_is_not_there_does_nothing(self, ledger: Ledger) -> None:
        with ledger.writing() as tx:
            assert tx.end_session(77, 2000) is False

    def test_a_clock_that_goes_back_ends_nothing_before_its_beginning(self, at: Opened) -> None:
        settled, released, lost = at.hold(), at.hold(), at.hold()
        with at.ledger.writing() as tx:
            tx.settle(settled, answered(), None, 10)
            tx.release(released, None, 10)
            tx.lose(at.owner_id, 10)
            tx.end_session(at.session.id, 10)
            ended = tx.session(at.session.id)
        assert ended
        assert ended.ended_ms == ended.started_ms
        for call_id in (settled, released, lost):
            assert at.call(call_id).ended_ms == at.call(call_id).started_ms == 1000

    def test_the_newest_sessions_come_first_and_at_most_so_many(self, ledger: Ledger) -> None:
        with ledger.writing() as tx:
            for name, started_ms in (("old", 1000), ("new", 3000), ("middle", 2000), ("also new", 3000)):
                tx.end_session(tx.begin_session(HERE, name, started_ms).id, 4000)
        with ledger.reading() as tx:
            assert [session.name for session, _ in tx.sessions(10)] == ["also new", "new", "middle", "old"]
            assert [session.name for session, _ in tx.sessions(2)] == ["also new", "new"]

    def test_active_sessions_come_oldest_first(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            second = tx.begin_session(THERE, "second", 900)
            assert tx.active_sessions() == [at.session, second]

    def test_a_session_knows_the_run_that_keeps_it_open(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            run = tx.begin_session(THERE, "run", 1000, owner_id=at.owner_id)
            assert tx.session_owner(run.id) == at.owner_id
            assert tx.session_owner(at.session.id) is None

    def test_a_background_session_gives_way_to_one_that_is_begun(self, ledger: Ledger) -> None:
        with ledger.writing() as tx:
            background = tx.begin_session(HERE, "Background", 1000, background=True)
            assert background.is_background
            assert tx.active_session(HERE.directory) == background
            begun = tx.begin_session(HERE, "work", 2000)
            ended = tx.session(background.id)
            assert tx.active_session(HERE.directory) == begun
        assert not begun.is_background
        assert ended
        assert (ended.ended_ms, ended.is_background) == (2000, True)

    @pytest.mark.parametrize("first_is_background", [True, False])
    def test_a_background_session_makes_nobody_give_way(self, ledger: Ledger, *, first_is_background: bool) -> None:
        with ledger.writing() as tx:
            first = tx.begin_session(HERE, "first", 1000, background=first_is_background)
        with pytest.raises(SessionActive), ledger.writing() as tx:
            tx.begin_session(HERE, "second", 1000, background=True)
        with ledger.reading() as tx:
            assert tx.active_sessions() == [first]

    # --- what happened in a session besides calls ---

    def test_marks_are_kept_while_the_session_runs_and_dropped_at_its_end(self, ledger: Ledger) -> None:
        marks = [FileMark("a b.txt", 12, 1_700_000_000_000_000_001), FileMark("gone", None, None)]
        with ledger.writing() as tx:
            session = tx.begin_session(HERE, "work", 1000, marks=iter(marks))
        with ledger.writing() as tx:
            assert tx.marks(session.id) == marks
            tx.end_session(session.id, 2000)
            assert tx.marks(session.id) == []

    def test_files_and_commits_of_the_end_are_kept_in_order(self, at: Opened) -> None:
        files = [FileChange("z.py", ChangeType.MODIFIED, 1500), FileChange("a.py", ChangeType.DELETED, 1400)]
        commits = [Commit("b" * 40, "second comes first", 1600), Commit("a" * 40, "", 1500)]
        with at.ledger.writing() as tx:
            tx.end_session(at.session.id, 2000, files=files, commits=commits)
        with at.ledger.reading() as tx:
            kept_files, kept_commits = tx.files(at.session.id), tx.commits(at.session.id)
        assert [file._replace(id=0) for file in kept_files] == files
        assert [commit._replace(id=0) for commit in kept_commits] == commits
        for ids in ([file.id for file in kept_files], [commit.id for commit in kept_commits]):
            assert ids == sorted(set(ids))
            assert ids[0] > 0
        assert (at.totals().files, at.totals().commits) == (2, 2)

    def test_what_was_seen_while_it_ran_is_kept_and_counted(self, at: Opened) -> None:
        files = [FileChange("a", ChangeType.CREATED, 1500), FileChange("a", ChangeType.MODIFIED, 1600)]
        commit = Commit("a" * 40, "one", 1500)
        with at.ledger.writing() as tx:
            assert tx.record_changes(at.session.id, files, [commit])
            assert tx.record_changes(at.session.id, [], [commit])
        assert (at.totals().files, at.totals().commits) == (1, 1)
        with at.ledger.writing() as tx:
            assert tx.end_session(at.session.id, 2000)
            assert not tx.record_changes(at.session.id, files, [])
            assert not tx.record_changes(99, files, [])
            assert len(tx.files(at.session.id)) == 2

    def test_the_end_adds_only_files_of_which_it_says_something_new(self, at: Opened) -> None:
        seen = {"here": ChangeType.CREATED, "gone": ChangeType.CREATED, "back": ChangeType.DELETED}
        found = {"here": ChangeType.MODIFIED, "gone": ChangeType.DELETED, "back": ChangeType.MODIFIED, "new": "created"}
        with at.ledger.writing() as tx:
            tx.record_changes(at.session.id, [FileChange(path, change, 1500) for path, change in seen.items()], [])
            changes = [FileChange(path, ChangeType(change), 1900) for path, change in found.items()]
            tx.end_session(at.session.id, 2000, files=changes)
            added = [(file.path, file.change) for file in tx.files(at.session.id) if file.timestamp_ms == 1900]
        assert added == [("gone", "deleted"), ("back", "modified"), ("new", "created")]
        assert at.totals().files == 4

    def test_a_session_can_become_nobodys(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            session = tx.begin_session(THERE, "run", 1000, owner_id=at.owner_id)
            tx.disown_session(session.id)
            assert tx.session_owner(session.id) is None
            assert tx.session(session.id) == session

    def test_the_last_sign_of_life_is_a_call_a_remark_a_file_or_a_commit(self, at: Opened) -> None:
        def last() -> int | None:
            with at.ledger.reading() as tx:
                return tx.last_activity(at.session.id)

        assert last() is None
        at.settle(at.hold(started_ms=1000), answered(), ended_ms=2000)
        assert last() == 2000
        with at.ledger.writing() as tx:
            tx.annotate(at.session.id, "remark", 3000)
        assert last() == 3000
        with at.ledger.writing() as tx:
            tx.record_changes(at.session.id, [FileChange("a", ChangeType.CREATED, 4000)], [])
        assert last() == 4000
        with at.ledger.writing() as tx:
            tx.record_changes(at.session.id, [], [Commit("a", "one", 5000)])
        assert last() == 5000

    def test_a_commit_counts_once_in_a_session_and_again_in_another(self, at: Opened) -> None:
        commit = Commit("a" * 40, "one", 1500)
        with at.ledger.writing() as tx:
            tx.end_session(at.session.id, 2000, commits=[commit, commit])
            other = tx.begin_session(THERE, "other", 1000)
            tx.end_session(other.id, 2000, commits=[commit])
            assert [kept.hash for kept in tx.commits(at.session.id)] == ["a" * 40]
            assert tx.totals(at.session.id).commits == tx.totals(other.id).commits == 1

    def test_a_file_that_is_named_twice_is_one_file(self, at: Opened) -> None:
        twice = [FileChange("a.py", ChangeType.CREATED, 1500), FileChange("a.py", ChangeType.MODIFIED, 1600)]
        with at.ledger.writing() as tx:
            tx.end_session(at.session.id, 2000, files=twice)
            assert len(tx.files(at.session.id)) == 2
            assert tx.totals(at.session.id).files == 1

    def test_remarks_may_be_made_after_the_end_too(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            first = tx.annotate(at.session.id, "begun\nwell", 1100)
            tx.end_session(at.session.id, 2000)
            second = tx.annotate(at.session.id, "", 1050)
        with at.ledger.reading() as tx:
            assert tx.annotations(at.session.id) == [first, second]
        assert (first.message, first.session_id, first.timestamp_ms) == ("begun\nwell", at.session.id, 1100)
        assert 0 < first.id < second.id

    # --- a call, from its hold to its end ---

    def test_a_hold_is_a_row_before_the_call_is_sent(self, at: Opened) -> None:
        asked = attempt(
            at.session.id,
            agent="claude-code",
            user="ada",
            customer="acme",
            feature="search",
            client_session="abc",
            retry=2,
        )
        with at.ledger.writing() as tx:
            call_id = tx.hold(asked, CEILING, at.owner_id, 1000)
        call = at.call(call_id)
        assert (call.id, call.session_id, call.provider, call.model) == (
            call_id,
            at.session.id,
            "anthropic",
            "claude-x",
        )
        assert (call.endpoint, call.state, call.streamed, call.retry) == ("messages", CallState.HELD, True, 2)
        assert (call.started_ms, call.ended_ms, call.hold_nanos, call.cost_nanos) == (1000, None, CEILING, None)
        assert (call.usage, call.evidence, call.price_source, call.cut) == (None, None, None, None)
        assert (call.http_status, call.request_id, call.response_id) == (None, None, None)
        assert (call.agent, call.user, call.customer, call.feature) == ("claude-code", "ada", "acme", "search")
        assert call.client_session == "abc"
        assert not call.is_billed
        assert at.totals() == Totals(held=1)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_a_held_call_ends_in_one_of_three_ways(self, at: Opened, action: str) -> None:
        call_id = at.hold()
        with at.ledger.writing() as tx:
            done = ACTIONS[action](tx, call_id, at.owner_id)
        state, billed = ENDS[action]
        call = at.call(call_id)
        assert done == 1  # True, or one call
        assert (call.state, call.cost_nanos, call.ended_ms, call.hold_nanos) == (state, billed, 2000, CEILING)
        assert call.is_billed is (billed is not None)
        assert at.totals().held == 0
        assert (at.totals().cost_nanos, at.totals().calls) == (billed or 0, int(billed is not None))

    @pytest.mark.parametrize("second", ACTIONS)
    @pytest.mark.parametrize("first", ACTIONS)
    def test_a_call_that_has_ended_stays_as_it_is(self, at: Opened, first: str, second: str) -> None:
        call_id = at.hold()
        with at.ledger.writing() as tx:
            ACTIONS[first](tx, call_id, at.owner_id)
        before, amounts = at.call(call_id), at.totals()
        with at.ledger.writing() as tx:
            done = ACTIONS[second](tx, call_id, at.owner_id)
        assert done == 0  # False, or no call
        assert at.call(call_id) == before
        assert at.totals() == amounts

    @pytest.mark.parametrize("action", ["settle", "settle-unread", "release"])
    def test_a_call_that_is_not_there_cannot_end(self, at: Opened, action: str) -> None:
        with at.ledger.writing() as tx:
            assert ACTIONS[action](tx, 4711, at.owner_id) is False

    def test_settling_keeps_what_the_provider_said(self, at: Opened) -> None:
        usage = Usage(*range(1, len(USAGE_FIELDS) + 1))
        call_id = at.hold()
        told = Outcome(usage, Evidence.REPORTED, "claude-x-20260101", Cut.CLIENT, 200, "req_1", "msg_1")
        at.settle(call_id, told, 40)
        call = at.call(call_id)
        assert (call.usage, call.evidence, call.cut) == (usage, Evidence.REPORTED, Cut.CLIENT)
        assert (call.model, call.cost_nanos, call.price_source) == ("claude-x-20260101", 40, "table")
        assert (call.http_status, call.request_id, call.response_id) == (200, "req_1", "msg_1")

    def test_the_terms_are_those_answered_and_else_those_asked_for(self, at: Opened) -> None:
        asked = Terms(service_tier="priority", speed="fast")
        with at.ledger.writing() as tx:
            call_id = tx.hold(attempt(at.session.id, terms=asked), CEILING, at.owner_id, 1000)
        assert at.call(call_id).terms == asked
        extra = (("details.new_tokens", 7), ("ratio", 0.5))
        told = answered(terms=Terms(service_tier="default", geography="us"), extra=extra)
        at.settle(call_id, told, 40)
        call = at.call(call_id)
        assert call.terms == Terms(service_tier="default", speed="fast", geography="us")
        assert call.extra == extra

    def test_a_call_on_own_hardware_keeps_what_it_ran_on_and_how_long(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            call_id = tx.hold(attempt(at.session.id, terms=Terms(is_local=True)), CEILING, at.owner_id, 1000)
            assert tx.settle(call_id, answered(), Cost(3, "local", "RTX 4090"), 2500)
        call = at.call(call_id)
        assert (call.hardware, call.terms) == ("RTX 4090", Terms(is_local=True, took_ms=1500))

    def test_an_answer_of_a_batch_is_known_by_its_provider_and_id(self, at: Opened) -> None:
        made = attempt(at.session.id, terms=Terms(is_batch=True), streamed=False)
        with at.ledger.writing() as tx:
            assert not tx.has_result("anthropic", "msg_1")
            tx.record(made, answered(response_id="msg_1"), Cost(1, "table"), 1000, 1000)
            tx.record(attempt(at.session.id), answered(response_id="msg_2"), Cost(1, "table"), 1000, 1000)
            assert tx.has_result("anthropic", "msg_1")
            assert not tx.has_result("anthropic", "msg_2")
            assert not tx.has_result("openai", "msg_1")

    def test_an_answer_of_a_batch_cannot_be_kept_twice(self, at: Opened) -> None:
        made = attempt(at.session.id, terms=Terms(is_batch=True), streamed=False)
        for is_first in (True, False):
            with nullcontext() if is_first else pytest.raises(DatabaseError), at.ledger.writing() as tx:
                tx.record(made, answered(response_id="msg_1"), Cost(1, "table"), 1000, 1000)
        assert at.totals().calls == 1

    def test_the_model_asked_for_stands_until_another_has_answered(self, at: Opened) -> None:
        assert at.call(at.spend(40)).model == "claude-x"

    def test_usage_that_could_not_be_read_is_billed_at_the_ceiling(self, at: Opened) -> None:
        call_id = at.hold()
        at.settle(call_id, Outcome(None, model="claude-y", http_status=200, request_id="req_1"))
        call = at.call(call_id)
        assert (call.cost_nanos, call.price_source, call.evidence) == (CEILING, "ceiling", Evidence.ESTIMATED)
        assert (call.usage, call.model, call.request_id) == (None, "claude-y", "req_1")
        assert at.totals() == Totals(calls=1, cost_nanos=CEILING, estimated=1)

    def test_no_tokens_are_still_a_usage(self, at: Opened) -> None:
        assert at.call(at.spend(0, Usage())).usage == Usage()

    @pytest.mark.parametrize("action", ["settle-unread", "lose"])
    def test_without_a_ceiling_a_call_that_was_not_read_is_unpriced_never_free(self, at: Opened, action: str) -> None:
        call_id = at.hold(None)
        with at.ledger.writing() as tx:
            ACTIONS[action](tx, call_id, at.owner_id)
        call = at.call(call_id)
        assert (call.cost_nanos, call.price_source, call.is_unpriced) == (None, None, True)
        assert (at.totals().cost_nanos, at.totals().unpriced) == (0, 1)

    def test_an_unpriced_call_keeps_its_tokens(self, at: Opened) -> None:
        call = at.call(at.spend(None, Usage(input=7, output=3)))
        assert (call.cost_nanos, call.price_source, call.is_unpriced) == (None, None, True)
        assert at.totals() == Totals(calls=1, tokens=10, unpriced=1)

    def test_a_call_that_costs_nothing_is_priced(self, at: Opened) -> None:
        assert not at.call(at.spend(0)).is_unpriced
        assert at.totals().unpriced == 0

    def test_a_release_keeps_the_answer_of_the_provider_and_costs_nothing(self, at: Opened) -> None:
        call_id = at.hold()
        with at.ledger.writing() as tx:
            tx.release(call_id, 529, 2000)
        assert (at.call(call_id).http_status, at.call(call_id).evidence) == (529, None)
        assert at.totals() == Totals(failed=1)

    def test_losing_bills_what_that_owner_holds_and_nothing_else(self, at: Opened) -> None:
        mine, settled = [at.hold(), at.hold()], at.spend(40)
        with at.ledger.writing() as tx:
            other_owner = tx.add_owner(12345, 600)
            others = tx.hold(attempt(at.session.id), CEILING, other_owner, 1000)
            assert sorted(tx.owners_holding()) == sorted([at.owner_id, other_owner])
            assert tx.lose(at.owner_id, 2000) == 2
            assert tx.owners_holding() == [other_owner]
        for call_id in mine:
            call = at.call(call_id)
            assert (call.state, call.cut, call.evidence) == (CallState.LOST, Cut.PROCESS, Evidence.ESTIMATED)
        assert at.call(settled).state is CallState.SETTLED
        assert at.call(others).state is CallState.HELD
        assert at.totals() == Totals(calls=3, tokens=15, cost_nanos=2 * CEILING + 40, lost=2, held=1)

    def test_a_call_may_belong_to_no_session(self, at: Opened) -> None:
        call_id = at.hold(session_id=None)
        assert at.settle(call_id, answered(), 40)
        assert at.call(call_id).session_id is None
        assert at.totals() == Totals()

    # --- sums ---

    def test_totals_count_each_kind_of_doubt_once(self, at: Opened) -> None:
        at.spend(100, Usage(input=1, cache_read=2, output=3, web_searches=50))
        at.spend(None, Usage(output=1))
        at.settle(at.hold(), answered(evidence=Evidence.ESTIMATED), 10)
        at.settle(at.hold(), answered(cut=Cut.CLIENT, evidence=Evidence.ESTIMATED), 10)
        at.settle(at.hold(), answered(cut=Cut.UPSTREAM), 10)
        with at.ledger.writing() as tx:
            tx.hold(attempt(at.session.id), CEILING, tx.add_owner(9, 1), 1000)
        refused = at.hold()
        at.hold()
        with at.ledger.writing() as tx:
            tx.release(refused, 401, 2000)
            tx.lose(at.owner_id, 2000)
        assert at.totals() == Totals(
            calls=6,
            tokens=6 + 1 + 45,
            cost_nanos=130 + CEILING,
            unpriced=1,
            estimated=1,
            cut=2,
            lost=1,
            held=1,
            failed=1,
        )

    def test_totals_are_the_sum_of_the_rows(self, at: Opened) -> None:
        for nanos in (3, None, 5, 0):
            at.spend(nanos, Usage(input=nanos or 1, reasoning=2))
        at.settle(at.hold(), Outcome(None))
        at.hold()
        with at.ledger.reading() as tx:
            calls, totals, models = tx.calls(at.session.id), tx.totals(at.session.id), tx.models(at.session.id)
            ((_, listed),) = tx.sessions(10)
        assert [call.id for call in calls] == sorted(call.id for call in calls)
        assert totals.cost_nanos == sum(call.cost_nanos or 0 for call in calls)
        assert totals.tokens == sum(call.usage.tokens for call in calls if call.usage)
        assert totals.calls == sum(call.is_billed for call in calls) == len(calls) - 1
        assert totals.unpriced == sum(call.is_unpriced for call in calls)
        assert listed == totals
        assert sum(model.cost_nanos for model in models) == totals.cost_nanos
        assert sum(model.calls for model in models) == totals.calls
        assert sum(model.tokens for model in models) == totals.tokens
        assert sum(model.unpriced for model in models) == totals.unpriced

    def test_a_call_made_elsewhere_is_kept_and_counted_as_it_is(self, at: Opened) -> None:
        made = attempt(at.session.id, agent="bot", customer="acme", endpoint="log-ai", streamed=False)
        with at.ledger.writing() as tx:
            call_id = tx.record(made, Outcome(Usage(unsplit=70), Evidence.ESTIMATED), Cost(40, "manual"), 1500, 1800)
            unpriced = tx.record(made, Outcome(None, Evidence.IMPORTED), None, 1900, 1800)
        call = at.call(call_id)
        assert (call.state, call.evidence, call.cost_nanos) == (CallState.SETTLED, Evidence.ESTIMATED, 40)
        assert (call.price_source, call.usage, call.agent) == ("manual", Usage(unsplit=70), "bot")
        assert (call.started_ms, call.ended_ms, call.hold_nanos) == (1500, 1800, None)
        assert (at.call(unpriced).ended_ms, at.call(unpriced).usage) == (1900, None)
        assert (at.totals().calls, at.totals().tokens, at.totals().cost_nanos, at.totals().unpriced) == (2, 70, 40, 1)
        assert at.totals(at.owner_id).calls == 0

    def test_the_newest_calls_that_count_come_in_order(self, at: Opened) -> None:
        ids = [at.spend(1), at.spend(2)]
        at.hold()
        failed = at.hold()
        with at.ledger.writing() as tx:
            assert tx.release(failed, 529, 2000)
        ids.append(at.spend(3))
        with at.ledger.reading() as tx:
            assert [call.id for call in tx.billed_calls(at.session.id)] == ids
            assert [call.id for call in tx.billed_calls(at.session.id, 2)] == ids[1:]
            assert tx.billed_calls(at.session.id, 0) == []

    def test_statistics_are_the_sums_over_completed_sessions(self, at: Opened) -> None:
        at.spend(5, Usage(input=3))
        with at.ledger.reading() as tx:
            assert tx.statistics() == Statistics(0, 0, 0, 0, 0, 0, 0)
        with at.ledger.writing() as tx:
            changed, made = FileChange("a", ChangeType.CREATED, 1), Commit("c", "m", 1)
            tx.end_session(at.session.id, 3999, files=[changed], commits=[made])
            other = tx.begin_session(THERE, "other", 1000)
            tx.record(attempt(other.id), answered(), None, 1000, 1000)
            tx.end_session(other.id, 2999)
            tx.record(attempt(tx.begin_session(HERE, "active", 5000).id), answered(), Cost(9, "t"), 5000, 5000)
        with at.ledger.reading() as tx:
            assert tx.statistics() == Statistics(2, 2 + 1, 1, 1, 3 + 15, 5, 1)

    def test_the_dearest_model_comes_first_then_the_busiest_then_by_name(self, at: Opened) -> None:
        few, many = Usage(output=1), Usage(output=9)
        at.spend(5, few, model="cheap")
        at.spend(50, few, model="dear")
        at.spend(50, few, model="dear")
        at.spend(5, many, model="cheap-and-busy")
        at.spend(None, few, model="b")
        at.spend(None, few, model="a", provider="openai")
        at.spend(None, few, model="a", provider="google")
        assert at.models() == [
            ModelTotals("anthropic", "dear", 2, 2, 100, 0),
            ModelTotals("anthropic", "cheap-and-busy", 1, 9, 5, 0),
            ModelTotals("anthropic", "cheap", 1, 1, 5, 0),
            ModelTotals("google", "a", 1, 1, 0, 1),
            ModelTotals("openai", "a", 1, 1, 0, 1),
            ModelTotals("anthropic", "b", 1, 1, 0, 1),
        ]

    def test_a_model_goes_by_the_name_it_answered_with(self, at: Opened) -> None:
        at.settle(at.hold(model="latest"), answered(model="2026-01"), 5)
        at.spend(5, model="2026-01")
        assert [(model.model, model.calls) for model in at.models()] == [("2026-01", 2)]

    def test_calls_in_flight_and_released_are_of_no_model(self, at: Opened) -> None:
        at.hold()
        with at.ledger.writing() as tx:
            tx.release(tx.hold(attempt(at.session.id), CEILING, at.owner_id, 1000), 529, 2000)
        assert at.models() == []

    def test_an_owner_sees_its_own_share(self, at: Opened) -> None:
        at.spend(100, model="mine")
        with at.ledger.writing() as tx:
            other = tx.add_owner(12345, 600)
            tx.settle(tx.hold(attempt(at.session.id), 1, other, 1000), answered(), Cost(7, "table"), 2000)
            tx.hold(attempt(at.session.id), 1, other, 1000)
        assert at.totals(at.owner_id) == Totals(calls=1, tokens=15, cost_nanos=100)
        assert at.totals(other) == Totals(calls=1, tokens=15, cost_nanos=7, held=1)
        assert at.totals() == Totals(calls=2, tokens=30, cost_nanos=107, held=1)
        assert [model.model for model in at.models(at.owner_id)] == ["mine"]
        assert [model.model for model in at.models(other)] == ["claude-x"]
        assert at.totals(99) == Totals()

    def test_sessions_do_not_share_their_calls(self, at: Opened) -> None:
        at.spend(100)
        with at.ledger.writing() as tx:
            other = tx.begin_session(THERE, "other", 1000)
            assert tx.totals(other.id) == Totals()
            assert tx.calls(other.id) == []

    def test_the_last_activity_is_the_newest_beginning_or_end_of_a_call(self, at: Opened) -> None:
        def last() -> int | None:
            with at.ledger.reading() as tx:
                return tx.last_activity(at.session.id)

        assert last() is None
        first = at.hold(started_ms=1000)
        assert last() == 1000
        at.settle(first, answered(), 1, ended_ms=5000)
        at.hold(started_ms=3000)
        assert last() == 5000
        at.hold(started_ms=6000)
        assert last() == 6000

    def test_a_lost_call_shows_no_life_after_its_beginning(self, at: Opened) -> None:
        at.hold(started_ms=1000)
        with at.ledger.writing() as tx:
            tx.lose(at.owner_id, 259_200_000)  # noticed three days later
            assert tx.last_activity(at.session.id) == 1000

    def test_large_amounts_stay_exact(self, at: Opened) -> None:
        dear = 9_007_199_254_740_993  # 2**53 + 1: a float would lose the one
        assert at.call(at.spend(dear)).cost_nanos == dear
        at.spend(1)
        assert at.totals().cost_nanos == dear + 1

    # --- owners ---

    def test_an_owner_is_alive_until_its_ledger_is_closed(self, tmp_path: Path, ledger: Ledger) -> None:
        other = self.make(tmp_path)
        mine, its = ledger.claim(1), other.claim(1)
        assert mine != its
        assert ledger.is_alive(mine)
        assert ledger.is_alive(its)
        assert other.is_alive(mine)
        other.close()
        assert ledger.is_alive(mine)
        assert not ledger.is_alive(its)

    def test_an_owner_that_never_claimed_is_not_alive(self, ledger: Ledger) -> None:
        with ledger.writing() as tx:
            nobody = tx.add_owner(os.getpid(), 1)
        assert not ledger.is_alive(nobody)

    def test_a_process_may_be_several_owners(self, ledger: Ledger) -> None:
        first, second = ledger.claim(1), ledger.claim(2)
        assert first != second
        assert ledger.is_alive(first)
        assert ledger.is_alive(second)

    def test_a_process_is_alive_until_it_is_killed(self, tmp_path: Path, ledger: Ledger) -> None:
        with another_process(self.source(tmp_path) + CLAIM_AND_WAIT) as process:
            owner_id = int(line_of(process))
            mine = ledger.claim(1)
            assert ledger.is_alive(owner_id)
            assert ledger.is_alive(owner_id)  # the look itself has changed nothing
            os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            process.wait()
            assert not ledger.is_alive(owner_id)
            assert ledger.is_alive(mine)

    def test_a_process_sees_the_owners_of_another(self, tmp_path: Path, ledger: Ledger) -> None:
        mine = ledger.claim(1)
        with ledger.writing() as tx:
            nobody = tx.add_owner(os.getpid(), 1)
        look = f"print([ledger.is_alive(owner_id) for owner_id in ({mine}, {nobody})])\n"
        with another_process(self.source(tmp_path) + look) as process:
            assert line_of(process) == "[True, False]"
        assert ledger.is_alive(mine)  # nor has a look from there taken it from us

    # --- transactions ---

    @pytest.mark.parametrize("error", [ValueError("ours"), KeyboardInterrupt()], ids=["an-error", "ctrl-c"])
    def test_a_transaction_that_raises_leaves_nothing(self, at: Opened, error: BaseException) -> None:
        call_id = at.hold()

        def do_much(tx: Writer) -> None:
            tx.settle(call_id, answered(), Cost(40, "table"), 2000)
            tx.annotate(at.session.id, "note", 1)
            tx.begin_session(THERE, "other", 1000, marks=[FileMark("a", 1, 1)])
            tx.end_session(at.session.id, 2000, files=[FileChange("a", ChangeType.CREATED, 1)])
            raise error

        with pytest.raises(type(error)) as caught, at.ledger.writing() as writer:
            do_much(writer)
        assert caught.value is error
        with at.ledger.reading() as tx:
            assert tx.active_sessions() == [at.session]
            assert (tx.annotations(at.session.id), tx.files(at.session.id)) == ([], [])
        assert at.call(call_id).state is CallState.HELD

    def test_the_next_transaction_after_one_that_raised_works(self, at: Opened) -> None:
        with pytest.raises(SessionActive), at.ledger.writing() as tx:
            tx.begin_session(HERE, "second", 1)
        with at.ledger.writing() as tx:
            tx.annotate(at.session.id, "works", 1)
        with at.ledger.reading() as tx:
            assert [note.message for note in tx.annotations(at.session.id)] == ["works"]

    def test_a_writer_keeps_other_writers_out(self, at: Opened, rival: Ledger) -> None:
        with at.ledger.writing() as tx:
            tx.annotate(at.session.id, "first", 1)
            with pytest.raises(DatabaseError, match="another program is writing"), rival.writing():
                raise AssertionError("two writers at once")
        with rival.writing() as tx:
            assert [note.message for note in tx.annotations(at.session.id)] == ["first"]

    def test_a_writer_keeps_others_out_before_its_first_look(self, at: Opened, rival: Ledger) -> None:
        with at.ledger.writing(), pytest.raises(DatabaseError), rival.writing():
            raise AssertionError("what the first reads could change before it writes")

    def test_a_reader_sees_the_old_state_while_another_writes(self, at: Opened, rival: Ledger) -> None:
        with at.ledger.writing() as tx:
            tx.annotate(at.session.id, "new", 1)
            with rival.reading() as other:
                assert other.annotations(at.session.id) == []
        with rival.reading() as other:
            assert len(other.annotations(at.session.id)) == 1

    def test_what_a_reader_sees_is_of_one_moment(self, at: Opened, rival: Ledger) -> None:
        def look(tx: Reader) -> tuple[object, ...]:
            return tx.totals(at.session.id), tx.calls(at.session.id), tx.active_sessions(), tx.owners_holding()

        with rival.reading() as tx:
            before = look(tx)
            at.spend(40)
            with at.ledger.writing() as other:
                other.end_session(at.session.id, 2000)
            assert look(tx) == before
        with rival.reading() as tx:
            assert look(tx) != before

    def test_a_writer_sees_what_it_has_written(self, at: Opened) -> None:
        with at.ledger.writing() as tx:
            call_id = tx.hold(attempt(at.session.id), CEILING, at.owner_id, 1000)
            assert tx.totals(at.session.id).held == 1
            tx.settle(call_id, answered(), Cost(40, "table"), 2000)
            assert tx.totals(at.session.id) == Totals(calls=1, tokens=15, cost_nanos=40)

    def test_a_call_of_no_session_there_is_refused(self, at: Opened) -> None:
        with pytest.raises(DatabaseError), at.ledger.writing() as tx:
            tx.hold(attempt(4711), CEILING, at.owner_id, 1000)
        with pytest.raises(DatabaseError), at.ledger.writing() as tx:
            tx.hold(attempt(at.session.id), CEILING, 4711, 1000)

    @pytest.mark.parametrize("nanos", [-1, 2**63], ids=["negative", "beyond-64-bits"])
    def test_a_cost_that_cannot_be_is_refused_and_the_hold_stands(self, at: Opened, nanos: int) -> None:
        call_id = at.hold()
        with pytest.raises(DatabaseError):
            at.settle(call_id, answered(), nanos)
        assert at.call(call_id).state is CallState.HELD

    def test_text_that_is_none_is_refused(self, at: Opened) -> None:
        with pytest.raises(DatabaseError, match="cannot keep"), at.ledger.writing() as tx:
            tx.annotate(at.session.id, "\udcff", 1)

    def test_threads_take_turns(self, at: Opened) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: at.spend(3), range(40)))
        assert at.totals() == Totals(calls=40, tokens=600, cost_nanos=120)

    def test_a_second_process_sees_what_the_first_has_written(self, tmp_path: Path, at: Opened) -> None:
        at.spend(40)
        look = "import json\nwith ledger.reading() as tx: print(json.dumps([s.name for s, _ in tx.sessions(9)]))\n"
        with another_process(self.source(tmp_path) + look) as process:
            assert json.loads(line_of(process)) == ["work"]
