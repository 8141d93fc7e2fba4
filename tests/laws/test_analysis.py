"""Whatever happens to calls and sessions, in whatever order: does every question answer what the rows come to?"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import hypothesis.strategies as st
from hypothesis import given
from tests.laws.examples import each
from tests.ledger.fresh import fresh

from codesession.ledger import SqliteLedger
from codesession.model import Attempt, CallState, ChangeType, Commit, Cost, Evidence, FileChange, Outcome, Scope, Usage
from codesession.model.analysis import CallOrder, CallQuery, SessionOrder, SessionQuery, Span, Spent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesession.model import Call, Session, Totals
    from codesession.model.ports import Reader, Writer

QUARTER, DAY = 900_000, 86_400_000
TIMES = st.integers(0, 6 * DAY // QUARTER).map(lambda quarters: QUARTER * quarters) | st.integers(0, 6 * DAY)
QUARTERS = st.integers(0, 6 * 96).map(lambda quarters: QUARTER * quarters)
SPANS = st.builds(Span, st.none() | QUARTERS, st.none() | QUARTERS)
AGENTS, CUSTOMERS, MODELS = [None, "bot", "codex"], [None, "acme"], ["m1", "m2"]


class Did(NamedTuple):
    """Something that happened; `which` chooses among what is there."""

    what: str
    which: int
    at: int
    nanos: int | None
    attempt: Attempt
    outcome: Outcome


ATTEMPTS = st.builds(
    Attempt,
    st.none(),
    st.sampled_from(["p", "q"]),
    st.sampled_from(MODELS),
    st.just("e"),
    streamed=st.just(False),
    request_bytes=st.just(1),
    agent=st.sampled_from(AGENTS),
    customer=st.sampled_from(CUSTOMERS),
)
OUTCOMES = st.builds(
    Outcome,
    st.builds(Usage, st.integers(0, 99), st.integers(0, 9), output=st.integers(0, 9)),
    st.sampled_from([Evidence.MEASURED, Evidence.ESTIMATED, Evidence.REPORTED]),
    st.none() | st.sampled_from([*MODELS, "m1-1"]),
)
HAPPENED = st.lists(
    st.builds(
        Did,
        st.sampled_from(["begin", "end", "change", "hold", "settle", "release", "lose", "record", "record", "reprice"]),
        st.integers(0, 9),
        TIMES,
        st.none() | st.integers(0, 50),
        ATTEMPTS,
        OUTCOMES,
    ),
    max_size=40,
)
QUERIES = st.builds(
    CallQuery,
    st.sampled_from(["", "", "m1", "BOT", "c", "q m"]),
    st.none() | st.integers(1, 3),
    st.sampled_from([None, "p"]),
    st.sampled_from([None, "m1", "m2"]),
    st.sampled_from([None, "bot"]),
    st.sampled_from([None, "acme"]),
    st.none() | st.sampled_from(Evidence),
    st.none() | st.sampled_from(CallState),
    st.booleans(),
    SPANS,
    st.sampled_from(CallOrder),
    st.booleans(),
    st.integers(1, 5),
    st.integers(0, 5),
)


class Story:
    """A ledger to which things happen."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._owner = ledger.claim(1)
        self.sessions: list[int] = []
        self._held: list[int] = []

    def happen(self, did: Did) -> None:
        with self._ledger.writing() as tx:
            getattr(self, did.what)(tx, did)

    def _session(self, did: Did) -> int | None:
        return self.sessions[did.which % len(self.sessions)] if self.sessions and did.which else None

    def _attempt(self, did: Did) -> Attempt:
        made = did.attempt
        return Attempt(
            self._session(did),
            made.provider,
            made.model,
            "e",
            streamed=False,
            request_bytes=1,
            agent=made.agent,
            customer=made.customer,
        )

    def begin(self, tx: Writer, did: Did) -> None:
        scope = f"/{did.which % 3}"
        if tx.active_session(scope) is None:
            self.sessions.append(tx.begin_session(Scope(scope), f"work {did.which}", did.at).id)

    def end(self, tx: Writer, did: Did) -> None:
        session_id = self._session(did)
        if session_id:
            tx.end_session(session_id, did.at, commits=[Commit(str(did.which), "x", did.at)])

    def change(self, tx: Writer, did: Did) -> None:
        session_id = self._session(did)
        if session_id:
            kinds = (ChangeType.CREATED, ChangeType.MODIFIED, ChangeType.DELETED)
            changes = [FileChange(str(did.at % 3), kinds[did.at % 2 + step], did.at) for step in range(2)]
            tx.record_changes(session_id, changes, [])

    def hold(self, tx: Writer, did: Did) -> None:
        self._held.append(tx.hold(self._attempt(did), did.nanos, self._owner, did.at))

    def settle(self, tx: Writer, did: Did) -> None:
        if self._held:
            tx.settle(self._held.pop(), did.outcome, _cost(did), did.at)

    def release(self, tx: Writer, did: Did) -> None:
        if self._held:
            tx.release(self._held.pop(0), 529, did.at)

    def lose(self, tx: Writer, did: Did) -> None:
        tx.lose(self._owner, did.at)
        self._held.clear()

    def record(self, tx: Writer, did: Did) -> None:
        tx.record(self._attempt(did), did.outcome, _cost(did), did.at, did.at + 5)

    def reprice(self, tx: Writer, did: Did) -> None:
        for call in tx.unpriced_calls(None, 0, 1):
            tx.reprice(call, Cost(did.at, "new"), did.at)


def _cost(did: Did) -> Cost | None:
    return None if did.nanos is None else Cost(did.nanos, "table")


def summed(calls: Iterable[Call]) -> Spent:
    """What billed calls come to, added up here."""
    billed = [call for call in calls if call.is_billed]
    usage = Usage()
    for call in billed:
        usage += call.usage or Usage()
    cost = sum(call.cost_nanos or 0 for call in billed)
    return Spent(len(billed), cost, sum(call.is_unpriced for call in billed), usage)


def within(span: Span, at_ms: int) -> bool:
    return (span.from_ms is None or at_ms >= span.from_ms) and (span.to_ms is None or at_ms < span.to_ms)


def every_call(tx: Reader) -> list[Call]:
    found, number = [], 1
    while (call := tx.call(number)) is not None:
        found.append(call)
        number += 1
    return found


def is_found(query: CallQuery, call: Call) -> bool:
    names = [call.provider, call.model, call.agent or "", call.customer or ""]
    asked = [(query.session_id, call.session_id), (query.provider, call.provider), (query.model, call.model)]
    asked += [(query.agent, call.agent), (query.customer, call.customer)]
    asked += [(query.evidence, call.evidence), (query.state, call.state)]
    return (
        all(wanted is None or wanted == is_so for wanted, is_so in asked)
        and all(any(word.casefold() in name for name in names) for word in query.search.split())
        and (call.is_unpriced or not query.is_unpriced)
        and within(query.started, call.started_ms)
    )


def expected(query: CallQuery, calls: list[Call]) -> list[int]:
    """The ids of all pages, sorted here."""
    turn = -1 if query.descending else 1
    found = [call for call in calls if is_found(query, call)]
    if query.order is CallOrder.STARTED:
        found.sort(key=lambda call: (turn * call.started_ms, turn * call.id))
    else:
        found.sort(key=lambda call: (call.cost_nanos is None, turn * (call.cost_nanos or 0), turn * call.id))
    return [call.id for call in found]


def key_of(order: SessionOrder, session: Session, totals: Totals) -> int:
    if order is SessionOrder.STARTED:
        return session.started_ms
    known = {SessionOrder.COST: totals.cost_nanos, SessionOrder.TOKENS: totals.tokens, SessionOrder.CALLS: totals.calls}
    return known[order] if order in known else getattr(totals, order.value)


def check_sums(tx: Reader, story: Story, calls: list[Call], span: Span, moments: list[int]) -> None:
    then = [call for call in calls if within(span, call.started_ms) and call.is_billed]
    by = {evidence: summed(call for call in then if call.evidence is evidence) for evidence in Evidence}
    assert tx.spent(span) == {evidence: spent for evidence, spent in by.items() if spent.calls}
    agents = {call.agent or "" for call in then}
    assert dict(tx.agents(span)) == {
        agent: summed(call for call in then if (call.agent or "") == agent) for agent in agents
    }
    for one in tx.spent_by_model(span):
        mine = (one.provider, one.model, one.evidence)
        assert one.spent == summed(call for call in then if (call.provider, call.model, call.evidence) == mine)
    stretches = list(pairwise(moments))
    assert tx.spent_between(moments) == [
        summed(call for call in calls if within(Span(*pair), call.started_ms)) for pair in stretches
    ]
    directories = {session.id: session.directory for session in map(tx.session, story.sessions) if session}
    assert dict(tx.spent_by_project(span)) == {
        where: replace(summed(call for call in then if directories.get(call.session_id or 0) == where), usage=Usage())
        for where in {directories[call.session_id] for call in then if call.session_id is not None}
    }
    for project in tx.projects():
        inside = {session_id for session_id, where in directories.items() if where == project.directory}
        assert project.spent == summed(call for call in calls if call.session_id in inside)
        assert project.work.sessions == len(inside)


@each(25)
@given(HAPPENED, SPANS, st.lists(QUARTERS, min_size=2, max_size=6, unique=True).map(sorted), QUERIES, st.data())
def test_every_question_answers_what_the_rows_come_to(
    happened: list[Did], span: Span, moments: list[int], query: CallQuery, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as place, closing(fresh(Path(place) / "l.db")) as ledger:
        story = Story(ledger)
        for did in happened:
            story.happen(did)
        assert ledger.check().totals == []
        with ledger.reading() as tx:
            calls = every_call(tx)
            check_sums(tx, story, calls, span, moments)
            ids = expected(query, calls)
            found = tx.find_calls(query)
            assert [call.id for call in found.rows] == ids[query.offset : query.offset + query.limit]
            assert (found.total, found.is_exact) == (len(ids), True)
            order = data.draw(st.sampled_from([SessionOrder.STARTED, SessionOrder.COST, SessionOrder.TOKENS]))
            sessions = tx.find_sessions(SessionQuery(order=order, limit=99)).rows
            keys = [(key_of(order, session, totals), session.id) for session, totals in sessions]
            assert keys == sorted(keys, reverse=True)
            assert len(keys) == len(story.sessions)
        ledger.rebuild_totals()
        assert ledger.check().totals == []
        with ledger.reading() as tx:
            check_sums(tx, story, calls, span, moments)


@each(8)
@given(HAPPENED)
def test_nothing_is_left_after_a_reset(happened: list[Did]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "l.db"
        with closing(fresh(path)) as ledger:
            story = Story(ledger)
            for did in happened:
                story.happen(did)
        with closing(SqliteLedger(path)) as ledger:
            ledger.reset(None)
            assert ledger.check().totals == []
            with ledger.reading() as tx:
                assert (tx.spent(), tx.agents(), tx.projects(), tx.hotspots(9)) == ({}, [], [], [])
                assert tx.find_calls(CallQuery()).total == tx.find_sessions(SessionQuery()).total == 0
